"""After a run: its failures once more, or its files with another configuration. Nothing is uploaded here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from llamabatch_nb.errors import InputError, SourceError
from llamabatch_nb.follow.attach import part_of
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import FileRow, NewPart
from llamabatch_nb.follow.sending.orders import chunks
from llamabatch_nb.follow.sending.send import directory_name
from llamabatch_nb.follow.sources.failures import retryable
from llamabatch_nb.follow.sources.source import Source, SourceFile
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import Row, RunState
from llamabatch_nb.follow.state.tracked import Tracked


def failed(state: RunState, *, hopeless: bool = False) -> list[Row]:
    """Files whose best attempt has come to nothing, each content once; the `hopeless` ones too if asked for.

    What was cancelled with its whole batch is among them; what was cancelled on its own is `hopeless`. Of a FAILED
    batch nothing is known of single files, so all that have no completed job are of them.
    """
    seen: set[int] = set()
    found: list[Row] = []
    for row in state.rows():
        over = row.file.ended or (row.part.ended and (hopeless or not row.part.unseen))
        if not over or row.file.completed or id(row.file) in seen:
            continue
        seen.add(id(row.file))
        shown = row.state
        if shown.status == "cancelled":
            again = hopeless or row.part.phase == "CANCELLED"
        else:
            again = (
                hopeless or shown.status != "failed" or retryable(shown.error, shown.error_source, lost=row.file.lost)
            )
        if again:
            found.append(row)
    return found


def add_retry(journal: Journal, state: RunState, files: Iterable[FileRow], *, known: int) -> bool:
    """Another attempt at these files, as further parts of the run. False: it has not `known` parts any more."""
    return journal.add_parts(
        state.id,
        [
            NewPart(
                relation="retry",
                files=chunk,
                directory_name=directory_name(state.name or state.source),
                directory_type=state.parts[0].directory_type,
            )
            for chunk in chunks(list(files))
        ],
        known=known,
    )


def retried(state: RunState, rows: Iterable[Row]) -> list[FileRow]:
    """The same files once more: by the service's file where there is one."""
    names = _names(state)
    return [replace(_of(row.file), name=names[id(row.file)]) for row in rows]


def replacements(replace_with: Mapping[str, str | os.PathLike[str]]) -> dict[str, FileRow]:
    """What goes in the place of files, by the name that was given for them. Reads the files.

    Raises:
        SourceError: no such file on this machine, or it cannot be read.

    """
    found: dict[str, FileRow] = {}
    for name, given in replace_with.items():
        if not isinstance(name, str) or not isinstance(given, (str, os.PathLike)):
            raise SourceError(f"A file goes in the place of one by name and path, not {name!r}: {given!r}.")
        path = Path(given).expanduser().absolute()
        try:
            with path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
                found[name] = FileRow(name=name, size=content.tell(), sha256=digest, path=str(path))
        except OSError as error:
            raise SourceError(
                f"There is no file {str(given)!r} to send in place of {name!r} ({error.strerror or error}): check the "
                "path."
            ) from None
    return found


def replaced(state: RunState, files: Mapping[str, FileRow]) -> list[FileRow]:
    """The same under the names of the run's rows, a copy's too: it is another file from now on.

    Those that have gone there before and are done, or on their way, are left out: a cell may be run again.

    Raises:
        SourceError: no such file in the run, or one that is named twice.
        InputError: a file that is still on its way.

    """
    found: dict[str, FileRow] = {}
    for given, file in files.items():
        name, row = full_name(state, given), row_named(state, given)
        if name in found:
            raise SourceError(f"{name!r} is named twice: give one file that goes in its place.")
        if _there(state, name, row, file.sha256):
            continue
        if not (row.file.ended or row.part.ended):
            raise InputError(f"{given!r} is still on its way ({row.state.status}): wait for it, or cancel it first.")
        found[name] = replace(file, name=name)
    return list(found.values())


def _there(state: RunState, name: str, shown: Row, sha256: str) -> bool:
    attempts = [(file, part) for part in state.parts for file in part.files if file.name == name]
    return any(
        file.sha256 == sha256 and (file.completed or not (file.ended or part.ended or file.copy_of is not None))
        for file, part in [(shown.file, shown.part), *attempts]
    )


def row_named(state: RunState, name: str) -> Row:
    """By relative path; a bare name where only one file has it.

    Raises:
        SourceError: no such file, or several.

    """
    return state.rows()[state.names().index(full_name(state, name))]


def full_name(state: RunState, name: str) -> str:
    """A row's name, the relative path: from that, or from a bare name where only one file has it.

    Raises:
        SourceError: no such file, or several.

    """
    names = state.names()
    if name not in names:
        candidates = [one for one in names if one.rsplit("/", 1)[-1] == name]
        if len(candidates) > 1:
            listed = ", ".join(map(repr, candidates[:5]))
            raise SourceError(f"{name!r} is the name of {len(candidates)} files: give the path, one of {listed}.")
        if not candidates:
            raise SourceError(f"The run has no file {name!r}: run.files()['name'] lists them.")
        return candidates[0]
    return name


def source_of(state: RunState, journal: Journal) -> tuple[Source, tuple[FileRow, ...]]:
    """A run's files as something to submit with another configuration: by the service's file where there is one.

    Where another file went in the place of one, it is that one.
    """
    row = journal.run(state.id)
    names = _names(state)
    shown = zip(state.names(), (row.file for row in state.rows()), strict=True)
    files = [
        replace(_of(file), name=name, copy_of=None if names[id(file)] == name else names[id(file)])
        for name, file in shown
    ]
    source = Source(
        label=row.label,
        key=row.source,
        files=tuple(files_of(files)),
        kind=row.kind,
        options=row.options,
    )
    return source, tuple(files)


def files_of(rows: Iterable[FileRow]) -> list[SourceFile]:
    """As something whose pages are counted, and priced."""
    return [
        SourceFile(
            name=file.name,
            size=file.size,
            sha256=file.sha256,
            path=None if file.path is None else Path(file.path),
            file_id=file.source_file_id,
            copy_of=file.copy_of,
        )
        for file in rows
    ]


def _names(state: RunState) -> dict[int, str]:
    """By which name each shown file goes, by `id`: its own, or a copy's where its own has another content by now."""
    rows = [(name, row.file) for name, row in zip(state.names(), state.rows(), strict=True)]
    rows.sort(key=lambda one: one[0] == one[1].name)
    return {id(file): name for name, file in rows}


def _of(file: Tracked) -> FileRow:
    return FileRow(
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        path=None if file.path is None else str(file.path),
        source_file_id=file.service_file_id or file.source_file_id,
        metadata=file.metadata,
    )


def new_parts(journal: Journal, state: RunState, *, resumed: bool) -> list[Part]:
    """The parts of the run that its state does not have yet, which are taken into it.

    `resumed`: by somebody else, who may have sent some of it.
    """
    known = {part.id for part in state.parts}
    new = [part_of(journal, row, resumed=resumed) for row in journal.parts(state.id) if row.id not in known]
    state.parts += new
    return new
