"""Directories, files, the Files API (contract.md sections 2 and 3). Each choice is shown by the test of its name."""

from __future__ import annotations

import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from llamabatch_nb.contract.files import FilePurpose
from llamabatch_nb.engine import Engine
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, create_body, files_of, pdf

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
FILES = "/api/v1/beta/files"


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def final(answer: Any) -> bool:
    return bool(answer.headers.get("x-should-retry") == "false")


def test_directory_name_taken(idle: Api) -> None:
    first = idle.directory({})
    second = idle.directory({}, "second")
    for method, path in (("POST", DIRECTORIES), ("PATCH", f"{DIRECTORIES}/{second}")):
        answer = idle.raw(method, path, json={"name": "documents"})
        assert (answer.status_code, final(answer)) == (409, True)
        assert answer.json()["detail"]["directory_id"] == first
        assert "documents" in answer.json()["detail"]["message"]
    assert idle.ok("GET", f"{DIRECTORIES}/{second}")["name"] == "second"


def test_unique_id_taken(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    answer = idle.raw("POST", files_of(directory_id) + "/upload", files={"upload_file": ("a.pdf", b"other")})
    assert (answer.status_code, final(answer)) == (409, True)
    idle.directory({"a.pdf": pdf("alpha")}, "elsewhere")


def test_names_by_default(idle: Api) -> None:
    directory_id = idle.directory({})

    def names(**form: str) -> tuple[str, str]:
        file = idle.upload(directory_id, "C:\\docs\\a.pdf", b"x", **form)
        return file["display_name"], file["unique_id"]

    assert names() == ("a.pdf", "a.pdf")
    assert names(display_name="b") == ("b", "b")
    assert names(external_file_id="e") == ("a.pdf", "e")
    assert names(external_file_id="f", unique_id="u") == ("a.pdf", "u")


def test_directory_type(idle: Api) -> None:
    assert idle.ok("POST", DIRECTORIES, json={"name": "a"})["type"] == "user"


def test_ephemeral_lifetime(make_api: MakeApi) -> None:
    clock = Hands()
    with ThreadPoolExecutor(1) as executor:
        api = make_api(executor=executor, clock=clock)
        made = api.ok("POST", DIRECTORIES, json={"name": "a", "type": "ephemeral"})
        expires = datetime.fromisoformat(made["expires_at"])
        assert expires - datetime.fromisoformat(made["created_at"]) == timedelta(days=2)
        file = api.upload(made["id"], "a.txt", b"alpha")
        batch = api.batch(made["id"])
        assert api.ok("GET", f"{FILES}/{file['file_id']}")["expires_at"] == made["expires_at"]

        clock.now = expires - timedelta(microseconds=1)
        assert api.ok("GET", f"{DIRECTORIES}/{made['id']}") == made
        assert api.ok("GET", f"{FILES}/{file['file_id']}")["name"] == "a.txt"

        clock.now = expires
        for path in ("", "/files", f"/files/{file['id']}"):
            api.refused(404, "GET", f"{DIRECTORIES}/{made['id']}{path}")
        api.refused(404, "POST", files_of(made["id"]) + "/upload", files={"upload_file": ("b.txt", b"b")})
        api.refused(404, "POST", BATCHES, json=create_body(made["id"]))
        api.refused(404, "GET", f"{FILES}/{file['file_id']}")
        assert api.ok("GET", FILES)["items"] == api.ok("GET", DIRECTORIES)["items"] == []
        (shown,) = api.ok("GET", DIRECTORIES, params={"include_deleted": True})["items"]
        assert shown == made | {"deleted_at": made["expires_at"]}
        again = api.ok("POST", DIRECTORIES, json={"name": "a"})
        both = api.ok("GET", DIRECTORIES, params={"include_deleted": True})["items"]
        assert both == [again, shown]
        assert [job["status"] for job in api.jobs(api.finished(batch["id"]))] == ["COMPLETED"]
        api.engine.close()


def test_uploads_are_files(idle: Api) -> None:
    directory_id = idle.directory({})
    placed = idle.upload(directory_id, "docs/a.pdf", pdf("alpha"), display_name="Q3", external_file_id="e")
    stored = idle.ok("GET", f"{FILES}/{placed['file_id']}")
    assert (stored["name"], stored["external_file_id"], stored["purpose"]) == ("a.pdf", "e", None)
    assert idle.raw("DELETE", f"{DIRECTORIES}/{directory_id}").status_code == 204
    other = idle.directory({}, "other")
    assert idle.ok("POST", files_of(other), json={"file_id": placed["file_id"]})["file_id"] == placed["file_id"]
    assert len(list((idle.engine.data / "blobs").iterdir())) == 1


def test_unknown_file_id(idle: Api) -> None:
    first = idle.directory({"a.pdf": pdf("alpha")})
    (file,) = idle.ok("GET", files_of(first))["items"]
    other = files_of(idle.directory({}, "other"))
    assert file["id"] in idle.refused(404, "POST", other, json={"file_id": file["id"]})  # not the id it has there
    path = f"/api/v1/beta/files/{file['file_id']}"
    assert idle.raw("DELETE", path).status_code == 204
    idle.refused(404, "DELETE", path)
    assert file["file_id"] in idle.refused(404, "POST", other, json={"file_id": file["file_id"]})
    assert idle.ok("GET", files_of(first))["items"] == [file]


def test_deleted_directory(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha"), "b.pdf": pdf("beta")})
    batch = idle.batch(directory_id)
    (file, _) = idle.ok("GET", files_of(directory_id))["items"]
    assert idle.raw("DELETE", f"{files_of(directory_id)}/{file['id']}").status_code == 204
    assert idle.raw("DELETE", f"{DIRECTORIES}/{directory_id}").status_code == 204
    assert len(idle.ok("GET", DIRECTORIES, params={"include_deleted": True})["items"]) == 1
    idle.directory({})
    idle.engine.start()
    assert [job["status"] for job in idle.jobs(idle.finished(batch["id"]))] == ["COMPLETED"] * 2


def test_deleted_bytes(make_api: MakeApi) -> None:
    clock = Hands()
    api = make_api(clock=clock)

    def lying() -> int:
        return len(list((api.engine.data / "blobs").iterdir()))

    made = api.ok("POST", DIRECTORIES, json={"name": "a", "type": "ephemeral"})
    file = api.upload(made["id"], "a.txt", b"alpha")
    batch = api.finished(api.batch(made["id"])["id"])
    api.raw("DELETE", f"{files_of(made['id'])}/{file['id']}")
    clock.now += timedelta(days=2)
    api.directory({}, "next")
    api.refused(404, "GET", f"{FILES}/{file['file_id']}")
    assert lying() == 1
    api.ok("DELETE", f"/api/v2/parse/{batch['results'][0]['job_reference']['id']}")
    assert lying() == 0


def test_empty_file(api: Api) -> None:
    (job,) = api.run({"a.pdf": b""})
    assert job["status"] == "FAILED"
    assert job["error_message"]


def test_upload_metadata(idle: Api) -> None:
    upload = files_of(idle.directory({})) + "/upload"

    def refused(metadata: str) -> list[tuple[str, ...]]:
        content = {"data": {"metadata": metadata}, "files": {"upload_file": ("a", b"x")}}
        return [tuple(problem["loc"]) for problem in idle.refused(422, "POST", upload, **content)]

    assert refused('{"a": {"b": 1}, "c": [1], "d": 1}') == [("body", "metadata", "a"), ("body", "metadata", "c")]
    assert refused('{"a": NaN}') == [("body", "metadata", "a")]
    for text in ("[1]", "{", "null", "x", "[" * 100_000, '{"a": "\\ud800"}'):
        assert refused(text) == [("body", "metadata")]
    kept = {"s": "ü", "i": 1, "f": 0.5, "b": True, "n": None, "l": ["a", "b"]}
    content = {"data": {"metadata": json.dumps(kept)}, "files": {"upload_file": ("a", b"x")}}
    assert idle.ok("POST", upload, **content)["metadata"] == kept


def test_empty_update(idle: Api) -> None:
    directory_id = idle.directory({"a.txt": b"alpha"})
    (file,) = idle.ok("GET", files_of(directory_id))["items"]
    idle.refused(422, "PATCH", f"{DIRECTORIES}/{directory_id}", json={})
    idle.refused(422, "PATCH", f"{files_of(directory_id)}/{file['id']}", json={})


def test_null_in_update(idle: Api) -> None:
    made = idle.ok("POST", DIRECTORIES, json={"name": "a", "description": "d"})
    changed = idle.ok("PATCH", f"{DIRECTORIES}/{made['id']}", json={"name": None, "description": None})
    assert (changed["name"], changed["description"]) == ("a", None)
    file = idle.upload(made["id"], "a.txt", b"alpha", metadata='{"n": 1}')
    nothing = dict.fromkeys(("display_name", "unique_id", "metadata", "target_directory_id"))
    changed = idle.ok("PATCH", f"{files_of(made['id'])}/{file['id']}", json=nothing)
    assert changed == file | {"metadata": None, "updated_at": changed["updated_at"]}


def test_moved_file(api: Api) -> None:
    first, second = api.directory({"a.txt": b"alpha"}), api.directory({"a.txt": b"beta"}, "second")
    (file,) = api.ok("GET", files_of(first))["items"]
    batch = api.batch(first)
    path = f"{files_of(first)}/{file['id']}"
    assert "dir-none" in api.refused(404, "PATCH", path, json={"target_directory_id": "dir-none"})
    answer = api.raw("PATCH", path, json={"target_directory_id": second})
    assert (answer.status_code, final(answer)) == (409, True)
    moved = api.ok("PATCH", path, json={"target_directory_id": second, "unique_id": "b.txt"})
    assert (moved["id"], moved["directory_id"], moved["unique_id"]) == (file["id"], second, "b.txt")
    api.refused(404, "GET", path)
    assert {found["id"] for found in api.ok("GET", files_of(second))["items"]} > {file["id"]}
    (result,) = api.finished(batch["id"])["results"]
    assert result["source_directory_file_id"] == file["id"]

    brief = api.ok("POST", DIRECTORIES, json={"name": "brief", "type": "ephemeral"})
    file = api.upload(brief["id"], "c.txt", b"gamma")
    api.ok("PATCH", f"{files_of(brief['id'])}/{file['id']}", json={"target_directory_id": second})
    assert api.ok("GET", f"{FILES}/{file['file_id']}")["expires_at"] is None


def test_file_expiry(idle: Api) -> None:
    for purpose in get_args(FilePurpose):
        form = {"data": {"purpose": purpose}, "files": {"file": (purpose, b"x")}}
        made = idle.ok("POST", FILES, **form)
        assert (made["purpose"], made["expires_at"]) == (purpose, None)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [("a.docx", pdf("alpha"), "pdf"), ("b.DOCX", b"PK", "docx"), ("c", b"x", None), ("d.tar.gz", b"x", "gz")],
)
def test_file_type(idle: Api, name: str, data: bytes, kind: str | None) -> None:
    made = idle.ok("POST", FILES, data={"purpose": "parse"}, files={"file": (name, data)})
    assert made["file_type"] == kind


def test_external_ids(idle: Api) -> None:
    ids = []
    for name in ("a", "b"):
        form = {"data": {"purpose": "parse", "external_file_id": "e"}, "files": {"file": (name, b"x")}}
        ids.append(idle.ok("POST", FILES, **form)["id"])
    found = idle.ok("GET", FILES, params={"external_file_id": "e"})["items"]
    assert [file["id"] for file in found] == ids[::-1]


def test_file_order(idle: Api) -> None:
    for name in ("b", "c", "a"):
        idle.ok("POST", FILES, data={"purpose": "parse"}, files={"file": (name, b"x")})

    def listed(**query: Any) -> Any:
        return idle.ok("GET", FILES, params={"page_size": 2} | query)

    assert [file["name"] for file in listed()["items"]] == ["a", "c"]
    token = listed()["next_page_token"]
    assert [file["name"] for file in listed(page_token=token)["items"]] == ["b"]
    assert [file["name"] for file in listed(page_token=token, order_by="created_at")["items"]] == ["b"]
    assert "order" in idle.refused(422, "GET", FILES, params={"page_token": token, "order_by": "name"})


def test_file_query(idle: Api) -> None:
    for name in ("b", "c", "a", "b"):
        idle.ok("POST", FILES, data={"purpose": "parse", "external_file_id": "e"}, files={"file": (name, b"x")})

    def names(**body: Any) -> list[str]:
        return [file["name"] for file in idle.ok("POST", f"{FILES}/query", json=body)["items"]]

    assert names() == ["b", "a", "c", "b"]
    assert names(order_by="name desc, id") == ["c", "b", "b", "a"]
    assert names(filter={"data_source_id": "x"}) == []
    assert names(filter={"file_name": "b", "only_manually_uploaded": True}) == ["b", "b"]
    for order in ("size", "name up", "name desc desc", "name; DROP TABLE files"):
        assert "order_by" in idle.refused(422, "POST", f"{FILES}/query", json={"order_by": order})


def test_links(make_api: MakeApi) -> None:
    clock = Hands()
    api = make_api(clock=clock)
    stranger = Api(api.engine, {})
    made = api.ok("POST", FILES, data={"purpose": "parse"}, files={"file": ("a.txt", b"alpha")})
    path = f"{FILES}/{made['id']}/content"
    for seconds in (0, 604_801, "x"):
        api.refused(422, "GET", path, params={"expires_at_seconds": seconds})
    hour, minute = api.ok("GET", path), api.ok("GET", path, params={"expires_at_seconds": 60})
    assert hour["url"].startswith("http://engine/links/")
    for link, lifetime in ((hour, timedelta(hours=1)), (minute, timedelta(minutes=1))):
        assert datetime.fromisoformat(link["expires_at"]) - clock.now == lifetime
        answer = stranger.raw("GET", link["url"])
        assert (answer.status_code, answer.content) == (200, b"alpha")
        assert answer.headers["content-disposition"] == 'attachment; filename="a.txt"'
    clock.now += timedelta(seconds=61)
    for url in (minute["url"], hour["url"].replace("signature=", "signature=0")):
        answer = stranger.raw("GET", url)
        assert (answer.status_code, final(answer)) == (403, True)
    assert stranger.raw("GET", hour["url"]).status_code == 200
    api.raw("DELETE", f"{FILES}/{made['id']}")
    stranger.refused(404, "GET", hour["url"])
    made = api.ok("POST", FILES, data={"purpose": "parse"}, files={"file": ("a" * 300, b"alpha")})
    answer = stranger.raw("GET", api.ok("GET", f"{FILES}/{made['id']}/content")["url"])
    assert answer.headers["content-disposition"] == f'attachment; filename="{"a" * 255}"'


def test_file_size(make_api: MakeApi) -> None:
    assert inspect.signature(Engine).parameters["max_file_bytes"].default == 512 << 20
    api = make_api(max_file_bytes=3 << 20)
    upload = files_of(api.directory({})) + "/upload"
    for path, field, data in ((upload, "upload_file", {}), (FILES, "file", {"purpose": "parse"})):
        answer = api.raw("POST", path, data=data, files={field: ("a", bytes((3 << 20) + 1))})
        assert (answer.status_code, final(answer)) == (413, True)
        assert str(3 << 20) in answer.json()["detail"]
        api.ok("POST", path, data=data, files={field: ("a", bytes(3 << 20))})
    assert len(list((api.engine.data / "blobs").iterdir())) == 1


def test_form_bounds(idle: Api) -> None:
    upload = files_of(idle.directory({})) + "/upload"
    file = {"upload_file": ("a", b"x")}
    assert "32" in idle.refused(400, "POST", upload, data={str(n): "" for n in range(32)}, files=file)
    answer = idle.raw("POST", upload, data={"display_name": "x" * (1 << 20), "unique_id": "u"}, files=file)
    assert (answer.status_code, final(answer)) == (413, True)
    whole = b'--B\r\nContent-Disposition: form-data; name="upload_file"; filename="a"\r\n\r\nx\r\n--B--\r\n'
    kind = {"content-type": "multipart/form-data; boundary=B"}
    for body in (b"", b"junk", whole[:30], whole[:-6]):
        idle.refused(400, "POST", upload, content=body, headers=kind)
    (problem,) = idle.refused(422, "POST", upload, json={"display_name": "a"})
    assert (problem["type"], problem["loc"]) == ("missing", ["body", "upload_file"])
    assert not list((idle.engine.data / "blobs").iterdir())
    idle.ok("POST", upload, content=whole, headers=kind)
