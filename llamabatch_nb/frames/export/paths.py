"""Where a document goes inside the folder of an export: its relative path, made safe on every file system.

Names come from the API and are hostile (design.md, decision 9). What is not allowed somewhere becomes ``_``; nothing
leads out of the folder. Limits and reserved names are Windows' (Microsoft, "Naming Files, Paths, and Namespaces"),
the strictest that there are.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

SUFFIX = ".md"
#: Bytes of UTF-8 of one part of a path: file systems end at 255, encrypted ones at 143.
_PART = 120
#: Characters of the whole path: Windows ends at 260, with the folder that it stands in.
_WHOLE = 180
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"}
)
_JOINERS = "\u200c\u200d"  # scripts and emoji need them


def paths(names: Iterable[str]) -> list[str]:
    """A path for each name, in order, with slashes: safe, below 250 bytes, and unique where case does not count.

    ``sub/two.pdf`` becomes ``sub/two.pdf.md``: with its own suffix a document keeps its name whatever else is in the
    run, and ``a.pdf`` and ``a.docx`` stay apart.
    """
    taken: set[str] = set()
    found = []
    for name in names:
        path = _path(name)
        number = 1
        while (key := _key(numbered := path if number == 1 else f"{path} ({number})")) in taken:
            number += 1
        taken.add(key)
        found.append(f"{numbered}{SUFFIX}")
    return found


def _path(name: str) -> str:
    *folders, last = [_part(part) for part in name.split("/") if part not in {"", "."}] or ["_"]
    # Documents end in the suffix and folders never do, so that none can stand in the other's place.
    folders = [f"{folder}_" if folder.casefold().endswith(SUFFIX) else folder for folder in folders]
    path = "/".join([*folders, last])
    if len(path) <= _WHOLE:
        return path
    return f"{_digest(name)}/{last}"


def _part(part: str) -> str:
    safe = "".join(map(_character, unicodedata.normalize("NFC", part))).rstrip(". ")
    if safe.split(".")[0].rstrip().casefold() in _DEVICES or safe.startswith((".", " ")) or not safe:
        safe = f"_{safe}"
    if len(safe.encode()) <= _PART:
        return safe
    # Both ends are kept: names of scans differ at the end.
    head, tail = safe.encode()[: _PART - 36].decode(errors="ignore"), safe.encode()[-24:].decode(errors="ignore")
    return f"{head.rstrip('. ')}~{_digest(part)}~{tail}"


def _character(character: str) -> str:
    if character in '<>:"|?*\\/' or not (character.isprintable() or character in _JOINERS):
        return "_"
    return " " if unicodedata.category(character) == "Zs" else character


def _key(path: str) -> str:
    # macOS compares names after decomposition, Windows by upper case: casefold is at least as strict as either.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
