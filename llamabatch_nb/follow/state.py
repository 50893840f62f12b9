"""What a follower knows of its run, put together from directory, batch, job lists and archive into a `Snapshot`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from llamabatch_nb.contract.batches import TERMINAL, Batch, Result
from llamabatch_nb.contract.directories import DirectoryFile
from llamabatch_nb.contract.parse import ParseJob
from llamabatch_nb.follow.journal import Pages
from llamabatch_nb.snapshot import FOLLOWED, UPLOADING, ErrorSource, FileState, Service, Snapshot, has_ended

#: No rate and no ETA before this many files were seen to end: one or two say nothing (panels.md).
ENOUGH = 3
#: Looks at an ended batch in which a job may be missing from the lists before it counts as expired.
PATIENCE = 10
_KNOWN = frozenset({"PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"})


@dataclass(slots=True)
class Tracked:
    """One source file on its way."""

    name: str
    size: int | None = None
    file_id: str | None = None
    upload_error: str | None = None
    result: Result | None = None
    job: ParseJob | None = None
    pages: Pages | None = None
    missed: int = 0
    lost: bool = False  # the service no longer knows its job

    @property
    def job_id(self) -> str | None:
        reference = self.result.job_reference if self.result else None
        return reference.id if reference else None

    @property
    def job_type(self) -> str | None:
        reference = self.result.job_reference if self.result else None
        return reference.type if reference else None

    @property
    def ended(self) -> bool:
        """Nothing more will come of it: refused, not mapped, or its job is terminal."""
        if self.upload_error is not None or (self.result is not None and self.result.error_message is not None):
            return True
        return self.lost or (self.job is not None and self.job.status in TERMINAL)


@dataclass(slots=True)
class RunState:
    """Mutable, and touched on the loop thread only; what leaves it is a `Snapshot`."""

    source: str
    service: Service
    configuration_id: str
    job_type: str
    name: str | None = None
    project_id: str | None = None
    directory_id: str | None = None
    batch: Batch | None = None
    files: list[Tracked] = field(default_factory=list)
    estimated_done: int | None = None
    stopped: bool = False  # cancelled before there was a batch
    listed: bool = False  # the files are those of the directory's listing, not ones we sent
    seen_done: list[tuple[float, int]] = field(default_factory=list)  # (monotonic seconds, files ended)

    @property
    def batch_id(self) -> str | None:
        return self.batch.id if self.batch else None

    def take_batch(self, batch: Batch) -> None:
        self.batch = batch
        self.project_id = batch.project_id
        self.directory_id = batch.source_directory_id
        by_id = {file.file_id: file for file in self.files if file.file_id}
        for result in batch.results or ():
            # A file that the directory no longer lists still has its result: it is shown by its id.
            file = by_id.get(result.source_directory_file_id)
            if file is None:
                file = Tracked(name=result.source_directory_file_id, file_id=result.source_directory_file_id)
                self.files.append(file)
            file.result = result
        if self.listed and batch.results is not None and batch.status in TERMINAL:
            # What came into the directory after the create is not of this batch.
            self.files = [file for file in self.files if file.result is not None]

    def take_jobs(self, jobs: Iterable[ParseJob]) -> None:
        by_job = {file.job_id: file for file in self.files if file.job_id}
        for job in jobs:
            if (file := by_job.get(job.id)) is not None:
                file.job = job

    def take_missing(self, job_ids: set[str]) -> None:
        """Jobs of an ended batch that the service does not list (any more); given up after `PATIENCE` looks."""
        for file in self.files:
            if file.job_id in job_ids:
                file.missed += 1
                file.lost = file.missed > PATIENCE

    def take_listing(self, listed: Sequence[DirectoryFile]) -> None:
        """Names for a run that was opened by id: display names, or unique ids where those are ambiguous."""
        self.listed = True
        names = Counter(file.display_name for file in listed)
        known = {file.file_id for file in self.files}
        self.files += [
            Tracked(name=file.display_name if names[file.display_name] == 1 else file.unique_id, file_id=file.id)
            for file in listed
            if file.id not in known
        ]

    def open_jobs(self) -> list[str]:
        """Jobs whose end has not been seen. A terminal job is never asked for again (design.md, decision 4)."""
        return [file.job_id for file in self.files if file.job_id and file.job_type in FOLLOWED and not file.ended]

    @property
    def ended(self) -> bool:
        if self.batch is None:
            return self.stopped
        return has_ended(self.batch.status, mapped=self.batch.results is not None, running=bool(self.open_jobs()))

    def done(self) -> int:
        return sum(file.ended for file in self.files)

    def saw(self, at: float) -> None:
        """Note how many have ended by now, for the rate."""
        if self.batch is not None and (self.batch.results is not None or self.batch.status != "RUNNING"):
            self.estimated_done = None
        done = max(self.done(), self.estimated_done or 0)
        if not self.seen_done or self.seen_done[-1][1] != done:
            self.seen_done.append((at, done))

    def rate(self, at: float) -> float | None:
        """Files a second over what this follower saw itself; None before `ENOUGH` ended before its eyes."""
        if len(self.seen_done) < 2 or (self.batch is not None and self.batch.status == "THROTTLED"):
            return None
        start, before = self.seen_done[0]
        now = self.seen_done[-1][0] if self.ended else at
        ended = self.seen_done[-1][1] - before
        return ended / (now - start) if ended >= ENOUGH and now > start else None

    def snapshot(self, *, taken_at: datetime, at: float, trouble: str | None = None) -> Snapshot:
        rate = self.rate(at)
        left = len(self.files) - max(self.done(), self.estimated_done or 0)
        ended = self.ended
        return Snapshot(
            name=self.name,
            source=self.source,
            service=self.service,
            project_id=self.project_id,
            directory_id=self.directory_id,
            batch_id=self.batch_id,
            configuration_id=self.configuration_id,
            job_type=self.job_type,
            phase=self._phase(),
            files=tuple(self._file(file) for file in self.files),
            created_at=self.batch.created_at if self.batch else None,
            updated_at=self._updated_at(),
            taken_at=taken_at,
            estimated_done=None if ended else self.estimated_done,
            rate=rate,
            eta=taken_at + timedelta(seconds=left / rate) if rate and left > 0 and not ended else None,
            trouble=trouble,
            mapped=self.batch is None or self.batch.results is not None,
        )

    def _phase(self) -> str:
        if self.batch is not None:
            return self.batch.status
        return "CANCELLED" if self.stopped else UPLOADING

    def _updated_at(self) -> datetime | None:
        """The batch's, or a job's that ended after it: COMPLETED means mapped, so jobs may end later."""
        times = [self.batch.updated_at] if self.batch else []
        times += [file.job.updated_at for file in self.files if file.job]
        return max((time for time in times if time is not None), default=None)

    def _file(self, file: Tracked) -> FileState:
        error, source = self._error(file)
        job = file.job
        return FileState(
            name=file.name,
            status=self._status(file),
            file_id=file.file_id,
            size=file.size,
            job_id=file.job_id,
            job_type=file.job_type,
            error=error,
            error_source=source,
            pages=file.pages.pages if file.pages else None,
            pages_failed=file.pages.failed if file.pages else None,
            credits=job.usage.credits if job and job.usage else None,
            created_at=job.created_at if job else None,
            updated_at=job.updated_at if job else None,
        )

    def _status(self, file: Tracked) -> str:
        if file.lost:
            return "failed"
        if file.job is not None:
            return file.job.status.lower() if file.job.status in _KNOWN else file.job.status
        if file.upload_error is not None or (file.result is not None and file.result.error_message is not None):
            return "failed"
        if self.batch is None:
            return "waiting" if file.file_id is None else "uploaded"
        if file.job_id is None and self.batch.status == "CANCELLED":
            return "cancelled"
        return "submitted"

    @staticmethod
    def _error(file: Tracked) -> tuple[str | None, ErrorSource | None]:
        if file.lost:
            return "The service no longer knows its job: submit it again with new=True.", "job"
        if file.upload_error is not None:
            return file.upload_error, "upload"
        if file.result is not None and file.result.error_message is not None:
            return file.result.error_message, "mapping"
        if file.job is not None and file.job.error_message is not None:
            return file.job.error_message, "job"
        return None, None
