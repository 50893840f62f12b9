"""Tables that a format knows itself: rows of cells, without places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llamabatch_nb.engine.extractors.base import Box, Page
from llamabatch_nb.engine.extractors.shipped.columns import Column, concepts_of
from llamabatch_nb.engine.extractors.shipped.grids import Grid, Record, ends, texts_of
from llamabatch_nb.engine.extractors.shipped.layout import Cell, Run, cell_of
from llamabatch_nb.engine.extractors.shipped.words import key, squeezed


def known_grids(page: Page, extra: Mapping[str, tuple[str, ...]]) -> list[Grid]:
    """Tables that the format itself knows, as rows of cells."""
    grids = []
    for table in page.tables:
        rows = [[squeezed(str(cell)) for cell in row] for row in table.rows]
        for number, row in enumerate(rows[:3]):
            columns = tuple(
                Column(text, key(text), concepts_of(text, extra), 10.0 * index, 10.0 * index + 9)
                for index, text in enumerate(row)
            )
            if sum(bool(column.concepts) for column in columns) >= 2:
                grid = Grid(columns)
                _take(grid, rows[number + 1 :], page, table.box)
                if grid.records:
                    grids.append(grid)
                break
    return grids


def _take(grid: Grid, rows: Sequence[Sequence[str]], page: Page, box: Box | None) -> None:
    for row in rows:
        cells = [
            cell_of([Run(text, box or Box(10.0 * index, 0, 9, 9))], page.number, boxed=box is not None)
            for index, text in enumerate(row[: len(grid.columns)])
            if text
        ]
        if not cells:
            continue
        placed = {index: [_of(cells, text)] for index, text in enumerate(row[: len(grid.columns)]) if text}
        if ends(tuple(cells), placed, grid):
            break
        if len(placed) > 1:
            grid.records.append(Record(placed, 0, page.number))
        elif grid.records and (texts := [index for index in placed if index in texts_of(grid)]):
            grid.records[-1].cells.setdefault(texts[0], []).extend(placed[texts[0]])


def _of(cells: Sequence[Cell], text: str) -> Cell:
    return next(cell for cell in cells if cell.text == text)
