"""What is asked for again: nothing is paid twice by it, nothing is sent behind anybody's back, all of it is said."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.engine import Engine
from llamabatch_nb.errors import (
    AuthenticationError,
    BatchCancelledError,
    CostError,
    InputError,
    LoopThreadError,
    OutOfCreditsError,
)
from llamabatch_nb.follow import after
from llamabatch_nb.follow.sources.estimate import Estimate
from llamabatch_nb.run import registry
from tests.run.support import (
    BATCHES,
    CREATE,
    DIRECTORIES,
    UPLOAD,
    Line,
    answering,
    engine,
    no_fault,
    once,
    remote,
    texts,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="alpha", b="beta", c="gamma")


class Held(Line):
    """Uploads are held until the gate is open."""

    def __init__(self, made: Engine) -> None:
        super().__init__(made)
        self.gate, self.held = threading.Event(), threading.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(UPLOAD):
            self.held.set()
            while not self.gate.is_set():  # noqa: ASYNC110 - opened in another thread
                await anyio.sleep(0.01)
        return await super().handle_async_request(request)


def batches(client: lb.Client) -> int:
    return len(list(client.batches.list()))


@pytest.mark.parametrize("in_time", [True, False])
def test_what_was_cancelled_while_it_was_uploaded_is_sent_again_by_its_follower(
    line: Line, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, in_time: bool
) -> None:
    """Or not at all, where its uploads have not stopped yet; never by the journal alone."""
    held = Held(line.engine)
    if not in_time:
        monkeypatch.setattr(registry, "PATIENCE", 0.0)
    with remote(held) as client:
        run = lb.submit(folder, name="x", client=client)
        assert held.held.wait(10)
        run.cancel()
        if in_time:
            threading.Timer(0.2, held.gate.set).start()
        capsys.readouterr()
        again = lb.submit(folder, client=client)
        held.gate.set()
        said = capsys.readouterr().out
        if in_time:
            assert "re-attached to its uploads; the uploads go on" in said
            assert again.wait().snapshot.counts == {"completed": 3}
        else:
            assert "re-attached to its uploads, which are CANCELLED; nothing was sent" in said
            with pytest.raises(BatchCancelledError):
                again.wait()
    with remote(line) as other:
        with suppress(BatchCancelledError):
            lb.open("x", client=other).wait()
        assert batches(other) == in_time


def test_a_cell_that_replaces_a_file_may_be_run_again(
    line: Line, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 rubbish")
    good = texts(tmp_path / "good", good="good one", better="better one")
    for kernel in range(2):
        with remote(line) as client:
            run = lb.submit(folder, client=client).wait()
            capsys.readouterr()
            run.retry({"bad.pdf": good / "good.txt"})
            run.retry({"bad.pdf": good / "good.txt"})  # while it is under way, too
            said = capsys.readouterr().out
            assert said.count("1 file is sent in the place of others") == (kernel == 0)
            assert "1 file is not sent: sent in that place before." in said
            assert run.wait().files()["status"].tolist() == ["completed"] * 4
            assert batches(client) == 2
    with remote(line) as client:
        run = lb.submit(folder, client=client)
        run.retry({"bad.pdf": good / "better.txt"}).wait()
        assert batches(client) == 3


def test_the_limit_holds_for_what_is_in_the_journal_and_not_paid(
    client: lb.Client, line: Line, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line.before = answering(DIRECTORIES, httpx.Response(401), method="POST")
    with pytest.raises(AuthenticationError):
        lb.submit(folder, client=client)
    line.before = no_fault
    with pytest.raises(CostError, match="at least 30 credits"):
        lb.submit(folder, max_credits=29, client=client)
    assert line.uploads == 0
    capsys.readouterr()
    lb.submit(folder, max_credits=30, client=client).wait()
    assert capsys.readouterr().out.startswith("3 files, 14 bytes, at least 3 pages: at least 30 credits")


def test_a_cancelled_run_is_gone_on_with(tmp_path: Path, folder: Path) -> None:
    with engine(tmp_path / "slow", seconds_per_file=0.5, results_while_running=True) as made:
        line = Line(made)
        with remote(line) as client:
            run = lb.submit(folder, client=client)
            for snapshot in run.watch():
                if snapshot.counts.get("completed"):
                    break
            run.cancel()
            with pytest.raises(BatchCancelledError, match=r"run\.retry_failed\(\) sends the others again"):
                run.wait()
            left = run.snapshot.counts["cancelled"]
            assert left
            run.retry_failed().wait()
            assert run.snapshot.counts == {"completed": 3}
            assert [batch.files for batch in run.snapshot.batches] == [3, left]


def test_what_a_retry_has_taken_over_is_not_sent_by_its_first_part_too(line: Line, folder: Path) -> None:
    """Cancelled while it was uploaded, retried, and submitted again: paid once."""
    held = Held(line.engine)
    with remote(held) as client:
        run = lb.submit(folder, client=client)
        assert held.held.wait(10)
        run.cancel()
        held.gate.set()
        with pytest.raises(BatchCancelledError):
            run.wait()
        run.retry_failed().wait()
        assert lb.submit(folder, client=client).wait().snapshot.counts == {"completed": 3}
        assert batches(client) == 1


def test_the_loop_thread_is_told_before_it_waits_for_a_lock(client: lb.Client, folder: Path) -> None:
    """Whoever holds the lock may wait for the loop thread."""
    lb.submit(folder, name="x", client=client).wait()
    errors: list[Exception] = []

    async def on_the_loop() -> None:
        for ask in (
            lambda: lb.open("x", client=client),
            lambda: lb.submit(folder, client=client),
            lambda: lb.history(client=client),
        ):
            try:
                ask()
            except LoopThreadError as error:
                errors.append(error)

    with registry.lock:  # of this thread, not of that
        client.core.loop.run(on_the_loop)
    assert len(errors) == 3


def test_what_it_costs_is_said_before_anything_is_uploaded(
    client: lb.Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[str] = []
    monkeypatch.setattr(
        "builtins.print",
        lambda *said, **_: followed.append(f"{len(registry._followers.get(client.core, {}))} {said[0]}"),
    )
    lb.submit(folder, client=client).wait()
    assert next(said for said in followed if "credits" in said).startswith("0 3 files")


def test_a_directory_s_size_is_not_known(client: lb.Client) -> None:
    directory = client.directories.create(name="shared")
    client.directories.files.upload(directory.id, upload_file=("a.txt", b"a" * 3000))
    found = lb.submit(directory.id, client=client, dry_run=True)
    assert found.bytes is None
    assert str(found).startswith("1 file, at least 1 page: at least 10 credits")


def test_a_rerun_of_a_run_that_is_uploaded_has_a_parent(line: Line, folder: Path) -> None:
    held = Held(line.engine)
    with remote(held) as client:
        run = lb.submit(folder, name="y", client=client)
        other = run.rerun(configuration="cfg-PARSE_FAST", name="z")
        held.gate.set()
        run.wait()
        other.wait()
        parents = lb.history(client=client).set_index("name")["parent"]
        assert parents["z"] == f"rerun of {run.id}"


def test_a_watch_raises_what_ended_the_following(client: lb.Client, line: Line, folder: Path) -> None:
    line.before = once("POST", BATCHES, httpx.Response(402))
    run = lb.submit(folder, client=client)
    with pytest.raises(OutOfCreditsError):
        list(run.watch())


def test_a_larger_sample_sends_the_difference(
    client: lb.Client, line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = texts(tmp_path / "in", **{f"f{number}": f"text {number}" for number in range(10)})
    first = set(lb.submit(folder, sample=2, client=client).wait().files()["name"])
    with pytest.raises(CostError):
        lb.submit(folder, sample=4, max_credits=19, client=client)
    assert lb.submit(folder, sample=4, dry_run=True, client=client).files == 2
    assert line.uploads == 2
    capsys.readouterr()
    run = lb.submit(folder, sample=4, max_credits=20, client=client).wait()
    assert "2 files are sent, by which the sample is larger" in capsys.readouterr().out
    assert first < set(run.files()["name"])
    assert (len(run.files()), run.snapshot.rest, line.uploads, line.count(CREATE)) == (4, 6, 4, 2)
    for sample in (2, 4):  # changed files are the rest, and so is what is new to the folder
        texts(folder, **{Path(min(first)).stem: "changed", f"new{sample}": f"new {sample}"})
        run = lb.submit(folder, sample=sample, client=client).wait()
    assert (len(run.files()), line.uploads, run.snapshot.rest) == (4, 4, 9)


def test_a_new_name_is_said(client: lb.Client, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lb.submit(folder, name="Q3", client=client).wait()
    lb.submit(folder, name="Q3", client=client)
    assert "named" not in capsys.readouterr().out
    lb.submit(folder, name="Q4", client=client)
    assert "The run 'Q3' is named 'Q4' from now on." in capsys.readouterr().out


def test_what_is_not_in_the_run_is_said_first(
    client: lb.Client, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is filled anew each week, with one file that stays: last week's rows are not this week's."""
    lb.submit(folder, client=client).wait()
    (folder / "b.txt").unlink()
    (folder / "c.txt").unlink()
    texts(folder, **{f"new{number}": f"new {number}" for number in range(5)})
    capsys.readouterr()
    run = lb.submit(folder, client=client)
    assert capsys.readouterr().out.startswith("5 of these 6 files are not in this run")
    assert run.snapshot.rest == 5


