"""One value of a document: which way of looking suits a field, and whether what it finds is sure enough."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from llamabatch_nb.engine.extractors.shipped import codes, generic, parties
from llamabatch_nb.engine.extractors.shipped.amounts import totals_of
from llamabatch_nb.engine.extractors.shipped.dates import dates_in
from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.fields import Field, field_of
from llamabatch_nb.engine.extractors.shipped.findings import Finding, best_of
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.reading import LONGEST
from llamabatch_nb.engine.extractors.shipped.search import hits, labelled, search
from llamabatch_nb.engine.extractors.shipped.words import fold, words

#: Below these nothing is said. Measured on documents that nobody tuned for: see the package.
THRESHOLDS = {"text": 0.84, "enum": 0.82, "boolean": 0.85}
_THRESHOLD = 0.8
#: Of a cell in a row of a table.
ROW = 0.82
_SUMS = frozenset(("subtotal", "tax_amount", "total", "amount_due", "amount_paid", "discount", "shipping"))
_PLACES = frozenset(("address", "street", "city", "postal_code"))
#: Words of a cell that is more than a label and a date: a date in a sentence may be that of anything.
_LABEL_WORDS = 8
#: Of those who pay early.
_EARLY = re.compile(r"skonto|discount|escompte|sconto|descuento|korting|rabat")
#: The label that an invoice's date may follow.
_NUMBER = field_of("invoice_number", {"type": "string"}, "", ())
#: Sentences that say until when to pay.
_PAYING = re.compile(
    r"\b(?:(?:pay|be paid|payment|payable|due)\b.*\b(?:by|before|until|on)"
    r"|(?:zahl\w*|uberweis\w*|begleich\w*)\b.*\bbis|bis\b.*\b(?:zahl|uberweis)"
    r"|(?:paiement|payer|regler|reglement)\b.*\b(?:avant|au plus tard)|betal\w*\b.*\b(?:voor|uiterlijk)|voor\b.*\bbetal"
    r"|(?:pago|pagar)\b.*\b(?:antes|hasta)|(?:pagamento|pagare)\b.*\b(?:entro|entro il)|(?:platn|zaplat)\w*\b.*\bdo)\b"
)
#: Words before a VAT number or an IBAN that make it the customer's.
_THEIRS = frozenset(
    [
        *("your", "customer", "client", "buyer", "ihr", "ihre", "ihrem", "ihren", "ihrer", "kunde", "kunden"),
        *("votre", "klant", "uw", "cliente", "vostro", "vostra", "nabywca"),
    ]
)


def threshold(field: Field) -> float:
    """How sure a finding has to be to be given."""
    return THRESHOLDS.get(field.kind, _THRESHOLD)


def find(document: Document, field: Field) -> Finding | None:
    """The best finding for a field, however sure."""
    if field.type not in {"string", "number", "integer", "boolean", None} or field.schema.get("x-unsupported"):
        return None
    finding = _way(field)(document, field)
    return _typed(finding, field) if finding else None


def _way(field: Field) -> Callable[[Document, Field], Finding | None]:
    if field.aliases:
        return _aliased
    return _own_way(field)


def _own_way(field: Field) -> Callable[[Document, Field], Finding | None]:
    if field.concept in _SUMS or field.concept == "tax_rate":
        return _sum
    by_kind = {"iban": _iban, "vat_id": _vat, "currency": _currency, "email": _email, "url": _url}
    if field.kind in by_kind:
        return by_kind[field.kind]
    if field.concept == "name" and field.role:
        return lambda document, field: parties.name_of(document, str(field.role))
    if field.concept in _PLACES:
        return _place if field.role else generic.search
    if field.concept == "country":
        return lambda document, field: None if field.role else generic.search(document, field)
    if field.concept == "due_date":
        return _due_date
    if field.concept == "invoice_date":
        return _invoice_date
    return generic.search if field.concept is None or field.concept == "name" else search


def _aliased(document: Document, field: Field) -> Finding | None:
    """The schema's own labels first, then as if it had none."""
    own = search(document, replace(field, concept=None, phrases=()))
    return own if own and own.confidence >= threshold(field) else _own_way(field)(document, field)


def _sum(document: Document, field: Field) -> Finding | None:
    if field.type == "boolean":
        return None
    return totals_of(document).found.get(str(field.concept))


def _place(document: Document, field: Field) -> Finding | None:
    return parties.address_of(document, str(field.role), str(field.concept))


def _everywhere(document: Document, reader: Callable[[str], list[tuple[str, str]]]) -> list[tuple[str, str, Cell]]:
    return [(value, text, cell) for cell in document.cells for value, text in reader(cell.text)]


def _iban(document: Document, field: Field) -> Finding | None:
    """The one IBAN that is not the customer's (who may be debited), or the one that is. Two banks are two answers."""
    theirs = field.role == "buyer"
    found = [
        (value, text, cell)
        for value, text, cell in _everywhere(document, codes.ibans_in)
        if _is_theirs(document, cell, text) == theirs
    ]
    if len({value for value, _, _ in found}) != 1:
        return None
    value, text, cell = found[0]
    return Finding(value, 0.97, text, (cell,))


