"""Damaged and hostile files: each becomes a row with a reason, and neither the engine nor its siblings suffer.

`make test` tries a sample of the 200 damaged files, `make drills` all of them.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import psutil
import pytest

from llamabatch_nb.engine.parsers.base import Reason
from tests.drills.support import FULL
from tests.engine.conftest import MakeApi
from tests.engine.damaged.monsters import ENDLESS, NAMES, NO_NAMES, monsters
from tests.engine.damaged.mutator import WAYS, damaged, originals
from tests.engine.support import Api, create_body, files_of, pdf

#: Damaged files that are tried, monsters not counted.
COUNT = 200 if FULL else 40
#: Of the monsters, those that `make test` meets: no two of a kind, and none that only takes its time. None: all.
MONSTERS: tuple[str, ...] = (
    ()
    if FULL
    else (
        *("flat_bomb.docx", "climbing_members.docx", "laughs.docx", "reading_entity.docx", "deep_xml.docx"),
        *("lying_bomb.xlsx", "huge_sheet.xlsx", "nested_bomb.zip", "many_pages.pdf", "deep_pages.pdf"),
        *("looping_pages.pdf", "lying_count.pdf", "packed_stream.pdf", "no_bytes.pdf", "deep_lists.html"),
        *("wide_html.html", "deep_markdown.md", "long_csv.csv", "controls.txt", "combining.txt", "vast_picture.png"),
    )
)
#: Seconds that a file may take: far more than any of these does but the endless, on a busy machine too.
FILE_TIMEOUT = 60.0
#: Bytes that a worker may hold. The parsers themselves take 0.1 GB, and the hungriest monster 0.6 (measured).
WORKER_MEMORY = 1 << 30
#: What an analyst may be told of a file that cannot be read; "crash" is not among them.
REASONS = frozenset(get_args(Reason))


@dataclass
class Row:
    """What became of a file."""

    status: str
    reason: str | None
    error: str | None


def rows(api: Api) -> dict[str, Row]:
    """By the file's name, as the store has them."""
    with sqlite3.connect(api.engine.data / "engine.db") as db:
        found = db.execute("SELECT name, status, reason, error_message FROM jobs").fetchall()
    db.close()
    return {name: Row(*rest) for name, *rest in found}


@contextmanager
def watched() -> Iterator[dict[str, int]]:
    """The most memory that any child of ours holds meanwhile, in bytes, as ``{"peak": …}``; 20 looks a second."""
    seen, stop = {"peak": 0}, threading.Event()

    def watch() -> None:
        own = psutil.Process()
        while not stop.wait(0.05):
            for child in own.children(recursive=True):
                try:
                    seen["peak"] = max(seen["peak"], child.memory_info().rss)
                except psutil.Error:
                    continue

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def through(
    api: Api, files: dict[str, bytes], deadline: float, configuration_id: str = "cfg-PARSE_AGENTIC"
) -> dict[str, Row]:
    """Run these as a batch, which has to be over after `deadline` seconds. Afterwards a sound file can be read."""
    batch = api.batch(api.directory(files), configuration_id)
    end = time.monotonic() + deadline
    while api.get(batch["id"])["status"] != "COMPLETED":
        assert time.monotonic() < end, {name: row for name, row in rows(api).items() if row.status != "COMPLETED"}
        time.sleep(0.1)
    became = rows(api)
    assert set(became) == set(files)  # nobody is missing
    after = api.finished(api.batch(api.directory({"sound.pdf": pdf("alpha")}, "after"))["id"])
    (sound,) = api.jobs(after)
    assert (
        "alpha" in api.ok("GET", f"/api/v2/parse/{sound['id']}", params={"expand": "text"})["text"]["pages"][0]["text"]
    )
    return became


def told(row: Row) -> bool:
    """Either a result, or a reason that a parser gave, in a sentence for an analyst."""
    if row.status == "COMPLETED":
        return row.reason is None and row.error is None
    return row.status == "FAILED" and row.reason in REASONS and bool(row.error) and len(str(row.error)) < 200


def test_the_originals_are_sound(make_api: MakeApi) -> None:
    """Otherwise damage would be no news."""
    became = through(make_api(), originals(), 60)
    unread = {name: row.reason for name, row in became.items() if row.status != "COMPLETED"}
    assert unread == dict.fromkeys(("receipt.pdf", "dot.png", "dot.jpg", "dot.tiff"), "needs_ocr") | {
        "locked.pdf": "encrypted"
    }


def test_the_mutator_is_seeded_and_damages() -> None:
    files = damaged(7, COUNT)
    assert files == damaged(7, COUNT) != damaged(8, COUNT)
    assert len(files) == COUNT
    whole = set(originals().values())
    assert sum(data in whole for name, data in files.items() if "renamed" not in name) <= COUNT // 20
    assert all(any(way.__name__ in name for name in files) for way in WAYS)


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(5 if FULL else 1))
def test_damaged_files(make_api: MakeApi, seed: int) -> None:
    api = make_api(workers=2, file_timeout=FILE_TIMEOUT)
    with watched() as seen:
        became = through(api, damaged(seed, COUNT), 300)
    assert {name: row for name, row in became.items() if not told(row)} == {}
    assert {"COMPLETED", "FAILED"} == {row.status for row in became.values()}
    assert len({row.reason for row in became.values()}) >= 5
    assert seen["peak"] < WORKER_MEMORY


