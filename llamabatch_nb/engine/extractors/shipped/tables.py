"""Tables of a document, read from where its text stands, over pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llamabatch_nb.engine.extractors.shipped.columns import NUMERIC, Column, Head, column_at, heads, parted
from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.formats import known_grids
from llamabatch_nb.engine.extractors.shipped.grids import Grid, Record, ends, is_carried, is_record, texts_of
from llamabatch_nb.engine.extractors.shipped.layout import Cell, Row
from llamabatch_nb.engine.extractors.shipped.numbers import numbers_in
from llamabatch_nb.engine.extractors.shipped.words import key

#: Heights of a row between two lines of one description, and between two rows of one table.
_LINE_GAP, _ROW_GAP = 2.1, 6.0
#: Rows that are looked over for a row with numbers before a table is taken as ended.
_AHEAD = 4
#: Cells of a row that is the head of a table.
_HEADS = 3
#: Rows that tell how wide the columns are.
_SAMPLE = 40


@dataclass(frozen=True, slots=True)
class _Placing:
    """The columns of a head, and which column of the table's first head each of them is."""

    head: Head
    where: Mapping[int, int]

    def of(self, row: Row) -> dict[int, list[Cell]]:
        """The cells of a row by their column."""
        placed: dict[int, list[Cell]] = {}
        for cell in row:
            for part in parted(self.head.columns, cell):
                placed.setdefault(self.where[column_at(self.head.columns, part)], []).append(part)
        return placed


def grids_of(document: Document, extra: Mapping[str, tuple[str, ...]]) -> list[Grid]:
    """Every table with a head that the lexicon or the schema knows."""
    grids: list[Grid] = []
    open_head: tuple[Head, Grid] | None = None
    found = list(heads(document.rows, extra))
    starts = {head.first for head in found}
    for head in found:
        if grids and head.first in grids[-1].rows:
            continue
        if open_head and open_head[0].same(head):
            grid = open_head[1]
            grid.rows.update(range(head.first, head.last + 1))
            _fill(document, head, grid, open_head[0], starts)
            continue
        grid = Grid(head.columns, rows=set(range(head.first, head.last + 1)))
        _fill(document, head, grid, head, starts)
        if grid.records:
            grids.append(grid)
            open_head = head, grid
    known = [grid for page in document.pages for grid in known_grids(page, extra)]
    return [*grids, *known] if any(line.box for page in document.pages for line in page.lines) else [*known, *grids]


def _fill(document: Document, head: Head, grid: Grid, first: Head, starts: set[int]) -> None:
    """Read rows under `head` into `grid`, whose columns `first` has."""
    placing = _Placing(_widened(document, head), {index: _again(one, first) for index, one in enumerate(head.columns)})
    pending: list[tuple[int, Row]] = []
    bottom = document.rows[head.last][0].y1
    start = len(grid.records)
    for index in range(head.last + 1, len(document.rows)):
        row = document.rows[index]
        if row[0].page != document.rows[head.last][0].page or index in starts:
            break
        if row[0].y0 - bottom > _ROW_GAP * row[0].height:
            break
        placed = placing.of(row)
        if grid.records and _heads_another(row, grid):
            break
        if len(grid.records) == start and is_carried(row):  # from the page before
            grid.rows.add(index)
            bottom = max(bottom, *(cell.y1 for cell in row))
            continue
        if ends(row, placed, grid):
            break
        if is_record(placed, grid):
            record = Record(placed, max(cell.y1 for cell in row), row[0].page)
            grid.records.append(record)
            _settle(grid, pending, record, row, placing)
            pending = []
            grid.rows.add(index)
        elif len(pending) >= _AHEAD or (grid.records and not _goes_on(document, placing, grid, index)):
            break
        else:
            pending.append((index, row))
        bottom = max(bottom, *(cell.y1 for cell in row))
    if len(grid.records) > start:
        _trail(grid, pending, placing)


