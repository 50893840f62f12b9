"""What was submitted, on disk before anything waits on it (design.md, decision 6).

One SQLite file. A run is written when its directory exists, a file as soon as it is uploaded, the batch's id as soon as
there is one: a kernel killed at any moment can go on where it stopped. Never a key in here.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llamabatch_nb.errors import InputError

VERSION = 1
#: How long a process may take to create a batch before another may try, and how long a journal may be locked. Seconds.
CLAIM = 120.0
PATIENCE = 30.0
_SCHEMA = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    name TEXT,
    source TEXT NOT NULL,          -- the folder, as an absolute path
    service TEXT NOT NULL,         -- the base URL, never a key
    fingerprint TEXT NOT NULL,     -- of contents, names, configuration and service
    configuration_id TEXT NOT NULL,
    job_type TEXT NOT NULL,
    directory_id TEXT NOT NULL,
    batch_id TEXT,                 -- NULL until the batch exists
    creating INTEGER,              -- the process that creates it
    creating_since REAL,           -- as a Unix time
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX run_by_name ON run (name);
CREATE INDEX run_by_batch ON run (batch_id);
CREATE INDEX run_by_fingerprint ON run (fingerprint);
CREATE TABLE file (
    run INTEGER NOT NULL REFERENCES run (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    file_id TEXT,                  -- NULL until uploaded
    error TEXT,                    -- why it could not be uploaded
    PRIMARY KEY (run, name)
);
CREATE TABLE job (
    service TEXT NOT NULL,
    job_id TEXT NOT NULL,
    ended TEXT,                    -- the job as the service last gave it, JSON, once it was terminal
    archived INTEGER NOT NULL DEFAULT 0,
    pages INTEGER,
    pages_failed INTEGER,
    PRIMARY KEY (service, job_id)
);
"""
_COLUMNS = "id, name, source, service, fingerprint, configuration_id, job_type, directory_id, batch_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    id: int
    name: str | None
    source: str
    service: str
    fingerprint: str
    configuration_id: str
    job_type: str
    directory_id: str
    batch_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    name: str
    size: int
    sha256: str
    file_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Pages:
    """How many pages a job's archived result has, and how many of them failed."""

    pages: int | None
    failed: int | None


