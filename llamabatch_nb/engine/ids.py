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

    def stored_file(self, of: str | int) -> str:
        """A file of the Files API: `of` is the directory file that it was made with, else a count. Same prefix."""
        return self._id("dfl", "stored", of)

    def batch(self, number: int) -> str:
        """`number` counts the batches of the store."""
        return self._id("bat", "batch", number)

    def job(self, prefix: str, *of: str | int) -> str:
        """`prefix` is ``pjb`` (parse) or ``ext`` (extract); `of` the batch and its file, or a count of lone jobs."""
        return self._id(prefix, "job" if prefix == "pjb" else "extract job", *of)

    def configuration(self, product_type: str, name: str, before: int) -> str:
        """`before` counts the configurations of this product and name that were deleted."""
        return self._id("cfg", "configuration", product_type, name, before)

    def webhook(self, number: int) -> str:
        """`number` counts the saved webhook configurations."""
        return self._id("whc", "webhook", number)

    def uuid(self, kind: str) -> str:
        """Projects and organizations have UUIDs (contract.md, "Id prefixes seen")."""
        return str(uuid.UUID(bytes=self._raw(kind, ())[:16], version=4))
