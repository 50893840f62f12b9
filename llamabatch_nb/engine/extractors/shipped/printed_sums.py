"""Sums of a document as it prints them: an amount, and the label that says what it sums up."""

from __future__ import annotations

from dataclasses import dataclass

from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.numbers import Number, amount_in, numbers_in, without_numbers
from llamabatch_nb.engine.extractors.shipped.sums import kind_of

#: Points that right edges of one column may differ by.
_SAME_EDGE = 4


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount that a label calls a sum of some kind."""

    kind: str
    amount: Number
    cell: Cell
    label: str
    #: Percentages of the label or its row.
    rates: tuple[tuple[float, str, Cell], ...]

    @property
    def value(self) -> float:
        """The amount."""
        return round(self.amount.value, 4)


def sums_of(document: Document) -> list[Sum]:
    """Every labelled sum, in the document's order."""
    found = []
    for index, row in enumerate(document.rows):
        if index in document.taken:
            continue
        found += [made for cell in row if (made := _sum(document, cell)) is not None]
    return found


def _sum(document: Document, cell: Cell) -> Sum | None:
    numbers = numbers_in(cell.text, document.point)
    plain = [number for number in numbers if not number.percent]
    label = cell.text[: plain[-1].start] if plain else cell.text
    kind = kind_of(without_numbers(label, document.point))
    if kind is None or not any(letter.isalpha() for letter in label):
        return None
    rates = [(number.value, number.text, cell) for number in numbers if number.percent]
    if plain and plain[-1].end >= len(cell.text.rstrip(" .")):
        if not (plain[-1].cents or plain[-1].money or label.rstrip().endswith((":", "="))):
            return None  # "Net 30" is a term of payment
        # "VAT 19 % of 100.00" without an amount of its own is told by a further amount to the right.
        beyond = (
            _beside(document, cell)
            if len(plain) == 1 and kind == "tax_amount" and not document.is_label(cell)
            else None
        )
        amount, where = beyond or (plain[-1], cell)
        return Sum(kind, amount, where, label, tuple(rates))
    beside = _beside(document, cell) or (None if _followed(document, cell) else _under(document, cell))
    if beside is None:
        return None
    for other in document.right_of(cell):
        rates += [
            (number.value, number.text, other) for number in numbers_in(other.text, document.point) if number.percent
        ]
    return Sum(kind, beside[0], beside[1], label, tuple(rates))


def _followed(document: Document, cell: Cell) -> bool:
    right = document.right_of(cell)
    return bool(right) and kind_of(without_numbers(right[0].text, document.point)) is None


def _beside(document: Document, cell: Cell) -> tuple[Number, Cell] | None:
    """The last amount on the row before the next label."""
    found = None
    for other in document.right_of(cell):
        if kind_of(without_numbers(other.text, document.point)) and not amount_in(other.text, document.point):
            break
        if document.is_label(other) and not amount_in(other.text, document.point):
            break
        number = amount_in(other.text, document.point)
        if number and number.end - number.start >= len(other.text) - 5:
            found = (number, other)
        elif found and any(letter.isalpha() for letter in other.text):
            break  # words behind the amount are of the block beside it
    return found


def _under(document: Document, cell: Cell) -> tuple[Number, Cell] | None:
    under = document.below(cell)
    number = amount_in(under.text, document.point) if under else None
    if under is None or number is None or kind_of(without_numbers(under.text, document.point)):
        return None
    further = document.below(under)
    if further and abs(further.x1 - under.x1) < _SAME_EDGE and amount_in(further.text, document.point):
        return None  # the head of a column: which of its amounts is the sum, it does not say
    return (number, under) if number.end - number.start >= len(under.text) - 5 else None
