"""``/api/v1/beta/directories`` and the files in them."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page, UserMetadata
from llamabatch_nb.contract.directories import (
    AddDirectoryFile,
    CreateDirectory,
    Directory,
    DirectoryFile,
    UpdateDirectory,
    UpdateDirectoryFile,
    UploadForm,
)
from llamabatch_nb.engine.api.downloads import Linker
from llamabatch_nb.engine.api.forms import Upload, described, problem, upload
from llamabatch_nb.engine.api.queries import GetDirectoryFile, Here, ListDirectories, ListDirectoryFiles
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.resources import directories, directory_files

router = APIRouter()

_metadata: TypeAdapter[UserMetadata] = TypeAdapter(UserMetadata)
_FILE = "upload_file"


@router.post(endpoints.create_directory.path)
def create(body: CreateDirectory, engine: Here) -> Directory:
    with engine.store.write() as db:
        directory = directories.create(db, body, engine.ids, engine.project.id, engine.clock())
    engine.clear()  # those past their time have ended
    return directory


@router.get(endpoints.list_directories.path)
def listed(query: Annotated[ListDirectories, Query()], engine: Here) -> Page[Directory]:
    with engine.store.read() as db:
        return directories.listed(db, query, query.size, stamp(engine.clock()))


@router.get(endpoints.get_directory.path)
def get(directory_id: str, engine: Here) -> Directory:
    with engine.store.read() as db:
        return directories.get(db, directory_id, stamp(engine.clock()))


@router.patch(endpoints.update_directory.path)
def update(directory_id: str, body: UpdateDirectory, engine: Here) -> Directory:
    with engine.store.write() as db:
        directory = directories.update(db, directory_id, body, stamp(engine.clock()))
    engine.clear()
    return directory


@router.delete(endpoints.delete_directory.path, status_code=204)
def delete(directory_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        directories.delete(db, directory_id, stamp(engine.clock()))
    engine.clear()


# An answer that is a model is checked by FastAPI in a thread, once more: for a small upload one hop in two.
@router.post(endpoints.upload_file.path, response_model=DirectoryFile, openapi_extra=described(_FILE, UploadForm))
def upload_file(
    directory_id: str, engine: Here, received: Annotated[Upload[UploadForm], Depends(upload(_FILE, UploadForm))]
) -> Response:
    form, name = received.form, received.file_name
    metadata = _checked(form.metadata)
    blob = received.file.finish(name, form.display_name or "")
    with engine.store.write() as db:
        file = directory_files.upload(
            db,
            directory_id,
            file_name=name,
            external_file_id=form.external_file_id,
            display_name=form.display_name or name,
            unique_id=form.unique_id or form.external_file_id or form.display_name or name,
            metadata=metadata,
            blob=blob,
            ids=engine.ids,
            now=stamp(engine.clock()),
        )
        received.file.keep()
    return Response(file.model_dump_json(), media_type="application/json")


@router.post(endpoints.add_file.path)
def add_file(directory_id: str, body: AddDirectoryFile, engine: Here) -> DirectoryFile:
    with engine.store.write() as db:
        return directory_files.add(
            db,
            directory_id,
            body.file_id,
            display_name=body.display_name,
            unique_id=body.unique_id,
            metadata=None if body.metadata is None else json.dumps(body.metadata),
            ids=engine.ids,
            now=stamp(engine.clock()),
        )


@router.get(endpoints.list_files.path)
def listed_files(
    directory_id: str, query: Annotated[ListDirectoryFiles, Query()], engine: Here, link: Linker
) -> Page[DirectoryFile]:
    wanted = link if "download_url" in query.expand else None
    with engine.store.read() as db:
        return directory_files.listed(db, directory_id, query, query.size, stamp(engine.clock()), link=wanted)


@router.get(endpoints.get_file.path)
def get_file(
    directory_id: str,
    directory_file_id: str,
    query: Annotated[GetDirectoryFile, Query()],
    engine: Here,
    link: Linker,
) -> DirectoryFile:
    wanted = link if "download_url" in query.expand else None
    with engine.store.read() as db:
        return directory_files.get(db, directory_id, directory_file_id, stamp(engine.clock()), wanted)


@router.patch(endpoints.update_file.path)
def update_file(directory_id: str, directory_file_id: str, body: UpdateDirectoryFile, engine: Here) -> DirectoryFile:
    with engine.store.write() as db:
        return directory_files.update(db, directory_id, directory_file_id, body, stamp(engine.clock()))


@router.delete(endpoints.delete_file.path, status_code=204)
def delete_file(directory_id: str, directory_file_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        directory_files.delete(db, directory_id, directory_file_id, stamp(engine.clock()))
    engine.clear()


def _checked(text: str | None) -> str | None:
    """The part is a JSON object in a string, with the values that a file's metadata may have."""
    if text is None:
        return None
    try:
        return json.dumps(_metadata.validate_json(text))
    except ValidationError as error:
        # A value is tried as each type that it may have, which would be told type by type.
        wrong = {one["loc"][:1]: one for one in error.errors(include_url=False, include_context=False)}
    values = "Input should be a string, a number, a boolean, null or a list of strings"
    raise RequestValidationError(
        [
            problem("metadata_type", ["metadata", *loc], values, one["input"])
            if loc
            else problem("json_type", ["metadata"], "Input should be a JSON object", text)
            for loc, one in wrong.items()
        ]
    )
