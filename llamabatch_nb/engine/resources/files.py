"""Files of the Files API (contract.md section 3): bytes with a name, which directories may share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from llamabatch_nb.contract import files as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.files import File
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.links import Link, to_file
from llamabatch_nb.engine.store import paging
from llamabatch_nb.engine.store.blobs import Blob
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row

#: Neither deleted nor past its time, of which nobody keeps watch: whoever reads compares.
_ALIVE = "deleted_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


class By(NamedTuple):
    """One field of an order."""

    field: str
    descending: bool = False


#: What the list's `order_by` may be. The first is what an order left out means.
ORDERS = {"created_at": By("created_at", descending=True), "name": By("name"), "id": By("id")}


def create(
    db: Db,
    *,
    name: str,
    purpose: str,
    external_file_id: str | None,
    blob: Blob,
    ids: Ids,
    project_id: str,
    now: str,
) -> File:
    """Call it inside a transaction."""
    # By name, so that a seeded engine gives the same ids whichever of several uploads comes first.
    (before,) = db.execute("SELECT count(*) FROM files WHERE name = ? AND purpose IS NOT NULL", (name,)).fetchone()
    file_id = ids.stored_file(f"{before}/{name}")
    add(
        db,
        file_id,
        name=name,
        purpose=purpose,
        external_file_id=external_file_id,
        blob=blob,
        project_id=project_id,
        now=now,
    )
    return shown(get(db, file_id, now))


def add(
    db: Db,
    file_id: str,
    *,
    name: str,
    external_file_id: str | None,
    blob: Blob,
    project_id: str,
    now: str,
    purpose: str | None = None,
    expires_at: str | None = None,
) -> None:
    """`purpose` None: nobody said it, as with an upload into a directory. Call it inside a transaction."""
    db.execute(
        "INSERT INTO files (id, project_id, name, external_file_id, purpose, expires_at, blob, size, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (file_id, project_id, name, external_file_id, purpose, expires_at, blob.name, blob.size, now),
    )


def get(db: Db, file_id: str, now: str) -> Row:
    row: Row | None = db.execute(f"SELECT * FROM files WHERE id = ? AND {_ALIVE}", (file_id, now)).fetchone()  # noqa: S608
    if row is None:
        raise ApiError(404, _missing(db, file_id))
    return row


def delete(db: Db, file_id: str, now: str) -> None:
    """Directories that have the file keep it. Call it inside a transaction."""
    get(db, file_id, now)
    db.execute("UPDATE files SET deleted_at = ? WHERE id = ?", (now, file_id))


def listed(db: Db, query: contract.ListFiles, size: int, now: str, link: Link | None = None) -> Page[File]:
    """With `link` the `download_url` of each is there."""
    where = _found(query.file_name, query.file_ids, query.external_file_id, now)
    order = [ORDERS[query.order_by or "created_at"]]
    return _page(db, where, order, page_token=query.page_token, size=size, link=link)


def queried(db: Db, query: contract.QueryFiles, size: int, now: str) -> Page[File]:
    """The deprecated query: fields in any order and direction."""
    asked = query.filter or contract.FileFilter()
    where = _found(asked.file_name, asked.file_ids or [], asked.external_file_id, now)
    if asked.data_source_id is not None:
        where.add("FALSE")  # all of an engine's files were uploaded
    return _page(db, where, _order(query.order_by), page_token=query.page_token, size=size, link=None)


def shown(row: Row, link: Link | None = None) -> File:
    suffix = PurePosixPath(row["blob"]).suffix
    return File(
        id=row["id"],
        name=row["name"],
        project_id=row["project_id"],
        file_type=None if suffix == ".bin" else suffix.removeprefix("."),
        purpose=row["purpose"],
        external_file_id=row["external_file_id"],
        expires_at=row["expires_at"],
        last_modified_at=row["created_at"],
        download_url=None if link is None else link(to_file(row["id"])),
    )


def _found(name: str | None, ids: Sequence[str], external_file_id: str | None, now: str) -> Conditions:
    where = Conditions().add(_ALIVE, now).add("name = ?", name).add("external_file_id = ?", external_file_id)
    return where.among("id", ids)


def _missing(db: Db, file_id: str) -> str:
    """A directory file is the likeliest mistake: its id has the same prefix (contract.md section 2)."""
    row = db.execute("SELECT file_id FROM directory_files WHERE id = ? AND deleted_at IS NULL", (file_id,)).fetchone()
    if row is None:
        return f"File {file_id!r} not found"
    return f"File {file_id!r} is a directory file: give its file_id, {row['file_id']!r}"


def _order(text: str | None) -> list[By]:
    """A comma list of fields, each with ``asc`` or ``desc`` behind it or nothing, which is ``asc``."""
    order = []
    for part in filter(None, (text or "created_at desc").split(",")):
        field, _, direction = part.strip().partition(" ")
        if field not in ORDERS or direction.strip().lower() not in {"", "asc", "desc"}:
            raise ApiError(
                422, f"order_by: {part.strip()!r} is not one of {', '.join(ORDERS)}, with asc or desc or not"
            )
        order.append(By(field, descending=direction.strip().lower() == "desc"))
    return order


def _page(
    db: Db, where: Conditions, order: Sequence[By], *, page_token: str | None, size: int, link: Link | None
) -> Page[File]:
    # Files of one moment, or of one name, come as the last field has them come.
    order = [*order, By("seq", descending=order[-1].descending)]
    said = ",".join(f"{by.field} {'desc' if by.descending else 'asc'}" for by in order)
    if page_token:
        kinds = [int if by.field == "seq" else str for by in order]
        told, *last = paging.key("files", page_token, str, *kinds)
        if told != said:
            raise ApiError(422, "page_token is of a list in another order")
        _after(where, order, last)
    rows = where.select(db, "files", said, size + 1)
    return paging.page(
        "files", rows, size, lambda row: shown(row, link), lambda row: [said, *(row[by.field] for by in order)]
    )


def _after(where: Conditions, order: Sequence[By], last: Sequence[str | int]) -> None:
    """Only what comes after the item with the key `last`: equal in some first fields, and beyond in the next."""
    ways: list[str] = []
    values: list[str | int] = []
    for place, by in enumerate(order):
        equal = [f"{before.field} = ?" for before in order[:place]]
        ways.append(" AND ".join([*equal, f"{by.field} {'<' if by.descending else '>'} ?"]))
        values += last[: place + 1]
    where.add(f"({' OR '.join(f'({way})' for way in ways)})", *values)
