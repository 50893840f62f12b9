from __future__ import annotations

import re
import sqlite3

import pytest

from tests.engine.support import Api, files_of

LISTS = ("/api/v2/batches", "/api/v1/beta/directories", "/api/v2/parse", "/api/v1/beta/configurations")


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer "}, {"authorization": "Basic eA=="}, {"cookie": "a=b"}]
)
def test_nobody_gets_in_without_a_key(idle: Api, headers: dict[str, str]) -> None:
    directory_id = idle.directory({})
    stranger = Api(idle.engine, headers)
    for path in (*LISTS, "/api/v1/projects"):
        assert "Bearer" in stranger.refused(401, "GET", path)
    stranger.refused(401, "POST", files_of(directory_id) + "/upload", files={"upload_file": ("a", b"x")})
    assert not list((idle.engine.data / "blobs").iterdir())


@pytest.mark.parametrize("headers", [{"authorization": "bearer llx-1"}, {"cookie": "other=1; session=abc"}])
def test_any_key_or_session_gets_in(idle: Api, headers: dict[str, str]) -> None:
    assert len(Api(idle.engine, headers).ok("GET", "/api/v1/projects")) == 1


def test_every_endpoint_takes_both_ids_and_so_refuses_those_of_others(idle: Api) -> None:
    both = {"project_id", "organization_id"}
    for path, operations in idle.ok("GET", "/openapi.json")["paths"].items():
        for method, operation in operations.items():
            assert both <= {parameter["name"] for parameter in operation["parameters"]}, f"{method} {path}"


def test_a_fault_of_ours_is_a_500_in_json(idle: Api) -> None:
    with sqlite3.connect(idle.engine.data / "engine.db") as db:
        db.execute("DROP TABLE results")
        db.execute("DROP TABLE jobs")
    db.close()
    detail = idle.refused(500, "GET", "/api/v2/parse")
    assert re.search(r"correlation ID: [0-9a-f-]{36}", detail)


def test_unknown_paths_and_methods_are_json(idle: Api) -> None:
    assert idle.refused(404, "GET", "/api/v9/none") == "Not Found"
    assert idle.refused(405, "DELETE", "/api/v2/batches") == "Method Not Allowed"


def test_every_list_takes_unknown_keys(idle: Api) -> None:
    for path in LISTS:
        assert set(idle.ok("GET", path, params={"nonsense": "1"})) == {"items", "next_page_token", "total_size"}


def test_ids_of_ours_are_taken_everywhere(idle: Api) -> None:
    (project,) = idle.ok("GET", "/api/v1/projects")
    ours = {"project_id": project["id"], "organization_id": project["organization_id"]}
    for path in LISTS:
        idle.ok("GET", path, params=ours)
    idle.ok("POST", "/api/v1/beta/directories", params=ours, json={"name": "a"})


def test_projects_are_a_bare_array(idle: Api) -> None:
    (project,) = idle.ok("GET", "/api/v1/projects")
    assert project["is_default"] is True
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", project["id"])
    assert idle.ok("GET", "/api/v1/projects", params={"project_name": "Default"}) == [project]
    assert idle.ok("GET", "/api/v1/projects", params={"project_name": "Other"}) == []
