"""From a path to a parsed document, or to the reason why there is none."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from llamabatch_nb.engine.parsers.base import LARGE, Parsed, ParsedDocument, ParseOptions, Unreadable
from llamabatch_nb.engine.parsers.sniff import HEAD, mismatch, sniff

_DAMAGED = "Damaged: open it in the program it was made with, save it anew and retry it."
_TOO_LARGE = f"Too large, more than the {LARGE >> 20} MB that can be read here: split it up and retry the parts."
#: ZIP archives and old Office containers: what they are stands somewhere inside.
_CONTAINERS = (b"PK", b"\xd0\xcf\x11\xe0")


def parse_file(path: Path, name: str, options: ParseOptions) -> ParsedDocument:
    """Read the file at `path`, which people call `name`.

    Raises `Unreadable` for whatever is wrong with the file, and OSError when it cannot be got from the disk.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(HEAD if size > LARGE else -1)
        if size > LARGE and data.startswith(_CONTAINERS):
            data += file.read()
    try:
        kind = sniff(data, name)
        pages, facts = _parse(kind, data if len(data) == size else path, name, options)
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable("too_large", _TOO_LARGE) from error
    except Exception as error:  # whatever a library makes of a broken file is a finding of ours
        raise Unreadable("damaged", _DAMAGED) from error
    facts = {"kind": kind, **facts}
    if sentence := mismatch(kind, name):
        facts["name_mismatch"] = sentence
    if options.tier == "fast":
        pages = [replace(page, markdown=None) for page in pages]
    return ParsedDocument(kind, tuple(pages), facts)


def _parse(kind: str, source: bytes | Path, name: str, options: ParseOptions) -> Parsed:
    """`source` is the file's bytes, or its path when it is above `LARGE`."""
    if kind in {"pdf", "picture"}:
        from llamabatch_nb.engine.parsers.pdf import parse_pdf, parse_picture

        return parse_pdf(source, options) if kind == "pdf" else parse_picture(source, options)
    if isinstance(source, Path):
        raise Unreadable("too_large", _TOO_LARGE)
    if kind == "docx":
        from llamabatch_nb.engine.parsers.docx import parse_docx

        return parse_docx(source)
    if kind == "xlsx":
        from llamabatch_nb.engine.parsers.xlsx import parse_xlsx

        return parse_xlsx(source)
    if kind == "pptx":
        from llamabatch_nb.engine.parsers.pptx import parse_pptx

        return parse_pptx(source)
    if kind == "html":
        from llamabatch_nb.engine.parsers.html import parse_html

        return parse_html(source)
    from llamabatch_nb.engine.parsers.text import parse_csv, parse_text

    return parse_csv(source) if kind == "csv" else parse_text(source, name)
