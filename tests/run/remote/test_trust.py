"""Nothing is billed twice and nothing is lost: faults at the worst moment, on the way to the real engine."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import BatchCancelledError, InputError
from llamabatch_nb.follow.watching.watch import CHUNK
from llamabatch_nb.snapshot import Snapshot
from tests.run.support import BATCHES, CREATE, Line, engine, no_fault, once, remote


def batches(client: lb.Client) -> int:
    return len(list(client.batches.list()))


def test_submitted_again_while_uploads_run_it_is_the_same_run(client: lb.Client, line: Line, documents: Path) -> None:
    runs = [lb.submit(documents, client=client) for _ in range(3)]
    for run in runs:
        assert run.wait().files()["status"].value_counts().to_dict() == {"completed": 3, "failed": 3}
    assert len({run.id for run in runs}) == 1
    assert (batches(client), line.count("POST /api/v1/beta/directories/")) == (1, 6)


def test_two_clients_of_one_process_make_one_batch(client: lb.Client, line: Line, documents: Path) -> None:
    """The cell that connects is run again, and then the one that submits, while the first uploads go on."""
    first = lb.submit(documents, client=client)
    with remote(line) as other:
        second = lb.submit(documents, client=other)
        assert second.wait().id == first.wait().id
        assert first.files()["job_id"].tolist() == second.files()["job_id"].tolist()
    assert (batches(client), line.requests.count(CREATE), len(list(client.directories.list()))) == (1, 1, 1)
    listed = [file.unique_id for file in client.directories.files.list(str(first.snapshot.directory_id))]
    assert len(listed) == len(set(listed)) == 6


@pytest.mark.parametrize("answer", [httpx.Response(502), httpx.ReadTimeout("late"), httpx.ReadError("cut")])
def test_a_create_that_was_done_and_not_answered_is_found(
    client: lb.Client, line: Line, documents: Path, answer: httpx.Response | Exception
) -> None:
    line.after = once("POST", BATCHES, answer)
    lb.submit(documents, client=client).wait()
    assert (batches(client), line.requests.count(CREATE)) == (1, 1)


def test_a_create_that_was_not_done_is_sent_again(client: lb.Client, line: Line, documents: Path) -> None:
    line.before = once("POST", BATCHES, httpx.Response(503), times=2)
    lb.submit(documents, client=client).wait()
    assert (batches(client), line.requests.count(CREATE)) == (1, 3)


@pytest.mark.parametrize("done", [True, False])
def test_one_hiccup_in_an_upload_costs_nothing(client: lb.Client, line: Line, documents: Path, done: bool) -> None:
    fault = once("POST", "/files/upload", httpx.Response(502))
    line.before, line.after = (no_fault, fault) if done else (fault, no_fault)
    run = lb.submit(documents, client=client).wait()
    assert run.files()["status"].value_counts().to_dict() == {"completed": 3, "failed": 3}
    assert line.count("POST /api/v1/beta/directories/") == (6 if done else 7)


def test_killed_between_the_create_and_its_note(client: lb.Client, line: Line, documents: Path, own_home: Path) -> None:
    run = lb.submit(documents, client=client, name="killed").wait()
    with sqlite3.connect(own_home / "journal.db") as journal:
        journal.execute("UPDATE part SET batch_id = NULL")
    journal.close()
    again = lb.submit(documents, client=client).wait()
    assert again.id == run.id
    assert line.requests.count(CREATE) == 1
    assert lb.open("killed", client=client).id == run.id


def test_cancelled_while_it_is_created_it_does_not_run(client: lb.Client, line: Line, documents: Path) -> None:
    run = lb.submit(documents, client=client)

    def cancel(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path == BATCHES:
            run._follower.state.parts[0].stopped = True  # what cancel() does before there is a batch

    line.before = cancel
    with pytest.raises(BatchCancelledError):
        run.wait()
    assert [batch.status for batch in client.batches.list()] == ["CANCELLED"]


def test_what_was_cancelled_is_not_paid_again(
    tmp_path: Path, documents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine(tmp_path / "slow", seconds_per_file=0.5, results_while_running=True) as made:
        line = Line(made)
        with remote(line) as client:
            run = lb.submit(documents, client=client)
            for snapshot in run.watch():
                if snapshot.batch_id is not None:
                    break
            run.cancel()
            with pytest.raises(BatchCancelledError):
                run.wait()
            again = lb.submit(documents, client=client)
            assert again.id == run.id
            assert "which is CANCELLED; nothing was sent" in capsys.readouterr().out
            assert line.requests.count(CREATE) == 1


def test_results_outlive_the_service_s_memory(client: lb.Client, line: Line, documents: Path) -> None:
    run = lb.submit(documents, client=client, name="old").wait()
    pages = run.pages()
    with remote(line) as other:
        line.before = lambda request: (
            httpx.Response(200, json={"items": []}) if request.url.path == "/api/v2/parse" else None
        )
        sent = len(line.requests)
        found = lb.open("old", client=other).wait()
        assert found.pages().equals(pages)
        assert found.files()["status"].tolist() == run.files()["status"].tolist()
        assert not any("/api/v2/parse" in request for request in line.requests[sent:])


def test_a_damaged_copy_is_fetched_again(client: lb.Client, line: Line, documents: Path, own_home: Path) -> None:
    run = lb.submit(documents, client=client).wait()
    before = len(line.requests)
    pages = run.pages()
    assert len(line.requests) == before
    damaged = next((own_home / "archive").rglob("*.json.gz"))
    damaged.write_bytes(damaged.read_bytes()[:50])
    assert run.pages().equals(pages)
    assert len(line.requests) == before + 1


def test_a_batch_that_is_not_found_yet_is_asked_for_again(client: lb.Client, line: Line, documents: Path) -> None:
    left = [3]

    def not_yet(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET" and request.url.path.startswith(f"{BATCHES}/") and left[0]:
            left[0] -= 1
            return httpx.Response(404, json={"detail": "not found"})
        return None

    line.before = not_yet
    assert len(lb.submit(documents, client=client).wait().pages()) == 4
    assert left == [0]


def test_a_tier_without_markdown_still_gives_its_text(client: lb.Client, line: Line, documents: Path) -> None:
    def no_markdown(request: httpx.Request) -> httpx.Response | None:
        refused = request.url.path.startswith("/api/v2/parse/") and "markdown" in str(request.url.query)
        return httpx.Response(422, json={"detail": "markdown is not available on tier fast"}) if refused else None

    line.before = no_markdown
    pages = lb.submit(documents, client=client).wait().pages()
    assert pages["text"].str.strip().tolist()[:2] == ["Grüße aus München", "First page of one"]
    assert pages["markdown"].isna().all()


def test_a_new_name_is_kept_and_shown(client: lb.Client, documents: Path) -> None:
    first = lb.submit(documents, name="mine", client=client).wait()
    again = lb.submit(documents, name="other", client=client)
    assert (again.id, again.name) == (first.id, "other")
    assert lb.open("other", client=client).id == first.id


def test_many_jobs_are_asked_for_in_chunks(client: lb.Client, line: Line, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(2 * CHUNK + 5):
        (folder / f"{number:03}.txt").write_text(f"text {number}")
    run = lb.submit(folder, client=client).wait()
    assert run.files()["status"].unique().tolist() == ["completed"]
    asked = [request for request in line.requests if request.startswith("GET /api/v2/parse?")]
    assert max(request.count("job_ids=") for request in asked) == CHUNK
    assert max(map(len, asked)) < 4096


def test_a_failing_subscriber_costs_nobody_the_run(client: lb.Client, documents: Path) -> None:
    run = lb.submit(documents, client=client)

    def fail(snapshot: Snapshot) -> None:
        raise ValueError(snapshot.phase)

    run.subscribe(fail)
    assert len(run.wait().files()) == 6


def test_a_full_disk_costs_the_copy_and_not_the_result(
    client: lb.Client, documents: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llamabatch_nb.follow.watching.archive import Archive

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Archive, "add", full)
    run = lb.submit(documents, client=client).wait()
    assert len(run.pages()) == 4
    assert "make room" in str(run.snapshot.trouble)
    assert list((own_home / "archive").rglob("*.json.gz")) == []


def test_closing_a_client_finishes_its_uploads(
    line: Line, client: lb.Client, documents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with remote(line) as other:
        lb.submit(documents, client=other)
    assert "Finishing the uploads" in capsys.readouterr().err
    assert batches(client) == 1


@pytest.mark.parametrize(
    ("product_type", "given", "said"),
    [
        ("classify_v2", None, "for classify_v2, which a batch does not take"),
        ("extract_v2", "parse_v2", "for extract_v2, not for parse_v2"),
        (None, None, "There is no configuration 'cfg-x'"),
    ],
)
def test_what_no_batch_takes_is_refused_before_anything_is_sent(
    client: lb.Client, line: Line, documents: Path, product_type: str | None, given: Any, said: str
) -> None:
    body: dict[str, Any] = {"id": "cfg-x", "name": "x", "product_type": product_type, "version": "1", "parameters": {}}
    if product_type is not None:
        line.before = lambda request: httpx.Response(200, json=body) if "/configurations/" in request.url.path else None
    with pytest.raises(InputError, match=said):
        lb.submit(documents, configuration="cfg-x", type=given, client=client)
    assert line.count("POST") == 0
