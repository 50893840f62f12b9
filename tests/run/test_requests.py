"""How many requests it takes, counted on the line: a small multiple of what there is to know, never one a file."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest

import llamabatch_nb as lb
from llamabatch_nb.contract.directories import CreateDirectory
from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.resources import directories, directory_files
from llamabatch_nb.follow.watching.watch import CHUNK, CHUNKS_A_LOOK
from tests.run.support import AGENTIC, BATCHES, Line, engine, no_sleep, remote

PARSE = "/api/v2/parse"
#: "1,000 finished files hydrated in at most 25 requests", beside the results themselves.
FILES, MOST = 1000, 25


def seed(made: Engine, count: int) -> str:
    """A directory of that many small texts, the last of them a PDF that cannot be read."""
    now = made.clock()
    names = [f"{number:04}.txt" for number in range(count - 1)] + ["broken.pdf"]
    contents = [b"%PDF-1.4 and no more" if name.endswith("pdf") else f"text {name}".encode() for name in names]
    blobs = []
    for name, content in zip(names, contents, strict=True):
        with contextlib.closing(made.blobs.incoming()) as file:
            file.feed(content)
            blobs.append(file.finish(name))
            file.keep()
    with made.store.write() as db:
        directory = directories.create(db, CreateDirectory(name="seeded"), made.ids, made.project.id, now)
        for name, blob in zip(names, blobs, strict=True):
            directory_files.upload(
                db,
                directory.id,
                file_name=name,
                external_file_id=None,
                display_name=name,
                unique_id=name,
                metadata=None,
                blob=blob,
                ids=made.ids,
                now=stamp(now),
            )
    return directory.id


def create(client: lb.Client, directory_id: str) -> str:
    job = {"type": "parse_v2", "configuration_id": AGENTIC}
    return client.batches.create(config={"job": job}, source_directory_id=directory_id).id


def results(line: Line) -> list[str]:
    """The result fetches among the requests."""
    return [request for request in line.requests if request.startswith(f"GET {PARSE}/")]


def test_a_thousand_finished_files_are_known_after_a_few_requests(tmp_path: Path) -> None:
    with engine(tmp_path / "data") as made, remote(line := Line(made), sleep=no_sleep) as client:
        batch_id = create(client, seed(made, FILES))
        while client.batches.get(batch_id).status != "COMPLETED":
            pass
        line.requests.clear()
        run = lb.open(batch_id, client=client).wait()
        files = run.files()
        assert files["status"].value_counts().to_dict() == {"completed": FILES - 1, "failed": 1}
        assert list(files["name"]) == [f"{number:04}.txt" for number in range(FILES - 1)] + ["broken.pdf"]
        assert files["error"].iloc[-1]
        assert len(results(line)) == len(set(results(line))) == FILES - 1
        assert len(line.requests) - len(results(line)) <= MOST

        line.requests.clear()  # once known, known: neither jobs nor results are asked for again
        assert len(run.pages()) == FILES - 1
        assert line.requests == []


@contextmanager
def stuck(data: Path, *, silent: bool) -> Iterator[Engine]:
    """An engine that maps files to jobs and finishes none of them; `silent`: of which it says nothing till the end."""
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(go_on.wait)
        try:
            with Engine(data, workers=1, executor=executor, results_while_running=not silent) as made:
                yield made
                go_on.set()
        finally:
            go_on.set()


def asked_for(requests: list[str]) -> list[list[str]]:
    """The job ids of each list request."""
    return [parse_qs(urlsplit(request.split()[1]).query).get("job_ids", []) for request in requests]


@pytest.mark.parametrize(
    ("files", "silent", "lists"),
    [
        (CHUNK, False, 1),
        (CHUNK + 1, False, 2),
        (FILES, False, CHUNKS_A_LOOK),
        (CHUNK, True, 1),
        (FILES, True, 1),
    ],
)
def test_a_look_at_a_batch_in_which_nothing_happens(tmp_path: Path, files: int, silent: bool, lists: int) -> None:
    """One request for the batch and one for 80 open jobs, a few of those at a time, until each had its turn."""

    async def only_when_asked(_: float) -> None:
        await anyio.sleep_forever()

    with stuck(tmp_path / "data", silent=silent) as made, remote(line := Line(made), sleep=only_when_asked) as client:
        batch_id = create(client, seed(made, files))
        while not client.parsing.list(page_size=1).first():
            pass
        run = lb.open(batch_id, client=client)
        line.requests.clear()
        rounds = -(-files // (CHUNK * CHUNKS_A_LOOK))
        for _ in range(rounds):
            run.refresh()
        looks = [request for request in line.requests if request.startswith(f"GET {BATCHES}/")]
        others = [request for request in line.requests if request not in looks]
        assert len(looks) == rounds
        assert len(others) == rounds * lists
        assert all(request.startswith(f"GET {PARSE}?") and len(request) < 4096 for request in others)
        if not silent:
            mapped = client.batches.get(batch_id, expand=["results"]).results or []
            jobs = {result.job_reference.id for result in mapped if result.job_reference}
            assert set(itertools.chain(*asked_for(others))) == jobs
            assert len(jobs) == files
