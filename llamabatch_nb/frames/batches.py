"""The `batches` frame: what ran, from the service's list and this machine's journal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict

import pandas as pd

from llamabatch_nb.frames.declared import BATCHES
from llamabatch_nb.frames.schema import storable
from llamabatch_nb.snapshot import TERMINAL_BATCH, HistoryEntry


def batches(entries: Iterable[HistoryEntry]) -> pd.DataFrame:
    """One row a run, in the order given. Columns: ``schema("batches")``.

    attrs, strings all: ``service`` (its label, empty where the runs are of several), ``credits`` (the sum of what is
    reported, empty where nothing is), ``complete`` (``true``: every run has ended), ``schema``, ``schema_version``.
    """
    entries = list(entries)
    frame = BATCHES.frame(asdict(entry) for entry in entries)
    billed = [entry.credits for entry in entries if entry.credits is not None and not math.isnan(entry.credits)]
    services = {entry.service for entry in entries}
    frame.attrs = {
        "service": storable(services.pop()) if len(services) == 1 else "",
        "credits": f"{sum(billed):.15g}" if billed else "",
        "complete": "true" if all(entry.phase in TERMINAL_BATCH for entry in entries) else "false",
        "schema": BATCHES.name,
        "schema_version": str(BATCHES.version),
    }
    return frame
