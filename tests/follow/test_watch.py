"""The watcher against the real engine, through outages and with a service that tells nothing of single files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.engine import Engine
from llamabatch_nb.errors import AuthenticationError, OutOfCreditsError
from llamabatch_nb.follow.after import failed
from llamabatch_nb.follow.journal.rows import FileRow
from llamabatch_nb.follow.state import ends, trouble
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.state.tracked import Tracked
from llamabatch_nb.follow.watching.watch import CHUNK, CHUNKS_A_LOOK, GONE_AFTER, Pace, Watch
from llamabatch_nb.snapshot import Service, Snapshot, Trouble
from tests.run.support import BATCHES, URL, Line, answering, core, engine

FILES = 12
REMOTE = Service(label="LlamaCloud NA", base_url=URL, local=False)


class Clock:
    """Clocks that go as they are told; what sleeps moves both, unless the machine is said to sleep."""

    def __init__(self) -> None:
        self.awake = 1000.0
        self.wall = 5000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.awake += seconds
        self.wall += seconds
        await anyio.sleep(0.01)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """The current SDK's rule: `results` is null while the batch runs."""
    with engine(tmp_path / "data", seconds_per_file=0.05) as made:
        yield Line(made)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(line: Line, clock: Clock) -> Iterator[Core]:
    made = core(line, sleep=clock.sleep, monotonic=lambda: clock.awake, wall=lambda: clock.wall)
    yield made
    made.close()


async def submitted(core: Core, files: int = FILES) -> RunState:
    directory = await core.directories.create(name="twelve")
    tracked = []
    for number in range(files):
        name = f"{number:02}.txt"
        file = await core.directories.files.upload(directory.id, upload_file=(name, b"some text"))
        tracked.append(Tracked.of(FileRow(name=name, size=9, sha256=name, file_id=file.id)))
    batch = await core.batches.create(
        config={"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}},
        source_directory_id=directory.id,
    )
    part = Part(id=1, directory_name="twelve", directory_id=directory.id, files=tracked)
    part.take_batch(batch)
    return RunState(
        source=directory.id,
        service=REMOTE,
        configuration_id="cfg-PARSE_AGENTIC",
        job_type="parse_v2",
        parts=[part],
    )


PACE = Pace(0.05, 0.1)


async def watched(
    core: Core, state: RunState, *, each: Callable[[int, Watch], Any] = lambda _number, _watch: None, **options: Any
) -> list[Snapshot]:
    """A Snapshot a look. `each` is called after it with the look's number, and may put a fault on the line."""
    watch = Watch(core, state, pace=options.pop("pace", Pace(PACE.shortest, PACE.longest)), **options)
    seen: list[Snapshot] = []
    async for _ in watch.looks():
        said = watch.trouble or trouble.of_state(state, now=core.now(), quiet=watch.quiet)
        seen.append(state.snapshot(taken_at=core.now(), at=core.http.monotonic(), trouble=said))
        if each(len(seen), watch) == "enough":
            break
    return seen


def kinds(seen: list[Snapshot]) -> list[str | None]:
    return [snapshot.trouble.kind if snapshot.trouble else None for snapshot in seen]


def test_a_service_that_tells_nothing_is_estimated_and_then_known(service: Core) -> None:
    async def follow() -> list[Snapshot]:
        return await watched(service, await submitted(service))

    seen = service.loop.run(follow)
    running = [snapshot for snapshot in seen if snapshot.phase == "RUNNING"]
    assert running
    for snapshot in running:
        assert snapshot.counts == {"submitted": FILES}
        assert all(file.job_id is None for file in snapshot.files)
    estimates = [snapshot.estimated_done or 0 for snapshot in running]
    assert estimates == sorted(estimates)
    assert max(estimates) > 0
    last = seen[-1]
    assert last.ended
    assert (last.phase, dict(last.counts), last.estimated_done) == ("COMPLETED", {"completed": FILES}, None)
    assert [file.name for file in last.files] == [f"{number:02}.txt" for number in range(FILES)]


def test_the_first_look_comes_before_any_sleep(service: Core, clock: Clock, line: Line) -> None:
    async def follow() -> tuple[int, int]:
        state = await submitted(service)
        sent = len(line.requests)
        await watched(service, state, each=lambda _number, _watch: "enough")
        return len(line.requests) - sent, len(clock.slept)

    asked, slept = service.loop.run(follow)
    assert asked >= 1
    assert slept == 0


def test_an_outage_is_said_and_survived(service: Core, line: Line) -> None:
    down = answering("/", httpx.ConnectError("no route"))

    def each(number: int, _watch: Watch) -> None:
        line.before = down if number in {2, 3} else lambda _: None

    async def follow() -> list[Snapshot]:
        return await watched(service, await submitted(service), each=each)

    seen = service.loop.run(follow)
    assert kinds(seen)[:5] == [None, None, "offline", "offline", None]
    assert "cannot be reached" in str(seen[2].trouble)
    assert "the batch goes on there" in str(seen[2].trouble)
    first, second = seen[2].trouble, seen[3].trouble
    assert first is not None
    assert second is not None
    assert second.since == first.since  # one outage
    assert seen[-1].ended


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (httpx.Response(503), "service", "trouble of its own (503)"),
        (httpx.Response(200, text="<html>Sign in</html>", headers={"content-type": "text/html"}), "offline", "proxy"),
        (httpx.Response(302, headers={"location": "https://sign.in/"}), "offline", "sign-in page"),
    ],
)
def test_what_may_pass_has_a_name(service: Core, line: Line, answer: httpx.Response, kind: str, said: str) -> None:
    def each(number: int, _watch: Watch) -> None:
        line.before = answering(BATCHES, answer) if number == 1 else lambda _: None

    async def follow() -> list[Snapshot]:
        return await watched(service, await submitted(service), each=each)

    seen = service.loop.run(follow)
    assert kinds(seen)[:3] == [None, kind, None]
    assert said in str(seen[1].trouble)
    assert seen[-1].ended


