"""What holds for every request: somebody must be signed in, and whatever happens is answered in JSON."""

from __future__ import annotations

import logging
import uuid
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware. Outside the application, so that a stranger's upload is refused before it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
        elif not _signed_in(Headers(scope=scope)):
            await _json(401, "Not authenticated: send any API key as `Authorization: Bearer …`")(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if started:
                raise
            # The service's 500 says a correlation id inside `detail` (contract.md section 8).
            correlation = uuid.uuid4()
            log.exception("%s %s failed (correlation ID %s)", scope["method"], scope["path"], correlation)
            await _json(500, f"Internal server error (correlation ID: {correlation})")(scope, receive, send)


def _signed_in(headers: Headers) -> bool:
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key.strip():
        return True
    try:
        session = SimpleCookie(headers.get("cookie", "")).get("session")
    except CookieError:
        return False
    return session is not None and bool(session.value)


def _json(status: int, detail: Any) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)
