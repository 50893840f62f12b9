"""The Files API, and what presigned links lead to."""

from __future__ import annotations

import hashlib
import os
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api, Json, files_of, pdf

FILES = "/api/v1/beta/files"


def create(api: Api, name: str, data: bytes = b"x", **form: str) -> Json:
    content = {"data": {"purpose": "user_data"} | form, "files": {"file": (name, data)}}
    return dict(api.ok("POST", FILES, **content))


def fetched(api: Api, file: Json, method: str = "GET", **headers: str) -> Any:
    """What a stranger gets by the link to a file."""
    url = api.ok("GET", f"{FILES}/{file['id']}/content")["url"]
    return Api(api.engine, headers).raw(method, url)


def test_a_file_has_every_field_and_keeps_the_bytes(idle: Api) -> None:
    data = pdf("alpha")
    file = create(idle, "C:\\docs\\a.docx", data, purpose="extract", external_file_id="e")
    assert file["id"].startswith("dfl-")
    assert file == {
        "id": file["id"],
        "name": "a.docx",
        "project_id": idle.engine.project.id,
        "file_type": "pdf",
        "purpose": "extract",
        "external_file_id": "e",
        "expires_at": None,
        "last_modified_at": file["last_modified_at"],
        "download_url": None,
    }
    assert idle.ok("GET", f"{FILES}/{file['id']}") == file
    assert idle.ok("GET", FILES)["items"] == [file]
    (blob,) = (idle.engine.data / "blobs").iterdir()
    assert blob.name == hashlib.sha256(data).hexdigest() + ".pdf"
    assert blob.read_bytes() == data


