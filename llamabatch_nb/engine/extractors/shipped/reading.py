"""From the words beside a label to a value of the type that a field wants, or to nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llamabatch_nb.engine.extractors.shipped import codes
from llamabatch_nb.engine.extractors.shipped.dates import dates_in
from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.fields import Field
from llamabatch_nb.engine.extractors.shipped.numbers import amount_in, numbers_in
from llamabatch_nb.engine.extractors.shipped.words import key, squeezed

#: Characters of the longest value that a label introduces; what is longer is prose.
LONGEST = 120
_TOKEN = re.compile(r"[^\s,;|]+")
_CODE = re.compile(r"[\w./#+*°-]*\d[\w./#+*-]*", re.UNICODE)
_YES = frozenset(map(key, ("yes", "true", "y", "ja", "oui", "si", "sì", "tak", "sim", "x", "checked")))
_NO = frozenset(map(key, ("no", "false", "n", "nein", "non", "nee", "nie", "nao", "unchecked")))
#: Signs of boxes to tick.
BOXES = ("☐", "☑", "☒", "✓", "✔")
_EMPTY_BOX = "☐"
_BOX = re.compile(r"([☑☒✓✔☐])\s*([^☑☒✓✔☐]*)")
#: Fields whose number may be a percentage. Beside the label of another one, "Pension 5 %", it is not the amount.
_SHARE = re.compile(
    r"(?i)percent|pct|%|rate|ratio|share|accuracy|margin|growth|yield|humidity|score|commission|discount|interest|value"
    r"|result|progress|probability|alcohol"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A value, the words that it was read from, and how far those words are what the field wants (0 to 1)."""

    value: Any
    text: str
    quality: float


def read(field: Field, text: str, document: Document) -> Reading | None:
    """What `text` says as a value of `field`, or None."""
    text = text.strip()
    if not text:
        return None
    if field.kind != "boolean" and (boxes := _BOX.findall(text)):
        chosen = [said.strip() for sign, said in boxes if sign != _EMPTY_BOX]
        if len(chosen) != 1 or not chosen[0]:
            return None  # nothing was chosen, or more than one
        text = chosen[0]
    reading = _READERS.get(field.kind, _text)(field, text, document)
    return _fitted(field, reading, text) if reading else None


def _fitted(field: Field, reading: Reading, text: str) -> Reading | None:
    """The reading, if the schema's type and pattern hold for it."""
    pattern = field.schema.get("pattern")
    if isinstance(pattern, str) and isinstance(reading.value, str):
        return _patterned(pattern, reading, text)
    return reading


def _patterned(pattern: str, reading: Reading, text: str) -> Reading | None:
    try:
        wanted = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    if len(text) > LONGEST:
        return None
    for words in (reading.value, reading.text, *_TOKEN.findall(text)):
        if wanted.search(words):
            return Reading(words, words, reading.quality)
    return None


def _money(field: Field, text: str, document: Document) -> Reading | None:
    number = amount_in(text, document.point)
    if number is None:
        return None
    quality = 1.0 if number.cents or number.money else 0.93
    return _numeric(field, number.value, number.text, quality * (0.95 if number.unsure else 1.0))


def _number(field: Field, text: str, document: Document) -> Reading | None:
    found = numbers_in(text, document.point)
    if len(found) != 1 or (
        found[0].percent and not _SHARE.search(f"{field.name} {field.schema.get('description', '')}")
    ):
        return None
    quality = 0.7 if found[0].unsure else 1.0 if found[0].start == 0 and len(text) < 25 else 0.85
    return _numeric(field, found[0].value, found[0].text, quality)


def _rate(field: Field, text: str, document: Document) -> Reading | None:
    rates = [number for number in numbers_in(text, document.point) if number.percent]
    if len(rates) != 1:
        return None
    return _numeric(field, rates[0].value, rates[0].text, 1.0)


def _numeric(field: Field, value: float, text: str, quality: float) -> Reading | None:
    if field.type == "string":
        return Reading(text, text, quality)
    if field.type == "integer":
        return Reading(int(value), text, quality) if value == int(value) else None
    return Reading(int(value) if value == int(value) and abs(value) < 1e15 else value, text, quality)


def _date(field: Field, text: str, document: Document) -> Reading | None:
    if field.type not in {"string", None}:
        return None
    found = dates_in(text, document.order, document.language)
    if not found or found[0].iso is None:
        return None
    several = len({date.iso for date in found}) > 1
    value = found[0].iso
    if field.schema.get("format") == "date-time":
        value += "T00:00:00"
    begins = found[0].start <= 12
    return Reading(value, found[0].text, 0.6 if several else 1.0 if begins else 0.85)


