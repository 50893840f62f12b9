"""The cells of a table, and the DataFrame that they make."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from llamabatch_nb.frames.headers import names_of
from llamabatch_nb.frames.nodes import canonical, json_of, real, whole
from llamabatch_nb.frames.numbers import Cell, figures_of
from llamabatch_nb.frames.schema import Column, Dtype, Schema


def grid(rows: Sequence[object]) -> list[list[Cell]]:
    """The rows of a table item, each cell as `clean` has it, short rows filled up with None to the longest.

    A row that is no list is one cell. Rows without any cell are no table, so then there are none.
    """
    cleaned = [[clean(cell) for cell in (row if isinstance(row, list) else [row])] for row in rows]
    width = max(map(len, cleaned), default=0)
    return [row + [None] * (width - len(row)) for row in cleaned] if width else []


def clean(cell: object) -> Cell:
    """A cell as text or a number; None where it is empty, blank or covered by another.

    JSON has one kind of number: 3.0 is 3, and what lies beyond 64 bits is a double; and it has no NaN, which is nothing
    too. What has no place in a cell becomes its JSON.
    """
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, bool) or not isinstance(cell, int | float | None):
        return json_of(cell)
    number = real(cell) if (integer := whole(cell)) is None else integer
    return str(canonical(cell)) if number is None and isinstance(cell, int) else number


def frame_of(rows: Sequence[Sequence[Cell]], *, header: bool) -> pd.DataFrame:
    """The DataFrame of a `grid`, the first row being its header or not. Each column is string, Int64 or Float64."""
    if not rows:
        return pd.DataFrame(columns=pd.Index([], dtype=object))  # as Parquet gives it back
    width = len(rows[0])
    names = names_of(rows[0] if header else None, width)
    columns = [[row[position] for row in rows[header:]] for position in range(width)]
    values: list[Sequence[object]] = []
    declared: list[Column] = []
    for name, cells, figures in zip(names, columns, figures_of(columns), strict=True):
        dtype: Dtype = "string"
        if figures is not None:
            dtype = "Float64" if any(isinstance(figure, float) for figure in figures) else "Int64"
        values.append([None if cell is None else _shown(cell) for cell in cells] if figures is None else figures)
        declared.append(Column(name, dtype, "", None, ""))
    return Schema("table", 1, tuple(declared)).frame(
        dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)
    )


def _shown(cell: str | float) -> str:
    """A number among texts as a spreadsheet shows it: 15 digits, not the 0.30000000000000004 of three tenths."""
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)
