from __future__ import annotations

from typing import Any

from llamabatch_nb.engine import Engine
from tests.engine.conftest import MakeApi
from tests.engine.support import PATIENCE, Api, pdf, wait_for

PARSE = "/api/v2/parse"


def test_what_a_result_holds(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha", "beta")})
    path = f"{PARSE}/{job['id']}"
    words = "text,text_full,markdown,markdown_full,items,metadata,job_metadata,usage"
    result = api.ok("GET", path, params={"expand": words})
    assert result.keys() == {
        *("job", "text", "text_full", "markdown", "markdown_full", "items", "metadata", "job_metadata")
    }
    assert [page["page_number"] for page in result["text"]["pages"]] == [1, 2]
    assert [page["text"].strip() for page in result["text"]["pages"]] == ["alpha", "beta"]
    assert [page["markdown"].strip() for page in result["markdown"]["pages"]] == ["alpha", "beta"]
    assert [page["success"] for page in result["markdown"]["pages"]] == [True, True]
    assert result["text_full"].split() == ["alpha", "beta"]
    assert result["markdown_full"].split() == ["alpha", "beta"]
    assert [page["page_number"] for page in result["metadata"]["pages"]] == [1, 2]
    assert (result["job_metadata"]["pages"], result["job_metadata"]["tier"]) == (2, "agentic")
    first = result["items"]["pages"][0]
    assert (round(first["page_width"]), round(first["page_height"])) == (595, 842)
    assert [item["value"].strip() for item in first["items"]] == ["alpha"]


def test_nothing_is_expanded_unasked(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha")})
    result = api.ok("GET", f"{PARSE}/{job['id']}")
    assert result.pop("job") == job
    assert set(result.values()) == {None}
    assert job["usage"] is None
    only = api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": ["text"]})
    assert [name for name, value in only.items() if value is not None] == ["job", "text"]


def test_a_job_without_a_result_has_none(api: Api, idle: Api) -> None:
    (failed,) = api.run({"a.pdf": b"%PDF-1.7 and no more"})
    result = api.ok("GET", f"{PARSE}/{failed['id']}", params={"expand": "text,usage"})
    assert result["job"]["status"] == "FAILED"
    assert (result["text"], result["job"]["usage"]) == (None, None)
    idle.refused(404, "GET", f"{PARSE}/pjb-none")


def test_jobs_are_filtered_and_paged(api: Api) -> None:
    made = api.run({"a.pdf": pdf("alpha"), "b.pdf": b"", "c.pdf": pdf("gamma")})
    ids = [job["id"] for job in made]

    def listed(**query: Any) -> list[str]:
        return [job["id"] for job in api.ok("GET", PARSE, params=query)["items"]]

    assert listed() == ids[::-1]
    assert listed(status="FAILED") == [ids[1]]
    assert listed(job_ids=[ids[0], ids[2], "pjb-none"]) == [ids[2], ids[0]]
    assert listed(created_at_on_or_after=made[0]["created_at"]) == ids[::-1]
    assert listed(created_at_on_or_after="2999-01-01T00:00:00Z") == []
    assert listed(created_at_on_or_before="2000-01-01T00:00:00Z") == []
    page = api.ok("GET", PARSE, params={"page_size": 2})
    rest = api.ok("GET", PARSE, params={"page_size": 2, "page_token": page["next_page_token"]})
    assert [job["id"] for job in page["items"] + rest["items"]] == ids[::-1]
    api.refused(422, "GET", PARSE, params={"status": "THROTTLED"})


def test_a_job_has_every_field(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha")})
    assert job["id"].startswith("pjb-")
    assert job == {
        "id": job["id"],
        "project_id": api.engine.project.id,
        "status": "COMPLETED",
        "error_message": None,
        "name": "a.pdf",
        "tier": "agentic",
        "usage": None,
        "user_metadata": None,
        "created_at": job["created_at"],
        "updated_at": job["updated_at"],
    }


def test_a_running_job_that_is_cancelled_and_given_back_is_cancelled(make_api: MakeApi) -> None:
    api = make_api(seconds_per_file=PATIENCE)
    batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
    (job,) = wait_for(lambda: api.ok("GET", PARSE, params={"status": "RUNNING"})["items"])
    assert api.ok("POST", f"{PARSE}/{job['id']}/cancel")["status"] == "RUNNING"
    api.engine.close()
    later = Engine(api.engine.data)
    assert Api(later).ok("GET", f"{PARSE}/{job['id']}")["job"]["status"] == "CANCELLED"
    assert Api(later).get(batch["id"])["status"] == "COMPLETED"
    later.close()