def _identifier(field: Field, text: str, document: Document) -> Reading | None:
    del document
    if len(text) > LONGEST or field.type not in {"string", None}:
        return None
    tokens = _TOKEN.findall(text.lstrip("#:№ "))
    if not tokens:
        return None
    codes_found = [token for token in tokens if _CODE.fullmatch(token)]
    if not codes_found or codes_found[0] not in tokens[:2]:
        return None
    value = codes_found[0].strip(".:-#")
    first = tokens.index(codes_found[0])
    if first == 1 and len(tokens[0]) <= 4 and tokens[0].isupper() and tokens[0].isalpha():
        # "RE 2024-001", "WX 5520 1187 3"
        groups = tokens[1:] if all(token.isdigit() for token in tokens[1:]) else [value]
        value = " ".join([tokens[0], *groups])
    elif first == 1:
        return None
    elif len(tokens) <= 4 and all(re.fullmatch(r"[\dA-Z/.-]+", token) and re.search(r"\d", token) for token in tokens):
        value = " ".join(tokens)
    rest = text.partition(value)[2].strip()
    if numbers_in(value) and re.search(r"[.,]\d\d$", value) and len(tokens) > 1:
        return None
    if dates_in(text, "DMY") and dates_in(text, "DMY")[0].start == 0:
        return None
    return Reading(value, value, 1.0 if len(rest) <= 2 else 0.9)


def _iban(field: Field, text: str, document: Document) -> Reading | None:
    del field, document
    found = codes.ibans_in(text)
    return Reading(found[0][0], found[0][1], 1.0) if len({one for one, _ in found}) == 1 else None


def _bic(field: Field, text: str, document: Document) -> Reading | None:
    del field, document
    found = codes.bics_in(text)
    return Reading(found[0], found[0], 1.0) if found else None


def _vat(field: Field, text: str, document: Document) -> Reading | None:
    found = codes.vats_in(text)
    if found:
        return Reading(found[0][0], found[0][1], 1.0)
    # Countries write their own numbers without the letters.
    return _identifier(field, text, document) if len(re.sub(r"\D", "", text)) in range(8, 13) else None


def _pattern(regex: re.Pattern[str]) -> Callable[[Field, str, Document], Reading | None]:
    def reader(field: Field, text: str, document: Document) -> Reading | None:
        del field, document
        found = [one.strip().rstrip(".") for one in regex.findall(text)]
        return Reading(found[0], found[0], 1.0 if len(found) == 1 else 0.8) if found else None

    return reader


def _currency(field: Field, text: str, document: Document) -> Reading | None:
    del document
    allowed = field.schema.get("enum")
    found = codes.currency_of([text], frozenset(one for one in allowed if isinstance(one, str)) if allowed else None)
    if not found or (allowed and found[0] not in allowed):
        return None
    return Reading(found[0], found[1], 1.0)


def _enum(field: Field, text: str, document: Document) -> Reading | None:
    del document
    values = field.schema.get("enum")
    if not isinstance(values, list):
        values = [field.schema.get("const")]
    said = key(text)
    for value in values:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and key(str(value)) == said != "":
            return Reading(value, text, 1.0)
    inside = [value for value in values if isinstance(value, str) and key(value) and _holds(text, value)]
    return Reading(inside[0], text, 0.85) if len(inside) == 1 and len(text) <= 40 else None


def _holds(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) is not None


def _boolean(field: Field, text: str, document: Document) -> Reading | None:
    del field, document
    if boxes := _BOX.findall(text):
        return _ticked([(sign != _EMPTY_BOX, key(said)) for sign, said in boxes], text)
    said = key(text)
    if said in _YES or said in _NO:
        return Reading(said in _YES, text, 1.0)
    return None


def _ticked(boxes: Sequence[tuple[bool, str]], text: str) -> Reading | None:
    """One box without words says itself; of several, the one that is ticked says yes or no."""
    if len(boxes) == 1 and not boxes[0][1]:
        return Reading(boxes[0][0], text, 1.0)
    chosen = [said for ticked, said in boxes if ticked]
    return Reading(chosen[0] in _YES, text, 1.0) if len(chosen) == 1 and chosen[0] in _YES | _NO else None


def _text(field: Field, text: str, document: Document) -> Reading | None:
    del document
    if field.type not in {"string", None} or len(text) > LONGEST * 4:
        return None
    value = squeezed(text)
    return Reading(value, text, 1.0 if len(value) <= LONGEST else 0.9)


_READERS: dict[str, Callable[[Field, str, Document], Reading | None]] = {
    "money": _money,
    "number": _number,
    "rate": _rate,
    "date": _date,
    "identifier": _identifier,
    "iban": _iban,
    "bic": _bic,
    "vat_id": _vat,
    "email": _pattern(codes.EMAIL),
    "url": _pattern(codes.URL),
    "phone": _pattern(codes.PHONE),
    "currency": _currency,
    "enum": _enum,
    "boolean": _boolean,
}
