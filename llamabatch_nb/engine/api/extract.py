"""``/api/v2/extract``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.extract import (
    CreateExtractJob,
    ExtractJob,
    GeneratedSchema,
    GenerateSchema,
    ValidatedSchema,
    ValidateSchema,
)
from llamabatch_nb.engine.api.queries import DeleteExtractJob, GetExtractJob, Here, ListExtractJobs
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.extractors import plugins
from llamabatch_nb.engine.resources import batches, checks, extract_jobs, jobs, webhooks
from llamabatch_nb.engine.store import snapshots

router = APIRouter()


@router.post(endpoints.create_extract_job.path)
def create(body: CreateExtractJob, engine: Here) -> ExtractJob:
    with engine.store.read() as db:  # a large schema takes a second to check, for which no writer is to wait
        parameters = extract_jobs.parameters_of(db, body)
    with checks.of_configuration(body.configuration_id):
        at = ["body"] if body.configuration is None else ["body", "configuration"]
        plugins.check_name(parameters, engine.extractors, at)
    with engine.store.write() as db:
        told = webhooks.endpoints(
            db, body.webhook_configuration_ids, body.webhook_configurations, anywhere=engine.webhooks_anywhere
        )
        row = extract_jobs.create(
            db,
            body,
            parameters,
            webhooks=webhooks.concerning(told, "extract"),
            ids=engine.ids,
            project_id=engine.project.id,
            now=stamp(engine.clock()),
            ocr=engine.ocr,
            extractor=engine.digest_of(parameters),
        )
        job = extract_jobs.shown(db, row, parameters, (), engine.billing)
    engine.wake()
    return job


@router.get(endpoints.list_extract_jobs.path)
def listed(query: Annotated[ListExtractJobs, Query()], engine: Here) -> Page[ExtractJob]:
    if query.file_input is None and query.document_input_value:
        query = query.model_copy(update={"file_input": query.document_input_value})
    with engine.store.read() as db:
        return extract_jobs.listed(db, query, query.size, engine.billing)


@router.post(endpoints.validate_schema.path)
def validate_schema(body: ValidateSchema, _: Here) -> ValidatedSchema:
    extract_jobs.check_schema(body.data_schema)
    return ValidatedSchema(data_schema=body.data_schema)


@router.post(endpoints.generate_schema.path)
def generate_schema(body: GenerateSchema, engine: Here) -> GeneratedSchema:
    with engine.store.read() as db:
        return extract_jobs.generated(db, body, stamp(engine.clock()))


@router.get(endpoints.get_extract_job.path)
def get(job_id: str, query: Annotated[GetExtractJob, Query()], engine: Here) -> ExtractJob:
    with engine.store.read() as db:
        row = jobs.get(db, job_id, jobs.EXTRACT)
        return extract_jobs.shown(db, row, snapshots.load(db, row["snapshot_id"]), query.expand, engine.billing)


@router.post(endpoints.cancel_extract_job.path)
def cancel(job_id: str, engine: Here) -> ExtractJob:
    with engine.store.write() as db:
        row = extract_jobs.cancel(db, job_id, stamp(engine.clock()))
        batches.finish(db, row["batch_id"], stamp(engine.clock()))
        return extract_jobs.shown(db, row, snapshots.load(db, row["snapshot_id"]), (), engine.billing)


@router.delete(endpoints.delete_extract_job.path)
def delete(job_id: str, query: Annotated[DeleteExtractJob, Query()], engine: Here) -> dict[str, Any]:
    with engine.store.write() as db:
        row = jobs.delete(db, job_id, jobs.EXTRACT, force=bool(query.force))
        batches.finish(db, row["batch_id"], stamp(engine.clock()))
    engine.clear()
    return {"id": row["id"], "project_id": row["project_id"]}
