"""What was submitted, on disk before anything waits on it (design.md, decision 6).

One SQLite file. A run and its parts are written before anything is sent, a file as soon as it is uploaded, a batch's id
as soon as there is one, what became of a file as soon as it is seen: a kernel killed at any moment can go on where it
stopped, and what the service forgets is remembered here. Never a key in here.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llamabatch_nb.errors import InputError
from llamabatch_nb.follow import tables
from llamabatch_nb.follow.rows import FileRow, NewPart, Pages, PartRow, RunRow

#: How long a process that lives may take to create a batch before another may try: a create sits out eight waits of up
#: to a minute each where it is asked to. Seconds.
CLAIM = 900.0
#: How long a journal may be locked. Seconds.
PATIENCE = 30.0
#: Bound variables of one statement; SQLite's oldest limit is 999.
_MANY = 500

#: Which journal of this process has claimed a part of a file: two clients may be open, each with a journal of its own.
_claims: dict[tuple[Path, int], Journal] = {}

_RUN = "id, name, label, source, again, options, service, configuration_id, job_type, parent, created_at"
_PART = ", ".join(PartRow.__slots__)
_FILE = ", ".join(FileRow.__slots__)


class Journal:
    """Short transactions over one connection behind a lock; a second process may use the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            _patiently(lambda: self._db.execute("PRAGMA journal_mode = WAL"))
            self._db.execute("PRAGMA synchronous = NORMAL")
            with self._transaction() as db:
                found = tables.prepare(db)
        except sqlite3.OperationalError as error:
            raise InputError(
                f"The journal {path} cannot be used now ({error}): see that its folder is writable and that no other "
                "program holds it, then run this again."
            ) from None
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"The journal {path} is damaged ({error}): move it away to start a new one; what was submitted is then "
                "found by its batch id only."
            ) from None
        if found > tables.VERSION:
            raise InputError(
                f"The journal {path} was written by a newer llamabatch-nb (schema {found}): update this package."
            )

    # Written while a run is sent.

    def add_run(
        self,
        *,
        name: str | None,
        label: str,
        source: str | None,
        again: str,
        options: Mapping[str, Any],
        service: str,
        owner: str,
        fingerprint: str,
        configuration_id: str,
        job_type: str,
        parent: str | None,
        parts: Iterable[NewPart],
        new: bool,
    ) -> int:
        """A run and its parts. Unless it is `new`, a run of that fingerprint which is there already is given back."""
        with self._transaction() as db:
            known = None if new else self._same(db, service, fingerprint)
            if known is not None:  # another process was faster by a moment
                return known
            cursor = db.execute(
                "INSERT INTO run (name, label, source, again, options, service, owner, fingerprint, configuration_id,"
                " job_type, parent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    name,
                    label,
                    source,
                    again,
                    json.dumps(options),
                    service,
                    owner,
                    fingerprint,
                    configuration_id,
                    job_type,
                    parent,
                ),
            )
            assert cursor.lastrowid is not None
            self._add_parts(db, cursor.lastrowid, parts)
            return cursor.lastrowid

    def add_parts(self, run: int, parts: Iterable[NewPart], *, known: int) -> bool:
        """Add parts to a run that has `known` so far. False: somebody else has added some meanwhile, and nothing is."""
        with self._transaction() as db:
            if db.execute("SELECT count(*) FROM part WHERE run = ?", (run,)).fetchone()[0] != known:
                return False
            self._add_parts(db, run, parts)
            return True

    def directory_made(self, part: int, directory_id: str) -> str:
        """Note it, unless somebody else was faster. Returns the one that holds for all."""
        with self._transaction() as db:
            db.execute("UPDATE part SET directory_id = coalesce(directory_id, ?) WHERE id = ?", (directory_id, part))
            made: str = db.execute("SELECT directory_id FROM part WHERE id = ?", (part,)).fetchone()["directory_id"]
            return made

    def file_uploaded(self, part: int, name: str, file_id: str, service_file_id: str | None) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE file SET file_id = ?, service_file_id = ?, error = NULL WHERE part = ? AND name = ?",
                (file_id, service_file_id, part, name),
            )

    def file_refused(self, part: int, name: str, error: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE file SET error = ? WHERE part = ? AND name = ?", (error, part, name))

    def may_create(self, part: int) -> bool:
        """Claim the creation of the part's batch. False: it is there, or another has claimed it not long ago.

        Another is a process that lives, or another journal of this one that is not closed.
        """
        with self._transaction() as db:
            row = db.execute("SELECT batch_id, creating, creating_since FROM part WHERE id = ?", (part,)).fetchone()
            if row["batch_id"] is not None:
                return False
            other = row["creating"]
            if other == os.getpid():
                # Another client here; or, in a container started anew, a dead process that had the same number.
                lives = _claims.get((self.path, part), self) is not self
            else:
                lives = other is not None and _alive(other)
            if lives and time.time() - row["creating_since"] < CLAIM:
                return False
            _claims[self.path, part] = self
            db.execute(
                "UPDATE part SET creating = ?, creating_since = ? WHERE id = ?", (os.getpid(), time.time(), part)
            )
            return True

    def creation_failed(self, part: int) -> None:
        """Give the claim up, so that nobody waits for it."""
        with self._transaction() as db:
            db.execute("UPDATE part SET creating = NULL WHERE id = ? AND creating = ?", (part, os.getpid()))
            _claims.pop((self.path, part), None)

    def batch_of(self, part: int) -> str | None:
        row = self._one("SELECT batch_id FROM part WHERE id = ?", part)
        return None if row is None else row["batch_id"]

    def listed_before(self, part: int, batch_ids: Iterable[str]) -> frozenset[str]:
        """Note the directory's batches before ours is created; what was noted the first time holds."""
        with self._transaction() as db:
            db.execute("UPDATE part SET listed = coalesce(listed, ?) WHERE id = ?", (json.dumps([*batch_ids]), part))
            row = db.execute("SELECT listed FROM part WHERE id = ?", (part,)).fetchone()
            return frozenset(json.loads(row["listed"]))

    def batch_created(self, part: int, batch_id: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE part SET batch_id = ? WHERE id = ?", (batch_id, part))

    def part_stopped(self, part: int, *, stopped: bool = True) -> None:
        with self._transaction() as db:
            db.execute("UPDATE part SET stopped = ? WHERE id = ?", (stopped, part))

    def directory_gone(self, part: int, new_name: str) -> None:
        """Its directory has expired before there was a batch: another is made, and all files are sent again."""
        with self._transaction() as db:
            db.execute("UPDATE part SET directory_id = NULL, directory_name = ? WHERE id = ?", (new_name, part))
            db.execute("UPDATE file SET file_id = NULL, error = NULL WHERE part = ?", (part,))

    def renamed(self, run: int, name: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE run SET name = ? WHERE id = ?", (name, run))

    # Written while it is watched.

    def batch_seen(self, part: int, phase: str, created_at: str | None, updated_at: str | None) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE part SET phase = ?, batch_created_at = ?, batch_updated_at = ? WHERE id = ?",
                (phase, created_at, updated_at, part),
            )

    def files_mapped(self, part: int, files: Iterable[FileRow]) -> None:
        """What the batch made of files; of those that the directory's listing did not have, that there are such."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO file (part, position, name, sha256, file_id, job_id, job_type, mapping_error)"
                " SELECT ?, count(*), ?, ?, ?, ?, ?, ? FROM file WHERE part = ?"
                " ON CONFLICT (part, name) DO UPDATE SET job_id = excluded.job_id, job_type = excluded.job_type,"
                " mapping_error = excluded.mapping_error",
                (
                    (part, one.name, one.sha256, one.file_id, one.job_id, one.job_type, one.mapping_error, part)
                    for one in files
                ),
            )

    def jobs_ended(self, service: str, jobs: Mapping[str, str]) -> None:
        """Terminal jobs, by id, as JSON: they are never asked for again, and outlive the service's memory of them."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO job (service, job_id, ended) VALUES (?, ?, ?)"
                " ON CONFLICT (service, job_id) DO UPDATE SET ended = excluded.ended",
                [(service, job_id, text) for job_id, text in jobs.items()],
            )

    def results_archived(self, service: str, pages: Mapping[str, Pages]) -> None:
        """Jobs, by id, whose results are in the archive now."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO job (service, job_id, archived, pages, pages_failed) VALUES (?, ?, 1, ?, ?)"
                " ON CONFLICT (service, job_id) DO UPDATE SET archived = 1, pages = excluded.pages,"
                " pages_failed = excluded.pages_failed",
                [(service, job_id, one.pages, one.failed) for job_id, one in pages.items()],
            )

    def results_cleared(self, service: str, job_ids: Iterable[str]) -> None:
        with self._transaction() as db:
            db.executemany(
                "UPDATE job SET archived = 0 WHERE service = ? AND job_id = ?",
                [(service, job_id) for job_id in job_ids],
            )

    def pages_counted(self, pages: Mapping[str, int | None]) -> None:
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO counted (sha256, pages) VALUES (?, ?)", list(pages.items()))

    def change_setting(self, name: str, value: str) -> None:
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    # Read.

    def run(self, run: int) -> RunRow:
        row = self._one(f"SELECT {_RUN} FROM run WHERE id = ?", run)  # noqa: S608 - columns of this module
        assert row is not None
        return _run(row)

    def find(self, *, service: str, name_or_id: str) -> RunRow | None:
        """The newest run of that name, or the run of that batch or directory, on that service."""
        row = self._one(
            f"SELECT {_RUN} FROM run WHERE service = ? AND name = ? ORDER BY id DESC LIMIT 1",  # noqa: S608
            service,
            name_or_id,
        ) or self._one(
            f"SELECT {_RUN} FROM run WHERE service = ? AND id IN"  # noqa: S608
            " (SELECT run FROM part WHERE batch_id = ? OR directory_id = ?) ORDER BY id DESC LIMIT 1",
            service,
            name_or_id,
            name_or_id,
        )
        return None if row is None else _run(row)

    def candidates(self, *, service: str, owner: str, configuration_id: str, source: str | None) -> list[RunRow]:
        """Runs of the same source with the same configuration, newest first."""
        if source is None:
            return []
        rows = self._all(
            f"SELECT {_RUN} FROM run WHERE service = ? AND owner = ? AND configuration_id = ? AND source = ?"  # noqa: S608
            " ORDER BY id DESC LIMIT 50",
            service,
            owner,
            configuration_id,
            source,
        )
        return [_run(row) for row in rows]

    def same(self, *, service: str, fingerprint: str) -> RunRow | None:
        """The newest run of the same files and configuration on the same service."""
        with self._lock:
            found = self._same(self._db, service, fingerprint)
        return None if found is None else self.run(found)

    def runs(self, service: str) -> list[RunRow]:
        """All runs on that service, newest first."""
        rows = self._all(f"SELECT {_RUN} FROM run WHERE service = ? ORDER BY id DESC", service)  # noqa: S608
        return [_run(row) for row in rows]

    def parts(self, run: int) -> list[PartRow]:
        """In the order they were made."""
        rows = self._all(f"SELECT {_PART} FROM part WHERE run = ? ORDER BY id", run)  # noqa: S608
        return [PartRow(**{**dict(row), "stopped": bool(row["stopped"])}) for row in rows]

    def files(self, part: int) -> list[FileRow]:
        rows = self._all(f"SELECT {_FILE} FROM file WHERE part = ? ORDER BY position", part)  # noqa: S608
        return [FileRow(**dict(row)) for row in rows]

    def contents(self, run: int) -> set[tuple[str, str]]:
        """Name and content of every file of a run."""
        rows = self._all(
            "SELECT name, sha256 FROM file JOIN part ON part.id = file.part WHERE run = ? AND relation != 'retry'", run
        )
        return {(row["name"], row["sha256"]) for row in rows}

    def jobs(self, service: str, job_ids: Iterable[str]) -> dict[str, str]:
        """Those of the jobs that were seen to end, as JSON."""
        return {row["job_id"]: row["ended"] for row in self._jobs(service, job_ids) if row["ended"] is not None}

    def results(self, service: str, job_ids: Iterable[str]) -> dict[str, Pages]:
        """Those of the jobs whose results are in the archive."""
        return {
            row["job_id"]: Pages(row["pages"], row["pages_failed"])
            for row in self._jobs(service, job_ids)
            if row["archived"]
        }

    def archived(self) -> list[sqlite3.Row]:
        """Each archived result: service, job_id, pages, and the run and file it is of, where that is known."""
        return self._all(
            "SELECT job.service, job.job_id, job.pages, run.name AS run, run.label AS source, file.name AS file,"
            " part.batch_id FROM job LEFT JOIN file ON file.job_id = job.job_id LEFT JOIN part ON part.id = file.part"
            " LEFT JOIN run ON run.id = part.run WHERE job.archived GROUP BY job.service, job.job_id"
            " ORDER BY run.id, file.position"
        )

    def counted(self, sha256: Iterable[str]) -> dict[str, int | None]:
        """Pages of those contents that were counted before."""
        found: dict[str, int | None] = {}
        for some in _by(_MANY, sha256):
            marks = ", ".join("?" * len(some))
            rows = self._all(f"SELECT sha256, pages FROM counted WHERE sha256 IN ({marks})", *some)  # noqa: S608
            found |= {row["sha256"]: row["pages"] for row in rows}
        return found

    def setting(self, name: str) -> str | None:
        row = self._one("SELECT value FROM setting WHERE name = ?", name)
        return None if row is None else row["value"]

    def close(self) -> None:
        with self._lock:
            self._db.close()
        for claim in [claim for claim, journal in list(_claims.items()) if journal is self]:
            del _claims[claim]

    @staticmethod
    def _add_parts(db: sqlite3.Connection, run: int, parts: Iterable[NewPart]) -> None:
        for part in parts:
            cursor = db.execute(
                "INSERT INTO part (run, relation, directory_name, directory_type, directory_id, batch_id)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    run,
                    part.relation,
                    part.directory_name,
                    part.directory_type,
                    part.directory_id,
                    part.batch_id,
                ),
            )
            marks = ", ".join("?" * len(FileRow.__slots__))
            db.executemany(
                f"INSERT INTO file (part, position, {_FILE}) VALUES (?, ?, {marks})",  # noqa: S608
                [
                    (cursor.lastrowid, n, *(getattr(file, column) for column in FileRow.__slots__))
                    for n, file in enumerate(part.files)
                ],
            )

    @staticmethod
    def _same(db: sqlite3.Connection, service: str, fingerprint: str) -> int | None:
        row = db.execute(
            "SELECT id FROM run WHERE service = ? AND fingerprint = ? ORDER BY id DESC LIMIT 1", (service, fingerprint)
        ).fetchone()
        return None if row is None else row["id"]

    def _jobs(self, service: str, job_ids: Iterable[str]) -> list[sqlite3.Row]:
        rows: list[sqlite3.Row] = []
        for some in _by(_MANY, job_ids):
            marks = ", ".join("?" * len(some))
            rows += self._all(
                f"SELECT * FROM job WHERE service = ? AND job_id IN ({marks})",  # noqa: S608
                service,
                *some,
            )
        return rows

    def _one(self, statement: str, *values: object) -> sqlite3.Row | None:
        with self._lock:
            row: sqlite3.Row | None = self._db.execute(statement, values).fetchone()
        return row

    def _all(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _run(row: sqlite3.Row) -> RunRow:
    return RunRow(**{**dict(row), "options": json.loads(row["options"])})


def _by(size: int, values: Iterable[str]) -> Iterator[list[str]]:
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def _patiently(work: Callable[[], object]) -> None:
    """The change to WAL does not obey SQLite's own timeout while another process makes the same change."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            work()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _alive(process: int) -> bool:
    if os.name != "posix":
        return True  # there is no harmless signal; the claim ends by its age
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
