"""What travels to a worker and back: picklable, and as small as it can be (design.md, decision 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llamabatch_nb.engine.extractors.base import Extractor
from llamabatch_nb.engine.extractors.plugins import called_by
from llamabatch_nb.engine.parsers.base import ParseOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One job of one file. `fence` comes back untouched, `name` is what people call it, `path` where its bytes lie.

    `seconds` is the least that the job takes, the work included: time is a parameter of the engine (decision 13).
    """

    job_id: str
    fence: int
    path: str
    name: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseTask(Task):
    """A file to read. `images` is the folder for its page images, where `options` ask for some."""

    options: ParseOptions
    images: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractTask(Task):
    """A file to extract from. `payload` is what its parse job made of it, `parameters` those of ``extract_v2``.

    `extractor` is a callable that the engine was given, the name of an entry point, or None for the shipped one.
    """

    payload: bytes
    parameters: Mapping[str, Any]
    extractor: Extractor | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task: either `error` (a sentence, without the name) and `reason` (a code), or the other fields.

    `characters` counts those of the pages' text, of a parse. `payload` is what `parsers.read_payload` or
    `extractors.read_payload` reads.
    """

    job_id: str
    fence: int
    error: str | None = None
    reason: str | None = None
    pages: int | None = None
    pages_failed: int | None = None
    characters: int | None = None
    payload: bytes | None = None


def plugged(task: Task) -> str | None:
    """What people call the extractor whose code the task runs; None where all of it is the engine's own."""
    return called_by(task.extractor) if isinstance(task, ExtractTask) and task.extractor is not None else None


def failed(task: Task, reason: str, message: str) -> Outcome:
    return Outcome(job_id=task.job_id, fence=task.fence, error=message, reason=reason)
