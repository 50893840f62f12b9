"""Time as a parameter of the engine: what those see who look at batches and jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio.lowlevel
import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from llamabatch_nb.engine import Engine, EngineError
from llamabatch_nb.engine.faults.pace import PATIENCE_SECONDS, Paced
from llamabatch_nb.engine.resources import ends
from tests.engine.conftest import MakeApi
from tests.engine.extract.support import extracting, stored, totals
from tests.engine.support import PATIENCE, Api, Json, pdf, wait_for

BATCHES = "/api/v2/batches"
PARSE = "/api/v2/parse"


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def looks(api: Api, batch: Json, count: int) -> list[tuple[str, bool]]:
    shown = [api.get(batch["id"], expand="results") for _ in range(count)]
    return [(each["status"], each["results"] is not None) for each in shown]


def test_per_read_is_a_step_a_look_and_waits_for_the_end(make_api: MakeApi) -> None:
    api = make_api(time="per_read", seconds_per_file=0.3)
    batch = api.batch(api.directory({"a.pdf": pdf("alpha"), "b.pdf": pdf("beta")}))
    assert batch["status"] == "PENDING"
    assert looks(api, batch, 4) == [("PENDING", False), ("RUNNING", False), ("COMPLETED", True), ("COMPLETED", True)]


def test_per_read_says_the_same_of_what_has_ended_long_ago(make_api: MakeApi, executor: ThreadPoolExecutor) -> None:
    before = make_api(executor=executor)
    batch = before.batch(before.directory({"a.pdf": pdf("alpha")}))
    before.finished(batch["id"])
    api = make_api(executor=executor, time="per_read", results_while_running=True)
    assert looks(api, batch, 3) == [("PENDING", False), ("RUNNING", True), ("COMPLETED", True)]
    for made in (before, api):
        made.engine.close()


def test_lists_are_looks_too(make_api: MakeApi) -> None:
    api = make_api(time="per_read", seconds_per_file=0.2)
    batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
    assert [api.ok("GET", BATCHES)["items"][0]["status"] for _ in range(2)] == ["PENDING", "RUNNING"]
    assert api.get(batch["id"])["status"] == "COMPLETED"
    assert [api.ok("GET", PARSE)["items"][0]["status"] for _ in range(3)] == ["PENDING", "RUNNING", "COMPLETED"]


def test_jobs_alone_have_nothing_before_their_end(make_api: MakeApi, executor: ThreadPoolExecutor) -> None:
    api = make_api(executor=executor, time="per_read")
    batch = api.batch(api.directory({"a.pdf": b"words", "b.pdf": b""}))
    for _ in range(3):
        ended = api.get(batch["id"], expand="results")
    for result, end in zip(ended["results"], ("COMPLETED", "FAILED"), strict=True):
        job_id = result["job_reference"]["id"]
        shown = [api.ok("GET", f"{PARSE}/{job_id}", params={"expand": "text_full,usage"}) for _ in range(3)]
        assert [each["job"]["status"] for each in shown] == ["PENDING", "RUNNING", end]
        for each in shown[:2]:
            assert (each["text_full"], each["job"]["error_message"], each["job"]["usage"]) == (None, None, None)
        assert (shown[2]["text_full"] == "words", bool(shown[2]["job"]["error_message"])) == (
            end == "COMPLETED",
            end == "FAILED",
        )
    api.engine.close()


def test_what_was_cancelled_is_shown_at_once(make_api: MakeApi) -> None:
    api = make_api(time="per_read", seconds_per_file=1)
    batch = api.batch(api.directory({"a.pdf": pdf("alpha"), "b.pdf": pdf("beta")}))
    api.ok("POST", f"{BATCHES}/{batch['id']}/cancel")
    assert looks(api, batch, 3)[-1] == ("CANCELLED", True)


def test_immediate_shows_the_end_at_the_first_look(make_api: MakeApi) -> None:
    api = make_api(time="immediate", seconds_per_file=0.2)
    files = {"a.pdf": pdf("alpha"), "b.pdf": b""}
    batches = [api.batch(api.directory(files, name)) for name in ("one", "two")]
    assert looks(api, batches[0], 1) == [("COMPLETED", True)]
    assert {each["status"] for each in api.ok("GET", BATCHES)["items"]} == {"COMPLETED"}
    jobs = api.ok("GET", PARSE)["items"]
    assert sorted(job["status"] for job in jobs) == ["COMPLETED"] * 2 + ["FAILED"] * 2


def test_what_is_not_there_is_not_waited_for(make_api: MakeApi, executor: ThreadPoolExecutor) -> None:
    for kind in ("per_read", "immediate"):
        api = make_api(kind, executor=executor, time=kind)
        api.refused(404, "GET", f"{BATCHES}/bat-none")
        api.refused(404, "GET", f"{PARSE}/pjb-none")
        assert api.ok("GET", BATCHES)["items"] == []
        api.engine.close()


def test_a_look_gives_up_waiting_before_its_client_does() -> None:
    slept: list[float] = []

    async def still(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"id": "bat-1", "status": "RUNNING", "results": None})(scope, receive, send)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    app = Paced(still, 0, bool, results_while_running=False, sleep=sleep, monotonic=lambda: 20.0 * len(slept))

    async def ask() -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://engine") as client:
            return (await client.get(f"{BATCHES}/bat-1")).json()

    assert anyio.run(ask)["status"] == "RUNNING"
    assert len(slept) == PATIENCE_SECONDS // 20 + 1


class Work:
    """An app with a batch that ends once `ends` was asked `after` times, and what was done meanwhile."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.looks = 0
        self.slept: list[float] = []
        self.answered: list[Message] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.looks += 1
        status = "RUNNING" if self.left else "COMPLETED"
        await JSONResponse({"id": "bat-1", "status": status, "results": None})(scope, receive, send)

    def any_open(self, ids: Collection[str]) -> bool:
        assert list(ids) == ["bat-1"]
        self.left -= 1
        return self.left > 0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    async def send(self, message: Message) -> None:
        self.answered.append(message)


