"""Words of a document and of a schema in one form, so that they can be compared across spellings."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

#: A number sign stands for the word: "Invoice #" is "Invoice no".
_WORD = re.compile(r"[#№]|[^\W_]+")
_SIGNS = {"#": "no", "№": "no"}
#: Letters that Unicode does not decompose.
_LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "\u0131": "i", "º": "o", "ª": "a"}
)
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9\u00c0-\uffff]+")


class Word(NamedTuple):
    """A word in folded form, and where it stands in its text."""

    key: str
    start: int
    end: int


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@lru_cache(maxsize=8192)
def words(text: str) -> tuple[Word, ...]:
    """The words of a text, from left to right."""
    return tuple(
        Word(_SIGNS.get(found[0]) or fold(found[0]), found.start(), found.end()) for found in _WORD.finditer(text)
    )


@lru_cache(maxsize=8192)
def key(text: str) -> str:
    """The words run together: "Rechnungs-Nr." and "Rechnungsnr" are the same label."""
    return "".join(word.key for word in words(text))


def split_bars(text: str) -> tuple[str, ...]:
    """The labels of a table of facts, which stand between bars."""
    return tuple(label.strip() for label in text.split("|"))


def pairs_of(first: str, second: str) -> tuple[str, ...]:
    """Every label of the first table before every one of the second."""
    return tuple(f"{left} {right}" for left in split_bars(first) for right in split_bars(second))


def keys_of(text: str) -> frozenset[str]:
    """The keys of labels that stand between bars."""
    return frozenset(map(key, split_bars(text)))


def split_name(name: str) -> list[str]:
    """The words of a property's name: ``invoiceNumber`` and ``invoice_number`` are invoice, number."""
    return [fold(part) for part in _HUMPS.split(name) if part]


def squeezed(text: str) -> str:
    """One space where there was any white space."""
    return " ".join(text.split())