def test_a_429_says_until_when_and_is_obeyed(service: Core, line: Line, clock: Clock) -> None:
    """120 s are too long to sit out in a call, so the look ends and the next one comes when it may."""
    answer = httpx.Response(429, json={"detail": "slow down"}, headers={"Retry-After": "120"})

    def each(number: int, _watch: Watch) -> None:
        line.before = answering(BATCHES, answer) if number == 1 else lambda _: None

    async def follow() -> list[Snapshot]:
        return await watched(service, await submitted(service), each=each)

    seen = service.loop.run(follow)
    said = seen[1].trouble
    assert said is not None
    assert (said.kind, seen[2].trouble) == ("throttled", None)
    assert said.until is not None
    assert said.until - seen[1].taken_at < timedelta(seconds=121)
    assert max(clock.slept) == pytest.approx(120)


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (401, "key refused", AuthenticationError),
        (403, "key refused", None),
        (402, "out of credits", OutOfCreditsError),
    ],
)
def test_what_no_waiting_mends_is_raised(
    service: Core, line: Line, status: int, kind: str, error: type[Exception] | None
) -> None:
    def each(_number: int, _watch: Watch) -> None:
        line.before = answering(BATCHES, httpx.Response(status, json={"detail": "no"}))

    async def follow() -> None:
        await watched(service, await submitted(service), each=each)

    with pytest.raises(error or Exception) as caught:
        service.loop.run(follow)
    said = trouble.final(caught.value, now=service.now())
    assert said.kind == kind
    assert said.text == str(caught.value)


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_batch_that_stays_unknown_for_minutes_is_given_up_and_not_called_failed(
    service: Core, line: Line, clock: Clock, seen_before: bool
) -> None:
    """Just created, it may not be found for a while, and replicas differ; with another project's key it may run on."""
    gone = answering(BATCHES, httpx.Response(404, json={"detail": "not found"}))

    def each(_number: int, _watch: Watch) -> None:
        line.before = gone

    async def follow() -> tuple[RunState, list[Snapshot]]:
        state = await submitted(service)
        if not seen_before:
            line.before = gone
        return state, await watched(service, state, each=each, pace=Pace(30.0, 30.0))

    state, seen = service.loop.run(follow)
    assert GONE_AFTER <= sum(clock.slept) <= GONE_AFTER + 60
    assert set(kinds(seen)) <= {None, "expired"}
    assert "looking again for some minutes" in str(seen[1].trouble)
    assert seen[-1].ended
    assert {file.status for file in seen[-1].files} == {"submitted"}
    assert "was not seen" in str(seen[-1].files[0].error)
    assert "run.retry_failed(all=True)" in str(ends.lost_sight(state))
    assert failed(state) == []
    assert len(failed(state, hopeless=True)) == FILES


