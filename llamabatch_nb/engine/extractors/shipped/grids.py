"""What a table is once it was read, and which of its rows are items and which are sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from llamabatch_nb.engine.extractors.shipped.columns import NUMERIC, Column
from llamabatch_nb.engine.extractors.shipped.layout import Cell, Row
from llamabatch_nb.engine.extractors.shipped.lexicon import CARRIED, CARRIED_ALONE
from llamabatch_nb.engine.extractors.shipped.numbers import numbers_in, without_numbers
from llamabatch_nb.engine.extractors.shipped.sums import kind_of
from llamabatch_nb.engine.extractors.shipped.words import squeezed, words

_MONEY = frozenset(("unit_price", "amount", "gross_amount"))
#: Cells of a row that carries a sum, and words of its label.
_CARRYING, _CARRIED_WORDS = 3, 6


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


def _is_own(concepts: Iterable[str]) -> bool:
    return any(concept.startswith("own:") for concept in concepts)


def is_record(placed: Mapping[int, list[Cell]], grid: Grid) -> bool:
    """Whether a row has the numbers of an item; without columns of numbers, two cells."""
    concepts = {index: set(column.concepts) for index, column in enumerate(grid.columns)}
    money = [index for index in concepts if concepts[index] & _MONEY]
    if not money:
        if any("quantity" in known for known in concepts.values()):
            # "Units" of a laboratory are no quantity; there the schema's own columns have the numbers.
            counted = [index for index, known in concepts.items() if "quantity" in known or _is_own(known)]
            return any(_numeric(placed[index]) for index in counted if index in placed) and len(placed) > 1
        return len(placed) > 1
    amounts = [index for index in money if index in placed and _numeric(placed[index])]
    return bool(amounts) and len(placed) > 1


def is_carried(row: Row) -> bool:
    """Whether a row repeats what the rows before it, or of the pages before, come to: "Carried forward to page 2"."""
    if len(row) > _CARRYING:
        return False
    return any(_says_carried([word.key for word in words(without_numbers(cell.text))]) for cell in row)


def _says_carried(said: Sequence[str]) -> bool:
    """Whether a few words are, or hold, those of a carried sum. "Transport" alone is one, "Transport to Ghent" not."""
    if "".join(said) in CARRIED | CARRIED_ALONE:
        return True
    parts = combinations(range(len(said) + 1), 2)
    return len(said) <= _CARRIED_WORDS and any("".join(said[first:last]) in CARRIED for first, last in parts)


def _labels_a_sum(placed: Mapping[int, list[Cell]], grid: Grid) -> bool:
    """Whether words stand in a column of numbers, before an amount, where nothing is described: "To be settled"."""
    told = {concept for index in placed for concept in grid.columns[index].concepts}
    if told & {"description", "sku", "quantity"}:
        return False
    numeric = [cell for index, cells in placed.items() if set(grid.columns[index].concepts) & NUMERIC for cell in cells]
    found = [numbers_in(cell.text) for cell in numeric]
    return any(found) and not all(found)


def ends(row: Row, placed: Mapping[int, list[Cell]], grid: Grid) -> bool:
    """Whether a row is a sum under the table, not one of its items."""
    if is_carried(row):
        return True
    if _labels_a_sum(placed, grid):
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
