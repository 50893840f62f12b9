"""Pages as rows of cells: runs of text, which PDFs draw word by word, put together by baseline and gap."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from llamabatch_nb.engine.extractors.base import Box, Page
from llamabatch_nb.engine.extractors.shipped.words import squeezed

#: Words of one cell are closer than this many heights of their box: a space is 0.2 to 0.3, columns are 0.8 and more.
_GAP = 0.6
#: Runs are of one row when they share this much of the lower one's height: amounts may be a few points off their row.
_SHARED = 0.5
#: Points of a character and of a line where a page has no places and its text is a grid of characters.
_COLUMN, _LINE = 5.0, 12.0
#: Points of a column between tabs: a cell there is as wide as its column.
_TAB = 300.0
#: Cells that are read of a document. An invoice has some hundred; 1,200 pages of a report have 100,000.
CELLS = 60_000
#: Of a row, and characters of a cell: what goes beyond is no paper, and would take the square of its length.
_WIDEST, _LONGEST = 200, 2000
_BREAK = re.compile(r"\s{2,}|\s*\|\s*")
#: What separates nothing: rules drawn with characters.
_RULE = re.compile(r"^[\W_]+$")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text that was drawn at once."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Words beside one another. `boxed`: the places are the document's own, not made up from a grid of text."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    page: int
    runs: tuple[Run, ...]
    boxed: bool

    @property
    def height(self) -> float:
        """In points."""
        return self.y1 - self.y0

    @property
    def boxes(self) -> tuple[Box, ...]:
        """For citations: none where the places are made up."""
        return (Box(self.x0, self.y0, self.x1 - self.x0, self.y1 - self.y0),) if self.boxed else ()

    def overlap(self, other: Cell) -> float:
        """Points that both cover of the width of the page."""
        return min(self.x1, other.x1) - max(self.x0, other.x0)


#: Cells of one baseline, from left to right.
Row = tuple[Cell, ...]


def rows_of(pages: Sequence[Page]) -> list[Row]:
    """All rows, page after page, from top to bottom."""
    rows: list[Row] = []
    count = 0
    for page in pages:
        runs = [Run(_clean(line.text), line.box) for line in page.lines if line.box is not None and line.text.strip()]
        made = _boxed_rows(runs, page) if runs else _grid_rows(page)
        rows += made
        count += sum(map(len, made))
        if count > CELLS:
            break
    return rows


def _clean(text: str) -> str:
    return squeezed(unicodedata.normalize("NFC", text[:_LONGEST])).strip()


def _boxed_rows(runs: Iterable[Run], page: Page) -> list[Row]:
    lines: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (run.box.y + run.box.h / 2, run.box.x)):
        if _RULE.match(run.text) and len(run.text) > 3:
            continue
        line = next((line for line in reversed(lines[-3:]) if _same_row(line[0].box, run.box)), None)
        if line is None:
            lines.append([run])
        else:
            line.append(run)
    return [tuple(_cells(sorted(line, key=lambda run: run.box.x), page)[:_WIDEST]) for line in lines]


def _same_row(one: Box, other: Box) -> bool:
    shared = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    return shared > _SHARED * max(min(one.h, other.h), 1)


def _cells(line: Sequence[Run], page: Page) -> list[Cell]:
    groups: list[list[Run]] = []
    for run in line:
        before = groups[-1][-1] if groups else None
        if before and run.box.x - (before.box.x + before.box.w) < _GAP * min(run.box.h, before.box.h):
            groups[-1].append(run)
        else:
            groups.append([run])
    return [cell_of(group, page.number) for group in groups]


def cell_of(runs: Sequence[Run], page: int, *, boxed: bool = True) -> Cell:
    """One cell of runs that stand beside one another."""
    text = runs[0].text
    for before, run in pairwise(runs):
        near = run.box.x - (before.box.x + before.box.w) < 0.1 * run.box.h and boxed
        text += run.text if near else f" {run.text}"
    boxes = [run.box for run in runs]
    return Cell(
        text,
        min(box.x for box in boxes),
        min(box.y for box in boxes),
        max(box.x + box.w for box in boxes),
        max(box.y + box.h for box in boxes),
        page,
        tuple(runs),
        boxed,
    )


def _grid_rows(page: Page) -> list[Row]:
    """A page without places: its text is a printed grid, columns two spaces apart, between bars or between tabs."""
    rows = []
    for number, line in enumerate(page.text.splitlines()):
        cells = []
        tabbed = "\t" in line
        for x, text in _tabbed(line) if tabbed else _spaced(line):
            words = _clean(text)
            if words and not (_RULE.match(words) and len(words) > 3):
                box = Box(x, _LINE * number, _TAB - _COLUMN if tabbed else _COLUMN * len(words), _LINE - 1)
                cells.append(cell_of([Run(words, box)], page.number, boxed=False))
        if cells:
            rows.append(tuple(cells[:_WIDEST]))
    return rows


def _tabbed(line: str) -> Iterator[tuple[float, str]]:
    """Cells between tabs, which a format's own tables have: each column begins at the same place."""
    for index, text in enumerate(line.split("\t")):
        yield _TAB * index, text


def _spaced(line: str) -> Iterator[tuple[float, str]]:
    """Cells where they are printed."""
    start = 0
    for gap in [*_BREAK.finditer(line), None]:
        text = line[start : gap.start() if gap else len(line)]
        yield _COLUMN * (start + len(text) - len(text.lstrip())), text
        start = gap.end() if gap else len(line)
