"""Rows of an array from the table that has its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from llamabatch_nb.engine.extractors.shipped.columns import Column
from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.fields import Field
from llamabatch_nb.engine.extractors.shipped.findings import Finding
from llamabatch_nb.engine.extractors.shipped.grids import Grid, Record
from llamabatch_nb.engine.extractors.shipped.numbers import numbers_in
from llamabatch_nb.engine.extractors.shipped.reading import read

#: How alike a head and a schema's word have to be, of 100.
_ALIKE = 92
#: How sure a column is: by the schema's own words, by the lexicon, by likeness.
_OWN, _KNOWN, _LIKE = 0.96, 0.94, 0.88
#: Of an amount: how far quantity times price may be off.
_OFF = 0.02
#: What a row gains where it adds up, and what its quantity, price and amount lose where it does not: the amount is then
#: the likeliest to be something else, such as one with tax.
_RIGHT, _WRONG = 1.04, (0.9, 0.9, 0.85)
#: Heads and names that speak of a rate, not of an amount.
_RATE = re.compile(r"(?i)%|rate|percent|satz|taux|tarief|aliquota|tipo|stawka|pct")


#: One word with a digit in it.
_CODE = re.compile(r"(?=\S*\d)\S+")


@dataclass(frozen=True, slots=True)
class Match:
    """The column of a property, and how sure that is."""

    column: int
    confidence: float


def matched(grid: Grid, fields: Sequence[Field]) -> dict[str, Match]:
    """Property to column."""
    found: dict[str, Match] = {}
    for field in fields:
        match = _match(grid, field)
        if match:
            found[field.name] = match
    return _without_rivals(found, fields)


def _match(grid: Grid, field: Field) -> Match | None:
    own = {*field.aliases, *field.phrases[-2:]}
    described = [index for index in grid.columns_of("description") if _describes(grid, index)]
    for index, column in enumerate(grid.columns):
        if field.concept == "description" and described and index not in described:
            continue
        if (column.key in own or f"own:{field.name}" in column.concepts) and _meant(field, column):
            return Match(index, _OWN)
    if field.concept:
        columns = grid.columns_of(field.concept)
        if columns:
            return Match(_preferred(grid, columns, field.concept), _KNOWN)
    alike = [
        (max(fuzz.ratio(phrase, column.key) for phrase in own), index)
        for index, column in enumerate(grid.columns)
        if own and column.key and not column.concepts
    ]
    if alike and max(alike)[0] >= _ALIKE:
        return Match(max(alike)[1], _LIKE)
    return None


def _meant(field: Field, column: Column) -> bool:
    """Whether a column with a field's words is not, by the lexicon, something else."""
    return column.key in field.aliases or not field.concept or not column.concepts or field.concept in column.concepts


def _preferred(grid: Grid, columns: Sequence[int], concept: str) -> int:
    """Of several columns that may be meant: the one that means nothing else, then the one the arithmetic proves."""
    if len(columns) == 1:
        return columns[0]
    if concept == "amount":
        proven = [index for index in columns if _proven(grid, index)]
        return (proven or columns)[-1]
    if concept == "description":
        return next((index for index in columns if _describes(grid, index)), columns[0])
    first = [index for index in columns if grid.columns[index].concepts[0] == concept]
    return (first or columns)[0]


def _describes(grid: Grid, column: int) -> bool:
    """Whether a column says what its rows are: not mostly article numbers, nor the same remark in every row."""
    texts = [text for record in grid.records if (text := record.text(column))]
    coded = [text for text in texts if _CODE.fullmatch(text)]
    return len(coded) * 2 <= len(texts) and (len(texts) < 2 or len(set(texts)) > 1)


def _proven(grid: Grid, column: int) -> bool:
    rows = [_product(grid, record) for record in grid.records]
    values = [_value(record, column) for record in grid.records]
    checked = [abs(a - b) <= _OFF for a, b in zip(rows, values, strict=True) if a is not None and b is not None]
    return bool(checked) and all(checked)


def _product(grid: Grid, record: Record) -> float | None:
    quantity, price = grid.columns_of("quantity"), grid.columns_of("unit_price")
    if not quantity or not price:
        return None
    one, other = _value(record, quantity[0]), _value(record, price[0])
    return None if one is None or other is None else one * other


