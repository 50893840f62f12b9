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
from llamabatch_nb.engine.parsers.markdown import PageWriter

#: Placeholders whose paragraphs are bullets unless a designer says otherwise.
_BULLETED = frozenset({PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT})
#: Repeated on every slide: date, number, footer.
_FURNITURE = frozenset({PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER})


def parse_pptx(data: bytes) -> Parsed:
    """A page a slide, hidden ones too. Raises `Unreadable`: no_pages, needs_ocr (slides of pictures) or no_text."""
    deck = Presentation(io.BytesIO(data))
    width, height = Emu(deck.slide_width or 0).pt, Emu(deck.slide_height or 0).pt
    pages = []
    pictures = False
    for number, slide in enumerate(deck.slides, 1):
        writer = PageWriter()
        title = slide.shapes.title
        if title is not None and title.has_text_frame:
            writer.heading(1, title.text_frame.text)
        for shape in _shapes(slide.shapes):
            if title is None or shape.shape_id != title.shape_id:
                _write(writer, shape)
            pictures |= shape.shape_type == MSO_SHAPE_TYPE.PICTURE
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text
            if notes.strip():
                writer.heading(2, "Notes")
                writer.paragraph(notes)
        pages.append(writer.page(number, width, height))
    if not pages:
        raise Unreadable("no_pages", "No slides: fill the presentation and retry it.")
    if not any(page.text for page in pages):
        if pictures:
            raise Unreadable(
                "needs_ocr", "Needs OCR, since its slides are pictures: export them as a PDF with OCR and retry it."
            )
        raise Unreadable("no_text", "No text: fill the slides and retry the presentation.")
    return pages, {"engine": "python-pptx", "engine_version": version("python-pptx")}


def _shapes(shapes: Any) -> Iterator[Any]:
    """All shapes in drawing order, those inside groups too."""
    stack = [*shapes][::-1]
    while stack:
        shape = stack.pop()
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            stack += [*shape.shapes][::-1]
        else:
            yield shape


def _write(writer: PageWriter, shape: Any) -> None:
    role = shape.placeholder_format.type if shape.is_placeholder else None
    if role in _FURNITURE:
        return
    if getattr(shape, "has_table", False):
        writer.table([[cell.text for cell in row.cells] for row in shape.table.rows])
    elif shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            words = paragraph.text.replace("\v", "\n")  # a line break inside the paragraph
            if role in _BULLETED:
                writer.item(paragraph.level, words)
            else:
                writer.paragraph(words)
