"""Batches (contract.md section 1). Each choice is shown by the test of its name."""

from __future__ import annotations

from functools import partial
from typing import Any

from llamabatch_nb.engine.faults import Fault, Faults
from llamabatch_nb.engine.resources import ends
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, create_body, files_of, pdf, wait_for

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
PARSE = "/api/v2/parse"


def final(answer: Any) -> bool:
    return bool(answer.headers.get("x-should-retry") == "false")


def test_results_at_the_end(make_api: MakeApi) -> None:
    seen: dict[bool, set[tuple[str, bool]]] = {}
    for early in (False, True):
        api = make_api(f"early-{early}", seconds_per_file=0.1, results_while_running=early)
        batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(8)}))
        seen[early] = set()
        ended = False
        while not ended:
            shown = api.get(batch["id"], expand="results")
            seen[early].add((shown["status"], shown["results"] is not None))
            ended = shown["status"] == "COMPLETED"
    assert seen[False] - {("PENDING", False)} == {("RUNNING", False), ("COMPLETED", True)}
    assert seen[True] - {("PENDING", False)} == {("RUNNING", True), ("COMPLETED", True)}
    with api.engine.store.write() as db:  # nothing here lets a batch fail, so the store has to say it
        db.execute("UPDATE batches SET status = 'FAILED'")
    assert api.get(batch["id"], expand="results")["results"] is None


def test_files_at_create(idle: Api) -> None:
    directory_id = idle.directory({"b.pdf": pdf("beta"), "a.pdf": pdf("alpha")})
    batch = idle.batch(directory_id)
    first, second = (file["id"] for file in idle.ok("GET", files_of(directory_id))["items"])
    idle.upload(directory_id, "late.pdf", pdf("late"))
    idle.engine.start()
    results = idle.finished(batch["id"])["results"]
    assert [result["source_directory_file_id"] for result in results] == [first, second]


def test_empty_directory(idle: Api) -> None:
    assert "no files" in idle.refused(422, "POST", BATCHES, json=create_body(idle.directory({})))


def test_too_many_files(idle: Api) -> None:
    directory_id = idle.directory({"0": b"x"})
    with idle.engine.store.write() as db:
        db.executemany(
            "INSERT INTO directory_files "
            "(id, directory_id, display_name, unique_id, blob, size, created_at, updated_at) "
            "SELECT 'dfl-' || ?1, directory_id, ?1, ?1, blob, size, created_at, updated_at FROM directory_files "
            "WHERE unique_id = '0'",
            ((str(n),) for n in range(1, 1001)),
        )
    assert "1000" in idle.refused(422, "POST", BATCHES, json=create_body(directory_id))
    with idle.engine.store.write() as db:
        db.execute("DELETE FROM directory_files WHERE unique_id = '1000'")
    idle.batch(directory_id)


def test_unknown_configuration(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    assert "cfg-none" in idle.refused(404, "POST", BATCHES, json=create_body(directory_id, "cfg-none"))
    assert "dir-none" in idle.refused(404, "POST", BATCHES, json=create_body("dir-none"))


def test_product_mismatch(idle: Api) -> None:
    body = create_body(idle.directory({"a.pdf": pdf("alpha")}), kind="extract_v2")
    assert "extract_v2" in idle.refused(422, "POST", BATCHES, json=body)


def test_throttled(make_api: MakeApi) -> None:
    asked = make_api("asked", faults=Faults([Fault("throttled", times=2)]))
    throttled = asked.batch(asked.directory({"a.pdf": pdf("alpha")}))
    assert [asked.get(throttled["id"])["status"] == "THROTTLED" for _ in range(3)] == [True, True, False]
    asked.engine.close()
    api = make_api(seconds_per_file=0.1)
    batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(10)}))
    wait_for(lambda: api.get(batch["id"])["status"] == "RUNNING")
    statuses = {job["status"] for job in api.ok("GET", PARSE)["items"]}
    assert "PENDING" in statuses
    assert api.ok("GET", BATCHES, params={"status": "THROTTLED"})["items"] == []


def test_failed_batch(make_api: MakeApi) -> None:
    api = make_api(faults=Faults([Fault("failed")]))
    directory_id = api.directory({"a.pdf": pdf("alpha")})
    ended = [api.finished(api.batch(directory_id)["id"]) for _ in range(2)]
    assert [(batch["status"], batch["results"] is None) for batch in ended] == [("FAILED", True), ("COMPLETED", False)]


def test_cancel_running(make_api: MakeApi) -> None:
    api = make_api(seconds_per_file=1)
    batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(4)}))
    wait_for(lambda: api.ok("GET", PARSE, params={"status": "RUNNING"})["items"])
    cancel = f"{BATCHES}/{batch['id']}/cancel"
    assert [api.ok("POST", cancel)["status"] for _ in range(2)] == ["RUNNING", "RUNNING"]
    assert sorted(job["status"] for job in api.ok("GET", PARSE)["items"]) == ["CANCELLED"] * 3 + ["RUNNING"]
    ended = api.finished(batch["id"])
    assert [job["status"] for job in api.jobs(ended)] == ["COMPLETED", *["CANCELLED"] * 3]
    assert ended["status"] == "CANCELLED"


def test_cancel_pending(idle: Api) -> None:
    batch = idle.batch(idle.directory({"a.pdf": pdf("alpha"), "b.pdf": pdf("beta")}))
    assert idle.ok("POST", f"{BATCHES}/{batch['id']}/cancel")["status"] == "CANCELLED"
    results = idle.get(batch["id"], expand="results")["results"]
    assert [(result["job_reference"], result["error_message"]) for result in results] == [(None, None)] * 2


def completed_in_truth(api: Api, batch_id: str) -> bool:
    with api.engine.store.read() as db:
        return not ends.any_open(db, [batch_id])


def test_time(make_api: MakeApi) -> None:
    shown = {}
    for kind in ("timed", "per_read", "immediate"):
        api = make_api(kind, time=kind, seconds_per_file=0.3)
        batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
        if kind == "timed":
            api.finished(batch["id"])
        shown[kind] = [api.get(batch["id"])["status"]]
        if kind == "per_read":
            wait_for(partial(completed_in_truth, api, batch["id"]))
            assert "is COMPLETED" in api.refused(409, "POST", f"{BATCHES}/{batch['id']}/cancel")
        shown[kind] += [api.get(batch["id"])["status"] for _ in range(2)]
        by_filter = api.ok("GET", BATCHES, params={"status": "COMPLETED"})["items"]
        assert [each["id"] for each in by_filter] == [batch["id"]]
        api.engine.close()
    assert shown == {
        "timed": ["COMPLETED"] * 3,
        "per_read": ["PENDING", "RUNNING", "COMPLETED"],
        "immediate": ["COMPLETED"] * 3,
    }


def test_cancel_terminal(api: Api) -> None:
    batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
    api.finished(batch["id"])
    answer = api.raw("POST", f"{BATCHES}/{batch['id']}/cancel")
    assert (answer.status_code, final(answer)) == (409, True)