LOOK: Scope = {"type": "http", "method": "GET", "path": f"{BATCHES}/bat-1", "headers": [], "query_string": b""}


def test_who_waits_asks_for_little_and_less_and_less_often() -> None:
    work = Work(12)
    app = Paced(work.app, 0, work.any_open, results_while_running=False, sleep=work.sleep, monotonic=lambda: 0.0)

    async def ask() -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://engine") as client:
            return (await client.get(f"{BATCHES}/bat-1")).json()

    assert anyio.run(ask)["status"] == "COMPLETED"
    assert work.looks == 2
    assert len(work.slept) == 12
    assert work.slept[:3] == pytest.approx([0.02, 0.03, 0.045])
    assert work.slept == sorted(work.slept)
    assert work.slept[-1] == 0.5


def test_nobody_waits_for_a_client_that_has_gone() -> None:
    work = Work(1)
    gone = anyio.Event()

    async def sleep(_: float) -> None:
        gone.set()
        await anyio.sleep_forever()

    app = Paced(work.app, 0, work.any_open, results_while_running=False, sleep=sleep)
    messages: list[Message] = [{"type": "http.request"}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def ask() -> None:
        with anyio.fail_after(PATIENCE):
            await app(LOOK, receive, work.send)

    anyio.run(ask)
    assert (work.answered, work.looks, work.left) == ([], 1, 1)


@pytest.mark.parametrize("error", [EngineError("closed"), sqlite3.OperationalError("locked")])
def test_who_waits_is_told_what_the_app_says_of_trouble(error: Exception) -> None:
    work = Work(1)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if work.looks:
            await JSONResponse({"detail": "closed"}, 503)(scope, receive, send)
        else:
            await work.app(scope, receive, send)

    def any_open(_: Collection[str]) -> bool:
        raise error

    paced = Paced(app, 0, any_open, results_while_running=False, sleep=work.sleep)

    async def ask() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(paced), base_url="http://engine") as client:
            return (await client.get(f"{BATCHES}/bat-1")).status_code

    assert anyio.run(ask) == 503


def test_an_extract_job_has_no_pages_before_its_end(make_api: MakeApi, executor: ThreadPoolExecutor) -> None:
    api = make_api(executor=executor, time="per_read", extractors={None: totals})
    job = extracting(api, stored(api, "a.txt", b"Total 5"))
    wait_for(lambda: ended_in_truth(api, job["id"]))
    shown = [api.ok("GET", f"/api/v2/extract/{job['id']}") for _ in range(3)]
    assert [each["status"] for each in shown] == ["PENDING", "RUNNING", "COMPLETED"]
    usage = {"num_pages_extracted": 1, "num_pages_billed": 1}
    assert [each["metadata"] for each in shown] == [None, None, {"usage": usage}]
    api.engine.close()


def ended_in_truth(api: Api, job_id: str) -> bool:
    with api.engine.store.read() as db:
        return not ends.any_open(db, [job_id])


def test_a_time_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"time takes one of timed, per_read, immediate, not 'soon'"):
        Engine(tmp_path / "data", time="soon")  # type: ignore[arg-type]
    assert not (tmp_path / "data").exists()
