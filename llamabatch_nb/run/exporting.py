"""Exporting a run: which frames go into which file, and a line that says how far it is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from llamabatch_nb.errors import ExportError
from llamabatch_nb.follow.watching.archive import JobResult
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.follow.watching.walk import Walk
from llamabatch_nb.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

#: Frames that need no job results, and those of each type of job, the one that is written unless told first.
_OF_ALL = ("files", "results", "events")
_OF_PARSE = ("pages", "tables", "items")
_OF_EXTRACT = ("records", "evidence")
#: What a report has no room for: other views of what `files` says.
_NOT_REPORTED = frozenset({"results", "events"})
#: Results that are asked for between two words of how far it is.
_AT_ONCE = 200
#: Seconds before anything is said, and between two words.
_PATIENCE, _EVERY = 2.0, 0.2


def export(
    follower: Follower,
    path: str | os.PathLike[str],
    *,
    frame: str | None,
    overwrite: bool,
    safe_for_spreadsheets: bool,
) -> Path:
    """Frames of a run as a file or a folder; see `Run.export`."""
    from llamabatch_nb import frames
    from llamabatch_nb.frames.export.target import SINGLE, is_folder

    snapshot = follower.snapshot
    wanted = names(path, frame, snapshot.job_type)
    if frame is None and not is_folder(path) and Path(path).suffix.lower() in SINGLE:
        (frame,) = wanted  # records bring the frames of their arrays along
    # Before the results are fetched.
    frames.target(path, overwrite=overwrite, partial=not snapshot.ended)
    with Line() as line:
        jobs = _jobs(follower, snapshot, line) if set(wanted) - set(_OF_ALL) else {}
        snapshot = follower.snapshot
        made = _made(snapshot, jobs, wanted)
        if frame is not None:
            made = _one(made, frame)
        written = frames.export_all(
            made,
            path,
            about=snapshot,
            overwrite=overwrite,
            safe_for_spreadsheets=safe_for_spreadsheets,
            progress=line,
        )
    if not snapshot.ended or any(one.attrs.get("complete") == "false" for one in made.values()):
        print(f"{written} is PARTIAL: {snapshot.done:,} of {len(snapshot.files):,} files had ended.")  # noqa: T201
    return written


def names(path: str | os.PathLike[str], frame: str | None, job_type: str) -> tuple[str, ...]:
    """The frames that go to `path`, by name; of records all, as they are made together.

    Raises:
        ExportError: runs of that type have no such frame, or a folder is meant, which has no frames.

    """
    from llamabatch_nb.frames.export.target import SINGLE, is_folder

    own = _OF_EXTRACT if job_type == "extract_v2" else _OF_PARSE
    if is_folder(path):
        if frame is not None:
            raise ExportError(
                f"A folder has a .md a document, and no frame {frame!r}: leave frame= out, or name a file."
            )
        return ("files", own[0])
    if frame is not None:
        name = frame.partition(".")[0]
        if name not in (*_OF_ALL, *own) or name not in {frame, "records"}:
            kind = "An extraction" if job_type == "extract_v2" else "A parse run"
            raise ExportError(f"{kind} has no frame {frame!r}: frame= is one of {', '.join((*own, *_OF_ALL))}.")
        return (name,)
    suffix = Path(path).suffix.lower()
    if suffix in SINGLE:
        return (own[0],)
    return tuple(name for name in ("files", *own, *_OF_ALL[1:]) if suffix != ".html" or name not in _NOT_REPORTED)


def _jobs(follower: Follower, snapshot: Snapshot, line: Line) -> Mapping[str, JobResult]:
    loop = follower.core.loop

    async def begin() -> Walk:
        return Walk(follower)

    walk = loop.run(begin)
    found: dict[str, JobResult] = {}
    for start in range(0, len(snapshot.files), _AT_ONCE):
        some = replace(snapshot, files=snapshot.files[start : start + _AT_ONCE])
        line(start, len(snapshot.files), "results")
        found.update(loop.run(lambda some=some: walk.results(some)))  # type: ignore[misc]
    return found


def _made(snapshot: Snapshot, jobs: Mapping[str, JobResult], wanted: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    from llamabatch_nb import frames

    made: dict[str, pd.DataFrame] = {}
    for name in wanted:
        if name == "records":
            records = frames.records(snapshot, jobs)
            made |= {str(one.attrs["schema"]): one for one in records.values()}
        elif name == "tables":
            made[name] = frames.tables(snapshot, jobs).index
        elif name in {"results", "events"}:
            made[name] = frames.results(snapshot) if name == "results" else frames.events(snapshot)
        else:
            make: Callable[..., pd.DataFrame] = getattr(frames, name)
            made[name] = make(snapshot, jobs)
    return made


def _one(made: Mapping[str, pd.DataFrame], frame: str) -> dict[str, pd.DataFrame]:
    if frame not in made:
        raise ExportError(f"There are no {frame}: frame= is one of {', '.join(made)}.")
    return {frame: made[frame]}


class Line:
    """How far it is, in a notebook or a terminal, once it takes long; elsewhere nothing. Gone at the end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, out: IO[str] | None = None) -> None:
        self._clock = clock
        self._out = out or (sys.stdout if _is_seen() else None)
        self._next = clock() + _PATIENCE
        self._length = 0

    def __call__(self, done: int, total: int, what: str) -> None:
        if self._out is None or self._clock() < self._next:
            return
        self._next = self._clock() + _EVERY
        self._say(f"{what}: {done:,} of {total:,}" if what else f"{done:,} of {total:,}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._length:
            self._say("")

    def _say(self, text: str) -> None:
        if self._out is not None:
            # A name of a document may be long, and may steer a terminal.
            shown = "".join(character if character.isprintable() else "_" for character in text[-70:])
            self._out.write(f"\r{shown.ljust(self._length)}" if shown else f"\r{' ' * self._length}\r")
            self._out.flush()
            self._length = len(shown)


def _is_seen() -> bool:
    if sys.stdout.isatty():
        return True
    ipython = sys.modules.get("IPython")  # a kernel has imported it
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
