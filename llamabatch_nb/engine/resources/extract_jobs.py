"""Extract jobs as the API makes and shows them (contract.md section 6)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from llamabatch_nb.contract import extract as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.extract import (
    ExtractConfiguration,
    ExtractJob,
    ExtractJobInfo,
    ExtractMetadata,
    ExtractUsage,
    FieldMetadata,
    GeneratedSchema,
    PagesUsage,
)
from llamabatch_nb.contract.parse import TERMINAL
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.extractors import SchemaError, read_payload, schemas
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.resources import checks, configurations, files, jobs
from llamabatch_nb.engine.resources.billing import Billing
from llamabatch_nb.engine.resources.jobs import EXTRACT, PARSE, NewJob
from llamabatch_nb.engine.resources.parameters import parse_behind, recognising
from llamabatch_nb.engine.store import endpoint_lists, paging, snapshots
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row

#: A parse job's id, where it stands for a file.
PARSE_JOB = "pjb-"


@dataclass(frozen=True, slots=True)
class Source:
    """What a job reads: bytes in the store, and the parse job that has read them, if there is one already."""

    name: str
    blob: str
    size: int
    parse_job_id: str | None = None


def parameters_of(db: Db, body: contract.CreateExtractJob) -> dict[str, Any]:
    """The ``extract_v2`` parameters that a job is created with. Raises ApiError 422, or 404 for a configuration."""
    if (body.configuration is None) == (body.configuration_id is None):
        raise checks.refuse(["body"], "Give exactly one of configuration_id and configuration.")
    if body.configuration_id is not None:
        saved = configurations.get(db, body.configuration_id)
        if saved.product_type != EXTRACT:
            why = f"Configuration {saved.id!r} is for {saved.product_type}, not for {EXTRACT}"
            raise checks.refuse(["body", "configuration_id"], why)
        return dict(saved.parameters)
    parameters = {"product_type": EXTRACT, **(body.configuration or {})}
    checks.check(parameters, ["body", "configuration"])
    reading = parameters.get("parse_config_id")
    if isinstance(reading, str):
        product = configurations.get(db, reading).product_type
        if product != PARSE:
            why = f"Configuration {reading!r} is for {product}, not for {PARSE}"
            raise checks.refuse(["body", "configuration", "parse_config_id"], why)
    return parameters


def create(
    db: Db,
    body: contract.CreateExtractJob,
    parameters: Mapping[str, Any],
    *,
    webhooks: str | None,
    ids: Ids,
    project_id: str,
    now: str,
    ocr: bool = False,
    extractor: str | None = None,
) -> Row:
    """A job without a batch, and the parse job behind it unless one is given. Call it inside a transaction.

    `webhooks` is the JSON list of endpoints to tell, `extractor` the digest of the plug-in that it is for; `ocr`: the
    file is read with text recognition.

    Raises ApiError 404 for an unknown file or parse job, 422 for a parse job that is not COMPLETED.
    """
    source = _source(db, body.file_input, now)
    number = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM jobs").fetchone()[0]
    file: dict[str, Any] = {"name": source.name, "blob": source.blob, "size": source.size}
    new: list[NewJob] = []
    parse_job_id = source.parse_job_id
    if parse_job_id is None:
        reading = parse_behind(db, parameters)
        reading = recognising(reading) if ocr else reading
        parse_job_id = ids.job("pjb", "extract", number)
        kept = snapshots.keep(db, reading)
        new.append(NewJob(id=parse_job_id, type=PARSE, snapshot_id=kept, tier=reading["tier"], **file))
    job_id = ids.job("ext", "alone", number)
    new.append(
        NewJob(
            id=job_id,
            type=EXTRACT,
            snapshot_id=snapshots.keep(db, parameters),
            tier=parameters.get("tier"),
            configuration_id=body.configuration_id,
            file_input=body.file_input,
            parse_job_id=parse_job_id,
            extractor=extractor,
            webhooks=None if webhooks is None else endpoint_lists.keep(db, webhooks),
            **file,
        )
    )
    jobs.add(db, new, batch_id=None, project_id=project_id, now=now)
    return jobs.get(db, job_id, EXTRACT)


def cancel(db: Db, job_id: str, now: str) -> Row:
    """Stop it, and the parse job behind it where nobody else waits for that. Call it inside a transaction."""
    job = jobs.cancel(db, job_id, EXTRACT, now)
    waiting = db.execute(
        "SELECT 1 FROM jobs AS parse WHERE id = ? AND status = 'PENDING' AND NOT EXISTS "
        "(SELECT 1 FROM jobs WHERE parse_job_id = parse.id AND status = 'PENDING')",
        (job["parse_job_id"],),
    )
    if waiting.fetchone() is not None:
        jobs.cancel(db, job["parse_job_id"], PARSE, now)
    return job


def listed(db: Db, query: contract.ListExtractJobs, size: int, billing: Billing) -> Page[ExtractJob]:
    """Newest first, with results; `usage` is told job by job alone."""
    where = (
        Conditions()
        .add("type = ?", EXTRACT)
        .add("status = ?", query.status)
        .add("configuration_id = ?", query.configuration_id)
        .add("file_input = ?", query.file_input)
        .among("id", query.job_ids)
        .add("created_at >= ?", query.created_at_on_or_after)
        .add("created_at <= ?", query.created_at_on_or_before)
    )
    if query.document_input_type is not None:
        of_parse_job = query.document_input_type == "parse_job_id"
        where.add(f"file_input {'' if of_parse_job else 'NOT '}GLOB ?", f"{PARSE_JOB}*")
    if query.page_token:
        where.add("seq < ?", *paging.key("extract", query.page_token, int))
    rows = where.select(db, "jobs", "seq DESC", size + 1)
    told: dict[str, dict[str, Any]] = {}

    def item(row: Row) -> ExtractJob:
        snapshot = row["snapshot_id"]
        if snapshot not in told:
            told[snapshot] = snapshots.load(db, snapshot)
        return shown(db, row, told[snapshot], set(query.expand) - {"usage"}, billing)

    return paging.page("extract", rows, size, item, lambda row: [row["seq"]])


def shown(db: Db, row: Row, parameters: Mapping[str, Any], expand: Collection[str], billing: Billing) -> ExtractJob:
    """The job, with its result where it is COMPLETED."""
    payload = jobs.payload(db, row["id"]) if row["status"] == "COMPLETED" else None
    content = {"result": None, "field_metadata": None} if payload is None else read_payload(payload)
    metadata = usage = configuration = None
    cited = parameters.get("cite_sources") or parameters.get("confidence_scores")
    if payload is not None and (cited or "extract_metadata" in expand):
        metadata = _metadata(db, row, content["field_metadata"])
    if payload is not None and "usage" in expand:
        usage = _usage(db, row, billing)
    if "configuration" in expand:
        told = {name: value for name, value in parameters.items() if name != "product_type"}
        configuration = ExtractConfiguration.model_validate(told)
    pages = row["pages"]
    return ExtractJob(
        id=row["id"],
        file_input=row["file_input"],
        project_id=row["project_id"],
        status=row["status"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        configuration_id=row["configuration_id"],
        configuration=configuration,
        error_message=row["error_message"],
        extract_result=content["result"],
        extract_metadata=metadata,
        metadata=None
        if payload is None
        else ExtractJobInfo(usage=PagesUsage(num_pages_extracted=pages, num_pages_billed=pages)),
        usage=usage,
    )


def generated(db: Db, body: contract.GenerateSchema, now: str) -> GeneratedSchema:
    """A configuration to be saved: with the schema that was given. Nothing here could write one from a prompt.

    Raises ApiError 422, or 404 for an unknown file.
    """
    if body.file_id is not None:
        files.get(db, body.file_id, now)
    if body.data_schema is None:
        why = "This engine has no language model to write a schema: give one as data_schema, and it is checked."
        raise checks.refuse(["body", "data_schema"], why)
    check_schema(body.data_schema)
    return GeneratedSchema(
        name=body.name or _name(body.data_schema),
        parameters={"product_type": EXTRACT, "data_schema": body.data_schema},
    )


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises ApiError 422, whose `msg` begins with the JSON Pointer of what is wrong."""
    try:
        schemas.check(schema)
    except SchemaError as error:
        raise ApiError(422, error.detail("body", "data_schema")) from None


