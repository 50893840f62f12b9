"""PowerPoint presentations, read with python-pptx: a slide a page, with title, text, tables and notes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER
from pptx.util import Emu

from llamabatch_nb.engine.parsers.base import Parsed, Unreadable
from llamabatch_nb.engine.parsers.items import Box
from llamabatch_nb.engine.parsers.markdown import PageWriter
from llamabatch_nb.engine.parsers.ranges import Selection, nothing_selected

#: Placeholders whose paragraphs are bullets unless a designer says otherwise.
_BULLETED = frozenset({PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT})
_P14 = "{http://schemas.microsoft.com/office/powerpoint/2010/main}"
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
    elif shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            words = paragraph.text.replace("\v", "\n")  # a line break inside the paragraph
            if role in _BULLETED:
                writer.item(paragraph.level, words)
            else:
                writer.paragraph(words)
