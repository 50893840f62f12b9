"""A Snapshot of a thousand running files looks at each file a few times, not at each for each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.contract.parse import ParseJob
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.state.tracked import Tracked
from llamabatch_nb.snapshot import Service

FILES = 1000
#: Looks a file; 8 as this is written.
FEW = 20
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("phase", ["RUNNING", "COMPLETED"])
def test_it_grows_with_the_files_and_not_with_their_square(phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part(id=1, files=[Tracked(name=f"{n}.txt", sha256=str(n), file_id=f"file-{n}") for n in range(FILES)])
    references = [
        {"source_directory_file_id": file.file_id, "job_reference": {"id": f"job-{file.name}", "type": "parse_v2"}}
        for file in part.files
    ]
    config = {"job": {"type": "parse_v2", "configuration_id": "cfg-1"}}
    batch = {"id": "bat-1", "project_id": "p", "source_directory_id": "dir-1", "status": phase, "config": config}
    part.take_batch(Batch.model_validate({**batch, "results": references}))
    part.take_jobs(ParseJob(id=str(file.job_id), project_id="p", status="RUNNING") for file in part.files)
    state = RunState(
        source="documents",
        service=Service(label="here", base_url="http://here", local=True),
        configuration_id="cfg-1",
        job_type="parse_v2",
        parts=[part],
    )
    looks = 0
    ended = vars(Tracked)["ended"].fget

    def counted(file: Tracked) -> bool:
        nonlocal looks
        looks += 1
        return bool(ended(file))

    monkeypatch.setattr(Tracked, "ended", property(counted))
    snapshot = state.snapshot(taken_at=NOW, at=1.0)
    assert dict(snapshot.counts) == {"running": FILES}
    assert looks <= FEW * FILES
