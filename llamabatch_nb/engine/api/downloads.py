"""What presigned links lead to, ``/links/…``: no key is asked for, a signature is."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse

from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.links import ROOT, Link, to_directory_file, to_file, to_image
from llamabatch_nb.engine.resources import directory_files, files

#: Ids and file names as this engine makes them: no dot first, no slash, and no longer than a file system takes.
_PLAIN = re.compile(r"\w[\w.-]{0,199}", re.ASCII)
_NAME_BYTES, _ENDING_BYTES = 255, 16
#: What Python's own table does not know on every system.
_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".md": "text/markdown",
    ".webp": "image/webp",
}
#: Documents are hostile: a web page among them is neither shown, nor taken for something else, nor may it run.
HARMLESS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "private",
}


def base(request: Request) -> str:
    """The address of this server as the request has it, which links to it begin with."""
    return str(request.base_url)


def _linker(request: Request, address: Annotated[str, Depends(base)]) -> Link:
    engine: Engine = request.app.state.engine
    return lambda path: engine.links.url(address, path, engine.clock())


#: Makes links for the request's answer, good for as long as links are.
Linker = Annotated[Link, Depends(_linker)]


def signed(request: Request, expires: str = "", signature: str = "") -> Engine:
    """The engine, if the request's path was signed by it and has not expired; otherwise a 403."""
    engine: Engine = request.app.state.engine
    path = request.scope["path"].removeprefix(ROOT)
    # Python refuses to read numbers of more than 4,300 digits, with an error.
    engine.links.check(path, int(expires) if re.fullmatch(r"[0-9]{1,20}", expires) else 0, signature, engine.clock())
    return engine


Signed = Annotated[Engine, Depends(signed)]
# Not in the OpenAPI description: nothing here is an endpoint of the service, whose links go to a store of files.
router = APIRouter(prefix=ROOT, include_in_schema=False)


@router.api_route(to_file("{file_id}"), methods=["GET", "HEAD"])
def file(file_id: str, engine: Signed) -> FileResponse:
    with engine.store.read() as db:
        row = files.get(db, file_id, stamp(engine.clock()))
    return _sent(engine.blobs.path(row["blob"]), row["name"])


@router.api_route(to_directory_file("{directory_file_id}"), methods=["GET", "HEAD"])
def directory_file(directory_file_id: str, engine: Signed) -> FileResponse:
    with engine.store.read() as db:
        row = directory_files.content(db, directory_file_id, stamp(engine.clock()))
    return _sent(engine.blobs.path(row["blob"]), row["display_name"])


@router.api_route(to_image("{job_id}", "{filename}"), methods=["GET", "HEAD"])
def image(job_id: str, filename: str, engine: Signed) -> FileResponse:
    if not (_PLAIN.fullmatch(job_id) and _PLAIN.fullmatch(filename)):
        raise ApiError(404, f"Image {filename!r} not found")
    path = (engine.images / job_id / filename).resolve()
    if not path.is_relative_to(engine.images.resolve()):
        raise ApiError(404, f"Image {filename!r} not found")
    return _sent(path, filename)


def _cut(name: str) -> str:
    """`name` in 255 bytes, which is what file systems take, its extension kept: clients bound headers as well.

    (65,536 bytes a line in Python's own; a name of any length may have been given to a file.)
    """
    data = name.encode()
    if len(data) <= _NAME_BYTES:
        return name
    ending = PurePosixPath(name).suffix.encode()
    ending = ending if len(ending) <= _ENDING_BYTES else b""
    return (data[: _NAME_BYTES - len(ending)] + ending).decode(errors="ignore")


def _sent(path: Path, name: str) -> FileResponse:
    """The file under a name that is only shown: `path` was not made of it."""
    if not path.is_file():
        raise ApiError(404, f"The content of {name!r} is not there any more")
    suffix = path.suffix.lower()
    kind = _TYPES.get(suffix) or mimetypes.guess_type(f"a{suffix}")[0] or "application/octet-stream"
    answer = FileResponse(path, headers=HARMLESS, media_type=kind, filename=_cut(name), stat_result=path.stat())
    answer.headers["content-type"] = kind  # Starlette says of every text that it is UTF-8, which nobody knows
    return answer
