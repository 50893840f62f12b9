"""What holds everywhere (contract.md sections 7 and 8). Each choice is shown by the test of its name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api, files_of, pdf

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
FILES = "/api/v1/beta/files"
PARSE = "/api/v2/parse"


def test_upload_limit(make_api: MakeApi) -> None:
    api = make_api(uploads_per_second=0.4)
    directory_id = api.directory({"a.txt": b"a", "b.txt": b"b"})
    answer = api.raw("POST", files_of(directory_id) + "/upload", files={"upload_file": ("c.txt", b"c")})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) in range(1, 6)


def test_foreign_project(idle: Api) -> None:
    for name in ("project_id", "organization_id"):
        assert "other" in idle.refused(403, "GET", BATCHES, params={name: "other"})
        idle.refused(403, "POST", DIRECTORIES, params={name: "other"}, json={"name": "a"})
    idle.refused(403, "POST", f"{FILES}/query", json={"filter": {"project_id": "other"}})
    for version in ("v1", "v2"):
        assert "other" in idle.refused(404, "GET", f"/api/{version}/projects/other")
        ours = f"/api/{version}/projects/{idle.engine.project.id}"
        idle.refused(403, "GET", ours, params={"organization_id": "other"})
        idle.ok("GET", ours, params={"organization_id": idle.engine.project.organization_id})


def test_list_order(make_api: MakeApi) -> None:
    # A clock that stands still: all files are of one moment.
    with ThreadPoolExecutor(1) as executor:
        api = make_api(seed="s", executor=executor)
        first = api.directory({"c.pdf": pdf("c"), "a.pdf": pdf("a"), "b.pdf": pdf("b")})
        second = api.directory({}, "second")
        files = api.ok("GET", files_of(first))["items"]
        assert [file["display_name"] for file in files] == ["a.pdf", "b.pdf", "c.pdf"]
        assert [file["name"] for file in api.ok("GET", FILES)["items"]] == ["b.pdf", "a.pdf", "c.pdf"]
        assert [directory["id"] for directory in api.ok("GET", DIRECTORIES)["items"]] == [second, first]
        batches = [api.finished(api.batch(first)["id"])["id"] for _ in range(2)]
        assert [batch["id"] for batch in api.ok("GET", BATCHES)["items"]] == batches[::-1]
        assert [job["name"] for job in api.ok("GET", PARSE)["items"]] == ["c.pdf", "b.pdf", "a.pdf"] * 2
        api.engine.close()
    moving = make_api("moving")
    later = moving.directory({"c.pdf": pdf("c"), "a.pdf": pdf("a")})
    assert [file["display_name"] for file in moving.ok("GET", files_of(later))["items"]] == ["c.pdf", "a.pdf"]


def test_any_key(idle: Api) -> None:
    directory_id = idle.directory({})
    for headers in ({"authorization": "Bearer other"}, {"cookie": "session=s"}):
        assert Api(idle.engine, headers).ok("GET", f"{DIRECTORIES}/{directory_id}")["id"] == directory_id
    Api(idle.engine, {}).refused(401, "GET", f"{DIRECTORIES}/{directory_id}")


@pytest.mark.parametrize(
    "path", [BATCHES, DIRECTORIES, FILES, PARSE, "/api/v1/beta/configurations", "/api/v2/projects"]
)
def test_page_sizes(idle: Api, path: str) -> None:
    for size in ("0", "1001", "x"):
        idle.refused(422, "GET", path, params={"page_size": size})
    idle.ok("GET", path, params={"page_size": 1000})
    for token in ("x", "!", "WyJhIl0", "bnVsbA"):
        idle.refused(422, "GET", path, params={"page_token": token})
    for n in range(51):
        idle.ok("POST", DIRECTORIES, json={"name": str(n)})
    assert len(idle.ok("GET", DIRECTORIES)["items"]) == 50


def test_total_size(idle: Api) -> None:
    idle.directory({"a.pdf": pdf("alpha")})
    assert idle.ok("GET", DIRECTORIES, params={"include_total": "true"})["total_size"] is None


def test_unknown_body_field(idle: Api) -> None:
    (problem,) = idle.refused(422, "POST", DIRECTORIES, json={"name": "a", "expires_at": "2026-01-01T00:00:00Z"})
    assert problem["loc"] == ["body", "expires_at"]
    directory_id = idle.directory({})
    form = {"data": {"nonsense": "1"}, "files": {"upload_file": ("a", b"x")}}
    (problem,) = idle.refused(422, "POST", files_of(directory_id) + "/upload", **form)
    assert problem["loc"] == ["body", "nonsense"]
    idle.ok("GET", DIRECTORIES, params={"nonsense": "1"})


def test_body_size(idle: Api) -> None:
    json = {"content-type": "application/json"}
    body = b'{"name": "a", "system_metadata": {"a": "%s"}}'
    idle.ok("POST", DIRECTORIES, content=body % (b"x" * 8_000_000), headers=json)
    assert "8388608" in idle.refused(413, "POST", DIRECTORIES, content=body % (b"x" * 8_400_000), headers=json)


def test_disk_full(idle: Api) -> None:
    """A limit on the size of files, which is all that a test can have of a full disk, is met in the same place."""
    resource = pytest.importorskip("resource")
    upload = files_of(idle.directory({})) + "/upload"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, before[1]))
    try:
        answer = idle.raw("POST", upload, files={"upload_file": ("a", bytes(5 << 20))})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (answer.status_code, answer.headers["x-should-retry"]) == (507, "false")
    assert "disk" in answer.json()["detail"]
    assert not list((idle.engine.data / "blobs").iterdir())
    idle.ok("POST", upload, files={"upload_file": ("a", bytes(5 << 20))})


def test_retry_header(make_api: MakeApi) -> None:
    api = make_api(max_file_bytes=1)
    upload = files_of(api.directory({"a": b"x"})) + "/upload"
    large, json = {"upload_file": ("b", b"xx")}, {"content-type": "application/json"}
    for status, told, method, path, content in (
        (409, True, "POST", DIRECTORIES, {"json": {"name": "documents"}}),
        (409, True, "POST", upload, {"files": {"upload_file": ("a", b"x")}}),
        (413, True, "POST", upload, {"files": large}),
        (413, True, "POST", DIRECTORIES, {"content": bytes(9 << 20), "headers": json}),
        (403, True, "GET", "/links/files/x?expires=1&signature=0", {}),
        (403, True, "GET", "/links/files/x", {}),
        (404, False, "GET", f"{DIRECTORIES}/dir-none", {}),
        (422, False, "POST", DIRECTORIES, {"json": {}}),
    ):
        answer = api.raw(method, path, **content)
        assert (answer.status_code, answer.headers.get("x-should-retry")) == (status, "false" if told else None)


def test_naive_times(idle: Api) -> None:
    batch = idle.batch(idle.directory({"a.pdf": pdf("alpha")}))
    created = datetime.fromisoformat(batch["created_at"]).replace(tzinfo=None)
    hour = timedelta(hours=1)

    def found(after: datetime) -> int:
        return len(idle.ok("GET", BATCHES, params={"created_at_on_or_after": after.isoformat()})["items"])

    assert (found(created), found(created + hour)) == (1, 0)
