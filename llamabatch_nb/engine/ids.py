"""Ids as the service makes them: a prefix and 28 lower-case base32 characters (contract.md, "Id prefixes seen").

With a seed an id is a hash of what the thing is, never of when it came, so that concurrent uploads give the same ids
on every run.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid

_LENGTH = 28
#: A byte to a base32 character, each of which eight bytes become.
_BASE32 = b"abcdefghijklmnopqrstuvwxyz234567" * 8


class Ids:
    """Makes ids. `seed` None: random. `of` is what makes the thing itself among its kind."""

    def __init__(self, seed: str | None = None) -> None:
        self._seed = seed

    def _raw(self, kind: str, of: tuple[str | int, ...]) -> bytes:
        if self._seed is None:
            return secrets.token_bytes(_LENGTH)
        # A length before each part, so that ("a", "bc") and ("ab", "c") differ.
        text = "".join(f"{len(str(part))}:{part}" for part in (self._seed, kind, *of))
        return hashlib.sha256(text.encode()).digest()[:_LENGTH]

    def _id(self, prefix: str, kind: str, *of: str | int) -> str:
        return f"{prefix}-{self._raw(kind, of).translate(_BASE32).decode()}"

    def directory(self, number: int) -> str:
        """`number` counts the directories of the store."""
        return self._id("dir", "directory", number)

    def file(self, directory_id: str, unique_id: str, before: int) -> str:
        """`before` counts the files of this name that the directory had and has no more."""
        return self._id("dfl", "file", directory_id, unique_id, *([before] if before else []))

    def stored_file(self, directory_file_id: str) -> str:
        """The file of the Files API that was made with a directory file. Both have the same prefix."""
        return self._id("dfl", "stored", directory_file_id)

    def batch(self, number: int) -> str:
        """`number` counts the batches of the store."""
        return self._id("bat", "batch", number)

    def job(self, batch_id: str, file_id: str) -> str:
        return self._id("pjb", "job", batch_id, file_id)

    def uuid(self, kind: str) -> str:
        """Projects and organizations have UUIDs (contract.md, "Id prefixes seen")."""
        return str(uuid.UUID(bytes=self._raw(kind, ())[:16], version=4))
