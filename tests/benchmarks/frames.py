"""DataFrames of 100,000 results beside what one would write by hand; the memory of a large export; the import."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson
import pandas as pd
from llama_cloud import LlamaCloud

from llamabatch_nb import frames
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.follow.home import VARIABLE
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import FileRow, NewPart
from llamabatch_nb.follow.watching.archive import Archive

RESULTS = 100_000
RUNS = 7
IMPORTS = 11
SMALL, LARGE = 2_000, 20_000
PAGES = 5
#: Files of one batch (contract.md 1.4).
BATCH = 1000
#: The address by which the journal knows the local engine's runs.
SERVICE = "http://local-engine.localhost"


def _batch() -> bytes:
    """A batch as the service sends it, some of its files not mapped."""

    def result(number: int) -> dict[str, Any]:
        job = {"type": "parse_v2", "id": f"pjb-0f8fad5b-d9cb-469f-a165-{number:012}"}
        error = None if number % 50 else "The file type is not supported."
        return {
            "source_directory_file_id": f"dfl-7c9e6679-7425-40de-944b-{number:012}",
            "job_reference": None if error else job,
            "error_message": error,
        }

    batch = {
        "id": "bat-f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "project_id": "prj-1",
        "source_directory_id": "dir-1",
        "config": {"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}},
        "status": "COMPLETED",
        "created_at": "2026-11-24T09:00:00Z",
        "updated_at": "2026-11-24T10:00:00Z",
        "results": [result(number) for number in range(RESULTS)],
    }
    return json.dumps(batch).encode()


def _of_sdk(raw: bytes) -> Callable[[], pd.DataFrame]:
    """The SDK's own client, handed the bytes in the place of a connection; then what pandas offers for nested JSON."""
    answer = httpx.MockTransport(
        lambda _: httpx.Response(200, content=raw, headers={"content-type": "application/json"})
    )
    client = LlamaCloud(base_url="http://bench", api_key="any", http_client=httpx.Client(transport=answer))

    def frame() -> pd.DataFrame:
        batch = client.batches.get("bat-1", expand=["results"])
        return pd.json_normalize([result.to_dict() for result in batch.results or ()])

    return frame


def _bare(raw: bytes) -> pd.DataFrame:
    """The least that gives these columns."""
    results = orjson.loads(raw)["results"]
    jobs = [result["job_reference"] or {} for result in results]
    return pd.DataFrame(
        {
            "source_directory_file_id": [result["source_directory_file_id"] for result in results],
            "job_reference.id": [job.get("id") for job in jobs],
            "job_reference.type": [job.get("type") for job in jobs],
            "error_message": [result["error_message"] for result in results],
        }
    )


def _milliseconds(make: Callable[[], pd.DataFrame]) -> float:
    gc.collect()
    started = time.perf_counter()
    frame = make()
    spent = time.perf_counter() - started
    assert len(frame) == RESULTS
    return 1000 * spent


