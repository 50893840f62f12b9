"""Tables without rules, mended by where their words stand.

liteparse finds such tables by columns of text. Where a cell has two lines it takes the second for a row of its own, or
for the end of the table, and where rows stand close it takes two for one. Lines of a cell stand closer to each other
than rows do; that tells them apart, and where it does not, nothing is changed. Ruled tables are right as they come.
The markdown of a page with a mended table is that of its items, so that both show the same rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from math import inf
from statistics import median

from liteparse import ParsedPage
from liteparse.types import AnnotationRect, LayoutBlock, TextItem

from llamabatch_nb.engine.parsers.items import Box, Item, around

#: Of the height of a line: how far apart lines of one cell may be, and how much closer than rows they have to be.
_CLOSE = 0.35
_CLOSER = 0.2
#: Of the distance from row to row: from which on lines in a row are rows themselves, and how far the next row may be.
_APART = 0.8
_NEXT = 2.0
#: Of the height of a line: from which on a row holds more than one.
_TALL = 1.5
#: Rows that liteparse was seen to take for one at the end of a table: net, tax and total under the last item.
_MERGED = 5
#: Points by which words may stand out of their column.
_SLACK = 3.0

#: A run of words and where it stands.
Run = tuple[str, Box]
_Cell = tuple[str, AnnotationRect | None]


@dataclass(frozen=True, slots=True)
class Table:
    """The short item of a table, behind the words that stand above it.

    `taken`: how many of the blocks after it are its part. `mended`: whether anything is not as liteparse gave it.
    """

    items: list[Item]
    taken: int = 0
    mended: bool = False


def table_of(block: LayoutBlock, after: Sequence[LayoutBlock], words: Words) -> Table:
    """The table of a block, with those among the blocks `after` that are more of it.

    `words` are those of the page.
    """
    header, lines = block.header, block.rows or []  # each look makes a copy
    cells = [[(cell.text, cell.bbox) for cell in line] for line in ([header, *lines] if header else lines)]
    rows: list[list[str | None]] = [[text or None for text, _ in line] for line in cells]
    if not any(map(any, rows)):
        return Table([])
    given = rows
    box = _box(block.bbox) if block.bbox is not None else None
    above = _above(cells, words)
    if above is not None:
        del cells[0]
        rows = rows[1:]
        low = min((rect.y for _, rect in cells[0] if rect is not None), default=0.0)
        box = [box[0], round(low, 2), box[2], round(box[1] + box[3] - low, 2)] if box else None
    grid = _Grid.of(cells)
    taken = 0
    if grid is not None:
        taken = grid.mend(after, words)
        rows = grid.cells()
    for part in after[:taken]:
        if part.bbox is not None and part.kind != "rule":
            box = around(box, _box(part.bbox))
    item: Item = {"type": "table", "rows": rows}
    if box is not None:
        item["bbox"] = box
    return Table([item] if above is None else [above, item], taken, mended=rows != given)


def _above(cells: Sequence[Sequence[_Cell]], words: Words) -> Item | None:
    """The first row, where it is a line of text that liteparse cut at the columns below: one run, drawn at once."""
    filled = [text for text, _ in cells[0] if text]
    if len(cells) < 3 or len(filled) < 2 or not _touching(cells[0]) or _touching(cells[1]):
        return None
    said = " ".join(filled)
    box = words.saying(said)
    return None if box is None else {"type": "text", "value": said, "bbox": [round(side, 2) for side in box]}


def _touching(line: Sequence[_Cell]) -> bool:
    """Whether two cells of a row stand as words of a sentence do. Those of ruled tables touch in every row."""
    boxes = [rect for text, rect in line if text and rect is not None]
    return any(right.x - (left.x + left.width) < _SLACK for left, right in pairwise(boxes))


class _Row:
    """The runs of a row by column, and where it begins and ends, which is asked far more often than it changes."""

    __slots__ = ("bottom", "cells", "top")

    def __init__(self, cells: dict[int, Run]) -> None:
        boxes = [box for _, box in cells.values()]
        self.cells = cells
        self.top = min([box[1] for box in boxes], default=inf)
        self.bottom = max([box[1] + box[3] for box in boxes], default=-inf)

    def add(self, column: int, words: str, box: Box) -> None:
        before = self.cells.get(column)
        self.cells[column] = (f"{before[0]} {words}", around(before[1], box)) if before else (words, box)
        self.top = min(self.top, box[1])
        self.bottom = max(self.bottom, box[1] + box[3])


class Words:
    """The runs of a page from top to bottom, looked up when first asked for: a page without tables never asks.

    Every row of a table asks for some: going through all of them took 7 % of a page.
    """

    __slots__ = ("_middles", "_page", "_runs", "_tops")

    def __init__(self, page: ParsedPage) -> None:
        self._page = page
        self._runs: list[TextItem] | None = None

    def between(self, top: float, bottom: float) -> list[Run]:
        """Those whose middle is between two heights."""
        return [(text, _place(run)) for run in self._ordered()[self._slice(top, bottom)] if (text := run.text).strip()]

    def reach(self, top: float, bottom: float) -> float:
        """How far apart the tops of these are: of one line of text hardly anything."""
        self._ordered()
        tops = self._tops[self._slice(top, bottom)]
        return max(tops) - min(tops) if tops else 0.0

    def saying(self, words: str) -> Box | None:
        """Where the first run stands that says just this."""
        found = (run for run in self._page.text_items if " ".join(run.text.split()) == words)
        return next(map(_place, found), None)

    def _slice(self, top: float, bottom: float) -> slice:
        return slice(bisect_left(self._middles, top), bisect_right(self._middles, bottom))

    def _ordered(self) -> list[TextItem]:
        if self._runs is None:
            runs = self._page.text_items
            middles = [run.y + run.height / 2 for run in runs]
            order = sorted(range(len(runs)), key=middles.__getitem__)
            self._middles = [middles[index] for index in order]
            self._runs = [runs[index] for index in order]
            self._tops = [run.y for run in self._runs]
        return self._runs


@dataclass(slots=True)
class _Grid:
    """Rows of runs by column; `edges` part the columns, `height` is a line's, `pitch` and `gap` lie between rows."""

    rows: list[_Row]
    edges: list[float]
    height: float
    pitch: float
    gap: float

    @classmethod
    def of(cls, cells: Sequence[Sequence[_Cell]]) -> _Grid | None:
        """None where places do not tell enough: columns that overlap or touch, as ruled ones do, or too few rows."""
        if len(cells) < 3:
            return None
        rows = [
            _Row(
                {
                    column: (text, [rect.x, rect.y, rect.width, rect.height])
                    for column, (text, rect) in enumerate(line)
                    if text and rect is not None
                }
            )
            for line in cells
        ]
        width = max(map(len, cells))
        spans = [[row.cells[column][1] for row in rows if column in row.cells] for column in range(width)]
        unplaced = any(text and rect is None for line in cells for text, rect in line)
        if unplaced or width < 2 or not all(spans) or not all(row.cells for row in rows):
            return None
        lefts = [min([box[0] for box in boxes]) for boxes in spans]
        rights = [max([box[0] + box[2] for box in boxes]) for boxes in spans]
        if any(left - right < 1 for left, right in zip(lefts[1:], rights, strict=False)):
            return None
        edges = [(left + right) / 2 for left, right in zip(lefts[1:], rights, strict=False)]
        height = min([box[3] for boxes in spans for box in boxes])
        body = rows[1:]  # a header often stands apart
        single = [row for row in body if row.bottom - row.top < _TALL * height]
        steps = [row.top - before.top for before, row in pairwise(single)]
        if not steps or min(steps) <= 0:
            return None
        outer = [lefts[0] - _SLACK, *edges, rights[-1] + _SLACK]
        return cls(rows, outer, height, median(steps), _usual_gap(body))

    def mend(self, after: Sequence[LayoutBlock], words: Words) -> int:
        """Put the rows right, and take in those among the blocks `after` the table; how many these are is returned."""
        self.split(words)
        self.join()
        taken = 0
        for index, part in enumerate(after, 1):
            if part.kind == "rule":  # a line below a row
                continue
            if not self.take(part, words):
                break
            taken = index
        return taken

    def split(self, words: Words) -> None:
        """Rows that were taken for one: their lines, which say the same words, are as far apart as rows.

        Of such a row liteparse may give the place of its last line alone, or of its first, so it goes from the row
        above to the row below.
        """
        rows: list[_Row] = []
        for row, below in zip_longest(self.rows, self.rows[1:]):
            top = min(row.top, rows[-1].bottom + _CLOSER * self.height) if rows else row.top
            if below:
                bottoms = [max(row.bottom, below.top)]
            else:
                bottoms = [row.bottom + more * self.pitch for more in range(1, _MERGED)]
            tall = top + _TALL * self.height + max(self.pitch - self.height, 0)
            parts = (self._rows_in(row, top, bottom, words) for bottom in bottoms if bottom > tall)
            rows += next((part for part in parts if len(part) > 1), [row])
        if len(rows) > len(self.rows):  # a row that was two hid how close rows are
            self.gap = min(self.gap, _usual_gap(rows[1:]))
        self.rows = rows

    def _rows_in(self, row: _Row, top: float, bottom: float, words: Words) -> list[_Row]:
        if words.reach(top, bottom) < _APART * self.pitch:
            return [row]  # nearly all rows: what follows made up a tenth of a page's time
        within = [self.edges[0], top, self.edges[-1] - self.edges[0], bottom - top]
        found = self._found(words, within)
        letters = sum([len(text) for text, _ in row.cells.values()])
        if sum([len(text) for text, _ in found]) + len(found) - len(row.cells) != letters:
            return [row]  # they say something else
        lines = self._lines(found) or []
        said: dict[int, str] = {}
        for line in lines:
            for column, (text, _) in line.cells.items():
                said[column] = f"{said[column]} {text}" if column in said else text
        apart = all(low.top - high.top >= _APART * self.pitch for high, low in pairwise(lines))
        return lines if apart and said == {column: text for column, (text, _) in row.cells.items()} else [row]

    def join(self) -> None:
        """Lines of a cell that were taken for rows."""
        rows, self.rows = self.rows, []
        for row in rows:
            if not self._goes_on(row):
                self.rows.append(row)

    def take(self, block: LayoutBlock, words: Words) -> bool:
        """Whether the words of `block`, below the table, were more of it; then they are its last rows now."""
        if block.kind != "paragraph" or block.bbox is None:
            return False
        box = _box(block.bbox)
        below = box[1] - self.rows[-1].bottom
        if not -self.height < below < _NEXT * self.pitch:
            return False
        lines = self._lines(self._found(words, box))
        if not lines:
            return False
        kept = [*self.rows[:-1], _Row(dict(self.rows[-1].cells))]
        for line in lines:
            if self._goes_on(line):
                continue
            if len(line.cells) < 2 or line.top - self.rows[-1].top > _NEXT * self.pitch:
                self.rows = kept
                return False
            self.rows.append(line)
        return True

    def _goes_on(self, row: _Row) -> bool:
        """Whether `row` is more lines of the cells above it; then it is a part of these now."""
        if len(self.rows) < 2:
            return False
        above = self.rows[-1]
        if len(row.cells) >= len(above.cells) or not row.cells.keys() <= above.cells.keys():
            return False
        nearest = min(_CLOSE * self.height, self.gap - _CLOSER * self.height)
        for column, (_, box) in row.cells.items():
            over = above.cells[column][1]
            if box[1] - (over[1] + over[3]) > nearest:
                return False
        for column, (words, box) in row.cells.items():
            above.add(column, words, box)
        return True

    def _found(self, words: Words, within: Box) -> list[Run]:
        x, y, w, h = within
        return [run for run in words.between(y, y + h) if x - 1 <= run[1][0] + run[1][2] / 2 <= x + w + 1]

    def _lines(self, found: Sequence[Run]) -> list[_Row] | None:
        """The lines of some text, by column; None where words stand across columns."""
        lines: list[_Row] = []
        for top, left, words, box in sorted([(box[1], box[0], words, box) for words, box in found]):
            column = bisect_right(self.edges, left) - 1
            if not 0 <= column < len(self.edges) - 1 or left + box[2] > self.edges[column + 1]:
                return None
            if not lines or top - lines[-1].top > self.height / 2:
                lines.append(_Row({}))
            lines[-1].add(column, words, box)
        return lines

    def cells(self) -> list[list[str | None]]:
        columns = range(len(self.edges) - 1)
        return [[row.cells[column][0] if column in row.cells else None for column in columns] for row in self.rows]


def _usual_gap(rows: Sequence[_Row]) -> float:
    """Points between two rows. Half of the gaps may be those inside of cells."""
    gaps = sorted(row.top - before.bottom for before, row in pairwise(rows))
    return gaps[len(gaps) * 3 // 4]


def _place(run: TextItem | AnnotationRect) -> Box:
    return [run.x, run.y, run.width, run.height]


def _box(rect: AnnotationRect) -> Box:
    return [round(side, 2) for side in (rect.x, rect.y, rect.width, rect.height)]
