"""Engines with different extractors, or different options, over one folder: a job is done as it was created."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.extractors import Extractor, Page
from llamabatch_nb.engine.resources import jobs
from llamabatch_nb.engine.work.leases import LEASE_SECONDS, Owner
from tests.engine.conftest import MakeApi
from tests.engine.extract.support import EXTRACT, TOTAL, ended, extracting, stored
from tests.engine.support import Api, Json, create_body, wait_for

NOW = "2026-01-01T00:00:00.000000Z"
LOST = (
    "There is no extractor for configurations that name none here, such as it was submitted with: connect with "
    "engine={'extractors': {None: …}} and retry it."
)


def always(number: int) -> Extractor:
    def extractor(_: Sequence[Page], __: Mapping[str, Any]) -> dict[str, Any]:
        return {"total": number}

    return extractor


def batch_of(api: Api, count: int) -> Json:
    parameters = {"product_type": "extract_v2", "data_schema": TOTAL}
    saved = api.ok("POST", "/api/v1/beta/configurations", json={"name": f"c{count}", "parameters": parameters})
    directory = api.directory({f"{n}.txt": b"Total: 5" for n in range(count)}, name=f"d{count}")
    return dict(api.ok("POST", "/api/v2/batches", json=create_body(directory, saved["id"], "extract_v2")))


def results(api: Api, batch: Json) -> list[Json]:
    found = api.finished(batch["id"])["results"]
    return [api.ok("GET", f"{EXTRACT}/{result['job_reference']['id']}") for result in found]


def test_a_job_is_done_with_the_extractor_that_it_was_created_under(threaded: MakeApi) -> None:
    """In the same folder, at the same time, by three engines whose extractors have the same name."""
    one, plain, two = (
        threaded(**more) for more in ({"extractors": {None: always(1)}}, {}, {"extractors": {None: always(2)}})
    )
    batches = [batch_of(api, count) for count, api in ((6, one), (7, plain), (8, two))]
    totals = [[job["extract_result"]["total"] for job in results(one, batch)] for batch in batches]
    assert totals == [[1] * 6, [5] * 7, [2] * 8]
    alone = [extracting(api, stored(api, "a.txt", b"Total: 5")) for api in (one, plain, two)]
    assert [ended(two, job["id"])["extract_result"]["total"] for job in alone] == [1, 5, 2]


def test_an_engine_that_maps_another_one_s_batch_leaves_its_jobs_to_it(threaded: MakeApi, tmp_path: Path) -> None:
    mine = Engine(tmp_path / "engine", workers=1, extractors={None: always(1)})  # it does not work yet
    batch = batch_of(Api(mine), 3)
    owner = Owner(mine.data / "owners", mine._dispatcher._owner.extractors)  # somebody who has it, and is busy
    with mine.store.write() as db:
        owner.renew(db)
    other = threaded()
    wait_for(lambda: len(other.ok("GET", "/api/v2/parse", params={"status": "COMPLETED"})["items"]) == 3)
    assert [job["status"] for job in other.ok("GET", EXTRACT)["items"]] == ["PENDING"] * 3
    with mine.store.write() as db:
        owner.leave(db, NOW)
    mine.close()
    assert {(job["status"], job["error_message"]) for job in results(other, batch)} == {("FAILED", LOST)}


@pytest.mark.parametrize(
    ("extractors", "total"), [({"other": always(1)}, 1), ({"mine": always(2)}, None), ({None: always(2)}, None)]
)
def test_the_code_counts_and_not_the_name(
    threaded: MakeApi, tmp_path: Path, extractors: dict[str | None, Extractor], total: int | None
) -> None:
    mine = Engine(tmp_path / "engine", extractors={"mine": always(1)})
    api = Api(mine)
    job = extracting(api, stored(api, "a.txt", b"Total: 5"), extractor="mine")
    mine.close()
    found = ended(threaded(extractors=extractors), job["id"])
    if total is not None:
        assert found["extract_result"] == {"total": total}
    else:
        assert found["status"] == "FAILED"
        assert found["error_message"].startswith("There is no extractor 'mine' here, such as it was submitted with: ")


KILLED = """
import os, signal, sys, time
from concurrent.futures import ThreadPoolExecutor
from llamabatch_nb.engine import Engine
from tests.engine.extract.test_shared import batch_of
from tests.engine.support import Api, wait_for

