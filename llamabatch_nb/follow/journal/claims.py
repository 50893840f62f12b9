"""Who sends a part: one of all kernels and clients that know it, and the system ends its claim with its process.

Two that sent the same would be billed twice. A claim that grew old instead would be taken from an owner that sleeps,
and one by the number of a process says nothing across containers that share a state folder.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from llamabatch_nb.errors import InputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FOLDER = "claims"


class Claim:
    """A lock on a file beside the journal. It belongs to the open file: two clients of one process exclude each other.

    Raises (`take`):
        InputError: no file can be locked there.

    """

    def __init__(self, journal: Path, part: int) -> None:
        self._path = journal.parent / FOLDER / f"{part}.lock"
        self._handle: int | None = None

    def take(self) -> bool:
        """Whether it is ours; asked again until it is, since an owner may die."""
        if self._handle is not None:
            return True
        try:
            self._path.parent.mkdir(exist_ok=True)
            handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            # The owner before may have removed the file since it was opened here: then a lock on it holds nobody off.
            if _locked(handle) and os.path.samestat(os.fstat(handle), self._path.stat()):
                self._handle = handle
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._unusable(error) from None
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

    def _unusable(self, error: OSError) -> InputError:
        return InputError(
            f"{self._path.parent} cannot be used to see that only one notebook uploads ({error.strerror or error}): "
            "set LLAMABATCH_HOME to a folder on a disk of this machine."
        )


def _locked(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
