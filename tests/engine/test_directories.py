from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api, Json, create_body, files_of, pdf

DIRECTORIES = "/api/v1/beta/directories"


def test_directory_has_every_field(idle: Api) -> None:
    made = idle.ok("POST", DIRECTORIES, json={"name": "Q3", "description": "d", "system_metadata": {"a": [1]}})
    assert made["id"].startswith("dir-")
    assert made == {
        "id": made["id"],
        "name": "Q3",
        "project_id": idle.engine.project.id,
        "type": "user",
        "description": "d",
        "connector_subscription_id": None,
        "expires_at": None,
        "deleted_at": None,
        "system_metadata": {"a": [1]},
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    assert idle.ok("GET", f"{DIRECTORIES}/{made['id']}") == made
    idle.refused(404, "GET", f"{DIRECTORIES}/dir-none")


def test_one_directory_a_subscription(idle: Api) -> None:
    first = idle.ok("POST", DIRECTORIES, json={"name": "a", "connector_subscription_id": "csub-1"})
    body = {"name": "b", "connector_subscription_id": "csub-1"}
    assert idle.refused(409, "POST", DIRECTORIES, json=body)["directory_id"] == first["id"]


def test_directories_are_filtered(idle: Api) -> None:
    for name, kind in (("a", "user"), ("b", "ephemeral"), ("c", "user")):
        idle.ok("POST", DIRECTORIES, json={"name": name, "type": kind})

    def names(**query: Any) -> list[str]:
        return [directory["name"] for directory in idle.ok("GET", DIRECTORIES, params=query)["items"]]

    assert names() == ["c", "b", "a"]
    assert names(name="b") == ["b"]
    assert names(type="user") == ["c", "a"]
    assert names(types=["user", "ephemeral"]) == ["c", "b", "a"]
    assert names(types="ephemeral") == ["b"]
    assert names(types="index") == []
    idle.refused(422, "GET", DIRECTORIES, params={"type": "other"})


def test_a_directory_is_updated(make_api: MakeApi) -> None:
    seconds = itertools.count()
    api = make_api(clock=lambda: datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=next(seconds)))
    made = api.ok("POST", DIRECTORIES, json={"name": "a", "description": "d", "system_metadata": {"x": 1}})
    path = f"{DIRECTORIES}/{made['id']}"
    changed = api.ok("PATCH", path, json={"name": "b"})
    assert changed["updated_at"] > made["updated_at"]
    assert changed == made | {"name": "b", "updated_at": changed["updated_at"]}
    assert api.ok("PATCH", path, json={"name": "b", "description": "e"})["description"] == "e"
    assert api.ok("GET", path)["name"] == "b"
    assert api.ok("POST", DIRECTORIES, json={"name": "a"})["id"] != made["id"]
    for body in ({"name": ""}, {"type": "ephemeral"}, {"name": 1}):
        api.refused(422, "PATCH", path, json=body)
    api.refused(404, "PATCH", f"{DIRECTORIES}/dir-none", json={"name": "c"})
    assert api.raw("DELETE", path).status_code == 204
    api.refused(404, "PATCH", path, json={"name": "c"})


def test_upload_has_every_field_and_keeps_the_bytes(idle: Api) -> None:
    directory_id = idle.directory({})
    data = pdf("alpha")
    file = idle.upload(
        directory_id, "a.pdf", data, display_name="Q3/a.pdf", unique_id="u-1", metadata='{"team": "x", "n": 1}'
    )
    assert file["id"].startswith("dfl-")
    assert file == {
        "id": file["id"],
        "directory_id": directory_id,
        "display_name": "Q3/a.pdf",
        "unique_id": "u-1",
        "project_id": idle.engine.project.id,
        "file_id": file["file_id"],
        "metadata": {"team": "x", "n": 1},
        "download_url": None,
        "created_at": file["created_at"],
        "updated_at": file["created_at"],
        "deleted_at": None,
    }
    assert idle.ok("GET", f"{files_of(directory_id)}/{file['id']}") == file
    blob = idle.engine.data / "blobs" / f"{hashlib.sha256(data).hexdigest()}.pdf"
    assert blob.read_bytes() == data


def test_the_same_bytes_are_kept_once(idle: Api) -> None:
    idle.directory({"a.pdf": pdf("alpha"), "b.pdf": pdf("alpha")})
    assert len(list((idle.engine.data / "blobs").iterdir())) == 1


