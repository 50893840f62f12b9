"""Trouble by name: what a run is said to suffer from, and what is said of it (issue 3, point 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.client.http import Wait
from llamabatch_nb.errors import (
    AuthenticationError,
    NotFoundError,
    OutOfCreditsError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    ServiceError,
    SourceError,
    UnexpectedAnswerError,
    UnreachableError,
)
from llamabatch_nb.follow.state import trouble
from llamabatch_nb.snapshot import Service, Snapshot, TroubleKind
from tests.run.support import BATCHES, UPLOAD, Line, answering, engine, no_fault, once, remote, texts

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SERVICE = Service(label="Test", base_url="http://test", local=False)
FACTS: dict[str, Any] = {"method": "GET", "path": "/x"}


def refused(kind: type[ServiceError], status: int) -> Exception:
    return kind("no", **FACTS, status_code=status)


@pytest.mark.parametrize(
    ("error", "kind", "passes"),
    [
        (refused(AuthenticationError, 401), "key refused", False),
        (refused(PermissionDeniedError, 403), "key refused", False),
        (refused(OutOfCreditsError, 402), "out of credits", False),
        (refused(NotFoundError, 404), "expired", False),
        (SourceError("None of the 3 files was accepted"), "stopped", False),
        (ValueError("a defect of ours"), "stopped", False),
        (refused(RateLimitedError, 429), "throttled", True),
        (refused(ServerError, 503), "service", True),
        (UnreachableError("no", **FACTS), "offline", True),
        (UnexpectedAnswerError("no", **FACTS), "offline", True),
    ],
)
def test_every_error_has_a_kind(error: Exception, kind: str, passes: bool) -> None:
    assert trouble.may_pass(error) is passes
    ended = trouble.final(error, now=NOW)
    said = trouble.passing(error, SERVICE, now=NOW, since=None, asked=0.0) if passes else ended
    assert (said.kind, said.since) == (kind, NOW)
    assert kind in get_args(TroubleKind)
    assert str(error) == str(ended) or str(error) in str(ended)


@pytest.mark.parametrize(("status", "kind"), [(None, "offline"), (429, "throttled"), (503, "service")])
def test_a_request_that_waits_has_a_kind_and_an_end(status: int | None, kind: str) -> None:
    said = trouble.waiting(SERVICE, seconds=30, status=status, now=NOW)
    assert (said.kind, said.until) == (kind, NOW + timedelta(seconds=30))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with engine(tmp_path / "data", results_while_running=True) as made:
        yield Line(made)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="alpha", b="beta", empty="")


def seen(run: lb.Run, wanted: Callable[[Snapshot], bool]) -> Snapshot:
    """The first Snapshot of that kind that comes."""
    found: list[Snapshot] = []
    for snapshot in run.watch(timeout=60):
        if wanted(snapshot):
            found.append(snapshot)
            break
    assert found, f"never seen; the last: {run.snapshot.trouble}"
    return found[0]


@pytest.mark.parametrize(
    ("answer", "kind", "at_least"),
    [
        (httpx.Response(429, headers={"Retry-After": "3"}), "throttled", 3),
        (httpx.Response(429), "throttled", 0),
        (httpx.Response(503), "service", 0),
        (httpx.ReadError("cut"), "offline", 0),
    ],
)
def test_the_wait_of_a_request_is_part_of_the_snapshot(
    line: Line, folder: Path, answer: httpx.Response | Exception, kind: str, at_least: int
) -> None:
    waits: list[Wait | None] = []
    with remote(line) as client:
        client.core.http.listeners.append(waits.append)
        line.engine._dispatcher.stop()
        run = lb.submit(folder, client=client)
        seen(run, lambda snapshot: snapshot.batch_id is not None)
        told: list[Snapshot] = []
        run.subscribe(told.append)
        line.before = once("GET", str(run.id), answer)
        run.refresh()
        kinds = [snapshot.trouble for snapshot in told if snapshot.trouble]
        assert {one.kind for one in kinds} == {kind}
        assert all(one.until is not None and one.since is not None for one in kinds)
        assert max((one.until - one.since).total_seconds() for one in kinds if one.until and one.since) >= at_least
        assert run.snapshot.trouble is None
        assert any(waits)
        assert waits[-1] is None


@pytest.mark.parametrize(("status", "kind"), [(401, "key refused"), (402, "out of credits"), (403, "key refused")])
@pytest.mark.parametrize("where", ["upload", "create", "watch"])
def test_what_needs_somebody_ends_the_following_and_nothing_is_lost(
    line: Line, folder: Path, status: int, kind: str, where: str
) -> None:
    answer = httpx.Response(status, json={"detail": "no"})
    with remote(line) as client:
        if where == "watch":
            line.engine._dispatcher.stop()
            run = lb.submit(folder, client=client)
            seen(run, lambda snapshot: snapshot.batch_id is not None)
            line.before = answering(BATCHES, answer)
        else:
            method, path = "POST", UPLOAD if where == "upload" else BATCHES
            line.before = once(method, path, answer, times=99)
            run = lb.submit(folder, client=client)
        with pytest.raises(ServiceError) as caught:
            run.wait()
        assert caught.value.status_code == status
        said = run.snapshot.trouble
        assert said is not None
        assert (said.kind, str(caught.value)) == (kind, said.text)
        line.before = no_fault
        again = lb.submit(folder, client=client)
        if where != "watch":
            assert set(again.wait().files()["status"]) == {"completed", "failed"}
        assert again.snapshot.trouble is None
        assert len(list(client.batches.list())) == 1


@pytest.mark.parametrize("whole", [True, False])
def test_what_the_service_has_forgotten_is_answered_from_here(line: Line, folder: Path, whole: bool) -> None:
    """Frames are equal, the trouble is marked, and no result is asked for again."""
    with remote(line) as client:
        run = lb.submit(folder, name="old", client=client).wait()
        files, pages = run.files(), run.pages()
    line.engine.expire(str(run.id), whole=whole)
    sent = len(line.requests)
    with remote(line) as other:
        found = lb.open("old", client=other).wait()
        assert found.pages().equals(pages)
        assert found.files().equals(files)
        assert found.snapshot.phase == "COMPLETED"
        said = found.snapshot.trouble
        assert (said.kind if said else None) == ("expired" if whole else None)
        assert not any("/api/v2/parse" in request for request in line.requests[sent:])
        found.refresh(credits=True)  # nothing comes of it, and nothing is raised
        assert len(lb.history(client=other)) == 1


def test_what_was_forgotten_before_it_was_fetched_is_a_row_that_can_be_retried(line: Line, folder: Path) -> None:
    line.before = answering("/api/v2/parse/", httpx.Response(500))
    with remote(line) as client:
        run = lb.submit(folder, name="old", client=client).wait()
    line.engine.expire(str(run.id), whole=True)
    line.before = no_fault
    with remote(line) as other:
        found = lb.open("old", client=other).wait()
        said = found.snapshot.trouble
        assert (said.kind if said else None) == "expired"
        assert found.files()["status"].tolist() == ["failed"] * 3
        assert [file.retryable for file in found.snapshot.files] == [True, True, False]
        assert "no longer knows its job: run.retry_failed()" in found.files()["error"].iloc[0]
        assert len(found.pages()) == 0
        assert found.retry_failed().wait().pages()["text"].tolist() == ["alpha", "beta"]
        assert line.uploads == 3  # the service still has the files


def test_one_result_that_is_gone_costs_nobody_the_others(line: Line, folder: Path) -> None:
    with remote(line) as client:
        line.before = answering("/api/v2/parse/", httpx.Response(404, json={"detail": "not found"}))
        run = lb.submit(folder, client=client).wait()
        job_id = run.files()["job_id"].iloc[0]
        line.before = answering(f"/api/v2/parse/{job_id}", httpx.Response(404, json={"detail": "not found"}))
        pages = run.pages()
        assert pages["name"].tolist() == ["b.txt"]
        assert pages.attrs["complete"] == "false"
        with pytest.raises(NotFoundError):
            run.results_of("a.txt")


def test_results_that_cannot_be_fetched_yet_are_fetched_when_they_are_read(line: Line, folder: Path) -> None:
    with remote(line) as client:
        line.before = answering("/api/v2/parse/", httpx.Response(500, json={"detail": "later"}))
        run = lb.submit(folder, client=client).wait()
        assert run.files()["pages"].isna().all()
        with pytest.raises(ServerError):
            run.pages()
        line.before = no_fault
        assert run.pages()["text"].tolist() == ["alpha", "beta"]
        assert run.refresh().pages == 2
