"""A service in this process: HTTP semantics without a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

_Message = MutableMapping[str, Any]
_App = Callable[[_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]]


def in_process(app: _App) -> httpx.AsyncBaseTransport:
    """A transport into an ASGI app. An exception in the app is a 500, as it would be over a socket.

    Only a ConnectionError, which an app raises to end the connection, is what a client sees then: httpx.ReadError, or
    httpx.RemoteProtocolError in the middle of an answer.
    """
    return _InProcess(app)


class _InProcess(httpx.AsyncBaseTransport):
    def __init__(self, app: _App) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        started = ended = False
        failure: Exception | None = None

        async def watched(
            scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
        ) -> None:
            nonlocal failure

            async def sent(message: _Message) -> None:
                nonlocal started, ended
                started = True
                ended = message["type"] == "http.response.body" and not message.get("more_body")
                await send(message)

            try:
                await self._app(scope, receive, sent)
            except Exception as error:
                failure = error
                raise

        # ASGITransport keeps the whole answer back until the app has ended, so nothing of a broken one is seen.
        response = await httpx.ASGITransport(app=watched, raise_app_exceptions=False).handle_async_request(request)
        if failure is None or ended:
            return response
        if started:
            raise httpx.RemoteProtocolError("The in-process service ended its answer in the middle")
        if isinstance(failure, ConnectionError):
            raise httpx.ReadError("The in-process service ended the connection without an answer")
        return response
