"""Web pages, read with selectolax: headings, paragraphs, lists, tables and preformatted text, the whole file one page.

What a page hides in its markup (``hidden``, ``display: none``) is left out; style sheets are not read. Boxes to tick
are ☒ or ☐, and a term of a ``<dl>`` stands on the line of what is said of it.

Trees are walked without recursion, because hostile pages are nested deeper than Python's stack.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from llamabatch_nb.engine.parsers.base import Parsed, Unreadable
from llamabatch_nb.engine.parsers.html_nodes import is_hidden, tick_box
from llamabatch_nb.engine.parsers.items import is_address
from llamabatch_nb.engine.parsers.markdown import PageWriter
from llamabatch_nb.engine.parsers.markup import one_line
from llamabatch_nb.engine.parsers.text import Decoded, decode

#: Programs, styles, and what a browser draws as something else than text.
_UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "svg", "iframe", "object", "head", "select", "textarea", "button"}
)
#: Elements inside a line. All others end the paragraph before them.
_IN_LINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q s samp small "  # noqa: SIM905
    "span strike strong sub sup time tt u var wbr".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
#: What begins without the term before it: the next term, and what is no line of words.
_WITHOUT_TERM = frozenset({"dt", "pre", "table"})
#: Rows or columns that a cell may span, and empty cells for each that a table has: a page could ask for billions.
_SPAN = 100
_FILLERS = 10
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]{2,40})""", re.IGNORECASE)
#: What browsers read as cp1252, and what cannot be true of a page whose <meta> was found as ASCII.
_MISLABELLED = {
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "us-ascii"), "cp1252"),
    **dict.fromkeys(("utf-16", "utf-16le", "utf-16be"), "utf-8"),
}


def parse_html(data: bytes) -> Parsed:
    """The whole file as one page. Raises `Unreadable`, no_text, when a browser would show no text."""
    decoded = _decode(data)
    tree = LexborHTMLParser(decoded.text)
    title = tree.css_first("head title")
    facts: dict[str, Any] = {"engine": "selectolax", "engine_version": version("selectolax"), **decoded.facts}
    if title is not None:
        facts["title"] = one_line(title.text())
    reader = _Reader()
    if tree.body is not None:
        reader.read(tree.body)
    page = reader.writer.page(1)
    if not page.text:
        raise Unreadable("no_text", "No text, perhaps because a program fills the page: print it to PDF and retry.")
    return [page], facts


def _decode(data: bytes) -> Decoded:
    """A byte order mark wins, then what the page says of itself if that holds, then a guess."""
    said = _CHARSET.search(data[:4096])
    if said and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        encoding = said[1].decode("ascii").lower()
        encoding = _MISLABELLED.get(encoding, encoding)
        try:
            return Decoded(data.decode(encoding), encoding, guessed=False)
        except (UnicodeDecodeError, LookupError):
            pass
    return decode(data)


