"""Whether batches and jobs have ended, for those who wait: nothing else of them is read."""

from __future__ import annotations

import json
from collections.abc import Collection

from llamabatch_nb.engine.store.database import Db


def any_open(db: Db, ids: Collection[str]) -> bool:
    """Whether one of these batches and jobs has not ended yet. What is not there has."""
    among = "id IN (SELECT value FROM json_each(:ids)) AND status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')"
    found = db.execute(
        f"SELECT EXISTS (SELECT 1 FROM batches WHERE {among}) OR EXISTS (SELECT 1 FROM jobs WHERE {among})",  # noqa: S608
        {"ids": json.dumps(list(ids))},
    )
    return bool(found.fetchone()[0])
