"""The outermost ASGI middleware of an engine with faults."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable

import anyio
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llamabatch_nb.engine.faults import veils
from llamabatch_nb.engine.faults.answer import Answer
from llamabatch_nb.engine.faults.cut import cut
from llamabatch_nb.engine.faults.plan import REFUSING, Fault
from llamabatch_nb.engine.faults.schedule import Schedule

log = logging.getLogger(__name__)

_REFUSALS: dict[str, tuple[int, str]] = {
    "too_many": (429, "Rate limit exceeded"),
    "too_many_bare": (429, "Rate limit exceeded"),
    "server_error": (500, "Internal server error (correlation ID: 00000000-0000-4000-8000-000000000000)"),
    "unavailable": (503, "Service unavailable"),
    "unauthorized": (401, "Invalid API key"),
    "out_of_credits": (402, "Not enough credits"),
    "not_found": (404, "Not found"),
}
#: How much of a body tells requests apart: the text parts of an upload come before its file.
_HEAD = 1 << 16
_BOUNDARY = re.compile(r'boundary="?([^";]+)')


class Faulty:
    """`sleep` is how an answer is slow."""

    def __init__(
        self, app: ASGIApp, schedule: Schedule, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    ) -> None:
        self._app = app
        self._schedule = schedule
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        body = _Body(receive)
        request = await _identity(scope, body) if self._schedule.draws else b""
        fault = self._schedule.befalls(method, path, request)
        kind = None if fault is None else fault.kind
        if kind is not None:
            log.info("%s %s: %s", method, path, kind)
        if kind == "drop_before":
            await cut(receive)
        elif fault is not None and kind in REFUSING:
            await body.drain()
            await _refusal(fault)(scope, receive, send)
        elif self._schedule.hides(method, path, request):
            await body.drain()
            await JSONResponse({"detail": f"Batch {path.rpartition('/')[2]!r} not found"}, 404)(scope, receive, send)
        elif kind is None and not (self._schedule.veils and veils.concern(method, path)):
            await self._app(scope, body, send)
        else:
            answer = Answer()
            await self._app(scope, body, answer)
            await self._pass_on(answer, fault, scope, receive, send)

    async def _pass_on(self, answer: Answer, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        """The engine has done what was asked: what becomes of its answer."""
        content = answer.content
        if isinstance(content, (dict, list)):
            veils.draw(content, scope["method"], scope["path"], self._schedule)
        match fault:
            case Fault("truncated") if answer.has_body:
                await answer.send(send, content, half=True)
                await cut(receive, flush=True)
            case Fault("drop_after" | "truncated"):
                await cut(receive)
            case Fault("error_after"):
                await _refusal(Fault("server_error"))(scope, receive, send)
            case Fault("slow"):
                await self._sleep(fault.seconds)
                await answer.send(send, content)
            case Fault("extra_fields"):
                veils.add_fields(content)
                await answer.send(send, content)
            case _:
                await answer.send(send, content)


class _Body:
    """A request's `receive`, of which the beginning may be looked at first."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: list[Message] = []
        self._ended = False

    async def __call__(self) -> Message:
        return self._kept.pop(0) if self._kept else await self._next()

    async def head(self) -> bytes:
        """The first `_HEAD` bytes, however they come."""
        head = b""
        while len(head) < _HEAD and not self._ended:
            self._kept.append(await self._next())
            head += self._kept[-1].get("body", b"")
        return head[:_HEAD]

    async def drain(self) -> None:
        """Read what comes: a server that answers before that closes the connection, and the client sees it broken."""
        while not self._ended:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._ended = not message.get("more_body")
        return message


def _refusal(fault: Fault) -> JSONResponse:
    status, detail = _REFUSALS[fault.kind]
    # Seconds may be a fraction, which the official SDK reads too: nobody has to wait a second in a test.
    headers = {"Retry-After": f"{fault.seconds:g}"} if fault.kind == "too_many" else None
    return JSONResponse({"detail": detail}, status, headers)


async def _identity(scope: Scope, body: _Body) -> bytes:
    """The same for a request that is sent again, whatever boundary its form has this time."""
    head = b"" if scope["method"] == "GET" else await body.head()
    boundary = _BOUNDARY.search(Headers(scope=scope).get("content-type", ""))
    if boundary:
        head = head.replace(boundary[1].encode(), b"")
    return hashlib.sha256(f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + head).digest()
