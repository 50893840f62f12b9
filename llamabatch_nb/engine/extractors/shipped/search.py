"""Candidates from geometry: a label and its value in one cell, beside it on the same row, or under it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.fields import Field
from llamabatch_nb.engine.extractors.shipped.findings import Finding, best_of
from llamabatch_nb.engine.extractors.shipped.labels import Span
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.reading import BOXES, Reading, read

#: How sure a value is by where it stands to its label.
_INLINE, _INLINE_BARE, _RIGHT, _BELOW = 1.0, 0.96, 0.99, 0.94
#: How sure a label is: of the lexicon or the schema, or one that may be another's ("Date").
_PLAIN, _VAGUE, _OWN = 0.95, 0.86, 0.95
#: Values of these kinds prove themselves, so a label that says little is enough.
_PROVEN = frozenset(("iban", "bic", "email", "url", "vat_id"))
#: Points from a label to its value on the same row; further away it belongs to another block.
_FAR = 330.0
#: Cells of a row that is one of labels over values.
_HEADS = 3
_DIGIT = re.compile(r"\d")
_WORDS = re.compile(r"(?<![(\w])[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class Hit:
    """A label of a field in the document, and how sure it is that it is the field's."""

    cell: Cell
    span: Span
    strength: float


def hits(document: Document, field: Field) -> Iterator[Hit]:
    """Where the document names the field."""
    own = {*field.phrases, *field.aliases}
    for index, row in enumerate(document.rows):
        if index in document.taken:
            continue
        for cell in row:
            for span in document.spans(cell):
                if _shared(document, field, cell, span):
                    continue
                if strength := _strength(field, span, own):
                    yield Hit(cell, span, strength)


def _shared(document: Document, field: Field, cell: Cell, span: Span) -> bool:
    """Whether a label is the second half of one for two things, "Postcode / City:", not of one in two languages."""
    if not cell.text[: span.start].rstrip().endswith("/"):
        return False
    return field.concept is None or document.spans(cell)[0] != span


def _strength(field: Field, span: Span, own: set[str]) -> float:
    if span.key in field.aliases:
        return 0.98
    if field.concept in span.concepts and field.concept not in {"name", "address"}:
        return _VAGUE if span.vague else _PLAIN
    if span.key in own and f"own:{span.key}" in span.concepts:
        # A word of the schema's that the lexicon gives to something else is not this field's.
        others = [concept for concept in span.concepts if not concept.startswith("own:")]
        return 0.0 if others and field.concept and field.concept not in others else _OWN
    return 0.0


def values(document: Document, field: Field, hit: Hit) -> Iterator[tuple[Reading, tuple[Cell, ...], float]]:
    """What stands where a label's value would; a later place counts only if no earlier one does."""
    cell, span = hit.cell, hit.span
    inline = cell.text[span.value_start : span.value_end].strip(" ,;|·?")
    if inline:
        reading = read(field, inline, document)
        if reading and field.kind == "money" and not span.colon and not inline.startswith(reading.text):
            reading = None  # "Standing charge, 92 days at 54.20"
        if reading:
            bare = field.kind == "text" and not span.colon
            factor = 0.75 if bare else _INLINE if span.colon else _INLINE_BARE
            yield reading, (cell,), factor
            return
        if field.kind in {"text", "enum", "boolean"} or _WORDS.search(inline):
            return  # the label goes on: "Invoice date of the order"
    if span.value_end < len(cell.text):
        return  # another label follows in this cell
    right = document.right_of(cell)
    if right and not (inline and field.kind == "text"):
        beside = right[0]
        chosen = _options(right)
        text = " ".join(one.text for one in chosen)
        reading = None if document.is_label(beside) or _heads(document, cell) else read(field, text, document)
        if reading and beside.x0 - cell.x1 < _FAR:
            yield reading, chosen, _RIGHT
            return
        if (
            not reading
            and _is_sign(beside.text)
            and len(right) > 1
            and (reading := read(field, right[1].text, document))
        ):
            yield reading, (right[1],), _RIGHT
            return
    under = document.below(cell)
    if under is not None and not document.is_label(under) and (reading := read(field, under.text, document)):
        alone = not right or document.is_label(right[0])
        yield reading, (under,), _BELOW if alone or field.kind != "text" else 0.8


def _options(right: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cell beside a label; of boxes to tick all that follow one another, as one of them is the answer."""
    boxes = tuple(takewhile(lambda one: one.text.startswith(BOXES), right))
    return boxes or (right[0],)


def _heads(document: Document, cell: Cell) -> bool:
    """Whether a cell is in a row of labels over a row of values: several cells without digits, each over one."""
    row = document.rows[document.row_index(cell)]
    if len(row) < _HEADS or any(one.text.endswith(":") or _DIGIT.search(one.text) for one in row):
        return False
    under = {one for cell in row if (one := document.below(cell)) is not None}
    return len(under) == len(row) and any(_DIGIT.search(one.text) for one in under)


def _is_sign(text: str) -> bool:
    return text in {":", "#", "€", "$", "£", "EUR", "USD", "GBP", "CHF", "="}


def labelled(document: Document, field: Field) -> list[Finding]:
    """Every candidate of a field."""
    found = []
    for hit in hits(document, field):
        for reading, cells, factor in values(document, field, hit):
            strength = max(hit.strength, 0.93) if field.kind in _PROVEN else hit.strength
            found.append(Finding(reading.value, strength * factor * reading.quality, reading.text, cells))
    return found


def search(document: Document, field: Field) -> Finding | None:
    """The best candidate of a field, by its labels alone."""
    return best_of(_agreed(labelled(document, field)))


def _agreed(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Without candidates that a surer one says in full: ``RE-1`` beside ``RE-1 / 2024``."""
    return [
        finding
        for finding in findings
        if not any(
            isinstance(finding.value, str)
            and isinstance(other.value, str)
            and finding.value != other.value
            and finding.value in other.value
            and other.confidence >= finding.confidence
            for other in findings
        )
    ]
