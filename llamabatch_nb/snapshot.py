"""The one immutable state that everything renders: terminal text, static HTML, widgets and frames.

A `Snapshot` says what was known of a run at one moment (`taken_at`), a `FileState` what was known of one file.
What is not known is `None`, never a guess: pages and credits before the job has ended, a file's status while the
service tells nothing of single files.

A run is one batch, or several: a batch takes 1,000 files, and a retry is another batch of the same run. `batches` has
each; `files` has one row a file, its best attempt. `phase`, `batch_id` and the times speak of the run as a whole.

Status words. A batch keeps the API's capitals (``PENDING`` … ``CANCELLED``; contract.md section 1.1) and has one word
of ours before it exists, ``UPLOADING``. A file has the API's job words in lower case, and three of ours: ``waiting``
(not uploaded yet), ``uploaded`` (in the directory, no batch yet) and ``submitted`` (in a batch, and the service tells
nothing of it yet). Words nobody has seen before are kept as they came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from llamabatch_nb.contract.batches import TERMINAL

UPLOADING = "UPLOADING"
TERMINAL_BATCH = TERMINAL
TERMINAL_FILE = frozenset({"completed", "failed", "cancelled"})
#: The order in which statuses are drawn and counted: what is finished first.
FILE_ORDER = ("completed", "failed", "cancelled", "running", "pending", "submitted", "uploaded", "waiting")

ErrorSource = Literal["upload", "mapping", "job"]
#: Where a file's result is read from: this machine's archive, or the service where it could not be kept here (yet).
ResultSource = Literal["service", "archive"]
#: Job types whose end can be looked for. Another word may come one day: its jobs are shown and not waited for.
FOLLOWED = frozenset({None, "parse_v2", "extract_v2"})

#: Every trouble a run can be in. The first six pass or may pass; the rest need somebody.
TroubleKind = Literal[
    "throttled",  # the service asked us to slow down (429), or the batch is THROTTLED
    "offline",  # no answer, or something else answers in the service's place
    "service",  # 5xx: theirs
    "stalled",  # nothing has changed for long
    "asleep",  # this machine slept
    "disk",  # results cannot be kept on this machine
    "key refused",  # 401, 403
    "out of credits",  # 402
    "expired",  # 404: the service no longer knows the batch; what is shown is this machine's copy
    "failed",  # the orchestration FAILED
    "stopped",  # following it has ended for another reason
]


def has_ended(phase: str, *, mapped: bool, running: bool) -> bool:
    """Whether nothing more will change: the one definition, for what is followed and for what is shown of it.

    COMPLETED means mapped, not succeeded (contract.md 1.1), so jobs may still run under it; COMPLETED without results
    means: ask again (1.2). A FAILED batch has no reliable per-file result and ends at once. A batch cancelled early may
    never have results.
    """
    if phase not in TERMINAL_BATCH:
        return False
    return phase == "FAILED" or (not running and (mapped or phase == "CANCELLED"))


def utc(time: datetime) -> datetime:
    """A time without a zone is taken as UTC, as in every frame."""
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Which service a run is on. `label` is what people read, `base_url` what was asked; never a key."""

    label: str
    base_url: str
    local: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong, with a name. `text` is one sentence for people, with what happens or can be done next."""

    kind: TroubleKind
    text: str
    since: datetime | None = None  # of the machine the notebook runs on
    until: datetime | None = None  # when it is tried again, where somebody has said so
    files: tuple[str, ...] = ()  # names: the slowest files of a stalled run

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """What is known of one batch of a run: a part of its files, or a retry of some."""

    batch_id: str | None  # None while its files are uploaded
    directory_id: str | None
    phase: str
    files: int
    attempt: int = 1  # 1 for files sent the first time, 2 for a retry of those that failed …
    created_at: datetime | None = None  # by the server's clock
    updated_at: datetime | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What is known of one source file: its best attempt. Addressed by `name`, the path relative to the folder."""

    name: str
    status: str
    file_id: str | None = None
    size: int | None = None  # bytes
    job_id: str | None = None
    job_type: str | None = None
    error: str | None = None
    error_source: ErrorSource | None = None
    pages: int | None = None  # known once the result is archived
    pages_failed: int | None = None
    characters: int | None = None  # of the text of all pages
    confidence: float | None = None  # the lowest of the pages, or of the values of an extract job; 0 to 1
    result_source: ResultSource | None = None  # where the result is read from; None while there is none
    credits: float | None = None  # as the service reports them; None until it does
    parse_job_id: str | None = None  # the parse job behind an extract job, and its share of the credits
    parse_credits: float | None = None
    batch_id: str | None = None
    attempt: int = 1
    retryable: bool | None = None  # of a failed file: whether trying again may help; None where it has not failed
    copy_of: str | None = None  # name of the identical file that was sent in its place, and whose job this row shows
    unique_id: str | None = None  # the name that whoever put it there gave the file in the directory
    metadata: str | None = None  # what users attached to the file, JSON, keys in order
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL_FILE

    @property
    def duration(self) -> timedelta | None:
        """From server times, which is all the API gives: updated minus created, once the job has ended."""
        if not self.ended or self.created_at is None or self.updated_at is None:
            return None
        return utc(self.updated_at) - utc(self.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was known of a run at `taken_at`. Files are in the order of the directory."""

    name: str | None
    source: str  # the folder as it was given, or the directory's id
    service: Service
    configuration_id: str
    job_type: str
    phase: str  # UPLOADING, or the batch's status as the API says it
    taken_at: datetime  # of the machine the notebook runs on
    files: tuple[FileState, ...] = ()
    project_id: str | None = None
    directory_id: str | None = None
    batch_id: str | None = None
    created_at: datetime | None = None  # of the batch, by the server's clock
    updated_at: datetime | None = None
    estimated_done: int | None = None  # from job lists, while the service tells nothing of single files
    rate: float | None = None  # files a second, from files seen to end
    eta: datetime | None = None
    trouble: Trouble | None = None
    batches: tuple[BatchState, ...] = ()  # in the order they were sent
    credits_elsewhere: float = 0.0  # of attempts whose files have a better one
    rest: int | None = 0  # files of the source that are not in this run yet, for `run.rest()`; None: not known
    mapped: bool = True  # whether the batch has said what it made of its files; null `results` means: ask again

    @property
    def counts(self) -> Mapping[str, int]:
        """How many files have each status, in `FILE_ORDER`, unknown words last; zeros are left out."""
        seen = Counter(file.status for file in self.files)
        known = {word: seen.pop(word) for word in FILE_ORDER if word in seen}
        return known | dict(sorted(seen.items()))

    @property
    def done(self) -> int:
        """Files whose job has ended, whatever its end."""
        return sum(file.ended for file in self.files)

    @property
    def pages(self) -> int | None:
        """Pages of the files whose pages are known; None when none is."""
        known = [file.pages for file in self.files if file.pages is not None]
        return sum(known) if known else None

    @property
    def credits(self) -> float | None:
        """Credits reported so far, each job once: copies share one, and several extract jobs may share a parse job.

        A shared parse cost is repeated in each extract job (contract.md section 6). None before anything is reported;
        `credits_missing` says how much of the truth this is.
        """
        own: dict[str, float] = {}
        shared: dict[str, float] = {}
        for file in self.files:
            if file.credits is None:
                continue
            key = file.job_id or file.name
            parse = file.parse_credits or 0.0
            if file.parse_job_id is not None:
                shared[file.parse_job_id] = max(parse, shared.get(file.parse_job_id, 0.0))
                own[key] = file.credits - parse
            else:
                own[key] = file.credits
        if not own:
            return self.credits_elsewhere or None
        return sum(own.values()) + sum(shared.values()) + self.credits_elsewhere

    @property
    def credits_missing(self) -> int:
        """Completed files whose credits the service has not reported yet."""
        return sum(file.status == "completed" and file.credits is None for file in self.files)

    @property
    def ended(self) -> bool:
        """Nothing more will change: every batch is terminal and so are its jobs. See `has_ended`."""
        if self.batches:
            return all(batch.ended for batch in self.batches)
        running = any(file.job_id is not None and not file.ended and file.job_type in FOLLOWED for file in self.files)
        return has_ended(self.phase, mapped=self.mapped, running=running)

    @property
    def elapsed(self) -> timedelta | None:
        """Since the batch was created; by the server's clock once it has ended."""
        if self.created_at is None:
            return None
        end = self.updated_at if self.ended and self.updated_at else self.taken_at
        return max(utc(end) - utc(self.created_at), timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One run of the history: what the journal and the service know of it together. What neither knows is None."""

    service: str  # the label of the service it ran on
    configuration_id: str
    job_type: str
    phase: str  # UPLOADING, or the run's status as the API says it
    name: str | None = None
    source: str | None = None
    batch_id: str | None = None  # of the first batch; None while files are uploaded
    batches: int = 1
    files: int | None = None
    completed: int | None = None
    failed: int | None = None
    pages: int | None = None
    credits: float | None = None  # as reported so far
    created_at: datetime | None = None  # by the server's clock
    updated_at: datetime | None = None
    parent: str | None = None  # lineage: `rerun of bat-1`
    in_journal: bool = False
    on_service: bool = False
    directory_id: str | None = None
