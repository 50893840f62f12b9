"""Parse jobs: made by a batch, claimed by an owner, settled once (design.md, decision 10; contract.md section 5).

A job is claimed by an owner, whose lease `leases` keeps, and each claim raises the job's fence. An outcome counts only
while the job still is with that owner at that fence, so an owner that was stopped past its lease and goes on later
writes nothing. Every function that changes something is to be called inside a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from llamabatch_nb.contract import parse as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.parse import ParseJob
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.store import paging
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row
from llamabatch_nb.engine.work.worker import ParseOutcome


class NewJob(NamedTuple):
    """`size` is the bytes of `blob`."""

    id: str
    name: str
    blob: str
    size: int


class Claim(NamedTuple):
    """A job that is ours for as long as the lease holds. `id` and `fence` identify it, `blob` is what to read."""

    id: str
    fence: int
    name: str
    blob: str


def add(db: Db, new: Iterable[NewJob], *, batch_id: str, project_id: str, tier: str, now: str) -> None:
    db.executemany(
        "INSERT INTO parse_jobs (id, project_id, batch_id, name, tier, blob, size, status, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 'PENDING', ?, ?)",
        ((job.id, project_id, batch_id, job.name, tier, job.blob, job.size, now, now) for job in new),
    )


def any_open(db: Db, batch_id: str) -> bool:
    found = db.execute(
        "SELECT 1 FROM parse_jobs WHERE batch_id = ? AND status IN ('PENDING', 'RUNNING') LIMIT 1", (batch_id,)
    )
    return found.fetchone() is not None


def pending(db: Db, batch_id: str) -> int:
    counted = db.execute("SELECT count(*) FROM parse_jobs WHERE batch_id = ? AND status = 'PENDING'", (batch_id,))
    return int(counted.fetchone()[0])


def cancel_pending(db: Db, batch_id: str, now: str) -> None:
    db.execute(
        "UPDATE parse_jobs SET status = 'CANCELLED', updated_at = ? WHERE batch_id = ? AND status = 'PENDING'",
        (now, batch_id),
    )


def cancel(db: Db, job_id: str, now: str) -> Row:
    """Stop a job that has not started; what is with a worker ends by itself, unless it is given back before."""
    job = get(db, job_id)
    if job["status"] in contract.TERMINAL:
        raise ApiError(409, f"Parse job {job_id!r} is {job['status']} and cannot be cancelled", final=True)
    db.execute(
        "UPDATE parse_jobs SET cancel_requested = 1, updated_at = ?, "
        "status = CASE status WHEN 'PENDING' THEN 'CANCELLED' ELSE status END WHERE id = ?",
        (now, job_id),
    )
    return get(db, job_id)


def claim(db: Db, batch_id: str, owner: str, *, files: int, size: int, now: str) -> list[Claim]:
    """The next jobs of a batch: at most `files`, and no more than `size` bytes together unless the first is larger."""
    rows = db.execute(
        "SELECT seq, size FROM parse_jobs WHERE batch_id = ? AND status = 'PENDING' ORDER BY seq LIMIT ?",
        (batch_id, files),
    ).fetchall()
    taken: list[int] = []
    total = 0
    for row in rows:
        total += row["size"]
        if taken and total > size:
            break
        taken.append(row["seq"])
    claimed = db.execute(
        "UPDATE parse_jobs SET status = 'RUNNING', owner = ?, fence = fence + 1, updated_at = ? "  # noqa: S608
        f"WHERE seq IN ({', '.join('?' * len(taken))}) RETURNING id, fence, name, blob",
        (owner, now, *taken),
    )
    return [Claim(*row) for row in claimed.fetchall()]


def settle(db: Db, owner: str, outcomes: Sequence[ParseOutcome], now: str) -> None:
    """Write outcomes of this owner's claims; those whose claim is gone are dropped without a word."""
    held = "id = ? AND owner = ? AND fence = ? AND status = 'RUNNING'"
    db.executemany(
        f"INSERT INTO parse_results (job_id, payload) SELECT id, ? FROM parse_jobs WHERE {held}",  # noqa: S608
        (
            (outcome.payload, outcome.job_id, owner, outcome.fence)
            for outcome in outcomes
            if outcome.payload is not None
        ),
    )
    db.executemany(
        "UPDATE parse_jobs SET status = ?, error_message = ?, reason = ?, pages = ?, pages_failed = ?, "  # noqa: S608
        f"characters = ?, updated_at = ?, owner = NULL WHERE {held}",
        (
            (
                "COMPLETED" if outcome.error is None else "FAILED",
                outcome.error,
                outcome.reason,
                outcome.pages,
                outcome.pages_failed,
                outcome.characters,
                now,
                outcome.job_id,
                owner,
                outcome.fence,
            )
            for outcome in outcomes
        ),
    )


def release(db: Db, owner: str, now: str, only: Iterable[str] | None = None) -> set[str]:
    """Give back what an owner holds (or `only` these jobs): to be claimed again, or cancelled if it or its batch is.

    Returns the batches concerned.
    """
    values: list[str] = [now, owner]
    among = ""
    if only is not None:
        listed_ids = list(only)
        among = f"AND id IN ({', '.join('?' * len(listed_ids))})"
        values += listed_ids
    rows = db.execute(
        "UPDATE parse_jobs SET owner = NULL, updated_at = ?, status = CASE "  # noqa: S608
        "WHEN cancel_requested OR (SELECT batches.cancel_requested FROM batches WHERE batches.id = batch_id) "
        "THEN 'CANCELLED' ELSE 'PENDING' END "
        f"WHERE owner = ? {among} RETURNING batch_id",
        values,
    )
    return {row["batch_id"] for row in rows.fetchall()}


def get(db: Db, job_id: str) -> Row:
    row: Row | None = db.execute("SELECT * FROM parse_jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise ApiError(404, f"Parse job {job_id!r} not found")
    return row


def payload(db: Db, job_id: str) -> bytes | None:
    row = db.execute("SELECT payload FROM parse_results WHERE job_id = ?", (job_id,)).fetchone()
    return None if row is None else row["payload"]


def listed(db: Db, query: contract.ListParseJobs, size: int) -> Page[ParseJob]:
    """Newest first."""
    where = (
        Conditions()
        .add("status = ?", query.status)
        .among("id", query.job_ids)
        .add("created_at >= ?", query.created_at_on_or_after)
        .add("created_at <= ?", query.created_at_on_or_before)
    )
    if query.page_token:
        where.add("seq < ?", *paging.key(query.page_token, int))
    rows = where.select(db, "parse_jobs", "seq DESC", size + 1)
    return paging.page(rows, size, shown, lambda row: [row["seq"]])


def shown(row: Row) -> ParseJob:
    """A job as the API shows it, without what has to be expanded."""
    return ParseJob(
        id=row["id"],
        project_id=row["project_id"],
        status=row["status"],
        error_message=row["error_message"],
        name=row["name"],
        tier=row["tier"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
