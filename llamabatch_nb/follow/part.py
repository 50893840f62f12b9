"""A part of a run: one directory, one batch, and the files in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from llamabatch_nb.contract.batches import TERMINAL, Batch
from llamabatch_nb.contract.directories import DirectoryType
from llamabatch_nb.follow.rows import Relation
from llamabatch_nb.follow.tracked import Job, Tracked
from llamabatch_nb.snapshot import FOLLOWED, UPLOADING, BatchState, has_ended

#: Looks at an ended batch in which a job may be missing from the lists before it counts as expired.
PATIENCE = 10


@dataclass(slots=True)
class Part:
    """Mutable, and touched on the loop thread only. `id` is its row in the journal.

    `remembered` is the batch's status as the journal has it, until the service has been asked.
    """

    id: int
    relation: Relation = "first"
    directory_name: str | None = None  # of a directory that is made for it; None: it was there before
    directory_type: DirectoryType = "ephemeral"
    directory_id: str | None = None
    batch_id: str | None = None
    remembered: str | None = None
    created_at: datetime | None = None  # of the batch, by the server's clock
    updated_at: datetime | None = None
    batch: Batch | None = None
    files: list[Tracked] = field(default_factory=list)
    estimated_done: int | None = None
    stopped: bool = False  # cancelled, or refused as a whole, before there was a batch
    resumed: bool = False  # its uploads were begun by another process, perhaps
    seen: bool = False  # the service has shown the batch to this process
    missed: int = 0  # looks in a row at which it did not know the batch
    expired: bool = False  # the service no longer knows the batch

    @property
    def sent(self) -> list[Tracked]:
        """The files that are sent; a copy is not."""
        return [file for file in self.files if file.copy_of is None]

    @property
    def phase(self) -> str:
        if self.batch is not None:
            return self.batch.status
        if self.remembered is not None:
            return self.remembered
        if self.batch_id is not None:
            return "PENDING"
        return "CANCELLED" if self.stopped else UPLOADING

    @property
    def unsent(self) -> bool:
        """There is no batch yet, and there will be one."""
        return self.batch_id is None and not self.stopped

    @property
    def mapped(self) -> bool:
        """Whether the batch has said what it made of its files; null `results` means: ask again."""
        return self.batch_id is None or self.expired or (self.batch is not None and self.batch.results is not None)

    @property
    def ended(self) -> bool:
        if self.batch_id is None:
            return self.stopped
        if self.expired:
            return True
        if self.batch is None:
            return False
        # The first job that is open will do: this is asked several times a Snapshot, of a thousand files.
        running = self.batch.status in TERMINAL and any(self._open())
        return has_ended(self.batch.status, mapped=self.batch.results is not None, running=running)

    def open_jobs(self) -> list[str]:
        """Jobs whose end has not been seen. A terminal job is never asked for again (design.md, decision 4)."""
        return list(self._open())

    def done(self) -> int:
        return sum(file.ended for file in self.sent)

    def take_batch(self, batch: Batch) -> list[Tracked]:
        """What the service says of the batch. Returns the files of which that is news."""
        self.batch, self.batch_id = batch, batch.id
        self.directory_id = batch.source_directory_id
        self.created_at, self.updated_at = batch.created_at, batch.updated_at
        by_id = {file.file_id: file for file in self.sent if file.file_id}
        news: list[Tracked] = []
        for result in batch.results or ():
            # A file that the directory no longer lists still has its result: it is shown by its id.
            file = by_id.get(result.source_directory_file_id)
            if file is None:
                gone = result.source_directory_file_id
                file = Tracked(name=gone, sha256=gone, file_id=gone)
                self.files.append(file)
            if file.result != result:
                file.result = result
                news.append(file)
        if self.directory_name is None and batch.results is not None and batch.status in TERMINAL:
            # What came into the directory after the create is not of this batch.
            self.files = [file for file in self.files if file.result is not None]
        return news

    def take_jobs(self, jobs: Iterable[Job]) -> None:
        by_job = {file.job_id: file for file in self.sent if file.job_id}
        for job in jobs:
            if (file := by_job.get(job.id)) is not None:
                file.job = job

    def take_missing(self, job_ids: set[str]) -> None:
        """Jobs of an ended batch that the service does not list (any more); given up after `PATIENCE` looks."""
        for file in self.sent:
            if file.job_id in job_ids:
                file.missed += 1
                file.lost = file.missed > PATIENCE

    def expire(self) -> None:
        """The service no longer knows the batch: what was seen of it stays, the rest is lost."""
        self.expired = True
        for file in self.sent:
            file.lost = not file.ended

    def _open(self) -> Iterator[str]:
        for file in self.files:
            if file.copy_of is None and file.job_id and file.job_type in FOLLOWED and not file.ended:
                yield file.job_id

    def state(self, attempt: int) -> BatchState:
        return BatchState(
            batch_id=self.batch_id,
            directory_id=self.directory_id,
            phase=self.phase,
            files=len(self.sent),
            attempt=attempt,
            created_at=self.created_at,
            updated_at=self.updated_at,
            ended=self.ended,
        )
