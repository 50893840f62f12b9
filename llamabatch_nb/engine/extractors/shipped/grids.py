"""What a table is once it was read, and which of its rows are items and which are sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llamabatch_nb.engine.extractors.shipped.columns import NUMERIC, Column
from llamabatch_nb.engine.extractors.shipped.layout import Cell, Row
from llamabatch_nb.engine.extractors.shipped.lexicon import CARRIED
from llamabatch_nb.engine.extractors.shipped.numbers import numbers_in, without_numbers
from llamabatch_nb.engine.extractors.shipped.sums import kind_of
from llamabatch_nb.engine.extractors.shipped.words import key, squeezed

_MONEY = frozenset(("unit_price", "amount", "gross_amount"))


@dataclass(slots=True)
class Record:
    """A row of a table: the cells of each column by its index."""

    cells: dict[int, list[Cell]]
    bottom: float
    page: int

    def text(self, column: int) -> str:
        """What stands in a column, line after line."""
        return squeezed(" ".join(cell.text for cell in self.cells.get(column, ())))


@dataclass(slots=True)
class Grid:
    """A table that was read."""

    columns: tuple[Column, ...]
    records: list[Record] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)

    @property
    def of_items(self) -> bool:
        """Whether it lists things, and is no summary of taxes, whose heads are labels of sums."""
        return any(self.columns_of(concept) for concept in ("description", "quantity", "unit_price", "sku"))

    def columns_of(self, concept: str) -> list[int]:
        """The columns that may hold a concept."""
        return [index for index, column in enumerate(self.columns) if concept in column.concepts]


def texts_of(grid: Grid) -> list[int]:
    """The columns that a further line of an item belongs to: its description, else whatever is no number."""
    described = grid.columns_of("description")
    return described or [index for index, column in enumerate(grid.columns) if not set(column.concepts) & NUMERIC]


def _numeric(cells: Sequence[Cell]) -> bool:
    text = " ".join(cell.text for cell in cells)
    found = numbers_in(text)
    return bool(found) and sum(number.end - number.start for number in found) * 2 >= len(text.strip())


def is_record(placed: Mapping[int, list[Cell]], grid: Grid) -> bool:
    """Whether a row has the numbers of an item; without columns of numbers, two cells."""
    concepts = {index: set(column.concepts) for index, column in enumerate(grid.columns)}
    money = [index for index in concepts if concepts[index] & _MONEY]
    if not money:
        quantity = [index for index in concepts if "quantity" in concepts[index]]
        if quantity:
            return any(_numeric(placed[index]) for index in quantity if index in placed) and len(placed) > 1
        return len(placed) > 1
    amounts = [index for index in money if index in placed and _numeric(placed[index])]
    return bool(amounts) and len(placed) > 1


def ends(row: Row, placed: Mapping[int, list[Cell]], grid: Grid) -> bool:
    """Whether a row is a sum under the table, not one of its items."""
    if any(key(without_numbers(cell.text)) in CARRIED for cell in row):
        return True
    kinds = [kind for cell in row if (kind := kind_of(without_numbers(cell.text)))]
    if not kinds:
        return False
    numeric = {
        concept
        for index, cells in placed.items()
        if _numeric(cells)
        for concept in grid.columns[index].concepts
        if concept in NUMERIC
    }
    item = {"quantity", "unit_price"} <= numeric or ("quantity" in numeric and "amount" in numeric)
    return not (item and set(kinds) <= {"shipping", "discount", "tax_amount"})
