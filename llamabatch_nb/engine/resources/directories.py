"""Directories (contract.md section 2). What is in them: `directory_files`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from llamabatch_nb.contract import directories as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.directories import Directory
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.store import paging
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row

#: The official example asked for two days when one still could (contract.md section 2).
EPHEMERAL_LIFETIME = timedelta(days=2)
#: Neither deleted nor past its time, of which nobody keeps watch: whoever reads compares.
_ALIVE = "deleted_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


def create(db: Db, body: contract.CreateDirectory, ids: Ids, project_id: str, now: datetime) -> Directory:
    """Call it inside a transaction."""
    moment = stamp(now)
    _refuse_taken(db, project_id, body.name, body.connector_subscription_id, moment)
    number = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM directories").fetchone()[0]
    kind = body.type or "user"
    row = db.execute(
        "INSERT INTO directories (seq, id, project_id, name, type, description, system_metadata, "
        "connector_subscription_id, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "RETURNING *",
        (
            number,
            ids.directory(number),
            project_id,
            body.name,
            kind,
            body.description,
            None if body.system_metadata is None else json.dumps(body.system_metadata),
            body.connector_subscription_id,
            stamp(now + EPHEMERAL_LIFETIME) if kind == "ephemeral" else None,
            moment,
            moment,
        ),
    ).fetchone()
    return _shown(row, moment)


def get(db: Db, directory_id: str, now: str) -> Directory:
    row = db.execute(f"SELECT * FROM directories WHERE id = ? AND {_ALIVE}", (directory_id, now)).fetchone()  # noqa: S608
    if row is None:
        raise ApiError(404, f"Directory {directory_id!r} not found")
    return _shown(row, now)


def listed(db: Db, query: contract.ListDirectories, size: int, now: str) -> Page[Directory]:
    """Newest first."""
    where = Conditions().add("name = ?", query.name).add("type = ?", query.type).among("type", query.types)
    if not query.include_deleted:
        where.add(_ALIVE, now)
    if query.page_token:
        where.add("seq < ?", *paging.key("directories", query.page_token, int))
    rows = where.select(db, "directories", "seq DESC", size + 1)
    return paging.page("directories", rows, size, lambda row: _shown(row, now), lambda row: [row["seq"]])


def update(db: Db, directory_id: str, body: contract.UpdateDirectory, now: str) -> Directory:
    """A description may become null, a name not. Call it inside a transaction."""
    directory = get(db, directory_id, now)
    name = body.name or directory.name
    if name != directory.name:
        _refuse_taken(db, directory.project_id, name, None, now)
    description = body.description if "description" in body.model_fields_set else directory.description
    db.execute(
        "UPDATE directories SET name = ?, description = ?, updated_at = ? WHERE id = ?",
        (name, description, now, directory_id),
    )
    return get(db, directory_id, now)


def delete(db: Db, directory_id: str, now: str) -> None:
    """Its files go with it; batches over them go on. Call it inside a transaction."""
    get(db, directory_id, now)
    db.execute("UPDATE directories SET updated_at = ? WHERE id = ?", (now, directory_id))
    _end(db, directory_id, now)


def end_expired(db: Db, now: str) -> None:
    """What is past its time is deleted, directories and what was uploaded into them. Call it inside a transaction."""
    for gone in db.execute(
        "SELECT id, expires_at FROM directories WHERE deleted_at IS NULL AND expires_at <= ?", (now,)
    ).fetchall():
        _end(db, gone["id"], gone["expires_at"])
    db.execute("UPDATE files SET deleted_at = expires_at WHERE deleted_at IS NULL AND expires_at <= ?", (now,))


def _refuse_taken(db: Db, project_id: str, name: str, subscription_id: str | None, now: str) -> None:
    """Names and subscriptions are unique among directories that are there: those past their time give theirs back."""
    end_expired(db, now)
    taken = db.execute(
        "SELECT id, name FROM directories WHERE deleted_at IS NULL AND project_id = ? "
        "AND (name = ? OR connector_subscription_id = ?)",
        (project_id, name, subscription_id),
    ).fetchone()
    if taken is not None:
        what = f"named {name!r}" if taken["name"] == name else "for this connector subscription"
        # The one 409 whose body is known has the other directory's id at this place (contract.md section 2).
        raise ApiError(409, {"message": f"A directory {what} exists already", "directory_id": taken["id"]}, final=True)


def _end(db: Db, directory_id: str, when: str) -> None:
    db.execute("UPDATE directories SET deleted_at = ? WHERE id = ?", (when, directory_id))
    db.execute(
        "UPDATE directory_files SET deleted_at = ?1, updated_at = ?1 WHERE directory_id = ?2 AND deleted_at IS NULL",
        (when, directory_id),
    )


def _shown(row: Row, now: str) -> Directory:
    metadata, expires_at = row["system_metadata"], row["expires_at"]
    expired = expires_at is not None and expires_at <= now
    return Directory(
        id=row["id"],
        name=row["name"],
        project_id=row["project_id"],
        type=row["type"],
        description=row["description"],
        connector_subscription_id=row["connector_subscription_id"],
        expires_at=expires_at,
        deleted_at=row["deleted_at"] or (expires_at if expired else None),
        system_metadata=None if metadata is None else json.loads(metadata),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
