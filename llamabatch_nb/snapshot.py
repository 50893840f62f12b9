"""The one immutable state that everything renders: terminal text, static HTML, widgets and frames.

A `Snapshot` says what was known of a run at one moment (`taken_at`), a `FileState` what was known of one file.
What is not known is `None`, never a guess: pages and credits before the job has ended, a file's status while the
service tells nothing of single files.

Status words. A batch keeps the API's capitals (``PENDING`` … ``CANCELLED``; contract.md section 1.1) and has one word
of ours before it exists, ``UPLOADING``. A file has the API's job words in lower case, and three of ours: ``waiting``
(not uploaded yet), ``uploaded`` (in the directory, no batch yet) and ``submitted`` (in a batch, and the service tells
nothing of it yet). Words nobody has seen before are kept as they came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

UPLOADING = "UPLOADING"
TERMINAL_BATCH = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
TERMINAL_FILE = frozenset({"completed", "failed", "cancelled"})
#: The order in which statuses are drawn and counted: what is finished first.
FILE_ORDER = ("completed", "failed", "cancelled", "running", "pending", "submitted", "uploaded", "waiting")

ErrorSource = Literal["upload", "mapping", "job"]
#: Job types whose end is looked for. Extract jobs are not followed yet.
FOLLOWED = frozenset({None, "parse_v2"})


def has_ended(phase: str, *, mapped: bool, running: bool) -> bool:
    """Whether nothing more will change: the one definition, for what is followed and for what is shown of it.

    COMPLETED means mapped, not succeeded (contract.md 1.1), so jobs may still run under it; COMPLETED without results
    means: ask again (1.2). A FAILED batch has no reliable per-file result and ends at once. A batch cancelled early may
    never have results.
    """
    if phase not in TERMINAL_BATCH:
        return False
    return phase == "FAILED" or (not running and (mapped or phase == "CANCELLED"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Which service a run is on. `label` is what people read, `base_url` what was asked; never a key."""

    label: str
    base_url: str
    local: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What is known of one source file. Files are addressed by `name`, the path relative to the folder."""

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
    credits: float | None = None  # as the service reports them; None until it does
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
        return self.updated_at - self.created_at


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
    trouble: str | None = None  # one sentence: offline, asked to slow down, out of credits
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
        known = [file.credits for file in self.files if file.credits is not None]
        return sum(known) if known else None

    @property
    def ended(self) -> bool:
        """Nothing more will change: the batch is terminal and so are its jobs. See `has_ended`."""
        running = any(file.job_id is not None and not file.ended and file.job_type in FOLLOWED for file in self.files)
        return has_ended(self.phase, mapped=self.mapped, running=running)

    @property
    def elapsed(self) -> timedelta | None:
        """Since the batch was created; by the server's clock once it has ended."""
        if self.created_at is None:
            return None
        end = self.updated_at if self.ended and self.updated_at else self.taken_at
        return max(end - self.created_at, timedelta(0))
