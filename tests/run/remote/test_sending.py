"""On the way to a batch: another kernel, a kernel that died, a line that is down, a document that changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import anyio
import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import BatchCancelledError, InputError, RunError, ServerError
from llamabatch_nb.follow.journal.claims import Claim
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import PartRow
from tests.run.support import AGENTIC, BATCHES, CREATE, DIRECTORIES, UPLOAD, Line, engine, no_fault, once, remote, texts


class Gated(Line):
    """A line on which requests that `held` names wait until the gate is opened."""

    def __init__(self, line: Line, held: Callable[[httpx.Request], bool]) -> None:
        super().__init__(line.engine)
        self.held = held
        self.waits, self.gate = threading.Event(), threading.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.held(request) and not self.gate.is_set():
            self.waits.set()
            await anyio.to_thread.run_sync(self.gate.wait, abandon_on_cancel=True)
        return await super().handle_async_request(request)


def uploading(request: httpx.Request) -> bool:
    return request.url.path.endswith(UPLOAD)


def creating(request: httpx.Request) -> bool:
    return (request.method, request.url.path) == ("POST", BATCHES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="alpha", b="beta", c="gamma")


def statuses(client: lb.Client) -> list[str]:
    return [batch.status for batch in client.batches.list()]


def part_of(home: Path) -> PartRow:
    journal = Journal(home / "journal.db")
    [part] = journal.parts(1)
    journal.close()
    return part


# Several kernels.


def test_a_second_kernel_sends_nothing_and_sees_all(line: Line, folder: Path) -> None:
    one, other = Gated(line, lambda request: uploading(request) and one.uploads == 2), Line(line.engine)
    with remote(one) as first, remote(other) as second:
        run = lb.submit(folder, name="x", client=first)
        assert one.waits.wait(10)
        found = lb.open("x", client=second)
        while found.snapshot.counts.get("uploaded", 0) < 2:
            assert not found.finished
            time.sleep(0.01)
        assert found.snapshot.phase == "UPLOADING"
        one.gate.set()
        assert found.wait().id == run.wait().id
        assert found.pages().equals(run.pages())
    assert (one.uploads, one.requests.count(CREATE)) == (3, 1)
    assert (other.uploads, other.requests.count(CREATE), other.count(f"GET {DIRECTORIES}")) == (0, 0, 0)


def test_it_goes_on_where_the_first_has_left_off(line: Line, client: lb.Client, folder: Path, own_home: Path) -> None:
    """The other kernel dies after one upload that it noted and another that it did not."""
    claim = Claim(own_home / "journal.db", 1)
    assert claim.take()
    run = lb.submit(folder, client=client)
    directory = str(run.snapshot.directory_id)
    journal = Journal(own_home / "journal.db")
    for name in ("a.txt", "b.txt"):
        sent = client.directories.files.upload(directory, upload_file=folder / name, unique_id=name)
        if name == "a.txt":
            journal.file_uploaded(1, name, sent.id, sent.file_id)
    journal.close()
    while run.snapshot.counts.get("uploaded", 0) < 1:
        time.sleep(0.01)
    assert (line.uploads, line.requests.count(CREATE)) == (2, 0)
    claim.give_up()
    assert run.wait().snapshot.counts == {"completed": 3}
    assert (line.uploads, line.requests.count(CREATE)) == (3, 1)


def test_a_client_is_closed_while_another_kernel_uploads(
    client: lb.Client, line: Line, folder: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim = Claim(own_home / "journal.db", 1)
    assert claim.take()
    run = lb.submit(folder, name="x", client=client)
    client.close()
    assert (
        "Another notebook or program is uploading these documents, and goes on. lb.open('x')" in capsys.readouterr().err
    )
    claim.give_up()
    with pytest.raises((RunError, InputError)):
        run.wait()
    assert line.uploads == 0


def test_an_owner_that_sleeps_right_before_its_create_is_waited_for(line: Line, folder: Path) -> None:
    asleep, other = Gated(line, creating), Line(line.engine)
    with remote(asleep) as first, remote(other) as second:
        run = lb.submit(folder, name="x", client=first)
        assert asleep.waits.wait(10)
        found = lb.open("x", client=second)
        time.sleep(0.3)  # some turns of the second's, whose waits are short
        assert other.requests.count(CREATE) == 0
        asleep.gate.set()
        assert found.wait().id == run.wait().id
        assert len(statuses(second)) == 1


def test_cancelled_in_another_kernel_while_it_is_uploaded(line: Line, folder: Path, own_home: Path) -> None:
    one = Gated(line, lambda request: uploading(request) and one.uploads == 1)
    with remote(one) as first, remote(Line(line.engine)) as second:
        run = lb.submit(folder, name="x", client=first)
        assert one.waits.wait(10)
        found = lb.open("x", client=second)
        found.cancel()
        one.gate.set()
        for each in (run, found):
            with pytest.raises(BatchCancelledError):
                each.wait()
        assert statuses(second) == []
    assert part_of(own_home).stopped


def test_cancelled_in_another_kernel_while_it_is_created(line: Line, folder: Path) -> None:
    one = Gated(line, creating)
    with remote(one) as first, remote(Line(line.engine)) as second:
        run = lb.submit(folder, name="x", client=first)
        assert one.waits.wait(10)
        found = lb.open("x", client=second)
        found.cancel()
        one.gate.set()
        with suppress(BatchCancelledError):  # it may have been faster
            run.wait()
        assert second.batches.get(str(run.id)).status in {"CANCELLED", "COMPLETED"}
        assert one.count("POST", f"{run.id}/cancel") == 1


# A create of which nobody knows whether it was done.


def test_its_batch_is_found_though_the_directory_has_expired(line: Line, folder: Path, own_home: Path) -> None:
    with remote(line) as client:
        run = lb.submit(folder, client=client).wait()
        directory, batch = str(run.snapshot.directory_id), run.id
    journal = Journal(own_home / "journal.db")
    journal._db.execute("UPDATE part SET batch_id = NULL, phase = NULL")
    journal._db.execute("UPDATE file SET job_id = NULL, job_type = NULL")
    journal.close()
    with remote(line) as client:
        client.directories.delete(directory)
        again = lb.submit(folder, client=client).wait()
        assert again.id == batch
        assert again.pages()["text"].tolist() == ["alpha", "beta", "gamma"]
        assert len(statuses(client)) == 1
    assert line.uploads == 3


def test_the_batch_of_somebody_else_is_not_taken_for_ours(line: Line) -> None:
    with remote(line) as client:
        directory = client.directories.create(name="shared").id
        for name in "ab":
            client.directories.files.upload(directory, upload_file=(f"{name}.txt", name.encode()))
    cut = once("POST", BATCHES, httpx.ReadError("cut"))
    ours = Gated(line, lambda _: ours.requests.count(CREATE) == 1)
    ours.before = cut
    with remote(ours) as client, remote(line) as other:
        run = lb.submit(directory, client=client)
        assert ours.waits.wait(10)
        made = other.batches.create(
            config={"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_FAST"}}, source_directory_id=directory
        )
        ours.gate.set()
        assert run.wait().id != made.id
        assert client.batches.get(str(run.id)).config.job.configuration_id == AGENTIC
        assert client.batches.get(made.id).status == "COMPLETED"  # and it was not cancelled as a double


def test_a_cancel_between_two_attempts_creates_nothing(line: Line, client: lb.Client, folder: Path) -> None:
    def cut(request: httpx.Request) -> Exception | None:
        if creating(request):
            run._follower.state.parts[0].stopped = True  # what cancel() does
            return httpx.ReadError("cut")
        return None

    run = lb.submit(folder, client=client)
    line.before = cut
    with pytest.raises(BatchCancelledError):
        run.wait()
    assert (line.requests.count(CREATE), statuses(client)) == (1, [])


def test_a_cancelled_create_that_was_done_all_the_same_is_found(line: Line, client: lb.Client, folder: Path) -> None:
    def cut(request: httpx.Request) -> Exception | None:
        if creating(request):
            run._follower.state.parts[0].stopped = True
            return httpx.ReadError("cut")
        return None

    run = lb.submit(folder, client=client)
    line.after = cut
    with suppress(BatchCancelledError):  # it may have been faster
        run.wait()
    assert run.id is not None
    assert (line.requests.count(CREATE), line.count("POST", f"{run.id}/cancel")) == (1, 1)


def test_two_batches_of_ours_become_one(tmp_path: Path, folder: Path) -> None:
    """The listing did not show the first one yet when it was looked up."""
    with engine(tmp_path / "slow", results_while_running=True, seconds_per_file=0.3) as made:
        line = Line(made)
        with remote(line) as client:
            _two_become_one(line, client, folder)


def _two_become_one(line: Line, client: lb.Client, folder: Path) -> None:
    hidden = [True]

    def stale(request: httpx.Request) -> httpx.Response | None:
        if hidden[0] and (request.method, request.url.path) == ("GET", BATCHES) and line.requests.count(CREATE) == 1:
            hidden[0] = False
            return httpx.Response(200, json={"items": [], "next_page_token": None, "total_size": 0})
        return None

    line.before, line.after = stale, once("POST", BATCHES, httpx.ReadError("cut"))
    run = lb.submit(folder, client=client).wait()
    assert line.requests.count(CREATE) == 2
    [other] = [batch.id for batch in client.batches.list() if batch.id != run.id]
    assert line.count("POST", f"{other}/cancel") == 1
    assert run.pages()["text"].tolist() == ["alpha", "beta", "gamma"]


# A line that is down.


def test_an_outage_is_sat_out_and_shown(line: Line, client: lb.Client, folder: Path) -> None:
    """Longer than any number of tries: the uploads are answered again when they are."""
    seen: set[str] = set()
    run = lb.submit(folder, client=client)
    run.subscribe(lambda snapshot: seen.add(snapshot.trouble.kind if snapshot.trouble else ""))
    tries = [0]

    def down(_: httpx.Request) -> Exception | None:
        tries[0] += 1
        return httpx.ConnectError("down") if tries[0] < 300 else None

    line.before = down
    assert run.wait().snapshot.counts == {"completed": 3}
    assert "offline" in seen
    assert run.snapshot.trouble is None
    assert (line.requests.count(CREATE), len(statuses(client))) == (1, 1)


def test_a_document_that_breaks_the_service_does_not_hold_up_for_ever(
    line: Line, client: lb.Client, folder: Path
) -> None:
    run = lb.submit(folder, client=client)
    line.before = once("POST", UPLOAD, httpx.Response(500), times=10**6)
    with pytest.raises(ServerError):
        run.wait()


def test_closing_while_the_line_is_down_ends(line: Line, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line.before = once("POST", UPLOAD, httpx.ConnectError("down"), times=10**6)
    with remote(line) as client:
        lb.submit(folder, name="x", client=client)
    assert "lb.open('x') goes on with the uploads." in capsys.readouterr().err


def test_a_connection_that_is_closed_is_no_fault_of_a_file(line: Line, folder: Path, own_home: Path) -> None:
    held = Gated(line, uploading)
    with remote(held) as client:
        lb.submit(folder, name="x", client=client)
        assert held.waits.wait(10)
        client.core.loop.run(client.core.http.aclose)  # as after a second interrupt
        held.gate.set()
    journal = Journal(own_home / "journal.db")
    assert [file.error for file in journal.files(1)] == [None] * 3
    journal.close()
    with remote(line) as client:
        assert lb.open("x", client=client).wait().snapshot.counts == {"completed": 3}


# What is sent.


@pytest.mark.parametrize("size", [5, (1 << 20) + 1])
def test_a_document_that_has_changed_since_is_not_sent_under_its_old_hash(
    line: Line, client: lb.Client, tmp_path: Path, size: int
) -> None:
    folder = texts(tmp_path / "in", a="a" * size, b="beta")

    def change(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path == DIRECTORIES:
            (folder / "a.txt").write_text("A" * size)

    line.before = change
    run = lb.submit(folder, client=client).wait()
    assert run.snapshot.counts == {"completed": 1, "failed": 1}
    assert "It has changed since it was submitted" in str(run.files().set_index("name").loc["a.txt", "error"])
    assert line.uploads == 1
    line.before = no_fault
    (folder / "a.txt").write_text("a" * size)
    assert lb.submit(folder, client=client).retry_failed(all=True).wait().snapshot.counts == {"completed": 2}


def test_a_file_that_came_twice_is_in_the_batch_once(line: Line, folder: Path) -> None:
    """What a `unique_id` that is there already leads to is undocumented: here the service lets it in."""
    ours = Gated(line, lambda request: ours.uploads > 0 and "unique_id" in dict(request.url.params))
    ours.before = once("POST", UPLOAD, httpx.ReadError("cut"))
    with remote(ours) as client, remote(line) as other:
        run = lb.submit(folder, client=client)
        assert ours.waits.wait(10)
        directory = str(run.snapshot.directory_id)
        other.directories.files.upload(directory, upload_file=("a.txt", b"alpha"), display_name="a.txt", unique_id="a2")
        ours.gate.set()
        assert run.wait().snapshot.counts == {"completed": 3}
        assert len(list(other.parsing.list())) == 3
