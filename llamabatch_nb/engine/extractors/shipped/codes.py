"""Values that carry their own proof: IBAN, BIC, VAT numbers, addresses of the net, telephone numbers, currencies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_IBAN = re.compile(r"\b([A-Z]{2}\d{2}(?:[ .]?[A-Z0-9]{4}){2,7}(?:[ .]?[A-Z0-9]{1,4})?)(?![A-Z0-9])")
_BIC = re.compile(r"\b([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b")
#: Length of an IBAN by country (ISO 13616).
_LENGTHS = {
    "AT": 20,
    "BE": 16,
    "BG": 22,
    "CH": 21,
    "CY": 28,
    "CZ": 24,
    "DE": 22,
    "DK": 18,
    "EE": 20,
    "ES": 24,
    "FI": 18,
    "FR": 27,
    "GB": 22,
    "GR": 27,
    "HR": 21,
    "HU": 28,
    "IE": 22,
    "IT": 27,
    "LI": 21,
    "LT": 20,
    "LU": 20,
    "LV": 21,
    "MC": 27,
    "MT": 31,
    "NL": 18,
    "NO": 15,
    "PL": 28,
    "PT": 25,
    "RO": 24,
    "SE": 24,
    "SI": 19,
    "SK": 24,
    "SM": 27,
    "TR": 26,
    "UA": 29,
    "AE": 23,
    "SA": 24,
}
#: VAT numbers of the Union, the kingdom, Switzerland and Norway, without blanks and points.
_VAT = re.compile(
    r"(?:ATU\d{8}|BE[01]\d{9}|BG\d{9,10}|CY\d{8}[A-Z]|CZ\d{8,10}|DE\d{9}|DK\d{8}|EE\d{9}|EL\d{9}|ES[A-Z0-9]\d{7}[A-Z0-9]"
    r"|FI\d{8}|FR[A-Z0-9]{2}\d{9}|GB\d{9}(?:\d{3})?|HR\d{11}|HU\d{8}|IE\d[A-Z0-9]\d{5}[A-Z]{1,2}|IT\d{11}|LT\d{9}(?:\d{3})?"
    r"|LU\d{8}|LV\d{11}|MT\d{8}|NL\d{9}B\d{2}|PL\d{10}|PT\d{9}|RO\d{2,10}|SE\d{12}|SI\d{8}|SK\d{10}|XI\d{9}"
    r"|CHE\d{9}(?:MWST|TVA|IVA)?|NO\d{9}MVA)"
)
_VAT_TEXT = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2,3}[ -]?[A-Z0-9](?:[ .-]?[A-Z0-9]){6,14}(?:\s(?:MWST|TVA|IVA|MVA))?(?![A-Za-z0-9])"
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
URL = re.compile(r"(?:https?://|www\.)[^\s,;|<>\"')]+", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w/])(?:\+|\(|0|\d)[\d ()/.\u00a0-]{5,22}\d(?![\w/])")
_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "₺": "TRY",
    "R$": "BRL",
    "Euro": "EUR",
}
_SIGNED_DOLLARS = {
    "US$": "USD",
    "CA$": "CAD",
    "C$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "S$": "SGD",
    "HK$": "HKD",
}
_CODES = frozenset(
    [
        *(
            "EUR",
            "USD",
            "GBP",
            "CHF",
            "PLN",
            "SEK",
            "NOK",
            "DKK",
            "CZK",
            "HUF",
            "RON",
            "CAD",
            "AUD",
            "NZD",
            "JPY",
            "CNY",
        ),
        *("INR", "BRL", "MXN", "ZAR", "SGD", "HKD", "TRY", "BGN", "AED", "SAR"),
    ]
)
_CURRENCY = re.compile(
    r"(?<![A-Za-z$])("
    + "|".join(map(re.escape, sorted({*_CODES, *_SIGNS, *_SIGNED_DOLLARS, "$"}, key=len, reverse=True)))
    + r")(?![A-Za-z])"
)
#: A state and a ZIP code: the dollars of such an address are those of the United States.
_AMERICAN = re.compile(r"\b[A-Z]{2},? \d{5}(?:-\d{4})?\b")


def is_american(text: str) -> bool:
    """Whether a text has an address of the United States."""
    return bool(_AMERICAN.search(text))


def ibans_in(text: str) -> list[tuple[str, str]]:
    """Every IBAN whose check digits and length are right: without blanks, and as written."""
    found = []
    for match in _IBAN.finditer(text):
        pieces = match[1]
        compact = re.sub(r"[ .]", "", pieces)
        length = _LENGTHS.get(compact[:2])
        if length and len(compact) > length:  # what follows it was taken along
            pieces = _first(pieces, length)
            compact = re.sub(r"[ .]", "", pieces)
        if length == len(compact) and _checked(compact):
            found.append((compact, pieces))
    return found


def _first(text: str, count: int) -> str:
    for end in range(len(text) + 1):
        if len(re.sub(r"[ .]", "", text[:end])) == count:
            return text[:end]
    return text


def _checked(iban: str) -> bool:
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def is_bic(text: str) -> bool:
    """Whether a word has the form of a BIC (ISO 9362), with a country that has banks here."""
    match = _BIC.fullmatch(text)
    return bool(match and text[4:6] in {*_LENGTHS, "US", "CA", "AU", "JP", "CN", "IN"})


def bics_in(text: str) -> list[str]:
    """Every BIC in a text."""
    return [found for found in _BIC.findall(text) if is_bic(found)]


def vats_in(text: str) -> list[tuple[str, str]]:
    """VAT numbers with their country: without blanks, and as written."""
    found = []
    for match in _VAT_TEXT.finditer(text):
        written = match[0]
        while written:
            compact = re.sub(r"[ .-]", "", written)
            if _VAT.fullmatch(compact):
                found.append((compact, written))
                break
            written, _, beyond = written.rpartition(" ")
            if " " in written and beyond.isdigit():
                break  # groups of digits that go on are another number's: "DE89 3704 0044 0532" begins an IBAN
    return found


def currency_of(texts: Iterable[str], allowed: frozenset[str] | None = None) -> tuple[str, str, float] | None:
    """ISO 4217 code, what says so, and how sure: None where several are named or a bare ``$`` may be anyone's."""
    counts: Counter[str] = Counter()
    american = False
    for text in texts:
        counts.update(_CURRENCY.findall(text))
        american = american or is_american(text)
    codes: Counter[str] = Counter()
    written: dict[str, str] = {}
    for sign, count in counts.items():
        code = sign if sign in _CODES else _SIGNS.get(sign) or _SIGNED_DOLLARS.get(sign)
        if code:
            codes[code] += count
            written.setdefault(code, sign)
    dollars = counts["$"]
    if dollars and not any(code.endswith("D") for code in codes):
        named = {code for code in allowed or () if code.endswith("D") and code != "SGD"}
        only = next(iter(named)) if len(named) == 1 else "USD" if american else None
        codes[only or "$"] += dollars
        written[only or "$"] = "$"
    if not codes:
        return None
    (best, count), *others = codes.most_common()
    if best == "$" or (others and count < 4 * others[0][1]):
        return None
    return best, written[best], 0.96 if not others else 0.88
