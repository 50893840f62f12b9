"""Runs of several batches: what happens to one of them is not the end of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import InputError, OutOfCreditsError, RunError, ServerError
from llamabatch_nb.follow import after
from llamabatch_nb.follow.sending import orders
from tests.run.support import BATCHES, Line, no_fault, once, remote, texts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files, for a batch each."""
    monkeypatch.setattr(orders, "MAX_FILES", 1)
    return texts(tmp_path / "in", a="alpha", b="beta", c="gamma")


def second(answer: httpx.Response) -> Any:
    """What is put on the line refuses the second batch."""
    created = [0]

    def fault(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path == BATCHES:
            created[0] += 1
            return answer if created[0] == 2 else None
        return None

    return fault


@pytest.mark.parametrize("status", [402, 422])
def test_one_that_is_refused_does_not_stop_following_the_others(
    client: lb.Client, line: Line, folder: Path, status: int
) -> None:
    line.before = second(httpx.Response(status, json={"detail": "no"}))
    run = lb.submit(folder, client=client)
    with pytest.raises(lb.errors.ServiceError) as caught:
        run.wait()
    assert caught.value.status_code == status
    made = len(list(client.batches.list()))
    assert made >= 1
    assert run.snapshot.counts["completed"] == made == len(list(lb.archive()))
    assert str(run.snapshot.trouble) == str(caught.value)
    line.before = no_fault
    run.retry_failed()  # nothing has failed; what could not be sent is sent now
    assert run.wait().snapshot.counts == {"completed": 3}
    assert run.snapshot.trouble is None
    assert len(list(client.batches.list())) == 3


def test_while_others_run_a_refused_one_is_sent_when_it_is_submitted_again(
    client: lb.Client, line: Line, folder: Path
) -> None:
    line.engine._dispatcher.stop()
    line.before = second(httpx.Response(422, json={"detail": "no"}))
    run = lb.submit(folder, client=client)
    for snapshot in run.watch():
        if snapshot.trouble is not None and sum(batch.batch_id is not None for batch in snapshot.batches) == 2:
            break
    assert not run.finished
    line.before = no_fault
    lb.submit(folder, client=client)
    for snapshot in run.watch():
        if all(batch.batch_id is not None for batch in snapshot.batches):
            break
    assert snapshot.trouble is None
    assert len(list(client.batches.list())) == 3


def test_closing_does_not_wait_for_one_that_was_refused(client: lb.Client, line: Line, folder: Path) -> None:
    line.engine._dispatcher.stop()
    line.before = second(httpx.Response(422, json={"detail": "no"}))
    run = lb.submit(folder, client=client)
    for snapshot in run.watch():
        if snapshot.trouble is not None and sum(batch.batch_id is not None for batch in snapshot.batches) == 2:
            break
    run.close()
    assert run.finished
    line.before = no_fault


def test_a_cancel_that_fails_for_one_is_asked_of_all(client: lb.Client, line: Line, folder: Path) -> None:
    line.engine._dispatcher.stop()
    run = lb.submit(folder, client=client)
    for snapshot in run.watch():
        if all(batch.batch_id is not None for batch in snapshot.batches):
            break
    first = str(snapshot.batches[0].batch_id)
    line.before = once("POST", f"{first}/cancel", httpx.Response(500), times=99)
    with pytest.raises(RunError, match=rf"^1 of the 3 batches that run were not cancelled.*{first}.*run\.cancel\(\)"):
        run.cancel()
    for batch in snapshot.batches:
        assert line.count(f"POST {BATCHES}/{batch.batch_id}/cancel") >= 1
    line.before = no_fault


def test_of_one_batch_the_cancel_fails_with_its_own_error(client: lb.Client, line: Line, tmp_path: Path) -> None:
    line.engine._dispatcher.stop()
    run = lb.submit(texts(tmp_path / "one", a="alpha"), client=client)
    for snapshot in run.watch():
        if snapshot.batch_id is not None:
            break
    line.before = once("POST", "/cancel", httpx.Response(500), times=99)
    with pytest.raises(ServerError):
        run.cancel()
    line.before = no_fault


def test_a_cancel_of_a_failed_file_speaks_of_that_file(client: lb.Client, tmp_path: Path) -> None:
    folder = texts(tmp_path / "in", A__a="alpha", a="")
    run = lb.submit(folder, client=client).wait()
    with pytest.raises(InputError, match=r"^'a\.txt' is failed: there is no job"):
        run.cancel("a.txt")


def test_a_retry_that_is_added_while_the_run_is_closed_is_sent(client: lb.Client, line: Line, tmp_path: Path) -> None:
    line.engine._dispatcher.stop()
    run = lb.submit(texts(tmp_path / "in", a="alpha"), client=client)
    for snapshot in run.watch():
        if snapshot.batch_id is not None:
            break
    follower = run._follower

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(follower.stop)
            await anyio.lowlevel.checkpoint()
            assert follower._stopping
            assert not follower.finished
            files = after.retried(follower.state, follower.state.rows())
            assert after.add_retry(follower.journal, follower.state, files, known=1)
            group.start_soon(follower.go_on)

    client.core.loop.run(both)
    assert not run.finished
    client.core.loop.run(follower._sending.finish)
    assert [part.batch_id is not None for part in follower.state.parts] == [True, True]


def test_a_refused_run_is_sent_by_retry_failed(client: lb.Client, line: Line, tmp_path: Path) -> None:
    line.before = once("POST", BATCHES, httpx.Response(402))
    run = lb.submit(texts(tmp_path / "in", a="alpha"), client=client)
    with pytest.raises(OutOfCreditsError):
        run.wait()
    run.retry_failed()
    assert run.wait().snapshot.counts == {"completed": 1}


def test_what_is_not_found_for_minutes_and_was_running_is_not_sent_again(line: Line, tmp_path: Path) -> None:
    """A key of another project, for one: the batch runs there and is billed."""
    line.engine._dispatcher.stop()
    folder = texts(tmp_path / "in", a="alpha")
    with remote(line) as client:
        run = lb.submit(folder, name="Q3", client=client)
        for snapshot in run.watch():
            if snapshot.batch_id is not None:
                break
        run.refresh()
        with remote(line) as other:
            line.before = lambda request: (
                httpx.Response(404) if request.method == "GET" and request.url.path.startswith(f"{BATCHES}/") else None
            )
            seen = lb.open("Q3", client=other)
            with pytest.raises(
                RunError, match=rf"does not know the batch {run.id}, which was PENDING.*lb\.open\('Q3'\)"
            ):
                seen.wait()
            assert seen.snapshot.trouble is not None
            assert seen.snapshot.trouble.kind == "expired"
            seen.retry_failed()
            line.before = no_fault
            again = lb.open("Q3", client=other)  # with the right key
            assert not again.finished
            assert again.refresh().trouble is None
        assert len(list(client.batches.list())) == 1


def test_files_that_came_after_the_batch_was_made_are_the_rest(client: lb.Client) -> None:
    directory = client.directories.create(name="shared")

    def upload(name: str) -> None:
        client.directories.files.upload(
            directory.id, upload_file=(name, name.encode() * 30), display_name=name, unique_id=name
        )

    upload("a.txt")
    config = {"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}}
    batch = client.batches.create(config=config, source_directory_id=directory.id)
    while client.batches.get(batch.id).status != "COMPLETED":
        pass
    upload("new.txt")
    assert lb.open(batch.id, client=client).wait().files()["name"].tolist() == ["a.txt"]
    run = lb.submit(directory.id, client=client)
    assert run.snapshot.rest == 1
    assert run.rest().wait().snapshot.counts == {"completed": 2}
