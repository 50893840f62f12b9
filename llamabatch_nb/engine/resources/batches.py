"""Batches: from a directory to jobs, and to the end (contract.md section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from llamabatch_nb.contract import batches as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.batches import MAX_FILES, TERMINAL, Batch, BatchConfig, BatchJob, JobReference, Result
from llamabatch_nb.contract.configurations import Configuration
from llamabatch_nb.engine.errors import ApiError, EngineError
from llamabatch_nb.engine.faults.schedule import Schedule
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.resources import directories, jobs, webhooks
from llamabatch_nb.engine.resources.checks import of_configuration
from llamabatch_nb.engine.resources.parameters import parse_behind, recognising
from llamabatch_nb.engine.resources.parse_requests import webhooks_of
from llamabatch_nb.engine.store import endpoint_lists, paging, snapshots
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row

#: What stands in place of a job when a fault asks for it.
NOT_MAPPED = "No job could be created for this file; retry it."


def create(
    db: Db,
    body: contract.CreateBatch,
    configuration: Configuration,
    *,
    ids: Ids,
    project_id: str,
    webhooks_anywhere: bool,
    now: str,
    ocr: bool = False,
    extractor: str | None = None,
) -> Batch:
    """Accept a batch over the files that the directory holds at this moment. Call it inside a transaction.

    `ocr`: its files are read with text recognition. `extractor`: the digest of the plug-in that it is for.

    Raises ApiError 404 for a directory or saved webhook that is not there, 422 for what no batch can be made of.
    """
    job = body.config.job
    directory = directories.get(db, body.source_directory_id, now)
    if configuration.product_type != job.type:
        raise ApiError(
            422, f"Configuration {configuration.id!r} is for {configuration.product_type}, not for {job.type}"
        )
    parameters = dict(configuration.parameters)
    # Those of the configuration are told of jobs, which is what they were saved for.
    saved, inline = webhooks_of(parameters) if job.type == jobs.PARSE else ([], [])
    with of_configuration(configuration.id):
        of_jobs = webhooks.endpoints(db, saved, inline, anywhere=webhooks_anywhere)
    told = webhooks.joined(
        webhooks.endpoints(db, body.webhook_configuration_ids, body.webhook_configurations, anywhere=webhooks_anywhere),
        webhooks.narrowed(of_jobs, job.type.removesuffix("_v2")),
    )
    files = db.execute(
        "SELECT id FROM directory_files WHERE directory_id = ? AND deleted_at IS NULL "
        "ORDER BY created_at, unique_id, seq LIMIT ?",
        (directory.id, MAX_FILES + 1),
    ).fetchall()
    if not files:
        raise ApiError(422, f"Directory {directory.id!r} holds no files")
    if len(files) > MAX_FILES:
        raise ApiError(422, f"Directory {directory.id!r} holds more than the {MAX_FILES} files that a batch may have")
    if ocr and job.type == jobs.PARSE:
        parameters = recognising(parameters)
    # Both are what they are now: a configuration may be changed or deleted before the files are mapped.
    snapshot_id = snapshots.keep(db, parameters)
    parse_snapshot_id = None
    if job.type == jobs.EXTRACT:
        reading = parse_behind(db, parameters)
        webhooks_of(reading)  # the parse job behind an extract job tells nobody, and keeps no secrets
        parse_snapshot_id = snapshots.keep(db, recognising(reading) if ocr else reading)
    number = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM batches").fetchone()[0]
    batch_id = ids.batch(number)
    db.execute(
        "INSERT INTO batches (seq, id, project_id, source_directory_id, type, configuration_id, snapshot_id, "
        "parse_snapshot_id, extractor, status, webhooks, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'PENDING', ?, ?, ?)",
        (
            number,
            batch_id,
            project_id,
            directory.id,
            job.type,
            configuration.id,
            snapshot_id,
            parse_snapshot_id,
            extractor,
            webhooks.kept(db, told),
            now,
            now,
        ),
    )
    db.executemany(
        "INSERT INTO batch_files (batch_id, position, directory_file_id) VALUES (?, ?, ?)",
        ((batch_id, position, file["id"]) for position, file in enumerate(files)),
    )
    return _batch(_row(db, batch_id), None)


def get(db: Db, batch_id: str, *, results: bool, results_while_running: bool) -> Batch:
    """`results` null rules: contract.md section 10, last paragraph; `results_while_running` is the older rule."""
    row = _row(db, batch_id)
    shown = row["status"] in {"COMPLETED", "CANCELLED"} or (results_while_running and row["status"] == "RUNNING")
    return _batch(row, _results(db, row) if results and shown else None)


def listed(db: Db, query: contract.ListBatches, size: int) -> Page[Batch]:
    """Newest first, without results."""
    where = (
        Conditions()
        .add("status = ?", query.status)
        .add("source_directory_id = ?", query.source_directory_id)
        .add("created_at >= ?", query.created_at_on_or_after)
        .add("created_at <= ?", query.created_at_on_or_before)
    )
    if query.page_token:
        where.add("seq < ?", *paging.key("batches", query.page_token, int))
    rows = where.select(db, "batches", "seq DESC", size + 1)
    return paging.page("batches", rows, size, lambda row: _batch(row, None), lambda row: [row["seq"]])


def cancel(db: Db, batch_id: str, now: str) -> Batch:
    """Stop what has not started; what runs goes on to its end and is kept. Call it inside a transaction."""
    row = _row(db, batch_id)
    if row["status"] in TERMINAL:
        raise ApiError(409, f"Batch {batch_id!r} is {row['status']} and cannot be cancelled", final=True)
    if not row["cancel_requested"]:
        db.execute("UPDATE batches SET cancel_requested = 1, updated_at = ? WHERE id = ?", (now, batch_id))
        jobs.cancel_pending(db, batch_id, now)
        finish(db, batch_id, now)
    return _batch(_row(db, batch_id), None)


class Open(NamedTuple):
    """A batch that is not at its end; `id` None: the jobs that no batch made."""

    id: str | None
    status: str
    cancel_requested: bool


def open_batches(db: Db) -> list[Open]:
    """Oldest first; the jobs without a batch before them, for somebody waits for a single one."""
    rows = db.execute(
        "SELECT id, status, cancel_requested FROM batches WHERE status IN ('PENDING', 'THROTTLED', 'RUNNING') "
        "ORDER BY seq"
    )
    alone = [Open(None, "RUNNING", cancel_requested=False)] if jobs.any_open(db, None) else []
    return alone + [Open(row["id"], row["status"], bool(row["cancel_requested"])) for row in rows]


def map_files(db: Db, batch_id: str, ids: Ids, now: str, schedule: Schedule) -> None:
    """Make a job for each file of a PENDING batch, which then is RUNNING. Call it inside a transaction.

    If the batch is not PENDING any more (another process was faster, or it was cancelled), nothing happens. `schedule`
    may have the batch fail, or a file go without a job.
    """
    changed = db.execute(
        "UPDATE batches SET status = 'RUNNING', updated_at = ? WHERE id = ? AND status = 'PENDING' "
        "RETURNING project_id, type, configuration_id, snapshot_id, parse_snapshot_id, extractor, webhooks",
        (now, batch_id),
    ).fetchone()
    if changed is None:
        return
    if schedule.fails_batch():
        db.execute("UPDATE batches SET status = 'FAILED' WHERE id = ?", (batch_id,))
        return
    files = db.execute(
        "SELECT position, file.id, file.file_id, file.display_name, file.unique_id, file.blob, file.size "
        "FROM batch_files JOIN directory_files AS file ON file.id = directory_file_id "
        "WHERE batch_id = ? ORDER BY position",
        (batch_id,),
    ).fetchall()
    refused = {file["position"] for file in files if schedule.refuses_file(file["display_name"], file["unique_id"])}
    db.executemany(
        "UPDATE batch_files SET error_message = ? WHERE batch_id = ? AND position = ?",
        ((NOT_MAPPED, batch_id, position) for position in refused),
    )
    parameters = snapshots.load(db, changed["snapshot_id"])
    told = None
    if changed["webhooks"] is not None:
        told = webhooks.concerning(endpoint_lists.load(db, changed["webhooks"]), changed["type"].removesuffix("_v2"))
    common = {"configuration_id": changed["configuration_id"], "webhooks": webhooks.kept(db, told)}
    extracts = changed["type"] == jobs.EXTRACT
    reading_id = changed["parse_snapshot_id"] if extracts else changed["snapshot_id"]
    reading = snapshots.load(db, reading_id) if extracts else parameters
    made: list[tuple[str, int]] = []
    new: list[jobs.NewJob] = []
    for file in files:
        if file["position"] in refused:
            continue
        blob = {"name": file["display_name"], "blob": file["blob"], "size": file["size"]}
        parse_id = ids.job("pjb", batch_id, file["id"])
        own = {} if extracts else common
        job = jobs.NewJob(id=parse_id, type=jobs.PARSE, snapshot_id=reading_id, tier=reading["tier"], **blob, **own)
        if extracts:
            new.append(job)
            job = jobs.NewJob(
                id=ids.job("ext", batch_id, file["id"]),
                type=jobs.EXTRACT,
                snapshot_id=changed["snapshot_id"],
                tier=parameters.get("tier"),
                file_input=file["file_id"],
                parse_job_id=parse_id,
                extractor=changed["extractor"],
                **blob,
                **common,
            )
        new.append(job)
        made.append((job.id, file["position"]))
    jobs.add(db, new, batch_id=batch_id, project_id=changed["project_id"], now=now)
    db.executemany(
        "UPDATE batch_files SET job_id = ? WHERE batch_id = ? AND position = ?",
        ((job_id, batch_id, position) for job_id, position in made),
    )
    finish(db, batch_id, now)  # there may be no job at all


def expire(db: Db, batch_id: str, *, whole: bool) -> None:
    """Forget a terminal batch's jobs, and if `whole` the batch. Call it inside a transaction."""
    row = db.execute("SELECT status FROM batches WHERE id = ?", (batch_id,)).fetchone()
    if row is None or row["status"] not in TERMINAL:
        raise EngineError(f"Batch {batch_id!r} is {'unknown' if row is None else row['status']}: nothing of it expires")
    db.execute("DELETE FROM results WHERE job_id IN (SELECT id FROM jobs WHERE batch_id = ?)", (batch_id,))
    db.execute("DELETE FROM jobs WHERE batch_id = ?", (batch_id,))
    if whole:
        db.execute("DELETE FROM batch_files WHERE batch_id = ?", (batch_id,))
        db.execute("DELETE FROM batches WHERE id = ?", (batch_id,))


