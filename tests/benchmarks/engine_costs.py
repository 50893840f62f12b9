"""What the engine itself costs: milliseconds a file, and the memory of the worker that reads a long PDF."""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from loky import cpu_count
from reportlab.pdfgen.canvas import Canvas

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.parsers import ParseOptions, parse_file
from tests.benchmarks.engine_pages import BASELINE_CHUNK, FILES, TIER, client_of, from_create_to_end, upload

RUNS = 5
PAGES, LINES = 1200, 60
#: The limit that the issue sets.
LIMIT_MB = 400
#: Seconds between two looks at a worker's memory.
LOOK_SECONDS = 0.01


def parse_alone(paths: Sequence[str]) -> int:
    """Runs in a worker: our parser and nothing else; how many pages."""
    return sum(len(parse_file(Path(path), path, ParseOptions(TIER)).pages) for path in paths)


async def _per_file(data: Path, workers: int) -> tuple[list[float], list[float]]:
    """Milliseconds a file, of the engine and of its parser in a pool of as many processes, in pairs."""
    from loky import ProcessPoolExecutor
    from loky.backend import get_context

    ours, baseline = [], []
    with (
        Engine(data, workers=workers) as engine,
        ProcessPoolExecutor(max_workers=workers, context=get_context("loky")) as pool,
    ):
        async with client_of(engine) as client:
            directory_id = await upload(client, ((f"{n}.txt", f"text {n}".encode()) for n in range(FILES)))
            paths = [str(path) for path in engine.blobs.folder.iterdir()]
            chunks = [paths[start : start + BASELINE_CHUNK] for start in range(0, FILES, BASELINE_CHUNK)]
            for _ in range(1 + RUNS):
                ours.append(1000 / await from_create_to_end(client, directory_id))
                started = time.perf_counter()
                assert sum(pool.map(parse_alone, chunks)) == FILES
                baseline.append(1000 * (time.perf_counter() - started) / FILES)
    return ours[1:], baseline[1:]  # the first pair warms both


def engine_overhead() -> list[dict[str, Any]]:
    """From create to COMPLETED on files of two words, which take no time to parse."""
    with tempfile.TemporaryDirectory() as folder:
        ours, baseline = asyncio.run(_per_file(Path(folder), cpu_count()))
    spent, alone = median(ours), median(baseline)
    note = f"{spent - alone:.2f} ms a file beside its parsing"
    row = {"name": "engine-overhead-ms", "ours": spent, "baseline": alone, "unit": "ms/file", "ratio": alone / spent}
    return [row | {"note": note}]


def _long_pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for page in range(PAGES):
        canvas.setFont("Helvetica", 9)
        for line in range(LINES):
            canvas.drawString(50, 800 - 12 * line, f"{page}.{line} The parties agree on the terms of this paragraph.")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


async def _peak(data: Path) -> int:
    """Bytes that the only worker had at most."""
    with Engine(data, workers=1) as engine:
        async with client_of(engine) as client:
            directory_id = await upload(client, [("long.pdf", _long_pdf())])
            job = {"type": "parse_v2", "configuration_id": f"cfg-PARSE_{TIER.upper()}"}
            body = {"source_directory_id": directory_id, "config": {"job": job}}
            batch = (await client.post("/api/v2/batches", json=body)).raise_for_status().json()
            peak = 0
            while batch["status"] in {"PENDING", "RUNNING"}:
                for _ in range(20):
                    workers = psutil.Process().children()
                    peak = max([peak, *(worker.memory_info().rss for worker in workers)])
                    await asyncio.sleep(LOOK_SECONDS)
                batch = (await client.get(f"/api/v2/batches/{batch['id']}")).json()
            (job,) = (await client.get("/api/v2/parse")).json()["items"]
            assert job["status"] == "COMPLETED", job
    return peak


def pdf_memory() -> list[dict[str, Any]]:
    """The worker's memory while it reads a PDF of 1,200 full pages; the baseline is what it may have."""
    with tempfile.TemporaryDirectory() as folder:
        peak = asyncio.run(_peak(Path(folder))) / (1 << 20)
    row = {"name": "pdf-1200-memory", "ours": peak, "baseline": LIMIT_MB, "unit": "MB", "ratio": LIMIT_MB / peak}
    return [row | {"note": "at most, of the worker; the baseline is the limit"}]
