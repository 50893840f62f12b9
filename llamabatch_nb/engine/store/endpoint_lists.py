"""The webhook endpoints that batches, jobs, events and deliveries are to tell, each list once.

A batch of 1,000 files with 20 endpoints of 15 kB would else write 592 MB (measured). Triggers of the schema delete a
list with the last row that refers to it: it holds secrets.
"""

from __future__ import annotations

import hashlib

from llamabatch_nb.engine.store.database import Db


def keep(db: Db, endpoints: str) -> str:
    """Store a JSON list of endpoints, if it is not there yet, and return its id.

    Call it inside the transaction that refers to it: a list that nothing refers to is never deleted.
    """
    list_id = hashlib.sha256(endpoints.encode()).hexdigest()
    db.execute("INSERT OR IGNORE INTO endpoint_lists (id, endpoints) VALUES (?, ?)", (list_id, endpoints))
    return list_id


def load(db: Db, list_id: str) -> str:
    """The JSON list."""
    text: str = db.execute("SELECT endpoints FROM endpoint_lists WHERE id = ?", (list_id,)).fetchone()[0]
    return text
