"""Time as a parameter of the engine: what those see who look at batches and jobs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio.lowlevel
import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.faults.pace import PATIENCE_SECONDS, Paced
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, Json, pdf

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

    app = Paced(still, 0, results_while_running=False, sleep=sleep, monotonic=lambda: 20.0 * len(slept))

    async def ask() -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://engine") as client:
            return (await client.get(f"{BATCHES}/bat-1")).json()

    assert anyio.run(ask)["status"] == "RUNNING"
    assert len(slept) == PATIENCE_SECONDS // 20 + 1


def test_a_time_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no time 'soon'.*timed, per_read, immediate"):
        Engine(tmp_path / "data", time="soon")  # type: ignore[arg-type]
    assert not (tmp_path / "data").exists()
