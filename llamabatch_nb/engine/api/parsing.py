"""``/api/v2/parse``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.parse import ParseJob, ParseResult
from llamabatch_nb.engine.api.queries import GetParseJob, Here, ListParseJobs
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.resources import batches, jobs, parse_jobs, results

router = APIRouter()


@router.get(endpoints.list_parse_jobs.path)
def listed(query: Annotated[ListParseJobs, Query()], engine: Here) -> Page[ParseJob]:
    with engine.store.read() as db:
        return parse_jobs.listed(db, query, query.size)


@router.post(endpoints.cancel_parse_job.path)
def cancel(job_id: str, engine: Here) -> ParseJob:
    with engine.store.write() as db:
        job = jobs.cancel(db, job_id, jobs.PARSE, stamp(engine.clock()))
        batches.finish(db, job["batch_id"], stamp(engine.clock()))
    return parse_jobs.shown(job)


# A result is built key by key as documented; sending it through the model would copy every page twice more.
@router.get(endpoints.get_parse_job.path, response_model=ParseResult)
def get(job_id: str, query: Annotated[GetParseJob, Query()], engine: Here) -> JSONResponse:
    with engine.store.read() as db:
        row = jobs.get(db, job_id, jobs.PARSE)
        payload = jobs.payload(db, job_id) if query.expand else None
    return JSONResponse(results.answer(row, payload, query.expand, engine.billing))
