"""What every frame is made of: a Snapshot and job results, from a run, a batch, or the SDK's objects.

Anything with the API's fields will do: models of ours, those of the official SDK, plain dicts of the JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from llamabatch_nb.contract.counts import counts
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.foreign import Job, Mapped, Unfit, batch_from, job_from, mapped
from llamabatch_nb.frames.nodes import whole
from llamabatch_nb.snapshot import TERMINAL_FILE, FileState, Service, Snapshot, utc

__all__ = ["Job", "Unfit", "complete", "held", "id_of", "ids", "jobs_of", "snapshot_of"]

#: Whose lower case is a word of ours (llamabatch_nb.snapshot); another is kept as it came.
_KNOWN = frozenset({"PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"})
_TIME = TypeAdapter(datetime)


def snapshot_of(of: object, jobs: Mapping[str, Job] | None = None) -> Snapshot:
    """The Snapshot behind `of`: a Snapshot, anything that has one as `.snapshot` (a run), or a batch.

    A batch is ours, the SDK's, or its JSON, as a dict, text or bytes. It says which job each file has and no more, so
    that a file's name is then its id, its status ``submitted``. What `jobs` (see `jobs_of`) know and the Snapshot does
    not is filled in, name and status too. `taken_at` is when a batch last changed, as far as it says.

    Raises:
        InputError: it is none of these.

    """
    snapshot = held(of) or _of_batch(of)
    if not jobs:
        return snapshot
    files = tuple(_filled(file, jobs.get(file.job_id)) if file.job_id else file for file in snapshot.files)
    return replace(snapshot, files=files)


def held(of: object) -> Snapshot | None:
    """A Snapshot itself, or the one that a run has; None where there is none."""
    inner = of if isinstance(of, Snapshot) else getattr(of, "snapshot", None)
    return inner if isinstance(inner, Snapshot) else None


def jobs_of(of: object, jobs: object = None) -> Mapping[str, Job]:
    """Job results by job id: what `jobs` has, else what the run `of` has.

    `jobs` is a Mapping by id or an iterable of jobs: ours, the SDK's, or dicts of the JSON, those of a list too, which
    have no results. Without `jobs`, a run is asked for its results, which fetches those that are not on this machine;
    a Snapshot or a batch has none. A job that does not read as the service describes it is an `Unfit`.

    Raises:
        InputError: `jobs` is nothing of the kind.

    """
    if jobs is None:
        ask = getattr(of, "job_results", None)
        jobs = ask() if callable(ask) else {}
    if isinstance(jobs, Mapping):
        return {str(job_id): job_from(job, str(job_id)) for job_id, job in jobs.items() if job is not None}
    if isinstance(jobs, (str, bytes, bytearray)) or not isinstance(jobs, Iterable):
        raise InputError(
            f"Jobs are a mapping by id or a list of job objects, and this is of type {type(jobs).__name__}."
        )
    given = (jobs,) if isinstance(jobs, BaseModel) else jobs
    found = [job_from(job) for job in given if job is not None]
    return {id_of(job): job for job in found}


def id_of(job: Job) -> str:
    """A job's own id; of one that cannot be read it may be empty."""
    if isinstance(job, ParseResult):
        return job.job.id
    return job.job_id if isinstance(job, Unfit) else job.id


def ids(snapshot: Snapshot, file: FileState) -> dict[str, object]:
    """What every row of a file begins with: its `batch_id`, `file_id`, `name` and `job_id`.

    The batch is the file's own, in a run of one batch that one. A file of which its id is all that is known has no
    name.
    """
    return {
        "batch_id": file.batch_id or (snapshot.batch_id if len(snapshot.batches) < 2 else None),
        "file_id": file.file_id,
        "name": None if file.name in ("", file.file_id) else file.name,
        "job_id": file.job_id,
    }


def complete(snapshot: Snapshot, jobs: Mapping[str, Job]) -> bool:
    """Whether a frame of job results is whole: the run has ended, and every completed file has its result here.

    Give it the Snapshot as `snapshot_of` fills it from `jobs`.
    """
    return snapshot.ended and all(file.job_id in jobs for file in snapshot.files if file.status == "completed")


def bare(batch: Mapping[str, Any]) -> Snapshot:
    """A Snapshot of a batch as it is without its files."""
    config = batch.get("config")
    job = config.get("job") if isinstance(config, Mapping) else None
    created, updated = _time(batch.get("created_at")), _time(batch.get("updated_at"))
    directory_id = _text(batch.get("source_directory_id"))
    return Snapshot(
        name=None,
        source=directory_id or "",
        service=Service(label="", base_url="", local=False),
        configuration_id=_text(job.get("configuration_id") if isinstance(job, Mapping) else None) or "",
        job_type=_text(job.get("type") if isinstance(job, Mapping) else None) or "",
        phase=_text(batch.get("status")) or "",
        taken_at=updated or created or datetime.now(UTC),
        project_id=_text(batch.get("project_id")),
        directory_id=directory_id,
        batch_id=_text(batch.get("id")),
        created_at=created,
        updated_at=updated,
        mapped=isinstance(batch.get("results"), list),
    )


def _of_batch(of: object) -> Snapshot:
    batch = batch_from(of)
    snapshot, results = bare(batch), batch.get("results")
    entries = results if isinstance(results, list) else []
    return replace(snapshot, files=tuple(_file(mapped(entry), snapshot.phase) for entry in entries))


def _file(entry: Mapped, phase: str) -> FileState:
    status = "submitted"
    if entry.job_id is None:
        status = "failed" if entry.error is not None else "cancelled" if phase == "CANCELLED" else status
    return FileState(
        name=entry.file_id or "",
        status=status,
        file_id=entry.file_id,
        job_id=entry.job_id,
        job_type=entry.job_type,
        error=entry.error,
        error_source="mapping" if entry.error is not None else None,
    )


def _filled(file: FileState, job: Job | None) -> FileState:
    if job is None:
        return file
    if isinstance(job, Unfit):
        return replace(file, error=job.error, error_source="job") if file.error is None else file
    told = job.job if isinstance(job, ParseResult) else job
    has, usage = counts(job), told.usage
    known: dict[str, Any] = {
        "error": told.error_message,
        "pages": whole(has.pages),
        "pages_failed": has.failed,
        "characters": has.characters,
        "confidence": has.confidence,
        "credits": usage.credits if usage is not None else None,
        "created_at": _zoned(told.created_at),
        "updated_at": _zoned(told.updated_at),
    }
    if isinstance(job, ExtractJob):
        known["parse_job_id"] = job.extract_metadata.parse_job_id if job.extract_metadata is not None else None
        known["parse_credits"] = job.usage.parse_credits if job.usage is not None else None
    changes = {field: value for field, value in known.items() if value is not None and getattr(file, field) is None}
    if "error" in changes:
        changes["error_source"] = "job"
    status = told.status.lower() if told.status in _KNOWN else told.status
    if file.status == "submitted" or (not file.ended and status in TERMINAL_FILE):
        changes |= {"status": status, "updated_at": known["updated_at"]}
    if isinstance(job, ParseResult) and job.job.name and file.name in ("", file.file_id):
        changes["name"] = job.job.name
    return replace(file, **changes)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: object) -> datetime | None:
    try:
        return utc(_TIME.validate_python(value)).astimezone(UTC)
    except (ValidationError, OverflowError):  # no time at all, or one before the first that UTC has
        return None


def _zoned(time: datetime | None) -> datetime | None:
    return None if time is None else utc(time)
