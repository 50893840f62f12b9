"""How a run ends for those who wait: the same for those who block and those who await (issue 3, point 6)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.engine.faults import Fault, Faults
from llamabatch_nb.errors import (
    AuthenticationError,
    BatchCancelledError,
    BatchFailedError,
    DeadlineError,
    FilesFailedError,
    RunError,
    SourceError,
)
from llamabatch_nb.follow.sending import orders
from tests.run.support import BATCHES, UPLOAD, Line, answering, engine, remote, texts

#: Waits for a run, in one way or the other.
Wait = Callable[..., lb.Run]


def blocking(run: lb.Run, *args: Any, **options: Any) -> lb.Run:
    return run.wait(*args, **options)


def awaiting(run: lb.Run, *args: Any, **options: Any) -> lb.Run:
    """Under an event loop of its own, as in a cell."""
    return asyncio.run(run.wait_async(*args, **options))


@pytest.fixture(params=[blocking, awaiting])
def wait(request: pytest.FixtureRequest) -> Wait:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two that can be read and one that cannot."""
    return texts(tmp_path / "in", a="alpha", b="beta", empty="")


def stopped_engine(line: Line) -> None:
    """Nothing happens to a batch any more, until the end of the test."""
    line.engine._dispatcher.stop()


def test_success(wait: Wait, client: lb.Client, folder: Path) -> None:
    run = lb.submit(folder, client=client)
    assert wait(run) is run
    assert run.finished
    assert run.snapshot.counts == {"completed": 2, "failed": 1}
    assert wait(run, 0) is run  # what has ended has no deadline


def test_partial_failures_raise_only_if_asked(wait: Wait, client: lb.Client, folder: Path) -> None:
    run = lb.submit(folder, name="mine", client=client)
    wait(run)
    with pytest.raises(FilesFailedError, match=r"1 of the 3 files of bat-.* failed \(empty\.txt: Empty") as caught:
        wait(run, raise_on_failures=True)
    assert (caught.value.batch_id, caught.value.run_name) == (run.id, "mine")
    assert list(caught.value.files) == ["empty.txt"]
    assert "run.retry_failed()" in str(caught.value)


def test_a_deadline(wait: Wait, client: lb.Client, line: Line, folder: Path) -> None:
    stopped_engine(line)
    run = lb.submit(folder, name="mine", client=client)
    with pytest.raises(DeadlineError, match=r"0 of 3 files done; it goes on\. lb\.open\('mine'\)") as caught:
        wait(run, timeout=0.01)
    assert caught.value.run_name == "mine"
    assert not run.finished


def test_failed(wait: Wait, tmp_path: Path, folder: Path) -> None:
    faults = Faults(script=[Fault("failed")])
    with engine(tmp_path / "failing", faults=faults) as made, remote(Line(made)) as client:
        run = lb.submit(folder, client=client)
        with pytest.raises(BatchFailedError, match=r"gives no reason.*run\.retry_failed\(\)") as caught:
            wait(run)
        assert caught.value.batch_id == run.id
        assert str(run.id) in str(caught.value)
        assert run.snapshot.trouble is not None
        assert run.snapshot.trouble.kind == "failed"


def test_cancelled(wait: Wait, client: lb.Client, folder: Path) -> None:
    run = lb.submit(folder, client=client)
    run.cancel()  # while it is uploaded, or mapped
    with pytest.raises(BatchCancelledError, match="which are kept") as caught:
        wait(run)
    assert caught.value.batch_id == run.id
    with pytest.raises(RunError, match="CANCELLED already"):
        run.cancel()


def test_a_refused_key(wait: Wait, client: lb.Client, line: Line, folder: Path) -> None:
    stopped_engine(line)
    run = lb.submit(folder, client=client)
    for snapshot in run.watch():
        if snapshot.batch_id:
            break
    line.before = answering(BATCHES, httpx.Response(401, json={"detail": "Invalid API key"}))
    run.refresh()
    with pytest.raises(AuthenticationError, match="401"):
        wait(run)
    assert run.snapshot.trouble is not None
    assert run.snapshot.trouble.kind == "key refused"
    line.before = lambda _: None
    again = lb.open(str(run.id), client=client)  # with the key mended it goes on, for both
    assert not again.finished
    assert not run.finished
    assert run.snapshot.trouble is None


def test_nothing_accepted(wait: Wait, client: lb.Client, line: Line, folder: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(413, json={"detail": "too large"}) if request.url.path.endswith("/upload") else None

    line.before = refuse
    run = lb.submit(folder, client=client)
    with pytest.raises(SourceError, match=r"None of the 3 files was accepted; the first, 'a\.txt'.*too large"):
        wait(run)
    assert set(run.files()["status"]) == {"failed"}
    assert set(run.files()["error"]) == {"The service refused it: too large"}
    line.before = lambda _: None
    assert wait(lb.submit(folder, client=client)).snapshot.counts == {"completed": 2, "failed": 1}
    assert run.snapshot.counts == {"completed": 2, "failed": 1}  # one watcher for both


def test_closed_meanwhile(wait: Wait, client: lb.Client, line: Line, folder: Path) -> None:
    stopped_engine(line)
    run = lb.submit(folder, client=client)
    for snapshot in run.watch():
        if snapshot.batch_id:
            break
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(wait, run)
        run.close()
        with pytest.raises(RunError, match=r"^bat-\w+ went on when following it here was closed: lb\.open\('bat-"):
            waiting.result()


def test_what_was_closed_is_followed_again_when_it_is_opened(wait: Wait, tmp_path: Path, folder: Path) -> None:
    """By the same client too, and the first run sees it."""
    with engine(tmp_path / "slow", seconds_per_file=0.2) as made, remote(Line(made)) as client:
        run = lb.submit(folder, name="mine", client=client)
        run.close()
        assert run.finished
        assert not run.snapshot.ended
        again = lb.open("mine", client=client)
        assert wait(again).id == run.id
        assert wait(run).snapshot.ended


def test_wait_async_can_be_cancelled_and_the_run_goes_on(client: lb.Client, folder: Path) -> None:
    run = lb.submit(folder, client=client)

    async def cell() -> None:
        task = asyncio.create_task(run.wait_async())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cell())
    assert run.wait().snapshot.counts == {"completed": 2, "failed": 1}


