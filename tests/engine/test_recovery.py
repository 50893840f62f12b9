"""A killed process loses nothing, and nothing is written twice."""

from __future__ import annotations

import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.resources import batches, jobs
from llamabatch_nb.engine.work.leases import Owner
from llamabatch_nb.engine.work.tasks import Outcome
from tests.engine.conftest import MakeApi
from tests.engine.server import Server, serving
from tests.engine.support import Api, create_body, files_of, pdf, statuses, wait_for

NOW = "2026-01-01T00:00:00.000000Z"


def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(data / "engine.db")
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def test_killed_in_the_middle(tmp_path: Path) -> None:
    server = Server(tmp_path, workers=2, seconds_per_file=0.05)
    directory_id = server.post("/api/v1/beta/directories", json={"name": "a"})["id"]
    for n in range(60):
        server.post(files_of(directory_id) + "/upload", files={"upload_file": (f"{n}.pdf", pdf(f"page {n}"))})
    batch_id = server.post("/api/v2/batches", json=create_body(directory_id))["id"]
    wait_for(lambda: len(server.get("/api/v2/parse", status="COMPLETED")["items"]) >= 15)
    server.stop(signal.SIGKILL)  # and wait until its workers are gone

    before = rows(tmp_path, "SELECT id, status, fence, updated_at FROM jobs")
    done = {row for row in before if row[1] == "COMPLETED"}
    assert {row[1] for row in before} == {"COMPLETED", "RUNNING", "PENDING"}
    with serving(tmp_path) as again:
        wait_for(lambda: again.get(f"/api/v2/batches/{batch_id}")["status"] == "COMPLETED")
        results = again.get(f"/api/v2/batches/{batch_id}", expand="results")["results"]
        for n, result in enumerate(results):
            text = again.get(f"/api/v2/parse/{result['job_reference']['id']}", expand="text_full")["text_full"]
            assert text.strip() == f"page {n}"
    after = set(rows(tmp_path, "SELECT id, status, fence, updated_at FROM jobs"))
    assert len(after) == 60
    assert {row[1] for row in after} == {"COMPLETED"}
    assert done <= after  # what had finished was not touched again
    assert len(rows(tmp_path, "SELECT job_id FROM results")) == 60
    assert rows(tmp_path, "SELECT id FROM owners") == []


def test_killed_after_a_cancel(tmp_path: Path) -> None:
    server = Server(tmp_path, seconds_per_file=20)
    directory_id = server.post("/api/v1/beta/directories", json={"name": "a"})["id"]
    for n in range(3):
        server.post(files_of(directory_id) + "/upload", files={"upload_file": (f"{n}.pdf", pdf(str(n)))})
    batch_id = server.post("/api/v2/batches", json=create_body(directory_id))["id"]
    wait_for(lambda: server.get("/api/v2/parse", status="RUNNING")["items"])
    assert server.post(f"/api/v2/batches/{batch_id}/cancel")["status"] == "RUNNING"
    server.stop(signal.SIGKILL)
    with serving(tmp_path) as again:
        wait_for(lambda: again.get(f"/api/v2/batches/{batch_id}")["status"] == "CANCELLED")
        assert statuses(again.get("/api/v2/parse")["items"]) == ["CANCELLED"] * 3


def test_closed_in_the_middle(tmp_path: Path) -> None:
    with Engine(tmp_path, workers=1, seconds_per_file=0.1) as engine:
        api = Api(engine)
        batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(20)}))
        wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "COMPLETED"})["items"])
        engine.close()
        engine.close()
    assert rows(tmp_path, "SELECT count(*) FROM jobs WHERE status = 'RUNNING'") == [(0,)]
    assert rows(tmp_path, "SELECT id FROM owners") == []
    assert list((tmp_path / "owners").iterdir()) == []
    with Engine(tmp_path, workers=1) as engine:
        api = Api(engine)
        assert statuses(api.jobs(api.finished(batch["id"]))) == ["COMPLETED"] * 20


class Counting(ThreadPoolExecutor):
    """Counts the files that are handed to it."""

    files = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.files += len(args[0])
        return super().submit(fn, *args, **kwargs)


def test_two_engines_share_a_folder_and_its_work(make_api: MakeApi) -> None:
    with Counting(1) as first, Counting(1) as second:
        one = make_api(executor=first, seconds_per_file=0.05)
        two = make_api(executor=second, seconds_per_file=0.05)
        batch = one.batch(one.directory({f"{n}.pdf": pdf(str(n)) for n in range(80)}))
        ended = two.finished(batch["id"])
        assert statuses(one.jobs(ended)) == ["COMPLETED"] * 80
        assert first.files + second.files == 80
        assert min(first.files, second.files) > 0
        one.engine.close()
        two.engine.close()


