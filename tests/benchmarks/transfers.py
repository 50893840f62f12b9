"""1,000 small files to and from a served engine 50 ms away, beside the SDK: its documented loop, its async client.

The engine is a process of its own, without a limit of uploads a second; the client's CPU time is measured beside its
wall time, since on two cores the two processes get in each other's way.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, Self

from llama_cloud import AsyncLlamaCloud, LlamaCloud

import llamabatch_nb as lb
from llamabatch_nb.client.limits import MOST
from llamabatch_nb.follow.home import VARIABLE
from tests.engine.server import serving

FILES = 1000
RUNS = 5
#: The documented loop takes a minute for all, and every turn of it the same: so many are measured, and scaled.
LOOPED = 200
LATENCY = 0.05
EXPAND = ["text", "markdown", "items", "metadata"]


class Took(NamedTuple):
    """Seconds by the clock on the wall, and of this process's processor time (all threads)."""

    wall: float
    cpu: float


class Meter:
    """`took` is set at the end of the block."""

    took: Took

    def __enter__(self) -> Self:
        self._started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.took = Took(time.perf_counter() - self._started[0], time.process_time() - self._started[1])


@contextlib.contextmanager
def _ours(url: str, home: Path) -> Iterator[lb.Client]:
    """A client over an empty state folder."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(home)
    try:
        with contextlib.redirect_stdout(io.StringIO()), lb.Client(base_url=url, api_key="any") as client:
            yield client
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _submit(url: str, documents: Path, home: Path) -> tuple[Took, str]:
    """From the call of `submit` until the journal says of the last file that it is in the directory; and the batch."""
    with _ours(url, home) as client:
        with Meter() as meter:
            run = lb.submit(documents, client=client)
            with contextlib.closing(sqlite3.connect(home / "journal.db", timeout=30)) as journal:
                while journal.execute("SELECT 1 FROM file WHERE file_id IS NULL LIMIT 1").fetchone():
                    time.sleep(0.01)
        snapshot = run.wait().snapshot
        assert [file.status for file in snapshot.files] == ["completed"] * FILES
        assert snapshot.batch_id is not None
        return meter.took, snapshot.batch_id


def _fetch(url: str, batch_id: str, home: Path) -> Took:
    """From `open` over an empty state folder until all results are in the archive."""
    with _ours(url, home) as client, Meter() as meter:
        lb.open(batch_id, client=client).wait()
    assert len(list((home / "archive").rglob("*.json.gz"))) == FILES
    return meter.took


def _looped_uploads(url: str, paths: Sequence[Path]) -> Took:
    with LlamaCloud(base_url=url, api_key="any") as client:
        directory = client.beta.directories.create(name=f"loop {time.time_ns()}")
        with Meter() as meter:
            for path in paths:
                client.beta.directories.files.upload(directory.id, upload_file=path, unique_id=path.name)
    return meter.took


def _looped_fetches(url: str, job_ids: Sequence[str], folder: Path) -> Took:
    with LlamaCloud(base_url=url, api_key="any") as client, Meter() as meter:
        for job_id in job_ids:
            result = client.parsing.get(job_id, expand=EXPAND)
            (folder / f"{job_id}.json").write_text(result.to_json(warnings=False))
    return meter.took


async def _async_uploads(url: str, paths: Sequence[Path]) -> Took:
    limit = asyncio.Semaphore(MOST)
    async with AsyncLlamaCloud(base_url=url, api_key="any") as client:
        directory = await client.beta.directories.create(name=f"async {time.time_ns()}")

        async def upload(path: Path) -> None:
            async with limit:
                await client.beta.directories.files.upload(directory.id, upload_file=path, unique_id=path.name)

        with Meter() as meter:
            await asyncio.gather(*map(upload, paths))
    return meter.took


async def _async_fetches(url: str, job_ids: Sequence[str], folder: Path) -> Took:
    limit = asyncio.Semaphore(MOST)
    async with AsyncLlamaCloud(base_url=url, api_key="any") as client:

        async def fetch(job_id: str) -> None:
            async with limit:
                result = await client.parsing.get(job_id, expand=EXPAND)
            (folder / f"{job_id}.json").write_text(result.to_json(warnings=False))

        with Meter() as meter:
            await asyncio.gather(*map(fetch, job_ids))
    return meter.took


def _documents(folder: Path) -> list[Path]:
    paths = [folder / f"{number:04}.txt" for number in range(FILES)]
    for number, path in enumerate(paths):
        path.write_text(f"Invoice {number}\n\nTotal due: {number}.50 EUR\n" * 5)
    return paths


def _row(name: str, ours: Took, baseline: Took, scaled: int = 1) -> dict[str, Any]:
    row = {
        "name": name,
        "ours": FILES / ours.wall,
        "baseline": FILES / baseline.wall,
        "unit": "files/s",
        "ratio": baseline.wall / ours.wall,
        "cpu_ours": ours.cpu,
        "cpu_baseline": baseline.cpu,
    }
    return row | {"note": f"baseline measured with {FILES // scaled} files, and scaled"} if scaled > 1 else row


def _rows(name: str, pairs: Sequence[tuple[Took, Took]], looped: Took) -> list[dict[str, Any]]:
    """Against the async SDK the median, by ratio, of alternating pairs; against the loop our median."""
    scale = FILES // LOOPED
    typical = Took(median(ours.wall for ours, _ in pairs), median(ours.cpu for ours, _ in pairs))
    ours, beside = sorted(pairs, key=lambda pair: pair[1].wall / pair[0].wall)[len(pairs) // 2]
    return [
        _row(f"{name}-{FILES}-vs-loop", typical, Took(looped.wall * scale, looped.cpu * scale), scale),
        _row(f"{name}-{FILES}-vs-async-sdk", ours, beside),
    ]


def transfers() -> list[dict[str, Any]]:
    """Uploads and fetches. The first pair of each warms up, and is not counted."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)

        def folder(what: str) -> Path:
            return Path(tempfile.mkdtemp(prefix=what, dir=root))

        documents = folder("documents")
        paths = _documents(documents)
        with serving(folder("engine"), latency=LATENCY) as engine:
            uploads: list[tuple[Took, Took]] = []
            for _ in range(RUNS + 1):
                ours, batch_id = _submit(engine.url, documents, folder("home"))
                uploads.append((ours, asyncio.run(_async_uploads(engine.url, paths))))
            looped_uploads = _looped_uploads(engine.url, paths[:LOOPED])
            batch = engine.get(f"/api/v2/batches/{batch_id}", expand="results")
            job_ids = [result["job_reference"]["id"] for result in batch["results"]]
            fetches = [
                (
                    _fetch(engine.url, batch_id, folder("home")),
                    asyncio.run(_async_fetches(engine.url, job_ids, folder("results"))),
                )
                for _ in range(RUNS + 1)
            ]
            looped_fetches = _looped_fetches(engine.url, job_ids[:LOOPED], folder("results"))
    return _rows("upload", uploads[1:], looped_uploads) + _rows("fetch", fetches[1:], looped_fetches)
