"""Directories, files, the Files API (contract.md sections 2 and 3). Each choice is shown by the test of its name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.engine.support import Api, files_of, pdf

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
PARSE = "/api/v2/parse"


def final(answer: Any) -> bool:
    return bool(answer.headers.get("x-should-retry") == "false")


def test_directory_name_taken(idle: Api) -> None:
    first = idle.directory({})
    answer = idle.raw("POST", DIRECTORIES, json={"name": "documents"})
    assert (answer.status_code, final(answer)) == (409, True)
    assert answer.json()["detail"]["directory_id"] == first
    assert "documents" in answer.json()["detail"]["message"]


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


def test_ephemeral_lifetime(idle: Api) -> None:
    made = idle.ok("POST", DIRECTORIES, json={"name": "a", "type": "ephemeral"})
    expires, created = (datetime.fromisoformat(made[name]) for name in ("expires_at", "created_at"))
    assert expires - created == timedelta(days=2)


def test_uploads_are_files(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    (file,) = idle.ok("GET", files_of(directory_id), params={"expand": "download_url"})["items"]
    assert file["download_url"] is None
    assert idle.raw("DELETE", f"{DIRECTORIES}/{directory_id}").status_code == 204
    other = idle.directory({}, "other")
    assert idle.ok("POST", files_of(other), json={"file_id": file["file_id"]})["file_id"] == file["file_id"]
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


def test_empty_file(api: Api) -> None:
    (job,) = api.run({"a.pdf": b""})
    assert job["status"] == "FAILED"
    assert job["error_message"]
