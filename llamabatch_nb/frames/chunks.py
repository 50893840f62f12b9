"""A frame of many documents, some of them at a time: what is held at once does not grow with the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from llamabatch_nb.frames.schema import Schema
from llamabatch_nb.snapshot import Snapshot

#: Documents of one frame, as long as they have fewer rows than `ROWS` together.
DOCUMENTS = 1000
#: No further documents are added to a frame of so many rows: pages of some 5 kB each come to 50 MB.
ROWS = 10_000
#: Documents whose results are held at once. A result with its items takes ten times the memory of its rows.
WINDOW = 64

#: A frame of a Snapshot and of the results of its jobs, by job id.
Make = Callable[[Snapshot, Mapping[str, Any]], pd.DataFrame]
#: The results of those of a Snapshot's files that have one, by job id.
Read = Callable[[Snapshot], Mapping[str, Any]]


class Chunk(NamedTuple):
    """The rows of the files from `start` up to, and without, `stop`; `part` is the Snapshot with these files only."""

    start: int
    stop: int
    part: Snapshot
    frame: pd.DataFrame


def chunks(
    make: Make, schema: Schema, snapshot: Snapshot, read: Read, *, start: int = 0, documents: int = DOCUMENTS
) -> Iterator[Chunk]:
    """Frames of `documents` files at most, in directory order, from the file at `start`; their index begins at 0 each.

    A frame holds fewer documents where these have many rows, and one document at least. There is always one frame, if
    need be without rows. ``attrs`` are those of `make`; ``complete`` says it of the frame's own files.
    """
    stop = start
    while stop == start or stop < len(snapshot.files):
        begun, rows, frames = stop, 0, list[pd.DataFrame]()
        while not frames or (stop < min(begun + documents, len(snapshot.files)) and rows < ROWS):
            first, stop = stop, min(stop + WINDOW, begun + documents, len(snapshot.files))
            some = replace(snapshot, files=snapshot.files[first:stop])
            frames.append(make(some, read(some)))
            rows += len(frames[-1])
        yield Chunk(begun, stop, replace(snapshot, files=snapshot.files[begun:stop]), joined(frames, schema))
        if stop == begun:
            return


def joined(frames: Sequence[pd.DataFrame], schema: Schema) -> pd.DataFrame:
    """Frames of one run and schema, one at least, as one: complete if all of them are."""
    # Without the empty ones: pandas 2 warns where such might decide a dtype.
    whole = pd.concat([frame for frame in frames if len(frame)] or [schema.empty()], ignore_index=True)
    complete = all(frame.attrs["complete"] == "true" for frame in frames)
    whole.attrs = {**frames[0].attrs, "complete": "true" if complete else "false"}
    return whole
