"""Files of the Files API (contract.md section 3): bytes with a name, which directories may share."""

from __future__ import annotations

from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.store.blobs import Blob
from llamabatch_nb.engine.store.database import Db, Row


def add(
    db: Db, file_id: str, *, name: str, external_file_id: str | None, blob: Blob, project_id: str, now: str
) -> None:
    """Call it inside a transaction."""
    db.execute(
        "INSERT INTO files (id, project_id, name, external_file_id, blob, size, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (file_id, project_id, name, external_file_id, blob.name, blob.size, now),
    )


def get(db: Db, file_id: str) -> Row:
    row: Row | None = db.execute("SELECT * FROM files WHERE id = ? AND deleted_at IS NULL", (file_id,)).fetchone()
    if row is None:
        raise ApiError(404, f"File {file_id!r} not found")
    return row


def delete(db: Db, file_id: str, now: str) -> None:
    """Directories that have the file keep it. Call it inside a transaction."""
    get(db, file_id)
    db.execute("UPDATE files SET deleted_at = ? WHERE id = ?", (now, file_id))
