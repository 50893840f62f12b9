"""What leaves the disk when it is deleted or expires, and what must not."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.clock import SEEDED_NOW, stamp
from llamabatch_nb.engine.resources import files, leftovers
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, Json, files_of, pdf, wait_for

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
EXTRACT = "/api/v2/extract"
FILES = "/api/v1/beta/files"
PARSE = "/api/v2/parse"


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = SEEDED_NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def working(make_api: MakeApi, hands: Hands) -> Iterator[Api]:
    """A started engine that parses in a thread, with a clock."""
    with ThreadPoolExecutor(1) as executor:
        api = make_api(executor=executor, clock=hands)
        yield api
        api.engine.close()


def lying(api: Api) -> int:
    """How many blobs there are; nothing else may lie among them."""
    names = [path.name for path in api.engine.blobs.folder.iterdir()]
    assert set(names) == api.engine.blobs.names()
    with api.engine.store.read() as db:
        assert db.execute("SELECT count(*) FROM leftovers").fetchone()[0] == 0
    return len(names)


def drawn(api: Api) -> list[str]:
    return sorted(path.name for path in api.engine.images.iterdir())


def stored(api: Api, data: bytes = b"alpha", name: str = "a.txt") -> str:
    content = {"data": {"purpose": "parse"}, "files": {"file": (name, data)}}
    return str(api.ok("POST", FILES, **content)["id"])


def gone(api: Api, path: str, status: int = 204) -> None:
    answer = api.raw("DELETE", path)
    assert answer.status_code == status, answer.text


def ended(api: Api, path: str) -> Json:
    def over() -> Json | None:
        got = api.ok("GET", path)
        job: Json = got.get("job", got)
        return job if job["status"] in {"COMPLETED", "FAILED", "CANCELLED"} else None

    found = wait_for(over)
    assert isinstance(found, dict)
    return found


def test_bytes_go_with_the_last_file_that_has_them(idle: Api) -> None:
    first, second, other = stored(idle), stored(idle, name="b.txt"), stored(idle, b"beta")
    assert lying(idle) == 2
    gone(idle, f"{FILES}/{first}")
    assert lying(idle) == 2
    gone(idle, f"{FILES}/{second}")
    assert lying(idle) == 1
    gone(idle, f"{FILES}/{other}")
    assert lying(idle) == 0
    stored(idle)
    assert lying(idle) == 1


def test_bytes_go_with_the_last_directory_that_has_them(idle: Api) -> None:
    first, second = idle.directory({"a.txt": b"alpha", "b.txt": b"beta"}), idle.directory({}, "second")
    placed, beta = idle.ok("GET", files_of(first))["items"]
    again = idle.ok("POST", files_of(second), json={"file_id": placed["file_id"]})
    for file in (placed, beta):
        gone(idle, f"{FILES}/{file['file_id']}")
    assert lying(idle) == 2
    gone(idle, f"{DIRECTORIES}/{first}")
    assert lying(idle) == 1
    gone(idle, f"{files_of(second)}/{again['id']}")
    assert lying(idle) == 0


def test_a_deleted_directory_leaves_the_files_api_what_was_uploaded_into_it(idle: Api) -> None:
    directory_id = idle.directory({"a.txt": b"alpha"})
    (placed,) = idle.ok("GET", files_of(directory_id))["items"]
    gone(idle, f"{DIRECTORIES}/{directory_id}")
    assert lying(idle) == 1
    gone(idle, f"{FILES}/{placed['file_id']}")
    assert lying(idle) == 0


@pytest.mark.parametrize("start", [True, False], ids=["mapped", "cancelled"])
def test_a_batch_that_is_not_mapped_yet_keeps_its_files(idle: Api, start: bool) -> None:
    directory_id = idle.directory({"a.txt": b"alpha"})
    batch = idle.batch(directory_id)
    (placed,) = idle.ok("GET", files_of(directory_id))["items"]
    gone(idle, f"{FILES}/{placed['file_id']}")
    gone(idle, f"{DIRECTORIES}/{directory_id}")
    assert lying(idle) == 1
    if not start:
        idle.ok("POST", f"{BATCHES}/{batch['id']}/cancel")
        assert lying(idle) == 0
        return
    idle.engine.start()
    assert [job["status"] for job in idle.jobs(idle.finished(batch["id"]))] == ["COMPLETED"]
    assert lying(idle) == 1
    idle.engine.expire(batch["id"])
    assert lying(idle) == 0


def test_jobs_keep_bytes_and_images_to_their_end(working: Api) -> None:
    file_id = stored(working, pdf("alpha", "beta"), "a.pdf")
    told = {"file_id": file_id, "tier": "agentic", "version": "latest"}
    drawing = {"output_options": {"images_to_save": ["screenshot"], "save_output_pdf": True}}
    parse = ended(working, f"{PARSE}/{working.ok('POST', PARSE, json=told | drawing)['id']}")
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    asked = {"file_input": parse["id"], "configuration": {"data_schema": schema}}
    extract = ended(working, f"{EXTRACT}/{working.ok('POST', EXTRACT, json=asked)['id']}")
    assert (parse["status"], drawn(working)) == ("COMPLETED", [parse["id"]])

    gone(working, f"{FILES}/{file_id}")
    shown = working.ok("GET", f"{PARSE}/{parse['id']}", params={"expand": "output_pdf_content_metadata"})
    url = shown["result_content_metadata"]["output_pdf"]["presigned_url"]
    assert working.raw("GET", url).content == pdf("alpha", "beta")
    gone(working, f"{PARSE}/{parse['id']}", 200)
    assert (lying(working), drawn(working)) == (1, [])
    gone(working, f"{EXTRACT}/{extract['id']}", 200)
    assert lying(working) == 0


def test_an_uploaded_document_goes_with_its_job(working: Api) -> None:
    form = {"data": {"configuration": '{"tier": "fast", "version": "latest"}'}, "files": {"file": ("a.txt", b"alpha")}}
    job = ended(working, f"{PARSE}/{working.ok('POST', PARSE + '/upload', **form)['id']}")
    assert lying(working) == 1
    gone(working, f"{PARSE}/{job['id']}", 200)
    assert lying(working) == 0


@pytest.mark.parametrize("how", ["next directory", "start"])
def test_what_expires_with_an_ephemeral_directory_goes(make_api: MakeApi, hands: Hands, how: str) -> None:
    api = make_api(clock=hands)
    made = api.ok("POST", DIRECTORIES, json={"name": "a", "type": "ephemeral"})
    api.upload(made["id"], "a.txt", b"alpha")
    taken_out = api.upload(made["id"], "b.txt", b"beta")
    gone(api, f"{files_of(made['id'])}/{taken_out['id']}")
    moved = api.upload(made["id"], "c.txt", b"gamma")
    api.ok("PATCH", f"{files_of(made['id'])}/{moved['id']}", json={"target_directory_id": api.directory({}, "b")})
    hands.now += timedelta(days=2) - timedelta(seconds=1)
    api.directory({}, "before")
    assert lying(api) == 3
    hands.now += timedelta(seconds=1)
    if how == "start":
        make_api(clock=hands)
    else:
        api.directory({}, "after")
    assert lying(api) == 1


def test_what_is_moved_expires_with_its_new_directory(make_api: MakeApi, hands: Hands) -> None:
    api = make_api(clock=hands)

    def ephemeral(name: str) -> Json:
        made = dict(api.ok("POST", DIRECTORIES, json={"name": name, "type": "ephemeral"}))
        hands.now += timedelta(hours=1)
        return made

    def expiry(file: Json) -> Any:
        return api.ok("GET", f"{FILES}/{file['file_id']}")["expires_at"]

    def move(file: Json, target: str) -> None:
        path = f"{files_of(file['directory_id'])}/{file['id']}"
        assert api.ok("PATCH", path, json={"target_directory_id": target})["directory_id"] == target

    first, second, kept = ephemeral("first"), ephemeral("second"), api.directory({}, "kept")
    a, b, c = (api.upload(first["id"], f"{name}.txt", name.encode()) for name in ("a", "b", "c"))
    move(a, kept)
    move(b, second["id"])
    assert (expiry(a), expiry(b), expiry(c)) == (None, second["expires_at"], first["expires_at"])
    # A place in another directory is only a place: c stays a file of the first, wherever that place goes.
    placed = api.ok("POST", files_of(second["id"]), json={"file_id": c["file_id"]})
    move(placed, kept)
    assert expiry(c) == first["expires_at"]
    # And what was uploaded for ever does not begin to expire.
    d = api.upload(kept, "d", b"d")
    move(d, first["id"])
    assert expiry(d) is None

    hands.now += timedelta(days=3)
    api.directory({}, "later")
    assert api.ok("GET", f"{FILES}/{a['file_id']}")["name"] == "a.txt"
    api.refused(404, "GET", f"{FILES}/{b['file_id']}")
    assert lying(api) == 3  # a; c, by its place; d
    batch = api.finished(api.batch(kept)["id"])
    assert [job["status"] for job in api.jobs(batch)] == ["COMPLETED"] * 2


def test_what_a_killed_process_left_goes_at_the_next_start(make_api: MakeApi) -> None:
    before = make_api().engine
    file_id = stored(Api(before), b"living")
    stray = before.blobs.folder / f"{'0' * 64}.txt"
    stray.write_bytes(b"kept, and never committed")
    unknown = before.blobs.folder / "notes.txt"
    unknown.write_bytes(b"no blob")
    (before.images / "pjb-none").mkdir()
    (before.images / "pjb-none" / "page_1.jpg").write_bytes(b"jpeg")
    deleted = stored(Api(before), b"deleted")
    with before.store.write() as db:
        files.delete(db, deleted, stamp(before.clock()))  # and then it was killed
    before.close()
    api = make_api()
    assert sorted(path.name for path in api.engine.blobs.folder.iterdir()) == sorted(
        [*api.engine.blobs.names(), unknown.name]
    )
    assert (len(api.engine.blobs.names()), drawn(api)) == (1, [])
    assert api.ok("GET", f"{FILES}/{file_id}")["name"] == "a.txt"


def test_what_cannot_be_removed_is_tried_again(idle: Api) -> None:
    file_id = stored(idle)
    (blob,) = idle.engine.blobs.folder.iterdir()
    blob.unlink()
    blob.mkdir()  # no user's rights stop root, who runs some tests; this stops everybody
    gone(idle, f"{FILES}/{file_id}")
    blob.rmdir()
    blob.write_bytes(b"alpha")
    idle.engine.clear()
    assert lying(idle) == 0


def test_many_at_once(idle: Api) -> None:
    """More than one transaction clears up."""
    directory_id = idle.directory({})
    placed = [idle.upload(directory_id, f"{number}.txt", str(number).encode()) for number in range(120)]
    with idle.engine.store.write() as db:
        for file in placed:
            files.delete(db, file["file_id"], stamp(idle.engine.clock()))
    idle.engine.clear()
    assert lying(idle) == 120
    gone(idle, f"{DIRECTORIES}/{directory_id}")
    assert lying(idle) == 0


def test_an_upload_that_is_not_committed_yet_keeps_its_bytes(idle: Api) -> None:
    """Clearing up sees no row of the upload, whose blob lies there already: it has to wait for its commit."""
    engine = idle.engine
    with Engine(engine.data, workers=1) as other:
        with closing(engine.blobs.incoming()) as incoming:
            incoming.feed(b"alpha")
            blob = incoming.finish("a.txt")
            with engine.store.write() as db:
                db.execute("INSERT INTO leftovers (blob) VALUES (?)", (blob.name,))
            clearing = threading.Thread(target=leftovers.clear, args=(other.store, other.blobs, other.images))
            with engine.store.write() as db:
                now = stamp(engine.clock())
                files.add(
                    db, "dfl-a", name="a", external_file_id=None, blob=blob, project_id=engine.project.id, now=now
                )
                incoming.keep()
                clearing.start()
                clearing.join(0.3)
                assert clearing.is_alive()
            clearing.join()
        assert lying(idle) == 1


_OTHER = """
import sys
from llamabatch_nb.engine import Engine
from tests.engine.support import Api
from tests.engine.test_leftovers import come_and_go
engine = Engine(sys.argv[1])
come_and_go(Api(engine))
engine.close()
"""


def come_and_go(api: Api) -> None:
    """The same content uploaded, looked at and deleted, again and again."""
    for _ in range(40):
        file_id = stored(api)
        with api.engine.store.read() as db:
            name = files.get(db, file_id, stamp(api.engine.clock()))["blob"]
        assert api.engine.blobs.path(name).read_bytes() == b"alpha"
        gone(api, f"{FILES}/{file_id}")


def test_two_processes_with_the_same_content(idle: Api) -> None:
    other = subprocess.Popen([sys.executable, "-W", "error", "-c", _OTHER, str(idle.engine.data)])
    try:
        come_and_go(idle)
    finally:
        assert other.wait() == 0
    assert lying(idle) == 0
