from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.engine.support import Api, files_of, pdf

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
        "file_id": None,
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
    assert ids(file_id="dfl-none") == []
    assert ids(updated_at_on_or_after=files[3]["updated_at"]) == everything[3:]
    assert ids(updated_at_on_or_before=files[1]["updated_at"]) == everything[:2]
    assert ids(include_deleted="true", expand=["download_url"]) == everything
    page = idle.ok("GET", files_of(directory_id), params={"page_size": 3})
    rest = idle.ok("GET", files_of(directory_id), params={"page_size": 3, "page_token": page["next_page_token"]})
    assert [file["id"] for file in page["items"] + rest["items"]] == everything
    assert rest["next_page_token"] is None


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
