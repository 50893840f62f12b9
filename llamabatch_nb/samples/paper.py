"""A sheet to print on: reportlab's canvas with the origin at the top left, as one measures a letter.

All lengths are PDF points (1/72 inch). ``invariant=1`` makes reportlab leave out the time and a random document id, so
that the same drawing gives the same bytes on every run.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

__all__ = ["A4", "INK", "LETTER", "MUTED", "SANS", "SANS_BOLD", "Column", "Sheet", "paged", "row_of"]

INK = "#1c2126"
MUTED = "#6a737b"
#: Bitstream Vera comes with reportlab; it is embedded, where Helvetica and Times are left to the reader.
SANS, SANS_BOLD = "Vera", "VeraBd"

Align = Literal["left", "right", "center"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `x` is where its text starts, or ends when it is right-aligned."""

    label: str
    x: float
    align: Align = "left"


class Sheet:
    """Pages under construction. Text stands on the line `y` points below the top edge."""

    def __init__(self, size: tuple[float, float], title: str, *, password: str | None = None) -> None:
        for name in (SANS, SANS_BOLD):
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
        self.width, self.height = size
        self._file = io.BytesIO()
        # 128 bits, because reportlab's 40-bit default is refused by current readers; a fixed owner password, because
        # reportlab would otherwise draw one at random and the bytes would differ on every run.
        lock = StandardEncryption(password, ownerPassword=f"{password}-owner", strength=128) if password else None
        self.canvas = Canvas(self._file, pagesize=size, invariant=1, pageCompression=1, encrypt=lock)
        self.canvas.setTitle(title)
        self.canvas.setCreator("llamabatch-nb samples")

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        font: str = "Helvetica",
        size: float = 9,
        color: str = INK,
        align: Align = "left",
    ) -> None:
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(HexColor(color))
        draw = {
            "left": self.canvas.drawString,
            "right": self.canvas.drawRightString,
            "center": self.canvas.drawCentredString,
        }[align]
        draw(x, self.height - y, words)

    def block(self, x: float, y: float, rows: Sequence[str], *, leading: float = 12, **style: object) -> None:
        """Several rows of text, one under the other."""
        for index, words in enumerate(rows):
            self.text(x, y + index * leading, words, **style)  # type: ignore[arg-type]

    def rule(self, x: float, y: float, to: float, *, width: float = 0.5, color: str = INK) -> None:
        """A horizontal line from `x` to `to`."""
        self.canvas.setLineWidth(width)
        self.canvas.setStrokeColor(HexColor(color))
        self.canvas.line(x, self.height - y, to, self.height - y)

    def stile(self, x: float, y: float, to: float, *, width: float = 0.5, color: str = INK) -> None:
        """A vertical line from `y` down to `to`."""
        self.canvas.setLineWidth(width)
        self.canvas.setStrokeColor(HexColor(color))
        self.canvas.line(x, self.height - y, x, self.height - to)

    def fill(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """A filled rectangle whose top left corner is at `x`, `y`."""
        self.canvas.setFillColor(HexColor(color))
        self.canvas.rect(x, self.height - y - height, width, height, stroke=0, fill=1)

    def disc(self, x: float, y: float, radius: float, color: str) -> None:
        self.canvas.setFillColor(HexColor(color))
        self.canvas.circle(x, self.height - y, radius, stroke=0, fill=1)

    def turn(self) -> None:
        """Start the next page."""
        self.canvas.showPage()

    def finish(self) -> bytes:
        """Close the document and give its bytes."""
        self.canvas.save()
        return self._file.getvalue()


def row_of(sheet: Sheet, columns: Sequence[Column], y: float, cells: Sequence[str], **style: object) -> None:
    """Print one table row."""
    for column, words in zip(columns, cells, strict=True):
        sheet.text(column.x, y, words, align=column.align, **style)  # type: ignore[arg-type]


def paged(rows: Sequence[T], first: int, rest: int) -> Iterator[tuple[int, Sequence[T]]]:
    """Cut `rows` into pages: at most `first` on page 1, `rest` on each later one. Yields (page number, rows)."""
    yield 1, rows[:first]
    for page, start in enumerate(range(first, len(rows), rest), 2):
        yield page, rows[start : start + rest]
