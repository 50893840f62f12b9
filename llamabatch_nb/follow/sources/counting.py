"""How many pages a file has, counted on this machine before anything is sent.

What a file is, is seen from its content; names lie. A count is what the file says of itself, never what a service will
make of it: a PDF's page tree, an Office file's own list of parts, the frames of a TIFF. Where it says nothing the count
is None, and an estimate takes at least one page: text, markdown, HTML and CSV have no pages until somebody lays them
out, and old Office files, archives, sound and whatever else is not known here are not opened.
"""

from __future__ import annotations

import io
import logging
import math
import os
import re
import struct
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from llamabatch_nb.follow.sources.source import SourceFile

#: Bytes from the start in which a PDF's header may stand, and from the end in which its pointer to the table is looked
#: for. A PDF without the pointer is cut off: pypdf would search all of it, 80 ms a MB (measured), to find no pages.
_HEAD = 1024
_TAIL = 2048
#: Bytes of a PDF whose broken table pypdf may repair by reading the whole file, which takes seconds at 4 MB of the
#: worst kind (measured).
_REPAIRED = 4 << 20
#: Seconds for one PDF: one of 20,000 pages takes 0.28 s (measured). What is not counted by then is not known.
SECONDS = 2.0
#: Entries of a PDF's compressed table; 20,000 pages of reportlab have 60,000.
_ENTRIES = 500_000
#: More pages than this are a claim that nobody has to believe; the local engine refuses them too.
_PAGES = 100_000
#: Bytes of a ZIP archive's directory, which zipfile reads at once, and of a member that is looked into.
_DIRECTORY = 4 << 20
_MEMBER = 1 << 20

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_TIFFS = {b"II*\x00": "<", b"MM\x00*": ">"}
_HEIF = frozenset({b"heic", b"heix", b"mif1", b"avif"})
#: Content types as Office writes them: the names of the parts vary, these do not. A slide is a page, and so is a sheet.
_SLIDE = b"presentationml.slide+xml"
_SHEET = b"spreadsheetml.worksheet+xml"
_DOCUMENT = b"wordprocessingml.document.main+xml"

#: pypdf tells its findings to loggers of its own, which print to stderr where nobody has set up logging. One file at a
#: time is counted with them silent; more would gain nothing, as pypdf is Python.
_quiet = threading.Lock()


def count_all(
    files: Iterable[SourceFile],
    known_pages: Mapping[str, int | None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, int | None]:
    """The pages of each content, by SHA-256: what `known_pages` has, and what is counted now. None: not known.

    Copies and files whose bytes are not on this machine are left out. `on_progress(done, total)` is called after each
    file that is counted here.
    """
    known = known_pages or {}
    wanted = {file.sha256: file for file in files if file.path is not None and file.copy_of is None}
    counted = {sha256: known[sha256] for sha256 in wanted if sha256 in known}
    missing = [file for sha256, file in wanted.items() if sha256 not in counted]
    for done, file in enumerate(missing, start=1):
        assert file.path is not None
        counted[file.sha256] = count_pages(file.path)
        if on_progress is not None:
            on_progress(done, len(missing))
    return counted


def count_pages(path: Path) -> int | None:
    """The pages that a file says it has; None where it says nothing, cannot be read or is not to be trusted.

    Never raises for what is in a file, and takes about 1 ms for an ordinary PDF and some `SECONDS` for a hostile one.
    """
    try:
        with _Patience(io.FileIO(path)) as file:
            pages = _count(file)
    except Exception:  # whatever a library makes of a broken file: the service will say what is wrong with it
        return None
    return pages if pages is not None and 0 < pages <= _PAGES else None


def _count(file: _Patience) -> int | None:
    head = file.read(_HEAD)
    if b"%PDF-" in head:
        return _pdf(file)
    if head.startswith(b"PK\x03\x04"):
        return _office(file)
    if head[:4] in _TIFFS:
        return _tiff(file, _TIFFS[head[:4]])
    return 1 if _is_picture(head) else None


def _is_picture(head: bytes) -> bool:
    return (
        head.startswith(_PICTURES)
        or (head.startswith(b"BM") and head[6:10] == bytes(4))
        or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in _HEIF)
    )


class _Patience(io.BufferedReader):
    """A file that ends its reader's work when it is late, by time.monotonic(), or wants all of a large file."""

    late = math.inf

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self.late:
            raise TimeoutError
        if (size is None or size < 0) and os.fstat(self.fileno()).st_size - self.tell() > _REPAIRED:
            raise TimeoutError
        return super().read(size)


def _pdf(file: _Patience) -> int | None:
    """The page tree's own count: walking the tree takes ten times as long, 266 ms at 2,000 pages (measured)."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
    if b"startxref" not in file.read(_TAIL):
        return None
    file.seek(0)
    from pypdf import PdfReader
    from pypdf.generic import DictionaryObject, NumberObject

    log = logging.getLogger("pypdf")
    with _quiet:
        level = log.level
        log.setLevel(logging.CRITICAL + 1)
        file.late = time.monotonic() + SECONDS
        try:
            reader = PdfReader(file, xref_stream_maximum_entries=_ENTRIES)
            tree = reader.root_object["/Pages"].get_object()
            count = tree["/Count"] if isinstance(tree, DictionaryObject) else None
            return int(count) if isinstance(count, NumberObject) else None
        finally:
            log.setLevel(level)


def _office(file: _Patience) -> int | None:
    if not _is_small(file):
        return None
    with zipfile.ZipFile(file) as archive:
        types = _start(archive, "[Content_Types].xml")
        if count := types.count(_SLIDE) or types.count(_SHEET):
            return count
        return _word(_start(archive, "docProps/app.xml")) if _DOCUMENT in types else None


def _word(properties: bytes) -> int | None:
    """Word's own page count, from when it last saved. Other programs leave ``1`` there with no words beside it."""
    pages, words = (re.search(rb"<(?:\w+:)?%b>\s*(\d{1,9})\s*<" % tag, properties) for tag in (b"Pages", b"Words"))
    return int(pages[1]) if pages and words and int(words[1]) > 0 else None


def _start(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(_MEMBER)


def _is_small(file: _Patience) -> bool:
    """Whether a ZIP archive's directory is of a size that a document's may have."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 22 - 0xFFFF))  # the record is 22 bytes, and a comment of up to 65,535 may follow
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    size: int = struct.unpack_from("<I", tail, at + 12)[0] if at >= 0 else _DIRECTORY + 1
    return size <= _DIRECTORY


def _tiff(file: _Patience, order: str) -> int:
    """Each directory is a frame and points to the next; one that is pointed to twice ends the count."""
    file.seek(4)
    seen: set[int] = set()
    at: int = struct.unpack(f"{order}I", file.read(4))[0]
    while at and at not in seen and len(seen) <= _PAGES:
        seen.add(at)
        file.seek(at)
        entries: int = struct.unpack(f"{order}H", file.read(2))[0]
        file.seek(at + 2 + 12 * entries)
        at = struct.unpack(f"{order}I", file.read(4))[0]
    return len(seen)
