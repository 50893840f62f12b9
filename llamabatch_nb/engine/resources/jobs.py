"""Jobs of both kinds, parse and extract: made, claimed by an owner, settled once (design.md, decision 10).

A job is claimed by an owner, whose lease `leases` keeps, and each claim raises the job's fence. An outcome counts only
while the job still is with that owner at that fence, so an owner that was stopped past its lease and goes on later
writes nothing. Every function that changes something is to be called inside a transaction.

Jobs that no batch made have None for a batch id, and are claimed as if they were of one more batch.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from llamabatch_nb.contract.parse import TERMINAL
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.store import snapshots
from llamabatch_nb.engine.store.database import Db, Row
from llamabatch_nb.engine.store.savepoints import UNSTORABLE, savepoint
from llamabatch_nb.engine.work.tasks import Outcome

log = logging.getLogger(__name__)

PARSE, EXTRACT = "parse_v2", "extract_v2"
#: What an engine with these plug-ins, a JSON list of digests, may do.
_OURS = "(extractor IS NULL OR extractor IN (SELECT value FROM json_each(?)))"


class NewJob(NamedTuple):
    """`size` is the bytes of `blob`; `snapshot_id` what it is told; `webhooks` the id of the list of endpoints to tell.

    `user_metadata` is JSON. An extract job waits for `parse_job_id`; `file_input` is what it was asked to read, and
    `extractor` the digest of the plug-in that it was created under, if any.
    """

    id: str
    type: str
    name: str
    blob: str
    size: int
    snapshot_id: str
    tier: str | None
    configuration_id: str | None = None
    file_input: str | None = None
    parse_job_id: str | None = None
    user_metadata: str | None = None
    webhooks: str | None = None
    extractor: str | None = None


class Claim(NamedTuple):
    """A job that is ours for as long as the lease holds. `id` and `fence` identify it, `blob` is what to read."""

    id: str
    fence: int
    type: str
    name: str
    blob: str
    snapshot_id: str
    parse_job_id: str | None
    extractor: str | None


def add(db: Db, new: Iterable[NewJob], *, batch_id: str | None, project_id: str, now: str) -> None:
    """A parse job that an extract job waits for has to come before it, or be there already."""
    rows = [(job, batch_id, project_id, now) for job in new]
    db.executemany(
        "INSERT INTO jobs (id, type, project_id, batch_id, name, tier, blob, size, status, snapshot_id, "
        "configuration_id, file_input, parse_job_id, ready, user_metadata, webhooks, extractor, created_at, "
        "updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'PENDING', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(job.id, job.type, project, batch, job.name, job.tier, job.blob, job.size, job.snapshot_id),
                *(job.configuration_id, job.file_input, job.parse_job_id, job.parse_job_id is None),
                *(job.user_metadata, job.webhooks, job.extractor, moment, moment),
            )
            for job, batch, project, moment in rows
        ),
    )
    _advance(db, [job.parse_job_id for job, *_ in rows if job.parse_job_id is not None], now)


def any_open(db: Db, batch_id: str | None) -> bool:
    found = db.execute(
        "SELECT 1 FROM jobs WHERE batch_id IS ? AND status IN ('PENDING', 'RUNNING') LIMIT 1", (batch_id,)
    )
    return found.fetchone() is not None


def pending(db: Db, batch_id: str | None, at_most: int, extractors: Collection[str] = ()) -> int:
    """How many `claim` may take now. Counted only as far as `at_most`: it is asked before every claim."""
    counted = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE batch_id IS ? AND status = 'PENDING' AND ready = 1 "  # noqa: S608
        f"AND {_OURS} LIMIT ?)",
        (batch_id, json.dumps(list(extractors)), at_most),
    )
    return int(counted.fetchone()[0])


def cancel_pending(db: Db, batch_id: str, now: str) -> None:
    db.execute(
        "UPDATE jobs SET status = 'CANCELLED', updated_at = ? WHERE batch_id = ? AND status = 'PENDING'",
        (now, batch_id),
    )


def cancel(db: Db, job_id: str, kind: str, now: str) -> Row:
    """Stop a job that has not started; what is with a worker ends by itself, unless it is given back before."""
    job = get(db, job_id, kind)
    if job["status"] in TERMINAL:
        raise ApiError(409, f"Job {job_id!r} is {job['status']} and cannot be cancelled", final=True)
    db.execute(
        "UPDATE jobs SET cancel_requested = 1, updated_at = ?, "
        "status = CASE status WHEN 'PENDING' THEN 'CANCELLED' ELSE status END WHERE id = ?",
        (now, job_id),
    )
    _advance(db, [job_id], now)
    return get(db, job_id, kind)


def delete(db: Db, job_id: str, kind: str, *, force: bool = False) -> Row:
    """Forget a job and its result; a batch that refers to it goes on referring. Returns the row that it was.

    Extract jobs that wait for a parse job fail with it. Raises ApiError 409 if it has not ended, unless `force`: then
    what a worker makes of it is dropped.
    """
    job = get(db, job_id, kind)
    if job["status"] not in TERMINAL and not force:
        raise ApiError(409, f"Job {job_id!r} is {job['status']}: cancel it first, or wait for its end", final=True)
    db.execute("DELETE FROM results WHERE job_id = ?", (job_id,))
    db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
    # Those behind it find no payload when they are claimed, and fail with that reason.
    db.execute("UPDATE jobs SET ready = 1 WHERE parse_job_id = ? AND ready = 0", (job_id,))
    return job


def claim(
    db: Db, batch_id: str | None, owner: str, *, files: int, size: int, now: str, extractors: Collection[str] = ()
) -> list[Claim]:
    """The next jobs of a batch: at most `files`, and no more than `size` bytes together unless the first is larger.

    Of a parse job the bytes of its file count, of an extract job those that its parse job made, which travel with it.
    Extract jobs come first, so that files are finished one after the other. Those of a plug-in are claimed only where
    its digest is among `extractors`.
    """
    # SQLite knows the length of a BLOB without reading it.
    rows = db.execute(
        "SELECT seq, CASE type WHEN 'parse_v2' THEN size ELSE "  # noqa: S608
        "coalesce((SELECT length(payload) FROM results WHERE job_id = parse_job_id), 0) END AS size "
        f"FROM jobs WHERE batch_id IS ? AND status = 'PENDING' AND ready = 1 AND {_OURS} ORDER BY type, seq LIMIT ?",
        (batch_id, json.dumps(list(extractors)), files),
    ).fetchall()
    taken: list[int] = []
    total = 0
    for row in rows:
        total += row["size"]
        if taken and total > size:
            break
        taken.append(row["seq"])
    claimed = db.execute(
        "UPDATE jobs SET status = 'RUNNING', owner = ?, fence = fence + 1, updated_at = ? "  # noqa: S608
        f"WHERE seq IN ({', '.join('?' * len(taken))}) "
        "RETURNING id, fence, type, name, blob, snapshot_id, parse_job_id, extractor",
        (owner, now, *taken),
    )
    return [Claim(*row) for row in claimed.fetchall()]


def forsake(db: Db, extractors: Collection[str], now: str) -> set[str | None]:
    """Fail what could be claimed and never will be: its plug-in is not among those that living engines have.

    Returns the batches concerned.
    """
    rows = db.execute(
        "SELECT id, batch_id, snapshot_id FROM jobs "  # noqa: S608
        f"WHERE extractor IS NOT NULL AND status = 'PENDING' AND ready = 1 AND NOT {_OURS}",
        (json.dumps(list(extractors)),),
    ).fetchall()
    names = {told: snapshots.load(db, told).get("extractor") for told in {row["snapshot_id"] for row in rows}}
    for row in rows:
        name = names[row["snapshot_id"]]
        called = "extractor for configurations that name none" if name is None else f"extractor {name!r}"
        message = (
            f"There is no {called} here, such as it was submitted with: connect with "
            f"engine={{'extractors': {{{name!r}: …}}}} and retry it."
        )
        db.execute(
            "UPDATE jobs SET status = 'FAILED', error_message = ?, reason = 'extractor', updated_at = ? WHERE id = ?",
            (_storable(message), now, row["id"]),
        )
    return {row["batch_id"] for row in rows}


def settle(db: Db, owner: str, outcomes: Sequence[Outcome], now: str) -> None:
    """Write outcomes of this owner's claims; those whose claim is gone are dropped without a word.

    One that cannot be stored, of more than 1e9 bytes for one, fails its job: raised, it would come back with every try
    and keep all others from being written.
    """
    try:
        with savepoint(db):
            _write(db, owner, outcomes, now)
    except UNSTORABLE:
        for outcome in outcomes:
            try:
                with savepoint(db):
                    _write(db, owner, [outcome], now)
            except UNSTORABLE as error:
                log.warning("What became of job %s cannot be stored", outcome.job_id, exc_info=error)
                message = f"Its result cannot be stored ({error}): split it and retry the parts."
                instead = Outcome(job_id=outcome.job_id, fence=outcome.fence, error=message, reason="crash")
                _write(db, owner, [instead], now)
    _advance(db, [outcome.job_id for outcome in outcomes], now)


def _write(db: Db, owner: str, outcomes: Sequence[Outcome], now: str) -> None:
    held = "id = ? AND owner = ? AND fence = ? AND status = 'RUNNING'"
    db.executemany(
        f"INSERT INTO results (job_id, payload) SELECT id, ? FROM jobs WHERE {held}",  # noqa: S608
        (
            (outcome.payload, outcome.job_id, owner, outcome.fence)
            for outcome in outcomes
            if outcome.payload is not None
        ),
    )
    db.executemany(
        "UPDATE jobs SET status = ?, error_message = ?, reason = ?, pages = ?, pages_failed = ?, "  # noqa: S608
        f"characters = ?, updated_at = ?, owner = NULL WHERE {held}",
        (
            (
                "COMPLETED" if outcome.error is None else "FAILED",
                _storable(outcome.error),
                _storable(outcome.reason),
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


def release(db: Db, owner: str, now: str, only: Iterable[str] | None = None) -> set[str | None]:
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
        "UPDATE jobs SET owner = NULL, updated_at = ?, status = CASE "  # noqa: S608
        "WHEN cancel_requested OR (SELECT batches.cancel_requested FROM batches WHERE batches.id = batch_id) "
        "THEN 'CANCELLED' ELSE 'PENDING' END "
        f"WHERE owner = ? {among} RETURNING id, batch_id",
        values,
    ).fetchall()
    _advance(db, [row["id"] for row in rows], now)
    return {row["batch_id"] for row in rows}


def _storable(text: object) -> str | None:
    """A plug-in's error may hold half a character (a lone surrogate), which no database takes, or be no text at all."""
    return None if text is None else str(text).encode("utf-8", "replace").decode()