@pytest.mark.drill
def test_damaged_files_in_every_detail(make_api: MakeApi) -> None:
    """With page images, positions and text recognition, which take other ways through the same files."""
    api = make_api(workers=2, file_timeout=FILE_TIMEOUT)
    parameters = {
        "product_type": "parse_v2",
        "tier": "agentic",
        "version": "latest",
        "output_options": {"images_to_save": ["screenshot", "embedded"], "granular_bboxes": ["word"]},
        "processing_options": {"ocr_parameters": {"languages": ["en"]}},
    }
    saved = api.ok("POST", "/api/v1/beta/configurations", json={"name": "all", "parameters": parameters})
    became = through(api, damaged(11, 200 if FULL else 20), 300, saved["id"])
    assert {name: row for name, row in became.items() if not told(row)} == {}


@pytest.mark.drill
def test_monsters(make_api: MakeApi) -> None:
    files = {name: data for name, data in monsters(*MONSTERS).items() if name not in ENDLESS}
    with watched() as seen:
        became = through(make_api(workers=2, file_timeout=FILE_TIMEOUT), files, 300)
    assert {name: row for name, row in became.items() if not told(row)} == {}
    assert seen["peak"] < WORKER_MEMORY
    assert became["flat_bomb.docx"].reason == "too_large"
    assert became["nested_bomb.zip"].reason == "unsupported"
    assert became["no_bytes.pdf"].reason == "empty"
    refused = ("lying_bomb.xlsx", "laughs.docx", "deep_xml.docx", "deep_pages.pdf")
    assert {became[name].reason for name in refused} == {"damaged"}
    sound = ("looping_pages.pdf", "lying_count.pdf", "many_pages.pdf", "climbing_members.docx", "huge_sheet.xlsx")
    assert {became[name].status for name in (*sound, "long_csv.csv", "deep_lists.html")} == {"COMPLETED"}


@pytest.mark.drill
def test_endless_files_end_by_the_deadline(make_api: MakeApi) -> None:
    """The sound files beside them are read all the same."""
    api = make_api(workers=2, file_timeout=2.0)
    files = monsters(*ENDLESS if FULL else ENDLESS[1:])
    became = through(api, files | {f"{n}.pdf": pdf(str(n)) for n in range(6)}, 120)
    assert {name: (row.status, row.reason) for name, row in became.items() if name in files} == dict.fromkeys(
        files, ("FAILED", "timeout")
    )
    assert {row.status for name, row in became.items() if name not in files} == {"COMPLETED"}


def test_no_file_of_this_machine_is_read_into_a_result(make_api: MakeApi) -> None:
    """An XML entity may name a file, and a result would tell what is in it."""
    api = make_api()
    files = monsters("reading_entity.docx", "climbing_members.docx")
    secret = Path("/etc/passwd").read_text(encoding="utf-8", errors="replace").splitlines()[0]
    jobs = api.run(files)
    shown = [
        api.raw("GET", f"/api/v2/parse/{job['id']}", params={"expand": "text,markdown,items"}).text for job in jobs
    ]
    assert not any(secret in text for text in shown)
    assert not list(api.engine.data.parent.rglob("climbed*"))


def test_names_are_names_only(make_api: MakeApi) -> None:
    """Whatever a file is called: it comes back as it was sent, and nothing on the disk is named by it."""
    api = make_api()
    directory_id = api.directory({})
    for number, name in enumerate(NAMES):
        made = api.upload(directory_id, "a.txt", f"text {number}".encode(), display_name=name)
        assert made["display_name"] == name
        answer = api.raw("POST", files_of(directory_id) + "/upload", files={"upload_file": (name, b"named so")})
        assert answer.status_code in {200, 400, 409, 422}, (name, answer.text)
    listed = api.ok("GET", files_of(directory_id), params={"page_size": 1000})["items"]
    assert set(NAMES) <= {file["display_name"] for file in listed}
    batch = api.finished(api.ok("POST", "/api/v2/batches", json=create_body(directory_id))["id"])
    assert {job["name"]: job["status"] for job in api.jobs(batch)} == {
        file["display_name"]: "COMPLETED" for file in listed
    }
    names = [path.relative_to(api.engine.data).as_posix() for path in api.engine.data.rglob("*") if path.is_file()]
    assert {name for name in names if not name.startswith(("engine.db", "owners/", "blobs/"))} == set()
    assert all(re.fullmatch(r"blobs/[0-9a-f]{64}\.[a-z0-9]{1,8}", name) for name in names if name.startswith("blobs/"))
    assert [path.name for path in api.engine.data.parent.iterdir()] == [api.engine.data.name]


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_that_no_file_can_have(idle: Api, name: str) -> None:
    made = idle.upload(idle.directory({}), "a.txt", b"words")
    body = {"file_id": made["file_id"], "display_name": name, "unique_id": "other"}
    other = idle.directory({}, "other")
    answer = idle.raw("POST", files_of(other), content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert idle.ok("GET", files_of(other))["items"] == []