def test_how_much_is_missing_is_not_known_after_opening(line: Line, folder: Path) -> None:
    with remote(line) as client:
        assert lb.submit(folder, sample=1, name="x", client=client).wait().snapshot.rest == 2
    with remote(line) as client:
        run = lb.open("x", client=client)
        assert run.snapshot.rest is None
        assert run.rest().wait().snapshot.rest == 0


def test_a_dry_run_prices_what_would_be_sent_now(client: lb.Client, folder: Path) -> None:
    lb.submit(folder, client=client).wait()
    texts(folder, d="delta")
    found = lb.submit(folder, dry_run=True, client=client)
    assert isinstance(found, Estimate)
    assert (found.files, found.credits, found.known, found.rest) == (0, 0, 3, 1)
    assert str(found) == (
        "Nothing to send, no credits: all of it was submitted before (3 files). 1 file more is not in that run: "
        "run.rest() sends it."
    )
    assert lb.submit(folder, dry_run=True, new=True, client=client).credits == 40


def test_a_retry_has_a_limit_too(client: lb.Client, folder: Path, tmp_path: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 rubbish")
    run = lb.submit(folder, client=client).wait()
    good = texts(tmp_path / "good", good="good one") / "good.txt"
    with pytest.raises(CostError, match="max_credits=9"):
        run.retry_failed(all=True, max_credits=9)
    with pytest.raises(CostError, match="max_credits=9"):
        run.retry({"bad.pdf": good}, max_credits=9)
    assert (batches(client), len(run.snapshot.batches)) == (1, 1)
    run.retry({"bad.pdf": good}, max_credits=10).wait()
    assert batches(client) == 2


def test_a_run_of_another_project_is_not_taken_for_one_s_own(line: Line, folder: Path) -> None:
    with remote(line) as client:
        client.core.settings = replace(client.core.settings, project_id="prj-1")
        lb.submit(folder, name="theirs", client=client).wait()
        assert len(lb.open("theirs", client=client).files()) == 3
    with remote(line) as client, pytest.raises(InputError, match="another project or organization"):
        lb.open("theirs", client=client)


def test_a_run_is_read_on_the_loop_thread_alone(
    client: lb.Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[bool] = set()
    for name in ("failed", "source_of"):
        real = getattr(after, name)

        def spied(*given: object, real: object = real, **more: object) -> object:
            seen.add(client.core.loop.here)
            return real(*given, **more)  # type: ignore[operator]

        monkeypatch.setattr(after, name, spied)
    run = lb.submit(folder, client=client).wait()
    run.retry_failed()
    run.rerun(configuration="cfg-PARSE_FAST").wait()
    assert seen == {True}
