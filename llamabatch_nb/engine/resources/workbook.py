"""The tables of a document as a workbook, a sheet a table (``tables_as_spreadsheet``, contract.md section 5)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

#: Bounds of Excel: rows and columns of a sheet, characters of a cell and of a sheet's name.
_ROWS, _COLUMNS, _CELL, _NAME = 1_048_576, 16_384, 32_767, 31
_NOT_IN_NAMES = re.compile(r"[\\/*?:\[\]\x00-\x1f]")

Item = Mapping[str, Any]


def workbook(pages: Iterable[Iterable[Item]], *, guess_names: bool) -> bytes | None:
    """An XLSX of all tables in the items of pages, or None if there is none.

    A sheet is named ``Table_1`` and so on; with `guess_names` after the last heading before its table. Texts stay
    texts, formulas too: documents are hostile (design.md, decision 9).
    """
    book = Workbook(write_only=True)
    taken: set[str] = set()
    for number, (heading, rows) in enumerate(_tables(pages), 1):
        sheet = book.create_sheet(_named(heading if guess_names else "", number, taken))
        for row in rows[:_ROWS]:
            sheet.append([_cell(sheet, value) for value in row[:_COLUMNS]])
    if not taken:
        book.close()
        return None
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _tables(pages: Iterable[Iterable[Item]]) -> Iterator[tuple[str, list[list[Any]]]]:
    heading = ""
    for items in pages:
        for item in items:
            if item["type"] == "heading":
                heading = str(item.get("value") or "")
            elif item["type"] == "table" and item["rows"]:
                yield heading, item["rows"]


def _named(wanted: str, number: int, taken: set[str]) -> str:
    """A sheet's name, unlike the others whatever their case."""
    name = _NOT_IN_NAMES.sub(" ", wanted)[:_NAME].strip(" '")
    if not name or name.lower() in taken or name.lower() == "history":  # which Excel keeps for itself
        name = f"Table_{number}"
    while name.lower() in taken:
        name += "_"
    taken.add(name.lower())
    return name


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_CELL])
    cell.data_type = "s"
    return cell