def _vat(document: Document, field: Field) -> Finding | None:
    """The one VAT number that is not the customer's, or the one that is."""
    found = _everywhere(document, codes.vats_in)
    theirs = {value for value, text, cell in found if _is_theirs(document, cell, text)}
    wanted = [one for one in found if (one[0] in theirs) == (field.role == "buyer")]
    if len({value for value, _, _ in wanted}) == 1:
        value, text, cell = wanted[0]
        return Finding(value, 0.93, text, (cell,))
    if wanted or field.role == "buyer":
        return None
    return best_of(one for one in labelled(document, field) if not _is_theirs(document, one.cells[0], one.text))


def _is_theirs(document: Document, cell: Cell, text: str) -> bool:
    before = cell.text[: cell.text.find(text)].lower()
    row = document.rows[document.row_index(cell)]
    before += " ".join(other.text.lower() for other in row if other.x1 <= cell.x0 and cell.x0 - other.x1 < 150)
    if any(word in before.replace("-", " ").split() for word in _THEIRS):
        return True
    buyer = parties.party(document, "buyer")
    return bool(buyer and cell in buyer.cells)


def _currency(document: Document, field: Field) -> Finding | None:
    allowed = field.schema.get("enum")
    codes_allowed = frozenset(one for one in allowed if isinstance(one, str)) if isinstance(allowed, list) else None
    found = codes.currency_of([cell.text for cell in document.cells], codes_allowed)
    if not found or (codes_allowed is not None and found[0] not in codes_allowed):
        return None
    code, sign, confidence = found
    cell = next(cell for cell in document.cells if sign in cell.text)
    return Finding(code, confidence, sign, (cell,))


def _email(document: Document, field: Field) -> Finding | None:
    return _only(document, field, codes.EMAIL.findall)


def _url(document: Document, field: Field) -> Finding | None:
    return _only(document, field, codes.URL.findall)


def _only(document: Document, field: Field, reader: Callable[[str], list[str]]) -> Finding | None:
    found = _everywhere(document, lambda text: [(one.rstrip("."), one.rstrip(".")) for one in reader(text)])
    block = parties.party(document, field.role) if field.role else None
    within = [one for one in found if block and one[2] in block.cells]
    chosen = within or (found if field.role != "buyer" else [])
    if len({value.lower() for value, _, _ in chosen}) == 1:
        value, text, cell = chosen[0]
        return Finding(value, 0.92, text, (cell,))
    return best_of(labelled(document, field)) if not field.role else None


def _invoice_date(document: Document, field: Field) -> Finding | None:
    """By its label; without one, the only date of the document."""
    found = search(document, field)
    if found and found.confidence >= threshold(field):
        return found
    numbered = [
        (date.iso, date.text, cell)
        for hit in hits(document, _NUMBER)
        for cell in (hit.cell,)
        for date in dates_in(cell.text[hit.span.value_start : hit.span.value_end], document.order, document.language)
        if date.iso and any(letter.isdigit() for letter in cell.text[hit.span.value_start :][: date.start])
    ]
    if len({iso for iso, _, _ in numbered}) == 1:  # "Invoice no. 7 of 1 July 2015"
        value, text, where = numbered[0]
        return Finding(value, 0.9, text, (where,))
    dates = [(date, cell) for cell in document.cells for date in dates_in(cell.text, document.order, document.language)]
    prose = any(len(words(cell.text)) > _LABEL_WORDS for _, cell in dates)
    if not prose and len({date.iso for date, _ in dates}) == 1 and (iso := dates[0][0].iso) and len(dates) <= 3:
        return Finding(iso, 0.84, dates[0][0].text, (dates[0][1],))
    return found


def _due_date(document: Document, field: Field) -> Finding | None:
    """By its label; without one, the only later date of a sentence about paying."""
    found = search(document, field)
    if found and found.confidence >= threshold(field):
        return found
    sentences = [
        (date.iso, date.text, cell)
        for cell in document.cells
        if len(cell.text) <= LONGEST * 4 and _PAYING.search(fold(cell.text))
        for part in re.split(r"[,;]\s|\.\s(?=[A-Z\d])", cell.text)
        if not _EARLY.search(fold(part))
        for date in dates_in(part, document.order, document.language)
        if date.iso
    ]
    if len({iso for iso, _, _ in sentences}) == 1:
        iso, text, cell = sentences[0]
        return Finding(iso, 0.83, text, (cell,))
    return found


def _typed(finding: Finding, field: Field) -> Finding | None:
    """The finding in the schema's type, or None where it does not fit."""
    value: Any = finding.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if field.type == "string":
            value = finding.text
        elif field.type == "boolean" or (field.type == "integer" and value != int(value)):
            return None
        elif field.type == "integer" or value == int(value):
            value = int(value)
    elif isinstance(value, str) and field.type not in {"string", None}:
        return finding if "enum" in field.schema and value in field.schema["enum"] else None
    allowed = field.schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        return None
    return replace(finding, value=value)
