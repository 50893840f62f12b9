"""Plain text and tables in text files, whatever they are encoded in."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import Any

from llamabatch_nb.engine.parsers.base import Parsed, ParsedPage, Unreadable
from llamabatch_nb.engine.parsers.items import Item
from llamabatch_nb.engine.parsers.markup import fence, table

_MARKS = (
    *((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
#: Bytes. charset-normalizer takes shorter western text for Czech or DOS (parsing.md section 1).
_ENOUGH = 200
#: Share of the bytes above 127 that stand beside another: 0.86 and more in Japanese, Chinese, Cyrillic and Greek
#: samples, at most 0.5 in French, German and Polish ones. In the former a guess is good from some 25 bytes on.
_IN_RUNS = 0.6
#: By how much charset-normalizer's measure of mess may differ in candidates that are weighed against each other.
_AS_CLEAN = 0.02
_WESTERN = "cp1252"
#: The short item that holds the page's whole text.
_VERBATIM: Item = {"type": "code"}
_ENGINE = {"engine": "llamabatch-nb"}
_NOT_TEXT = "Neither text nor a format that can be read here: save it as PDF or DOCX and retry it."


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and where it is known or guessed from: `encoding` is Python's name of it."""

    text: str
    encoding: str
    guessed: bool

    @property
    def facts(self) -> dict[str, Any]:
        return {"encoding": self.encoding, "encoding_guessed": self.guessed}


def decode(data: bytes) -> Decoded:
    """Byte order mark, else strict UTF-8, else a guess, else cp1252 (parsing.md section 1).

    Raises `Unreadable`, unsupported, for what is not text.
    """
    try:
        for mark, marked in _MARKS:
            if data.startswith(mark):
                return _text(Decoded(data.decode(marked), marked, guessed=False))
        if encoding := _unmarked_utf16(data):
            return _text(Decoded(data.decode(encoding), encoding, guessed=True))
        return _text(Decoded(data.decode(), "utf-8", guessed=False))
    except UnicodeDecodeError:
        pass
    if (len(data) > _ENOUGH or _in_runs(data) > _IN_RUNS) and (guess := _guess(data)):
        return _text(guess)
    try:
        return _text(Decoded(data.decode(_WESTERN), _WESTERN, guessed=True))
    except UnicodeDecodeError as error:
        raise Unreadable("unsupported", _NOT_TEXT) from error


def _guess(data: bytes) -> Decoded | None:
    """charset-normalizer's candidates, the one that reads most like a language first, and cp1252 where that is a tie.

    Its own choice goes by the least mess, and wrote "ŕ" for "à" in French letters.
    """
    from charset_normalizer import from_bytes

    matches = from_bytes(data)
    best = matches.best()
    if best is None:
        return None
    near = (match for match in matches if match.chaos <= best.chaos + _AS_CLEAN)
    chosen = max(near, key=lambda match: (match.coherence, _WESTERN in match.could_be_from_charset))
    encoding = _WESTERN if _WESTERN in chosen.could_be_from_charset else chosen.encoding
    return Decoded(str(chosen), encoding, guessed=True)


def _text(decoded: Decoded) -> Decoded:
    """Refuse control characters: more than one in fifty, and no text was ever meant by these bytes."""
    sample = decoded.text[:100_000]
    strange = sum(char < " " and char not in "\t\n\r\f\v\x1b" for char in sample)
    if strange * 50 > len(sample):
        raise Unreadable("unsupported", _NOT_TEXT)
    return decoded


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 without its mark, as Windows tools write it: nearly every second byte of western text is zero."""
    sample = data[:4000]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = sample[start::2].count(0)
        if zeros * 10 > len(sample) * 3 and sample[1 - start :: 2].count(0) * 10 < zeros:
            return encoding
    return None


def _in_runs(data: bytes) -> float:
    sample = data[: 10 * _ENOUGH]
    high = [index for index, byte in enumerate(sample) if byte > 127]
    beside = {index + 1 for index in high} | {index - 1 for index in high}
    return sum(index in beside for index in high) / max(1, len(high))


def parse_text(data: bytes, name: str) -> Parsed:
    """The whole file as one page. Markdown stays markdown; other text is kept, line by line, in a code block."""
    decoded = decode(data)
    if not decoded.text.strip():
        raise Unreadable("no_text", "Nothing but blanks: put a copy with content in its place and retry it.")
    if name.lower().endswith((".md", ".markdown")):
        page = ParsedPage(1, True, decoded.text, decoded.text, items=[{"type": "text"}])
    else:
        page = ParsedPage(1, True, decoded.text, fence(decoded.text), items=[_VERBATIM])
    return [page], _ENGINE | decoded.facts


def parse_csv(data: bytes) -> Parsed:
    """The whole file as one page: its text as it is, its markdown a table."""
    decoded = decode(data)
    if not decoded.text.strip():
        raise Unreadable("no_text", "Nothing but blanks: put a copy with content in its place and retry it.")
    delimiter = _delimiter(decoded.text)
    try:
        rows = [row for row in _rows(decoded.text, delimiter) if any(cell.strip() for cell in row)]
        markdown = table(rows)
        item: Item = {"type": "table", "rows": [[cell.strip() or None for cell in row] for row in rows]}
    except csv.Error:  # a quote that is never closed swallows the rest into a cell beyond the module's limit
        markdown, item = fence(decoded.text), _VERBATIM
    return [ParsedPage(1, True, decoded.text, markdown, items=[item])], _ENGINE | decoded.facts | {
        "delimiter": delimiter
    }


def _rows(text: str, delimiter: str | None) -> list[list[str]]:
    if delimiter is None:
        return [[line] for line in text.splitlines()]
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _delimiter(text: str) -> str | None:
    """The delimiter that cuts most of the first lines into the same number of cells, the more the better.

    None for a single column. csv.Sniffer finds delimiters in the middle of words, and fails on a single column.
    """
    head = "\n".join(text.splitlines()[:50])
    best: tuple[int, int, str | None] = (0, 1, None)
    for delimiter in ",;\t|":
        try:
            widths = Counter(len(row) for row in _rows(head, delimiter) if row)
        except csv.Error:
            continue
        width, rows = widths.most_common(1)[0]
        if width > 1:
            best = max(best, (rows, width, delimiter), key=lambda one: one[:2])
    return best[2]
