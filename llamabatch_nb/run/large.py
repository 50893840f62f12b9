"""Frames of runs that do not fit in memory: an iteration, and a folder of Parquet parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from llamabatch_nb.errors import InputError
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.follow.watching.walk import Walk
from llamabatch_nb.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from llamabatch_nb.frames.chunks import Make
    from llamabatch_nb.frames.schema import Schema

#: Frames that grow with what is in the documents, and whose columns are the same for all runs.
LargeFrame = Literal["pages", "items", "evidence"]
#: Told how many files are written, and of how many.
Progress = Callable[[int, int], None]


def iter_pages(follower: Follower, *, documents: int | None = None) -> Iterator[pd.DataFrame]:
    """The `pages` frame, some documents at a time; see `Run.iter_pages`."""
    from llamabatch_nb.frames import chunks

    if follower.state.job_type == "extract_v2":
        raise InputError(
            "A run of type extract_v2 has no pages: call run.records(), run.evidence() or "
            'run.to_parquet(folder, frame="evidence").'
        )
    make, schema = made("pages", follower.state.job_type)
    documents = _checked(documents)
    return (
        chunk.frame
        for chunk in chunks.chunks(make, schema, *_walked(follower), documents=documents or chunks.DOCUMENTS)
    )


def to_parquet(
    follower: Follower,
    folder: str | os.PathLike[str],
    *,
    frame: LargeFrame | None = None,
    documents: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """A frame as a folder of Parquet parts; see `Run.to_parquet`."""
    from llamabatch_nb.frames import chunks
    from llamabatch_nb.frames.partitions import Partitions

    make, schema = made(frame, follower.state.job_type)
    documents = _checked(documents)
    snapshot, read = _walked(follower)
    with Partitions(folder, schema, snapshot, overwrite=overwrite) as parts:
        if parts.empty or parts.done < len(snapshot.files):
            for chunk in chunks.chunks(
                make, schema, snapshot, read, start=parts.done, documents=documents or chunks.DOCUMENTS
            ):
                parts.add(chunk)
                if progress is not None:
                    progress(parts.done, len(snapshot.files))
        return parts.finish()


def made(frame: str | None, job_type: str) -> tuple[Make, Schema]:
    """What makes a frame, and its schema; None: of the ``evidence`` of an extraction, else of the ``pages``.

    Raises:
        InputError: there is no such frame, or runs of that type have none.

    """
    from llamabatch_nb import frames
    from llamabatch_nb.frames.declared import SCHEMAS

    if frame is None:
        frame = "evidence" if job_type == "extract_v2" else "pages"
    known = get_args(LargeFrame)
    if frame not in known:
        raise InputError(f"There is no frame {frame!r} for large runs: frame= is one of {', '.join(map(repr, known))}.")
    if (frame == "evidence") != (job_type == "extract_v2"):
        wanted = "'evidence'" if job_type == "extract_v2" else "'pages' or 'items'"
        raise InputError(f"A run of type {job_type} has no {frame}: ask for frame={wanted}.")
    make: Make = getattr(frames, frame)
    return make, SCHEMAS[frame]


def _walked(follower: Follower) -> tuple[Snapshot, Callable[[Snapshot], Mapping[str, Any]]]:
    """The run as it is now, and what reads the results of a part of it."""
    loop = follower.core.loop

    async def begin() -> Walk:
        return Walk(follower)

    walk = loop.run(begin)
    return walk.snapshot, lambda some: loop.run(partial(walk.results, some))


def _checked(documents: int | None) -> int | None:
    if documents is not None and (not isinstance(documents, int) or isinstance(documents, bool) or documents < 1):
        raise InputError(f"documents= is how many documents a part may hold, 1 or more, not {documents!r}.")
    return documents
