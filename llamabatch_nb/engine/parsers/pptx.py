"""PowerPoint presentations, read with python-pptx: a slide a page, with title, text, tables, charts and notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER
from pptx.oxml.ns import qn
from pptx.util import Emu

from llamabatch_nb.engine.parsers.base import Parsed, Unreadable
from llamabatch_nb.engine.parsers.items import Box
from llamabatch_nb.engine.parsers.markdown import PageWriter
from llamabatch_nb.engine.parsers.ranges import Selection, nothing_selected

#: Placeholders whose paragraphs are bullets unless a designer says otherwise.
_BULLETED = frozenset({PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT})
_P14 = "{http://schemas.microsoft.com/office/powerpoint/2010/main}"
#: The place of a point in a chart.
_INDEX = re.compile(r"[0-9]{1,7}")
#: Repeated on every slide: date, number, footer.
_FURNITURE = frozenset({PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER})


def parse_pptx(data: bytes, selection: Selection) -> Parsed:
    """A page a slide, hidden ones too. Raises `Unreadable`: no_pages, needs_ocr (slides of pictures) or no_text."""
    deck = Presentation(io.BytesIO(data))
    width, height = Emu(deck.slide_width or 0).pt, Emu(deck.slide_height or 0).pt
    sections = _sections(deck)
    if not len(deck.slides):
        raise Unreadable("no_pages", "No slides: fill the presentation and retry it.")
    slides = {number: slide for number, slide in enumerate(deck.slides, 1) if number in selection}
    if not slides:
        raise nothing_selected()
    pages = []
    for number, slide in slides.items():
        writer = PageWriter()
        metadata = _read(slide, writer)
        if slide.slide_id in sections:
            metadata["slide_section_name"] = sections[slide.slide_id]
        pages.append(writer.page(number, width, height, metadata))
    if not any(page.text for page in pages):
        if any(
            shape.shape_type == MSO_SHAPE_TYPE.PICTURE
            for slide in slides.values()
            for shape, _ in _shapes(slide.shapes)
        ):
            raise Unreadable(
                "needs_ocr", "Needs OCR, since its slides are pictures: export them as a PDF with OCR and retry it."
            )
        raise Unreadable("no_text", "No text: fill the slides and retry the presentation.")
    facts = {"engine": "python-pptx", "engine_version": version("python-pptx"), "pages_total": len(deck.slides)}
    return pages, facts


def _read(slide: Any, writer: PageWriter) -> dict[str, Any]:
    """Write the blocks of a slide, and return what its page's metadata say."""
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        writer.box = _box(title)
        writer.heading(1, title.text_frame.text)
    for shape, grouped in _shapes(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            writer.box = None if grouped else _box(shape)  # the places inside a group are the group's own
            _write(writer, shape)
    if not slide.has_notes_slide or slide.notes_slide.notes_text_frame is None:
        return {}
    notes = slide.notes_slide.notes_text_frame.text
    writer.box = None
    if notes.strip():
        writer.heading(2, "Notes")
        writer.paragraph(notes)
    return {"speaker_notes": notes} if notes.strip() else {}


def _box(shape: Any) -> Box | None:
    """Where a shape stands, if it or its layout says."""
    sides = (shape.left, shape.top, shape.width, shape.height)
    return None if None in sides else [round(Emu(side).pt, 2) for side in sides]


def _sections(deck: Any) -> dict[int, str]:
    """Slide id -> the name of its section, which PowerPoint 2010 and later keep beside the slides."""
    return {
        int(slide.get("id")): section.get("name")
        for section in deck.part._element.iter(f"{_P14}section")  # noqa: SLF001 - python-pptx knows no sections
        for slide in section.iter(f"{_P14}sldId")
    }


def _shapes(shapes: Any) -> Iterator[tuple[Any, bool]]:
    """All shapes in drawing order, those inside groups too, and whether they are in one."""
    stack = [(shape, False) for shape in shapes][::-1]
    while stack:
        shape, grouped = stack.pop()
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            stack += [(inner, True) for inner in shape.shapes][::-1]
        else:
            yield shape, grouped


def _write(writer: PageWriter, shape: Any) -> None:
    role = shape.placeholder_format.type if shape.is_placeholder else None
    if role in _FURNITURE:
        return
    if getattr(shape, "has_table", False):
        cells = [[*row.cells] for row in shape.table.rows]
        spans = [
            [row, column, cell.span_height, cell.span_width]
            for row, line in enumerate(cells)
            for column, cell in enumerate(line)
            if cell.is_merge_origin
        ]
        writer.table([[cell.text for cell in line] for line in cells], spans)
    elif getattr(shape, "has_chart", False):
        if shape.chart.has_title and shape.chart.chart_title.has_text_frame:
            writer.paragraph(shape.chart.chart_title.text_frame.text)
        writer.table(_chart(shape.chart))
    elif shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            words = paragraph.text.replace("\v", "\n")  # a line break inside the paragraph
            if role in _BULLETED:
                writer.item(paragraph.level, words)
            else:
                writer.paragraph(words)


def _chart(chart: Any) -> list[list[str]]:
    """Categories and series as a table. Points are read one by one: the count that a file states may be any number."""
    series = [*chart._chartSpace.iter(qn("c:ser"))]  # noqa: SLF001 - python-pptx goes by the stated count
    names = [" ".join(_points(one.find(qn("c:tx"))).values()) for one in series]
    categories: dict[int, str] = {}
    columns = []
    for one in series:
        categories = _points(one.find(qn("c:cat")), one.find(qn("c:xVal"))) | categories
        columns.append(_points(one.find(qn("c:val")), one.find(qn("c:yVal"))))
    places = sorted({place for column in (categories, *columns) for place in column})
    return [
        ["", *names],
        *([categories.get(place, ""), *(column.get(place, "") for column in columns)] for place in places),
    ]


def _points(*parts: Any) -> dict[int, str]:
    """The points of the first part that there is, by place; of categories in levels those of the finest."""
    part = next((one for one in parts if one is not None), None)
    if part is None:
        return {}
    level = next(part.iter(qn("c:lvl")), part)
    found = {
        int(point.get("idx")): point.findtext(qn("c:v")) or ""
        for point in level.iter(qn("c:pt"))
        if _INDEX.fullmatch(point.get("idx") or "")
    }
    words = part.findtext(qn("c:v"))  # a name that refers to no cell
    return found or ({0: words} if words else {})
