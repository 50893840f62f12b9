"""What a file is, by its content. Names lie: a DOCX named ``.pdf`` is read as a DOCX, and the result says so."""

from __future__ import annotations

import re

from llamabatch_nb.engine.parsers.base import Unreadable

#: What people call the kinds: those that can be read, and two that a suffix may promise.
KINDS = {
    "pdf": "a PDF",
    "docx": "a Word document",
    "xlsx": "an Excel workbook",
    "pptx": "a PowerPoint presentation",
    "html": "a web page",
    "csv": "a table in a text file",
    "text": "a text file",
    "picture": "a picture",
    "old-office": "an old Office document",
}
#: What a suffix promises. Others (``.log``, ``.json``, none) promise nothing.
_SUFFIXES = {
    ".pdf": "pdf",
    ".docx": "docx",
    **dict.fromkeys((".xlsx", ".xlsm"), "xlsx"),
    **dict.fromkeys((".pptx", ".pptm"), "pptx"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    **dict.fromkeys((".txt", ".md"), "text"),
    **dict.fromkeys((".doc", ".xls", ".ppt"), "old-office"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".heic"), "picture"),
}
_PICTURES = (
    *((b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF")),
    *((b"II*\x00", "TIFF"), (b"MM\x00*", "TIFF")),
)
#: Names of streams inside old Office files, which are UTF-16 there.
_OLD_OFFICE = {"WordDocument": "Word", "Workbook": "Excel", "PowerPoint Document": "PowerPoint"}
_HTML = re.compile(rb"<!doctype\s+html|<(?:html|head|body)[\s>]", re.IGNORECASE)
#: Bytes from the start in which a signature may stand: PDF readers accept junk before the header up to here.
HEAD = 1024


def promised(name: str) -> str | None:
    """The kind that a file's suffix promises, None when it promises none."""
    _, dot, suffix = name.rpartition(".")
    return _SUFFIXES.get(dot + suffix.lower())


def mismatch(kind: str, name: str) -> str | None:
    """A sentence when `name` promises something else than the `kind` that the content is; None when it does not.

    Text files and tables are one family: a table called ``.txt`` is no lie.
    """
    claim = promised(name)
    text = {"csv", "text"}
    if claim is None or claim == kind or {claim, kind} <= text:
        return None
    return f"The name promises {KINDS[claim]}, the content is {KINDS[kind]}."


def sniff(data: bytes, name: str) -> str:
    """The kind of `data`: pdf, docx, xlsx, pptx, html, csv, text or picture. The name decides among kinds of text only.

    Raises `Unreadable`: empty, encrypted, damaged, too_large or unsupported.
    """
    head = data[:HEAD]
    if not data.strip(b" \t\r\n\f\x00\xef\xbb\xbf"):
        raise Unreadable("empty", "Empty: put a copy with content in its place and retry it.")
    if head.startswith(b"%PDF-") or (b"%PDF-" in head and b"endobj" in data):
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        from llamabatch_nb.engine.parsers.archive import office_kind

        return office_kind(data)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise _old_office(data)
    if picture_format(head):
        return "picture"
    if head.lstrip().startswith(b"{\\rtf"):
        raise Unreadable(
            "unsupported", "Rich text (RTF), which cannot be read here: save it as DOCX or PDF and retry it."
        )
    # UTF-16 has a zero beside every letter.
    if promised(name) == "html" or _HTML.search(data[: 4 * HEAD].replace(b"\x00", b"")):
        return "html"
    return "csv" if promised(name) == "csv" else "text"


def picture_format(head: bytes) -> str | None:
    """PNG, JPEG … for the first bytes of a picture, else None."""
    for signature, name in _PICTURES:
        if head.startswith(signature):
            return name
    if head.startswith(b"BM") and head[6:10] == bytes(4):  # two letters alone would take in any text about BMWs
        return "BMP"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    return "HEIC" if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"mif1", b"avif"} else None


def _old_office(data: bytes) -> Unreadable:
    # An encrypted DOCX, XLSX or PPTX is packed into the container of the old formats.
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Unreadable("encrypted", "Needs a password: save a copy without one and retry it.")
    for stream, program in _OLD_OFFICE.items():
        if stream.encode("utf-16-le") in data:
            return Unreadable(
                "unsupported",
                f"The old {program} format, which cannot be read here: save it in the current one and retry it.",
            )
    return Unreadable("unsupported", "An old Office format, which cannot be read here: save it as PDF and retry it.")
