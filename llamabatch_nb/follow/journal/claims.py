"""Who sends a part: one of all kernels and clients that know it, as two that sent the same would be billed twice."""

from __future__ import annotations

from pathlib import Path

from llamabatch_nb.errors import InputError
from llamabatch_nb.locks import FileLock

FOLDER = "claims"


class Claim:
    """A lock on a file beside the journal.

    Raises (`take`):
        InputError: no file can be locked there.

    """

    def __init__(self, journal: Path, part: int) -> None:
        self._folder = journal.parent / FOLDER
        self._lock = FileLock(self._folder / f"{part}.lock")

    def take(self) -> bool:
        """Whether it is ours; asked again until it is, since an owner may die."""
        try:
            self._folder.mkdir(exist_ok=True)
            return self._lock.take()
        except OSError as error:
            raise InputError(
                f"{self._folder} cannot be used to see that only one notebook uploads ({error.strerror or error}): "
                "set LLAMABATCH_HOME to a folder on a disk of this machine."
            ) from None

    def give_up(self) -> None:
        self._lock.give_up()
