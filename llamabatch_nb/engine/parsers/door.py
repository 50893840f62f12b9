"""From a path to a parsed document, or to the reason why there is none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from llamabatch_nb.engine.parsers.base import LARGE, Parsed, ParsedDocument, ParsedPage, ParseOptions, Unreadable
from llamabatch_nb.engine.parsers.ranges import Selection, nothing_selected
from llamabatch_nb.engine.parsers.sniff import HEAD, mismatch, sniff

#: The kinds of which page images can be made.
DRAWN = frozenset({"pdf", "picture"})

_FAST = "Text alone, without markdown and items, as on the service's tier fast."
_NO_MODEL = "Read by rules, without a language model: here cost_effective, agentic and agentic_plus give the same."
_NOT_DRAWN = "None: page images are made of PDFs and of pictures alone."
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
        _check_failures(pages, options.allowed_page_failure_ratio)
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable("too_large", _TOO_LARGE) from error
    except Exception as error:  # whatever a library makes of a broken file is a finding of ours
        raise Unreadable("damaged", _DAMAGED) from error
    facts = {"kind": kind, **facts, "note": _FAST if options.tier == "fast" else _NO_MODEL}
    if sentence := mismatch(kind, name):
        facts["name_mismatch"] = sentence
    if options.screenshots and kind not in DRAWN:
        facts["screenshots"] = _NOT_DRAWN
    if options.tier == "fast":
        pages = [replace(page, markdown=None, items=()) for page in pages]
    return ParsedDocument(kind, tuple(pages), facts)


def _check_failures(pages: Sequence[ParsedPage], allowed: float | None) -> None:
    failed = sum(not page.success for page in pages)
    if allowed is not None and failed > allowed * len(pages):
        raise Unreadable(
            "pages_failed",
            f"{failed} of {len(pages)} pages failed, damaged or without text, where {allowed:.0%} may: mend the file, "
            "or allow more.",
        )


def _parse(kind: str, source: bytes | Path, name: str, options: ParseOptions) -> Parsed:
    """`source` is the file's bytes, or its path when it is above `LARGE`."""
    if kind in {"pdf", "picture"}:
        from llamabatch_nb.engine.parsers.pdf import parse_pdf, parse_picture

        return parse_pdf(source, options) if kind == "pdf" else parse_picture(source, options)
    if isinstance(source, Path):
        raise Unreadable("too_large", _TOO_LARGE)
    selection = Selection.of(options)
    if kind == "docx":
        from llamabatch_nb.engine.parsers.docx import parse_docx

        return parse_docx(source, selection)
    if kind == "xlsx":
        from llamabatch_nb.engine.parsers.xlsx import parse_xlsx

        return parse_xlsx(source, selection)
    if kind == "pptx":
        from llamabatch_nb.engine.parsers.pptx import parse_pptx

        return parse_pptx(source, selection)
    if 1 not in selection:  # the formats below are one page
        raise nothing_selected()
    if kind == "html":
        from llamabatch_nb.engine.parsers.html import parse_html

        return parse_html(source)
    from llamabatch_nb.engine.parsers.text import parse_csv, parse_text

    return parse_csv(source) if kind == "csv" else parse_text(source, name)
