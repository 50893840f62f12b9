"""PDFs, and pictures where OCR was asked for, read with liteparse (parsing.md section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from liteparse import LiteParse, ParseError, ParseResult, TextItem

from llamabatch_nb.engine.parsers import native
from llamabatch_nb.engine.parsers.base import LARGE, Parsed, ParsedPage, ParseOptions, Unreadable
from llamabatch_nb.engine.parsers.blocks import short_items
from llamabatch_nb.engine.parsers.ocr import Recognition, recognition
from llamabatch_nb.engine.parsers.ranges import Selection, nothing_selected
from llamabatch_nb.engine.parsers.tables import Words

#: Pages in memory at a time: 1,200 pages take 79 MB in batches of 25 and 1.2 GB at once (parsing.md section 7). Batches
#: are asked for by page numbers: liteparse's own know no page ranges, cost 0.1 ms of 3.3 more for a page, and are no
#: faster for 1,200 (2.1 s either way). As headers and footers, which liteparse looks for across pages, are kept, a page
#: comes out the same whatever batch it is in.
BATCH = 25
#: Pages of a PDF that are read. Its page count is only a claim: 100,000 pages that are not there take 3.4 s to miss.
PAGES = 100_000
#: Characters of text below which a page is looked at for being a scan. Looking costs 12 % of a parse, so not for all.
_SPARSE = 25
#: Share of a page that a picture covers to be the page rather than on it.
_COVERED = 0.5
#: Dots per inch of the pages that OCR looks at. On a scanned medical report of three pages its default, 150, had a mean
#: confidence of 0.81 and tore words and lists apart; 250 has 0.93, in 5 s instead of 2. Large pages are drawn coarser
#: by liteparse itself: one of 200 inches takes 218 MB.
_OCR_DPI = 250
#: Characters of a printed page number, which a file may make as long as it likes.
_LABEL = 100
_SCAN = "Needs OCR, since the page is a picture without text: ask for it (`ocr_parameters`, or `ocr` of the engine)."
_PICTURE = "Needs OCR, since it is a picture: ask for it (`ocr_parameters`, or `ocr` of the engine) and retry it."
_SCANS = "Needs OCR, since its pages are pictures: ask for it (`ocr_parameters`, or `ocr` of the engine) and retry it."
_WORDLESS = "No text, OCR found no words on the page: scan it anew at a higher resolution and retry."
_NO_WORDS = "No text, OCR found no words on the pages: scan it anew at a higher resolution and retry it."
_NO_PAGES = "No pages: make it anew from its source and retry it."
_BROKEN_PAGE = "Damaged: the page could not be read."
_CUT_OFF = "Damaged, or cut off while it was copied: get it again from where it came from and retry it."


def liteparse_options(options: ParseOptions) -> dict[str, Any]:
    """The arguments of `LiteParse` for `options`: what a benchmark has to give liteparse to compare like with like."""
    return _liteparse_options(options, recognition(options))


def _liteparse_options(options: ParseOptions, found: Recognition) -> dict[str, Any]:
    with_layout = options.tier != "fast"
    return {
        # Its own default is to read at most 1,000 pages and to say nothing of the others.
        "max_pages": PAGES,
        "continue_on_page_error": True,
        "output_format": "markdown" if with_layout else "text",
        # What the markdown is made of; 4 % of a parse (measured on invoices).
        "extract_blocks": with_layout,
        # Its default drops lines that are the same on every page from the markdown: on an invoice of two pages that is
        # the vendor's name.
        "keep_headers_footers": True,
        # Links to image files that nobody writes would be broken ones.
        "image_mode": "off",
        # It writes four lines a file to stderr otherwise, which a notebook shows.
        "quiet": True,
        # On by default, it downloads its language file when it needs it.
        "ocr_enabled": found.folder is not None,
        "tessdata_path": found.folder,
        "ocr_language": found.languages,
        "dpi": _OCR_DPI,
        # Where recognition fails, the text that a page has is better than none.
        "ocr_failure_fatal": False,
    }


@lru_cache(maxsize=4)
def _parser(options: ParseOptions, found: Recognition, target_pages: str) -> LiteParse:
    """Kept, since making one takes 0.3 ms and nearly every file asks for the same pages: the first 25."""
    return LiteParse(**_liteparse_options(options, found), target_pages=target_pages)


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    return {"engine": "liteparse", "engine_version": version("liteparse")}


def warm_up() -> None:
    """Load liteparse and PDFium, 24 ms that the first file would pay."""
    with suppress(ParseError):
        _parser(ParseOptions("agentic"), Recognition(), "1").parse(b"%PDF-1.4\n")


def source_of(path: Path) -> bytes | Path:
    """What liteparse is given for the file at `path`: its bytes, or for a large PDF the path."""
    return _headed(path if path.stat().st_size > LARGE else path.read_bytes())


def _headed(source: bytes | Path) -> bytes | Path:
    if isinstance(source, Path):
        if source.suffix.lower() == ".pdf":
            return source
        source = source.read_bytes()  # liteparse goes by the name when it reads a path
    if not source.startswith(b"%PDF-") and b"%PDF-" in source[:1024]:
        return source[source.index(b"%PDF-") :]  # liteparse wants the header first, PDFium mends the offsets
    return source


def parse_picture(source: bytes | Path, options: ParseOptions) -> Parsed:
    """A picture is one page for OCR. Raises `Unreadable`, needs_ocr, where that was not asked for or finds no text."""
    found = recognition(options)
    if found.folder is None:
        raise Unreadable("needs_ocr", _PICTURE if found.missing is None else str(found.missing))
    return parse_pdf(source, options)


def parse_pdf(source: bytes | Path, options: ParseOptions) -> Parsed:
    """`source` is the bytes of the file, or the path of a large one.

    Raises `Unreadable`: encrypted, damaged, no_pages, needs_ocr or no_text.
    """
    source = _headed(source)
    found = recognition(options)
    pages: list[ParsedPage] = []
    total = 0
    try:
        for total, result in _results(source, options, found):  # noqa: B007 - the last one is told
            pages += _pages(result, options, recognised=found.folder is not None)
        if not pages:
            raise nothing_selected() if total else Unreadable("no_pages", _NO_PAGES)
        if not any(page.success for page in pages):
            raise Unreadable("damaged", _CUT_OFF)
        pages = _judged(pages, source, options, found)
    except ParseError as error:
        if "password" in str(error):
            raise Unreadable("encrypted", "Needs a password: save a copy without one and retry it.") from error
        raise Unreadable("damaged", _CUT_OFF) from error
    facts = _facts() | {"pages_total": total, "ocr": found.folder is not None}
    if found.missing is not None:
        facts["ocr_note"] = found.missing
    return sorted(pages, key=lambda page: page.page_number), facts


def _results(source: bytes | Path, options: ParseOptions, found: Recognition) -> Iterator[tuple[int, ParseResult]]:
    """The number of pages that the file has, and some of those that are wanted, until there are no more."""
    wanted = Selection.of(options).within(PAGES)
    while numbers := [*islice(wanted, BATCH)]:
        result = native.parse(_parser(options, found, ",".join(map(str, numbers))), source)
        if result.total_pages > PAGES and options.max_pages is None and options.target_pages is None:
            raise Unreadable("too_large", f"Too large, more than {PAGES:,} pages: split it up and retry the parts.")
        yield result.total_pages, result
        if numbers[-1] >= result.total_pages:
            break


def _pages(result: ParseResult, options: ParseOptions, *, recognised: bool) -> Iterator[ParsedPage]:
    for page in result.pages:
        metadata: dict[str, Any] = {}
        if page.page_label:
            metadata["printed_page_number"] = page.page_label[:_LABEL]
        if recognised and (confidence := _confidence(page.text_items)) is not None:
            metadata["confidence"] = confidence
        items, mended = short_items(page.blocks or (), Words(page))
        # The markdown of an empty page is an empty code block.
        markdown = page.markdown if page.text.strip() else ""
        yield ParsedPage(
            page.page_num,
            success=True,
            text=page.text,
            # None: that of its items. Of 110 papers' pages 26 had mended tables; of the others 81 come out the same
            # either way, and 3 differ in the language of a code block.
            markdown=None if mended else markdown,
            width=page.width,
            height=page.height,
            items=items,
            lines=_lines(page.text_items) if options.positions else (),
            metadata=metadata,
        )
    for error in result.page_errors:
        yield _failed(error.page_num, _BROKEN_PAGE)


def _lines(items: Iterable[TextItem]) -> list[list[str | float | None]]:
    """Hundredths of a point; confidences come as 32-bit numbers."""
    return [
        [
            item.text,
            round(item.x, 2),
            round(item.y, 2),
            round(item.width, 2),
            round(item.height, 2),
            None if item.confidence is None else round(item.confidence, 3),
        ]
        for item in items
        if item.text.strip()
    ]


def _confidence(items: Iterable[TextItem]) -> float | None:
    """How sure OCR was of a page: the mean over its characters, 0 to 1. None where all of it was read."""
    scored = [(len(item.text), item.confidence) for item in items if item.confidence is not None]
    characters = sum(size for size, _ in scored)
    return round(sum(size * score for size, score in scored) / characters, 3) if characters else None


def _judged(
    pages: list[ParsedPage], source: bytes | Path, options: ParseOptions, found: Recognition
) -> list[ParsedPage]:
    """`pages`, with those that are pictures without text marked as failed.

    A page with a few words over a picture (a title slide, a scan with a stamp) counts as read if another page has text.
    """
    sparse = [page.page_number for page in pages if page.success and len(page.text.strip()) < _SPARSE]
    if not sparse:
        return pages
    only = ",".join(map(str, sparse))
    looks = LiteParse(**_liteparse_options(options, found), target_pages=only).is_complex(source)
    covered = {look.page_number for look in looks if look.full_page_image or look.image_coverage > _COVERED}
    with_text = {page.page_number for page in pages if page.text.strip()}
    recognised = found.folder is not None
    if not (with_text if recognised else with_text - covered):
        if any(look.full_page_image or look.image_block_count for look in looks):
            raise Unreadable(
                "needs_ocr", _NO_WORDS if recognised else _SCANS if found.missing is None else str(found.missing)
            )
        raise Unreadable("no_text", "No text, though it may show some as shapes: print it anew, or retry with OCR.")
    unread = covered - with_text
    why = _WORDLESS if recognised else found.missing or _SCAN
    return [_failed(page.page_number, why, page) if page.page_number in unread else page for page in pages]


def _failed(number: int, error: str, page: ParsedPage | None = None) -> ParsedPage:
    width, height = (page.width, page.height) if page else (None, None)
    return ParsedPage(number, False, "", None, width, height, error)
