from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api, files_of

LISTS = (
    "/api/v2/batches",
    "/api/v1/beta/directories",
    "/api/v1/beta/files",
    "/api/v2/parse",
    "/api/v1/beta/configurations",
    "/api/v2/projects",
)


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer "}, {"authorization": "Basic eA=="}, {"cookie": "a=b"}]
)
def test_nobody_gets_in_without_a_key(idle: Api, headers: dict[str, str]) -> None:
    directory_id = idle.directory({})
    stranger = Api(idle.engine, headers)
    for path in (*LISTS, "/api/v1/projects", "/api/v1/beta/none"):
        assert "Bearer" in stranger.refused(401, "GET", path)
    stranger.refused(401, "POST", files_of(directory_id) + "/upload", files={"upload_file": ("a", b"x")})
    stranger.refused(401, "POST", "/api/v1/beta/files", data={"purpose": "parse"}, files={"file": ("a", b"x")})
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


def test_a_closed_engine_says_so(idle: Api) -> None:
    """A cell that is run again may close what another one still asks."""
    upload = files_of(idle.directory({})) + "/upload"
    idle.engine.close()
    for method, path, content in (
        ("GET", "/api/v2/batches", {}),
        ("POST", "/api/v1/beta/directories", {"json": {"name": "a"}}),
        ("POST", upload, {"files": {"upload_file": ("a.txt", b"x")}}),
    ):
        answer = idle.raw(method, path, **content)
        assert (answer.status_code, answer.headers["x-should-retry"]) == (503, "false")
        assert "engine is closed" in answer.json()["detail"]


def test_a_fault_of_ours_behind_a_link_is_one_too(idle: Api) -> None:
    url = idle.engine.links.url("http://engine", "/files/x", idle.engine.clock()).url
    with sqlite3.connect(idle.engine.data / "engine.db") as db:
        db.execute("ALTER TABLE files RENAME TO gone")
    db.close()
    assert "correlation ID" in idle.refused(500, "GET", url)


def test_a_body_is_counted_as_it_comes(make_api: MakeApi) -> None:
    """Without a ``Content-Length``: what is too much is not read to its end."""
    api = make_api(max_file_bytes=1 << 20)
    upload = files_of(api.directory({})) + "/upload"
    sent = []

    async def endless() -> AsyncIterator[bytes]:
        yield b'--B\r\nContent-Disposition: form-data; name="upload_file"; filename="a"\r\n\r\n'
        while True:
            sent.append(1 << 16)
            yield bytes(1 << 16)

    kind = {"content-type": "multipart/form-data; boundary=B"}
    assert str(1 << 20) in api.refused(413, "POST", upload, content=endless(), headers=kind)
    assert sum(sent) <= 2 << 20
    sent.clear()
    api.refused(413, "POST", "/api/v1/beta/directories", content=endless(), headers={"content-type": "text/plain"})
    assert sum(sent) <= 9 << 20
    assert not list((api.engine.data / "blobs").iterdir())


def test_a_length_that_is_too_much_is_refused_unread(make_api: MakeApi) -> None:
    api = make_api(max_file_bytes=1 << 20)
    upload = files_of(api.directory({})) + "/upload"

    read = []

    async def unread() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x"

    form = "multipart/form-data; boundary=B"
    for path, kind, size in (
        (upload, form, 4 << 20),
        ("/api/v1/beta/files", form, 4 << 20),
        ("/api/v2/parse/upload", form, 4 << 20),
        ("/api/v1/beta/directories", "application/json", 9 << 20),
        ("/api/v1/beta/directories", form, 9 << 20),
    ):
        headers = {"content-type": kind, "content-length": str(size)}
        api.refused(413, "POST", path, content=unread(), headers=headers)
    assert not read


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


def test_projects_are_found_in_pages_and_by_id(idle: Api) -> None:
    (project,) = idle.ok("GET", "/api/v1/projects")
    page = {"items": [project], "next_page_token": None, "total_size": None}
    ours = {"name": "Default", "organization_id": project["organization_id"], "page_size": 1}
    assert idle.ok("GET", "/api/v2/projects") == idle.ok("GET", "/api/v2/projects", params=ours) == page
    assert idle.ok("GET", "/api/v2/projects", params={"name": "Other"})["items"] == []
    for version in ("v1", "v2"):
        assert idle.ok("GET", f"/api/{version}/projects/{project['id']}") == project
