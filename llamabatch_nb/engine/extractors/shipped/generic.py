"""Fields that no lexicon knows: labels that are the schema's own words, or nearly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.fields import Field, called, numbered
from llamabatch_nb.engine.extractors.shipped.findings import Finding, best_of
from llamabatch_nb.engine.extractors.shipped.labels import Span
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.lexicon import LABEL_INDEX
from llamabatch_nb.engine.extractors.shipped.search import Hit, hits, values
from llamabatch_nb.engine.extractors.shipped.words import key, split_name, words

#: How alike a label and the schema's words have to be, of 100, and how sure that is.
_ALIKE, _SURE = 90, 0.92
#: A label that says more than the schema's words: "Overall accuracy" for ``accuracy``.
_WITHIN = 0.86
#: Words that many labels of a document share; only the heading above tells whose they are.
_COMMON = frozenset(
    map(key, ("name", "id", "date", "number", "no", "type", "value", "title", "description", "status", "code", "email"))
) | frozenset(
    map(key, ("phone", "contact", "address", "total", "amount", "city", "country", "category", "notes", "position"))
)
_DIGIT = re.compile(r"\d")
#: Heads of columns that count from the start of the year, and names of fields for them.
_TO_DATE = frozenset(map(key, ("year to date", "ytd", "to date", "cumulative", "cumul", "kumuliert", "cumulatief")))
#: Ends of words for who does and who has done to.
_SIDES = ({"er", "ee"}, {"or", "ee"})
#: Rows between a heading and the last label under it, and points that they may be set in.
_UNDER, _INDENT = 12, 8.0


def search(document: Document, field: Field) -> Finding | None:
    """By the schema's words: exactly, under the heading of the object it is in, or nearly."""
    found = [hit for hit in hits(document, field) if _of_period(document, field, hit.cell)]
    if under := _under_heading(document, field, found):
        return best_of(_findings(document, field, under))
    short = called(split_name(field.name))
    named = [
        hit
        for hit in found
        if (hit.span.key not in _COMMON or not field.parents) and (hit.span.key != short or hit.span.colon)
    ]
    if named:
        return best_of(_findings(document, field, named))
    near = (hit for hit in _near(document, field) if _of_period(document, field, hit.cell))
    return best_of(_findings(document, field, near))


def _findings(document: Document, field: Field, found: list[Hit] | Iterator[Hit]) -> list[Finding]:
    short = called(split_name(field.name))
    return [
        Finding(reading.value, hit.strength * factor * reading.quality, reading.text, cells)
        for hit in found
        for reading, cells, factor in values(document, field, hit)
        if hit.span.key != short or not _DIGIT.search(reading.text)
    ]


def _of_period(document: Document, field: Field, cell: Cell) -> bool:
    """Whether a label is not in a column of what adds up over the year, unless the field asks for that."""
    if field.kind not in {"money", "number"} or _TO_DATE & {key(field.name), *split_name(field.name)}:
        return True
    index = document.row_index(cell)
    return not any(
        key(above.text) in _TO_DATE and above.page == cell.page and abs(above.x0 - cell.x0) <= _INDENT
        for row in document.rows[max(0, index - _UNDER) : index]
        for above in row
    )


def _under_heading(document: Document, field: Field, found: Sequence[Hit]) -> list[Hit]:
    """The labels that are next under a heading with the words of the field's object."""
    if not field.parents:
        return []
    rows = [(rows, hit) for hit in found if (rows := _headed(document, hit.cell, field))]
    nearest = min((rows for rows, _ in rows), default=0)
    return [hit for rows, hit in rows if rows == nearest]


def _headed(document: Document, cell: Cell, field: Field) -> int:
    """Rows from a cell up to such a heading, at its left edge and alone; 0 where there is none."""
    wanted = {key(" ".join(split_name(field.parents[-1]))), *split_name(field.parents[-1])}
    index = document.row_index(cell)
    for rows, row in enumerate(reversed(document.rows[max(0, index - _UNDER) : index]), start=1):
        if row[0].page != cell.page:
            return 0
        for above in row:
            if abs(above.x0 - cell.x0) <= _INDENT and ":" not in above.text:
                folded = key(above.text)
                if folded in wanted or folded.removesuffix("information").removesuffix("details") in wanted:
                    return rows
                if above.height > 1.15 * cell.height:
                    return 0  # another heading
    return 0


def _near(document: Document, field: Field) -> Iterator[Hit]:
    """Labels with a colon, or beside a value, that are nearly the schema's words."""
    own = [word for word in split_name(field.name) if word]
    exact = _COMMON.union(numbered(own), (called(own),))
    phrases = [phrase for phrase in field.phrases if len(phrase) >= 4 and phrase not in exact]
    if not phrases or not own or field.concept == "name":
        return
    for index, row in enumerate(document.rows):
        if index in document.taken:
            continue
        for cell in row:
            head, colon, _ = cell.text.partition(":")
            if not colon and len(words(head)) > 5:
                continue
            folded = key(head)
            if folded in LABEL_INDEX or not folded:
                continue
            strength = _likeness(folded, [word.key for word in words(head)], phrases, own)
            if strength:
                start = len(head) + 1 if colon else len(cell.text)
                start += len(cell.text[start:]) - len(cell.text[start:].lstrip())
                span = Span(
                    0, len(head), min(start, len(cell.text)), len(cell.text), (), folded, bool(colon), vague=False
                )
                yield Hit(cell, span, strength)


def _likeness(folded: str, said: list[str], phrases: list[str], own: list[str]) -> float:
    if max(fuzz.ratio(phrase, folded) for phrase in phrases) >= _ALIKE and not _opposed(own, said):
        return _SURE
    telling = len(own) > 1 or len(own[0]) >= 5
    return _WITHIN if telling and set(own) <= set(said) and len(said) <= len(own) + 2 else 0.0


def _opposed(own: Sequence[str], said: Sequence[str]) -> bool:
    """Whether words name the two sides of a deal: employer and employee, payer and payee are alike, not the same."""
    return any(
        one[:-2] == other[:-2] and {one[-2:], other[-2:]} in _SIDES for one in own for other in said if len(one) > 4
    )
