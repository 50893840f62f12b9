"""What a cell of a workbook can hold, and what is done with what it cannot. Nothing here knows who writes it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from llamabatch_nb.frames.export.columns import FORMULA
from llamabatch_nb.frames.schema import storable

#: Of a text; Excel counts UTF-16 code units (Microsoft, "Excel specifications and limits").
CHARACTERS = 32_767
#: A cell shows 15 digits and forgets the others once it is edited, so that a longer number is written as text.
_EXACT = 10**15
#: The cell is a date, and says that it is UTC, which Excel has no notion of.
UTC_FORMAT = 'yyyy-mm-dd hh:mm:ss" UTC"'
_TIME_FORMAT, _DATE_FORMAT = "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
#: Controls have pictures in Unicode: XML 1.0 cannot hold them, nor the two code points that are no characters.
_UNFIT = {code: 0x2400 + code for code in range(0x20) if code not in {9, 10}} | {
    0x7F: 0x2421,
    0xFFFE: 0xFFFD,
    0xFFFF: 0xFFFD,
}
_HAS_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NAME = 31


def clean(text: str) -> str:
    """The text as XML can hold it, with the line ends of a cell: what is not allowed is shown as a picture of it."""
    if _HAS_UNFIT.search(text) is None:
        return text
    return storable(text).replace("\r\n", "\n").replace("\r", "\n").translate(_UNFIT)


def cut(text: str) -> tuple[str, bool]:
    """The text, and whether it was too long for a cell and ends in a mark that says so."""
    if len(text) <= CHARACTERS // 2 or _units(text) <= CHARACTERS:
        return text, False
    mark = f" … [cut here: {len(text):,} characters in all]"
    units = text.encode("utf-16-le")[: 2 * (CHARACTERS - len(mark))]
    return units.decode("utf-16-le", errors="ignore") + mark, True


def is_risky(text: str) -> bool:
    """Typed into a cell it would be a formula."""
    return text.startswith(FORMULA)


def is_exact(value: Any) -> bool:
    """A number that a cell keeps as it is."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and abs(value) < _EXACT


def naive(time: pd.Timestamp) -> pd.Timestamp:
    """The time in UTC, without a zone."""
    return time.tz_convert("UTC").tz_localize(None) if time.tzinfo else time


def time_format(column: pd.Series) -> str:
    """How times of this column are shown; of days alone where it holds no others."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return UTC_FORMAT
    known = column.dropna() if pd.api.types.is_datetime64_any_dtype(column.dtype) else column.iloc[:0]
    return _TIME_FORMAT if len(known) and (known != known.dt.normalize()).any() else _DATE_FORMAT


def sheet_names(names: Iterable[str]) -> list[str]:
    """Names that Excel takes for sheets, in order: at most 31 characters, none twice where case does not count."""
    taken = {"history"}  # Excel's own
    found = []
    for name in names:
        safe = re.sub(r"[\[\]:*?/\\]", "_", clean(name).replace("\n", " ").replace("\t", " ")).strip("' ") or "sheet"
        number, short = 1, _short(safe, _NAME)
        while short.casefold() in taken:
            number += 1
            short = f"{_short(safe, _NAME - len(f' ({number})'))} ({number})"
        taken.add(short.casefold())
        found.append(short)
    return found


def _short(text: str, units: int) -> str:
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore").rstrip("' ")


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
