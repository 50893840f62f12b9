"""Dates as ISO 8601, or nothing. Which of two numbers is the month has to follow from the document."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from llamabatch_nb.engine.extractors.shipped.words import fold, keys_of

#: What dateparser may read, and in this order: without it, it tries 200 languages and takes what fits first.
LANGUAGES = ("en", "de", "fr", "nl", "es", "it", "pl", "pt", "sv", "da", "fi", "cs")
Order = Literal["DMY", "MDY"]

#: How months begin in these languages, folded.
_MONTHS = keys_of(
    """
    jan | feb | mar | apr | may | jun | jul | aug | sep | oct | nov | dec | mai | okt | dez | fev | avr | jui |
    aou | mei | mrt | maa | ene | abr | ago | set | dic | gen | mag | giu | lug | ott | maj | sty | lut | kwi |
    cze | lip | sie | wrz | paz | lis | gru | out | tam | hel | huh | tou | kes | hei | elo | syy | lok | jou |
    led | uno | bre | dub | kve | cer | srp | zar | rij | pro
    """
)
_ISO = r"(?P<y1>(?:19|20)\d\d)(?P<s1>[-/.])(?P<m1>\d{1,2})(?P=s1)(?P<d1>\d{1,2})"
_PLAIN = r"(?P<a>\d{1,2})\s?(?P<s2>[./-])\s?(?P<b>\d{1,2})\s?(?P=s2)\s?(?P<y2>(?:19|20)\d\d|\d\d)"
_MONTH = r"[^\W\d_]{3,12}"
#: Months as tickets write them: 27FEB24.
_SHORT = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_WORDY = (
    rf"(?P<word>\d{{1,2}}(?:st|nd|rd|th|er|º|°)?[.,]?[ -]*(?:de |of |den )?{_MONTH}\.?,?[ -]*(?:de |del )?"
    r"(?:(?:19|20)\d\d|'\d\d)"
    rf"|\d{{2}}{_SHORT}(?:20)?\d\d"
    rf"|{_MONTH}\.?[ -]*\d{{1,2}}(?:st|nd|rd|th)? ?,? *(?:19|20)\d\d|\d{{1,2}}-{_MONTH}-\d\d)"
)
_KANJI = r"(?P<y3>(?:19|20)\d\d)年\s?(?P<m3>\d{1,2})月\s?(?P<d3>\d{1,2})日"
DATE = re.compile(rf"(?<![\w.,/-])(?:{_ISO}|{_PLAIN}|{_WORDY}|{_KANJI})(?![\w/]|[.-]\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Date:
    """A date in a text. `iso` is None where day and month cannot be told apart."""

    iso: str | None
    text: str
    start: int
    end: int


def dates_in(text: str, order: Order | None, language: str | None = None) -> list[Date]:
    """Every date in `text`; `order` and `language` are the document's, None where they are not known."""
    found = []
    for match in DATE.finditer(text):
        known, iso = _read(match, order, language)
        if known:
            found.append(Date(iso, match[0].strip(), match.start(), match.end()))
    return found


def _read(match: re.Match[str], order: Order | None, language: str | None) -> tuple[bool, str | None]:
    """Whether it is a date, and which."""
    if match["word"]:
        iso = _worded(match["word"].lower(), language)
        return iso is not None, iso
    for year, month, day in (("y1", "m1", "d1"), ("y3", "m3", "d3")):
        if match[year]:
            iso = _iso(int(match[year]), int(match[month]), int(match[day]))
            return iso is not None, iso
    return _plain(match, order)


def _plain(match: re.Match[str], order: Order | None) -> tuple[bool, str | None]:
    first, second, year = int(match["a"]), int(match["b"]), int(match["y2"])
    year += 2000 if year < 100 else 0
    days_first, month_first = _iso(year, second, first), _iso(year, first, second)
    if match["s2"] == ".":  # nobody writes months first with dots
        return days_first is not None, days_first
    if not days_first or not month_first or days_first == month_first:
        iso = days_first or month_first
        return iso is not None, iso
    return True, {"DMY": days_first, "MDY": month_first}.get(order or "")


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _worded(text: str, language: str | None) -> str | None:
    """A date whose month is a word. A language takes dateparser 80 ms to load, so the document's own is tried first."""
    if not any(fold(word)[:3] in _MONTHS for word in re.findall(r"[^\W\d_]+", text)):
        return None
    text = re.sub(r"^(\d\d)([a-z]{3})(?=\d)", r"\1-\2-", text)
    text = re.sub(r"(?<=\d)[º°]", "", text).replace("'", "20")
    if re.search(r"-\d\d$", text) and not re.search(r"-\d{4}$", text):
        text = text[:-2] + "20" + text[-2:]
    text = re.sub(r"[ -]+", " ", text)
    likely = tuple(dict.fromkeys(one for one in (language, "en") if one in LANGUAGES))
    return _parsed(text, likely) or _parsed(text, LANGUAGES)


def _parsed(text: str, languages: tuple[str, ...]) -> str | None:
    from dateparser import parse  # type: ignore[import-untyped]

    found = parse(
        text,
        languages=list(languages),
        settings={
            # Parts that are missing would be today's (parsing.md section 5).
            "STRICT_PARSING": True,
            "DATE_ORDER": "DMY",
            "PARSERS": ["absolute-time"],
            "RELATIVE_BASE": dt.datetime(2000, 1, 1),  # noqa: DTZ001 - it is not looked at
            "RETURN_AS_TIMEZONE_AWARE": False,
        },
    )
    return found.date().isoformat() if found else None


def order_of(texts: Iterable[str], hint: Order | None) -> Order | None:
    """Which comes first in the dates with slashes or hyphens: as those with a day above 12 show, else `hint`."""
    seen: set[Order] = set()
    for text in texts:
        for match in DATE.finditer(text):
            if match["a"] and match["s2"] != ".":
                first, second = int(match["a"]), int(match["b"])
                if 12 < first <= 31 and second <= 12:
                    seen.add("DMY")
                elif 12 < second <= 31 and first <= 12:
                    seen.add("MDY")
    if seen:
        return seen.pop() if len(seen) == 1 else None
    return hint
