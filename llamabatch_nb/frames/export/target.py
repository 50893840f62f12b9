"""Where an export goes, and how it gets there: whole or not at all, and over nothing that it was not told to replace.

A folder is written beside its target and renamed, as a file is. One that stands there is replaced only if an export
made it: its manifest says so, and nothing lies in it that the manifest does not name. No system call swaps two folders
everywhere, so there is a moment in which the old one is already away; a failure there puts it back.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from llamabatch_nb.errors import ExportError

#: The file by which a folder of ours is known.
MANIFEST = "manifest.json"
MADE_BY = "llamabatch-nb"
#: Formats that hold one frame, and those that hold all of a run's.
SINGLE = (".csv", ".jsonl", ".parquet")
WHOLE = (".html", ".xlsx")
#: These have no place for anything but rows, so that the mark of a partial export is in the file's name.
UNMARKED = frozenset({".csv", ".jsonl"})


def target(path: str | os.PathLike[str], *, overwrite: bool, partial: bool = False) -> Path:
    """Where `export_all` writes, if it can write there: asked before the work of a frame is done.

    `partial`: what is written is not all there will be, which CSV and JSONL say by their name (``a.partial.csv``).

    Raises:
        ExportError: as `export_all` would.

    """
    if is_folder(path):
        with _asked(path):
            return _folder(Path(path).expanduser(), overwrite=overwrite)
    return file_target(path, overwrite=overwrite, partial=partial)


def file_target(path: str | os.PathLike[str], *, overwrite: bool, partial: bool = False) -> Path:
    """Where `export` writes, if it can write there.

    Raises:
        ExportError: another suffix, no such folder, a folder or, without `overwrite`, a file of that name.

    """
    with _asked(path):
        return _file(Path(path).expanduser(), overwrite=overwrite, partial=partial)


def _file(path: Path, *, overwrite: bool, partial: bool) -> Path:
    suffix = path.suffix.lower()
    if suffix not in SINGLE + WHOLE:
        *most, last = sorted(SINGLE + WHOLE)
        raise ExportError(f"{path} has no suffix that can be written: end its name in {', '.join(most)} or {last}.")
    if partial and suffix in UNMARKED and not path.stem.endswith(".partial"):
        path = path.with_name(f"{path.stem}.partial{path.suffix}")
    _parent(path)
    if path.is_dir():
        raise ExportError(f"{path} is a folder: name a file in it.")
    if path.exists() and not overwrite:
        raise _exists(path)
    return path


def _exists(path: Path) -> ExportError:
    return ExportError(f"{path} exists already: pass overwrite=True to replace it.")


@contextmanager
def _asked(path: str | os.PathLike[str]) -> Iterator[None]:
    """A name that no disk takes is refused at the first question about it: too long, or with a zero byte."""
    if "\0" in os.fspath(path):  # asked whether there is such a file, Python says no, and no more
        raise ExportError(f"{os.fspath(path)[:100]!r} cannot be written to (it has a zero byte): choose another name.")
    try:
        yield
    except ExportError:  # which is a ValueError too
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ExportError(f"{os.fspath(path)[:100]!r} cannot be written to ({reason}): choose another name.") from error


def is_folder(path: str | os.PathLike[str]) -> bool:
    """A folder of documents is meant: the path ends in a slash, or its name has no dot."""
    return os.fspath(path).endswith(("/", os.sep)) or "." not in Path(path).name


def replaced(path: Path, write: Callable[[IO[bytes]], None], *, overwrite: bool) -> None:
    """`path` with what `write` writes, synced, or as it was; so too where it has appeared since `target` was asked."""
    # A short name of its own: the target's may be as long as the file system allows. Mode "x" obeys the umask, where
    # tempfile would leave a file that colleagues cannot read.
    partial = path.parent / f".{uuid4().hex}.partial"
    try:
        with partial.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            partial.replace(path)
        else:
            _named(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _named(made: Path, path: Path) -> None:
    """Give a file its name, which must be free: a link is refused where a rename would replace."""
    try:
        os.link(made, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:  # a disk without links
        if path.exists():
            raise _exists(path) from None
        made.replace(path)
    else:
        made.unlink()


@contextmanager
def replaced_folder(path: Path, *, overwrite: bool) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A new folder to write into and what its manifest will say: at the end it is `path`, or all is as it was.

    Single files are not synced: 20,000 of them would wait for the disk 20,000 times. A killed process leaves no half
    folder under the name; a power cut may.
    """
    partial = path.parent / f".{uuid4().hex}.partial"
    partial.mkdir()
    try:
        manifest: dict[str, Any] = {}
        yield partial, manifest
        files = sorted(file.relative_to(partial).as_posix() for file in partial.rglob("*") if file.is_file())
        said = {"made_by": MADE_BY, **manifest, "files": files}
        with (partial / MANIFEST).open("x", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(said, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        _swap(partial, path, overwrite=overwrite)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _swap(made: Path, path: Path, *, overwrite: bool) -> None:
    if not path.exists():
        made.rename(path)
        return
    if not overwrite and any(path.iterdir()):
        raise _exists(path)
    _ours(path)  # once more: somebody may have put a file there meanwhile
    away = path.parent / f".{uuid4().hex}.old"
    path.rename(away)
    try:
        made.rename(path)
    except BaseException:
        away.rename(path)
        raise
    shutil.rmtree(away, ignore_errors=True)


def _folder(path: Path, *, overwrite: bool) -> Path:
    _parent(path)
    if path.is_symlink():
        raise ExportError(f"{path} is a link: name the folder that it leads to.")
    if not path.exists():
        return path
    if not path.is_dir():
        raise ExportError(f"{path} is a file, and a folder is meant: choose another name.")
    if any(path.iterdir()):
        if not overwrite:
            raise _exists(path)
        _ours(path)
    return path


def _ours(path: Path) -> None:
    """Raises ExportError where anything in the folder is not of an export, and would be lost with it."""
    there = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_symlink() or not file.is_dir()}
    if not there:
        return
    try:
        said = json.loads((path / MANIFEST).read_bytes())
        known = {MANIFEST, *said["files"]} if said["made_by"] == MADE_BY else None
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if known is None:
        raise ExportError(f"{path} was not made by an export, and is not replaced by one: choose another folder.")
    if others := sorted(there - known):
        more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
        raise ExportError(f"{path} holds {others[0]}{more}, which no export wrote: move that elsewhere first.")


def _parent(path: Path) -> None:
    if not path.parent.is_dir():
        raise ExportError(f"The folder {path.parent} for {path.name} does not exist: create it first.")
