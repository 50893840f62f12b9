"""Heads of tables: which row is one, and where its columns are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from llamabatch_nb.engine.extractors.base import Box
from llamabatch_nb.engine.extractors.shipped.layout import Cell, Row, Run, cell_of
from llamabatch_nb.engine.extractors.shipped.lexicon import COLUMN_INDEX
from llamabatch_nb.engine.extractors.shipped.numbers import numbers_in
from llamabatch_nb.engine.extractors.shipped.words import Word, key, words

#: Columns of amounts, where a table of items has its numbers.
NUMERIC = frozenset(
    ("quantity", "unit_price", "amount", "tax_rate", "tax_amount", "gross_amount", "discount", "position")
)
#: Without one of these a head is no head of an item table.
_TELLING = frozenset(("quantity", "unit_price", "amount", "gross_amount"))
#: Currencies and remarks in a head: "Amount (EUR)", "Price in €", "Preis/Einh.".
_REMARK = re.compile(r"\(.*?\)|\[.*?\]|\b(?:in )?(?:EUR|USD|GBP|CHF|PLN|SEK|CAD|AUD|INR)\b|[€$£%*#]|[:.]+$")
_HEAD_ROWS = 3
_PRICE = frozenset(("price", "prix", "preis", "prijs", "precio", "prezzo", "cena", "preco", "pris", "cost", "amount"))
_SUM = frozenset(("total", "gesamt", "totaal", "totale", "suma", "totalt", "line"))
_EACH = frozenset(
    ("per", "unit", "each", "one", "pro", "je", "unitaire", "einheit", "stuk", "unidad", "unitario", "stuck")
)
_GROSS = frozenset(("incl", "including", "with", "gross", "ttc", "brutto", "inkl", "inc", "mit"))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head as written and folded, what it may be, and where it is."""

    text: str
    key: str
    concepts: tuple[str, ...]
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a table: its columns from left to right, and the rows it takes."""

    columns: tuple[Column, ...]
    first: int
    last: int

    @property
    def known(self) -> int:
        """How many columns are known."""
        return sum(bool(column.concepts) for column in self.columns)

    def same(self, other: Head) -> bool:
        """Whether another one repeats it, on a further page."""
        mine, others = {column.key for column in self.columns}, {column.key for column in other.columns}
        return len(mine & others) >= max(2, len(mine) - 1)


def concepts_of(text: str, extra: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What a head may stand for: of the lexicon and of the schema's own words."""
    plain, bare = key(text), key(_REMARK.sub(" ", text))
    for label in (plain, bare):
        if found := (*extra.get(label, ()), *COLUMN_INDEX.get(label, ())):
            return tuple(dict.fromkeys(found))
    return _composed({word.key for word in words(_REMARK.sub(" ", text))})


def _composed(said: set[str]) -> tuple[str, ...]:
    """Heads of prices that no table lists: "Price per one", "Total price with tax"."""
    if not said & _PRICE or len(said) > 5:
        return ()
    if said & _GROSS:
        return ("gross_amount",) if said & _SUM else ()
    return ("amount",) if said & _SUM else ("unit_price",) if said & _EACH else ()


def heads(rows: Sequence[Row], extra: Mapping[str, tuple[str, ...]]) -> Iterator[Head]:
    """Every row, or two or three that are one, which is the head of a table."""
    index = 0
    while index < len(rows):
        best = None
        for count in range(1, _HEAD_ROWS + 1):
            group = rows[index : index + count]
            if len(group) < count or not _close(group) or any(_is_data(row) for row in group):
                break
            head = _head(group, index, extra)
            if head and (best is None or head.known > best.known):
                best = head
        if best:
            best = _bare(best, rows, extra)
            yield best
        index = best.last + 1 if best else index + 1


def _bare(head: Head, rows: Sequence[Row], extra: Mapping[str, tuple[str, ...]]) -> Head:
    """The head without the rows above it that only hide what its columns are: a heading over the table."""
    while head.last > head.first:
        rest = _head(rows[head.first + 1 : head.last + 1], head.first + 1, extra)
        if rest is None or rest.known <= head.known:
            break
        head = rest
    return head


def _close(group: Sequence[Row]) -> bool:
    return all(
        below[0].page == above[0].page and below[0].y0 - above[0].y0 < 1.7 * above[0].height
        for above, below in pairwise(group)
    )


def _is_data(row: Row) -> bool:
    return any(number.cents for cell in row for number in numbers_in(cell.text) if not number.percent)


