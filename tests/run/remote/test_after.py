"""After a run: its failures once more, its files with another configuration, its results one by one."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.engine.faults import Fault, Faults
from llamabatch_nb.errors import BatchFailedError, InputError, SourceError
from llamabatch_nb.snapshot import Snapshot
from tests.run.conftest import pdf
from tests.run.support import CREATE, DIRECTORIES, Line, engine, no_fault, once, remote, texts

JOBS = "/api/v2/parse"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two that can be read, one that is locked, and two identical ones that need a second try."""
    folder = texts(tmp_path / "in", a="alpha", b="beta")
    pdf(folder / "locked.pdf", "secret", password="open sesame")
    pdf(folder / "weak.pdf", "First page")
    (folder / "z").mkdir()
    pdf(folder / "z" / "twin.pdf", "First page")
    return folder


class Flaky:
    """The service says of some files' jobs that it had no time for them, as often as it is told to."""

    def __init__(self, line: Line, *names: str, times: int = 1) -> None:
        self._names = names
        self._left = dict.fromkeys(names, times)
        self._failed: set[str] = set()
        self._inner = line._inner
        line._inner = httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.method != "GET" or request.url.path != JOBS:
            return answer
        await answer.aread()
        listed: dict[str, Any] = answer.json()
        for job in listed["items"]:
            name = job.get("name")
            if name in self._left and job["status"] == "COMPLETED" and job["id"] not in self._failed:
                if not self._left[name]:
                    continue
                self._left[name] -= 1
                self._failed.add(job["id"])
            if job["id"] in self._failed:
                job |= {"status": "FAILED", "error_message": "TIMEOUT: Timed out while parsing"}
        return httpx.Response(200, json=listed)


