"""Excel workbooks, read with openpyxl row by row: a sheet a page, its filled ranges as tables."""

from __future__ import annotations

import datetime as dt
import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import zip_longest
from typing import Any

from openpyxl import load_workbook

from llamabatch_nb.engine.parsers.base import Parsed, Unreadable
from llamabatch_nb.engine.parsers.items import Cell, shown
from llamabatch_nb.engine.parsers.markdown import PageWriter
from llamabatch_nb.engine.parsers.ranges import Selection, nothing_selected

Row = tuple[Any, ...]
#: Identifiers of Excel's own percentages, and the first of those that a workbook defines (ECMA-376, 18.8.30).
_PERCENTAGES, _DEFINED = frozenset({9, 10}), 164


class _Share(float):
    """A number whose cell shows it as a percentage."""

    def __str__(self) -> str:
        return f"{shown(float(f'{self * 100:.15g}'))}%"


def parse_xlsx(data: bytes, selection: Selection) -> Parsed:
    """A page a worksheet, hidden ones too; chart sheets hold no cells and are left out.

    Raises `Unreadable`: no_text when no cell is filled, or no_pages.
    """
    values = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    # Only programs that calculate store results. Where one is missing the formula itself is shown, which takes a second
    # reading, because read_only gives either the one or the other.
    formulas = load_workbook(io.BytesIO(data), read_only=True) if _has_formulas(data) else None
    shares = _has_percentages(values)
    pages = []
    for number, sheet in enumerate(values.worksheets, 1):
        if number not in selection:
            continue
        writer = PageWriter()
        rows = _shared_rows(sheet) if shares else _rows(sheet)
        if formulas is not None:
            rows = map(_filled, rows, _rows(formulas.worksheets[number - 1]))
        filled = False
        for block in _blocks(rows):
            if not filled:
                writer.heading(1, sheet.title)
                filled = True
            _write(writer, block)
        pages.append(writer.page(number))
    if not pages and values.worksheets:
        raise nothing_selected()
    if not any(page.text for page in pages):
        raise Unreadable("no_text", "No filled cells: fill the workbook and retry it.")
    return pages, {
        "engine": "openpyxl",
        "engine_version": version("openpyxl"),
        "sheets": values.sheetnames,
        "pages_total": len(values.worksheets),
    }


def _has_formulas(data: bytes) -> bool:
    """Whether a sheet holds an ``<f>`` element."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                tail = b""
                with archive.open(name) as member:
                    while chunk := member.read(1 << 20):
                        if b"<f>" in (seen := tail + chunk) or b"<f " in seen:
                            return True
                        tail = chunk[-2:]
    return False


def _rows(sheet: Any) -> Iterator[Row]:
    """Rows as wide as they are filled. The size that a file declares is often wrong, and would pad every row."""
    sheet.reset_dimensions()
    rows: Iterator[Row] = sheet.iter_rows(values_only=True)
    return rows


def _has_percentages(book: Any) -> bool:
    """Whether a style shows percentages. Only then is it worth looking at the styles of cells, which takes longer."""
    defined = book._number_formats  # noqa: SLF001 - openpyxl tells formats cell by cell alone
    used = {style.numFmtId for style in book._cell_styles}  # noqa: SLF001 - the same
    return bool(used & _PERCENTAGES) or any(
        "%" in defined[one - _DEFINED] for one in used if _DEFINED <= one < _DEFINED + len(defined)
    )


def _shared_rows(sheet: Any) -> Iterator[Row]:
    """The same with percentages as `_Share`."""
    sheet.reset_dimensions()
    for row in sheet.iter_rows():
        yield tuple(
            _Share(cell.value)
            if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool) and "%" in cell.number_format
            else cell.value
            for cell in row
        )


def _filled(values: Row, formulas: Row) -> Row:
    """The formula where its result is missing."""
    return tuple(formula if value is None else value for value, formula in zip_longest(values, formulas))


def _blocks(rows: Iterator[Row]) -> Iterator[list[list[Cell]]]:
    """Runs of filled rows, cut to the columns filled in them. Empty rows, one or a million, part one from the next."""
    block: list[list[Cell]] = []
    for row in rows:
        cells = [_cell(value) for value in row]
        if any(cell is not None for cell in cells):
            block.append(cells)
        elif block:
            yield _cut(block)
            block = []
    if block:
        yield _cut(block)


def _cut(block: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    columns = sorted({index for row in block for index, cell in enumerate(row) if cell is not None})
    return [[row[index] if index < len(row) else None for index in columns] for row in block]


def _write(writer: PageWriter, block: list[list[Cell]]) -> None:
    """A block as a table; titles above it, alone in its first column, as paragraphs."""
    while block and _titled(block[0]) and (len(block[0]) > 1 or len(block) == 1):
        writer.paragraph(shown(block[0][0]))
        block = _cut(block[1:])
    if block:
        words = [[str(cell) if isinstance(cell, _Share) else shown(cell) for cell in row] for row in block]
        writer.table(
            words, values=[[_cell(float(cell)) if isinstance(cell, _Share) else cell for cell in row] for row in block]
        )


def _titled(row: Sequence[Cell]) -> bool:
    return row[0] is not None and not any(cell is not None for cell in row[1:])


def _cell(value: Any) -> Cell:
    """A number, or a value as people write it: dates in ISO form without an empty time. None for an empty cell.

    Numbers have Excel's 15 digits, and whole ones no fraction.
    """
    if value is None:
        return None
    if isinstance(value, _Share):
        return value if math.isfinite(value) else None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        short = f"{value:.15g}"
        return int(short) if short.lstrip("-").isdecimal() else float(short) if math.isfinite(value) else short
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    if isinstance(value, dt.time):
        return value.isoformat("seconds")
    return str(value).strip() or None
