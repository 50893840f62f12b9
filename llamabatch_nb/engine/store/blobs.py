"""The bytes of uploaded files: ``blobs/<sha256>.<extension>``, each content once."""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

_CHUNK = 1 << 20
_EXTENSION = re.compile(r"\.[a-z0-9]{1,8}")


class Blob(NamedTuple):
    """`name` is the file's name below ``blobs/``, `size` its bytes."""

    name: str
    size: int


class Blobs:
    """Content-addressed files. A name is made of a hash and a checked extension, so no upload chooses its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, source: BinaryIO, given_name: str) -> Blob:
        """Copy `source` in, a mebibyte at a time. Not synced to the disk: neither is the row that will name it.

        The extension comes from `given_name`, or is ``.bin``. A PDF is always ``.pdf``: liteparse goes by the extension
        when it reads a path (parsing.md section 2).
        """
        digest, size, head = hashlib.sha256(), 0, b""
        # A dot first: the rename makes the file appear whole or not at all.
        part = self.folder / f".{secrets.token_hex(8)}.part"
        try:
            with part.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    head = head or chunk[:1024]
                    digest.update(chunk)
                    size += len(chunk)
                    target.write(chunk)
            name = digest.hexdigest() + (".pdf" if b"%PDF-" in head else _extension(given_name))
            part.replace(self.folder / name)
        finally:
            part.unlink(missing_ok=True)
        return Blob(name, size)


def _extension(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if _EXTENSION.fullmatch(suffix) else ".bin"