def finish(db: Db, batch_id: str | None, now: str) -> None:
    """End the batch if nothing of it waits or runs. Call it in the transaction that ended a job."""
    if batch_id is None or jobs.any_open(db, batch_id):
        return
    # A PENDING batch has no jobs because it has not been mapped: only a cancel ends it.
    db.execute(
        "UPDATE batches SET status = CASE WHEN cancel_requested THEN 'CANCELLED' ELSE 'COMPLETED' END, updated_at = ? "
        "WHERE id = ? AND (status = 'RUNNING' OR status IN ('PENDING', 'THROTTLED') AND cancel_requested)",
        (now, batch_id),
    )


def _row(db: Db, batch_id: str) -> Row:
    row: Row | None = db.execute("SELECT * FROM batches WHERE id = ?", (batch_id,)).fetchone()
    if row is None:
        raise ApiError(404, f"Batch {batch_id!r} not found")
    return row


def _results(db: Db, batch: Row) -> list[Result]:
    rows = db.execute(
        "SELECT directory_file_id, job_id, error_message FROM batch_files WHERE batch_id = ? ORDER BY position",
        (batch["id"],),
    )
    return [
        Result(
            source_directory_file_id=row["directory_file_id"],
            error_message=row["error_message"],
            job_reference=None if row["job_id"] is None else JobReference(id=row["job_id"], type=batch["type"]),
        )
        for row in rows
    ]


def _batch(row: Row, results: Sequence[Result] | None) -> Batch:
    return Batch(
        id=row["id"],
        config=BatchConfig(job=BatchJob(configuration_id=row["configuration_id"], type=row["type"])),
        project_id=row["project_id"],
        source_directory_id=row["source_directory_id"],
        status=row["status"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        results=None if results is None else list(results),
    )
