"""``/api/v1/beta/files``: the Files API."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.files import CreateFileForm, File, PresignedUrl, QueryFiles
from llamabatch_nb.engine.api.downloads import Linker, base
from llamabatch_nb.engine.api.forms import Upload, described, upload
from llamabatch_nb.engine.api.queries import GetFile, GetFileContent, Here, ListFiles
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.links import LIFETIME, to_file
from llamabatch_nb.engine.resources import files, projects
from llamabatch_nb.engine.store.paging import DEFAULT_SIZE, MAX_SIZE

router = APIRouter()


@router.post(endpoints.create_stored_file.path, openapi_extra=described("file", CreateFileForm))
def create(engine: Here, received: Annotated[Upload[CreateFileForm], Depends(upload("file", CreateFileForm))]) -> File:
    blob = received.file.finish(received.file_name)
    with engine.store.write() as db:
        file = files.create(
            db,
            name=received.file_name,
            purpose=received.form.purpose,
            external_file_id=received.form.external_file_id,
            blob=blob,
            ids=engine.ids,
            project_id=engine.project.id,
            now=stamp(engine.clock()),
        )
        received.file.keep()
    return file


@router.get(endpoints.list_stored_files.path)
def listed(query: Annotated[ListFiles, Query()], engine: Here, link: Linker) -> Page[File]:
    wanted = link if "download_url" in query.expand else None
    with engine.store.read() as db:
        return files.listed(db, query, query.size, stamp(engine.clock()), wanted)


@router.post(endpoints.query_stored_files.path, deprecated=True)
def queried(body: QueryFiles, engine: Here) -> Page[File]:
    projects.check(engine.project, body.filter.project_id if body.filter else None, None)
    with engine.store.read() as db:
        return files.queried(db, body, min(body.page_size or DEFAULT_SIZE, MAX_SIZE), stamp(engine.clock()))


@router.get(endpoints.get_stored_file.path)
def get(file_id: str, query: Annotated[GetFile, Query()], engine: Here, link: Linker) -> File:
    with engine.store.read() as db:
        row = files.get(db, file_id, stamp(engine.clock()))
    return files.shown(row, link if "download_url" in query.expand else None)


@router.get(endpoints.get_stored_file_content.path)
def content(
    file_id: str, query: Annotated[GetFileContent, Query()], engine: Here, base: Annotated[str, Depends(base)]
) -> PresignedUrl:
    now = engine.clock()
    with engine.store.read() as db:
        files.get(db, file_id, stamp(now))
    seconds = query.expires_at_seconds
    return engine.links.url(base, to_file(file_id), now, LIFETIME if seconds is None else timedelta(seconds=seconds))


@router.delete(endpoints.delete_stored_file.path, status_code=204)
def delete(file_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        files.delete(db, file_id, stamp(engine.clock()))
    engine.clear()