def _head(group: Sequence[Row], first: int, extra: Mapping[str, tuple[str, ...]]) -> Head | None:
    cells: list[Cell] = []
    for row in group:
        widest = [sum(above.overlap(cell) > 2 for cell in row) for above in cells]
        if any(count > 1 for count in widest):
            return None  # a heading over the head, not a part of it
        for cell in row:
            above = next((number for number, other in enumerate(cells) if other.overlap(cell) > 2), None)
            if above is None:
                cells.append(cell)
            else:
                cells[above] = cell_of([*cells[above].runs, *cell.runs], cell.page, boxed=cell.boxed)
    columns = [column for cell in cells for column in _columns(cell, extra)]
    columns.sort(key=lambda column: column.x0)
    known = [column for column in columns if column.concepts]
    distinct = {column.concepts[0] for column in known}
    if len(distinct) < 2 or len(known) * 2 < len(columns) or len(columns) > 14:
        return None
    own = any(concept.startswith("own:") for column in known for concept in column.concepts)
    concepts = {concept for column in known for concept in column.concepts}
    if not own and not (concepts & _TELLING and (len(distinct) >= 3 or "description" in concepts)):
        return None
    if own and len(distinct) < 3 and not concepts & _TELLING and len(columns) > 2:
        return None
    return Head(tuple(columns), first, first + len(group) - 1)


def _columns(cell: Cell, extra: Mapping[str, tuple[str, ...]]) -> list[Column]:
    concepts = concepts_of(cell.text, extra)
    if concepts:
        return [Column(cell.text, key(cell.text), concepts, cell.x0, cell.x1)]
    split = _split(cell, words(cell.text), extra)
    return split or [Column(cell.text, key(cell.text), (), cell.x0, cell.x1)]


def _split(cell: Cell, tokens: Sequence[Word], extra: Mapping[str, tuple[str, ...]]) -> list[Column]:
    """Heads that stand so close that they were read as one, if every word belongs to one."""
    columns: list[Column] = []
    index = 0
    while index < len(tokens):
        for last in range(min(index + 4, len(tokens)) - 1, index - 1, -1):
            text = cell.text[tokens[index].start : tokens[last].end]
            if concepts := concepts_of(text, extra):
                left, right = place(cell, tokens[index].start), place(cell, tokens[last].end)
                columns.append(Column(text, key(text), concepts, left, right))
                index = last + 1
                break
        else:
            return []
    return columns if len(columns) > 1 else []


def place(cell: Cell, offset: int) -> float:
    """Points from the left where a character of a cell is, more or less."""
    return cell.x0 + (cell.x1 - cell.x0) * offset / max(len(cell.text), 1)


def column_at(columns: Sequence[Column], cell: Cell) -> int:
    """The column that a cell belongs to: by what both cover, else by the edge that is nearest."""

    def distance(column: Column) -> float:
        shared = min(column.x1, cell.x1) - max(column.x0, cell.x0)
        middles = abs(column.x0 + column.x1 - cell.x0 - cell.x1) / 2
        edge = min(abs(column.x0 - cell.x0), abs(column.x1 - cell.x1), middles)
        return edge - (25 if shared > 0 else 0)

    return min(range(len(columns)), key=lambda index: distance(columns[index]))


def parted(columns: Sequence[Column], cell: Cell) -> list[Cell]:
    """A cell, or its two parts where it lies over two columns and one part is a number."""
    over = [index for index, column in enumerate(columns) if min(column.x1, cell.x1) - max(column.x0, cell.x0) > 3]
    if len(over) < 2 or " " not in cell.text:
        return [cell]
    for found in re.finditer(" ", cell.text):
        left, right = cell.text[: found.start()], cell.text[found.end() :]
        if not (_is_number(left) or _is_number(right)):
            continue
        parts = [_part(cell, 0, found.start()), _part(cell, found.end(), len(cell.text))]
        ones = [column_at(columns, part) for part in parts]
        numeric = [set(columns[one].concepts) & NUMERIC for one in ones]
        if ones[0] != ones[1] and ((_is_number(left) and numeric[0]) or (_is_number(right) and numeric[1])):
            return [more for part in parts for more in parted(columns, part)]
    return [cell]


def _is_number(text: str) -> bool:
    found = numbers_in(text)
    return len(found) == 1 and found[0].end - found[0].start >= len(text.strip())


def _part(cell: Cell, start: int, end: int) -> Cell:
    x0, x1 = place(cell, start), place(cell, end)
    run = Run(cell.text[start:end], Box(x0, cell.y0, x1 - x0, cell.height))
    return cell_of([run], cell.page, boxed=cell.boxed)
