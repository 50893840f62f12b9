"""Who holds claims: one lease an engine, renewed while it works, and a way to see at once that its process is gone.

A lease is a time in the store. As long as nobody renews it, its owner's jobs stay untouched until it has run out; that
is all there is on Windows. Elsewhere an owner also holds an advisory lock on a file, which the system drops when the
process dies, so that a restart does not have to wait. Taking too early does no harm: fences keep a claim's outcome
from being written twice.

An engine with plug-ins has a lease all the time that it works, for only it can do the jobs of its plug-ins: as long as
it lives they wait for it, and then they have to be given up.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Collection
from pathlib import Path

from llamabatch_nb.engine.resources import jobs
from llamabatch_nb.engine.store.database import Db

if sys.platform != "win32":
    import fcntl

_LOCKS = sys.platform != "win32"
#: Long enough for a kernel whose user code holds the interpreter lock for a while.
LEASE_SECONDS = 30.0


class Owner:
    """One engine as the holder of claims. `extractors` are the digests of its plug-ins."""

    def __init__(self, folder: Path, extractors: Collection[str] = ()) -> None:
        self.id = f"own-{secrets.token_hex(8)}"
        self.extractors = frozenset(extractors)
        self._folder = folder
        self._file: int | None = None
        self._until = 0.0

    @property
    def due(self) -> bool:
        """Whether the lease has to be renewed though nothing is claimed."""
        return bool(self.extractors) and time.time() > self._until - LEASE_SECONDS * 2 / 3

    def renew(self, db: Db) -> None:
        """Hold our claims for LEASE_SECONDS more. Call it in every transaction that claims, and every few seconds."""
        until = time.time() + LEASE_SECONDS
        if not db.execute("UPDATE owners SET lease_until = ? WHERE id = ?", (until, self.id)).rowcount:
            # The first time, or after somebody took us for dead and removed row and file.
            self._lock()
            db.execute(
                "INSERT INTO owners (id, lease_until, extractors) VALUES (?, ?, ?)",
                (self.id, until, json.dumps(sorted(self.extractors))),
            )
        self._until = until

    def living(self, db: Db) -> set[str]:
        """The plug-ins that we and others have, right after `take_over`."""
        rows = db.execute("SELECT extractors FROM owners").fetchall()
        return set(self.extractors).union(*(json.loads(row["extractors"]) for row in rows))

    def take_over(self, db: Db, now: str) -> set[str | None]:
        """Release the jobs of owners that are gone. Returns the batches concerned. Call it inside a transaction."""
        # Those with a lease, and those that hold jobs, lease or not.
        others = db.execute(
            "SELECT id FROM owners WHERE id <> ?1 UNION SELECT owner FROM jobs WHERE owner <> ?1", (self.id,)
        ).fetchall()
        batches: set[str | None] = set()
        for (owner,) in others:
            lease = db.execute("SELECT lease_until FROM owners WHERE id = ?", (owner,)).fetchone()
            if lease is None or self._dead(owner):
                batches |= self._forget(db, owner, now)
            elif lease[0] < time.time():
                # Where locks tell that it lives (the machine slept, or its kernel was stopped), others can take its
                # claims, and the jobs of its plug-ins go on waiting for it.
                batches |= jobs.release(db, owner, now) if _LOCKS else self._forget(db, owner, now)
        return batches

    def leave(self, db: Db, now: str) -> set[str | None]:
        """Give everything back. Returns the batches concerned. Call it inside a transaction."""
        self._unlock()
        return self._forget(db, self.id, now)

    def _lock(self) -> None:
        self._unlock()
        if sys.platform != "win32":
            self._file = os.open(self._path(self.id), os.O_CREAT | os.O_RDWR, 0o600)
            # flock belongs to this open file, not to the process: two engines of one process tell each other apart.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner}.lock"

    def _forget(self, db: Db, owner: str, now: str) -> set[str | None]:
        batches = jobs.release(db, owner, now)
        db.execute("DELETE FROM owners WHERE id = ?", (owner,))
        self._path(owner).unlink(missing_ok=True)
        return batches

    def _dead(self, owner: str) -> bool:
        if sys.platform == "win32":
            return False
        try:
            handle = os.open(self._path(owner), os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(handle)
        return True
