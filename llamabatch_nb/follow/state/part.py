"""A part of a run: one directory, one batch, and the files in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from llamabatch_nb.contract.batches import TERMINAL, Batch
from llamabatch_nb.contract.directories import DirectoryType
from llamabatch_nb.follow.journal.rows import Relation
from llamabatch_nb.follow.state.tracked import Job, Told, Tracked
from llamabatch_nb.snapshot import FOLLOWED, UPLOADING, BatchState, has_ended

#: Looks at an ended batch in which a job may be missing from the lists before it is asked for by itself.
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
    leaving: bool = False  # whoever follows it leaves: no outage is sat out, and no other kernel waited for
    failure: Exception | None = None  # what ended its sending, here and till it is tried again
    missing_since: float | None = None  # by the clock of `Watch`: since when the service has not known the batch
    expired: bool = False  # the service no longer knows the batch
    dropped: list[str] = field(default_factory=list)  # names of files that turned out not to be of this batch

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
    def unseen(self) -> bool:
        """The service no longer knows the batch, and nobody has seen its end: it may run, for another project's key."""
        if not self.expired or self.phase == "FAILED":
            return False
        return self.phase not in TERMINAL or any(self._open())

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

    @property
    def told(self) -> Told:
        gone = self.batch_id is None or self.expired or (self.batch is not None and self.batch.status in TERMINAL)
        return Told(self.phase, self.batch_id, gone, self.unseen)

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
                file.result = result.lean()
                news.append(file)
        if self.directory_name is None and batch.results and batch.status == "COMPLETED":
            # What came into the directory after the create is not of this batch. (One that was cancelled may have
            # results for none or some of its files.)
            dropped = [file.name for file in self.files if file.result is None]
            if dropped:
                self.dropped += dropped
                self.files = [file for file in self.files if file.result is not None]
        return news

    def take_jobs(self, jobs: Iterable[Job]) -> None:
        by_job = {file.job_id: file for file in self.sent if file.job_id}
        for job in jobs:
            if (file := by_job.get(job.id)) is not None:
                file.job, file.missed, file.lost = job.lean(), 0, False

    def take_missing(self, job_ids: set[str]) -> list[str]:
        """Jobs of an ended batch that the service does not list (any more). Returns those it should be asked for."""
        for file in self.sent:
            if file.job_id in job_ids:
                file.missed += 1
        return [file.job_id for file in self.sent if file.job_id in job_ids and file.missed > PATIENCE]

    def lose(self, job_id: str) -> None:
        """The service does not know that job any more."""
        for file in self.sent:
            if file.job_id == job_id:
                file.lost = True

    def expire(self) -> None:
        """The service no longer knows the batch: what was seen of it stays, and if its end was, the rest is lost."""
        self.expired = True
        if not self.unseen:
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
