"""Word documents, read with python-docx in document order: headings, paragraphs, lists and tables.

A DOCX has no pages until a program lays it out. Pages are cut at the breaks that its author set and at those that Word
wrote down when it saved the file; without either the document is one page.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from docx import Document
from docx.oxml.ns import qn

from llamabatch_nb.engine.parsers.base import Parsed, ParsedPage, Unreadable
from llamabatch_nb.engine.parsers.docx_styles import Styles
from llamabatch_nb.engine.parsers.markdown import PageWriter
from llamabatch_nb.engine.parsers.ranges import Selection, nothing_selected

_BREAK = "\f"
_PARAGRAPH, _TABLE, _ROW, _CELL = map(qn, ("w:p", "w:tbl", "w:tr", "w:tc"))
#: Around paragraphs, tables, rows and cells: content controls, custom XML, tracked insertions.
_WRAPPERS = frozenset(map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo")))
_TEXT = frozenset(map(qn, ("w:t", "m:t")))
_CHARACTERS = {
    qn("w:tab"): "\t",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
    qn("w:lastRenderedPageBreak"): _BREAK,
}
#: Properties, whose tab stops are no tabs; and what an older program would see for a shape: its text again.
_SKIPPED = frozenset(
    {qn("w:pPr"), qn("w:rPr"), "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
#: Columns that a cell may span: Word allows 63, a hostile file asks for billions.
_SPAN = 63


def parse_docx(data: bytes, selection: Selection) -> Parsed:
    """Raises `Unreadable`: no_text, needs_ocr when the document is nothing but pictures, or no_pages."""
    document = Document(io.BytesIO(data))
    reader = _Reader(Styles(document), selection)
    section = next(iter(document.sections), None)
    first = section is not None and section.different_first_page_header_footer
    if section is not None:  # the letterhead of a letter says who wrote it
        header = section.first_page_header if first else section.header
        if not header.is_linked_to_previous:
            reader.read_furniture("header", header._element)  # noqa: SLF001 - its tables count too
    reader.read(document.element.body)
    if section is not None:
        footer = section.first_page_footer if first else section.footer
        if not footer.is_linked_to_previous:
            reader.read_furniture("footer", footer._element)  # noqa: SLF001 - the same
    pages = reader.finish()
    if not pages and reader.turned:
        raise nothing_selected()
    if not pages:
        if document.element.body.xpath(".//w:drawing | .//w:pict"):
            raise Unreadable(
                "needs_ocr", "Needs OCR, since it is pictures without text: export it as a PDF with OCR and retry it."
            )
        raise Unreadable("no_text", "No text: fill the document and retry it.")
    return pages, {"engine": "python-docx", "engine_version": version("python-docx")}


class _Reader:
    """Turns blocks into pages, `turned` of them so far. A table stays on the page where it starts."""

    def __init__(self, styles: Styles, selection: Selection) -> None:
        self.turned = 0
        self._styles = styles
        self._selection = selection
        self._writer = PageWriter()
        self._pages: list[ParsedPage] = []

    def read(self, parent: Any) -> None:
        for element in _within(parent):
            if self._selection.ended(self.turned + 1):
                break
            if element.tag == _PARAGRAPH:
                self._paragraph(element)
            elif element.tag == _TABLE:
                self._writer.table(*_table(element))

    def read_furniture(self, kind: str, parent: Any) -> None:
        """The ``header`` or ``footer`` of the section, on the page that is open."""
        self._writer.open(kind)
        self.read(parent)
        self._writer.close()

    def finish(self) -> list[ParsedPage]:
        self._turn()
        return self._pages

    def _turn(self) -> None:
        """End the page. Word writes a break down twice, as the author's and as its own, so an empty page is none."""
        page = self._writer.page(self.turned + 1)
        if page.text:
            self.turned += 1
            if self.turned in self._selection:
                self._pages.append(page)
            self._writer = PageWriter()

    def _paragraph(self, element: Any) -> None:
        if self._styles.breaks_before(element):
            self._turn()
        heading = self._styles.heading(element)
        listed = None if heading else self._styles.listed(element)
        for index, words in enumerate(_text(element).split(_BREAK)):
            if index:
                self._turn()
            if heading:
                self._writer.heading(heading, words)
            elif listed and words.strip():
                self._writer.item(listed.depth, words, self._styles.count(listed))
                listed = None  # what follows on the next page is the rest of the same item
            else:
                self._writer.paragraph(words)
        if self._styles.breaks_after(element):
            self._turn()


def _within(parent: Any) -> Iterator[Any]:
    """The children of `parent`, those inside wrappers too."""
    for element in parent:
        if element.tag in _WRAPPERS:
            yield from _within(element)
        else:
            yield element


def _table(element: Any) -> tuple[list[list[str]], list[list[int]]]:
    """Rows of cells, and what merged cells span: ``[row, column, rows, columns]``."""
    rows: list[list[str]] = []
    spans: list[list[int]] = []
    above: dict[int, list[int]] = {}  # column -> the span of a cell that may go on in the next row
    for row in _within(element):
        if row.tag != _ROW:
            continue
        cells: list[str] = []
        for cell in _within(row):
            if cell.tag != _CELL:
                continue
            column = len(cells)
            across = min(cell.grid_span, _SPAN) if cell.tcPr is not None else 1
            if cell.vMerge == "continue" and column in above:
                above[column][2] += 1
            else:
                above[column] = [len(rows), column, 1, across]
                spans.append(above[column])
            cells += [_text(cell), *[""] * (across - 1)]
        rows.append(cells)
    return rows, [span for span in spans if span[2:] != [1, 1]]


def _text(root: Any) -> str:
    """The text below `root`, with line breaks between the paragraphs in it."""
    words: list[str] = []
    stack = [root]
    while stack:
        element = stack.pop()
        tag = element.tag
        if tag in _TEXT:
            words.append(element.text or "")
        elif tag in _CHARACTERS:
            words.append(_CHARACTERS[tag])
        elif tag == qn("w:br"):
            words.append(_BREAK if element.get(qn("w:type")) == "page" else "\n")
        elif tag not in _SKIPPED:
            if tag == _PARAGRAPH and words:
                words.append("\n")
            stack += element[::-1]
    return "".join(words)