def test_watch_gives_each_snapshot_and_ends(client: lb.Client, folder: Path) -> None:
    run = lb.submit(folder, client=client)
    seen = list(run.watch())
    assert len({id(snapshot) for snapshot in seen}) == len(seen)
    assert seen[-1].ended
    assert [snapshot.done for snapshot in seen] == sorted(snapshot.done for snapshot in seen)
    assert list(run.watch()) == [run.snapshot]


def test_watch_has_a_deadline(client: lb.Client, line: Line, folder: Path) -> None:
    stopped_engine(line)
    run = lb.submit(folder, client=client)
    with pytest.raises(DeadlineError):
        for _ in run.watch(timeout=0.2):
            pass


def held(line: Line) -> anyio.Event:
    """Uploads wait on the line until this is set."""
    event, inner = anyio.Event(), line._inner

    async def hold(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(UPLOAD):
            await event.wait()
        return await inner.handle_async_request(request)

    line._inner = httpx.MockTransport(hold)
    return event


def release(client: lb.Client, event: anyio.Event) -> None:
    async def let_go() -> None:
        event.set()

    client.core.loop.run(let_go)


@pytest.mark.parametrize("uploading", [True, False])
def test_an_interrupt_detaches(
    client: lb.Client,
    line: Line,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    uploading: bool,
) -> None:
    """The signal itself is tested in a process of its own; here it is what `wait` makes of it, and says."""
    uploads = held(line)
    run = lb.submit(folder, name="mine", client=client)
    if not uploading:
        release(client, uploads)
        for snapshot in run.watch():
            if snapshot.batch_id:
                break
    real = client.core.loop.run

    def interrupted(_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(client.core.loop, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.wait()
    monkeypatch.setattr(client.core.loop, "run", real)
    said = capsys.readouterr().err
    if uploading:
        assert said == (
            "Detached: the uploads go on while this program runs. lb.open('mine') goes on with the uploads.\n"
        )
        release(client, uploads)
    else:
        assert said == "Detached: the batch goes on without this program. lb.open('mine') brings it back.\n"
    assert line.count(f"POST {BATCHES}/") == 0
    assert run.wait().snapshot.counts == {"completed": 2, "failed": 1}


def test_cancelled_while_parts_are_uploaded_no_further_batch_is_made(
    client: lb.Client, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MAX_FILES", 2)
    folder = texts(tmp_path / "many", **{f"f{number}": f"text {number}" for number in range(9)})
    uploads = held(line)
    run = lb.submit(folder, client=client)
    assert len(run.snapshot.batches) == 5
    run.cancel()
    release(client, uploads)
    with pytest.raises(BatchCancelledError, match=r"\(5 of the 5 batches of this run\) were cancelled with 0 of 9"):
        run.wait()
    assert run.snapshot.counts == {"cancelled": 9}
    assert line.count(f"POST {BATCHES}") == 0
    with pytest.raises(RunError, match="The upload is CANCELLED already"):
        run.cancel()
    again = lb.submit(folder, client=client)  # nothing was paid, so it goes on
    assert again.wait().snapshot.counts == {"completed": 9}
    assert len(list(client.batches.list())) == 5


def test_closing_a_run_finishes_its_uploads(client: lb.Client, line: Line, folder: Path) -> None:
    uploads = held(line)
    run = lb.submit(folder, client=client)
    with ThreadPoolExecutor(1) as threads:
        closing = threads.submit(run.close)
        release(client, uploads)
        closing.result()
    assert len(list(client.batches.list())) == 1
    run.retry_failed(all=True)  # what is left to do can still be done
    assert run.finished or run.wait().finished


def test_refreshes_at_once_all_come_back(client: lb.Client, line: Line, folder: Path) -> None:
    """Each is answered by a look that began after it was asked for."""
    stopped_engine(line)
    run = lb.submit(folder, client=client)
    for snapshot in run.watch():
        if snapshot.batch_id:
            break
    started = threading.Barrier(8)

    def refresh(_: int) -> str:
        started.wait()
        return run.refresh().phase

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(refresh, range(8), timeout=60)) == {run.snapshot.phase}
    before = line.count(f"GET {BATCHES}/")
    run.refresh()
    assert line.count(f"GET {BATCHES}/") > before


def test_of_several_batches_the_error_names_the_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait: Wait
) -> None:
    monkeypatch.setattr(orders, "MAX_FILES", 2)
    folder = texts(tmp_path / "in", **{f"f{number}": f"text {number}" for number in range(6)})
    faults = Faults(script=[Fault("failed", after=1)])
    with engine(tmp_path / "failing", results_while_running=True, faults=faults) as made, remote(Line(made)) as client:
        run = lb.submit(folder, client=client)
        with pytest.raises(BatchFailedError, match=r"\(1 of the 3 batches of this run\) FAILED") as caught:
            wait(run)
        [failed] = [batch.batch_id for batch in run.snapshot.batches if batch.phase == "FAILED"]
        assert caught.value.batch_id == failed
        assert str(caught.value).startswith(f"{failed} ")
        assert run.snapshot.counts == {"completed": 4, "submitted": 2}
        wait(run.retry_failed())
        assert run.snapshot.counts == {"completed": 6}
