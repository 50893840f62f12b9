"""The pictures of `frames.plot`, a module a kind. They import matplotlib, and are imported to draw something."""
