"""Numbers as business papers write them, in every country's way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_SPACES = "\u00a0\u202f\u2009 "
_DIGITS = rf"\d{{1,3}}(?:[.,'’{_SPACES}]\d{{3}})+(?:[.,]\d{{1,4}})?|\d+(?:[.,]\d{{1,6}})?"  # noqa: RUF001 - Swiss
#: ISO codes and signs that stand beside amounts.
_MONEY = (
    r"(?:EUR|USD|GBP|CHF|PLN|SEK|NOK|DKK|CZK|HUF|RON|CAD|AUD|NZD|JPY|CNY|INR|BRL|MXN|ZAR|SGD|HKD|TRY|BGN|AED|SAR"
    r"|US\$|CA\$|C\$|A\$|AU\$|NZ\$|R\$|S\$|HK\$|€|£|\$|¥|₹|₺|₽|zł|zl|Kč|Ft|Fr\.?|kr\.?|lei|Rs\.?|Euro|euros?)"
)
NUMBER = re.compile(
    rf"(?<![\w.,/:-])(?P<open>\()?(?P<sign>[-−–+]\s?)?(?P<before>{_MONEY}[{_SPACES}]?)?(?P<sign2>[-−–+]\s?)?"  # noqa: RUF001 - dashes
    rf"(?P<digits>{_DIGITS})(?P<dash>,[-–]+|\.-)?(?P<back>-(?![\w]))?"  # noqa: RUF001 - the same
    rf"(?P<after>[{_SPACES}]?{_MONEY}(?!\w))?(?P<percent>\s?%)?(?P<close>\))?(?![\w/]|[.,:-]\d|-\w)"
)
_MINUS = "-−–"  # noqa: RUF001 - typographers' minus signs
_CENTS = re.compile(r"\d([.,])\d{2}(?![\d.,])")


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: its value, what was written, where, and what stood with it."""

    value: float
    text: str
    start: int
    end: int
    percent: bool
    money: str | None
    #: Two places behind the point, which is how money is written.
    cents: bool
    #: "1.234" without anything in the document that says what its point is.
    unsure: bool


def point_of(texts: Iterable[str]) -> str | None:
    """The decimal sign of a document, ``.`` or ``,``: the one before two last digits. None where both or none are."""
    signs = Counter(sign for text in texts for sign in _CENTS.findall(text))
    if not signs:
        return None
    (best, count), *others = signs.most_common()
    return best if not others or count >= 3 * others[0][1] else None


@lru_cache(maxsize=8192)
def numbers_in(text: str, point: str | None = None) -> tuple[Number, ...]:
    """Every number that stands alone in `text`: no part of a date, a code or a telephone number."""
    found = []
    for match in NUMBER.finditer(text):
        digits = match["digits"]
        value, unsure = _value(digits, point)
        if value is None:
            continue
        negative = any(match[part] and match[part].strip() in _MINUS for part in ("sign", "sign2", "back"))
        negative = negative or bool(match["open"] and match["close"] and not match["percent"])
        money = (match["before"] or match["after"] or "").strip(_SPACES) or None
        start, end = match.start(), match.end()
        if match["open"] and not match["close"]:
            start += 1
        if match["close"] and not match["open"]:
            end -= 1
        cents = bool(re.search(r"[.,]\d\d$", digits) or match["dash"])
        written = text[start:end].strip()
        found.append(
            Number(-value if negative else value, written, start, end, bool(match["percent"]), money, cents, unsure)
        )
    return tuple(found)


def _value(digits: str, point: str | None) -> tuple[float | None, bool]:
    plain = re.sub(rf"['’{_SPACES}]", "", digits)  # noqa: RUF001 - Swiss
    signs = [letter for letter in plain if letter in ".,"]
    if not signs:
        return (float(plain), False) if len(plain) <= 15 else (None, False)
    last = signs[-1]
    whole, _, part = plain.rpartition(last)
    if len(set(signs)) == 2:  # 1.234,56
        return float(re.sub("[.,]", "", whole) + "." + part), False
    if len(signs) > 1:  # 1.234.567
        return float(re.sub("[.,]", "", plain)), False
    if len(part) != 3 or whole in {"0", ""}:  # 1234,5
        return float(f"{whole or 0}.{part}"), False
    # 1.234: thousands, unless the document's own point says otherwise.
    if point == last:
        return float(f"{whole}.{part}"), False
    return float(whole + part), point is None


def amount_in(text: str, point: str | None) -> Number | None:
    """The one amount that a text is: no percentage, and nothing else that is a number. None where there are more."""
    numbers = [number for number in numbers_in(text, point) if not number.percent]
    if len(numbers) > 1:
        exact = [number for number in numbers if number.cents or number.money]
        numbers = exact if len(exact) == 1 else []
    return numbers[0] if numbers else None


def without_numbers(text: str, point: str | None = None) -> str:
    """The words of a label without what they count: "VAT 19 % of" is "VAT of"."""
    for number in reversed(numbers_in(text, point)):
        text = f"{text[: number.start]} {text[number.end :]}"
    return text
