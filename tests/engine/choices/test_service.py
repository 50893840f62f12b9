"""What holds everywhere (contract.md sections 7 and 8). Each choice is shown by the test of its name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api, files_of, pdf

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
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


def test_list_order(make_api: MakeApi) -> None:
    # A clock that stands still: all files are of one moment.
    with ThreadPoolExecutor(1) as executor:
        api = make_api(seed="s", executor=executor)
        first = api.directory({"c.pdf": pdf("c"), "a.pdf": pdf("a"), "b.pdf": pdf("b")})
        second = api.directory({}, "second")
        files = api.ok("GET", files_of(first))["items"]
        assert [file["display_name"] for file in files] == ["a.pdf", "b.pdf", "c.pdf"]
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


@pytest.mark.parametrize("path", [BATCHES, DIRECTORIES, PARSE, "/api/v1/beta/configurations"])
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


def test_naive_times(idle: Api) -> None:
    batch = idle.batch(idle.directory({"a.pdf": pdf("alpha")}))
    created = datetime.fromisoformat(batch["created_at"]).replace(tzinfo=None)
    hour = timedelta(hours=1)

    def found(after: datetime) -> int:
        return len(idle.ok("GET", BATCHES, params={"created_at_on_or_after": after.isoformat()})["items"])

    assert (found(created), found(created + hour)) == (1, 0)
