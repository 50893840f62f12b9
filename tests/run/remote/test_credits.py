"""What it has cost, as far as the service has said so; and the history of what ran (issue 3, points 7 and 9)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import ServerError
from tests.run.support import AGENTIC, UPLOAD, Line, answering, engine, no_fault, once, remote, texts

JOBS = "/api/v2/parse"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="alpha", b="beta", c="alpha", empty="")


def test_credits_are_reported_once_a_job(client: lb.Client, line: Line, folder: Path) -> None:
    run = lb.submit(folder, client=client).wait()
    assert run.files().set_index("name")["credits"].dropna().to_dict() == {"a.txt": 10, "b.txt": 10, "c.txt": 10}
    assert (run.snapshot.credits, run.snapshot.credits_missing) == (20, 0)  # c is a copy of a
    sent = len(line.requests)
    run.refresh(credits=True)  # all is reported
    assert len(line.requests) == sent


def test_credits_that_come_late_are_asked_for_again(tmp_path: Path, folder: Path) -> None:
    with engine(tmp_path / "late", results_while_running=True, credits_per_page=10, credits_late=True) as made:
        line = Line(made)
        with remote(line) as client:
            run = lb.submit(folder, name="late", client=client).wait()
            assert (run.snapshot.credits, run.snapshot.credits_missing) == (None, 3)
            sent = len(line.requests)
            last = run.refresh(credits=True)
            assert (last.credits, last.credits_missing) == (20, 0)
            assert sorted(request.split("?")[1] for request in line.requests[sent:]) == ["expand=usage"] * 2
        with remote(line) as other:  # they are in the journal
            assert lb.open("late", client=other).snapshot.credits == 20
            assert float(lb.history(client=other).attrs["credits"]) == 20


def test_a_reported_zero_is_a_report(tmp_path: Path, folder: Path) -> None:
    with engine(tmp_path / "free", results_while_running=True) as made:
        line = Line(made)
        with remote(line) as client:
            run = lb.submit(folder, client=client).wait()
            assert (run.snapshot.credits, run.snapshot.credits_missing) == (0, 0)
            sent = len(line.requests)
            run.refresh(credits=True)
            assert len(line.requests) == sent


def test_credits_that_cannot_be_asked_for_raise_one_error(tmp_path: Path, folder: Path) -> None:
    with engine(tmp_path / "late", results_while_running=True, credits_per_page=10, credits_late=True) as made:
        line = Line(made)
        with remote(line) as client:
            run = lb.submit(folder, client=client).wait()
            line.before = answering(f"{JOBS}/", httpx.Response(500, json={"detail": "later"}))
            with pytest.raises(ServerError):  # and no group of them
                run.refresh(credits=True)
            line.before = no_fault
            assert run.refresh(credits=True).credits == 20


def test_a_retry_is_paid_too(client: lb.Client, tmp_path: Path) -> None:
    """Both attempts at a file are, though one is shown."""
    run = lb.submit(texts(tmp_path / "in", a="alpha", b="beta"), client=client).wait()
    run.retry(replace={"a.txt": texts(tmp_path / "new", a="alpha, corrected") / "a.txt"}).wait()
    assert run.files()["credits"].sum() == 20
    assert (run.snapshot.credits, run.snapshot.credits_elsewhere) == (30, 10)


def test_history_joins_the_journal_with_the_service(
    client: lb.Client, line: Line, folder: Path, tmp_path: Path
) -> None:
    first = lb.submit(folder, name="first", client=client).wait()
    second = first.rerun(configuration="cfg-PARSE_FAST").wait()
    directory = client.directories.create(name="by hand")
    client.directories.files.upload(directory.id, upload_file=("x.txt", b"xi"))
    foreign = client.batches.create(
        config={"job": {"type": "parse_v2", "configuration_id": AGENTIC}}, source_directory_id=directory.id
    )
    line.before = once("POST", UPLOAD, SystemError("killed here"), times=99)
    unsent = lb.submit(texts(tmp_path / "unsent", a="another"), name="unsent", client=client)
    with pytest.raises(SystemError):
        unsent.wait()
    line.before = no_fault
    sent = len(line.requests)
    frame = lb.history(client=client)
    assert len(line.requests) == sent + 1  # one page of batches
    assert list(frame.columns) == lb.schema("batches")["column"].tolist()
    rows = frame.set_index("batch_id")
    assert list(rows.loc[str(first.id), ["name", "phase", "files", "completed", "failed", "credits"]]) == [
        *("first", "COMPLETED", 4, 3, 1, 20),
    ]
    assert rows.loc[str(second.id), "parent"] == f"rerun of {first.id}"
    assert not rows.loc[foreign.id, "in_journal"]
    assert rows.loc[foreign.id, "on_service"]
    assert rows.loc[foreign.id, "directory_id"] == directory.id
    waiting = frame[frame["name"] == "unsent"].iloc[0]
    assert (waiting["phase"], waiting["files"], waiting["on_service"]) == ("UPLOADING", 1, False)
    assert len(frame) == 4
    assert float(frame.attrs["credits"]) == frame["credits"].sum() == 40


def test_history_of_a_run_with_a_retry_is_one_row_and_ends_as_the_run(tmp_path: Path) -> None:
    from llamabatch_nb.engine.faults import Fault, Faults

    faults = Faults(script=[Fault("failed")])
    with engine(tmp_path / "failing", results_while_running=True, faults=faults) as made:
        line = Line(made)
        with remote(line) as client:
            run = lb.submit(texts(tmp_path / "in", a="alpha", b="beta"), client=client)
            with pytest.raises(lb.errors.BatchFailedError):
                run.wait()
            assert lb.history(client=client)["phase"].tolist() == ["FAILED"]
            run.retry_failed().wait()
            frame = lb.history(client=client)
            assert frame["phase"].tolist() == [run.snapshot.phase] == ["COMPLETED"]
            assert frame[["batches", "files", "completed"]].iloc[0].tolist() == [2, 2, 2]
        line.engine.expire(str(run.snapshot.batches[1].batch_id), whole=True)
        with remote(line) as other:
            assert lb.history(client=other)["phase"].tolist() == ["COMPLETED"]


def test_history_is_newest_first_and_speaks_of_this_service_alone(
    client: lb.Client, folder: Path, tmp_path: Path
) -> None:
    lb.submit(folder, name="first", client=client).wait()
    lb.submit(texts(tmp_path / "more", z="zeta"), name="second", client=client).wait()
    frame = lb.history(client=client)
    assert frame["name"].tolist() == ["second", "first"]
    assert (frame["created_at"] <= datetime.now(UTC)).all()
    with lb.connect(engine={"workers": 1}):
        assert len(lb.history()) == 0
