"""Snapshots and job results -> pandas DataFrames with declared schemas -> files.

Pure: nothing here fetches. What a frame holds is declared in `llamabatch_nb.frames.schema`.
"""

from __future__ import annotations

from llamabatch_nb.frames.batches import batches
from llamabatch_nb.frames.declared import BATCHES, FILES, PAGES, schema
from llamabatch_nb.frames.export import export, read_parquet, target
from llamabatch_nb.frames.files import files
from llamabatch_nb.frames.pages import pages
from llamabatch_nb.frames.schema import Column, Schema

__all__ = [
    "BATCHES",
    "FILES",
    "PAGES",
    "Column",
    "Schema",
    "batches",
    "export",
    "files",
    "pages",
    "read_parquet",
    "schema",
    "target",
]