class Journal:
    """Short transactions over one connection behind a lock; a second process may use the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            _patiently(lambda: self._db.execute("PRAGMA journal_mode = WAL"))
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._prepare()
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

    def add_run(
        self,
        *,
        name: str | None,
        source: str,
        service: str,
        fingerprint: str,
        configuration_id: str,
        job_type: str,
        directory_id: str,
        files: Iterable[FileRow],
    ) -> int:
        with self._transaction() as db:
            cursor = db.execute(
                "INSERT INTO run (name, source, service, fingerprint, configuration_id, job_type, directory_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (name, source, service, fingerprint, configuration_id, job_type, directory_id),
            )
            assert cursor.lastrowid is not None
            db.executemany(
                "INSERT INTO file (run, position, name, size, sha256) VALUES (?, ?, ?, ?, ?)",
                [(cursor.lastrowid, n, file.name, file.size, file.sha256) for n, file in enumerate(files)],
            )
            return cursor.lastrowid

    def file_uploaded(self, run: int, name: str, file_id: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE file SET file_id = ?, error = NULL WHERE run = ? AND name = ?", (file_id, run, name))

    def file_refused(self, run: int, name: str, error: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE file SET error = ? WHERE run = ? AND name = ?", (error, run, name))

    def batch_created(self, run: int, batch_id: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE run SET batch_id = ? WHERE id = ?", (batch_id, run))

    def renamed(self, run: int, name: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE run SET name = ? WHERE id = ?", (name, run))

    def may_create(self, run: int) -> bool:
        """Claim the creation of the run's batch. False: another process that lives has claimed it, not long ago."""
        with self._transaction() as db:
            row = db.execute("SELECT batch_id, creating, creating_since FROM run WHERE id = ?", (run,)).fetchone()
            if row["batch_id"] is not None:
                return False
            other = row["creating"] if row["creating"] != os.getpid() else None
            if other is not None and time.time() - row["creating_since"] < CLAIM and _alive(other):
                return False
            db.execute("UPDATE run SET creating = ?, creating_since = ? WHERE id = ?", (os.getpid(), time.time(), run))
            return True

    def batch_of(self, run: int) -> str | None:
        with self._lock:
            row = self._db.execute("SELECT batch_id FROM run WHERE id = ?", (run,)).fetchone()
        return None if row is None else row["batch_id"]

    def jobs_ended(self, service: str, jobs: Mapping[str, str]) -> None:
        """Terminal jobs, by id, as JSON: they are never asked for again, and outlive the service's memory of them."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO job (service, job_id, ended) VALUES (?, ?, ?)"
                " ON CONFLICT (service, job_id) DO UPDATE SET ended = excluded.ended",
                [(service, job_id, text) for job_id, text in jobs.items()],
            )

    def result_archived(self, service: str, job_id: str, pages: Pages) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO job (service, job_id, archived, pages, pages_failed) VALUES (?, ?, 1, ?, ?)"
                " ON CONFLICT (service, job_id) DO UPDATE SET archived = 1, pages = excluded.pages,"
                " pages_failed = excluded.pages_failed",
                (service, job_id, pages.pages, pages.failed),
            )

    def find(self, *, service: str, name: str | None = None, batch_id: str | None = None) -> RunRow | None:
        """The newest run of that name, or of that batch, on that service."""
        column, value = ("name", name) if name is not None else ("batch_id", batch_id)
        return self._run(f"service = ? AND {column} = ?", service, value)

    def same(self, *, service: str, fingerprint: str) -> RunRow | None:
        """The newest run of the same files and configuration on the same service."""
        return self._run("service = ? AND fingerprint = ?", service, fingerprint)

    def files(self, run: int) -> list[FileRow]:
        with self._lock:
            rows = self._db.execute(
                "SELECT name, size, sha256, file_id, error FROM file WHERE run = ? ORDER BY position", (run,)
            ).fetchall()
        return [FileRow(**dict(row)) for row in rows]

    def jobs(self, service: str, job_ids: Iterable[str]) -> dict[str, str]:
        """Those of the jobs that were seen to end, as JSON."""
        return {job_id: row["ended"] for job_id, row in self._jobs(service, job_ids) if row["ended"] is not None}

    def results(self, service: str, job_ids: Iterable[str]) -> dict[str, Pages]:
        """Those of the jobs whose results are in the archive."""
        return {
            job_id: Pages(row["pages"], row["pages_failed"])
            for job_id, row in self._jobs(service, job_ids)
            if row["archived"]
        }

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _jobs(self, service: str, job_ids: Iterable[str]) -> list[tuple[str, sqlite3.Row]]:
        with self._lock:
            rows = [
                (
                    job_id,
                    self._db.execute(
                        "SELECT * FROM job WHERE service = ? AND job_id = ?", (service, job_id)
                    ).fetchone(),
                )
                for job_id in job_ids
            ]
        return [(job_id, row) for job_id, row in rows if row is not None]

    def _run(self, where: str, *values: object) -> RunRow | None:
        with self._lock:
            # The columns are written in this module, the values are bound.
            row = self._db.execute(
                f"SELECT {_COLUMNS} FROM run WHERE {where} ORDER BY id DESC LIMIT 1",  # noqa: S608
                values,
            ).fetchone()
        return None if row is None else RunRow(**dict(row))

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

    def _prepare(self) -> None:
        with self._transaction() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise InputError(
                    f"The journal {self._path} was written by a newer llamabatch-nb (schema {version}): update this."
                )
            if version == 0:
                # Not executescript, which would commit the transaction that keeps a second process out.
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")


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
