"""Directories and their files (contract.md section 2)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from llamabatch_nb.contract import directories as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.directories import Directory, DirectoryFile
from llamabatch_nb.engine import paging
from llamabatch_nb.engine.blobs import Blob
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.conditions import Conditions
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.store import Db, Row

#: The official example asked for two days when one still could (contract.md section 2).
EPHEMERAL_LIFETIME = timedelta(days=2)


def create(db: Db, body: contract.CreateDirectory, ids: Ids, project_id: str, now: datetime) -> Directory:
    """Call it inside a transaction."""
    taken = db.execute(
        "SELECT id, name FROM directories WHERE deleted_at IS NULL AND project_id = ? "
        "AND (name = ? OR connector_subscription_id = ?)",
        (project_id, body.name, body.connector_subscription_id),
    ).fetchone()
    if taken is not None:
        what = f"named {body.name!r}" if taken["name"] == body.name else "for this connector subscription"
        # The one 409 whose body is known has the other directory's id at this place (contract.md section 2).
        raise ApiError(409, {"message": f"A directory {what} exists already", "directory_id": taken["id"]}, final=True)
    number = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM directories").fetchone()[0]
    kind = body.type or "user"
    db.execute(
        "INSERT INTO directories (seq, id, project_id, name, type, description, system_metadata, "
        "connector_subscription_id, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            stamp(now),
            stamp(now),
        ),
    )
    return _directory(db.execute("SELECT * FROM directories WHERE seq = ?", (number,)).fetchone())


def get(db: Db, directory_id: str) -> Directory:
    row = db.execute("SELECT * FROM directories WHERE id = ? AND deleted_at IS NULL", (directory_id,)).fetchone()
    if row is None:
        raise ApiError(404, f"Directory {directory_id!r} not found")
    return _directory(row)


def listed(db: Db, query: contract.ListDirectories, size: int) -> Page[Directory]:
    """Newest first."""
    where = Conditions().add("name = ?", query.name).add("type = ?", query.type).among("type", query.types)
    if not query.include_deleted:
        where.add("deleted_at IS NULL")
    if query.page_token:
        where.add("seq < ?", *paging.key(query.page_token, int))
    return paging.page(
        where.select(db, "directories", "seq DESC", size + 1), size, _directory, lambda row: [row["seq"]]
    )


def add_file(
    db: Db,
    directory: Directory,
    *,
    display_name: str,
    unique_id: str,
    metadata: str | None,
    blob: Blob,
    ids: Ids,
    now: str,
) -> DirectoryFile:
    """Call it inside a transaction. `metadata` is checked JSON."""
    if db.execute(
        "SELECT 1 FROM directory_files WHERE directory_id = ? AND unique_id = ? AND deleted_at IS NULL",
        (directory.id, unique_id),
    ).fetchone():
        raise ApiError(409, f"The directory holds a file with unique_id {unique_id!r} already", final=True)
    row = db.execute(
        "INSERT INTO directory_files (id, directory_id, display_name, unique_id, metadata, blob, size, created_at, "
        "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            ids.file(directory.id, unique_id),
            directory.id,
            display_name,
            unique_id,
            metadata,
            blob.name,
            blob.size,
            now,
            now,
        ),
    ).fetchone()
    return _file(row, directory.project_id)


def get_file(db: Db, directory_id: str, file_id: str) -> DirectoryFile:
    directory = get(db, directory_id)
    row = db.execute(
        "SELECT * FROM directory_files WHERE directory_id = ? AND id = ? AND deleted_at IS NULL",
        (directory_id, file_id),
    ).fetchone()
    if row is None:
        raise ApiError(404, f"File {file_id!r} not found in directory {directory_id!r}")
    return _file(row, directory.project_id)


def listed_files(db: Db, directory_id: str, query: contract.ListDirectoryFiles, size: int) -> Page[DirectoryFile]:
    """In upload order; files of the same moment by unique_id, so that a seeded engine always gives the same order."""
    directory = get(db, directory_id)
    where = (
        Conditions()
        .add("directory_id = ?", directory_id)
        .add("display_name = ?", query.display_name)
        .add("instr(lower(display_name), lower(?))", query.display_name_contains)
        .add("unique_id = ?", query.unique_id)
        .add("updated_at >= ?", query.updated_at_on_or_after)
        .add("updated_at <= ?", query.updated_at_on_or_before)
    )
    if query.file_id is not None:
        where.add("FALSE")  # no directory file comes from the Files API here
    if not query.include_deleted:
        where.add("deleted_at IS NULL")
    if query.page_token:
        where.add("(created_at, unique_id, seq) > (?, ?, ?)", *paging.key(query.page_token, str, str, int))
    return paging.page(
        where.select(db, "directory_files", "created_at, unique_id, seq", size + 1),
        size,
        lambda row: _file(row, directory.project_id),
        lambda row: [row["created_at"], row["unique_id"], row["seq"]],
    )


def _directory(row: Row) -> Directory:
    metadata = row["system_metadata"]
    return Directory(
        id=row["id"],
        name=row["name"],
        project_id=row["project_id"],
        type=row["type"],
        description=row["description"],
        connector_subscription_id=row["connector_subscription_id"],
        expires_at=row["expires_at"],
        deleted_at=row["deleted_at"],
        system_metadata=None if metadata is None else json.loads(metadata),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _file(row: Row, project_id: str) -> DirectoryFile:
    metadata = row["metadata"]
    return DirectoryFile(
        id=row["id"],
        directory_id=row["directory_id"],
        display_name=row["display_name"],
        unique_id=row["unique_id"],
        project_id=project_id,
        metadata=None if metadata is None else json.loads(metadata),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )
