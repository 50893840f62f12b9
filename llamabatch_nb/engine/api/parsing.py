"""``/api/v2/parse``, and the results that its links lead to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from pydantic import ValidationError
from pydantic_core import to_json

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.parse import DeletedParseJob, ParseJob, ParseResult, ParseVersions, UploadParseForm
from llamabatch_nb.engine.api.downloads import HARMLESS, Linker, Signed
from llamabatch_nb.engine.api.forms import Upload, described, problem, upload
from llamabatch_nb.engine.api.queries import GetParseJob, Here, ListParseJobs
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.links import ROOT
from llamabatch_nb.engine.resources import artifacts, batches, jobs, parse_jobs, results, versions
from llamabatch_nb.engine.resources.parse_requests import ParseRequest
from llamabatch_nb.engine.resources.views import Views
from llamabatch_nb.engine.store import snapshots
from llamabatch_nb.engine.store.database import Db, Row

router = APIRouter()


@router.post(endpoints.create_parse_job.path)
def create(body: ParseRequest, engine: Here) -> ParseJob:
    now = stamp(engine.clock())
    with engine.store.write() as db:
        job = _create(db, engine, body, parse_jobs.source_of(db, body, now), at=("body",), now=now)
    engine.wake()
    return job


@router.post(endpoints.upload_parse_job.path, openapi_extra=described("file", UploadParseForm))
def uploaded(
    engine: Here, received: Annotated[Upload[UploadParseForm], Depends(upload("file", UploadParseForm))]
) -> ParseJob:
    request = _configuration(received.form.configuration)
    blob = received.file.finish(received.file_name)
    source = parse_jobs.Source(received.file_name, blob.name, blob.size)
    with engine.store.write() as db:
        job = _create(db, engine, request, source, at=("body", "configuration"), now=stamp(engine.clock()))
        received.file.keep()
    engine.wake()
    return job


@router.get(endpoints.list_parse_jobs.path)
def listed(query: Annotated[ListParseJobs, Query()], engine: Here) -> Page[ParseJob]:
    with engine.store.read() as db:
        return parse_jobs.listed(db, query, query.size)


@router.get(endpoints.list_parse_versions.path)
def listed_versions(_: Here) -> ParseVersions:
    return versions.shown()


# A result is built key by key as documented; sending it through the model would copy every page twice more. All of it,
# the bytes included, is made on a thread of its own, so that a long document keeps nobody waiting.
@router.get(endpoints.get_parse_job.path, response_model=ParseResult)
def get(job_id: str, query: Annotated[GetParseJob, Query()], engine: Here, link: Linker) -> Response:
    with engine.store.read() as db:
        row = jobs.get(db, job_id, jobs.PARSE)
        views = _views(db, row, query.expand) if query.expand else None
    body = results.answer(
        row, views, query.expand, image_filenames=query.image_filenames, billing=engine.billing, link=link
    )
    return Response(to_json(body, inf_nan_mode="null"), media_type="application/json")


@router.post(endpoints.cancel_parse_job.path)
def cancel(job_id: str, engine: Here) -> ParseJob:
    now = stamp(engine.clock())
    with engine.store.write() as db:
        job = jobs.cancel(db, job_id, jobs.PARSE, now)
        batches.finish(db, job["batch_id"], now)
    return parse_jobs.shown(job)


@router.delete(endpoints.delete_parse_job.path)
def delete(job_id: str, engine: Here) -> DeletedParseJob:
    with engine.store.write() as db:
        deleted = parse_jobs.delete(db, job_id)
    engine.clear()
    return deleted


@router.api_route(ROOT + results.to_result("{job_id}", "{key}"), methods=["GET", "HEAD"], include_in_schema=False)
def result(job_id: str, key: str, engine: Signed) -> Response:
    """A result as a file. It is made anew: links need nothing to be stored."""
    with engine.store.read() as db:
        row = jobs.get(db, job_id, jobs.PARSE)
        views = _views(db, row, [key + artifacts.SUFFIX])
    file = None if views is None else artifacts.make(key, row, views)
    if file is None:
        raise ApiError(404, f"Parse job {job_id!r} has no result {key!r}")
    if file.blob is not None:
        path = engine.blobs.path(file.blob)
        return FileResponse(path, headers=HARMLESS, media_type=file.media_type, filename=file.filename)
    headers = {**HARMLESS, "content-disposition": f'attachment; filename="{file.filename}"'}
    return Response(file.body, media_type=file.media_type, headers=headers)


def _create(
    db: Db, engine: Engine, request: ParseRequest, source: parse_jobs.Source, *, at: tuple[str, ...], now: str
) -> ParseJob:
    return parse_jobs.create(
        db,
        request,
        source,
        at=at,
        ids=engine.ids,
        project_id=engine.project.id,
        webhooks_anywhere=engine.webhooks_anywhere,
        now=now,
        ocr=engine.ocr,
    )


def _configuration(text: str) -> ParseRequest:
    """The part `configuration`: a JSON object in a string, which says nothing of where the document is."""
    try:
        request = ParseRequest.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [problem(one["type"], ["configuration", *one["loc"]], one["msg"]) for one in found]
        ) from None
    for field in ("file_id", "source_url"):
        if getattr(request, field) is not None:
            message = "The document is uploaded with this request: leave this out"
            raise RequestValidationError([problem("one_of", ["configuration", field], message)])
    return request


def _views(db: Db, row: Row, expand: Collection[str]) -> Views | None:
    """None for a job that has no result."""
    payload = jobs.payload(db, row["id"])
    return None if payload is None else Views(row, payload, snapshots.load(db, row["snapshot_id"]), expand)
