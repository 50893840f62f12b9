"""Uploads: multipart forms with texts and one file, read while they come, straight into the data folder.

FastAPI's own `UploadFile` would put a file into the system's temporary folder first, which is memory on many systems,
and hand it over when nothing can be refused any more. Here a byte is written once, hashed on the way, and the upload
ends where a limit does.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from pathlib import PurePosixPath
from typing import Any, Generic, NamedTuple, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from llamabatch_nb.engine.api.queries import Here
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.store.blobs import Incoming

M = TypeVar("M", bound=BaseModel)

#: Parts of a form; no endpoint has more than six.
_MAX_PARTS = 32
#: Bytes of all text parts together, and of the headers of one part. The largest text of the API is a JSON Schema of
#: 120,000 characters (contract.md section 6).
MAX_TEXT = 1 << 20
_MAX_HEADERS = 1 << 14
#: Of parsers: their own warns of each malformed form, which logging prints where nobody has set it up. What is wrong
#: with a form is for its sender, who gets a 400, and not for the server's terminal, which anybody could fill.
_SILENT = logging.getLogger(f"{__name__}.malformed")
_SILENT.setLevel(logging.CRITICAL)


class Upload(NamedTuple, Generic[M]):
    """`form` is the checked texts, `file` all bytes of the file, `file_name` the last part of what it was called."""

    form: M
    file: Incoming
    file_name: str


def upload(field: str, model: type[M]) -> Callable[..., AsyncIterator[Upload[M]]]:
    """A dependency: the form whose file part is `field`, with texts as `model` has them.

    It is refused with 422 in FastAPI's list form if a part is missing, unknown or wrong, with 413 if the file or the
    texts are too large, and with 400 if the form is malformed. What is not kept is gone after the request.
    """

    async def received(request: Request, engine: Here) -> AsyncIterator[Upload[M]]:
        with closing(engine.blobs.incoming()) as file:
            parts = _Parts(field, model, file, engine.max_file_bytes)
            await parts.read(request)
            yield Upload(parts.checked(), file, parts.file_name)

    return received


def described(field: str, model: type[BaseModel]) -> dict[str, Any]:
    """The request body of such an endpoint, for its OpenAPI description."""
    schema = model.model_json_schema()
    schema["properties"][field] = {"type": "string", "format": "binary", "title": "The file"}
    schema["required"] = [*schema.get("required", []), field]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def problem(kind: str, loc: Sequence[str | int], message: str, given: Any = None) -> dict[str, Any]:
    """One entry of a 422's list."""
    return {"type": kind, "loc": ["body", *loc], "msg": message, "input": given}


class _Parts:
    """What python-multipart tells of a form, part after part."""

    def __init__(self, field: str, model: type[BaseModel], file: Incoming, max_file_bytes: int) -> None:
        self.file_name = ""
        self._field, self._model, self._file, self._max_file_bytes = field, model, file, max_file_bytes
        self._texts: dict[str, str] = {}
        self._problems: list[dict[str, Any]] = []
        self._came = self._ended = False
        self._parts = self._text_bytes = 0
        self._header, self._value, self._headers = bytearray(), bytearray(), 0
        self._disposition = b""
        self._name = ""
        #: Where the bytes of the present part go: a text, the file, or nowhere.
        self._sink: bytearray | Incoming | None = None

    async def read(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data":
            self._ended = True  # nothing came, and that is said part by part
            return
        try:
            parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_end": self._finish,
                },
            )
            parser.logger = _SILENT
            async for chunk in request.stream():
                parser.write(chunk)
                if self._file.due:
                    await run_in_threadpool(self._file.flush)
        except (KeyError, FormParserError):
            raise ApiError(400, "This is no multipart form: send it as multipart/form-data with its boundary") from None
        except ClientDisconnect:
            pass
        if not self._ended:
            raise ApiError(400, "The form ends before its last boundary: send it again")

    def checked(self) -> Any:
        """The texts as the model has them. Raises RequestValidationError with everything that is wrong."""
        if not self._came:
            self._problems.append(problem("missing", [self._field], "Field required"))
        try:
            form = self._model.model_validate(self._texts)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
            self._problems += [problem(one["type"], one["loc"], one["msg"], one["input"]) for one in found]
        if self._problems:
            raise RequestValidationError(self._problems)
        return form

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise ApiError(400, f"The form has more than {_MAX_PARTS} parts")
        self._headers, self._disposition, self._name, self._sink = 0, b"", "", None

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._headers += end - start
        if self._headers > _MAX_HEADERS:
            raise ApiError(400, "The headers of a part of the form are too long")

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise ApiError(400, "A part of the form has no name")
        self._name = _text(options[b"name"])
        if b"filename" not in options:
            self._sink = bytearray()
        elif self._name != self._field:
            known = self._name in self._model.model_fields
            kind, message = ("string_type", "Input should be a text, not a file")
            if not known:
                kind, message = ("extra_forbidden", "Extra inputs are not permitted")
            self._problems.append(problem(kind, [self._name], message))
        elif self._came:
            self._problems.append(problem("too_many_files", [self._name], "There should be one file, not more"))
        else:
            self._came = True
            self._sink = self._file
            # Browsers of old sent whole paths, with either slash.
            self.file_name = PurePosixPath(_text(options[b"filename"]).replace("\\", "/")).name or "upload"

    def _data(self, data: bytes, start: int, end: int) -> None:
        if isinstance(self._sink, Incoming):
            self._sink.feed(data[start:end])
            if self._sink.size > self._max_file_bytes:
                raise too_large(self._max_file_bytes)
        elif self._sink is not None:
            self._sink += data[start:end]
            self._text_bytes += end - start
            if self._text_bytes > MAX_TEXT:
                raise ApiError(413, f"The texts of a form may have {MAX_TEXT} bytes at most", final=True)

    def _end(self) -> None:
        if isinstance(self._sink, bytearray):
            if self._name == self._field:
                self._problems.append(problem("file_type", [self._name], "Input should be a file, with a file name"))
                self._came = True
            else:
                self._texts[self._name] = _text(self._sink)

    def _finish(self) -> None:
        self._ended = True


def too_large(limit: int) -> ApiError:
    return ApiError(413, f"This file is too large: an upload may have {limit} bytes at most", final=True)


def _text(data: bytes | bytearray) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
