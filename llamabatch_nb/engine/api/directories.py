"""``/api/v1/beta/directories`` and the files in them."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Form, Query, Response, UploadFile
from fastapi.exceptions import RequestValidationError

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.directories import AddDirectoryFile, CreateDirectory, Directory, DirectoryFile, UploadForm
from llamabatch_nb.engine.api.queries import Here, ListDirectories, ListDirectoryFiles
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.resources import directories

router = APIRouter()


class Upload(UploadForm):
    """All parts of the form. The file comes last and is on the disk before we see it."""

    upload_file: UploadFile


@router.post(endpoints.create_directory.path)
def create(body: CreateDirectory, engine: Here) -> Directory:
    with engine.store.write() as db:
        return directories.create(db, body, engine.ids, engine.project.id, engine.clock())


@router.get(endpoints.list_directories.path)
def listed(query: Annotated[ListDirectories, Query()], engine: Here) -> Page[Directory]:
    with engine.store.read() as db:
        return directories.listed(db, query, query.size)


@router.get(endpoints.get_directory.path)
def get(directory_id: str, engine: Here) -> Directory:
    with engine.store.read() as db:
        return directories.get(db, directory_id)


@router.delete(endpoints.delete_directory.path, status_code=204)
def delete(directory_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        directories.delete(db, directory_id, stamp(engine.clock()))


# An answer that is a model is checked by FastAPI in a thread, once more: for a small upload one hop in two.
@router.post(endpoints.upload_file.path, response_model=DirectoryFile)
def upload(directory_id: str, form: Annotated[Upload, Form()], engine: Here) -> Response:
    metadata = _metadata(form.metadata)
    # Browsers of old sent whole paths, with either slash.
    file_name = PurePosixPath((form.upload_file.filename or "").replace("\\", "/")).name or "upload"
    with engine.store.read() as db:
        directories.get(db, directory_id)  # before the bytes are kept
    blob = engine.blobs.add(form.upload_file.file, form.display_name or file_name)
    with engine.store.write() as db:
        file = directories.upload_file(
            db,
            directory_id,
            file_name=file_name,
            external_file_id=form.external_file_id,
            display_name=form.display_name or file_name,
            unique_id=form.unique_id or form.external_file_id or form.display_name or file_name,
            metadata=metadata,
            blob=blob,
            ids=engine.ids,
            now=stamp(engine.clock()),
        )
    return Response(file.model_dump_json(), media_type="application/json")


@router.post(endpoints.add_file.path)
def add(directory_id: str, body: AddDirectoryFile, engine: Here) -> DirectoryFile:
    with engine.store.write() as db:
        return directories.add_file(
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
def listed_files(directory_id: str, query: Annotated[ListDirectoryFiles, Query()], engine: Here) -> Page[DirectoryFile]:
    with engine.store.read() as db:
        return directories.listed_files(db, directory_id, query, query.size)


@router.get(endpoints.get_file.path)
def get_file(directory_id: str, directory_file_id: str, engine: Here) -> DirectoryFile:
    with engine.store.read() as db:
        return directories.get_file(db, directory_id, directory_file_id)


@router.delete(endpoints.delete_file.path, status_code=204)
def delete_file(directory_id: str, directory_file_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        directories.delete_file(db, directory_id, directory_file_id, stamp(engine.clock()))


def _metadata(text: str | None) -> str | None:
    """The part is a JSON object in a string, and is kept as one."""
    if text is None:
        return None
    try:
        if isinstance(json.loads(text), dict):
            return text
    except ValueError:
        pass
    problem = {"type": "json_type", "loc": ["body", "metadata"], "msg": "Input should be a JSON object", "input": text}
    raise RequestValidationError([problem])
