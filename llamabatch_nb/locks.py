"""A file that one at a time may hold, of all processes and of all who open it in one of them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FileLock:
    """A lock on the file at `path`, which is made, and removed at the end. The system ends it with its process.

    It belongs to the open file: two in one process exclude each other as well. A lock that grew old instead would be
    taken from an owner that sleeps, and one by the number of a process says nothing across containers that share a
    folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> bool:
        """Whether it is ours now.

        Raises:
            OSError: no file can be made there, or none be locked.

        """
        if self._handle is not None:
            return True
        handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            # The owner before may have removed the file since it was opened here: then a lock on it holds nobody off.
            if _locked(handle) and os.path.samestat(os.fstat(handle), self._path.stat()):
                self._handle = handle
        except FileNotFoundError:
            pass
        finally:
            if self._handle is None:
                os.close(handle)
        return self._handle is not None

    def give_up(self) -> None:
        if self._handle is not None:
            with suppress(OSError):  # Windows removes no open file, and it may stay
                self._path.unlink(missing_ok=True)  # before another can have it
            os.close(self._handle)
            self._handle = None


def _locked(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
