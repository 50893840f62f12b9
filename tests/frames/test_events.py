"""The `events` frame: by time, with counts that come to what the run came to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given

from llamabatch_nb import frames
from llamabatch_nb.snapshot import BatchState, FileState, Snapshot
from tests.frames.test_frames import as_declared, examples, snapshot, snapshots

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_run_of_two_batches_in_order_of_time() -> None:
    said = snapshot(
        FileState(
            name="a.pdf",
            file_id="dfl-1",
            status="completed",
            job_id="pjb-1",
            batch_id="bat-1",
            created_at=at(1),
            updated_at=at(4),
        ),
        FileState(
            name="b.pdf",
            status="failed",
            job_id="pjb-2",
            batch_id="bat-1",
            created_at=at(1).replace(tzinfo=None),
            updated_at=at(3),
        ),
        FileState(name="c.pdf", status="failed", error="no", error_source="mapping", batch_id="bat-1"),
        FileState(
            name="d.pdf", status="running", job_id="pjb-4", batch_id="bat-2", created_at=at(12), updated_at=at(13)
        ),
        FileState(name="e.pdf", status="waiting"),
        batches=(
            BatchState(
                batch_id="bat-1", directory_id="dir-1", phase="COMPLETED", files=3, created_at=at(0), updated_at=at(5)
            ),
            BatchState(
                batch_id="bat-2", directory_id="dir-2", phase="RUNNING", files=1, created_at=at(11), updated_at=at(12)
            ),
        ),
    )
    frame = frames.events(said)
    as_declared(frame, frames.EVENTS)
    na = pd.NA
    columns = ["event", "batch_id", "name", "job_id", "status", "completed", "ended"]
    assert frame[columns].to_numpy().tolist() == [
        ["batch created", "bat-1", na, na, na, 0, 0],
        ["job created", "bat-1", "a.pdf", "pjb-1", na, 0, 0],
        ["job created", "bat-1", "b.pdf", "pjb-2", na, 0, 0],
        ["job ended", "bat-1", "b.pdf", "pjb-2", "failed", 0, 1],
        ["job ended", "bat-1", "a.pdf", "pjb-1", "completed", 1, 2],
        ["batch ended", "bat-1", na, na, "COMPLETED", 1, 3],  # c.pdf has no time of its own
        ["batch created", "bat-2", na, na, na, 1, 3],
        ["job created", "bat-2", "d.pdf", "pjb-4", na, 1, 3],
    ]
    assert frame["time"].tolist() == [at(seconds) for seconds in (0, 1, 1, 3, 4, 5, 11, 12)]
    assert frame["file_id"].tolist() == [na, "dfl-1", na, na, "dfl-1", na, na, na]
    assert frame.attrs["complete"] == "false"


def test_what_happened_at_once_is_in_the_order_that_it_has() -> None:
    states = [
        FileState(name=name, status="completed", job_id=f"pjb-{name}", created_at=START, updated_at=START)
        for name in ("b", "a")
    ]
    frame = frames.events(snapshot(*states, created_at=START, updated_at=START))
    assert frame["event"].tolist() == [
        "batch created",
        "job created",
        "job created",
        "job ended",
        "job ended",
        "batch ended",
    ]
    assert frame["name"].dropna().tolist() == ["b", "a", "b", "a"]
    assert frame["ended"].tolist() == [0, 0, 0, 1, 2, 2]


@given(snapshots())
@examples
def test_any_snapshot_has_its_events_by_time(taken: Snapshot) -> None:
    frame = frames.events(taken)
    as_declared(frame, frames.EVENTS)
    assert frame["time"].is_monotonic_increasing
    assert frame["time"].notna().all()
    assert frame["ended"].is_monotonic_increasing
    assert frame["completed"].is_monotonic_increasing
    assert (frame["completed"] <= frame["ended"]).all()
    jobs = frame[frame["event"].isin(["job created", "job ended"])]
    assert len(jobs) == sum(
        (file.created_at is not None) + (file.updated_at is not None and file.ended) for file in taken.files
    )
    assert frame["ended"].eq(taken.done).iloc[-1:].all() or any(file.updated_at is None for file in taken.files)
