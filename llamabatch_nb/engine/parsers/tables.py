"""Tables without rules, mended by where their words stand.

liteparse finds such tables by columns of text. Where a cell has two lines it takes the second for a row of its own, or
for the end of the table, and where rows stand close it takes two for one. Lines of a cell stand closer to each other
than rows do; that tells them apart, and where it does not, nothing is changed. Ruled tables are right as they come.
The markdown of a page with a mended table is made of its items, so that both show the same rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from statistics import median

from liteparse.types import AnnotationRect, LayoutBlock

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
Runs = Callable[[], Sequence[Run]]
_Row = dict[int, Run]
_Cell = tuple[str, AnnotationRect | None]


@dataclass(frozen=True, slots=True)
class Table:
    """The short item of a table, behind the words that stand above it.

    `taken`: how many of the blocks after it are its part. `mended`: whether anything is not as liteparse gave it.
    """

    items: list[Item]
    taken: int = 0
    mended: bool = False


def table_of(block: LayoutBlock, after: Sequence[LayoutBlock], runs: Runs) -> Table:
    """The table of a block, with those among the blocks `after` that are more of it.

    `runs` gives the text of the page; it is called only where that is needed, as it takes time.
    """
    lines = [block.header, *(block.rows or ())] if block.header else [*(block.rows or ())]
    cells = [[(cell.text, cell.bbox) for cell in line] for line in lines]  # each look makes a copy
    if not any(text for line in cells for text, _ in line):
        return Table([])
    given = [[text or None for text, _ in line] for line in cells]
    box = _box(block.bbox) if block.bbox is not None else None
    above = _above(cells, runs)
    if above is not None:
        del cells[0]
        low = min((rect.y for _, rect in cells[0] if rect is not None), default=0.0)
        box = [box[0], round(low, 2), box[2], round(box[1] + box[3] - low, 2)] if box else None
    grid = _Grid.of(cells)
    if grid is None:
        rows: list[list[str | None]] = [[text or None for text, _ in line] for line in cells]
        taken = 0
    else:
        taken = grid.mend(after, runs)
        rows = grid.cells()
    for part in after[:taken]:
        if part.bbox is not None and part.kind != "rule":
            box = around(box, _box(part.bbox))
    item: Item = {"type": "table", "rows": rows}
    if box is not None:
        item["bbox"] = box
    return Table([item] if above is None else [above, item], taken, mended=rows != given)


def _above(cells: Sequence[Sequence[_Cell]], runs: Runs) -> Item | None:
    """The first row, where it is a line of text that liteparse cut at the columns below: one run, drawn at once."""
    filled = [text for text, _ in cells[0] if text]
    if len(cells) < 3 or len(filled) < 2 or not _touching(cells[0]) or _touching(cells[1]):
        return None
    words = " ".join(filled)
    box = next((box for run, box in runs() if " ".join(run.split()) == words), None)
    return None if box is None else {"type": "text", "value": words, "bbox": [round(side, 2) for side in box]}


def _touching(line: Sequence[_Cell]) -> bool:
    """Whether two cells of a row stand as words of a sentence do. Those of ruled tables touch in every row."""
    boxes = [rect for text, rect in line if text and rect is not None]
    return any(right.x - (left.x + left.width) < _SLACK for left, right in pairwise(boxes))


@dataclass(slots=True)
class _Grid:
    """Rows of runs by column; `edges` part the columns, `height` is a line's, `pitch` and `gap` lie between rows."""

    rows: list[_Row]
    edges: list[float]
    height: float
    pitch: float
    gap: float
    _index: tuple[list[float], list[Run]] | None = None

    @classmethod
    def of(cls, cells: Sequence[Sequence[_Cell]]) -> _Grid | None:
        """None where places do not tell enough: columns that overlap or touch, as ruled ones do, or too few rows."""
        rows: list[_Row] = [
            {
                column: (text, [rect.x, rect.y, rect.width, rect.height])
                for column, (text, rect) in enumerate(line)
                if text and rect is not None
            }
            for line in cells
        ]
        width = max(map(len, cells))
        spans = [[row[column][1] for row in rows if column in row] for column in range(width)]
        unplaced = any(text and rect is None for line in cells for text, rect in line)
        if unplaced or width < 2 or not all(spans) or not all(rows):
            return None
        lefts = [min(box[0] for box in boxes) for boxes in spans]
        rights = [max(box[0] + box[2] for box in boxes) for boxes in spans]
        if any(left - right < 1 for left, right in zip(lefts[1:], rights, strict=False)):
            return None
        edges = [(left + right) / 2 for left, right in zip(lefts[1:], rights, strict=False)]
        height = min(box[3] for boxes in spans for box in boxes)
        body = rows[1:]  # a header often stands apart
        single = [row for row in body if _bottom(row) - _top(row) < _TALL * height]
        steps = [_top(row) - _top(before) for before, row in pairwise(single)]
        if not steps or min(steps) <= 0:
            return None
        outer = [lefts[0] - _SLACK, *edges, rights[-1] + _SLACK]
        return cls(rows, outer, height, median(steps), _usual_gap(body))

    def mend(self, after: Sequence[LayoutBlock], runs: Runs) -> int:
        """Put the rows right, and take in those among the blocks `after` the table; how many these are is returned."""
        self.split(runs)
        self.join()
        taken = 0
        for index, part in enumerate(after, 1):
            if part.kind == "rule":  # a line below a row
                continue
            if not self.take(part, runs):
                break
            taken = index
        return taken

    def split(self, runs: Runs) -> None:
        """Rows that were taken for one: their lines, which say the same words, are as far apart as rows.

        Of such a row liteparse may give the place of its last line alone, or of its first, so it goes from the row
        above to the row below.
        """
        rows: list[_Row] = []
        for row, below in zip_longest(self.rows, self.rows[1:]):
            top = min(_top(row), _bottom(rows[-1]) + _CLOSER * self.height) if rows else _top(row)
            if below:
                bottoms = [max(_bottom(row), _top(below))]
            else:
                bottoms = [_bottom(row) + more * self.pitch for more in range(1, _MERGED)]
            tall = top + _TALL * self.height + max(self.pitch - self.height, 0)
            parts = (self._rows_in(row, top, bottom, runs) for bottom in bottoms if bottom > tall)
            rows += next((part for part in parts if len(part) > 1), [row])
        if len(rows) > len(self.rows):  # a row that was two hid how close rows are
            self.gap = min(self.gap, _usual_gap(rows[1:]))
        self.rows = rows

    def _rows_in(self, row: _Row, top: float, bottom: float, runs: Runs) -> list[_Row]:
        within = [self.edges[0], top, self.edges[-1] - self.edges[0], bottom - top]
        lines = self._lines(runs, within) or []
        said = {
            column: " ".join(line[column][0] for line in lines if column in line) for line in lines for column in line
        }
        apart = all(_top(low) - _top(high) >= _APART * self.pitch for high, low in pairwise(lines))
        return lines if apart and said == {column: words for column, (words, _) in row.items()} else [row]

    def join(self) -> None:
        """Lines of a cell that were taken for rows."""
        rows, self.rows = self.rows, []
        for row in rows:
            if not self._goes_on(row):
                self.rows.append(row)

    def take(self, block: LayoutBlock, runs: Runs) -> bool:
        """Whether the words of `block`, below the table, were more of it; then they are its last rows now."""
        if block.kind != "paragraph" or block.bbox is None:
            return False
        box = _box(block.bbox)
        below = box[1] - _bottom(self.rows[-1])
        if not -self.height < below < _NEXT * self.pitch:
            return False
        lines = self._lines(runs, box)
        kept = [dict(row) for row in self.rows]
        for line in lines or ():
            if self._goes_on(line):
                continue
            if len(line) < 2 or _top(line) - _top(self.rows[-1]) > _NEXT * self.pitch:
                lines = None
                break
            self.rows.append(line)
        if not lines:
            self.rows = kept
        return bool(lines)

    def _goes_on(self, row: _Row) -> bool:
        """Whether `row` is more lines of the cells above it; then it is a part of these now."""
        above = self.rows[-1] if len(self.rows) > 1 else {}
        if len(row) >= len(above) or not row.keys() <= above.keys():
            return False
        nearest = min(_CLOSE * self.height, self.gap - _CLOSER * self.height)
        if any(box[1] - (above[column][1][1] + above[column][1][3]) > nearest for column, (_, box) in row.items()):
            return False
        for column, (words, box) in row.items():
            above[column] = (f"{above[column][0]} {words}", around(above[column][1], box))
        return True

    def _lines(self, runs: Runs, within: Box) -> list[_Row] | None:
        """The lines of text in a place, by column; None where words stand across columns."""
        x, y, w, h = within
        found = [
            (box[1], box[0], words, box)
            for words, box in self._between(runs, y, y + h)
            if x - 1 <= box[0] + box[2] / 2 <= x + w + 1
        ]
        lines: list[_Row] = []
        for top, left, words, box in sorted(found):
            column = bisect_right(self.edges, left) - 1
            if not 0 <= column < len(self.edges) - 1 or left + box[2] > self.edges[column + 1]:
                return None
            if not lines or top - _top(lines[-1]) > self.height / 2:
                lines.append({})
            before = lines[-1].get(column)
            lines[-1][column] = (f"{before[0]} {words}", around(before[1], box)) if before else (words, box)
        return lines

    def _between(self, runs: Runs, top: float, bottom: float) -> list[Run]:
        """Those whose middle is between two heights: every row asks, and going through all of a page took 7 % of it."""
        if self._index is None:
            ordered = sorted(runs(), key=_middle)
            self._index = [_middle(run) for run in ordered], ordered
        middles, ordered = self._index
        return ordered[bisect_left(middles, top) : bisect_right(middles, bottom)]

    def cells(self) -> list[list[str | None]]:
        return [
            [row[column][0] if column in row else None for column in range(len(self.edges) - 1)] for row in self.rows
        ]


def _usual_gap(rows: Sequence[_Row]) -> float:
    """Points between two rows. Half of the gaps may be those inside of cells."""
    gaps = sorted(_top(row) - _bottom(before) for before, row in pairwise(rows))
    return gaps[len(gaps) * 3 // 4]


def _middle(run: Run) -> float:
    return run[1][1] + run[1][3] / 2


def _top(row: _Row) -> float:
    return min(box[1] for _, box in row.values())


def _bottom(row: _Row) -> float:
    return max(box[1] + box[3] for _, box in row.values())


def _box(rect: AnnotationRect) -> Box:
    return [round(side, 2) for side in (rect.x, rect.y, rect.width, rect.height)]