def _row(name: str, pairs: Sequence[tuple[float, float]], unit: str) -> dict[str, Any]:
    """The median, by ratio, of alternating pairs; the first warms both and is not counted."""
    ours, baseline = sorted(pairs[1:], key=lambda pair: pair[1] / pair[0])[(len(pairs) - 1) // 2]
    return {"name": name, "ours": ours, "baseline": baseline, "unit": unit, "ratio": baseline / ours}


def results_100k() -> list[dict[str, Any]]:
    """From the bytes of a batch of 100,000 results to a DataFrame."""
    raw = _batch()
    of_sdk = _of_sdk(raw)
    sdk, bare = [], []
    for _ in range(1 + RUNS):
        ours = _milliseconds(lambda: frames.results(raw))
        sdk.append((ours, _milliseconds(of_sdk)))
        bare.append((ours, _milliseconds(lambda: _bare(raw))))
    return [_row("results-100k-vs-sdk", sdk, "ms"), _row("results-100k-vs-bare", bare, "ms")]


def _document() -> ParseResult:
    """Five pages of some 2 kB of text, with items, as the local engine's parsers make them."""
    line = "The parties agree that the sum of 1,234.56 EUR is due on the last day of the month. "
    numbers = range(1, PAGES + 1)
    box = {"x": 56.7, "y": 72.0, "w": 480.0, "h": 14.4}
    items = [{"type": "text", "value": line * 3, "md": line * 3, "bbox": [box]} for _ in range(8)]
    said = [f"Page {number}\n" + line * 24 for number in numbers]
    return ParseResult.model_validate(
        {
            "job": {
                "id": "pjb-1",
                "project_id": "prj-1",
                "status": "COMPLETED",
                "name": "1.pdf",
                "tier": "agentic",
                "usage": {"credits": 50.0},
                "created_at": "2026-11-24T09:00:00Z",
                "updated_at": "2026-11-24T09:00:09Z",
            },
            "text": {"pages": [{"page_number": n, "text": said[n - 1]} for n in numbers]},
            "markdown": {"pages": [{"page_number": n, "success": True, "markdown": said[n - 1]} for n in numbers]},
            "items": {
                "pages": [
                    {"page_number": n, "success": True, "page_width": 595.0, "page_height": 842.0, "items": items}
                    for n in numbers
                ]
            },
            "metadata": {"pages": [{"page_number": n, "confidence": 0.97} for n in numbers]},
        }
    )


def _of(document: ParseResult, job_id: str, name: str) -> ParseResult:
    job = document.job.model_copy(update={"id": job_id, "name": name})
    return document.model_copy(update={"job": job})


def _ran(home: Path, documents: int) -> None:
    """A run of so many documents as it lies on a machine once it has ended: in the journal, and in the archive."""
    journal = Journal(home / "journal.db")
    name = str(documents)
    ids = [f"{name}-{number:06}" for number in range(documents)]
    rows = [
        FileRow(
            name=f"{one}.pdf",
            size=40_000,
            sha256=hashlib.sha256(one.encode()).hexdigest(),
            path=f"contracts/{one}.pdf",
            file_id=f"dfl-{one}",
            service_file_id=f"fil-{one}",
            job_id=f"pjb-{one}",
            job_type="parse_v2",
        )
        for one in ids
    ]
    starts = range(0, documents, BATCH)
    run = journal.add_run(
        name=name,
        label=name,
        source=name,
        kind="path",
        options={},
        service=SERVICE,
        owner="None None",
        fingerprint=name,
        configuration_id="cfg-PARSE_AGENTIC",
        job_type="parse_v2",
        parent=None,
        parts=[
            NewPart(
                relation="rest" if start else "first",
                files=rows[start : start + BATCH],
                directory_id=f"dir-{name}-{start}",
                batch_id=f"bat-{name}-{start}",
            )
            for start in starts
        ],
        new=True,
    )
    archive, document = Archive(journal, SERVICE), _document()
    for part, start in zip(journal.parts(run), starts, strict=True):
        archive.add({f"pjb-{one}": _of(document, f"pjb-{one}", f"{one}.pdf") for one in ids[start : start + BATCH]})
        journal.batch_seen(part.id, "COMPLETED", "2026-11-24T09:00:00+00:00", "2026-11-24T10:00:00+00:00")
    journal.close()


#: In a process of its own. Its highest memory is read from the kernel: `ru_maxrss` would count that of the process it
#: was started from.
_EXPORT = """
import sys
from pathlib import Path
import llamabatch_nb as lb
name, folder = sys.argv[1:]
with lb.connect(engine={"workers": 1}):
    lb.open(name).wait().to_parquet(folder)
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""


def _peak(home: Path, documents: int, folder: Path) -> float:
    """MB that the process had at most which wrote a run's pages to Parquet."""
    command = [sys.executable, "-c", _EXPORT, str(documents), str(folder)]
    done = subprocess.run(command, env=os.environ | {VARIABLE: str(home)}, capture_output=True, text=True, check=True)
    rows = sum(part["rows"] for part in json.loads((folder / "_manifest.json").read_text())["parts"])
    assert rows == documents * PAGES, rows
    return int(done.stdout.split()[-1]) / 1024


def export_memory() -> list[dict[str, Any]]:
    """The highest memory of exporting 20,000 documents of five pages, beside that of 2,000."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for documents in (SMALL, LARGE):
            _ran(root, documents)
        small, large = (_peak(root, documents, root / f"out {documents}") for documents in (SMALL, LARGE))
    row = {"name": "export-memory-growth", "ours": large, "baseline": small, "unit": "MB", "ratio": small / large}
    return [row | {"note": f"{LARGE} documents take {large / small:.2f} times the memory of {SMALL}"}]


def _import(module: str) -> float:
    """Milliseconds of processor time, in a new interpreter that has its own start behind it."""
    code = f"import time; started = time.process_time(); import {module}; print(time.process_time() - started)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return 1000 * float(done.stdout)


def imports() -> list[dict[str, Any]]:
    """`import llamabatch_nb` beside `import llama_cloud`, in alternation."""
    pairs = [(_import("llamabatch_nb"), _import("llama_cloud")) for _ in range(1 + IMPORTS)]
    ours, baseline = (median(side) for side in zip(*pairs[1:], strict=True))
    return [{"name": "import-vs-sdk", "ours": ours, "baseline": baseline, "unit": "ms", "ratio": baseline / ours}]
