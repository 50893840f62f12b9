"""A part of a transaction that is undone alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from llamabatch_nb.engine.store.database import Db

#: What a value raises that no table takes: too long, half a character, an integer above 64 bits. What is wrong with
#: disk or store is another kind of sqlite3.Error, which the next try may mend.
UNSTORABLE = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    TypeError,
    ValueError,
)


@contextmanager
def savepoint(db: Db) -> Iterator[None]:
    """What an error leaves half done is undone, and the transaction goes on. Call it inside a transaction."""
    db.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # SQLite itself has rolled back after some errors, of a full disk for one
            db.execute("ROLLBACK TO part")
            db.execute("RELEASE part")
        raise
    db.execute("RELEASE part")