def test_a_file_is_used_in_directories_and_deleted(api: Api) -> None:
    file = create(api, "a.txt", b"alpha")
    directory_id = api.directory({})
    placed = api.ok("POST", files_of(directory_id), json={"file_id": file["id"]})
    assert (placed["file_id"], placed["display_name"]) == (file["id"], "a.txt")
    answer = api.raw("DELETE", f"{FILES}/{file['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
        assert file["id"] in api.refused(404, method, f"{FILES}/{file['id']}{path}")
    assert api.ok("GET", FILES)["items"] == []
    (job,) = api.jobs(api.finished(api.batch(directory_id)["id"]))
    assert job["status"] == "COMPLETED"


def test_files_are_filtered(idle: Api) -> None:
    files = [create(idle, name, external_file_id=f"e{number}") for number, name in enumerate(("a", "b", "A", "a"))]

    def found(**query: Any) -> list[int]:
        listed = idle.ok("GET", FILES, params=query)["items"]
        asked = {key: value for key, value in query.items() if key in {"file_name", "file_ids", "external_file_id"}}
        assert idle.ok("POST", f"{FILES}/query", json={"filter": asked})["items"] == listed
        return [files.index(file) for file in listed]

    assert found() == [3, 2, 1, 0]
    assert found(file_name="a") == [3, 0]
    assert found(file_name="%") == []
    assert found(external_file_id="e1") == [1]
    assert found(file_ids=[files[2]["id"], "dfl-none", files[0]["id"]]) == [2, 0]
    assert found(file_name="a", file_ids=[files[2]["id"], files[3]["id"]], nonsense="1") == [3]
    idle.refused(422, "GET", FILES, params={"file_ids": ["x"] * 1001})
    idle.refused(422, "POST", f"{FILES}/query", json={"filter": {"file_ids": ["x"] * 1001}})


@pytest.mark.parametrize("order", ["name", "id", "created_at", None])
def test_pages_stay_right_while_things_change(idle: Api, order: str | None) -> None:
    """Every file that is there all the time comes once, whatever is added or deleted between two pages."""
    names = ["b", "b", "a", "c", "b", "a", "c"]
    there = [create(idle, name) for name in names]
    gone = create(idle, "b")
    query = {"page_size": 2} | ({} if order is None else {"order_by": order})
    seen: list[Json] = []
    page = idle.ok("GET", FILES, params=query)
    while True:
        seen += page["items"]
        if page["next_page_token"] is None:
            break
        if gone:
            create(idle, "a")
            idle.raw("DELETE", f"{FILES}/{gone['id']}")
            gone = {}
        page = idle.ok("GET", FILES, params=query | {"page_token": page["next_page_token"]})
    ids = [file["id"] for file in seen]
    assert len(set(ids)) == len(ids)
    assert {file["id"] for file in there} <= set(ids)
    key = order or "created_at"
    keys = [file["last_modified_at" if key == "created_at" else key] for file in seen]
    assert keys == sorted(keys, reverse=key == "created_at")


@pytest.mark.parametrize("order", ["name, created_at desc", "name desc,id desc", "created_at", " name asc , id"])
def test_the_query_pages_in_any_order(idle: Api, order: str) -> None:
    for name in ("b", "a", "c", "b", "a"):
        create(idle, name)
    whole = idle.ok("POST", f"{FILES}/query", json={"order_by": order, "page_size": 5000})["items"]
    keys = [(file["name"], file["last_modified_at"], file["id"]) for file in whole]
    # Python sorts stably, by the last field first.
    places = {"name": 0, "created_at": 1, "id": 2}
    wanted = sorted(keys)
    for part in reversed(order.split(",")):
        field, _, direction = part.strip().partition(" ")
        wanted.sort(key=lambda values, place=places[field]: values[place], reverse=direction == "desc")  # type: ignore[misc]
    assert keys == wanted
    paged, token = [], None
    while True:
        page = idle.ok("POST", f"{FILES}/query", json={"order_by": order, "page_size": 2, "page_token": token})
        paged += page["items"]
        if (token := page["next_page_token"]) is None:
            break
    assert paged == whole


def test_links_are_asked_for(idle: Api) -> None:
    file = create(idle, "a.txt", b"alpha")
    for expand in ("download_url", ["x", "download_url"], "x,download_url"):
        (listed,) = idle.ok("GET", FILES, params={"expand": expand})["items"]
        for shown in (listed, idle.ok("GET", f"{FILES}/{file['id']}", params={"expand": expand})):
            assert shown | {"download_url": None} == file
            assert Api(idle.engine, {}).raw("GET", shown["download_url"]["url"]).content == b"alpha"
    assert idle.ok("GET", f"{FILES}/{file['id']}", params={"expand": "x"}) == file


def test_a_bad_form_is_refused(idle: Api) -> None:
    def wrong(**content: Any) -> list[tuple[str, str]]:
        return [(one["type"], one["loc"][-1]) for one in idle.refused(422, "POST", FILES, **content)]

    file = {"file": ("a", b"x")}
    assert wrong(files=file) == [("missing", "purpose")]
    assert wrong(files=file, data={"purpose": "other"}) == [("literal_error", "purpose")]
    assert wrong(files={"purpose": (None, b"parse")}) == [("missing", "file")]
    assert wrong(json={"purpose": "parse"}) == [("missing", "file"), ("missing", "purpose")]
    assert wrong(files=file, data={"purpose": "parse", "x": "1"}) == [("extra_forbidden", "x")]
    assert wrong(files=file, data={"purpose": "parse", "external_file_id": ""}) == [
        ("string_too_short", "external_file_id")
    ]
    assert wrong(files={"upload_file": ("a", b"x")}, data={"purpose": "parse"}) == [
        ("extra_forbidden", "upload_file"),
        ("missing", "file"),
    ]
    assert wrong(files={"file": (None, b"x")}, data={"purpose": "parse"}) == [("file_type", "file")]
    assert wrong(files={**file, "purpose": ("p", b"parse")}) == [("string_type", "purpose"), ("missing", "purpose")]
    assert not list((idle.engine.data / "blobs").iterdir())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", "application/pdf"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.html", "text/html"),
        ("a.txt", "text/plain"),
        ("a.nonsense", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_content_goes_out_as_what_it_is_and_is_never_shown(idle: Api, name: str, kind: str) -> None:
    answer = fetched(idle, create(idle, name, b"<script>"))
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("attachment; ")


@pytest.mark.parametrize(
    "name", ['a"; x="b.txt', "😀" * 75 + ".txt", "x" * 300 + ".txt", "a\r\nset-cookie: a=b", "ü;.txt"]
)
def test_a_name_cannot_break_out_of_its_header(idle: Api, name: str) -> None:
    directory_id = idle.directory({})
    file = idle.upload(directory_id, "a.txt", b"x", display_name=name)
    path = f"{files_of(directory_id)}/{file['id']}"
    url = idle.ok("GET", path, params={"expand": "download_url"})["download_url"]["url"]
    answer = idle.raw("GET", url)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].isascii()
    assert "x=" not in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("x" * 30_000 + ".txt", "x" * 251 + ".txt"),
        ("ü" * 30_000, "ü" * 127),
        ("x" * 300 + "." + "y" * 30_000, "x" * 255),
        ("x" * 251 + ".txt", "x" * 251 + ".txt"),
    ],
)
def test_a_name_of_any_length_can_be_fetched(idle: Api, name: str, sent: str) -> None:
    """A client gives up on a header of 64 KB, which a name of 30,000 letters makes."""
    directory_id = idle.directory({})
    file = idle.upload(directory_id, "a.txt", b"x", display_name=name)
    path = f"{files_of(directory_id)}/{file['id']}"
    shown = idle.ok("GET", path, params={"expand": "download_url"})
    assert shown["display_name"] == name
    told = idle.raw("GET", shown["download_url"]["url"]).headers["content-disposition"]
    assert unquote(told.partition("filename")[2].removeprefix("*=utf-8''").removeprefix("=").strip('"')) == sent