class _Reader:
    """Turns a tree into blocks, in one walk."""

    def __init__(self) -> None:
        self.writer = PageWriter()
        self._words: list[str] = []
        self._heading = 0
        self._lists: list[int | None] = []  # of each open list its last number, None for bullets
        self._item = False
        self._term = ""  # of a <dl>, until what is said of it comes
        self._anchors: list[tuple[int, str]] = []  # of each open link: at which of the words it starts, its target
        self._linked: tuple[int, int, str] | None = None  # the last link of this paragraph: from, to, target
        self._images: list[tuple[str, str]] = []  # caption, address

    def read(self, body: LexborNode) -> None:
        stack = [(body, True)]
        while stack:
            node, entering = stack.pop()
            tag = node.tag or ""
            if node.is_text_node:
                self._words.append(_blanks(node.text_content))
            elif tag == "br":
                self._words.append("\n")
            elif tag in _IN_LINE and not is_hidden(node):
                stack += self._in_line(tag, node, entering=entering)
            elif tag == "input":
                self._words.append(tick_box(node))
            elif node.is_element_node and tag not in _UNSEEN and not is_hidden(node):
                stack += self._block(tag, node, entering=entering)
        self._flush()

    def _block(self, tag: str, node: LexborNode, *, entering: bool) -> list[tuple[LexborNode, bool]]:
        """The same of an element that is a block."""
        if tag == "dt" and not entering:
            self._keep_term()
            return []
        self._flush()
        if not entering:
            self._leave(tag)
            return []
        if tag in _WITHOUT_TERM:
            self._write_term()
        if self._whole(tag, node):
            return []
        self._enter(tag)
        return [(node, False), *_children(node)]

    def _in_line(self, tag: str, node: LexborNode, *, entering: bool) -> list[tuple[LexborNode, bool]]:
        """What of an element inside a line is to be walked through next, last first."""
        if not entering:  # a link, no other is left
            start, url = self._anchors.pop()
            self._linked = (start, len(self._words), url)
            return []
        if tag == "img" and (url := _address(node, "src")):
            self._images.append((node.attributes.get("alt") or "", url))
        if tag != "a":
            return _children(node)
        if self._linked and self._linked[1] == len(self._words):
            self._words.append(" ")  # links in a row are set apart by their style
        self._anchors.append((len(self._words), _address(node, "href")))
        return [(node, False), *_children(node)]

    def _whole(self, tag: str, node: LexborNode) -> bool:
        """Write an element that is one block with all that is in it."""
        if tag == "pre":
            self.writer.verbatim(_text(node, keep=True))
        elif tag == "table" and _is_data(node):
            caption = node.css_first("caption")
            self.writer.paragraph(one_line(_text(caption)) if caption else "")
            self.writer.table(*_rows(node))
        else:
            return False
        return True

    def _keep_term(self) -> None:
        self._term = one_line("".join(self._words)).rstrip(" :")
        self._words.clear()
        self._linked = None

    def _write_term(self) -> None:
        """Write a term that nothing is said of, or nothing that has a line for it."""
        term, self._term = self._term, ""
        self.writer.paragraph(term)

    def _enter(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
        elif tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._item = True
            if self._lists and (number := self._lists[-1]) is not None:
                self._lists[-1] = number + 1

    def _leave(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._heading = 0
        elif tag in {"ul", "ol"}:
            self._lists.pop()
        elif tag == "li":
            self._item = False
        elif tag == "dl":
            self._write_term()

    def _flush(self) -> None:
        """Write what has been collected, as the kind of block that is open."""
        words = "\n".join(one_line(line) for line in "".join(self._words).split("\n"))
        url = self._only_link() if words.strip() else ""
        self._words.clear()
        self._linked = None
        if self._term and words.strip():
            words, url = f"{self._term}: {words.strip()}", ""
            self._term = ""
        if not words.strip():
            pass
        elif self._heading:
            self.writer.heading(self._heading, words)
        elif self._item:
            self.writer.item(max(len(self._lists) - 1, 0), words, self._lists[-1] if self._lists else None)
            self._item = False  # a second paragraph of the same item is a paragraph
        elif url:
            self.writer.link(words, url)
        else:
            self.writer.paragraph(words)
        for caption, address in self._images:
            self.writer.image(caption, address)
        self._images.clear()

    def _only_link(self) -> str:
        """The target, where the words are those of one link and no others."""
        start, end, url = self._linked or (0, 0, "")
        return "" if "".join((*self._words[:start], *self._words[end:])).strip() else url


def _address(node: LexborNode, name: str) -> str:
    """A link's target, empty where `is_address` does not know it."""
    address = (node.attributes.get(name) or "").strip()
    return address if is_address(address) else ""


def _blanks(words: str | None) -> str:
    """White space of the source is a blank; the line breaks that count come from <br>."""
    return re.sub(r"\s+", " ", words or "")


def _children(node: LexborNode) -> list[tuple[LexborNode, bool]]:
    """Last first, as a stack takes them."""
    return [(child, True) for child in node.iter(include_text=True)][::-1]


def _text(root: LexborNode, *, keep: bool = False) -> str:
    """All text below `root`; with `keep` its white space too."""
    words: list[str] = []
    stack = [(root, True)]
    while stack:
        node, _ = stack.pop()
        tag = node.tag or ""
        if node.is_text_node:
            words.append(node.text_content or "")
        elif box := tick_box(node):
            words.append(box)
        elif tag not in _UNSEEN and not is_hidden(node):
            if tag not in _IN_LINE:
                words.append("\n" if tag == "br" or not keep else "")
            stack += _children(node)
    return "".join(words)


def _is_data(table: LexborNode) -> bool:
    """Whether it is a table of data. Old pages and e-mails lay text out with tables, in which others are nested."""
    nested = any(other.mem_id != table.mem_id for other in table.css("table"))
    return not nested and table.css_first("td h1, td h2, td h3") is None


def _rows(table: LexborNode) -> tuple[list[list[str]], list[list[int]]]:
    """Cells of text; what a cell spans, to the right and below, is filled with empty ones.

    And those spans, ``[row, column, rows, columns]``.
    """
    rows: list[list[str]] = []
    spans: list[list[int]] = []
    hanging: dict[int, int] = {}  # column -> rows in which a cell from above still takes its place
    fillers = 0
    for element in table.css("tr"):
        row: list[str] = []
        if is_hidden(element):
            continue
        for cell in element.css("td, th"):
            if is_hidden(cell):
                continue
            fillers += _FILLERS
            while hanging.get(len(row), 0) and fillers:
                hanging[len(row)] -= 1
                fillers -= 1
                row.append("")
            across = min(_span(cell, "colspan"), fillers + 1)
            fillers -= across - 1
            down = _span(cell, "rowspan")
            if down > 1 or across > 1:
                spans.append([len(rows), len(row), down, across])
            hanging |= dict.fromkeys(range(len(row), len(row) + across), down - 1)
            row += [_text(cell), *[""] * (across - 1)]
        if row:
            rows.append(row)
    return rows, [[row, column, min(down, len(rows) - row), across] for row, column, down, across in spans]


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or ""
    return min(max(int(value), 1), _SPAN) if value.isdecimal() else 1
