"""ipywidgets and anywidgets over a run. They are handed the run (`protocol`) and import neither run nor connect."""