def test_a_part_and_the_head_alone(idle: Api) -> None:
    file = create(idle, "a.bin", bytes(range(256)))
    assert fetched(idle, file, range="bytes=2-4").content == b"\x02\x03\x04"
    assert fetched(idle, file, range="bytes=2-4").headers["content-range"] == "bytes 2-4/256"
    assert fetched(idle, file, range="bytes=500-").status_code == 416
    head = fetched(idle, file, "HEAD")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "256")
    assert fetched(idle, file, "POST").status_code == 405


def test_the_page_images_of_a_job_are_fetched(idle: Api) -> None:
    folder = idle.engine.images / "pjb-a"
    folder.mkdir()
    (folder / "page_1.jpg").write_bytes(b"jpeg")
    (folder / ".hidden.jpg").write_bytes(b"half")
    (idle.engine.data / "blobs" / "secret.jpg").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(idle.engine.data / "engine.db")
    (idle.engine.images / "pjb-link").symlink_to(idle.engine.data / "blobs", target_is_directory=True)

    def image(job_id: str, filename: str) -> Any:
        path = f"/jobs/{job_id}/images/{filename}"
        return idle.raw("GET", idle.engine.links.url("http://engine", path, idle.engine.clock()).url)

    answer = image("pjb-a", "page_1.jpg")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"jpeg", "image/jpeg")
    # Even if such a link were signed, nothing else would be given out.
    for job_id, filename in (
        *(("pjb-a", name) for name in ("page_2.jpg", ".hidden.jpg", "link.jpg", "..", "../../engine.db", "a\x00", "")),
        *(("pjb-link", "secret.jpg"), ("..", "engine.db"), (".", "pjb-a"), ("../blobs", "secret.jpg")),
    ):
        answer = image(job_id, filename)
        assert answer.status_code == 404, (job_id, filename)
        assert answer.headers["content-type"] == "application/json"


def test_only_what_was_signed_is_given_out(idle: Api) -> None:
    first, second = create(idle, "a.txt", b"alpha"), create(idle, "b.txt", b"beta")
    url = urlsplit(idle.ok("GET", f"{FILES}/{first['id']}/content")["url"])
    for path, query in (
        (url.path.replace(first["id"], second["id"]), url.query),
        (url.path, url.query.replace("expires=1", "expires=2")),
        (url.path, "expires=" + "9" * 5000 + "&signature=0"),
        (url.path, url.query.replace("expires=", "expires=-")),
        (url.path, url.query.partition("&")[0]),
        (url.path, url.query.partition("&")[2]),
        (url.path, ""),
        (url.path, url.query[:-1] + "%ff"),
        (url.path + "%00", url.query),
    ):
        answer = idle.raw("GET", f"http://engine{path}?{query}")
        assert (answer.status_code, answer.headers.get("x-should-retry")) == (403, "false"), (path, query)
    for path in (
        "/links/engine.db",
        "/links/%2e%2e/engine.db",
        "/links/files/..%2f..%2fengine.db",
        "/links//etc/passwd",
    ):
        assert idle.raw("GET", f"http://engine{path}?{url.query}").status_code == 404


def test_content_that_is_gone_is_a_404(idle: Api) -> None:
    file = create(idle, "a.txt", b"alpha")
    (blob,) = (idle.engine.data / "blobs").iterdir()
    blob.unlink()
    assert "a.txt" in fetched(idle, file).json()["detail"]
    assert fetched(idle, file).status_code == 404


def test_seeded_ids_do_not_depend_on_which_upload_came_first(make_api: MakeApi) -> None:
    ids = []
    for folder, names in (("one", ("a", "b", "a")), ("two", ("a", "a", "b"))):
        api = make_api(folder, seed="s")
        ids.append({create(api, name)["id"] for name in names})
    assert len(ids[0]) == 3
    assert ids[0] == ids[1]


def test_half_of_an_upload_is_swept_away_a_day_later(make_api: MakeApi) -> None:
    blobs = make_api().engine.blobs.folder
    old, new = blobs / ".a.part", blobs / ".b.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    make_api()
    assert [path.name for path in blobs.iterdir()] == [".b.part"]
