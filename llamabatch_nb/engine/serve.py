"""The engine as a server on a socket: what ``llamabatch-nb serve`` runs."""

from __future__ import annotations

import errno
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.errors import EngineError
from llamabatch_nb.engine.webhooks.targets import is_here

#: How long connections may go on when the server is asked to stop. Batches go on at the next start anyway.
_GRACE_SECONDS = 3
_HOSTS = "127.0.0.1, 0.0.0.0 for all addresses of this machine, or one of them"


class _Server(uvicorn.Server):
    """Says where it listens once it does, which people and tests wait for."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)  # noqa: T201


def serve(host: str, port: int, data: Path | str, **options: Any) -> None:
    """Serve an engine over `data` until SIGINT or SIGTERM; then close it and return. Call it on the main thread.

    Port 0 takes a free one; the line ``listening on http://HOST:PORT`` names the real one as soon as connections are
    accepted. `options` are those of `Engine`. Unfinished batches go on at the next start over the same folder.

    On a loopback address only requests for this machine's names are answered (`LocalNames`). On another one anybody who
    can reach it is let in, and a line on stderr says so.

    Raises EngineError if the address is taken, unknown or not ours, or the folder cannot be used.
    """
    listener = _listen(host, port)
    here = is_here(listener.getsockname()[0])
    if not here:
        print(  # noqa: T201
            f"llamabatch-nb: anybody who can reach {host} can read and change the documents here: any key is taken.",
            file=sys.stderr,
            flush=True,
        )
    # uvicorn stops on these signals, puts the handlers of before back, and raises the signal again. With the default
    # handler SIGTERM would then end the process before the engine is closed.
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        with Engine(data, **options) as engine:
            config = uvicorn.Config(
                LocalNames(engine.app) if here else engine.app,
                lifespan="off",
                log_level="warning",
                access_log=False,  # below that level anyway, but put together for every request
                proxy_headers=False,  # nobody asks who the client is
                ws="none",
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
            _Server(config).run([listener])
    except (KeyboardInterrupt, _StopError):
        pass
    finally:
        listener.close()
        signal.signal(signal.SIGTERM, before)


class LocalNames:
    """ASGI middleware: refuses what was not sent to localhost or a loopback address.

    A web page elsewhere can have its own name lead here (DNS rebinding); its scripts would then be of one origin with
    this server, and could read the documents with any key. Without that they cannot: a browser asks before it sends
    the ``Authorization`` that every endpoint needs, and is refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = Headers(scope=scope).get("host", "")
            if not is_here(_host(named)):
                detail = f"This engine answers to localhost, not to {named!r}: serve it with --host on that address"
                await JSONResponse({"detail": detail}, 421)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _host(named: str) -> str:
    try:
        return urlsplit(f"//{named}").hostname or ""
    except ValueError:
        return ""


class _StopError(BaseException):
    """SIGTERM, on its way out of whatever the main thread does."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _StopError


def _listen(host: str, port: int) -> socket.socket:
    if port not in range(1 << 16):  # getaddrinfo would take it modulo 65,536
        raise EngineError(f"Cannot listen on {host}:{port}: ports go from 1 to 65535, and 0 takes any that is free.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if sys.platform != "win32":  # there it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        # A name that nobody knows (gaierror), or an address of another machine: no other port would help.
        of_the_host = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
        next_step = f"Give {_HOSTS} as the host." if of_the_host else "Choose another port, or 0 for any."
        raise EngineError(f"Cannot listen on {host}:{port} ({error.strerror or error}). {next_step}") from error
    return listener
