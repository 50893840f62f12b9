"""Columns of a document's table that are numbers through and through, and what they say.

Strict, because a column that is text can still be read by whoever knows better, and a number that was read wrongly
cannot: one value that is no number, and all stay text. `figures_of` says what is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from llamabatch_nb.frames.nodes import INT64

#: A cell, as `cells.clean` leaves it: None is empty.
Cell = str | int | float | None
_Number = int | float | Decimal | None

#: Of what a double holds all that were written (IEEE 754: 15 decimal digits survive it).
_DIGITS = 15
#: Typographic spaces, apostrophe and minus signs (true minus, en dash) to those of a keyboard.
_KEYS = str.maketrans("\u00a0\u202f\u2009\u2019\u2212\u2013", "   '--")
#: By decimal mark: groups of three may be parted by one of the other marks, a space or an apostrophe.
_WRITTEN = {
    mark: re.compile(
        rf"(?P<minus>-)?"
        rf"(?P<whole>0|[1-9][0-9]{{0,2}}(?P<group>[{other} '])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*|[1-9][0-9]*)"
        rf"(?:[{mark}](?P<part>[0-9]+))?"
        rf"(?P<after>-)?"
    )
    for mark, other in ((".", ","), (",", "."))
}


@dataclass(frozen=True, slots=True)
class _Readings:
    """What a column says where the decimal mark is a point, and where it is a comma; None: it is not all numbers."""

    point: list[_Number] | None
    comma: list[_Number] | None

    @property
    def mark(self) -> str | None:
        """The decimal mark that this column proves: only one of the two fits."""
        if (self.point is None) == (self.comma is None):
            return None
        return "," if self.point is None else "."

    def by(self, mark: str | None) -> list[_Number] | None:
        if self.point is None or self.comma is None:
            return self.comma if self.point is None else self.point
        if self.point == self.comma:
            return self.point
        return {".": self.point, ",": self.comma}.get(mark or "")


def figures_of(columns: Iterable[Sequence[Cell]]) -> list[list[int | None] | list[float | None] | None]:
    """For each column of a table its values, all of them integers or all of them floats, or None where it is text.

    Numbers are JSON's, and texts that are written as numbers in one way down the column: a decimal point or comma,
    thousands in groups of three parted by the other of these, a space or an apostrophe, a minus before or behind.
    ``1,234`` can be read in two ways, so a column of such is a number only if other columns of the table have one
    decimal mark. These are text: leading zeros, which are ids; a plus, which is dialled; a percent or a currency, whose
    meaning would be lost; parentheses, which are footnotes as often as losses; what 64 bits would not hold exactly.
    """
    readings = [_Readings(_read(column, "."), _read(column, ",")) for column in columns]
    proven = {reading.mark for reading in readings} - {None}
    mark = proven.pop() if len(proven) == 1 else None
    return [_in_one_type(reading.by(mark)) for reading in readings]


def typed(text: str) -> str:
    """A short text as one would type it: plain spaces, none around it, plain apostrophe and minus."""
    return text.translate(_KEYS).strip()


def _read(column: Sequence[Cell], mark: str) -> list[_Number] | None:
    written = _WRITTEN[mark]
    numbers: list[_Number] = []
    groups: set[str] = set()
    for cell in column:
        if isinstance(cell, str):
            match = written.fullmatch(typed(cell))
            if match is None or (match["minus"] and match["after"]):
                return None
            if match["group"]:
                groups.add(match["group"])
            number = _number(match)
            if number is None:
                return None
            numbers.append(number)
        else:
            numbers.append(cell)
    filled = any(number is not None for number in numbers)
    return numbers if filled and len(groups) < 2 else None


def _number(match: re.Match[str]) -> int | Decimal | None:
    digits = "".join(filter(str.isdigit, match["whole"]))
    part = match["part"]
    if len(digits) > _DIGITS + 4 or (part is not None and len((digits + part).lstrip("0")) > _DIGITS):
        return None
    sign = -1 if match["minus"] or match["after"] else 1
    if part is not None:
        return sign * Decimal(f"{digits}.{part}")
    return number if (number := sign * int(digits)) in INT64 else None


def _in_one_type(numbers: list[_Number] | None) -> list[int | None] | list[float | None] | None:
    if numbers is None:
        return None
    whole = [number for number in numbers if number is None or isinstance(number, int)]
    if len(whole) == len(numbers):
        return whole
    if any(number is not None and abs(number) >= 10**_DIGITS for number in whole):
        return None
    return [None if number is None else float(number) for number in numbers]