def _value(record: Record, column: int) -> float | None:
    found = [number for number in numbers_in(record.text(column)) if not number.percent]
    return found[0].value if len(found) == 1 else None


def _without_rivals(found: dict[str, Match], fields: Sequence[Field]) -> dict[str, Match]:
    """Of two properties with the same column the one that is surer of it."""
    best: dict[int, str] = {}
    rank = {
        field.name: (field.concept is not None, found[field.name].confidence) for field in fields if field.name in found
    }
    for name, match in found.items():
        holder = best.get(match.column)
        if holder is None or rank[name] > rank[holder]:
            best[match.column] = name
    return {name: match for name, match in found.items() if best[match.column] == name}


def best_grid(grids: Sequence[Grid], fields: Sequence[Field]) -> tuple[Grid, dict[str, Match]] | None:
    """The table with the most of an object's properties; at least two, unless there is only one."""
    ranked = []
    for number, grid in enumerate(grids):
        match = matched(grid, fields)
        ranked.append((len(match), -number, grid, match))
    if not ranked:
        return None
    count, _, grid, match = max(ranked, key=lambda one: one[:2])
    needed = 1 if len(fields) == 1 else 2
    return (grid, match) if count >= needed else None


def rows_of(
    document: Document, grid: Grid, match: Mapping[str, Match], fields: Sequence[Field]
) -> list[dict[str, Finding]]:
    """The findings of each row by property."""
    rows = []
    for record in grid.records:
        row: dict[str, Finding] = {}
        for field in fields:
            if field.name in match and (finding := _finding(document, grid, record, match[field.name], field)):
                row[field.name] = finding
        rows.append(_checked(row, fields))
    return rows


def _finding(document: Document, grid: Grid, record: Record, match: Match, field: Field) -> Finding | None:
    cells = record.cells.get(match.column)
    if not cells:
        return None
    text, head = record.text(match.column), grid.columns[match.column].text
    if field.kind == "rate" and "%" not in text and numbers_in(text, document.point):
        if not _RATE.search(f"{head} {field.name}"):
            field = replace(field, kind="money")  # a column "Tax" of amounts
        elif 0 < numbers_in(text, document.point)[0].value < 1:
            return None  # a workbook's 0.19 may be 19 %, or what it says
        else:
            text = f"{text}%"
    if field.concept == "quantity" and len(numbers_in(text, document.point)) > 1:
        text = text.split(" ")[0]
    reading = read(field, text, document)
    plain = match.confidence == _OWN or len(text.split()) == 1
    if reading is None and field.kind == "identifier" and plain and field.type in {"string", None}:
        return Finding(text, match.confidence * 0.95, text, tuple(cells))  # an "Article" may be a name
    if reading is None:
        return None
    quality = 1.0 if field.kind in {"number", "money", "rate"} and reading.quality > 0.8 else reading.quality
    written = reading.text if reading.text in text else text
    return Finding(reading.value, match.confidence * quality, written, tuple(cells))


def _checked(row: dict[str, Finding], fields: Sequence[Field]) -> dict[str, Finding]:
    """Quantity times price is the amount, or something is not what it was taken for."""
    by_concept = {
        field.concept: field.name for field in fields if field.concept in {"quantity", "unit_price", "amount"}
    }
    names = [by_concept.get(concept) for concept in ("quantity", "unit_price", "amount")]
    values = [row[name].value if name in row else None for name in names]
    if not all(isinstance(value, (int, float)) for value in values):
        return row
    quantity, price, amount = values
    off = abs(quantity * price - amount)  # type: ignore[operator]
    adds_up = off <= max(_OFF, 0.006 * abs(quantity))  # type: ignore[arg-type]
    discounted = any(field.concept == "discount" and field.name in row for field in fields)
    for name, cut in zip(names, _WRONG if not (adds_up or discounted) else (_RIGHT,) * 3, strict=True):
        if name and name in row:
            one = row[name]
            row[name] = Finding(one.value, min(one.confidence * cut, 0.98), one.text, one.cells)
    return row
