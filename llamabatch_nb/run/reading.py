"""Documents to submit, read from this machine or listed from a directory of the service."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from llamabatch_nb.client.core import Core
from llamabatch_nb.errors import InputError
from llamabatch_nb.follow.home import home
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import FileRow
from llamabatch_nb.follow.sending.submit import directory_source
from llamabatch_nb.follow.sources.source import Source, read_source

#: What `submit` takes: a folder, a file, a glob, a directory's id; or several paths, open files, (name, bytes) pairs.
Documents = (
    str
    | os.PathLike[str]
    | IO[bytes]
    | Iterable[str | os.PathLike[str]]
    | Iterable[IO[bytes]]
    | Iterable[tuple[str, bytes]]
    | Iterable[tuple[str, IO[bytes]]]
)


def read(core: Core, source: Documents, **options: Any) -> tuple[Source, tuple[FileRow, ...] | None]:
    """The source, and of a directory of the service the rows of its files."""
    if isinstance(source, str) and source.startswith("dir-") and not Path(source).exists():
        directory_id = source
        return core.loop.run(lambda: directory_source(core, directory_id))
    return read_source(source, spool=home() / "spool", **options), None


def read_again(core: Core, journal: Journal, run: int, given: Source | None) -> Source:
    """A run's source as it is today: the one `given` last, else the one that it was submitted with.

    Raises:
        InputError: it was a list or open files, which nobody else can name.

    """
    row = journal.run(run)
    kind, key, options = (
        (row.kind, row.source, row.options) if given is None else (given.kind, given.key, given.options)
    )
    if kind in {"path", "directory"} and key is not None:
        return read(core, key, **options)[0]
    if given is not None:
        return given
    raise InputError(
        "What was submitted cannot be read again from here, as it was no folder or pattern: submit all of it "
        f"with configuration={row.configuration_id!r}; what comes back is this run, and its rest() sends what "
        "is not in it."
    )
