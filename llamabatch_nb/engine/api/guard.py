"""What holds for every request: somebody is signed in, bodies have bounds, and whatever happens is answered in JSON."""

from __future__ import annotations

import logging
import re
import uuid
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llamabatch_nb.contract import endpoints
from llamabatch_nb.engine.api.forms import MAX_TEXT, too_large
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.errors import ApiError, EngineError
from llamabatch_nb.engine.store.database import trouble

log = logging.getLogger(__name__)

#: Where files are sent to, which `forms` reads. Any other body FastAPI reads into memory.
_UPLOADS = re.compile(
    "|".join(
        re.sub(r"\{\w+\}", "[^/]+", endpoint.path)
        for endpoint in (endpoints.upload_file, endpoints.create_stored_file, endpoints.upload_parse_job)
    )
)
#: Bytes of such a body. The largest is a configuration with a JSON Schema, of which 120,000 characters are
#: allowed (contract.md section 6).
MAX_BODY = 8 << 20
#: What a form has beside its file and its texts: boundaries and headers.
_FRAME = 1 << 20
_FINAL = {"x-should-retry": "false"}


class Guard:
    """ASGI middleware. Outside the application, so that a stranger's upload is refused before it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        engine: Engine = scope["app"].state.engine
        if scope["path"].startswith("/api/") and not _signed_in(headers):
            await _json(401, "Not authenticated: send any API key as `Authorization: Bearer …`")(scope, receive, send)
            return
        refusal, most = ApiError(413, f"A body may have {MAX_BODY} bytes at most"), MAX_BODY
        if _UPLOADS.fullmatch(scope["path"]):
            refusal, most = too_large(engine.max_file_bytes), engine.max_file_bytes + MAX_TEXT + _FRAME
        length = headers.get("content-length", "")
        if length.isdecimal() and (len(length) > len(str(most)) or int(length) > most):
            await _json(413, refusal.detail, _FINAL)(scope, receive, send)
        else:
            await self._answer(scope, _bounded(receive, most, refusal), send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except EngineError as error:  # it is closed, and stays so
            if started:
                raise
            await _json(503, str(error), _FINAL)(scope, receive, send)
        except Exception as error:
            if started:
                raise
            if known := trouble(error):
                log.warning("%s %s: %s (%s)", scope["method"], scope["path"], known.sentence, error)
                status, headers = (507, _FINAL) if known.full else (503, None)
                await _json(status, known.sentence, headers)(scope, receive, send)
                return
            # The service's 500 says a correlation id inside `detail` (contract.md section 8).
            correlation = uuid.uuid4()
            log.exception("%s %s failed (correlation ID %s)", scope["method"], scope["path"], correlation)
            await _json(500, f"Internal server error (correlation ID: {correlation})")(scope, receive, send)


def _bounded(receive: Receive, most: int, refusal: ApiError) -> Receive:
    """For bodies without a length, or with a wrong one. FastAPI makes a 400 of most errors here, but not of this."""
    left = most

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(refusal.status, refusal.detail, _FINAL)
        return message

    return bounded


def _signed_in(headers: Headers) -> bool:
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key.strip():
        return True
    try:
        session = SimpleCookie(headers.get("cookie", "")).get("session")
    except CookieError:
        return False
    return session is not None and bool(session.value)


def _json(status: int, detail: Any, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
