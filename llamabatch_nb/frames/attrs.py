"""What a frame says about itself: `frame.attrs`.

Strings only. A Timestamp among them makes pandas drop all of them on the way to Parquet (design.md, settled
questions). Keys are always the same; what is not known is the empty string.
"""

from __future__ import annotations

import pandas as pd

from llamabatch_nb.frames.schema import Schema, storable
from llamabatch_nb.snapshot import Snapshot


def stamp(frame: pd.DataFrame, snapshot: Snapshot, schema: Schema, *, complete: bool) -> pd.DataFrame:
    """The same frame, its attrs set: which run and service, when taken, whether complete, which schema.

    Keys: ``run`` and ``batch_id`` (empty until known), ``service`` (its label), ``taken_at`` (ISO 8601), ``complete``
    (``true``: nothing in the frame will change any more; else ``false``), ``schema``, ``schema_version``.
    """
    values = {
        "run": snapshot.name or "",
        "batch_id": snapshot.batch_id or "",
        "service": snapshot.service.label,
        "taken_at": snapshot.taken_at.isoformat(),
        "complete": "true" if complete else "false",
        "schema": schema.name,
        "schema_version": str(schema.version),
    }
    frame.attrs = {key: storable(value) for key, value in values.items()}
    return frame
