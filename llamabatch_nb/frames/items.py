"""The `items` frame: what stands on each page of a parse batch, item by item."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.frames.declared import ITEMS
from llamabatch_nb.frames.inputs import Unfit
from llamabatch_nb.frames.nodes import Node, nodes, whole
from llamabatch_nb.frames.parsed import Parsed, item_pages


def items(of: object, jobs: object = None) -> pd.DataFrame:
    """One row an item: files in the order of the directory, pages by number, items as they are read.

    `of` and `jobs` as in `pages`; the jobs need their `items` expanded. Columns: ``schema("items")``.

    The items of a list, a header or a footer are rows after it, with its number as `parent`; `json` has every field of
    an item but those, also of types that nobody knows yet. A page whose items could not be read is one row with its
    `error` and no item, and so is a file whose result cannot be read, then without a page. Complete
    (``attrs["complete"]``) once the run has ended and every completed file has its result here.
    """
    parsed = Parsed.of(of, jobs)
    frame = ITEMS.frame(names | row for names, result in parsed.files() for row in _rows(result))
    return parsed.stamp(frame, ITEMS)


def _rows(result: ParseResult | Unfit) -> Iterator[dict[str, object]]:
    if isinstance(result, Unfit):
        yield {"error": result.error}
        return
    for page in item_pages(result):
        if not page.success:
            yield {"page": page.page_number, "error": page.error or "The page could not be read."}
        for node in nodes(page.items):
            yield {"page": page.page_number, **_row(node)}


def _row(node: Node) -> dict[str, object]:
    found = node.get("rows")
    rows = found if isinstance(found, list) else None
    box = node.box
    return {
        "item": node.number,
        "parent": node.parent,
        "depth": node.depth,
        "type": node.text("type"),
        "level": whole(node.get("level")),
        "text": node.item if isinstance(node.item, str) else node.text("value", "text", "caption"),
        "markdown": node.text("md"),
        "url": node.text("url"),
        "rows": None if rows is None else len(rows),
        "columns": None if rows is None else max((len(row) for row in rows if isinstance(row, list)), default=0),
        **({} if box is None else box._asdict()),
        "confidence": node.confidence,
        "json": node.json,
    }
