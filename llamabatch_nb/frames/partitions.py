"""One frame as a folder of Parquet files, part after part: for more documents than memory holds, and resumable.

Parts are named ``part-00000.parquet`` onwards and have one schema, also where they have no rows; their types are
Parquet's plain ones (UTF-8, 64-bit integers and floats, booleans, UTC timestamps). ``_manifest.json`` beside them says
what has been written, and ``_lock`` is there while an export writes; readers of Parquet folders pass over names that
begin with ``_``.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Self
from weakref import finalize

from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames.chunks import Chunk
from llamabatch_nb.frames.export import export
from llamabatch_nb.frames.export.target import replaced
from llamabatch_nb.frames.schema import Schema, storable
from llamabatch_nb.locks import FileLock
from llamabatch_nb.snapshot import FileState, Snapshot

MANIFEST = "_manifest.json"
LOCK = "_lock"
#: What the manifest says of a part, beside its name and files.
_SAID = {"rows": int, "bytes": int, "complete": bool, "of": str}
#: A file system without locks says one of these. An export there is better than none.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
#: What makes two exports the same: their parts may stand in one folder.
_IDENTITY = ("format", "frame", "schema_version", "columns", "service", "batch_id")


class Partitions:
    """The parts in `folder`, which is made where it is not there. `done` is how many files they hold already.

    Parts of an earlier call are kept as long as they are of the same files, whose jobs have not changed since, and
    complete; what comes after the first that is not is removed and written again, with `overwrite` all of it.

    The folder is this object's alone until `finish`, or the end of a ``with``: two that wrote parts of other sizes
    would leave rows that are read twice. The system ends that with the process, however it ends.

    Raises:
        ExportError: the folder cannot be used, or another export is writing to it; it holds the parts of another run,
            service or frame (unless `overwrite`), Parquet files that are no parts of an export at all, or a damaged
            manifest.

    """

    def __init__(
        self, folder: str | os.PathLike[str], schema: Schema, snapshot: Snapshot, *, overwrite: bool = False
    ) -> None:
        self.folder = Path(folder).expanduser()
        self.done = 0
        self._files = snapshot.files
        self._about = _about(schema, snapshot)
        try:
            self.folder.mkdir(exist_ok=True)
            # Also where it is forgotten without an end: a cell that was interrupted must not keep the folder.
            self._give_up = finalize(self, _taken(self.folder).give_up)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._begin(overwrite=overwrite)
        except OSError as error:
            self._give_up()
            raise self._unusable(error) from error
        except BaseException:
            self._give_up()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._give_up()

    def add(self, chunk: Chunk) -> Path:
        """Write the next part: whole, or not at all.

        Raises:
            ExportError: it could not be written; what was written before stands, and the same export goes on there.

        """
        path = self.folder / _name(len(self._parts))
        export(chunk.frame, path, overwrite=True)
        self._parts.append(
            {
                "name": path.name,
                "files": [chunk.start, chunk.stop],
                "rows": len(chunk.frame),
                "bytes": path.stat().st_size,
                "complete": chunk.frame.attrs["complete"] == "true",
                "of": _digest(chunk.part.files),
            }
        )
        self.done = chunk.stop
        try:
            self._record(finished=False)
        except OSError as error:
            raise self._unusable(error) from error
        return path

    @property
    def empty(self) -> bool:
        """No part is there yet: a folder without one has no schema, and readers refuse it."""
        return not self._parts

    def finish(self) -> Path:
        """All files are in the parts: say so in the manifest, and leave the folder to others. Returns it."""
        try:
            self._record(finished=True)
        except OSError as error:
            raise self._unusable(error) from error
        self._give_up()
        return self.folder

    def _begin(self, *, overwrite: bool) -> None:
        known = self._known()
        self._check(known, overwrite=overwrite)
        recorded = known.get("parts", [])
        self._parts = [] if overwrite else self._kept(recorded)
        # From the end, and before they are struck off: wherever this stops, what is recorded and gone is noticed. An
        # export that was killed may have written one more than it recorded.
        for number in range(len(recorded), len(self._parts) - 1, -1) if known else ():
            (self.folder / _name(number)).unlink(missing_ok=True)
        self._record(finished=False)

    def _known(self) -> Mapping[str, Any]:
        """The manifest that is there; empty where none is."""
        path = self.folder / MANIFEST
        try:
            known = json.loads(path.read_bytes())
            sound = all(_sound(number, part) for number, part in enumerate(known["parts"]))
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, KeyError):
            sound = False
        if not sound:
            raise ExportError(f"{path} is damaged, so that nobody knows what is in the folder: name another one.")
        return known  # type: ignore[no-any-return]

    def _check(self, known: Mapping[str, Any], *, overwrite: bool) -> None:
        parts = [part["name"] for part in known.get("parts", [])]
        # The one after them may have been written right before its export was killed.
        ours = {*parts, _name(len(parts))} if known else set()
        foreign = sorted(path.name for path in self.folder.glob("*.parquet") if path.name not in ours)
        if foreign:
            raise ExportError(
                f"{self.folder} holds {foreign[0]}, which is not of this export and would be read with it: name a new "
                "folder, or move it away."
            )
        other = [key for key in _IDENTITY if known and known.get(key) != self._about[key]]
        if other and parts and not overwrite:
            what = ", ".join(f"{key} {known.get(key)!r}" for key in other if key != "columns") or "other columns"
            raise ExportError(
                f"{self.folder} holds parts of another export ({what}): name another folder, or pass overwrite=True to "
                "replace them."
            )

    def _kept(self, recorded: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        kept = []
        for part in recorded:
            start, stop = part["files"]
            path = self.folder / part["name"]
            if (
                not part["complete"]
                or start != self.done
                or part["of"] != _digest(self._files[start:stop])
                or not path.exists()
                or path.stat().st_size != part["bytes"]
            ):
                break
            kept.append(part)
            self.done = stop
        return kept

    def _record(self, *, finished: bool) -> None:
        said = {
            **self._about,
            "finished": finished,
            "complete": finished and all(part["complete"] for part in self._parts),
            "rows": sum(part["rows"] for part in self._parts),
            "parts": self._parts,
        }

        def write(file: IO[bytes]) -> None:
            file.write(json.dumps(said, indent=1, ensure_ascii=False).encode())

        replaced(self.folder / MANIFEST, write, overwrite=True)

    def _unusable(self, error: OSError) -> ExportError:
        return ExportError(
            f"{self.folder} cannot be written to ({error.strerror or error}): see that the folder above it exists, "
            "that there is room and that it may be written to; the same call goes on where this one stopped."
        )


def _name(number: int) -> str:
    return f"part-{number:05}.parquet"


def _sound(number: int, part: Mapping[str, Any]) -> bool:
    """Whether the manifest says of the part of that number all that is asked of it."""
    start, stop = part["files"]
    return (
        part["name"] == _name(number)
        and isinstance(start, int)
        and isinstance(stop, int)
        and all(isinstance(part[key], kind) for key, kind in _SAID.items())
    )


def _taken(folder: Path) -> FileLock:
    """The folder's lock.

    Raises:
        ExportError: another export has it.
        OSError: no file can be made there.

    """
    lock = FileLock(folder / LOCK)
    try:
        ours = lock.take()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        ours = True
    if ours:
        return lock
    raise ExportError(
        f"Another export is writing to {folder}: wait until it has ended and call this again, or name another folder."
    )


def _about(schema: Schema, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "format": 1,
        "frame": schema.name,
        "schema_version": schema.version,
        "service": storable(snapshot.service.base_url),
        "batch_id": None if snapshot.batch_id is None else storable(snapshot.batch_id),
        "run": storable(snapshot.name or ""),
        "taken_at": snapshot.taken_at.isoformat(),
        "files": len(snapshot.files),
        "columns": [[column.name, column.dtype] for column in schema.columns],
    }


def _digest(files: Iterable[FileState]) -> str:
    """Of what decides a part's rows: which files, and what became of them."""
    said = json.dumps([[file.name, file.file_id, file.job_id, file.status, file.error] for file in files])
    return hashlib.sha256(said.encode()).hexdigest()
