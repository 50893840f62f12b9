from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from llamabatch_nb.engine.api.line import Line
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, pdf

UPLOAD = "/api/v1/beta/directories/dir-1/files/upload"


class Watch:
    """A time that only a test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()


async def sink(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads all that comes and says 200."""
    while (await receive()).get("more_body"):
        pass
    await PlainTextResponse("done")(scope, receive, send)


def ask(line: Line, *requests: tuple[str, str]) -> list[httpx.Response]:
    async def send() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(line), base_url="http://engine") as client:
            return [await client.request(method, path, content=b"x" * 10) for method, path in requests]

    return anyio.run(send)


def test_uploads_beyond_the_limit_of_the_window() -> None:
    watch = Watch()
    line = Line(sink, uploads_per_second=2, monotonic=watch)

    def statuses(count: int) -> list[int]:
        return [answer.status_code for answer in ask(line, *[("POST", UPLOAD)] * count)]

    assert statuses(4) == [200] * 4
    watch.now += 1.5
    assert statuses(7) == [200] * 6 + [429]
    (refused,) = ask(line, ("POST", UPLOAD))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "4")  # 3.5 s, rounded up
    assert "uploads" in refused.json()["detail"]
    watch.now += float(refused.headers["retry-after"])
    assert statuses(5) == [200] * 4 + [429]  # those of the first moment are out of the window
    assert [answer.status_code for answer in ask(line, ("GET", UPLOAD), ("POST", "/api/v2/batches"))] == [200, 200]


def test_uploads_of_every_kind_are_counted_together() -> None:
    line = Line(sink, uploads_per_second=0.6, monotonic=Watch())
    paths = (UPLOAD, "/api/v1/beta/files", "/api/v2/parse/upload")
    assert [answer.status_code for answer in ask(line, *[("POST", path) for path in paths])] == [200] * 3
    assert [answer.status_code for answer in ask(line, *[("POST", path) for path in paths])] == [429] * 3
    others = [("GET", "/api/v1/beta/files"), ("POST", "/api/v2/parse"), ("POST", "/api/v1/beta/files/query")]
    assert [answer.status_code for answer in ask(line, *others)] == [200] * 3


def test_latency_is_waited_out_by_every_answer_before_it_starts() -> None:
    watch = Watch()
    line = Line(sink, latency=0.25, uploads_per_second=0.2, monotonic=watch, sleep=watch.sleep)
    answers = ask(line, ("GET", "/x"), ("POST", UPLOAD), ("POST", UPLOAD))
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert watch.slept == [0.25] * 3
    sent: list[str] = []

    async def run(sleep: Callable[[float], Awaitable[None]]) -> None:
        async def send(message: Message) -> None:
            sent.append(message["type"])

        async def receive() -> Message:
            return {"type": "http.request"}

        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/x"}
        await Line(sink, latency=1, sleep=sleep)(scope, receive, send)

    async def stops(_seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        raise InterruptedError

    with pytest.raises(InterruptedError):
        anyio.run(run, stops)
    assert sent == []


def usage(api: Api, job_id: str) -> Any:
    return api.ok("GET", f"/api/v2/parse/{job_id}", params={"expand": "usage"})["job"]["usage"]


def test_credits_are_pages_times_the_price(make_api: MakeApi) -> None:
    api = make_api(credits_per_page=1.5)
    good, bad = api.run({"a.pdf": pdf("alpha", "beta", "gamma"), "b.pdf": b""})
    assert usage(api, good["id"]) == {"credits": 4.5}
    assert usage(api, bad["id"]) is None


def test_late_credits_are_null_at_the_first_look(make_api: MakeApi) -> None:
    api = make_api(credits_per_page=10, credits_late=True)
    jobs = api.run({"a.pdf": pdf("alpha"), "b.pdf": pdf("beta", "gamma")})
    api.ok("GET", f"/api/v2/parse/{jobs[0]['id']}")  # without the expansion it is no look
    assert [usage(api, job["id"]) for job in jobs * 2] == [{"credits": credit} for credit in (None, None, 10, 20)]
