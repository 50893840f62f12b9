"""What the local engine reads in some of the sample documents, as an answer of the API has it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import llamabatch_nb as lb
from llamabatch_nb.samples import write_samples
from llamabatch_nb.snapshot import Snapshot
from tests.engine.support import Api
from tests.run import support

#: Of all four kinds of paper; the sixth has two pages.
INVOICES = 6
_EXPAND = "text,markdown,items,metadata"


@dataclass(frozen=True)
class Read:
    """The run when it had ended, the JSON of its jobs by id, and what is true of the invoices by name."""

    snapshot: Snapshot
    jobs: dict[str, dict[str, Any]]
    truth: dict[str, dict[str, Any]]


@cache
def samples() -> Read:
    """Read once a process: it takes two seconds."""
    with TemporaryDirectory() as folder:
        written = write_samples(Path(folder, "samples"), INVOICES)
        truth = {path.stem: json.loads(path.read_text("utf-8")) for path in written.truth.glob("*.json")}
        with support.engine(Path(folder, "data")) as engine, support.remote(support.Line(engine)) as client:
            run = lb.submit(written.folder, configuration=support.AGENTIC, client=client).wait()
            ids = [file.job_id for file in run.snapshot.files if file.job_id is not None]
            api = Api(engine)
            jobs = {job_id: api.ok("GET", f"/api/v2/parse/{job_id}?expand={_EXPAND}") for job_id in ids}
            return Read(run.snapshot, jobs, truth)
