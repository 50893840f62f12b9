from __future__ import annotations

from typing import Any

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api, create_body, pdf, statuses, wait_for


def test_from_create_to_pages(api: Api) -> None:
    directory_id = api.directory({"a.pdf": pdf("alpha"), "b.pdf": pdf("beta", "gamma")})
    created = api.batch(directory_id)
    assert created["id"].startswith("bat-")
    assert len(created["id"]) == len("bat-") + 28
    assert created == {
        "id": created["id"],
        "config": {"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}},
        "project_id": api.engine.project.id,
        "source_directory_id": directory_id,
        "status": "PENDING",
        "created_at": created["created_at"],
        "updated_at": created["created_at"],
        "results": None,
    }
    batch = api.finished(created["id"])
    assert batch["status"] == "COMPLETED"
    assert batch["updated_at"] > batch["created_at"]
    files = api.ok("GET", f"/api/v1/beta/directories/{directory_id}/files")["items"]
    assert [result["source_directory_file_id"] for result in batch["results"]] == [file["id"] for file in files]
    assert {result["job_reference"]["type"] for result in batch["results"]} == {"parse_v2"}
    first, second = api.jobs(batch)
    assert [first["name"], second["name"]] == ["a.pdf", "b.pdf"]
    assert statuses([first, second]) == ["COMPLETED", "COMPLETED"]
    text = api.ok("GET", f"/api/v2/parse/{second['id']}", params={"expand": "text"})["text"]
    assert [page["text"].strip() for page in text["pages"]] == ["beta", "gamma"]


def test_a_file_that_cannot_be_read_fails_alone(api: Api) -> None:
    good, empty, cut = api.run({"a.pdf": pdf("alpha"), "b.pdf": b"", "c.pdf": pdf("gamma")[:200]})
    assert statuses([good, empty, cut]) == ["COMPLETED", "FAILED", "FAILED"]
    assert good["error_message"] is None
    assert empty["error_message"]
    assert cut["error_message"]
    assert empty["error_message"] != cut["error_message"]


@pytest.mark.parametrize("query", [{"expand": "results"}, {"expand": ["x", "results"]}, {"expand": "x,results"}])
def test_expand_is_repeated_or_a_comma_list(api: Api, query: dict[str, Any]) -> None:
    batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
    api.finished(batch["id"])
    assert len(api.get(batch["id"], **query)["results"]) == 1
    assert api.get(batch["id"])["results"] is None


def test_a_directory_may_be_run_twice(api: Api) -> None:
    directory_id = api.directory({"a.pdf": pdf("alpha")})
    first, second = (api.finished(api.batch(directory_id)["id"]) for _ in range(2))
    assert first["results"][0]["source_directory_file_id"] == second["results"][0]["source_directory_file_id"]
    assert first["results"][0]["job_reference"]["id"] != second["results"][0]["job_reference"]["id"]


def test_create_is_validated_like_fastapi(idle: Api) -> None:
    problems = idle.refused(422, "POST", "/api/v2/batches", json={"config": {"job": {"type": "x"}}})
    assert {tuple(problem["loc"]) for problem in problems} == {
        ("body", "config", "job", "type"),
        ("body", "config", "job", "configuration_id"),
        ("body", "source_directory_id"),
    }
    assert all(problem["msg"] and problem["type"] for problem in problems)


def test_list_is_filtered_and_paged(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    other_id = idle.directory({"b.pdf": pdf("beta")}, "other")
    made = [idle.batch(directory_id) for _ in range(5)]
    other = idle.batch(other_id)
    newest_first = [batch["id"] for batch in (other, *reversed(made))]

    def listed(**query: Any) -> Any:
        return idle.ok("GET", "/api/v2/batches", params=query)

    page = listed(page_size=4)
    rest = listed(page_size=4, page_token=page["next_page_token"])
    assert [batch["id"] for batch in page["items"] + rest["items"]] == newest_first
    assert (len(page["items"]), rest["next_page_token"]) == (4, None)
    assert [batch["id"] for batch in listed(source_directory_id=other_id)["items"]] == [other["id"]]
    assert len(listed(status="PENDING")["items"]) == 6
    assert listed(status="COMPLETED")["items"] == []
    assert [batch["id"] for batch in listed(created_at_on_or_after=made[3]["created_at"])["items"]] == newest_first[:3]
    assert [batch["id"] for batch in listed(created_at_on_or_before=made[1]["created_at"])["items"]] == newest_first[
        -2:
    ]
    idle.refused(422, "GET", "/api/v2/batches", params={"status": "DONE"})


def test_cancel_before_anything_ran(idle: Api) -> None:
    batch = idle.batch(idle.directory({"a.pdf": pdf("alpha")}))
    # The SDK sends a JSON content type and no body.
    cancelled = idle.ok("POST", f"/api/v2/batches/{batch['id']}/cancel", headers={"content-type": "application/json"})
    assert cancelled["status"] == "CANCELLED"
    (result,) = idle.get(batch["id"], expand="results")["results"]
    assert (result["job_reference"], result["error_message"]) == (None, None)


def test_cancel_keeps_what_finished(make_api: MakeApi) -> None:
    api = make_api(seconds_per_file=0.1)
    batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(60)}))
    wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "COMPLETED"})["items"])
    assert api.ok("POST", f"/api/v2/batches/{batch['id']}/cancel")["status"] in {"RUNNING", "CANCELLED"}
    ended = api.finished(batch["id"])
    assert ended["status"] == "CANCELLED"
    jobs = api.jobs(ended)
    assert len(jobs) == 60
    assert set(statuses(jobs)) == {"COMPLETED", "CANCELLED"}
    finished = next(job for job in jobs if job["status"] == "COMPLETED")
    assert api.ok("GET", f"/api/v2/parse/{finished['id']}", params={"expand": "text_full"})["text_full"]
    api.refused(409, "POST", f"/api/v2/batches/{batch['id']}/cancel")


def test_two_batches_take_turns(make_api: MakeApi) -> None:
    api = make_api(seconds_per_file=0.05)
    long = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(100)}, "long"))
    short = api.batch(api.directory({"a.pdf": pdf("alpha")}, "short"))
    api.finished(short["id"])
    assert api.get(long["id"])["status"] == "RUNNING"


def test_unknown_batch(idle: Api) -> None:
    assert "bat-none" in idle.refused(404, "GET", "/api/v2/batches/bat-none")
    idle.refused(404, "POST", "/api/v2/batches/bat-none/cancel")
    idle.refused(404, "POST", "/api/v2/batches", json=create_body("dir-none"))