def mine(pages, schema):
    return {"total": 1}

with ThreadPoolExecutor(1) as executor, Engine(
    sys.argv[1], workers=1, executor=executor, seconds_per_file=0.1, extractors={None: mine}
) as engine:
    api = Api(engine)
    print(batch_of(api, 30)["id"], flush=True)
    wait_for(lambda: any(job["status"] == "COMPLETED" for job in api.ok("GET", "/api/v2/extract")["items"]))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_and_reopened_without_its_extractor(threaded: MakeApi, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "engine")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    api = threaded()
    jobs_ended = results(api, {"id": done.stdout.strip()})
    assert {job["status"] for job in jobs_ended} == {"COMPLETED", "FAILED"}, done.stderr
    for job in jobs_ended:
        completed = job["status"] == "COMPLETED"
        assert job["extract_result"] == ({"total": 1} if completed else None)
        assert job["error_message"] == (None if completed else LOST)


def test_an_idle_engine_keeps_its_lease_for_its_extractors_alone(
    threaded: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llamabatch_nb.engine.work.leases.LEASE_SECONDS", 3.0)
    with_one, without = threaded(extractors={None: always(1)}), threaded()

    def leases() -> list[tuple[str, float]]:
        with without.engine.store.read() as db:
            return [tuple(row) for row in db.execute("SELECT extractors, lease_until FROM owners")]

    ((digests, first),) = leases()
    assert digests == f'["{with_one.engine.digest_of({"product_type": "extract_v2"})}"]'
    wait_for(lambda: leases()[0][1] > first)
    with_one.engine.close()
    assert leases() == []


@pytest.mark.skipif(sys.platform == "win32", reason="there a lease is all that tells")
def test_jobs_wait_for_an_engine_that_was_asleep(idle: Api) -> None:
    """After the machine's sleep all leases have run out, and whoever looks first finds nobody else with one."""
    asleep, awake = Owner(idle.engine.data / "owners", ["d"]), Owner(idle.engine.data / "owners")
    with idle.engine.store.write() as db:
        asleep.renew(db)
        db.execute("UPDATE owners SET lease_until = lease_until - ?", (2 * LEASE_SECONDS,))
        assert awake.take_over(db, NOW) == set()
        assert awake.living(db) == {"d"}
        asleep._unlock()  # what the system does when a process ends
        awake.take_over(db, NOW)
        assert awake.living(db) == set()
        assert jobs.forsake(db, awake.living(db), NOW) == set()


def test_text_recognition_is_of_the_job_and_not_of_who_reads_it(threaded: MakeApi, tmp_path: Path) -> None:
    with_ocr = Engine(tmp_path / "engine", ocr=True)
    api = Api(with_ocr)
    batch = batch_of(api, 1)
    parsing = api.batch(api.directory({"a.txt": b"x"}, name="parsed"))
    job = extracting(api, stored(api, "a.txt", b"Total: 5"))
    alone = api.ok(
        "POST", "/api/v2/parse", json={"file_id": stored(api, "b.txt", b"x"), "tier": "fast", "version": "latest"}
    )
    with_ocr.close()
    plain = threaded()
    for one in (batch, parsing):
        plain.finished(one["id"])
    ended(plain, job["id"])
    wait_for(lambda: plain.ok("GET", f"/api/v2/parse/{alone['id']}")["job"]["status"] == "COMPLETED")
    with plain.engine.store.read() as db:
        told = db.execute(
            "SELECT json_extract(parameters, '$.processing_options.ocr_parameters') FROM jobs "
            "JOIN snapshots ON snapshots.id = snapshot_id WHERE type = 'parse_v2'"
        ).fetchall()
    assert [row[0] for row in told] == ["{}"] * 4
