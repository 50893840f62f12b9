"""The SQLite file behind an engine, and nothing of what is in it."""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from llamabatch_nb.engine.errors import EngineError
from llamabatch_nb.engine.store.schema import migrate

Db = sqlite3.Connection
Row = sqlite3.Row

#: How long a writer waits for another process, in seconds. Transactions last milliseconds.
_BUSY_SECONDS = 30.0


#: What systems say when there is no room: on the disk, for this user, or for a file of this size.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class Trouble(NamedTuple):
    """Something about disk or store that a retry may mend. `sentence`: what, and what to do; `full`: no room."""

    sentence: str
    full: bool = False


def trouble(error: BaseException) -> Trouble | None:
    """None if `error` is about something else."""
    code = getattr(error, "sqlite_errorcode", None) if isinstance(error, sqlite3.Error) else None
    primary = None if code is None else code & 0xFF  # the rest says in which place of SQLite it was met
    number = error.errno if isinstance(error, OSError) else None
    if primary in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR} or number in _NO_ROOM:
        return Trouble("The disk of this engine is full: free some space, or choose another data folder", full=True)
    if primary in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM} or number in _READ_ONLY:
        return Trouble("The data folder of this engine cannot be written: give it back its rights, then retry")
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Trouble("Another process keeps the store of this engine locked: retry, or end that process")
    return None


class Store:
    """Connections to ``engine.db``. A connection is used by one thread at a time and kept for the next.

    WAL with ``synchronous=NORMAL``: a killed process loses no committed transaction; a power cut may lose the last ones
    but never the consistency of the file (sqlite.org/wal.html), and no commit waits for the disk.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / "engine.db"
        self._idle: deque[Db] = deque()
        self._open: set[Db] = set()
        # Threads of this process queue here: SQLite's own waiting sleeps up to 100 ms at a time.
        self._writing = threading.Lock()
        self._closed = threading.Event()
        try:
            with self.read() as db:
                migrate(db)
        except sqlite3.Error as error:
            self.close()
            raise EngineError(
                f"The engine's store {self._path} cannot be used: {error}. Choose another data folder."
            ) from error
        except EngineError:
            self.close()
            raise

    def _connect(self) -> Db:
        db = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._open.add(db)
        db.row_factory = Row
        _to_wal(db)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        # A checkpoint syncs the file: every 16 MB instead of every 4, which was twice in a batch of 1,000 files.
        db.execute("PRAGMA wal_autocheckpoint = 4000")
        return db

    @contextmanager
    def read(self) -> Iterator[Db]:
        """A connection outside a transaction: each statement sees the newest state."""
        if self._closed.is_set():
            raise EngineError("This engine is closed. Make a new one over the same data folder to go on.")
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._connect()
        try:
            yield db
        finally:
            if self._closed.is_set():
                self._discard(db)
            else:
                self._idle.append(db)

    @contextmanager
    def write(self) -> Iterator[Db]:
        """A connection inside a transaction that is committed at the end, or rolled back on an error."""
        with self._writing, self.read() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite itself has rolled back after some errors, of a full disk for one
                    db.execute("ROLLBACK")
                raise

    def _discard(self, db: Db) -> None:
        self._open.discard(db)
        db.close()

    def close(self) -> None:
        """Connections in use are closed by whoever uses them, when they are done."""
        self._closed.set()
        while self._idle:
            self._discard(self._idle.pop())


def _to_wal(db: Db) -> None:
    """Two engines may begin over one new folder: this one change does not obey SQLite's own timeout."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
