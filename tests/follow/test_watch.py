"""The watcher against the real engine, through outages and with a service that tells nothing of single files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.engine import Engine
from llamabatch_nb.errors import NotFoundError
from llamabatch_nb.follow.state import RunState
from llamabatch_nb.follow.watch import CHUNK, CHUNKS_A_LOOK, Pace, watch
from llamabatch_nb.snapshot import Service, Snapshot

FILES = 12
REMOTE = Service(label="LlamaCloud NA", base_url="http://engine.localhost", local=False)


class Line(httpx.AsyncBaseTransport):
    """A line to the engine that can be cut."""

    def __init__(self, engine: Engine) -> None:
        self.cut = False
        self.paths: list[str] = []
        self._inner = in_process(engine.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("no route")
        self.paths.append(request.url.raw_path.decode())
        return await self._inner.handle_async_request(request)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """The current SDK's rule: `results` is null while the batch runs."""
    with Engine(tmp_path / "data", workers=1, seconds_per_file=0.05) as engine:
        yield Line(engine)


@pytest.fixture
def core(line: Line) -> Iterator[Core]:
    async def no_sleep(seconds: float) -> None:
        """Retries inside a call do not wait here; the watcher's own pace does."""

    core = Core(Settings.read(api_key="k"), service=REMOTE, transport=line, sleep=no_sleep)
    yield core
    core.close()


async def submitted(core: Core) -> RunState:
    directory = await core.directories.create(name="twelve")
    for number in range(FILES):
        await core.directories.files.upload(directory.id, upload_file=(f"{number:02}.txt", b"some text"))
    batch = await core.batches.create(
        config={"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}},
        source_directory_id=directory.id,
    )
    state = RunState(source=directory.id, service=REMOTE, configuration_id="cfg-PARSE_AGENTIC", job_type="parse_v2")
    state.take_batch(batch)
    return state


PACE = Pace(0.05, 0.1)


def test_a_service_that_tells_nothing_is_estimated_and_then_known(core: Core) -> None:
    async def follow() -> list[Snapshot]:
        return [snapshot async for snapshot in watch(core, await submitted(core), pace=PACE)]

    seen = core.loop.run(follow)
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


def test_an_outage_is_said_and_survived(core: Core, line: Line) -> None:
    async def follow() -> list[Snapshot]:
        seen = []
        async for snapshot in watch(core, await submitted(core), pace=PACE):
            seen.append(snapshot)
            line.cut = len(seen) in {2, 3}
        return seen

    seen = core.loop.run(follow)
    assert [bool(snapshot.trouble) for snapshot in seen[:5]] == [False, False, True, True, False]
    assert "cannot be reached" in str(seen[2].trouble)
    assert seen[-1].ended


def test_what_no_waiting_mends_is_raised(core: Core) -> None:
    async def follow() -> None:
        state = await submitted(core)
        assert state.batch is not None
        state.batch = state.batch.model_copy(update={"id": "bat-unknown"})
        async for _ in watch(core, state, pace=Pace(0.0, 0.0)):
            pass

    with pytest.raises(NotFoundError):
        core.loop.run(follow)


def test_a_terminal_job_is_never_asked_for_again_and_a_url_stays_short(core: Core, line: Line) -> None:
    async def follow() -> int:
        state = await submitted(core)
        async for _ in watch(core, state, pace=PACE):
            pass
        before = len(line.paths)
        async for _ in watch(core, state, pace=PACE):
            pass
        return len(line.paths) - before

    assert core.loop.run(follow) == 1  # the batch, and no job
    assert max(len(path) for path in line.paths) < 4096
    ids = [f"pjb-{number:028}" for number in range(CHUNK)]
    assert sum(len(f"job_ids={job}&") for job in ids) < 4000
    assert CHUNKS_A_LOOK < 1000 / CHUNK  # so that a look at 1,000 running files is a handful of requests


def test_the_pace_slows_down_while_nothing_changes() -> None:
    pace = Pace.of(local=False)
    assert [round(pace.next(changed=False), 1) for _ in range(9)] == [1.5, 2.2, 3.4, 5.1, 7.6, 11.4, 15, 15, 15]
    assert pace.next(changed=True) == 1