def test_a_job_that_a_list_leaves_out_is_asked_for_before_it_is_lost(service: Core, line: Line) -> None:
    inner, hidden = in_process(line.engine.app), [""]

    async def leaky(request: httpx.Request) -> httpx.Response:
        answer = await inner.handle_async_request(request)
        if request.url.path != "/api/v2/parse" or not request.url.query:
            return answer
        body = json.loads(await answer.aread())
        hidden[0] = hidden[0] or next((item["id"] for item in body["items"]), "")
        body["items"] = [item for item in body["items"] if item["id"] != hidden[0]]
        return httpx.Response(200, json=body)

    line._inner = httpx.MockTransport(leaky)

    async def follow() -> RunState:
        state = await submitted(service)
        await watched(service, state)
        return state

    state = service.loop.run(follow)
    assert hidden[0]
    assert line.count(f"GET /api/v2/parse/{hidden[0]}") == 1
    assert {file.job.status for file in state.parts[0].files if file.job} == {"COMPLETED"}
    assert all(file.completed for file in state.parts[0].files)


def test_a_terminal_job_is_never_asked_for_again_and_a_url_stays_short(service: Core, line: Line) -> None:
    async def follow() -> int:
        state = await submitted(service)
        await watched(service, state)
        before = len(line.requests)
        again = state.parts[0]
        again.batch = None  # another process, which knows the jobs
        await watched(service, state)
        return len(line.requests) - before

    assert service.loop.run(follow) == 1  # the batch, and no job
    assert max(len(path) for path in line.requests) < 4096
    ids = [f"pjb-{number:028}" for number in range(CHUNK)]
    assert sum(len(f"job_ids={job}&") for job in ids) < 4000
    assert CHUNKS_A_LOOK < 1000 / CHUNK  # so that a look at 1,000 running files is a handful of requests


def test_a_long_silence_is_said(tmp_path: Path, clock: Clock) -> None:
    """An engine that was not started: the batch stays where it is."""
    made = Engine(tmp_path / "still", workers=1)
    service = core(Line(made), sleep=clock.sleep, monotonic=lambda: clock.awake, wall=lambda: clock.wall)

    def each(number: int, _watch: Watch) -> str | None:
        return "enough" if number == 4 else None

    async def follow() -> list[Snapshot]:
        return await watched(service, await submitted(service), each=each, pace=Pace(250, 250))

    try:
        seen = service.loop.run(follow)
    finally:
        service.close()
        made.close()
    assert kinds(seen) == [None, None, None, "stalled"]
    assert "No change for 12 min. Finished files can be read now" in str(seen[-1].trouble)


def test_stalled_names_the_slowest(service: Core) -> None:
    async def follow() -> tuple[Trouble | None, Trouble | None, Trouble | None]:
        state = await submitted(service)
        part = state.parts[0]
        await watched(service, state)
        now = service.now()
        for number, file in enumerate(part.files[:5]):
            assert file.job is not None
            created = now - timedelta(minutes=number)
            file.job = file.job.model_copy(update={"status": "RUNNING", "created_at": created})
        return tuple(trouble.of_state(state, now=now, quiet=quiet) for quiet in (599.0, 600.0, 0.0))  # type: ignore[return-value]

    before, said, after = service.loop.run(follow)
    assert (before, after) == (None, None)
    assert said is not None
    assert (said.kind, said.files) == ("stalled", ("04.txt", "03.txt", "02.txt"))
    assert "No change for 10 min; the slowest: 04.txt" in said.text


def test_uploads_are_change(service: Core, clock: Clock) -> None:
    """An upload of an hour is no silence."""

    async def follow() -> list[float]:
        part = Part(id=1, directory_name="x", files=[Tracked(name=str(number)) for number in range(5)])
        state = RunState(source="x", service=REMOTE, configuration_id="c", job_type="parse_v2", parts=[part])
        watch = Watch(service, state, pace=PACE)
        quiet = []
        async for _ in watch.looks():
            quiet.append(watch.quiet)
            clock.awake += 1000
            clock.wall += 1000
            part.files[len(quiet) - 1].file_id = "dfl"
            if len(quiet) == 5:
                break
        return quiet

    assert service.loop.run(follow) == [0.0] * 5


def test_a_sleep_of_the_machine_is_noticed_and_looked_after_at_once(service: Core, clock: Clock) -> None:
    async def follow() -> tuple[list[Snapshot], list[tuple[float, int]]]:
        state = await submitted(service)
        real = clock.sleep

        async def lid_shut(seconds: float) -> None:
            if len(clock.slept) == 2:
                clock.wall += 3600
            await real(seconds)

        service.http.sleep = lid_shut
        rates: list[tuple[float, int]] = []

        def each(number: int, _watch: Watch) -> None:
            if number == 3:
                state.seen_done = [(0.0, 0), (1.0, 0), (2.0, 0)]
            if number == 4:
                rates.extend(state.seen_done)

        return await watched(service, state, each=each), rates

    seen, rates = service.loop.run(follow)
    assert kinds(seen)[:5] == [None, None, None, "asleep", None]
    assert "asleep for 60 min" in str(seen[3].trouble)
    assert len(rates) <= 1  # what was seen before the sleep says nothing of the rate


def test_throttled_is_said_and_goes_on(service: Core, line: Line) -> None:
    inner = in_process(line.engine.app)

    async def veiled(request: httpx.Request) -> httpx.Response:
        answer = await inner.handle_async_request(request)
        if request.method == "GET" and request.url.path.startswith(f"{BATCHES}/") and len(looks) in {2, 3}:
            body = (await answer.aread()).replace(b'"RUNNING"', b'"THROTTLED"').replace(b'"PENDING"', b'"THROTTLED"')
            return httpx.Response(200, content=body, headers={"content-type": "application/json"})
        return answer

    looks: list[int] = [0]
    line._inner = httpx.MockTransport(veiled)

    def each(number: int, _watch: Watch) -> None:
        looks.append(number)

    async def follow() -> list[Snapshot]:
        return await watched(service, await submitted(service), each=each)

    seen = service.loop.run(follow)
    assert kinds(seen)[:4] == [None, "throttled", "throttled", None]
    assert seen[1].phase == "THROTTLED"
    assert "waits for capacity" in str(seen[1].trouble)
    assert seen[-1].ended


def test_unknown_words_are_shown_and_watched_on(service: Core, line: Line) -> None:
    left = [2]

    def paused(request: httpx.Request) -> httpx.Response | None:
        if request.method != "GET" or not request.url.path.startswith(f"{BATCHES}/") or not left[0]:
            return None
        left[0] -= 1
        body = {
            "id": request.url.path.rsplit("/", 1)[-1],
            "config": {"job": {"configuration_id": "c", "type": "parse_v2"}},
            "project_id": "p",
            "source_directory_id": "d",
            "status": "HIBERNATING",
            "results": None,
        }
        return httpx.Response(200, json=body)

    async def follow() -> list[Snapshot]:
        state = await submitted(service)
        line.before = paused
        return await watched(service, state)

    seen = service.loop.run(follow)
    assert [snapshot.phase for snapshot in seen[:2]] == ["HIBERNATING", "HIBERNATING"]
    assert (seen[-1].phase, seen[-1].ended) == ("COMPLETED", True)


def test_the_pace_slows_down_while_nothing_changes() -> None:
    pace = Pace.of(local=False)
    assert [round(pace.next(changed=False), 1) for _ in range(9)] == [1.5, 2.2, 3.4, 5.1, 7.6, 11.4, 15, 15, 15]
    assert pace.next(changed=True) == 1


def test_woken_it_looks_at_once(service: Core) -> None:
    async def follow() -> int:
        state = await submitted(service)
        service.http.sleep = anyio.sleep
        watch = Watch(service, state, pace=Pace(3600, 3600))
        looks = 0
        with anyio.fail_after(30):
            async for _ in watch.looks():
                looks += 1
                watch.wake()
        return looks

    assert service.loop.run(follow) > 1
