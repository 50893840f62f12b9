"""What is seen of a run goes to the journal once, and comes back from there another day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import TERMINAL, ParseJob
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import FileRow
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.state.tracked import Job, Tracked


class Memory:
    """Of one run: jobs that were seen to end are not asked for again, and outlive the service's memory of them."""

    def __init__(self, journal: Journal, service: str, job_type: str) -> None:
        self._journal = journal
        self._service = service
        self._model = ExtractJob if job_type == "extract_v2" else ParseJob
        self._asked: set[str] = set()
        self._jobs: dict[str, Job] = {}  # as they are in the journal
        self._batches: dict[int, object] = {}

    def recall(self, job_ids: Sequence[str]) -> list[Job]:
        """Those of the jobs that ended another day. Each is looked up once."""
        new = [job_id for job_id in job_ids if job_id not in self._asked]
        self._asked |= set(new)
        ended = self._journal.jobs(self._service, new)
        found: list[Job] = [self._model.model_validate_json(text).lean() for text in ended.values()]
        self._jobs |= {job.id: job for job in found}
        return found

    def mapped(self, part: Part, files: Sequence[Tracked]) -> None:
        """What a look at the batch has brought."""
        assert part.batch is not None
        seen = (part.batch.status, part.batch.updated_at)
        if self._batches.get(part.id) != seen:
            self._batches[part.id] = seen
            self._journal.batch_seen(
                part.id, part.batch.status, _text(part.batch.created_at), _text(part.batch.updated_at)
            )
        if files:
            self._journal.files_mapped(part.id, [_row(file) for file in files])
        if part.dropped:
            self._journal.files_dropped(part.id, part.dropped)
            part.dropped = []

    def remember(self, state: RunState) -> None:
        """Jobs that have ended, and those whose credits have come since."""
        new = {
            file.job.id: file.job
            for part in state.parts
            for file in part.sent
            if file.job is not None and file.job.status in TERMINAL and self._jobs.get(file.job.id) is not file.job
        }
        if new:
            self._journal.jobs_ended(self._service, {job_id: job.model_dump_json() for job_id, job in new.items()})
            self._jobs |= new


def _row(file: Tracked) -> FileRow:
    return FileRow(
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        file_id=file.file_id,
        job_id=file.job_id,
        job_type=file.job_type,
        mapping_error=file.result.error_message if file.result else None,
    )


def _text(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()
