"""The files of a directory (contract.md section 2): a place in it, and the bytes of a file of the Files API."""

from __future__ import annotations

import json

from llamabatch_nb.contract import directories as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.directories import Directory, DirectoryFile
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.links import Link, to_directory_file
from llamabatch_nb.engine.resources import directories, files
from llamabatch_nb.engine.store import paging
from llamabatch_nb.engine.store.blobs import Blob
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row


def upload(
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

    `metadata` is checked JSON. What goes into an ephemeral directory expires with it.
    """
    directory = directories.get(db, directory_id, now)
    _refuse_taken(db, directory_id, unique_id)
    new_id = _new_id(db, directory_id, unique_id, ids)
    file_id = ids.stored_file(new_id)
    files.add(
        db,
        file_id,
        name=file_name,
        external_file_id=external_file_id,
        expires_at=_expiry(directory),
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


def add(
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
    directory = directories.get(db, directory_id, now)
    stored = files.get(db, file_id, now)
    unique_id = unique_id or stored["external_file_id"] or stored["name"]
    _refuse_taken(db, directory_id, unique_id)
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


def get(db: Db, directory_id: str, file_id: str, now: str, link: Link | None = None) -> DirectoryFile:
    """With `link` its `download_url` is there."""
    directory = directories.get(db, directory_id, now)
    return _shown(_row(db, directory_id, file_id), directory.project_id, link)


def listed(
    db: Db, directory_id: str, query: contract.ListDirectoryFiles, size: int, now: str, *, link: Link | None = None
) -> Page[DirectoryFile]:
    """In upload order; files of the same moment by unique_id, so that a seeded engine always gives the same order."""
    directory = directories.get(db, directory_id, now)
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
        where.add(
            "(created_at, unique_id, seq) > (?, ?, ?)", *paging.key(directory_id, query.page_token, str, str, int)
        )
    return paging.page(
        directory_id,
        where.select(db, "directory_files", "created_at, unique_id, seq", size + 1),
        size,
        lambda row: _shown(row, directory.project_id, link),
        lambda row: [row["created_at"], row["unique_id"], row["seq"]],
    )


def update(db: Db, directory_id: str, file_id: str, body: contract.UpdateDirectoryFile, now: str) -> DirectoryFile:
    """Rename it, replace its metadata, move it: its id stays, so batches that have it go on. Inside a transaction."""
    source = directories.get(db, directory_id, now)
    row = _row(db, directory_id, file_id)
    target = directories.get(db, body.target_directory_id or directory_id, now)
    unique_id = body.unique_id or row["unique_id"]
    if (target.id, unique_id) != (directory_id, row["unique_id"]):
        _refuse_taken(db, target.id, unique_id)
    metadata = row["metadata"]
    if "metadata" in body.model_fields_set:
        metadata = None if body.metadata is None else json.dumps(body.metadata)
    changed = db.execute(
        "UPDATE directory_files SET directory_id = ?, display_name = ?, unique_id = ?, metadata = ?, updated_at = ? "
        "WHERE id = ? RETURNING *",
        (target.id, body.display_name or row["display_name"], unique_id, metadata, now, file_id),
    ).fetchone()
    if target.id != source.id and source.expires_at is not None:
        # What was uploaded into `source` goes with the file; what was uploaded elsewhere expires when it does there.
        db.execute(
            "UPDATE files SET expires_at = ? WHERE id = ? AND expires_at = ?",
            (_expiry(target), row["file_id"], _expiry(source)),
        )
    return _shown(changed, target.project_id)


def delete(db: Db, directory_id: str, file_id: str, now: str) -> None:
    """Batches that have the file keep it, and so does the Files API. Call it inside a transaction."""
    get(db, directory_id, file_id, now)
    db.execute("UPDATE directory_files SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2", (now, file_id))


def content(db: Db, file_id: str, now: str) -> Row:
    """The row behind a link, which says nothing of the directory: that may be another one by now."""
    row: Row | None = db.execute("SELECT * FROM directory_files WHERE id = ?", (file_id,)).fetchone()
    if row is not None:
        get(db, row["directory_id"], file_id, now)
        return row
    raise ApiError(404, f"File {file_id!r} not found")


def _row(db: Db, directory_id: str, file_id: str) -> Row:
    row: Row | None = db.execute(
        "SELECT * FROM directory_files WHERE directory_id = ? AND id = ? AND deleted_at IS NULL",
        (directory_id, file_id),
    ).fetchone()
    if row is None:
        raise ApiError(404, f"File {file_id!r} not found in directory {directory_id!r}")
    return row


def _expiry(directory: Directory) -> str | None:
    return None if directory.expires_at is None else stamp(directory.expires_at)


def _refuse_taken(db: Db, directory_id: str, unique_id: str) -> None:
    taken = db.execute(
        "SELECT 1 FROM directory_files WHERE directory_id = ? AND unique_id = ? AND deleted_at IS NULL",
        (directory_id, unique_id),
    ).fetchone()
    if taken is not None:
        raise ApiError(
            409,
            f"Directory {directory_id!r} holds a file with unique_id {unique_id!r} already: give another one, or "
            "delete that file first",
            final=True,
        )


def _new_id(db: Db, directory_id: str, unique_id: str, ids: Ids) -> str:
    """An id that no file has. A file that was moved away or renamed took the one of its first place with it."""
    (before,) = db.execute(
        "SELECT count(*) FROM directory_files WHERE directory_id = ? AND unique_id = ?", (directory_id, unique_id)
    ).fetchone()
    while True:
        new_id = ids.file(directory_id, unique_id, before)
        if db.execute("SELECT 1 FROM directory_files WHERE id = ?", (new_id,)).fetchone() is None:
            return new_id
        before += 1


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
    return _shown(row, directory.project_id)


def _shown(row: Row, project_id: str, link: Link | None = None) -> DirectoryFile:
    metadata = row["metadata"]
    return DirectoryFile(
        id=row["id"],
        directory_id=row["directory_id"],
        display_name=row["display_name"],
        unique_id=row["unique_id"],
        project_id=project_id,
        file_id=row["file_id"],
        metadata=None if metadata is None else json.loads(metadata),
        # Of a deleted file there is nothing to fetch.
        download_url=None if link is None or row["deleted_at"] else link(to_directory_file(row["id"])),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )
