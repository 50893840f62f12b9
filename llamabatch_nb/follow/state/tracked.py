"""One source file on its way: what was sent, what the batch made of it, what became of its job."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from llamabatch_nb.contract.batches import JobReference, Result
from llamabatch_nb.contract.counts import Counts
from llamabatch_nb.contract.directories import DirectoryFile
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import TERMINAL, ParseJob
from llamabatch_nb.follow.journal.rows import FileRow
from llamabatch_nb.follow.sources.failures import retryable
from llamabatch_nb.snapshot import ErrorSource, FileState, ResultSource

Job = ParseJob | ExtractJob
_KNOWN = frozenset({"PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"})


class Told(NamedTuple):
    """What its batch says to each of its files."""

    phase: str
    batch_id: str | None
    gone: bool  # it has ended: of a file that it has not told of there will be nothing
    unseen: bool  # it is not known any more, and its end was not seen


@dataclass(slots=True)
class Tracked:
    """`path` is where its bytes are, `source_file_id` the service's file that is added in their place."""

    name: str
    size: int | None = None  # bytes
    sha256: str = ""
    path: Path | None = None
    source_file_id: str | None = None
    copy_of: str | None = None
    file_id: str | None = None  # in the directory
    service_file_id: str | None = None  # the service's file behind it
    unique_id: str | None = None  # in the directory
    metadata: str | None = None  # what users attached to it, JSON
    upload_error: str | None = None
    result: Result | None = None
    job: Job | None = None
    counts: Counts | None = None  # of its result, once that was here
    result_source: ResultSource | None = None
    missed: int = 0
    lost: bool = False  # the service no longer knows its job, or its result
    _shown: tuple[object, FileState] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, row: FileRow) -> Tracked:
        tracked = cls(
            name=row.name,
            size=row.size,
            sha256=row.sha256,
            path=None if row.path is None else Path(row.path),
            source_file_id=row.source_file_id,
            copy_of=row.copy_of,
            file_id=row.file_id,
            service_file_id=row.service_file_id,
            unique_id=row.unique_id,
            metadata=row.metadata,
            upload_error=row.error,
        )
        if row.file_id is not None and (row.job_id is not None or row.mapping_error is not None):
            tracked.result = Result(
                source_directory_file_id=row.file_id,
                error_message=row.mapping_error,
                job_reference=None if row.job_id is None else JobReference(id=row.job_id, type=row.job_type or ""),
            ).lean()
        return tracked

    @property
    def job_id(self) -> str | None:
        reference = self.result.job_reference if self.result else None
        return reference.id if reference else None

    @property
    def job_type(self) -> str | None:
        reference = self.result.job_reference if self.result else None
        return reference.type if reference else None

    @property
    def refused(self) -> bool:
        """There is no job and there will be none: not sent, or not mapped."""
        return self.upload_error is not None or (self.result is not None and self.result.error_message is not None)

    @property
    def completed(self) -> bool:
        return self.job is not None and self.job.status == "COMPLETED" and not self.lost

    @property
    def ended(self) -> bool:
        """Nothing more will come of it: refused, not mapped, or its job is terminal."""
        return self.refused or self.lost or (self.job is not None and self.job.status in TERMINAL)

    def state(self, told: Told, attempt: int) -> FileState:
        """As a Snapshot shows it. While nothing of it has changed it is the same object: there are two Snapshots a
        second, and to make 20,000 of them anew takes 0.2 s.
        """
        # Objects of the service are replaced and never changed, so for nearly all a look at their identity is enough.
        # (Its unique id and metadata come with its id.)
        of_result = (self.counts, self.result_source)
        seen = (told, attempt, self.file_id, self.upload_error, self.lost, self.result, self.job, of_result)
        if self._shown is None or self._shown[0] != seen:
            self._shown = (seen, self._state(told, attempt))
        return self._shown[1]

    def _state(self, told: Told, attempt: int) -> FileState:
        error, source = self._error(unseen=told.unseen)
        job, counts = self.job, self.counts or Counts()
        status = self._status(told)
        usage = job.usage if job else None
        failed = status == "failed"
        return FileState(
            name=self.name,
            status=status,
            file_id=self.file_id,
            size=self.size,
            job_id=self.job_id,
            job_type=self.job_type,
            error=error,
            error_source=source,
            pages=counts.pages,
            pages_failed=counts.failed,
            characters=counts.characters,
            confidence=counts.confidence,
            result_source=self.result_source,
            credits=usage.credits if usage else None,
            parse_job_id=_parse_job_id(job),
            parse_credits=getattr(usage, "parse_credits", None),
            created_at=job.created_at if job else None,
            updated_at=job.updated_at if job else None,
            batch_id=told.batch_id,
            attempt=attempt,
            retryable=retryable(error, source, lost=self.lost) if failed else None,
            unique_id=self.unique_id,
            metadata=self.metadata,
        )

    def _status(self, told: Told) -> str:
        if self.lost:
            return "failed"
        if self.job is not None:
            return self.job.status.lower() if self.job.status in _KNOWN else self.job.status
        if self.refused:
            return "failed"
        if told.phase == "UPLOADING":
            return "waiting" if self.file_id is None else "uploaded"
        if told.gone and self.job_id is None and told.phase == "CANCELLED":
            return "cancelled"
        return "submitted"

    def _error(self, *, unseen: bool) -> tuple[str | None, ErrorSource | None]:
        if self.lost:
            return "The service no longer knows its job: run.retry_failed() sends it again.", "job"
        if self.upload_error is not None:
            return self.upload_error, "upload"
        if self.result is not None and self.result.error_message is not None:
            return self.result.error_message, "mapping"
        if self.job is not None and self.job.error_message is not None:
            return self.job.error_message, "job"
        if unseen and not self.ended:
            return "The service does not know its batch any more, and what became of this file was not seen.", None
        return None, None


def metadata_of(file: DirectoryFile) -> str | None:
    r"""What is attached to a directory's file, as JSON with its keys in order; None where nothing is.

    Half a surrogate pair, which JSON may hold and UTF-8 and SQLite cannot, stays as the ``\udcff`` of JSON.
    """
    if not file.metadata:
        return None
    text = json.dumps(file.metadata, ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", "backslashreplace").decode()


def _parse_job_id(job: Job | None) -> str | None:
    metadata = job.extract_metadata if isinstance(job, ExtractJob) else None
    return metadata.parse_job_id if metadata is not None else None
