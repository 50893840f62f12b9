"""Extract results -> frames: columns from a JSON Schema, nested objects dotted, arrays of objects as child frames."""

from __future__ import annotations

from llamabatch_nb.frames.records.collection import Records
from llamabatch_nb.frames.records.made import records

__all__ = ["Records", "records"]
