"""Open files and bytes that are submitted: they have no path, so their contents are kept until they are uploaded."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from llamabatch_nb.errors import FileReadError, SourceError

#: Bytes read at a time: a document is never whole in memory.
_CHUNK = 1 << 20
#: A suffix that may be part of a file's name on any machine.
_SUFFIX = re.compile(r"\.[a-z0-9]{1,16}")


def is_content(one: object) -> bool:
    """Whether it is an open file, or a pair of a name and an open file or bytes."""
    if isinstance(one, tuple) and len(one) == 2:
        return isinstance(one[0], str) and (_is_bytes(one[1]) or hasattr(one[1], "read"))
    return hasattr(one, "read") and not isinstance(one, type)


def name_of(one: object) -> str:
    """What a content is called: the name it came with, or the last part of an open file's own.

    Raises:
        SourceError: it has none, or one that is no relative path.

    """
    if isinstance(one, tuple) and is_content(one):
        given: object = one[0]
        name = str(given)
    else:
        if not is_content(one):
            raise SourceError(
                f"A list to submit has either paths or open files and (name, bytes) pairs, not {one!r:.80}."
            )
        given = getattr(one, "name", None)  # a number where it was opened by one
        name = PureWindowsPath(given).name if isinstance(given, str) else ""
    if not name or any(part in {"", ".", ".."} for part in name.split("/")) or "\0" in name:
        raise SourceError(f"A file without a usable name ({given!r:.80}) is submitted as ('a.pdf', file).")
    return name


def spooled(one: object, name: str, spool: Path) -> tuple[Path, int, str]:
    """Write a content to `spool` as ``<sha256><suffix>``. Returns where it is, its size in bytes, and the hash.

    Raises:
        SourceError: a file that is open as text, or no room on this machine.
        FileReadError: it cannot be read.

    """
    content: Any = one[1] if isinstance(one, tuple) else one
    file = io.BytesIO(content) if _is_bytes(content) else content
    digest = hashlib.sha256()
    size = 0
    temporary: str | None = None
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=spool, prefix=".part-")
        with os.fdopen(handle, "wb") as target:
            while chunk := _read(file, name):
                digest.update(chunk)
                size += target.write(chunk)
        suffix = _SUFFIX.fullmatch(PurePosixPath(name).suffix.lower())
        path = spool / f"{digest.hexdigest()}{suffix[0] if suffix else ''}"
        Path(temporary).replace(path)  # whole or not at all, whenever the kernel is killed
        temporary = None
    except FileReadError:
        raise
    except OSError as error:
        raise SourceError(
            f"The content of {name!r} cannot be kept on this machine in {spool} ({error.strerror}): make room there, "
            "or submit the file by its path."
        ) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return path, size, digest.hexdigest()


def _read(file: Any, name: str) -> bytes:
    try:
        chunk = b"" if isinstance(file, io.TextIOBase) else file.read(_CHUNK)
    except (OSError, ValueError) as error:  # ValueError: it was closed
        reason = getattr(error, "strerror", None) or str(error)
        raise FileReadError(
            f"The open file {name!r} cannot be read ({reason}): open it again.", file_name=name, reason=reason
        ) from None
    if isinstance(file, io.TextIOBase) or not _is_bytes(chunk):
        raise SourceError(f"The file {name!r} is open as text: open it with open({name!r}, 'rb').")
    return bytes(chunk)


def _is_bytes(content: object) -> bool:
    return isinstance(content, (bytes, bytearray, memoryview))
