"""Snapshots and job results -> pandas DataFrames with declared schemas -> files.

Pure: nothing here fetches. What a frame holds is declared in `llamabatch_nb.frames.declared`.
"""

from __future__ import annotations

from llamabatch_nb.frames.batches import batches
from llamabatch_nb.frames.declared import (
    BATCHES,
    EVENTS,
    EVIDENCE,
    FILES,
    ITEMS,
    PAGES,
    RESULTS,
    TABLES,
    schema,
)
from llamabatch_nb.frames.events import events
from llamabatch_nb.frames.evidence import evidence
from llamabatch_nb.frames.export import export, export_all, read_parquet, target
from llamabatch_nb.frames.files import files
from llamabatch_nb.frames.inputs import Unfit
from llamabatch_nb.frames.items import items
from llamabatch_nb.frames.pages import pages
from llamabatch_nb.frames.partitions import Partitions
from llamabatch_nb.frames.plot import plot
from llamabatch_nb.frames.records import Records, records
from llamabatch_nb.frames.results import results
from llamabatch_nb.frames.schema import Column, Schema
from llamabatch_nb.frames.tables import Table, Tables, tables

__all__ = [
    "BATCHES",
    "EVENTS",
    "EVIDENCE",
    "FILES",
    "ITEMS",
    "PAGES",
    "RESULTS",
    "TABLES",
    "Column",
    "Partitions",
    "Records",
    "Schema",
    "Table",
    "Tables",
    "Unfit",
    "batches",
    "events",
    "evidence",
    "export",
    "export_all",
    "files",
    "items",
    "pages",
    "plot",
    "read_parquet",
    "records",
    "results",
    "schema",
    "tables",
    "target",
]
