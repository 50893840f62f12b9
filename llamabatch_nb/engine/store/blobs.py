"""The bytes of uploaded files: ``blobs/<sha256>.<extension>``, each content once."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

_CHUNK = 1 << 20
_EXTENSION = re.compile(r"\.[a-z0-9]{1,8}")
_NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,8}")
#: No upload takes longer: what is left of an older one is of a process that was killed.
_STALE_SECONDS = 24 * 3600.0


class Blob(NamedTuple):
    """`name` is the file's name below ``blobs/``, `size` its bytes."""

    name: str
    size: int


class Incoming:
    """A file on its way in. Up to a mebibyte waits in memory, the rest is in the folder, under a name of its own.

    `size` is the bytes that came so far. Feed it, flush it when it is `due`, then `finish` and `keep` it, or not; close
    it in the end. Nothing here is synced to the disk: neither is the row that will name the blob.
    """

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._folder = folder
        self._waiting = bytearray()
        self._head = b""
        self._digest = hashlib.sha256()
        self._blob: Blob | None = None
        # A dot first: the rename makes the file appear whole or not at all.
        self._path = folder / f".{secrets.token_hex(8)}.part"
        self._target: BinaryIO | None = None

    def feed(self, data: bytes) -> None:
        self._waiting += data
        self.size += len(data)

    @property
    def due(self) -> bool:
        return len(self._waiting) >= _CHUNK

    def flush(self) -> None:
        """Write down what waits. Raises OSError, of a full disk for one."""
        self._head = self._head or bytes(self._waiting[:1024])
        self._digest.update(self._waiting)
        if self._target is None:
            self._target = self._path.open("wb", buffering=0)
        view = memoryview(self._waiting)
        while view:
            view = view[self._target.write(view) :]
        self._waiting = bytearray()

    def finish(self, *names: str) -> Blob:
        """All of it has come. The extension is that of the first of `names` that has one, else ``.bin``.

        A PDF is always ``.pdf``: liteparse goes by the extension when it reads a path (parsing.md section 2).
        """
        self.flush()
        self._close()
        extension = ".pdf" if b"%PDF-" in self._head else next(filter(None, map(_extension, names)), ".bin")
        self._blob = Blob(self._digest.hexdigest() + extension, self.size)
        return self._blob

    def keep(self) -> None:
        """Make it the blob that `finish` named. In the transaction that refers to it: then a refusal keeps nothing, and

        nobody removes at the same moment what had the same content (`resources.leftovers`).
        """
        assert self._blob is not None
        self._path.replace(self._folder / self._blob.name)

    def close(self) -> None:
        """Forget it, unless it was kept."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._target is not None:
            self._target.close()


class Blobs:
    """Content-addressed files. A name is made of a hash and a checked extension, so no upload chooses its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in folder.glob(".*.part"):
            with suppress(FileNotFoundError):  # of another engine, which has just kept it
                if path.stat().st_mtime < time.time() - _STALE_SECONDS:
                    path.unlink()

    def incoming(self) -> Incoming:
        return Incoming(self.folder)

    def path(self, name: str) -> Path:
        """Where the blob of this name lies; names that no blob can have raise ValueError."""
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no blob's name")
        return self.folder / name

    def names(self) -> set[str]:
        """The blobs that lie in the folder, each whole."""
        return {path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name)}

    def remove(self, name: str) -> bool:
        """Remove it, inside a write transaction in which nothing names it. False if the system would not.

        Windows removes nothing that is being read. A name that no blob can have is nobody's.
        """
        if _NAME.fullmatch(name) is not None:
            try:
                (self.folder / name).unlink(missing_ok=True)
            except OSError:
                return False
        return True


def _extension(name: str) -> str | None:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if _EXTENSION.fullmatch(suffix) else None
