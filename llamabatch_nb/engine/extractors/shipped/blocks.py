"""Blocks of a name and an address: how one is read, and those that a label stands over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llamabatch_nb.engine.extractors.shipped import codes
from llamabatch_nb.engine.extractors.shipped.dates import dates_in
from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.numbers import numbers_in
from llamabatch_nb.engine.extractors.shipped.sums import kind_of
from llamabatch_nb.engine.extractors.shipped.words import key, keys_of, words

#: How sure a block is: under its label, or with its label in the same cell.
LABELLED, INLINE = 0.92, 0.9
_LINES = 7
LEGAL = re.compile(
    r"(?<![\w&])(?:CORP|INC|LTD|GMBH|LIMITED|SARL|GmbH(?: ?& ?Co\.? ?KG)?|mbH|AG|KG|OHG|GbR|e\.? ?K\.|UG|SE|Ltd\.?"
    r"|Limited|LLC|L\.L\.C\.|Inc\.?|Corp\.?|PLC|plc|LLP|B\.?V\.?|N\.?V\.?|V\.?O\.?F\.?|S\.?A\.?R\.?L\.?|SAS|SASU"
    r"|EURL|S\.?A\.?"
    r"|SCI|SNC|S\.?L\.?U?\.?|S\.?p\.?A\.?|S\.?r\.?l\.?s?|Sp\. ?z ?o\. ?o\.|sp\. ?j\.|Lda\.?|AB|ApS|A/S|AS|Oy"
    r"|s\.r\.o\.|a\.s\."
    r"|Pty|e\.V\.|Kft\.?)(?![\w])"
)
#: Towns with their codes: continental, Dutch, Polish, Nordic, Portuguese, British, American, Canadian.
POSTAL = re.compile(
    r"(?:^|[\s,])(?:(?:[A-Z]{1,2}-)?\d{4,5} (?=[^\W\d])|\d{4} ?[A-Z]{2} +(?=[^\W\d])"
    r"|\d{2}-\d{3} (?=[^\W\d])"
    r"|\d{3} \d{2} (?=[^\W\d])|\d{4}-\d{3} )"
    r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b[A-Z]{2},? +\d{5}(?:-\d{4})?\b|\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b"
)
_TITLES = frozenset(
    map(key, ("Herr", "Herrn", "Frau", "Firma", "An", "Mr", "Mrs", "Ms", "Monsieur", "Madame", "To", "Fa."))
)
#: What a letterhead says of a company's shares: "SARL au capital de 10 000 €" is nobody's name.
_CAPITAL = re.compile(
    r"(?i)\bau capital\b|\bcapital (?:social|de)\b|\bcapitale sociale\b|stammkapital|grundkapital|kapitał zakładowy"
)
#: Labels of a name within a block.
_NAME = keys_of(
    "name | company | company name | firma | nom | naam | nombre | nome | nazwa | ragione sociale | razon social"
)
#: Labels that may stand in a block without ending it.
_INSIDE = frozenset(("email", "phone", "fax", "vat_id", "tax_number", "website", "contact", "registration_number"))


@dataclass(frozen=True, slots=True)
class Block:
    """A party: its name, the lines after it, and how sure that is."""

    name: str
    lines: tuple[str, ...]
    cells: tuple[Cell, ...]
    confidence: float

    def address(self) -> tuple[str, ...]:
        """The lines that are an address: up to the country, and none if there is no postal code."""
        kept = [line for line in self.lines if _is_address(line)]
        return tuple(kept) if any(POSTAL.search(line) for line in kept) else ()


def _is_address(line: str) -> bool:
    if codes.EMAIL.search(line) or codes.URL.search(line) or codes.vats_in(line) or codes.ibans_in(line):
        return False
    return ":" not in line and not re.search(r"(?i)\b(?:tel|phone|fax|e-?mail|vat|ust|nip|iban)\b", line)


def labelled(document: Document, role: str) -> Block | None:
    """The block under a label of the role; None where there are several parties."""
    blocks = list(_blocks(document, role))
    names = {key(block.name) for block in blocks}
    if len(names) == 1:
        return max(blocks, key=lambda block: (block.confidence, len(block.lines)))
    # A label that says it in full outdoes "To" and "Client".
    sure = [block for block in blocks if block.confidence >= INLINE]
    return sure[0] if sure and len({key(block.name) for block in sure}) == 1 else None


def _blocks(document: Document, role: str) -> Iterator[Block]:
    for index, row in enumerate(document.rows):
        if index in document.taken:
            continue
        for cell in row:
            for span in document.spans(cell)[:1]:
                if role not in span.concepts or span.start > 0:
                    continue
                block = _block_at(document, cell, cell.text[span.value_start :].strip(), span.colon, span.vague)
                if block:
                    yield block


def _block_at(document: Document, cell: Cell, inline: str, colon: bool, vague: bool) -> Block | None:
    cut = 0.06 if vague else 0.0
    if inline:
        if not colon or not is_name(document, inline):
            return None
        below = downwards(document, cell, indent=True)
        return Block(inline, tuple(one.text for one in below), (cell,), INLINE - cut)
    under = document.below(cell)
    right = document.right_of(cell)
    starts = [under] if under and abs(under.x0 - cell.x0) < 40 else []
    if colon or not starts:
        starts = [*right[:1], *starts] if colon and right and right[0].x0 - cell.x1 < 150 else [*starts, *right[:1]]
    for start in starts:
        if document.row_index(start) in document.taken:
            continue  # an item of the table under the label
        if document.is_label(start) and key(start.text) not in _NAME:
            continue  # of the block beside it
        if block := block_from(document, start, LABELLED - cut):
            return block
    return None


def block_from(document: Document, start: Cell, confidence: float) -> Block | None:
    """The block that begins with a line, if that line, or the one after a title or a contact, is a name."""
    label, colon, inline = start.text.partition(":")
    if colon and key(label) in _NAME:
        cell = start if inline else next(iter(document.right_of(start)), start)
        name = (inline or cell.text).strip()
        return Block(name, (), (cell,), confidence) if is_name(document, name) else None
    lines = [start, *downwards(document, start)]
    while lines and key(lines[0].text) in _TITLES:
        lines = lines[1:]
    if len(lines) > 1 and _is_contact(document, lines[0]) and LEGAL.search(lines[1].text):
        lines = lines[1:]  # a person, then the company
    if not lines or not is_name(document, lines[0].text):
        return None
    return Block(lines[0].text.strip(" ,"), tuple(line.text for line in lines[1:]), tuple(lines), confidence)


def _is_contact(document: Document, line: Cell) -> bool:
    return is_name(document, line.text) and not LEGAL.search(line.text)


def downwards(document: Document, start: Cell, *, indent: bool = False) -> list[Cell]:
    """The lines under a line of a block, until another label or a gap."""
    lines: list[Cell] = []
    last = start
    for row in document.rows[document.row_index(start) + 1 :]:
        if row[0].page != start.page or len(lines) >= _LINES or row[0].y0 > last.y1 + 1.3 * last.height:
            break
        under = [cell for cell in row if _aligned(cell, start) or (indent and 0 <= cell.x0 - start.x0 < 60)]
        if not under:
            continue
        spans = document.spans(under[0])
        if (
            spans
            and spans[0].start == 0
            and not set(spans[0].concepts) & _INSIDE
            and (spans[0].colon or not spans[0].vague)
        ):
            break
        lines.append(under[0])
        last = under[0]
    return lines


def _aligned(cell: Cell, start: Cell) -> bool:
    """Whether two lines share their left or right edge or their middle."""
    middle = abs(cell.x0 + cell.x1 - start.x0 - start.x1) / 2
    return abs(cell.x0 - start.x0) < 4 or abs(cell.x1 - start.x1) < 2 or middle < 2


def is_name(document: Document, text: str) -> bool:
    """Whether words may be a name: letters, no label, sum, date, number, address or sentence."""
    plain = text.strip()
    tokens = words(plain)
    if not 1 <= len(tokens) <= 9 or not 3 <= len(plain) <= 80 or plain.endswith((":", "?", "!")):
        return False
    letters = sum(letter.isalpha() for letter in plain)
    if not any(letter.isalpha() for letter in LEGAL.sub("", plain)):
        return False
    if _CAPITAL.search(plain) or any(number.money for number in numbers_in(plain)):
        return False
    if letters * 2 < len(plain) or not plain[0].isalnum() or (plain[0].isdigit() and not LEGAL.search(plain)):
        return False
    if (
        dates_in(plain, "DMY", document.language)
        or codes.EMAIL.search(plain)
        or codes.URL.search(plain)
        or codes.vats_in(plain)
    ):
        return False
    spans = spans_of(document, plain)
    if spans or kind_of(plain):
        return False
    return bool(LEGAL.search(plain)) or not POSTAL.search(plain)


def spans_of(document: Document, text: str) -> bool:
    """Whether a text begins with a label."""
    cell = next((cell for cell in document.cells if cell.text == text), None)
    spans = document.spans(cell) if cell else []
    return bool(spans) and spans[0].start == 0 and (spans[0].colon or spans[0].value_start >= len(text))
