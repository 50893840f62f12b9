"""Snapshot -> text and HTML, pure: for cells, terminals and saved notebooks. Nothing here knows ipywidgets."""
