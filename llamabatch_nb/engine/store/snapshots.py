"""What jobs and batches were told when they were created, each content once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from llamabatch_nb.engine.store.database import Db


def keep(db: Db, parameters: Mapping[str, Any]) -> str:
    """Store the parameters of a product, if they are not there yet, and return their id. Call it inside a transaction.

    Keys stay in the order in which they came: a JSON Schema's order is that of the columns made from it.
    """
    # ASCII: a schema may hold half a character (a lone surrogate), which no database takes.
    text = json.dumps(parameters)
    snapshot_id = hashlib.sha256(text.encode()).hexdigest()
    db.execute("INSERT OR IGNORE INTO snapshots (id, parameters) VALUES (?, ?)", (snapshot_id, text))
    return snapshot_id


def load(db: Db, snapshot_id: str) -> dict[str, Any]:
    text: str = db.execute("SELECT parameters FROM snapshots WHERE id = ?", (snapshot_id,)).fetchone()[0]
    return dict(json.loads(text))
