"""Arrays of plain values: bullets under a label, or a list with commas beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.fields import Field
from llamabatch_nb.engine.extractors.shipped.findings import Finding
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.reading import read
from llamabatch_nb.engine.extractors.shipped.search import Hit, hits

_BULLET = re.compile(r"^(?:[•·▪◦‣*–-]|\d{1,2}[.)])\s+")  # noqa: RUF001 - bullets
_COMMA = re.compile(r"\s*[,;]\s+")
_SURE = 0.88


def find(document: Document, field: Field) -> list[Finding]:
    """The elements of a list, none where it is not plainly one."""
    found = [elements for hit in hits(document, field) if (elements := _elements(document, field, hit))]
    return found[0] if len(found) == 1 else []


def _elements(document: Document, field: Field, hit: Hit) -> list[Finding]:
    inline = hit.cell.text[hit.span.value_start : hit.span.value_end].strip()
    beside = document.right_of(hit.cell)[:1]
    if not inline and beside and hit.span.colon:
        inline, cells = beside[0].text, (beside[0],)
    else:
        cells = (hit.cell,)
    if inline:
        parts = _COMMA.split(inline) if hit.span.colon else []
        return _read(document, field, [(part, cells) for part in parts]) if len(parts) > 1 else []
    return _read(document, field, [(_BULLET.sub("", cell.text), (cell,)) for cell in _bullets(document, hit.cell)])


def _bullets(document: Document, label: Cell) -> list[Cell]:
    cells = []
    for row in document.rows[document.row_index(label) + 1 :]:
        text = " ".join(cell.text for cell in row)
        if not _BULLET.match(text):
            break
        cells.append(row[-1] if len(row) == 2 else row[0])
    return cells


def _read(document: Document, field: Field, parts: Sequence[tuple[str, tuple[Cell, ...]]]) -> list[Finding]:
    findings = []
    for text, cells in parts:
        reading = read(field, text, document)
        if reading is None:
            return []
        findings.append(Finding(reading.value, _SURE, reading.text, cells))
    return findings
