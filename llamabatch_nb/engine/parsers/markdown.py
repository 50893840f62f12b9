"""Blocks of a document as plain text, as markdown and as items, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llamabatch_nb.engine.parsers import markup
from llamabatch_nb.engine.parsers.base import ParsedPage
from llamabatch_nb.engine.parsers.items import Box, Cell, Item, OpenLists
from llamabatch_nb.engine.parsers.markup import one_line

#: List depth. Word has nine levels; a hostile page of 200 kB nests 20,000, whose indents alone would be 800 MB.
_DEEPEST = 8


class PageWriter:
    """Takes the blocks of one page in reading order.

    `box` is where the next blocks stand, ``[x, y, w, h]`` in points, None where the format does not say.
    """

    def __init__(self) -> None:
        self.box: Box | None = None
        self._blocks: list[tuple[bool, str, str]] = []  # is a list item, text, markdown
        self._items: list[Item] = []
        self._into = self._items  # the list that items go to: the page's or its header's
        self._lists = OpenLists(self._items)

    def _add(self, text: str, markdown: str, item: Item) -> None:
        """A block that is no list item."""
        self._blocks.append((False, text, markdown))
        self._lists.close()
        self._put(item)

    def _put(self, item: Item) -> None:
        if self.box is not None:
            item["bbox"] = self.box
        self._into.append(item)

    def heading(self, level: int, words: str) -> None:
        """`level` from 1; markdown has six. Emptiness is skipped, here and below."""
        if words := one_line(words):
            level = min(max(level, 1), 6)
            self._add(words, markup.heading(level, words), {"type": "heading", "level": level, "value": words})

    def paragraph(self, words: str) -> None:
        if words := words.strip():
            self._add(words, markup.escape(words), {"type": "text", "value": words})

    def link(self, words: str, url: str) -> None:
        """A paragraph that is one link. `url` has been looked at: it is none that runs a program."""
        if words := one_line(words):
            self._add(words, markup.link(words, url), {"type": "link", "text": words, "url": url})

    def image(self, caption: str, url: str) -> None:
        """An item alone: a picture is no text, and the markdown should not fetch from elsewhere when it is shown."""
        self._put({"type": "image", "caption": one_line(caption), "url": url})

    def item(self, depth: int, words: str, number: int | None = None) -> None:
        """A list item, `depth` from 0; with `number` it is an ordered one."""
        if words := one_line(words):
            # Four spaces nest under "-" and under "12."; one step too many would make a code block.
            depth = min(depth, self._lists.deepest, _DEEPEST)
            marker = "-" if number is None else f"{number}."
            indent = "    " * depth
            content = markup.escape(words)
            self._blocks.append((True, f"{indent}{marker} {words}", f"{indent}{marker} {content}"))
            self._lists.add(depth, {"type": "text", "value": words}, number, self.box)

    def table(
        self,
        rows: Sequence[Sequence[str]],
        spans: Sequence[Sequence[int]] = (),
        values: Sequence[Sequence[Cell]] | None = None,
    ) -> None:
        """Cells of text. Columns are parted by tabs in the plain text.

        `spans` are ``[row, column, rows, columns]`` of merged cells, `values` what the cells hold where that is more
        than their text says.
        """
        if any(cell.strip() for row in rows for cell in row):
            lines = [[one_line(cell) for cell in row] for row in rows]
            item: Item = {"type": "table", "rows": values or [[cell or None for cell in row] for row in lines]}
            # Spans that overlap or reach beyond the edge are a hostile page's, which could ask for billions of cells.
            if spans and sum(down * across for _, _, down, across in spans) <= sum(map(len, rows)):
                item["spans"] = spans
            self._add("\n".join(map("\t".join, lines)), markup.table(lines), item)

    def verbatim(self, words: str) -> None:
        """Text whose lines and spaces carry meaning."""
        if words.strip():
            self._add(words, markup.fence(words), {"type": "code", "value": words})

    def open(self, kind: str) -> None:
        """What follows is the page's ``header`` or ``footer``, until `close`."""
        self._take([])
        self._items.append({"type": kind, "items": self._into})

    def close(self) -> None:
        if not self._into:
            self._items.pop()
        self._take(self._items)

    def _take(self, into: list[Item]) -> None:
        self._into = into
        self._lists = OpenLists(into)

    def page(
        self,
        number: int,
        width: float | None = None,
        height: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ParsedPage:
        """The page as it stands. An empty one has empty text and markdown."""
        text: list[str] = []
        markdown: list[str] = []
        after_item = False
        for item, plain, marked in self._blocks:
            if text:
                gap = "\n" if item and after_item else "\n\n"
                text.append(gap)
                markdown.append(gap)
            text.append(plain)
            markdown.append(marked)
            after_item = item
        return ParsedPage(
            number,
            True,
            "".join(text),
            "".join(markdown),
            width,
            height,
            items=self._items,
            metadata=metadata or {},
        )
