"""From what a parse job made of a document to the pages that extractors read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llamabatch_nb.engine.extractors.base import Box, Line, Page, Table, Unextractable
from llamabatch_nb.engine.parsers import ParseOptions, Unreadable, parse_file, read_payload
from llamabatch_nb.engine.parsers.items import shown
from llamabatch_nb.engine.parsers.ranges import pages_of

_NOTHING_CHOSEN = "No pages, since none of those in target_pages is there: choose others and retry it."
_NOTHING_READ = "No text on the pages that were read: parse it with OCR and retry it."


def read_pages(payload: bytes, path: Path, name: str, parameters: Mapping[str, Any]) -> list[Page]:
    """The pages that the ``extract_v2`` parameters choose among those that were read.

    A parse job that was made for itself keeps no places of words. Of a PDF they are read again then.

    Raises Unextractable if there is none.
    """
    content = read_payload(payload)
    chosen = _chosen(content["pages"], parameters)
    if not chosen:
        raise Unextractable("no_pages", _NOTHING_CHOSEN)
    good = [page for page in chosen if page["success"]]
    if not good:
        raise Unextractable("no_text", _NOTHING_READ)
    if content["facts"].get("kind") in {"pdf", "picture"} and not any(page.get("lines") for page in good):
        lines = _read_again(path, name, good, content["facts"])
        good = [page | {"lines": lines.get(page["page_number"], ())} for page in good]
    return [_page(page) for page in good]


def _chosen(pages: Sequence[dict[str, Any]], parameters: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """The parse job has done so already where it was made for this extraction; one that was given to it has not.

    As with a parse, ``target_pages`` takes precedence (`parsers.ranges`).
    """
    target: str | None = parameters.get("target_pages")
    if target is None:
        return pages[: parameters.get("max_pages")]
    wanted = pages_of(target)
    return [page for page in pages if any(page["page_number"] in some for some in wanted)]


def _read_again(
    path: Path, name: str, pages: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
) -> dict[int, Sequence[Sequence[Any]]]:
    options = ParseOptions(
        tier="agentic",
        ocr=bool(facts.get("ocr")),
        target_pages=",".join(str(page["page_number"]) for page in pages),
        positions=True,
    )
    try:
        return {page.page_number: page.lines for page in parse_file(path, name, options).pages}
    except Unreadable:
        return {}  # it was readable before: what is there has to do


def _page(page: Mapping[str, Any]) -> Page:
    return Page(
        number=page["page_number"],
        text=page["text"],
        markdown=page["markdown"] or "",
        width=page["page_width"],
        height=page["page_height"],
        lines=tuple(_lines(page)),
        tables=tuple(_tables(page.get("items") or ())),
    )


def _lines(page: Mapping[str, Any]) -> Iterator[Line]:
    if not page.get("lines"):
        yield from (Line(text) for text in page["text"].splitlines() if text.strip())
        return
    for text, x, y, w, h, confidence in page["lines"]:
        yield Line(text, None if x is None else _box(x, y, w, h), confidence)


def _tables(items: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    for item in items:
        if item.get("type") == "table":
            boxes = item.get("bbox") or ()
            rows = [[shown(cell) for cell in row] for row in item["rows"]]
            yield Table(rows, next((_box(box["x"], box["y"], box["w"], box["h"]) for box in boxes), None))


def _box(*place: float) -> Box | None:
    """None where a document draws at no place: an extractor that cites it would be blamed (`answers`)."""
    return Box(*place) if all(map(math.isfinite, place)) else None
