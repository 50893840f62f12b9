"""Directories and their files (contract.md section 2)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from llamabatch_nb.contract import directories as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.directories import Directory, DirectoryFile
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.resources import files
from llamabatch_nb.engine.store import paging
from llamabatch_nb.engine.store.blobs import Blob
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row

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


def delete(db: Db, directory_id: str, now: str) -> None:
    """Its files go with it; batches over them go on. Call it inside a transaction."""
    get(db, directory_id)
    db.execute("UPDATE directories SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2", (now, directory_id))
    db.execute(
        "UPDATE directory_files SET deleted_at = ?1, updated_at = ?1 WHERE directory_id = ?2 AND deleted_at IS NULL",
        (now, directory_id),
    )


def upload_file(
    db: Db,
    directory_id: str,
    *,
    file_name: str,
    external_file_id: str | None,
    display_name: str,
    unique_id: str,
    metadata: str | None,
    blob: Blob,
    ids: Ids,
    now: str,
) -> DirectoryFile:
    """A file of the Files API, and its place in the directory. Call it inside a transaction.

    `metadata` is checked JSON.
    """
    directory = get(db, directory_id)
    new_id = _new_id(db, directory_id, unique_id, ids)
    file_id = ids.stored_file(new_id)
    files.add(
        db,
        file_id,
        name=file_name,
        external_file_id=external_file_id,
        blob=blob,
        project_id=directory.project_id,
        now=now,
    )
    return _place(
        db,
        directory,
        id=new_id,
        file_id=file_id,
        display_name=display_name,
        unique_id=unique_id,
        metadata=metadata,
        blob=blob,
        now=now,
    )


def add_file(
    db: Db,
    directory_id: str,
    file_id: str,
    *,
    display_name: str | None,
    unique_id: str | None,
    metadata: str | None,
    ids: Ids,
    now: str,
) -> DirectoryFile:
    """A file of the Files API in one more directory; its bytes are shared. Call it inside a transaction.

    `metadata` is checked JSON.
    """
    directory = get(db, directory_id)
    stored = files.get(db, file_id)
    unique_id = unique_id or stored["external_file_id"] or stored["name"]
    return _place(
        db,
        directory,
        id=_new_id(db, directory_id, unique_id, ids),
        file_id=file_id,
        display_name=display_name or stored["name"],
        unique_id=unique_id,
        metadata=metadata,
        blob=Blob(stored["blob"], stored["size"]),
        now=now,
    )


def delete_file(db: Db, directory_id: str, file_id: str, now: str) -> None:
    """Batches that have the file keep it, and so does the Files API. Call it inside a transaction."""
    get_file(db, directory_id, file_id)
    db.execute("UPDATE directory_files SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2", (now, file_id))


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
        .add("file_id = ?", query.file_id)
        .add("updated_at >= ?", query.updated_at_on_or_after)
        .add("updated_at <= ?", query.updated_at_on_or_before)
    )
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


def _new_id(db: Db, directory_id: str, unique_id: str, ids: Ids) -> str:
    """An id for a file that the directory does not have yet."""
    had = db.execute(
        "SELECT count(*), coalesce(sum(deleted_at IS NULL), 0) FROM directory_files "
        "WHERE directory_id = ? AND unique_id = ?",
        (directory_id, unique_id),
    ).fetchone()
    if had[1]:
        raise ApiError(409, f"The directory holds a file with unique_id {unique_id!r} already", final=True)
    return ids.file(directory_id, unique_id, had[0])


def _place(
    db: Db,
    directory: Directory,
    *,
    id: str,  # noqa: A002 - the column's name
    file_id: str,
    display_name: str,
    unique_id: str,
    metadata: str | None,
    blob: Blob,
    now: str,
) -> DirectoryFile:
    row = db.execute(
        "INSERT INTO directory_files (id, directory_id, file_id, display_name, unique_id, metadata, blob, size, "
        "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (id, directory.id, file_id, display_name, unique_id, metadata, blob.name, blob.size, now, now),
    ).fetchone()
    return _file(row, directory.project_id)


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
        file_id=row["file_id"],
        metadata=None if metadata is None else json.loads(metadata),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )
