"""Words of a document as markdown.

Whatever stands in a document is text: it must not become a heading, a list, a table or HTML in the markdown made of it.
Escapes are CommonMark's and GFM's; nothing here emits HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

# An underscore inside a word means nothing in CommonMark, and snake_case is easier to read without backslashes.
_INLINE = re.compile(r"[\\`*\[\]<|]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|(?<=~)~|&(?=#?\w+;)")
_LINE_START = re.compile(r"\A(?:#{1,6}(?=\s|$)|[-+](?=\s|$)|=+\s*$|-{2,}\s*$|>)")
_ENDS_TARGET = re.compile(r"[\s()<>\\]")
#: How many times its own cells a table may have when it is filled up, and how many it may have anyway.
_FILLED = 10
_SMALL = 10_000
_NUMBERED = re.compile(r"\A(\d{1,9})([.)])(?=\s|$)")


def inline(words: str) -> str:
    """Escape what would be markup in the middle of a line."""
    return _INLINE.sub(r"\\\g<0>", words) if _INLINE.search(words) else words


def one_line(words: str) -> str:
    """White space of any kind to single spaces."""
    return " ".join(words.split())


def escape(words: str) -> str:
    """A paragraph whose line breaks are kept as hard breaks, and whose lines start nothing."""
    return "\\\n".join(map(_start, filter(None, map(one_line, words.splitlines()))))


def _start(line: str) -> str:
    return _NUMBERED.sub(r"\1\\\2", _LINE_START.sub(r"\\\g<0>", inline(line)))


def heading(level: int, words: str) -> str:
    """A heading of one line. Markdown has six levels."""
    # A closing run of # belongs to the markup of a heading, and would vanish.
    return "#" * min(max(level, 1), 6) + " " + re.sub(r"#(?=#*$)", r"\#", inline(words))


def link(words: str, url: str) -> str:
    return f"[{inline(words)}]({_target(url)})"


def image(caption: str, url: str) -> str:
    return f"![{inline(caption)}]({_target(url)})"


def _target(url: str) -> str:
    """What would end a link's target early is percent-encoded, as a browser would send it."""
    return _ENDS_TARGET.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), url)


def fence(words: str, language: str = "text") -> str:
    """A code block that holds `words` as they are; its fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`{3,}", words)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}{language}\n{words.rstrip()}\n{marks}"


def filled(rows: Sequence[Sequence[T]], filler: T) -> list[list[T]]:
    """`rows`, each as wide as the widest; the first alone where that would be nearly all of the table.

    A hostile page has one row of a million cells and a million rows of one. GFM, CSV and HTML take short rows too.
    """
    width = max(map(len, rows))
    whole = width * len(rows) <= max(_FILLED * sum(map(len, rows)), _SMALL)
    return [[*row, *[filler] * (width - len(row))] if whole or not index else [*row] for index, row in enumerate(rows)]


def table(rows: Sequence[Sequence[str]]) -> str:
    """A GFM table; the first row is its header, and short rows are filled up."""
    lines = ["| " + " | ".join(inline(one_line(cell)) for cell in row) + " |" for row in filled(rows, "")]
    lines.insert(1, "|" + "---|" * max(map(len, rows)))
    return "\n".join(lines)
