"""The table of jobs: extract jobs behind parse jobs, jobs without a batch, what is cancelled or deleted on the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.resources import batches, jobs
from llamabatch_nb.engine.resources.jobs import EXTRACT, PARSE, Claim, NewJob
from llamabatch_nb.engine.store import snapshots
from llamabatch_nb.engine.store.database import Db
from llamabatch_nb.engine.work.tasks import Outcome
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, Json, pdf, statuses, wait_for

NOW = "2026-01-01T00:00:00.000000Z"
PARAMETERS: Json = {"product_type": "parse_v2", "tier": "agentic", "version": "latest"}
SCHEMA: Json = {"type": "object", "properties": {"text": {"type": "string"}}}


def add(db: Db, engine: Engine, *names: str, behind: Mapping[str, str] | None = None, size: int = 5) -> None:
    """Jobs with these ids: of parsing, or of extraction where `behind` names the parse job."""
    (engine.blobs.folder / "a.txt").write_bytes(b"alpha")
    told = snapshots.keep(db, PARAMETERS)
    behind = behind or {}
    new = [
        NewJob(
            id=name,
            type=EXTRACT if name in behind else PARSE,
            name="a.txt",
            blob="a.txt",
            size=size,
            snapshot_id=told,
            tier="agentic",
            parse_job_id=behind.get(name),
            extractor=engine.digest_of({"product_type": EXTRACT}) if name in behind else None,
        )
        for name in names
    ]
    jobs.add(db, new, batch_id=None, project_id=engine.project.id, now=NOW)


def status(db: Db, *names: str) -> list[str]:
    return [db.execute("SELECT status FROM jobs WHERE id = ?", (name,)).fetchone()[0] for name in names]


def claim(db: Db, files: int = 9, size: int = 1 << 20) -> list[Claim]:
    return jobs.claim(db, None, "me", files=files, size=size, now=NOW)


def settle(db: Db, claims: Sequence[Claim], payload: bytes = b"payload", **fields: Any) -> None:
    outcomes = [Outcome(job_id=made.id, fence=made.fence, payload=payload, **fields) for made in claims]
    jobs.settle(db, "me", outcomes, NOW)


def test_an_extract_job_waits_for_its_parse_job_and_comes_before_others(idle: Api) -> None:
    with idle.engine.store.write() as db:
        add(db, idle.engine, "p1", "e1", "p2", behind={"e1": "p1"})
        assert jobs.pending(db, None, 9) == 2
        claims = claim(db)
        assert [made.id for made in claims] == ["p1", "p2"]
        jobs.release(db, "me", NOW)
        settle(db, claims)  # they are not ours any more
        assert status(db, "p1", "p2", "e1") == ["PENDING"] * 3
        settle(db, claim(db, files=1))
        assert [made.id for made in claim(db)] == ["e1", "p2"]


@pytest.mark.parametrize("ends", ["FAILED", "CANCELLED"])
def test_an_extract_job_ends_as_its_parse_job_did(idle: Api, ends: str) -> None:
    with idle.engine.store.write() as db:
        add(db, idle.engine, "p", "e", behind={"e": "p"})
        if ends == "CANCELLED":
            jobs.cancel(db, "p", PARSE, NOW)
        else:
            settle(db, claim(db), error="It is damaged.", reason="damaged")
        assert status(db, "p", "e") == [ends, ends]
        add(db, idle.engine, "late", behind={"late": "p"})
        assert status(db, "late") == [ends]


def test_a_cancelled_job_that_is_given_back_is_not_done_again(idle: Api) -> None:
    with idle.engine.store.write() as db:
        add(db, idle.engine, "p", "e", behind={"e": "p"})
        claim(db)
        jobs.cancel(db, "p", PARSE, NOW)
        assert status(db, "p", "e") == ["RUNNING", "PENDING"]
        assert jobs.release(db, "me", NOW) == {None}
        assert status(db, "p", "e") == ["CANCELLED", "CANCELLED"]


def test_what_a_deleted_job_brings_is_dropped(idle: Api) -> None:
    with idle.engine.store.write() as db:
        add(db, idle.engine, "p", "q")
        claims = claim(db)
        jobs.delete(db, "p", PARSE, force=True)
        settle(db, claims)
        assert status(db, "q") == ["COMPLETED"]
        assert db.execute("SELECT job_id FROM results").fetchall()[0][:] == ("q",)
        assert jobs.release(db, "me", NOW) == set()


def test_a_claim_of_extract_jobs_is_bounded_by_what_travels_with_them(idle: Api) -> None:
    with idle.engine.store.write() as db:
        add(db, idle.engine, "p1", "p2", "p3", size=1 << 30)
        for _ in range(3):
            (one,) = claim(db)  # a file alone may be larger
            settle(db, [one], payload=bytes(600))
        add(db, idle.engine, "e1", "e2", "e3", behind={"e1": "p1", "e2": "p2", "e3": "p3"}, size=1 << 30)
        assert [made.id for made in claim(db, size=1200)] == ["e1", "e2"]


def test_half_a_character_in_an_error_can_be_stored(idle: Api) -> None:
    """A plug-in's error is anybody's text."""
    with idle.engine.store.write() as db:
        add(db, idle.engine, "p")
        settle(db, claim(db), error="no \ud800 price", reason="plug-in")
        assert jobs.get(db, "p", PARSE)["error_message"] == "no ? price"
        assert snapshots.load(db, snapshots.keep(db, {"title": "\ud800"})) == {"title": "\ud800"}


@pytest.mark.parametrize(("reason", "kept"), [("half \ud800", "half ?"), (["no", "text"], "['no', 'text']")])
def test_a_reason_that_is_no_text_can_be_stored(idle: Api, reason: Any, kept: str) -> None:
    with idle.engine.store.write() as db:
        add(db, idle.engine, "p")
        settle(db, claim(db), error="It is odd.", reason=reason)
        assert jobs.get(db, "p", PARSE)["reason"] == kept


def test_an_outcome_that_cannot_be_stored_fails_its_job_alone(idle: Api) -> None:
    """Of more than 1e9 bytes, which is less here. Raised, it would stop the engine for good."""
    with idle.engine.store.write() as db:
        add(db, idle.engine, "p", "q", "r", "e", behind={"e": "q"})
        limit = db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 9_000)
        payloads = {"p": b"p", "q": bytes(10_000), "r": b"r"}
        outcomes = [Outcome(job_id=made.id, fence=made.fence, payload=payloads[made.id]) for made in claim(db)]
        jobs.settle(db, "me", outcomes, NOW)
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limit)
        assert status(db, "p", "q", "r", "e") == ["COMPLETED", "FAILED", "COMPLETED", "FAILED"]
        failed = jobs.get(db, "q", PARSE)
        assert (failed["reason"], failed["owner"]) == ("crash", None)
        assert "cannot be stored (string or blob too big)" in failed["error_message"]
        assert [jobs.payload(db, name) for name in payloads] == [b"p", None, b"r"]


def ended(api: Api, *names: str) -> list[tuple[str, str | None]]:
    def rows() -> list[tuple[str, str | None]]:
        with api.engine.store.read() as db:
            marks = ", ".join("?" * len(names))
            found = db.execute(f"SELECT status, reason FROM jobs WHERE id IN ({marks}) ORDER BY id", names).fetchall()
        return [(row[0], row[1]) for row in found]

    wait_for(lambda: not {"PENDING", "RUNNING"} & {state for state, _ in rows()})
    return rows()


@pytest.fixture
def working(make_api: MakeApi) -> Any:
    with ThreadPoolExecutor(1) as executor:
        api = make_api(executor=executor, extractors={None: lambda pages, _: {"text": pages[0].text}})
        yield api
        api.engine.close()


def test_an_extract_job_whose_parse_job_was_deleted_fails_with_a_reason(working: Api) -> None:
    engine = working.engine
    with engine.store.write() as db:
        add(db, engine, "e-never", behind={"e-never": "gone"})
        add(db, engine, "p", "e-waits", behind={"e-waits": "p"})
        jobs.delete(db, "p", PARSE, force=True)
        add(db, engine, "z")
    engine.wake()
    reasons = ended(working, "e-never", "e-waits", "z")
    assert reasons == [("FAILED", "parse_gone"), ("FAILED", "parse_gone"), ("COMPLETED", None)]


def test_a_job_that_was_told_nonsense_fails_alone(working: Api) -> None:
    engine = working.engine
    with engine.store.write() as db:
        add(db, engine, "a", "b")
        db.execute("UPDATE jobs SET snapshot_id = ? WHERE id = 'a'", (snapshots.keep(db, {"no": "tier"}),))
    engine.wake()
    assert ended(working, "a", "b") == [("FAILED", "configuration"), ("COMPLETED", None)]


def test_a_batch_ends_when_its_last_jobs_are_cancelled_or_deleted_one_by_one(make_api: MakeApi) -> None:
    with ThreadPoolExecutor(1) as executor:
        api = make_api(executor=executor, workers=1, seconds_per_file=0.5)
        batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(6)}))
        wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "RUNNING"})["items"])
        with api.engine.store.write() as db:
            waiting = [row[0] for row in db.execute("SELECT id FROM jobs WHERE status = 'PENDING'")]
            for job_id in waiting[:2]:
                jobs.delete(db, job_id, PARSE, force=True)
            for job_id in waiting[2:]:
                jobs.cancel(db, job_id, PARSE, NOW)
        assert api.finished(batch["id"])["status"] == "COMPLETED"
        found = api.ok("GET", "/api/v2/parse")["items"]
        assert sorted(set(statuses(found))) == ["CANCELLED", "COMPLETED"]
        api.engine.close()


def test_a_batch_of_which_every_job_is_gone_ends(idle: Api, tmp_path: Path) -> None:
    """Nobody works on it, so no outcome would end it."""
    batch = idle.batch(idle.directory({"a.pdf": pdf("a")}))
    with idle.engine.store.write() as db:
        batches.map_files(db, batch["id"], idle.engine.ids, NOW, idle.engine.schedule)
        (job_id,) = db.execute("SELECT id FROM jobs").fetchone()
        jobs.cancel(db, job_id, PARSE, NOW)
    with Engine(tmp_path / "idle", workers=1) as engine:
        assert Api(engine).finished(batch["id"])["status"] == "COMPLETED"


def test_a_single_job_does_not_wait_for_a_batch(make_api: MakeApi) -> None:
    with ThreadPoolExecutor(1) as executor:
        api = make_api(executor=executor, workers=1, seconds_per_file=0.05)
        batch = api.batch(api.directory({f"{n}.txt": b"text" for n in range(60)}))
        wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "COMPLETED"})["items"])
        with api.engine.store.write() as db:
            add(db, api.engine, "alone")
        api.engine.wake()
        assert ended(api, "alone") == [("COMPLETED", None)]
        assert api.get(batch["id"])["status"] == "RUNNING"
        api.engine.close()


def test_an_extractor_that_kills_its_worker_fails_its_file_alone(make_api: MakeApi) -> None:
    def extractor(pages: Sequence[Any], _schema: Any) -> Json:
        import os

        if pages[0].text.strip() == "abort":
            os.abort()
        return {"text": pages[0].text}

    api = make_api(workers=2, extractors={None: extractor})
    told = {"product_type": "extract_v2", "tier": "agentic", "data_schema": SCHEMA}
    with api.engine.store.write() as db:
        texts = {"e-abort": "abort"} | {f"e-{n:02}": f"text {n}" for n in range(4)}
        parse_ids = [name.replace("e-", "p-") for name in texts]
        add(db, api.engine, *parse_ids)
        for name, text in texts.items():
            (api.engine.blobs.folder / f"{name}.txt").write_text(text)
            db.execute("UPDATE jobs SET blob = ? WHERE id = ?", (f"{name}.txt", name.replace("e-", "p-")))
        add(db, api.engine, *texts, behind=dict(zip(texts, parse_ids, strict=True)))
        db.execute("UPDATE jobs SET snapshot_id = ? WHERE type = ?", (snapshots.keep(db, told), EXTRACT))
    api.engine.wake()
    found = dict(zip(sorted(texts), ended(api, *texts), strict=True))
    assert found.pop("e-abort") == ("FAILED", "crash")
    assert set(found.values()) == {("COMPLETED", None)}