def table(run: lb.Run) -> dict[str, tuple[str, int]]:
    files = run.files().set_index("name")
    return dict(zip(files.index, zip(files["status"], files["attempt"], strict=True), strict=True))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_only_what_may_succeed_is_sent_again_and_not_uploaded_again(
    client: lb.Client, line: Line, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Flaky(line, "weak.pdf")
    run = lb.submit(folder, name="mine", client=client).wait()
    files = run.files().set_index("name")
    assert files["status"].to_dict() == {
        "a.txt": "completed",
        "b.txt": "completed",
        "locked.pdf": "failed",
        "z/twin.pdf": "failed",
        "weak.pdf": "failed",
    }
    assert {file.name: file.retryable for file in run.snapshot.files if file.status == "failed"} == {
        "locked.pdf": False,
        "weak.pdf": True,
        "z/twin.pdf": True,
    }
    uploads, first = line.uploads, run.id
    said(capsys)
    assert run.retry_failed() is run
    assert said(capsys) == "1 file is sent again.\n"  # the twin is the same content
    run.wait()
    assert table(run) == {
        "a.txt": ("completed", 1),
        "b.txt": ("completed", 1),
        "locked.pdf": ("failed", 1),
        "z/twin.pdf": ("completed", 2),
        "weak.pdf": ("completed", 2),
    }
    assert (line.uploads, line.added, line.count(CREATE), run.id) == (uploads, 1, 2, first)
    assert [(batch.files, batch.attempt) for batch in run.snapshot.batches] == [(4, 1), (1, 2)]
    retry = run.snapshot.batches[1]
    description = str(client.directories.get(str(retry.directory_id)).description)
    assert f"attempt 2, retry of {first}" in description
    assert sorted(run.pages()["name"]) == ["a.txt", "b.txt", "weak.pdf", "z/twin.pdf"]
    # Another day: the same table, found by either batch.
    with remote(line) as other:
        for key in ("mine", str(first), str(retry.batch_id)):
            found = lb.open(key, client=other).wait()
            assert table(found) == table(run)
            assert found.pages().equals(run.pages())


def test_a_second_retry_and_none_that_helps(
    client: lb.Client, line: Line, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Flaky(line, "weak.pdf", times=2)
    run = lb.submit(folder, client=client).wait()
    run.retry_failed().wait()
    assert table(run)["weak.pdf"] == ("failed", 2)
    run.retry_failed().wait()
    assert table(run)["weak.pdf"] == table(run)["z/twin.pdf"] == ("completed", 3)
    assert [batch.attempt for batch in run.snapshot.batches] == [1, 2, 3]
    said(capsys)
    sent = len(line.requests)
    run.retry_failed()
    assert said(capsys).startswith("Nothing is sent again: trying again does not help the file that failed")
    assert len(line.requests) == sent
    run.retry_failed(all=True).wait()
    assert said(capsys) == "1 file is sent again.\n"
    assert table(run)["locked.pdf"] == ("failed", 2)


def test_nothing_to_retry(client: lb.Client, line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = lb.submit(texts(tmp_path / "in", a="alpha"), client=client).wait()
    said(capsys)
    sent = len(line.requests)
    assert run.retry_failed() is run
    assert said(capsys).startswith("Nothing to retry: no file of this run has failed")
    assert (len(line.requests), run.finished) == (sent, True)


def test_retry_clicked_twice_sends_once(client: lb.Client, line: Line, folder: Path) -> None:
    """In the panel, in a cell, and in both at once."""
    Flaky(line, "weak.pdf")
    run = lb.submit(folder, client=client).wait()
    for _ in range(3):
        run.hand(run.request_retry)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: run.retry_failed(), range(3)))
    run.wait()
    assert table(run)["weak.pdf"] == ("completed", 2)
    assert (line.added, line.count(CREATE)) == (1, 2)


def test_retry_from_two_runs_over_one_watcher(client: lb.Client, line: Line, folder: Path) -> None:
    Flaky(line, "weak.pdf")
    run = lb.submit(folder, name="mine", client=client).wait()
    other = lb.open("mine", client=client)
    other.retry_failed()
    assert not run.snapshot.ended
    assert table(run.wait())["weak.pdf"] == ("completed", 2)


def test_retry_clicked_as_the_run_ends(client: lb.Client, line: Line, folder: Path) -> None:
    """The click is handed over with the last Snapshot, before the watcher has finished."""
    Flaky(line, "weak.pdf", times=5)
    run = lb.submit(folder, client=client)

    def click(snapshot: Snapshot) -> None:
        if snapshot.ended and snapshot.files[-1].status == "failed":
            run.hand(run.request_retry)

    run.subscribe(click)
    while run.wait().snapshot.files[-1].status == "failed":
        pass
    assert table(run)["weak.pdf"] == table(run)["z/twin.pdf"] == ("completed", 6)
    assert line.count(CREATE) == 6


def test_a_run_that_is_taken_up_again_before_its_waiter_had_its_turn(
    client: lb.Client, line: Line, folder: Path
) -> None:
    """The waiter waits on, instead of finding a run that is neither here nor there."""
    Flaky(line, "weak.pdf")
    run = lb.submit(folder, client=client)
    waiting = client.core.loop.start(run.wait_async)

    def at_once(snapshot: Snapshot) -> None:
        if run.finished and snapshot.files[-1].status == "failed":
            with suppress(StopIteration):
                run.request_retry().send(None)

    run.subscribe(at_once)
    assert waiting.result().snapshot.counts == {"completed": 4, "failed": 1}
    assert table(run)["weak.pdf"] == ("completed", 2)


def test_retry_while_another_is_under_way(
    client: lb.Client, line: Line, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Flaky(line, "weak.pdf")
    run = lb.submit(folder, client=client).wait()
    line.engine._dispatcher.stop()  # so that the retry stays under way
    run.retry_failed()
    said(capsys)
    run.retry_failed()
    assert "Nothing is sent again: trying again does not help the file that failed" in said(capsys)
    assert len(run.snapshot.batches) == 2
    with pytest.raises(InputError, match="still on its way"):
        run.retry(replace={"weak.pdf": folder / "a.txt"})
    run.retry_failed(all=True)  # the locked one is not under way
    assert len(run.snapshot.batches) == 3


def test_what_the_service_has_lost_is_uploaded_again(client: lb.Client, line: Line, folder: Path) -> None:
    Flaky(line, "weak.pdf")
    run = lb.submit(folder, client=client).wait()
    uploads = line.uploads
    line.before = once("POST", "/files", httpx.Response(404, json={"detail": "File not found"}))
    run.retry_failed().wait()
    assert table(run)["weak.pdf"] == ("completed", 2)
    assert line.uploads == uploads + 1


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_what_nobody_has_any_more_says_so(client: lb.Client, line: Line, folder: Path, change: str) -> None:
    """And what has changed since is not sent in its place. The run has ended as it was: nobody cancelled it."""
    Flaky(line, "a.txt")
    run = lb.submit(folder, client=client).wait()
    if change == "gone":
        (folder / "a.txt").unlink()
    else:
        texts(folder, a="omega")  # of the same size
    line.before = once("POST", "/files", httpx.Response(404, json={"detail": "File not found"}))
    run.retry_failed().wait()
    row = run.files().set_index("name").loc["a.txt"]
    assert row["status"] == "failed"
    assert ("Neither the service nor this machine" if change == "gone" else "has changed since") in row["error"]
    assert (run.snapshot.phase, line.count(CREATE)) == ("COMPLETED", 1)
    # And what the reason says to do does it.
    if change == "gone":
        run.retry({"a.txt": texts(folder.parent / "backup", a="alpha") / "a.txt"})
    else:
        lb.submit(folder, client=client).rest()
    assert run.wait().pages().set_index("name")["text"]["a.txt"] == ("alpha" if change == "gone" else "omega")


def test_a_file_that_could_not_be_read_is_sent_when_it_is_back(client: lb.Client, line: Line, tmp_path: Path) -> None:
    folder = texts(tmp_path / "in", a="alpha", b="beta")

    def vanish(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path == DIRECTORIES:
            (folder / "b.txt").unlink()

    line.before = vanish
    run = lb.submit(folder, client=client).wait()
    row = run.files().set_index("name").loc["b.txt"]
    assert (row["status"], row["error_source"]) == ("failed", "upload")
    assert "restore it, and run.retry_failed(all=True) sends it" in row["error"]
    line.before = no_fault
    texts(folder, b="beta")
    run.retry_failed(all=True).wait()
    assert table(run) == {"a.txt": ("completed", 1), "b.txt": ("completed", 2)}


def test_a_retry_that_was_interrupted_goes_on_when_it_is_opened(client: lb.Client, line: Line, folder: Path) -> None:
    Flaky(line, "weak.pdf", "a.txt")
    run = lb.submit(folder, name="mine", client=client).wait()
    left = [1]

    def die(request: httpx.Request) -> Exception | None:
        if request.method == "POST" and request.url.path.endswith("/files"):
            left[0] -= 1
            return SystemError("killed here") if left[0] < 0 else None
        return None

    line.before = die
    with pytest.raises(SystemError):
        run.retry_failed().wait()
    client.close()
    line.before = no_fault
    with remote(line) as other:
        again = lb.open("mine", client=other).wait()
        assert table(again)["weak.pdf"] == table(again)["a.txt"] == ("completed", 2)
        assert len(list(other.batches.list())) == 2
    assert line.added == 2 + 1  # one of them had died on its way


def test_a_failed_batch_is_retried_as_a_whole(tmp_path: Path, folder: Path) -> None:
    with engine(tmp_path / "failing", faults=Faults(script=[Fault("failed")])) as made:
        line = Line(made)
        with remote(line) as client:
            run = lb.submit(folder, client=client)
            with pytest.raises(BatchFailedError):
                run.wait()
            run.retry_failed().wait()
            assert table(run) == {
                "a.txt": ("completed", 2),
                "b.txt": ("completed", 2),
                "locked.pdf": ("failed", 2),
                "z/twin.pdf": ("completed", 2),
                "weak.pdf": ("completed", 2),
            }
            assert (line.uploads, line.added, run.snapshot.phase) == (4, 4, "COMPLETED")
            assert run.snapshot.trouble is None


def test_another_file_goes_in_the_place_of_one(
    client: lb.Client, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = lb.submit(folder, client=client).wait()
    unlocked = pdf(tmp_path / "unlocked.pdf", "no secret any more")
    assert run.retry(replace={"locked.pdf": unlocked}) is run
    assert "1 file is sent in the place of others." in said(capsys)
    run.wait()
    assert table(run)["locked.pdf"] == ("completed", 2)
    pages = run.pages().set_index("name")["text"]
    assert pages["locked.pdf"].strip() == "no secret any more"
    # With another configuration it is the readable one that goes.
    other = run.rerun(configuration="cfg-PARSE_FAST").wait()
    assert other.pages().set_index("name")["text"]["locked.pdf"].strip() == "no secret any more"
    # A finished file too; its new attempt is shown when it is there.
    run.retry(replace={"a.txt": texts(tmp_path / "new", a="alpha, corrected") / "a.txt"}).wait()
    assert run.pages().set_index("name")["text"]["a.txt"] == "alpha, corrected"


def test_a_copy_is_replaced_on_its_own(client: lb.Client, folder: Path, tmp_path: Path) -> None:
    run = lb.submit(folder, client=client).wait()
    new = texts(tmp_path / "new", one="one", two="two")
    run.retry(replace={"twin.pdf": new / "one.txt", "weak.pdf": new / "two.txt"}).wait()
    pages = run.pages().set_index("name")["text"]
    assert (pages["z/twin.pdf"], pages["weak.pdf"]) == ("one", "two")


def test_what_cannot_be_replaced(client: lb.Client, line: Line, folder: Path) -> None:
    run = lb.submit(folder, client=client).wait()
    sent = len(line.requests)
    with pytest.raises(SourceError, match=r"There is no file 'nope\.pdf' to send in place of 'locked\.pdf'"):
        run.retry(replace={"locked.pdf": "nope.pdf"})
    with pytest.raises(SourceError, match=r"no file 'three\.pdf'"):
        run.retry(replace={"three.pdf": folder / "a.txt"})
    with pytest.raises(SourceError, match="named twice"):
        run.retry(replace={"twin.pdf": folder / "a.txt", "z/twin.pdf": folder / "b.txt"})
    with pytest.raises(InputError, match=r"run\.retry\(\{"):
        run.retry(replace={})
    assert len(line.requests) == sent


def test_rerun_uploads_nothing_and_is_a_run_of_its_own(
    client: lb.Client, line: Line, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = lb.submit(folder, name="mine", client=client).wait()
    uploads = line.uploads
    other = run.rerun(configuration="cfg-PARSE_FAST", name="fast").wait()
    assert (line.uploads, line.added) == (uploads, 4)
    assert other.id != run.id
    assert table(other) == table(run)
    assert other.snapshot.configuration_id == "cfg-PARSE_FAST"
    assert [file.copy_of for file in other.snapshot.files] == [file.copy_of for file in run.snapshot.files]
    assert lb.open("fast", client=client).id == other.id
    said(capsys)
    assert run.rerun(configuration="cfg-PARSE_FAST").id == other.id
    assert "re-attached" in said(capsys)
    history = lb.history(client=client).set_index("batch_id")
    assert history["parent"][str(other.id)] == f"rerun of {run.id}"
    with pytest.raises(InputError, match="another one"):
        run.rerun(configuration="cfg-PARSE_AGENTIC")
    with pytest.raises(InputError, match="no configuration"):
        run.rerun(configuration="cfg-nope")


def test_rerun_after_a_copy_s_original_has_changed(client: lb.Client, line: Line, tmp_path: Path) -> None:
    folder = texts(tmp_path / "in", a="the same", b="the same", c="the same")
    run = lb.submit(folder, client=client).wait()
    texts(folder, a="another")
    lb.submit(folder, client=client).rest().wait()
    expected = ["another", "the same", "the same"]
    assert run.pages()["text"].tolist() == expected
    other = run.rerun(configuration="cfg-PARSE_FAST").wait()
    assert other.pages()["text"].tolist() == expected
    assert line.added == 2  # c goes with b


def test_one_result(client: lb.Client, line: Line, folder: Path) -> None:
    run = lb.submit(folder, client=client).wait()
    sent = len(line.requests)
    result = run.results_of("twin.pdf")
    assert isinstance(result, ParseResult)
    assert result.text is not None
    assert result.text.pages[0].text.strip() == "First page"
    assert result.job.id == run.files().set_index("name")["job_id"]["weak.pdf"]
    assert run.results_of("locked.pdf") is None
    assert len(line.requests) == sent  # from the archive
    with pytest.raises(SourceError, match="lists them"):
        run.results_of("nope.pdf")


def test_jobs_are_cancelled_one_by_one(tmp_path: Path) -> None:
    content = {f"f{number}": f"text {number}" for number in range(6)}
    folder = texts(tmp_path / "in", **content, **{f"z_copy_{name}": text for name, text in content.items()})
    with engine(tmp_path / "slow", seconds_per_file=0.3, results_while_running=True) as made:
        line = Line(made)
        with remote(line) as client:
            run = lb.submit(folder, client=client)
            with pytest.raises(InputError, match=r"'f5\.txt' is \w+: there is no job of it to cancel"):
                run.cancel("f5.txt")
            # Uploads overtake each other, so any of them may be the first that is read.
            waiting: list[str] = []
            for snapshot in run.watch():
                waiting = [file.name for file in snapshot.files[:6] if file.job_id and file.status == "pending"]
                if waiting:
                    break
            run.cancel(waiting[-1])
            run.cancel(f"z_copy_{waiting[-2]}")  # whose job is that of another
            run.wait()
            assert run.snapshot.counts == {"completed": 8, "cancelled": 4}
            assert {file.name for file in run.snapshot.files[:6] if file.status == "cancelled"} == {*waiting[-2:]}
            assert (run.snapshot.phase, line.count(f"POST {JOBS}/", "/cancel")) == ("COMPLETED", 2)
            done = next(file.name for file in run.snapshot.files if file.status == "completed")
            with pytest.raises(InputError, match="is completed: there is no job of it to cancel"):
                run.cancel(done)
            sent = len(line.requests)
            run.retry_failed()  # what somebody has cancelled has not failed
            assert len(line.requests) == sent


def test_a_run_that_is_over_and_a_client_that_is_closed_are_freed(line: Line, folder: Path) -> None:
    client = remote(line)
    run = lb.submit(folder, client=client).wait()
    core = weakref.ref(client.core)
    client.close()
    del run, client
    gc.collect()
    assert core() is None


def test_what_is_asked_of_a_closed_client(line: Line, folder: Path) -> None:
    client = remote(line)
    run = lb.submit(folder, client=client).wait()
    client.close()
    for ask in (
        run.retry_failed,
        run.rest,
        lambda: run.rerun(configuration="cfg-PARSE_FAST"),
        lambda: run.retry(replace={"locked.pdf": folder / "a.txt"}),
        lambda: lb.submit(folder, client=client),
        lambda: lb.open("x", client=client),
        lambda: lb.history(client=client),
    ):
        with pytest.raises(InputError, match="This client is closed"):
            ask()
    assert len(run.files()) == 5
