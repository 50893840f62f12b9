"""Results on this machine, as soon as they exist: the service promises no lifetime for them (design.md, decision 6)."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from llamabatch_nb.contract.counts import Counts, counts
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import InputError
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.state.tracked import Job

#: A parse job with what was expanded, or an extract job, which carries its result itself.
JobResult = ParseResult | ExtractJob
_SETTING = "archive"
#: Where results still are that a move has not come to.
_BEFORE = "archive before"


def folder_of(journal: Journal) -> Path:
    """Where results are kept: beside the journal, unless they were moved."""
    moved = journal.setting(_SETTING)
    return Path(moved) if moved else journal.path.parent / "archive"


class Archive:
    """One gzip of JSON a job, in a folder a service. Ids are opaque strings, so a file's name is made safe."""

    def __init__(self, journal: Journal, service: str) -> None:
        self._journal = journal
        self._service = service

    def add(self, results: Mapping[str, JobResult]) -> None:
        """Write them, by job id, each whole or not at all; then note the counts of what was written in the journal.

        Raises:
            OSError: one of them could not be written; the others were.

        """
        written: dict[str, tuple[str, Counts]] = {}
        failure: OSError | None = None
        for job_id, result in results.items():
            try:
                self._write(job_id, result)
                written[job_id] = slim(result).model_dump_json(), counts(result)
            except OSError as error:
                failure = error
        if written:
            self._journal.results_archived(self._service, written)
        if failure is not None:
            raise failure

    def _write(self, job_id: str, result: JobResult) -> None:
        data = gzip.compress(result.model_dump_json().encode(), compresslevel=1)
        while True:
            path = path_of(self._journal, self._service, job_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
                break
            except FileNotFoundError:  # the archive was moved in this moment, and the folder was empty
                if path_of(self._journal, self._service, job_id) == path:
                    raise
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
            while (now := path_of(self._journal, self._service, job_id)) != path:  # the archive was moved meanwhile
                _moved(path, now)
                path = now
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def known(self, job_ids: Iterable[str]) -> dict[str, Counts]:
        return self._journal.results(self._service, job_ids)

    def read(self, job_id: str, job_type: str | None) -> JobResult | None:
        """None when it is not there, or was damaged: it is fetched again then."""
        model = ExtractJob if job_type == "extract_v2" else ParseResult
        try:
            data = gzip.decompress(found(self._journal, self._service, job_id).read_bytes())
            return model.model_validate_json(data)
        except (OSError, EOFError, ValueError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One result in the archive. `run`, `file` and `batch_id` are None where the journal does not know them."""

    service: str
    job_id: str
    batch_id: str | None
    run: str | None
    file: str | None
    pages: int | None
    bytes: int
    archived_at: datetime  # UTC


class ArchiveFolder:
    """All that is kept on this machine, of every service: iterate it to list it; `move` it, `clear` it."""

    def __init__(self, journal: Path) -> None:
        self._path = journal

    @property
    def folder(self) -> Path:
        with self._journal() as journal:
            return folder_of(journal)

    def __iter__(self) -> Iterator[Kept]:
        with self._journal() as journal:
            return iter(list(_kept(journal)))

    def move(self, folder: str | os.PathLike[str]) -> Path:
        """Move it all into another folder, which need not exist; what is archived from now on goes there too.

        Raises:
            InputError: the folder holds other things, or cannot be written to.

        """
        new = Path(folder).expanduser().absolute()
        with self._journal() as journal:
            old = folder_of(journal)
            if new == old:
                _emptied(journal)
                return new
            if new.resolve().is_relative_to(old.resolve()):
                raise InputError(f"The folder {new} is inside the archive {old}, which moves: name one outside of it.")
            try:
                if new.exists() and any(new.iterdir()):
                    raise InputError(f"The folder {new} is not empty: name a new one for the archive.")
                _emptied(journal)  # where an earlier move was cut off
                new.mkdir(parents=True, exist_ok=True)
                _set(journal, new, before=old)
                _emptied(journal)
            except OSError as error:
                if folder_of(journal) == new:
                    _set(journal, old, before=new)
                    with suppress(OSError):
                        _emptied(journal)
                raise InputError(
                    f"The archive cannot be moved to {new} ({error.strerror or error}): see that there is room and "
                    f"that it may be written to. It is still in {old}."
                ) from None
        return new

    def clear(self, *, older_than: timedelta | None = None, run: str | None = None) -> int:
        """Remove results from this machine: all, those `older_than`, those of one `run` (its name or a batch's id).

        They are fetched again when they are asked for, as long as the service has them. Returns the bytes freed.
        """
        freed = 0
        before = None if older_than is None else datetime.now(UTC) - older_than
        with self._journal() as journal:
            for kept in list(_kept(journal)):
                if run is not None and run not in {kept.run, kept.batch_id}:
                    continue
                if before is not None and kept.archived_at > before:
                    continue
                found(journal, kept.service, kept.job_id).unlink(missing_ok=True)
                journal.results_cleared(kept.service, [kept.job_id])
                freed += kept.bytes
        return freed

    def __repr__(self) -> str:
        kept = list(self)
        return f"<Archive: {len(kept):,} results, {sum(one.bytes for one in kept) / 1e6:,.1f} MB in {self.folder}>"

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        journal = Journal(self._path)
        try:
            yield journal
        finally:
            journal.close()


def _kept(journal: Journal) -> Iterator[Kept]:
    for row in journal.archived():
        try:
            stat = found(journal, row["service"], row["job_id"]).stat()
        except OSError:
            continue  # somebody removed it: it is fetched again when it is asked for
        yield Kept(
            service=row["service"],
            job_id=row["job_id"],
            batch_id=row["batch_id"],
            run=row["run"] or row["source"],
            file=row["file"],
            pages=row["pages"],
            bytes=stat.st_size,
            archived_at=datetime.fromtimestamp(stat.st_mtime, UTC),
        )


def slim(result: JobResult) -> Job:
    """The job without its result."""
    if isinstance(result, ParseResult):
        return result.job
    metadata = result.extract_metadata
    return result.model_copy(
        update={
            "extract_result": None,
            "configuration": None,
            "extract_metadata": None if metadata is None else metadata.model_copy(update={"field_metadata": None}),
        }
    )


def path_of(journal: Journal, service: str, job_id: str) -> Path:
    """Where a result is written to."""
    return folder_of(journal) / _name(service, job_id)


def found(journal: Journal, service: str, job_id: str) -> Path:
    """Where a result is: while the archive moves, or where that was cut off, it may be where it was before."""
    path, before = path_of(journal, service, job_id), journal.setting(_BEFORE)
    return Path(before) / _name(service, job_id) if before and not path.exists() else path


def _name(service: str, job_id: str) -> Path:
    plain = re.fullmatch(r"[A-Za-z0-9_-]{1,80}", job_id)
    name = job_id if plain else hashlib.sha256(job_id.encode()).hexdigest()
    return Path(hashlib.sha256(service.encode()).hexdigest()[:16], f"{name}.json.gz")


def _set(journal: Journal, folder: Path, *, before: Path) -> None:
    """From now on results are written to `folder`, and looked for in both. At any moment all are found."""
    journal.change_setting(_BEFORE, str(before))
    journal.change_setting(_SETTING, str(folder))


def _emptied(journal: Journal) -> None:
    """Move what is still in the folder before, file by file; what is being written there is moved by its writer.

    Raises:
        OSError: one of them could not be moved; the rest is found where it is.

    """
    before, folder = journal.setting(_BEFORE), folder_of(journal)
    if not before or Path(before) == folder:
        return
    for path in sorted(Path(before).glob("*/*.json.gz")):
        _moved(path, folder / path.relative_to(before))
    for path in [*Path(before).glob("*/"), Path(before)]:
        with suppress(OSError):  # it holds something else, or is gone
            path.rmdir()
    journal.change_setting(_BEFORE, "")


def _moved(path: Path, to: Path) -> None:
    """Whole or not at all, to another disk too."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # its writer, or another move, was faster
        try:
            path.replace(to)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            part = to.with_suffix(".part")
            shutil.copy2(path, part)
            part.replace(to)
            path.unlink()
