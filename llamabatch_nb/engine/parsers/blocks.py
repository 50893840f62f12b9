"""The layout blocks of liteparse as short items (`parsers.items`), in the order and with the words of its markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liteparse.types import AnnotationRect, LayoutBlock

from llamabatch_nb.engine.parsers.items import Item, OpenLists, only_link
from llamabatch_nb.engine.parsers.tables import Words, table_of

_NUMBER = re.compile(r"\d{1,9}")


def short_items(blocks: Sequence[LayoutBlock], words: Words) -> tuple[list[Item], bool]:
    """The items, and whether a table among them was mended, so that liteparse's markdown shows another.

    Rules and figures are left out: the ones hold nothing, the others have no picture that anybody could fetch.
    By the page's `words` tables are mended.
    """
    items: list[Item] = []
    lists = OpenLists(items)
    taken = 0  # of the blocks that follow, by a table
    mended = False
    for index, block in enumerate(blocks, 1):
        kind = block.kind
        if taken:
            taken -= 1
            continue
        if kind == "list_item":
            lists.add(block.level or 0, {"type": "text", "md": block.text}, _number(block), _box(block.bbox))
            continue
        if kind == "table":
            table = table_of(block, blocks[index:], words)
            found, taken = table.items, table.taken
            mended = mended or table.mended
        else:
            found = _items(block)
        if found:
            lists.close()
            items += found
    return items, mended


def _items(block: LayoutBlock) -> list[Item]:
    """The item of a block of another kind, if it has one."""
    item = _item(block)
    if item is None:
        return []
    if block.bbox is not None:
        item["bbox"] = _box(block.bbox)
    return [item]


def _item(block: LayoutBlock) -> Item | None:
    kind, text = block.kind, block.text or ""
    if kind == "heading":  # alone in being words, not markdown
        return {"type": "heading", "level": block.level or 1, "value": text}
    if kind == "paragraph":
        if found := only_link(text):
            return {"type": "link", "text": found[0], "url": found[1]}
        marks = "*" * (2 * block.bold + block.italic)
        return {"type": "text", "md": f"{marks}{text}{marks}"}
    if kind in {"code", "grid_fallback"}:
        item = {"type": "code", "value": "\n".join(block.lines or ())}
        return item | {"language": block.lang} if block.lang else item
    return None


def _number(block: LayoutBlock) -> int | None:
    """The number of an ordered item; letters count as 1, where their list starts anew."""
    if not block.ordered:
        return None
    match = _NUMBER.search(block.marker or "")
    return int(match[0]) if match else 1


def _box(rect: AnnotationRect | None) -> list[float] | None:
    """Hundredths of a point: what a document places more finely than that, nobody sees."""
    if rect is None:
        return None
    return [round(rect.x, 2), round(rect.y, 2), round(rect.width, 2), round(rect.height, 2)]
