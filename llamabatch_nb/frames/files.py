"""The `files` frame: what became of each source file."""

from __future__ import annotations

import pandas as pd

from llamabatch_nb.frames.attrs import stamp
from llamabatch_nb.frames.declared import FILES
from llamabatch_nb.snapshot import FileState, Snapshot


def files(snapshot: Snapshot) -> pd.DataFrame:
    """One row a source file, in the order of the directory, also without a job. Columns: ``schema("files")``.

    Complete (``attrs["complete"]``) once the run has ended. Credits may still be NA then: the service bills later.
    They are the job's, so copies of one file, which share a job, each repeat them; ``Snapshot.credits`` counts once.
    """
    frame = FILES.frame(_row(snapshot, file) for file in snapshot.files)
    return stamp(frame, snapshot, FILES, complete=snapshot.ended)


def batch_of(snapshot: Snapshot, file: FileState) -> str | None:
    """The batch a row belongs to: its own, and in a run of one batch that one."""
    return file.batch_id or (snapshot.batch_id if len(snapshot.batches) < 2 else None)


def _row(snapshot: Snapshot, file: FileState) -> dict[str, object]:
    return {
        "batch_id": batch_of(snapshot, file),
        "file_id": file.file_id,
        "name": file.name,
        "size": file.size,
        "status": file.status,
        "error": file.error,
        "error_source": file.error_source,
        "retryable": file.retryable,
        "attempt": file.attempt,
        "copy_of": file.copy_of,
        "job_id": file.job_id,
        "job_type": file.job_type,
        "pages": file.pages,
        "pages_failed": file.pages_failed,
        "credits": file.credits,
        "created_at": file.created_at,
        "updated_at": file.updated_at,
        "duration": None if file.duration is None else file.duration.total_seconds(),
    }