def outcome(claim: jobs.Claim, characters: int) -> Outcome:
    return Outcome(
        job_id=claim.id,
        fence=claim.fence,
        error=None,
        reason=None,
        pages=1,
        pages_failed=0,
        characters=characters,
        payload=b"payload",
    )


def claimed(engine: Engine, owner: Owner, batch_id: str) -> list[jobs.Claim]:
    with engine.store.write() as db:
        owner.renew(db)
        return jobs.claim(db, batch_id, owner.id, files=9, size=1 << 20, now=NOW)


def mapped(idle: Api) -> str:
    """A batch of one file that has its job, while no engine works."""
    batch = idle.batch(idle.directory({"a.pdf": pdf("alpha")}))
    with idle.engine.store.write() as db:
        batches.map_files(db, batch["id"], idle.engine.ids, NOW, idle.engine.schedule)
    return str(batch["id"])


def test_an_owner_stopped_past_its_lease_writes_nothing(idle: Api) -> None:
    engine, batch_id = idle.engine, mapped(idle)
    slow, quick = (Owner(engine.data / "owners") for _ in range(2))
    (old,) = claimed(engine, slow, batch_id)
    with engine.store.write() as db:
        assert quick.take_over(db, NOW) == set()  # it lives, and its lease has not run out
        db.execute("UPDATE owners SET lease_until = 0")
        assert quick.take_over(db, NOW) == {batch_id}
    (new,) = claimed(engine, quick, batch_id)
    assert new.fence > old.fence
    with engine.store.write() as db:
        jobs.settle(db, slow.id, [outcome(old, 1)], NOW)  # while the other works
        assert jobs.get(db, old.id, jobs.PARSE)["status"] == "RUNNING"
        jobs.settle(db, quick.id, [outcome(new, 2)], NOW)
        jobs.settle(db, slow.id, [outcome(old, 1)], NOW)  # and after it
        assert (jobs.get(db, old.id, jobs.PARSE)["status"], jobs.get(db, old.id, jobs.PARSE)["characters"]) == (
            "COMPLETED",
            2,
        )
        assert db.execute("SELECT count(*) FROM results").fetchone()[0] == 1
        slow.renew(db)  # it is one of the living again
        assert quick.take_over(db, NOW) == set()
        for owner in (slow, quick):
            owner.leave(db, NOW)


def test_an_owner_that_claims_again_does_not_take_its_old_outcome(idle: Api) -> None:
    engine, batch_id = idle.engine, mapped(idle)
    owner = Owner(engine.data / "owners")
    (old,) = claimed(engine, owner, batch_id)
    with engine.store.write() as db:
        jobs.release(db, owner.id, NOW)
    (new,) = claimed(engine, owner, batch_id)
    with engine.store.write() as db:
        jobs.settle(db, owner.id, [outcome(old, 1)], NOW)
        assert jobs.get(db, new.id, jobs.PARSE)["status"] == "RUNNING"
        owner.leave(db, NOW)


def test_a_dead_owner_is_seen_before_its_lease_runs_out(idle: Api) -> None:
    engine, batch_id = idle.engine, mapped(idle)
    dead, other = (Owner(engine.data / "owners") for _ in range(2))
    claimed(engine, dead, batch_id)
    dead._unlock()  # what the system does when a process ends
    with engine.store.write() as db:
        assert other.take_over(db, NOW) == {batch_id}
    assert len(claimed(engine, other, batch_id)) == 1
    with engine.store.write() as db:
        other.leave(db, NOW)


def test_the_store_may_fail_for_a_while(make_api: MakeApi, caplog: pytest.LogCaptureFixture) -> None:
    """What a worker brought is kept until it can be written."""
    api = make_api(seconds_per_file=0.3)
    batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
    wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "RUNNING"})["items"])
    with api.engine.store.write() as db:
        db.execute("ALTER TABLE results RENAME TO gone")
    wait_for(lambda: "could not go on" in caplog.text)
    with api.engine.store.write() as db:
        db.execute("ALTER TABLE gone RENAME TO results")
    assert statuses(api.jobs(api.finished(batch["id"]))) == ["COMPLETED"]


def test_claims_are_given_back_even_if_outcomes_cannot_be_written(
    make_api: MakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    api = make_api(seconds_per_file=0.3)
    batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
    wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "RUNNING"})["items"])
    with api.engine.store.write() as db:
        db.execute("ALTER TABLE results RENAME TO gone")
    wait_for(lambda: "could not go on" in caplog.text)
    api.engine.close()
    data = api.engine.data
    assert rows(data, "SELECT status, owner FROM jobs") == [("PENDING", None)]
    assert rows(data, "SELECT id FROM owners") == []
    assert list((data / "owners").iterdir()) == []
    db = sqlite3.connect(data / "engine.db")
    db.execute("ALTER TABLE gone RENAME TO results")
    db.close()
    again = make_api()
    assert statuses(again.jobs(again.finished(batch["id"]))) == ["COMPLETED"]
