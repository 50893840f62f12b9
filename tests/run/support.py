"""A line to a real engine on which faults can be put, and clients over it that take it for a paid service far away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx

import llamabatch_nb as lb
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.engine import Engine
from llamabatch_nb.snapshot import Service

Fault = Callable[[httpx.Request], httpx.Response | Exception | None]

BATCHES = "/api/v2/batches"
CREATE = f"POST {BATCHES}"
UPLOAD = "/files/upload"
DIRECTORIES = "/api/v1/beta/directories"
AGENTIC = "cfg-PARSE_AGENTIC"
URL = "http://engine.localhost"


def no_fault(_: httpx.Request) -> None:
    """The line is good."""


class Line(httpx.AsyncBaseTransport):
    """A line to the engine on which faults can be put, before a request arrives or after it was done."""

    def __init__(self, engine: Engine) -> None:
        self.requests: list[str] = []
        self.bodies: list[str] = []
        self.before: Fault = no_fault
        self.after: Fault = no_fault
        self.engine = engine
        self._inner = in_process(engine.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.raw_path.decode()}")
        for fault, send in ((self.before, True), (self.after, False)):
            answer = fault(request)
            if isinstance(answer, Exception):
                raise answer
            if answer is not None:
                return answer
            if send:
                done = await self._inner.handle_async_request(request)
        return done

    def count(self, start: str, end: str = "") -> int:
        return sum(request.startswith(start) and request.endswith(end) for request in self.requests)

    @property
    def uploads(self) -> int:
        return self.count("POST", UPLOAD)

    @property
    def added(self) -> int:
        """Files of the service that were put into a directory without an upload."""
        return self.count(f"POST {DIRECTORIES}/", "/files")


def once(method: str, end: str, answer: httpx.Response | Exception, *, times: int = 1) -> Fault:
    left = [times]

    def fault(request: httpx.Request) -> httpx.Response | Exception | None:
        if request.method == method and request.url.path.endswith(end) and left[0]:
            left[0] -= 1
            return answer
        return None

    return fault


def answering(start: str, answer: httpx.Response | Exception, *, method: str = "GET") -> Fault:
    """Always this, for paths that start so."""
    return lambda request: answer if request.method == method and request.url.path.startswith(start) else None


async def no_sleep(seconds: float) -> None:
    """The waits are tested where they are decided."""
    await anyio.sleep(min(seconds, 0.01))


@contextmanager
def engine(data: Path, **options: Any) -> Iterator[Engine]:
    """One whose work is done by a thread, which starts at once; its processes are tested elsewhere."""
    with ThreadPoolExecutor(1) as executor, Engine(data, workers=1, executor=executor, **options) as made:
        yield made


def core(line: httpx.AsyncBaseTransport, **options: Any) -> Core:
    service = Service(label="LlamaCloud NA", base_url=URL, local=False)
    settings = Settings.read(api_key="k", base_url=URL)
    return Core(settings, service=service, transport=line, **{"sleep": no_sleep, **options})


def remote(line: httpx.AsyncBaseTransport, **options: Any) -> lb.Client:
    """A client of a service that costs something; its waits are short."""
    return lb.Client(core=core(line, **options))


def texts(folder: Path, **files: str) -> Path:
    """Text files; ``__`` in a name is a slash, and the suffix is ``.txt``."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