def _source(db: Db, file_input: str, now: str) -> Source:
    if file_input.startswith(PARSE_JOB):
        parse = jobs.get(db, file_input, PARSE)
        if parse["status"] != "COMPLETED":
            next_step = "extract from another one" if parse["status"] in TERMINAL else "wait for its end"
            why = f"Parse job {file_input!r} is {parse['status']} and not COMPLETED: {next_step}"
            raise checks.refuse(["body", "file_input"], why)
        return Source(parse["name"], parse["blob"], parse["size"], parse["id"])
    file = files.get(db, file_input, now)
    return Source(file["name"], file["blob"], file["size"])


def _metadata(db: Db, row: Row, fields: Mapping[str, Any] | None) -> ExtractMetadata:
    parse = db.execute("SELECT tier FROM jobs WHERE id = ?", (row["parse_job_id"],)).fetchone()
    return ExtractMetadata(
        field_metadata=None if fields is None else FieldMetadata.model_validate(fields),
        parse_job_id=row["parse_job_id"],
        parse_tier=None if parse is None else parse["tier"],
    )


def _usage(db: Db, row: Row, billing: Billing) -> ExtractUsage:
    """A parse job that was deleted is not counted any more."""
    parse = db.execute("SELECT id, pages FROM jobs WHERE id = ?", (row["parse_job_id"],)).fetchone()
    extracting = billing.credits(row["id"], row["pages"])
    parsing = 0.0 if parse is None else billing.credits(parse["id"], parse["pages"] or 0)
    if extracting is None or parsing is None:
        return ExtractUsage()
    return ExtractUsage(credits=extracting + parsing, extract_credits=extracting, parse_credits=parsing)


def _name(schema: Mapping[str, Any]) -> str:
    """From its title and content, so that the same schema has the same name."""
    digest = hashlib.sha256(json.dumps(schema).encode()).hexdigest()[:8]
    title = re.sub(r"\W+", "-", str(schema.get("title") or "schema")).strip("-")[:60]
    return f"{title or 'schema'}-{digest}"