def _heads_another(row: Row, grid: Grid) -> bool:
    """Whether a row is the head of a further table: it has no numbers, and half of its words are heads of this one."""
    heads_here = {column.key for column in grid.columns}
    same = sum(key(cell.text) in heads_here for cell in row)
    return len(row) >= _HEADS and same * 2 >= len(row) and not any(numbers_in(cell.text) for cell in row)


def _widened(document: Document, head: Head) -> Head:
    """The head with columns as wide as its rows are: heads may be centred over cells that are not.

    A row with as many cells as there are columns tells where each column is.
    """
    columns = list(head.columns)
    for row in document.rows[head.last + 1 : head.last + 1 + _SAMPLE]:
        if row[0].page != document.rows[head.last][0].page:
            break
        cells = [part for cell in row for part in parted(head.columns, cell)]
        if len(cells) != len(columns) or not any(numbers_in(cell.text) for cell in cells):
            continue
        for index, cell in enumerate(cells):
            left = columns[index - 1].x1 if index else float("-inf")
            right = columns[index + 1].x0 if index + 1 < len(columns) else float("inf")
            one = columns[index]
            columns[index] = replace(one, x0=max(min(one.x0, cell.x0), left), x1=min(max(one.x1, cell.x1), right))
    return replace(head, columns=tuple(columns))


def _again(column: Column, first: Head) -> int:
    """The column of the first head that this one repeats."""
    for index, other in enumerate(first.columns):
        if other.key == column.key:
            return index
    middle = (column.x0 + column.x1) / 2
    return min(
        range(len(first.columns)),
        key=lambda index: abs((first.columns[index].x0 + first.columns[index].x1) / 2 - middle),
    )


def _goes_on(document: Document, placing: _Placing, grid: Grid, index: int) -> bool:
    """Whether a row without numbers belongs to an item: a line of its description, with items or sums to follow."""
    row = document.rows[index]
    placed = placing.of(row)
    texts = [i for i in placed if not set(grid.columns[i].concepts) & NUMERIC]
    inside = row[0].x0 >= min(column.x0 for column in placing.head.columns) - 12
    near = row[0].y0 - grid.records[-1].bottom < _LINE_GAP * row[0].height * _AHEAD
    if texts and inside and near and row[0].y0 - grid.records[-1].bottom < row[0].height:
        return True
    for ahead in document.rows[index + 1 : index + 1 + _AHEAD]:
        if ahead[0].page != row[0].page:
            return False
        later = placing.of(ahead)
        if ends(ahead, later, grid):
            return False
        if is_record(later, grid):
            return True
    return False


def _settle(grid: Grid, pending: Sequence[tuple[int, Row]], record: Record, row: Row, placing: _Placing) -> None:
    """Give lines of text between two items to the one they belong to."""
    before = grid.records[-2] if len(grid.records) > 1 else None
    bare = not any(index in record.cells for index in texts_of(grid))
    for index, line in pending:
        gap_above = line[0].y0 - before.bottom if before and before.page == record.page else 1e9
        gap_below = row[0].y0 - line[-1].y1
        if bare or gap_below < gap_above * 0.6:
            _add(grid, record, line, placing, in_front=True)
        elif before and gap_above < _LINE_GAP * line[0].height:
            _add(grid, before, line, placing)
        grid.rows.add(index)


def _trail(grid: Grid, pending: Sequence[tuple[int, Row]], placing: _Placing) -> None:
    last = grid.records[-1]
    for index, line in pending:
        if line[0].y0 - last.bottom < line[0].height and line[0].page == last.page:
            _add(grid, last, line, placing)
            grid.rows.add(index)


def _add(grid: Grid, record: Record, line: Row, placing: _Placing, *, in_front: bool = False) -> None:
    texts = texts_of(grid)
    for index, cells in placing.of(line).items():
        if index in texts:
            mine = record.cells.setdefault(index, [])
            record.cells[index] = [*cells, *mine] if in_front else [*mine, *cells]
    if not in_front:
        record.bottom = max(record.bottom, line[0].y1)
