"""Extract jobs from create to end: alone, in batches, and what stays of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.extract.support import EXTRACT, TOTAL, ended, extracting, stored, totals
from tests.engine.support import Api, Json, create_body, pdf, statuses, wait_for

PARSE = "/api/v2/parse"
WEBHOOK: Json = {"webhook_url": "http://127.0.0.1:9/hook", "webhook_signing_secret": "s3cret"}


def batch_of(api: Api, files: dict[str, bytes], **configuration: Any) -> Json:
    parameters = {"product_type": "extract_v2", "data_schema": TOTAL, **configuration}
    saved = api.ok("POST", "/api/v1/beta/configurations", json={"name": "totals", "parameters": parameters})
    body = create_body(api.directory(files), saved["id"], "extract_v2")
    return dict(api.ok("POST", "/api/v2/batches", json=body))


def jobs_of(api: Api, batch: Json, **query: Any) -> list[Json]:
    ids = [one["job_reference"]["id"] for one in batch["results"]]
    found = api.ok("GET", EXTRACT, params={"job_ids": ids, "page_size": 1000, **query})["items"]
    return sorted(found, key=lambda job: ids.index(job["id"]))


def test_a_batch_of_extract_jobs(threaded: MakeApi) -> None:
    api = threaded(extractors={None: totals}, credits_per_page=1)
    files = {"a.pdf": pdf("Total 5"), "b.pdf": pdf("x")[:60], "c.txt": b"Total 7", "d.pdf": pdf("x", "Total 9")}
    made = batch_of(api, files, cite_sources=True)
    batch = api.finished(made["id"])
    assert batch["status"] == "COMPLETED"
    assert {one["job_reference"]["type"] for one in batch["results"]} == {"extract_v2"}
    jobs = jobs_of(api, batch, expand="configuration")
    assert statuses(jobs) == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]
    assert [job["extract_result"] for job in jobs] == [{"total": 5}, None, {"total": 7}, {"total": 9}]
    assert {job["configuration_id"] for job in jobs} == {made["config"]["job"]["configuration_id"]}
    assert jobs[0]["configuration"]["data_schema"] == TOTAL
    text = jobs[2]["extract_metadata"]["field_metadata"]["document_metadata"]["total"]["citation"][0]
    assert (text["bounding_boxes"], text["page_dimensions"]) == ([], None)  # text has no places
    parse_jobs = {job["id"]: job for job in api.ok("GET", PARSE)["items"]}
    parse = parse_jobs[jobs[0]["extract_metadata"]["parse_job_id"]]
    assert (parse["name"], parse["status"]) == ("a.pdf", "COMPLETED")
    (broken,) = [job for job in parse_jobs.values() if job["name"] == "b.pdf"]
    assert jobs[1]["error_message"] == broken["error_message"] is not None
    assert [job["file_input"] for job in jobs] == [
        file["file_id"]
        for file in api.ok("GET", f"/api/v1/beta/directories/{made['source_directory_id']}/files")["items"]
    ]


@pytest.mark.parametrize(("method", "path"), [("POST", "/cancel"), ("DELETE", "?force=true")])
def test_a_batch_ends_when_its_last_job_is_stopped(threaded: MakeApi, method: str, path: str) -> None:
    api = threaded(seconds_per_file=0.2, extractors={None: totals})
    made = batch_of(api, {f"{n}.txt": b"Total 1" for n in range(3)})
    wait_for(lambda: api.ok("GET", EXTRACT)["items"])
    for job in api.ok("GET", EXTRACT)["items"]:
        api.raw(method, f"{EXTRACT}/{job['id']}{path}")
    assert api.finished(made["id"])["status"] == "COMPLETED"


def test_cancelling_one_of_two_leaves_the_parse_job_they_share(idle: Api) -> None:
    job = extracting(idle, stored(idle, "a.pdf", pdf("x")))
    with idle.engine.store.write() as db:  # as two jobs over one running parse job would be
        db.execute(
            "INSERT INTO jobs (id, type, project_id, name, blob, size, status, snapshot_id, file_input, parse_job_id, "
            "ready, created_at, updated_at) SELECT 'ext-other', type, project_id, name, blob, size, status, "
            "snapshot_id, file_input, parse_job_id, ready, created_at, updated_at FROM jobs WHERE id = ?",
            (job["id"],),
        )
    idle.ok("POST", f"{EXTRACT}/{job['id']}/cancel")
    assert statuses(idle.ok("GET", PARSE)["items"]) == ["PENDING"]
    idle.ok("POST", f"{EXTRACT}/ext-other/cancel")
    assert statuses(idle.ok("GET", PARSE)["items"]) == ["CANCELLED"]


def test_ids_are_free_after_a_deletion(idle: Api) -> None:
    file_id = stored(idle, "a.pdf", pdf("x"))
    for _ in range(3):
        job = extracting(idle, file_id)
        idle.ok("DELETE", f"{EXTRACT}/{job['id']}", params={"force": "true"})
    kept = [extracting(idle, file_id)["id"] for _ in range(2)]
    assert {job["id"] for job in idle.ok("GET", EXTRACT)["items"]} == set(kept)


def test_a_seeded_engine_gives_the_same_ids(threaded: MakeApi) -> None:
    ids = []
    for folder in ("one", "two"):
        api = threaded(folder, seed="s", extractors={None: totals})
        job = ended(api, extracting(api, stored(api, "a.txt", b"Total 5"))["id"], expand="extract_metadata")
        ids.append((job["id"], job["extract_metadata"]["parse_job_id"]))
    assert ids[0] == ids[1]


def test_what_was_told_stays(idle: Api) -> None:
    """A job keeps its configuration, whatever becomes of the saved one."""
    parameters = {"product_type": "extract_v2", "data_schema": TOTAL, "tier": "turbo"}
    saved = idle.ok("POST", "/api/v1/beta/configurations", json={"name": "c", "parameters": parameters})
    body = {"file_input": stored(idle, "a.pdf", pdf("x")), "configuration_id": saved["id"]}
    job = idle.ok("POST", EXTRACT, json=body)
    changed = {"name": "c", "parameters": parameters | {"tier": "agentic"}}
    idle.ok("POST", "/api/v1/beta/configurations", json=changed)
    shown = idle.ok("GET", f"{EXTRACT}/{job['id']}", params={"expand": "configuration"})
    assert (shown["configuration"]["tier"], shown["configuration_id"]) == ("turbo", saved["id"])


def test_webhooks_are_told_of_the_extract_job_alone(idle: Api) -> None:
    told = {"file_input": stored(idle, "a.pdf", pdf("x")), "configuration": {"data_schema": TOTAL}}
    job = idle.ok("POST", EXTRACT, json={**told, "webhook_configurations": [WEBHOOK]})
    parse_events = {"webhook_url": WEBHOOK["webhook_url"], "webhook_events": ["parse.success"]}
    idle.ok("POST", EXTRACT, json={**told, "webhook_configurations": [parse_events]})
    idle.ok("POST", f"{EXTRACT}/{job['id']}/cancel")
    with idle.engine.store.read() as db:
        rows = db.execute("SELECT type, subject FROM events ORDER BY seq").fetchall()
    assert [tuple(row) for row in rows] == [("extract.pending", job["id"]), ("extract.cancelled", job["id"])]
    assert "s3cret" not in str(idle.ok("GET", f"{EXTRACT}/{job['id']}", params={"expand": "configuration"}))
    idle.refused(404, "POST", EXTRACT, json={**told, "webhook_configuration_ids": ["whc-none"]})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file_input": ""},
        {"file_input": "dfl-x"},
        {"file_input": "dfl-x", "configuration": {}},
        {"file_input": "dfl-x", "configuration": {"data_schema": []}},
        {"file_input": "dfl-x", "configuration": {"data_schema": TOTAL, "tier": "best"}},
        {"file_input": "dfl-x", "configuration": {"data_schema": TOTAL, "max_pages": 0}},
        {"file_input": "dfl-x", "configuration": {"data_schema": TOTAL, "target_pages": "3-1"}},
        {"file_input": "dfl-x", "configuration": {"data_schema": TOTAL, "product_type": "parse_v2"}},
        {"file_input": "dfl-x", "configuration": {"data_schema": TOTAL}, "more": 1},
        {"file_input": "dfl-x", "configuration_id": "cfg-PARSE_AGENTIC"},
    ],
)
def test_what_create_refuses(idle: Api, body: Json) -> None:
    problems = idle.refused(422, "POST", EXTRACT, json=body)
    assert problems
    assert all(problem["loc"][0] == "body" and problem["msg"] for problem in problems)


def test_a_parse_configuration_has_to_be_one(idle: Api) -> None:
    file_id = stored(idle, "a.pdf", pdf("x"))
    told = {"data_schema": TOTAL, "parse_config_id": "cfg-PARSE_FAST"}
    job = idle.ok("POST", EXTRACT, json={"file_input": file_id, "configuration": told})
    (parse,) = idle.ok("GET", PARSE)["items"]
    assert (parse["tier"], job["status"]) == ("fast", "PENDING")
    extract = {"name": "c", "parameters": {"product_type": "extract_v2", "data_schema": TOTAL}}
    other = idle.ok("POST", "/api/v1/beta/configurations", json=extract)["id"]
    body = {"file_input": file_id, "configuration": told | {"parse_config_id": other}}
    (problem,) = idle.refused(422, "POST", EXTRACT, json=body)
    assert problem["loc"] == ["body", "configuration", "parse_config_id"]
