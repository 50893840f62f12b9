"""The way between a client and the engine, as long and as narrow as the cloud's: latency, and a limit on uploads."""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable

import anyio
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Over how many seconds the cloud counts uploads (contract.md section 8).
WINDOW_SECONDS = 5.0
_UPLOAD = re.compile(r"/api/v1/beta/directories/[^/]+/files/upload|/api/v1/beta/files|/api/v2/parse/upload")


class Line:
    """ASGI middleware. Time and sleep are parameters, for tests.

    Args:
        app: What is at the other end.
        latency: Seconds that every answer takes longer. Nothing waits for it but that answer.
        uploads_per_second: How many uploads, of whatever kind, are let in, on average over `WINDOW_SECONDS`; those
            beyond are answered 429, with the seconds after which there is room in ``Retry-After``. None: any number.
        monotonic: The time by which uploads are counted, in seconds.
        sleep: How `latency` passes.

    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        latency: float = 0.0,
        uploads_per_second: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._app = app
        self._latency = latency
        self._room = None if uploads_per_second is None else max(1, math.floor(uploads_per_second * WINDOW_SECONDS))
        self._monotonic = monotonic
        self._sleep = sleep
        self._let_in: deque[float] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def later(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._sleep(self._latency)
            await send(message)

        answer = later if self._latency else send
        wait = self._wait() if scope["method"] == "POST" and _UPLOAD.fullmatch(scope["path"]) else 0.0
        if wait:
            # Read to its end: a server that answers early closes the connection, and the client sees a broken pipe.
            while (await receive()).get("more_body"):
                pass
            detail = "Too many uploads: the limit of this project is reached"
            refusal = JSONResponse({"detail": detail}, 429, {"Retry-After": str(math.ceil(wait))})
            await refusal(scope, receive, answer)
        else:
            await self._app(scope, receive, answer)

    def _wait(self) -> float:
        """Seconds until the next upload is let in; 0 if it is let in now, and then it is counted."""
        if self._room is None:
            return 0.0
        now = self._monotonic()
        while self._let_in and now - self._let_in[0] >= WINDOW_SECONDS:
            self._let_in.popleft()
        if len(self._let_in) >= self._room:
            return WINDOW_SECONDS - (now - self._let_in[0])
        self._let_in.append(now)
        return 0.0
