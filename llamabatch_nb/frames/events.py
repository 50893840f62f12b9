"""The `events` frame: what happened when, for plotting progress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from llamabatch_nb.frames.attrs import stamp
from llamabatch_nb.frames.declared import EVENTS
from llamabatch_nb.frames.inputs import ids, jobs_of, snapshot_of
from llamabatch_nb.snapshot import TERMINAL_BATCH, BatchState, FileState, Snapshot, utc

#: In which order things happened that the server gives the same time.
_ORDER = ("batch created", "job created", "job ended", "batch ended")


@dataclass(frozen=True, slots=True)
class _Event:
    time: datetime
    event: str
    columns: dict[str, object]
    status: str | None = None
    completed: int = 0  # files that complete, or end, with it
    ended: int = 0


def events(of: object, jobs: object = None) -> pd.DataFrame:
    """One row a thing that happened, by time. Columns: ``schema("events")``.

    `of` and `jobs` as `files` takes them. A batch or a job is created, and ends, at the server's times, which are all
    that the API has of it: of what lies between there is nothing. A file's row is its best attempt's; copies of one
    file each have rows of their own. `completed` and `ended` count files up to and with the row. A file that ended with
    no time of its own, for it was refused or not mapped, ends with its batch.

    Complete (``attrs["complete"]``) once the run has ended.
    """
    snapshot = snapshot_of(of, jobs_of(None, jobs))
    found = [*_of_batches(snapshot), *(event for file in snapshot.files for event in _of_file(snapshot, file))]
    found.sort(key=lambda event: (event.time, _ORDER.index(event.event)))
    rows: list[dict[str, object]] = []
    completed = ended = 0
    for event in found:
        completed, ended = completed + event.completed, ended + event.ended
        said = {"time": event.time, "event": event.event, "status": event.status}
        rows.append(said | event.columns | {"completed": completed, "ended": ended})
    return stamp(EVENTS.frame(rows), snapshot, EVENTS, complete=snapshot.ended)


def _of_batches(snapshot: Snapshot) -> Iterator[_Event]:
    whole = BatchState(
        batch_id=snapshot.batch_id,
        directory_id=snapshot.directory_id,
        phase=snapshot.phase,
        files=len(snapshot.files),
        created_at=snapshot.created_at,
        updated_at=snapshot.updated_at,
    )
    untimed = [file for file in snapshot.files if file.ended and file.updated_at is None]
    for batch in snapshot.batches or (whole,):
        columns: dict[str, object] = {"batch_id": batch.batch_id}
        if batch.created_at is not None:
            yield _Event(utc(batch.created_at), "batch created", columns)
        if batch.updated_at is not None and batch.phase in TERMINAL_BATCH:
            its = [file for file in untimed if ids(snapshot, file)["batch_id"] == batch.batch_id]
            yield _Event(
                utc(batch.updated_at),
                "batch ended",
                columns,
                status=batch.phase,
                completed=sum(file.status == "completed" for file in its),
                ended=len(its),
            )


def _of_file(snapshot: Snapshot, file: FileState) -> Iterator[_Event]:
    columns = ids(snapshot, file)
    if file.created_at is not None:
        yield _Event(utc(file.created_at), "job created", columns)
    if file.updated_at is not None and file.ended:
        yield _Event(
            utc(file.updated_at),
            "job ended",
            columns,
            status=file.status,
            completed=int(file.status == "completed"),
            ended=1,
        )