def get(db: Db, job_id: str, kind: str) -> Row:
    row: Row | None = db.execute("SELECT * FROM jobs WHERE id = ? AND type = ?", (job_id, kind)).fetchone()
    if row is None:
        raise ApiError(404, f"{kind.removesuffix('_v2').capitalize()} job {job_id!r} not found")
    return row


def payload(db: Db, job_id: str) -> bytes | None:
    row = db.execute("SELECT payload FROM results WHERE job_id = ?", (job_id,)).fetchone()
    return None if row is None else row["payload"]


def _advance(db: Db, parse_job_ids: Collection[str], now: str) -> None:
    """Extract jobs that wait for these parse jobs may be claimed once those are COMPLETED, and else end as they did.

    One whose parse job is not there may be claimed as well: it fails then.
    """
    waiting = "ready = 0 AND status = 'PENDING' AND parse_job_id IN (SELECT value FROM json_each(?))"
    listed = json.dumps(list(parse_job_ids))
    if db.execute(f"SELECT 1 FROM jobs WHERE {waiting} LIMIT 1", (listed,)).fetchone() is None:  # noqa: S608
        return
    parse = "(SELECT parse.{} FROM jobs AS parse WHERE parse.id = jobs.parse_job_id)"
    status, error, reason = (parse.format(column) for column in ("status", "error_message", "reason"))
    db.execute(
        f"UPDATE jobs SET ready = 1, updated_at = ? WHERE {waiting} "  # noqa: S608
        f"AND coalesce({status}, 'COMPLETED') = 'COMPLETED'",
        (now, listed),
    )
    db.execute(
        f"UPDATE jobs SET status = {status}, error_message = {error}, reason = {reason}, updated_at = ? "  # noqa: S608
        f"WHERE {waiting} AND {status} IN ('FAILED', 'CANCELLED')",
        (now, listed),
    )