def test_what_is_refused_leaves_no_bytes(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    (blob,) = (idle.engine.data / "blobs").iterdir()
    upload = files_of(directory_id) + "/upload"
    large = bytes(3 << 20)  # more than waits in memory
    idle.refused(409, "POST", upload, files={"upload_file": ("a.pdf", large)})
    idle.refused(422, "POST", upload, data={"metadata": "1"}, files={"upload_file": ("b.pdf", large)})
    idle.refused(422, "POST", upload, files=[("upload_file", ("b.pdf", large)), ("upload_file", ("c.pdf", large))])
    assert list((idle.engine.data / "blobs").iterdir()) == [blob]


def test_names_that_only_a_raw_form_can_have(idle: Api) -> None:
    upload = files_of(idle.directory({})) + "/upload"
    for number, (sent, kept) in enumerate(
        (
            (b"a\x00b", "a\x00b"),
            (b"\xff\xfe", "\xff\xfe"),
            (b"a\xe2\x80\xaeb", "a\u202eb"),
            (b"", "upload"),
            (b"..", ".."),
        )
    ):
        lines = (
            *(b"--B", b'Content-Disposition: form-data; name="unique_id"', b"", str(number).encode()),
            *(b"--B", b'Content-Disposition: form-data; name="upload_file"; filename="' + sent + b'"', b"", b"x"),
            b"--B--\r\n",
        )
        kind = {"content-type": "multipart/form-data; boundary=B"}
        file = idle.ok("POST", upload, content=b"\r\n".join(lines), headers=kind)
        assert file["display_name"] == kept
        assert idle.ok("GET", upload.removesuffix("/upload"), params={"display_name": kept})["items"] == [file]
    (blob,) = (idle.engine.data / "blobs").iterdir()
    assert blob.name == hashlib.sha256(b"x").hexdigest() + ".bin"


@pytest.mark.parametrize(
    "name", ["../../evil.pdf", "..\\..\\evil.pdf", "/etc/passwd", "a/b.pdf", "x" * 300 + ".pdf", "😀.pdf", "a.../../b"]
)
def test_no_name_chooses_a_path(idle: Api, name: str) -> None:
    directory_id = idle.directory({})
    file = idle.upload(directory_id, name, b"some text", display_name=name)
    assert file["display_name"] == name
    (blob,) = (idle.engine.data / "blobs").iterdir()
    assert blob.stem == hashlib.sha256(b"some text").hexdigest()


def test_a_pdf_is_one_whatever_its_name(idle: Api) -> None:
    idle.directory({"a.docx": pdf("alpha"), "b.txt": b"some text"})
    assert sorted(blob.suffix for blob in (idle.engine.data / "blobs").iterdir()) == [".pdf", ".txt"]


def test_a_large_upload_goes_through_the_disk(idle: Api) -> None:
    directory_id = idle.directory({})
    data = bytes(range(256)) * (20 << 12)  # 20 MB: above what a form part may have in memory
    idle.upload(directory_id, "large.bin", data)
    (blob,) = (idle.engine.data / "blobs").iterdir()
    assert blob.read_bytes() == data


def test_files_are_filtered_and_paged(idle: Api) -> None:
    directory_id = idle.directory({})
    files = [idle.upload(directory_id, f"{n}.pdf", b"x", unique_id=f"u{n}", display_name=f"Bill {n}") for n in range(5)]

    def ids(**query: Any) -> list[str]:
        return [file["id"] for file in idle.ok("GET", files_of(directory_id), params=query)["items"]]

    everything = [file["id"] for file in files]
    assert ids() == everything
    assert ids(display_name="Bill 2") == [everything[2]]
    assert ids(display_name="bill 2") == []
    assert ids(display_name_contains="BILL") == everything
    assert ids(display_name_contains="%") == []
    assert ids(unique_id="u3") == [everything[3]]
    assert ids(file_id=files[2]["file_id"]) == [everything[2]]
    assert ids(file_id=everything[2]) == []
    assert ids(updated_at_on_or_after=files[3]["updated_at"]) == everything[3:]
    assert ids(updated_at_on_or_before=files[1]["updated_at"]) == everything[:2]
    assert ids(include_deleted="true", expand=["download_url"]) == everything
    page = idle.ok("GET", files_of(directory_id), params={"page_size": 3})
    rest = idle.ok("GET", files_of(directory_id), params={"page_size": 3, "page_token": page["next_page_token"]})
    assert [file["id"] for file in page["items"] + rest["items"]] == everything
    assert rest["next_page_token"] is None


def test_a_file_is_added_to_another_directory(api: Api) -> None:
    first = api.directory({})
    file = api.upload(first, "docs/a.pdf", pdf("alpha"), display_name="Q3", unique_id="u")
    second, third = api.directory({}, "second"), api.directory({}, "third")
    metadata = {"n": 1, "x": 0.5, "ok": True, "none": None, "tags": ["a", "b"]}
    body = {"file_id": file["file_id"], "display_name": "again", "unique_id": "u2", "metadata": metadata}
    added = api.ok("POST", files_of(second), json=body)
    assert added == file | {
        "id": added["id"],
        "directory_id": second,
        "display_name": "again",
        "unique_id": "u2",
        "metadata": metadata,
        "created_at": added["created_at"],
        "updated_at": added["created_at"],
    }
    assert len({added["id"], file["id"], file["file_id"]}) == 3
    assert api.ok("GET", f"{files_of(second)}/{added['id']}") == added
    by_default = api.ok("POST", files_of(third), json={"file_id": file["file_id"]})
    assert (by_default["display_name"], by_default["unique_id"]) == ("a.pdf", "a.pdf")
    answer = api.raw("POST", files_of(third), json={"file_id": file["file_id"]})
    assert (answer.status_code, answer.headers["x-should-retry"]) == (409, "false")
    external = api.upload(first, "b.pdf", pdf("beta"), external_file_id="e")
    assert api.ok("POST", files_of(third), json={"file_id": external["file_id"]})["unique_id"] == "e"
    api.ok("POST", files_of(third), json={"file_id": external["file_id"], "unique_id": "e2"})
    assert len(api.ok("GET", files_of(third), params={"file_id": external["file_id"]})["items"]) == 2
    assert len(list((api.engine.data / "blobs").iterdir())) == 2
    batch = api.finished(api.batch(second)["id"])
    (job,) = api.jobs(batch)
    result = api.ok("GET", f"/api/v2/parse/{job['id']}", params={"expand": "text_full"})
    assert (job["name"], result["text_full"].strip()) == ("again", "alpha")


def test_a_file_is_updated(idle: Api) -> None:
    directory_id = idle.directory({})
    file = idle.upload(directory_id, "a.txt", b"alpha", metadata='{"team": "x"}')
    other = idle.upload(directory_id, "b.txt", b"beta")
    path = f"{files_of(directory_id)}/{file['id']}"
    body = {"display_name": "../😀", "unique_id": "u", "metadata": {"n": [], "m": ["a"]}}
    changed = idle.ok("PATCH", path, json=body)
    assert changed == file | body | {"updated_at": changed["updated_at"]}
    assert idle.ok("GET", path) == changed
    assert idle.ok("PATCH", path, json={"unique_id": "u", "target_directory_id": directory_id})["unique_id"] == "u"
    answer = idle.raw("PATCH", path, json={"unique_id": "b.txt"})
    assert (answer.status_code, answer.headers["x-should-retry"]) == (409, "false")
    wrongs: list[Json] = [{"display_name": ""}, {"metadata": {"a": {}}}, {"metadata": 1}, {"file_id": "x"}]
    for wrong in wrongs:
        idle.refused(422, "PATCH", path, json=wrong)
    assert idle.raw("DELETE", f"{files_of(directory_id)}/{other['id']}").status_code == 204
    assert idle.ok("PATCH", path, json={"unique_id": "b.txt"})["unique_id"] == "b.txt"
    idle.refused(404, "PATCH", f"{files_of(directory_id)}/{other['id']}", json={"unique_id": "c"})


@pytest.mark.parametrize("seed", [None, "s"])
def test_a_file_that_was_moved_or_renamed_leaves_its_place_to_another(make_api: MakeApi, seed: str | None) -> None:
    api = make_api(seed=seed)
    first, second = api.directory({}), api.directory({}, "second")
    files = []
    for change in ({"unique_id": "b"}, {"target_directory_id": second}, {"display_name": "c"}):
        files.append(api.upload(first, "a", b"x"))
        api.ok("PATCH", f"{files_of(first)}/{files[-1]['id']}", json=change)
    assert len({file["id"] for file in files}) == len({file["file_id"] for file in files}) == 3


def test_links_are_asked_for(idle: Api) -> None:
    directory_id, other = idle.directory({}), idle.directory({}, "other")
    file = idle.upload(directory_id, "a.txt", b"alpha", display_name="Größe 1/2.txt")
    path = f"{files_of(directory_id)}/{file['id']}"
    for expand in ("download_url", ["x", "download_url"], "x,download_url"):
        (listed,) = idle.ok("GET", files_of(directory_id), params={"expand": expand})["items"]
        got = idle.ok("GET", path, params={"expand": expand})
        for shown in (listed, got):
            assert shown | {"download_url": None} == file
            answer = Api(idle.engine, {}).raw("GET", shown["download_url"]["url"])
            assert (answer.status_code, answer.content) == (200, b"alpha")
            named = "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe%201/2.txt"
            assert answer.headers["content-disposition"] == named
    assert idle.ok("GET", path, params={"expand": "x"})["download_url"] is None
    url = got["download_url"]["url"]
    idle.raw("DELETE", f"/api/v1/beta/files/{file['file_id']}")
    idle.ok("PATCH", path, json={"target_directory_id": other})
    assert idle.raw("GET", url).content == b"alpha"
    idle.raw("DELETE", f"{files_of(other)}/{file['id']}")
    idle.refused(404, "GET", url)
    (gone,) = idle.ok("GET", files_of(other), params={"expand": "download_url", "include_deleted": True})["items"]
    assert gone["download_url"] is None


def test_what_cannot_be_added(idle: Api) -> None:
    directory_id = idle.directory({})
    file = idle.upload(directory_id, "a.pdf", pdf("alpha"))
    assert "dir-none" in idle.refused(404, "POST", files_of("dir-none"), json={"file_id": file["file_id"]})
    for body in (
        {},
        {"file_id": ""},
        {"file_id": file["file_id"], "nonsense": 1},
        {"file_id": "x", "metadata": {"a": {}}},
    ):
        idle.refused(422, "POST", files_of(directory_id), json=body)


def test_a_directory_is_deleted(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    (file,) = idle.ok("GET", files_of(directory_id))["items"]
    answer = idle.raw("DELETE", f"{DIRECTORIES}/{directory_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/files"), ("GET", f"/files/{file['id']}")):
        idle.refused(404, method, f"{DIRECTORIES}/{directory_id}{path}")
    idle.refused(404, "POST", files_of(directory_id) + "/upload", files={"upload_file": ("b", b"x")})
    idle.refused(404, "POST", files_of(directory_id), json={"file_id": file["file_id"]})
    idle.refused(404, "POST", "/api/v2/batches", json=create_body(directory_id))
    assert idle.ok("GET", DIRECTORIES)["items"] == []
    (shown,) = idle.ok("GET", DIRECTORIES, params={"include_deleted": True})["items"]
    assert (shown["id"], shown["deleted_at"] is None) == (directory_id, False)


@pytest.mark.parametrize("seed", [None, "s"])
def test_a_directory_file_is_deleted_and_may_come_again(make_api: MakeApi, seed: str | None) -> None:
    api = make_api(seed=seed)
    directory_id = api.directory({"a.txt": b"alpha", "b.txt": b"beta"})
    files = api.ok("GET", files_of(directory_id))["items"]
    gone = next(file for file in files if file["display_name"] == "a.txt")
    assert api.raw("DELETE", f"{files_of(directory_id)}/{gone['id']}").status_code == 204
    api.refused(404, "DELETE", f"{files_of(directory_id)}/{gone['id']}")
    assert [file["display_name"] for file in api.ok("GET", files_of(directory_id))["items"]] == ["b.txt"]
    shown = api.ok("GET", files_of(directory_id), params={"include_deleted": True})["items"]
    assert {file["display_name"]: bool(file["deleted_at"]) for file in shown} == {"a.txt": True, "b.txt": False}
    again = api.upload(directory_id, "a.txt", b"gamma")
    assert again["id"] != gone["id"]
    assert again["file_id"] != gone["file_id"]
    assert len(api.ok("GET", files_of(directory_id))["items"]) == 2


def test_unknown_directory_or_file(idle: Api) -> None:
    directory_id = idle.directory({})
    idle.refused(404, "GET", files_of("dir-none"))
    idle.refused(404, "POST", files_of("dir-none") + "/upload", files={"upload_file": ("a", b"x")})
    idle.refused(404, "GET", files_of(directory_id) + "/dfl-none")
    assert not list((idle.engine.data / "blobs").iterdir())


def test_a_bad_form_is_refused(idle: Api) -> None:
    upload = files_of(idle.directory({})) + "/upload"
    file = {"upload_file": ("a.pdf", b"x")}
    (missing,) = idle.refused(422, "POST", upload, data={"display_name": "a"})
    assert missing["loc"] == ["body", "upload_file"]
    for metadata in ("[1]", "{", "null"):
        (problem,) = idle.refused(422, "POST", upload, data={"metadata": metadata}, files=file)
        assert problem["loc"] == ["body", "metadata"]
