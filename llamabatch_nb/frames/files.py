"""The `files` frame: what became of each source file."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from llamabatch_nb.frames.attrs import stamp
from llamabatch_nb.frames.declared import FILES
from llamabatch_nb.frames.inputs import ids, jobs_of, snapshot_of
from llamabatch_nb.frames.nodes import whole
from llamabatch_nb.frames.schema import Column, Schema, storable
from llamabatch_nb.snapshot import FileState, Snapshot


def files(of: object, jobs: object = None, *, metadata: bool = False) -> pd.DataFrame:
    """One row a source file, in the order of the directory, also without a job. Columns: ``schema("files")``.

    `of` is a run, a Snapshot or a batch, ours or the official SDK's. Of `jobs`, by job id or one after the other, comes
    what `of` does not know: a batch says no name, status, time or price. A run knows them, and is asked for no results.
    `metadata=True` adds a ``string`` column ``metadata.<key>`` for each key that a file's metadata have, in order of
    the keys: text as it is, other values as JSON.

    Complete (``attrs["complete"]``) once the run has ended. Credits may still be NA then: the service bills later.
    They are the job's, so copies of one file, which share a job, each repeat them; ``Snapshot.credits`` counts once.
    """
    snapshot = snapshot_of(of, jobs_of(None, jobs))
    rows = [_row(snapshot, file) for file in snapshot.files]
    schema = FILES
    if metadata:
        attached = [_attached(file.metadata) for file in snapshot.files]
        keys = sorted({key for found in attached for key in found})
        extra = (Column(key, "string", "Value in the file's metadata", None, "directory_file.metadata") for key in keys)
        schema = Schema(FILES.name, FILES.version, (*FILES.columns, *extra))
        rows = [{**row, **found} for row, found in zip(rows, attached, strict=True)]
    return stamp(schema.frame(rows), snapshot, FILES, complete=snapshot.ended)


def _row(snapshot: Snapshot, file: FileState) -> dict[str, object]:
    return {
        **ids(snapshot, file),
        "unique_id": file.unique_id,
        "size": whole(file.size),
        "metadata": file.metadata,
        "status": file.status,
        "error": file.error,
        "error_source": file.error_source,
        "retryable": file.retryable,
        "attempt": file.attempt,
        "copy_of": file.copy_of,
        "job_type": file.job_type,
        "parse_job_id": file.parse_job_id,
        "source": file.result_source,
        "pages": whole(file.pages),
        "pages_failed": file.pages_failed,
        "characters": file.characters,
        "confidence": file.confidence,
        "credits": file.credits,
        "created_at": file.created_at,
        "updated_at": file.updated_at,
        "duration": None if file.duration is None else file.duration.total_seconds(),
    }


def _attached(metadata: str | None) -> Mapping[str, str]:
    """Columns and their text; a null is as a key that is not there. What cannot be read, or is too deep, has none."""
    try:
        found = json.loads(metadata) if metadata is not None else {}
        return {
            f"metadata.{storable(key)}": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in (found.items() if isinstance(found, dict) else ())
            if value is not None
        }
    except (ValueError, RecursionError):
        return {}
