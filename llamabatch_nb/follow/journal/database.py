"""An SQLite file that several threads and processes may use: short transactions over one connection behind a lock."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llamabatch_nb.errors import StateError
from llamabatch_nb.follow.journal import tables

#: How long a journal may be locked. Seconds.
PATIENCE = 30.0


class Database:
    """The journal's connection.

    Raises:
        StateError: it cannot be used, is damaged, or was written by a newer version of this package.

    """

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
            raise self._unusable(error) from None
        except sqlite3.DatabaseError as error:
            raise StateError(
                f"The journal {path} is damaged ({error}): move it away to start a new one; what was submitted is then "
                "found by its batch id only."
            ) from None
        if found > tables.VERSION:
            raise StateError(
                f"The journal {path} was written by a newer llamabatch-nb (schema {found}): update this package."
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()

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
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise self._unusable(error) from None
                raise

    def _unusable(self, error: sqlite3.Error) -> StateError:
        return StateError(
            f"The journal {self.path} cannot be used now ({error}): see that its disk has room, that its folder is "
            "writable and that no other program holds it, then run this again; it goes on."
        )


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
