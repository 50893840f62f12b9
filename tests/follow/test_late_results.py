"""Results that cannot be fetched, or kept, at once: tried again, said, and not the end of anything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import NotFoundError
from llamabatch_nb.follow.attach import restore
from llamabatch_nb.follow.watching.archive import Archive
from llamabatch_nb.follow.watching.results import PATIENCE_GONE, PAUSES
from tests.run.support import Line, answering, engine, no_fault, remote, texts

RESULTS = "/api/v2/parse/"


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with engine(tmp_path / "data", results_while_running=True) as made:
        yield Line(made)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="alpha", b="beta")


def test_an_outage_is_sat_out_and_the_results_are_here_when_the_run_has_ended(line: Line, folder: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if PAUSES[4] in slept:
            line.before = no_fault
        await anyio.lowlevel.checkpoint()

    line.before = answering(RESULTS, httpx.Response(503))
    with remote(line, sleep=sleep) as client:
        run = lb.submit(folder, client=client)
        said = {snapshot.trouble.text for snapshot in run.watch() if snapshot.trouble is not None}
        assert run.finished
        assert any("2 finished files could not be fetched" in text and "503" in text for text in said)
        assert any(text.endswith("trying again soon.") for text in said)
        assert run.snapshot.trouble is None
        assert len(list(lb.archive())) == 2
        assert run.files()["pages"].tolist() == [1, 1]


def test_what_never_comes_is_said_and_ends_in_the_end(line: Line, folder: Path) -> None:
    line.before = answering(RESULTS, httpx.Response(503))
    with remote(line) as client:
        run = lb.submit(folder, client=client).wait()
        assert "The results of 2 finished files could not be fetched" in str(run.snapshot.trouble)
        assert "run.pages()" in str(run.snapshot.trouble)
        line.before = no_fault
        assert len(run.pages()) == 2
        assert run.snapshot.trouble is None


def test_a_result_that_is_not_found_is_said_and_soon_given_up(line: Line, folder: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await anyio.sleep(0.01)

    line.before = answering(RESULTS, httpx.Response(404))
    with remote(line, sleep=sleep) as client:
        run = lb.submit(folder, client=client).wait()
        assert "(404); run" not in str(run.snapshot.trouble)
        assert "404); run.pages() asks for it again, and run.retry({name: path})" in str(run.snapshot.trouble)
        assert PAUSES[3] not in slept
        assert PATIENCE_GONE in slept
        with pytest.raises(NotFoundError):
            run.results_of("a.txt")


def test_a_retry_does_not_wait_for_late_results(line: Line, tmp_path: Path) -> None:
    """The waits between tries are of minutes."""
    release = anyio.Event()
    waits = threading.Event()

    async def sleep(seconds: float) -> None:
        if seconds == PAUSES[5]:
            waits.set()
            await release.wait()
        await anyio.sleep(0.01)

    line.before = answering(RESULTS, httpx.Response(503))
    with remote(line, sleep=sleep) as client:
        run = lb.submit(texts(tmp_path / "in", a="alpha", empty=""), client=client)
        assert waits.wait(60)
        assert not run.finished
        line.before = no_fault
        run.retry_failed(all=True)
        assert run.wait().snapshot.counts == {"completed": 1, "failed": 1}
        assert len(run.snapshot.batches) == 2
        assert len(list(lb.archive())) == 1


def test_the_trouble_of_a_full_disk_passes_with_it(line: Line, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = Archive._write, [1]

    def write(archive: Archive, *args: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise OSError(28, "No space left on device")
        real(archive, *args)

    monkeypatch.setattr(Archive, "_write", write)
    with remote(line) as client:
        run = lb.submit(folder, client=client).wait()
        assert run.snapshot.trouble is not None
        assert run.snapshot.trouble.kind == "disk"
        assert len(run.pages()) == 2
        assert len(list(lb.archive())) == 2
        assert run.snapshot.trouble is None


def test_history_is_put_together_beside_the_loop(line: Line, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes seconds where there is much of it."""
    threads = []

    def noted(*args: Any) -> Any:
        threads.append(threading.get_ident())
        return restore(*args)

    monkeypatch.setattr("llamabatch_nb.follow.journal.history.restore", noted)
    with remote(line) as client:
        lb.submit(folder, client=client).wait()
        assert len(lb.history(client=client)) == 1
        assert threads
        assert client.core.loop._thread not in threads
