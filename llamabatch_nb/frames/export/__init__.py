"""Frames to files, and back: one module a format, `target` for where they go and how they get there.

A file or a folder appears whole or not at all: it is written beside its target under a hidden name and renamed.
"""

from __future__ import annotations

from llamabatch_nb.frames.export.formats import export, export_all
from llamabatch_nb.frames.export.parquet import read_parquet
from llamabatch_nb.frames.export.target import target

__all__ = ["export", "export_all", "read_parquet", "target"]
