"""Where labels stand in a cell, and what they name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llamabatch_nb.engine.extractors.shipped.lexicon import LABEL_INDEX, VAGUE
from llamabatch_nb.engine.extractors.shipped.words import Word, words

#: Words of the longest label.
_LONGEST = 6
_COLON = re.compile(r"[\s.)°º]*(?:[:=]|\.{3,})")
#: What may stand before a label within a cell that goes on.
_OPENS = re.compile(r"[:;|·•,/()\u2022–—*]\s*$|\s-\s*$")  # noqa: RUF001 - dashes
_LEADING = re.compile(r"^[\s:.=#°º\u2022·–—*>-]+")  # noqa: RUF001 - dashes
#: Further words, then a colon: the label is longer than those that are known.
_LONGER = re.compile(r"[\s.]*(?!\()[^\W\d_][^:\d]{1,40}:\s")
#: "PO-1234" is no label "PO", and "Re/7" none "Re": what is joined to a word is a part of it.
_JOINED = re.compile(r"[-/_.]\w*\d")
#: "Your" and "our" before a label.
_OWN = frozenset(
    ("your", "our", "ihre", "ihr", "unsere", "unser", "uw", "onze", "votre", "notre", "su", "the", "vostra")
)


@dataclass(frozen=True, slots=True)
class Span:
    """A label: where it ends, where its value begins and ends, all within its cell."""

    start: int
    end: int
    value_start: int
    value_end: int
    concepts: tuple[str, ...]
    key: str
    colon: bool
    vague: bool


def spans_in(text: str, extra: Mapping[str, tuple[str, ...]]) -> list[Span]:
    """The labels of a cell, from left to right. `extra` are further ones: of the schema."""
    tokens = words(text)
    found: list[tuple[int, int, tuple[str, ...], str]] = []
    index = 0
    while index < len(tokens):
        hit = _longest(tokens, index, text, extra)
        if hit is None:
            index += 1
            continue
        last, concepts, label = hit
        found.append((index, last, concepts, label))
        index = last + 1
    return _spans(text, tokens, found)


def _longest(
    tokens: Sequence[Word], first: int, text: str, extra: Mapping[str, tuple[str, ...]]
) -> tuple[int, tuple[str, ...], str] | None:
    for last in range(min(first + _LONGEST, len(tokens)) - 1, first - 1, -1):
        label = "".join(token.key for token in tokens[first : last + 1])
        concepts = (*extra.get(label, ()), *LABEL_INDEX.get(label, ()))
        if not concepts or _JOINED.match(text, tokens[last].end):
            continue
        # "IBANs", "Date2": a label ends with a word, which the tokens see to; within a cell it has to be set off.
        begins = first == 0 or (first == 1 and tokens[0].key in _OWN)
        colon = bool(_COLON.match(text, tokens[last].end))
        if begins or colon or (_OPENS.search(text[: tokens[first].start]) and label not in VAGUE):
            return last, concepts, label
    return None


def _spans(text: str, tokens: Sequence[Word], found: list[tuple[int, int, tuple[str, ...], str]]) -> list[Span]:
    spans: list[Span] = []
    for number, (first, last, concepts, label) in enumerate(found):
        end = tokens[last].end
        colon = bool(_COLON.match(text, end))
        until = tokens[found[number + 1][0]].start if number + 1 < len(found) else len(text)
        rest = text[end:until]
        if not colon and _LONGER.match(rest):
            continue  # "Date of the associated invoice: …" is not the label "Date"
        if rest[:1] == ")" or (rest[:1] in {"(", "/"} and not colon):  # a label with something in brackets
            rest = re.sub(r"^[)]|^\([^)]*\)", lambda gone: " " * len(gone[0]), rest)
        begin = end + len(rest) - len(rest.lstrip())
        leading = _LEADING.match(text[begin:until])
        begin += leading.end() if leading else 0
        span = Span(tokens[first].start, end, min(begin, until), until, concepts, label, colon, label in VAGUE)
        before = spans[-1] if spans else None
        if before and not text[before.end : span.start].strip(" /|()-–") and set(before.concepts) & set(concepts):  # noqa: RUF001 - dashes
            # "Invoice no. / Rechnungsnummer: 7": one label in two languages.
            spans[-1] = replace(span, start=before.start, vague=before.vague and span.vague)
        else:
            spans.append(span)
    return spans
