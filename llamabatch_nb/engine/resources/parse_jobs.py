"""Parse jobs: made alone, and as the API shows them (contract.md section 5)."""

from __future__ import annotations

import json
from typing import NamedTuple

from llamabatch_nb.contract import parse as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.parse import DeletedParseJob, ParseJob
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.resources import files, jobs, webhooks
from llamabatch_nb.engine.resources.checks import of_configuration, refuse
from llamabatch_nb.engine.resources.jobs import PARSE
from llamabatch_nb.engine.resources.parameters import recognising
from llamabatch_nb.engine.resources.parse_requests import ParseRequest, parameters_of, webhooks_of
from llamabatch_nb.engine.store import paging, snapshots
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row


class Source(NamedTuple):
    """What a job reads: the name that people know, and the blob with its size in bytes."""

    name: str
    blob: str
    size: int


def source_of(db: Db, request: ParseRequest, now: str) -> Source:
    """The file of the Files API that a request names. Raises ApiError 404, and 422 if it names none, two, or a URL."""
    if (request.file_id is None) == (request.source_url is None):
        raise refuse(["body"], "Give exactly one of file_id and source_url", "one_of")
    if request.file_id is None:
        raise refuse(
            ["body", "source_url"],
            "This engine fetches nothing from the network: download the document and upload it, or give its file_id",
        )
    row = files.get(db, request.file_id, now)
    return Source(row["name"], row["blob"], row["size"])


def create(
    db: Db,
    request: ParseRequest,
    source: Source,
    *,
    at: tuple[str, ...],
    ids: Ids,
    project_id: str,
    webhooks_anywhere: bool,
    now: str,
    ocr: bool = False,
) -> ParseJob:
    """A job of no batch. `at` is where the request's fields stand in the body. Call it inside a transaction.

    `ocr`: it is read with text recognition, whatever the request says.

    Raises ApiError 404 for an unknown configuration or webhook, and 422.
    """
    parameters = parameters_of(db, request, at)
    if ocr:
        parameters = recognising(parameters)
    saved, inline = webhooks_of(parameters)
    own = request.webhook_configuration_ids is not None or request.webhook_configurations is not None
    with of_configuration(None if own else request.configuration_id):
        told = webhooks.endpoints(db, saved, inline, anywhere=webhooks_anywhere)
    new = jobs.NewJob(
        id=new_id(db, ids),
        type=PARSE,
        snapshot_id=snapshots.keep(db, parameters),
        tier=parameters["tier"],
        configuration_id=request.configuration_id,
        user_metadata=None if request.user_metadata is None else json.dumps(request.user_metadata),
        webhooks=webhooks.kept(db, webhooks.concerning(told, "parse")),
        **source._asdict(),
    )
    jobs.add(db, [new], batch_id=None, project_id=project_id, now=now)
    return shown(jobs.get(db, new.id, PARSE))


def new_id(db: Db, ids: Ids) -> str:
    """An id for a job of no batch. A seeded engine may give that of a deleted job again."""
    number = db.execute("SELECT count(*) FROM jobs WHERE batch_id IS NULL AND type = ?", (PARSE,)).fetchone()[0]
    while True:
        job_id = ids.job("pjb", "alone", number)
        if db.execute("SELECT 1 FROM jobs WHERE id = ?", (job_id,)).fetchone() is None:
            return job_id
        number += 1


def delete(db: Db, job_id: str) -> DeletedParseJob:
    """Forget a job that has ended, and its result. Call it inside a transaction. Raises ApiError 404 and 409."""
    row = jobs.delete(db, job_id, PARSE)
    return DeletedParseJob(id=row["id"], project_id=row["project_id"])


def listed(db: Db, query: contract.ListParseJobs, size: int) -> Page[ParseJob]:
    """Newest first."""
    where = (
        Conditions()
        .add("type = ?", PARSE)
        .add("status = ?", query.status)
        .among("id", query.job_ids)
        .add("created_at >= ?", query.created_at_on_or_after)
        .add("created_at <= ?", query.created_at_on_or_before)
    )
    if query.page_token:
        where.add("seq < ?", *paging.key("parse", query.page_token, int))
    rows = where.select(db, "jobs", "seq DESC", size + 1)
    return paging.page("parse", rows, size, shown, lambda row: [row["seq"]])


def shown(row: Row) -> ParseJob:
    """A job without what has to be expanded."""
    metadata = row["user_metadata"]
    return ParseJob(
        id=row["id"],
        project_id=row["project_id"],
        status=row["status"],
        error_message=row["error_message"],
        name=row["name"],
        tier=row["tier"],
        user_metadata=None if metadata is None else json.loads(metadata),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
