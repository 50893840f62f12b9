"""PDFs, and pictures where OCR was asked for, read with liteparse (parsing.md section 2)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from liteparse import LiteParse, ParseError, ParseResult

from llamabatch_nb.engine.parsers.base import Parsed, ParsedPage, ParseOptions, Unreadable

#: Pages in memory at a time: 1,200 pages take 79 MB in batches of 25 and 1.2 GB at once (parsing.md section 7). Every
#: file goes through batches: for one page they cost nothing (3.2 ms either way), and as headers and footers, which
#: liteparse looks for across pages, are kept, a page comes out the same whatever batch it is in.
BATCH = 25
#: Pages of a PDF that are read. Its page count is only a claim: 100,000 pages that are not there take 3.4 s to miss.
PAGES = 100_000
#: Characters of text below which a page is looked at for being a scan. Looking costs 12 % of a parse, so not for all.
_SPARSE = 25
#: Share of a page that a picture covers to be the page rather than on it.
_COVERED = 0.5
_TESSDATA = "eng.traineddata"

_SCAN = "Needs OCR, since the page is a picture without text: scan it anew with text recognition and retry."
_PICTURE = "Needs OCR, since it is a picture: turn it into a PDF with text recognition (OCR) and retry it."
_SCANS = "Needs OCR, since its pages are pictures: scan it anew with text recognition and retry it."
_NO_OCR = (
    f"Needs OCR, whose language file {_TESSDATA} is not on this machine: install Tesseract's "
    "English data, or set TESSDATA_PREFIX to its folder, and retry."
)
_NO_WORDS = "No text, OCR found no words on the pages: scan it anew at a higher resolution and retry it."
_BROKEN_PAGE = "Damaged: the page could not be read."
_CUT_OFF = "Damaged, or cut off while it was copied: get it again from where it came from and retry it."


def liteparse_options(options: ParseOptions) -> dict[str, Any]:
    """The arguments of `LiteParse` for `options`: what a benchmark has to give liteparse to compare like with like."""
    tessdata = _tessdata(options)
    return {
        # Its own default is to read at most 1,000 pages and to say nothing of the others.
        "max_pages": PAGES,
        "continue_on_page_error": True,
        "output_format": "text" if options.tier == "fast" else "markdown",
        # Its default drops lines that are the same on every page from the markdown: on an invoice of two pages that is
        # the vendor's name.
        "keep_headers_footers": True,
        # Links to image files that nobody writes would be broken ones.
        "image_mode": "off",
        # It writes four lines a file to stderr otherwise, which a notebook shows.
        "quiet": True,
        # On by default, it downloads its language file when it needs it.
        "ocr_enabled": tessdata is not None,
        "tessdata_path": tessdata,
    }


def _tessdata(options: ParseOptions) -> str | None:
    """The folder of Tesseract's English data, if OCR is asked for and it is on this machine.

    It is looked for in TESSDATA_PREFIX alone where that is set, else where packages of PyPI and Debian put it.
    """
    if not options.ocr:
        return None
    if given := os.environ.get("TESSDATA_PREFIX"):
        places = [Path(given)]
    else:
        debian = sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"))
        places = [Path(sys.prefix, "share", "tessdata"), *debian, Path("/usr/share/tessdata")]
    return next((str(place) for place in places if (place / _TESSDATA).is_file()), None)


@lru_cache(maxsize=4)
def _parser(options: ParseOptions) -> LiteParse:
    """One parser a process and options."""
    return LiteParse(**liteparse_options(options))


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    return {"engine": "liteparse", "engine_version": version("liteparse")}


def warm_up() -> None:
    """Load liteparse and PDFium, 24 ms that the first file would pay."""
    with suppress(ParseError):
        _parser(ParseOptions("agentic")).parse(b"%PDF-1.4\n")


def parse_picture(source: bytes | Path, options: ParseOptions) -> Parsed:
    """A picture is one page for OCR. Raises `Unreadable`, needs_ocr, where that was not asked for or finds no text."""
    if _tessdata(options) is None:
        raise Unreadable("needs_ocr", _NO_OCR if options.ocr else _PICTURE)
    return parse_pdf(source, options)


def parse_pdf(source: bytes | Path, options: ParseOptions) -> Parsed:
    """`source` is the bytes of the file, or the path of a large one.

    Raises `Unreadable`: encrypted, damaged, no_pages, needs_ocr or no_text.
    """
    if isinstance(source, Path) and source.suffix.lower() != ".pdf":
        source = source.read_bytes()  # liteparse goes by the name when it reads a path
    if isinstance(source, bytes) and not source.startswith(b"%PDF-") and b"%PDF-" in source[:1024]:
        source = source[source.index(b"%PDF-") :]  # liteparse wants the header first, PDFium mends the offsets
    pages: list[ParsedPage] = []
    try:
        for batch in _parser(options).parse_batches(source, BATCH):
            if batch.total_pages > PAGES:
                raise Unreadable("too_large", f"Too large, more than {PAGES:,} pages: split it up and retry the parts.")
            pages += _pages(batch.result)
        if not pages:
            raise Unreadable("no_pages", "No pages: make it anew from its source and retry it.")
        if not any(page.success for page in pages):
            raise Unreadable("damaged", _CUT_OFF)
        pages = _judged(pages, source, options)
    except ParseError as error:
        if "password" in str(error):
            raise Unreadable("encrypted", "Needs a password: save a copy without one and retry it.") from error
        raise Unreadable("damaged", _CUT_OFF) from error
    return sorted(pages, key=lambda page: page.page_number), _facts() | {"ocr": _tessdata(options) is not None}


def _pages(result: ParseResult) -> Iterator[ParsedPage]:
    for page in result.pages:
        # The markdown of an empty page is an empty code block.
        markdown = page.markdown if page.text.strip() else ""
        yield ParsedPage(page.page_num, True, page.text, markdown, page.width, page.height)
    for error in result.page_errors:
        yield _failed(error.page_num, _BROKEN_PAGE)


def _judged(pages: list[ParsedPage], source: bytes | Path, options: ParseOptions) -> list[ParsedPage]:
    """`pages`, with those that are pictures without text marked as failed.

    A page with a few words over a picture (a title slide, a scan with a stamp) counts as read if another page has text.
    """
    sparse = [page.page_number for page in pages if page.success and len(page.text.strip()) < _SPARSE]
    if not sparse:
        return pages
    only = ",".join(map(str, sparse))
    looks = LiteParse(**liteparse_options(options), target_pages=only).is_complex(source)
    covered = {look.page_number for look in looks if look.full_page_image or look.image_coverage > _COVERED}
    with_text = {page.page_number for page in pages if page.text.strip()}
    recognised = _tessdata(options) is not None
    if not (with_text if recognised else with_text - covered):
        if any(look.full_page_image or look.image_block_count for look in looks):
            raise Unreadable("needs_ocr", _NO_WORDS if recognised else _NO_OCR if options.ocr else _SCANS)
        raise Unreadable("no_text", "No text, though it may show some as shapes: print it anew, or retry with OCR.")
    unread = covered - with_text
    return [_failed(page.page_number, _SCAN, page) if page.page_number in unread else page for page in pages]


def _failed(number: int, error: str, page: ParsedPage | None = None) -> ParsedPage:
    width, height = (page.width, page.height) if page else (None, None)
    return ParsedPage(number, False, "", None, width, height, error)
