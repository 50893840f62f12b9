"""Whether the first row of a table is its header, and the names of its columns.

The API does not say: its HTML and markdown have no way to write a table without one. So it is told from the cells, and
carefully, because a row of data that is taken for a header is missing from the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from llamabatch_nb.frames.numbers import Cell, typed
from llamabatch_nb.frames.schema import storable

#: A cell longer than this is no number and no date.
_LONGEST = 40
_UNIT = r"[^\W\d_]{1,3}\.?"
_SYMBOL = "[%‰$€£¥₹]"
_NUMBER = re.compile(rf"(?:{_UNIT} |{_SYMBOL} ?)?[-+(]?(?:{_SYMBOL} ?)?[0-9][0-9., ']*[-)]?(?: ?{_SYMBOL}| {_UNIT})?")
_MONTH = r"[^\W\d_]{3,9}\.?"
_DATE = re.compile(
    rf"[0-9]{{1,4}}([-./])[0-9]{{1,2}}\1[0-9]{{1,4}}(?:[T ][0-9]{{1,2}}:[0-9]{{2}}.*)?"
    rf"|[0-9]{{1,2}}\.? {_MONTH} [0-9]{{4}}|{_MONTH} [0-9]{{1,2}}, [0-9]{{4}}"
)
#: Words that are values, or stand for one that is missing.
_VALUES = {"n/a", "n.a.", "na", "nan", "none", "null", "nil", "tbd", "true", "false", "yes", "no"}
#: Marks that name a column without a letter.
_MARKS = set("#№%‰$€£¥₹")


def has_header(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether the first of these rows, all of one width, names the columns.

    It does if all of these hold. Rows follow it. Its cells are words: no number, amount, percentage or date, nothing
    that begins with a digit, no ``yes`` or ``n/a``, and no label with a colon, which stands beside its value. At least
    half of its cells are filled, and more than half of those differ. And some column with words at its top has only
    numbers below it, or only dates: where everything is words, nothing tells a header from a row.
    """
    first, below = rows[0] if rows else (), rows[1:]
    filled = [cell for cell in first if cell is not None]
    if not below or not filled or not all(_is_name(cell) for cell in filled):
        return False
    names = {_folded(str(cell)) for cell in filled}
    if 2 * len(filled) < len(first) or 2 * len(names) <= len(filled):
        return False
    return any(
        cell is not None and _kind_of_all(row[column] for row in below) is not None for column, cell in enumerate(first)
    )


def names_of(header: Sequence[Cell] | None, width: int) -> list[str]:
    """A name for each of `width` columns: the header's words, where it has none the column's position from 0.

    What comes twice is told apart as pandas does: ``Amount``, ``Amount.1``.
    """
    words = header or [None] * width
    names: dict[str, None] = {}
    again: dict[str, int] = {}
    for position, cell in enumerate(words):
        wanted = name = storable(" ".join(str(cell).split()) if cell is not None else str(position))
        while name in names:
            again[wanted] = again.get(wanted, 0) + 1
            name = f"{wanted}.{again[wanted]}"
        names[name] = None
    return list(names)


def _is_name(cell: Cell) -> bool:
    if not isinstance(cell, str) or _kind(cell) is not None or _folded(cell) in _VALUES:
        return False
    text = cell.strip()
    named = any(character.isalpha() or character in _MARKS for character in text)
    return named and not text[0].isdigit() and not text.endswith(":")


def _kind_of_all(cells: Iterable[Cell]) -> str | None:
    kinds = {_kind(cell) for cell in cells if cell is not None}
    return kinds.pop() if len(kinds) == 1 else None


def _kind(cell: Cell) -> str | None:
    if not isinstance(cell, str):
        return "number"
    text = typed(cell)
    if len(text) > _LONGEST:
        return None
    if _DATE.fullmatch(text):
        return "date"
    return "number" if _NUMBER.fullmatch(text) else None


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
