"""Blocks of a document as plain text and as markdown, side by side.

Whatever stands in a document is text: it must not become a heading, a list, a table or HTML in the markdown made of it.
Escapes are CommonMark's and GFM's; nothing here emits HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from llamabatch_nb.engine.parsers.base import ParsedPage

# An underscore inside a word means nothing in CommonMark, and snake_case is easier to read without backslashes.
_INLINE = re.compile(r"[\\`*\[\]<|]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|(?<=~)~|&(?=#?\w+;)")
_LINE_START = re.compile(r"\A(?:#{1,6}(?=\s|$)|[-+](?=\s|$)|=+\s*$|-{2,}\s*$|>)")
#: List depth. Word has nine levels; a hostile page of 200 kB nests 20,000, whose indents alone would be 800 MB.
_DEEPEST = 8
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


def fence(words: str) -> str:
    """A code block that holds `words` as they are; its fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`{3,}", words)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}text\n{words.rstrip()}\n{marks}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A GFM table; the first row is its header, and short rows are filled up."""
    width = max(map(len, rows))
    padded = ([*map(one_line, row), *[""] * (width - len(row))] for row in rows)
    lines = ["| " + " | ".join(map(inline, row)) + " |" for row in padded]
    lines.insert(1, "|" + "---|" * width)
    return "\n".join(lines)


class PageWriter:
    """Takes the blocks of one page in reading order."""

    def __init__(self) -> None:
        self._blocks: list[tuple[bool, str, str]] = []  # is a list item, text, markdown
        self._depth = -1  # of the list item before; -1 where there is none

    def _add(self, text: str, markdown: str, *, item: bool = False) -> None:
        self._blocks.append((item, text, markdown))
        if not item:
            self._depth = -1

    def heading(self, level: int, words: str) -> None:
        """`level` from 1; markdown has six. Emptiness is skipped, here and below."""
        if words := one_line(words):
            # A closing run of # belongs to the markup of a heading, and would vanish.
            self._add(words, "#" * min(max(level, 1), 6) + " " + re.sub(r"#(?=#*$)", r"\#", inline(words)))

    def paragraph(self, words: str) -> None:
        if words := words.strip():
            self._add(words, escape(words))

    def item(self, depth: int, words: str, number: int | None = None) -> None:
        """A list item, `depth` from 0; with `number` it is an ordered one."""
        if words := one_line(words):
            # Four spaces nest under "-" and under "12."; one step too many would make a code block.
            self._depth = depth = min(depth, self._depth + 1, _DEEPEST)
            marker = "-" if number is None else f"{number}."
            indent = "    " * depth
            content = escape(words)
            self._add(f"{indent}{marker} {words}", f"{indent}{marker} {content}", item=True)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Cells of text. Columns are parted by tabs in the plain text."""
        if any(cell.strip() for row in rows for cell in row):
            self._add("\n".join("\t".join(map(one_line, row)) for row in rows), table(rows))

    def verbatim(self, words: str) -> None:
        """Text whose lines and spaces carry meaning."""
        if words.strip():
            self._add(words, fence(words))

    def page(self, number: int, width: float | None = None, height: float | None = None) -> ParsedPage:
        """The page as it stands. An empty one has empty text and markdown."""
        text: list[str] = []
        markdown: list[str] = []
        after_item = False
        for item, plain, marked in self._blocks:
            if text:
                gap = "\n" if item and after_item else "\n\n"
                text.append(gap)
                markdown.append(gap)
            text.append(plain)
            markdown.append(marked)
            after_item = item
        return ParsedPage(number, True, "".join(text), "".join(markdown), width, height)
