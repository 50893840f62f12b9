"""Documents made from code, for the parsers' tests."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from docx import Document
from openpyxl import Workbook
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

Draw = Callable[[Canvas], None]


def pdf(*pages: Draw, encrypt: StandardEncryption | None = None) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(400, 300), invariant=1, encrypt=encrypt)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def words(text: str, *, y: float = 200) -> Draw:
    return lambda canvas: canvas.drawString(40, y, text)


def blank(_: Canvas) -> None:
    pass


def scan(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("L", (40, 30), 200)), 0, 0, 400, 300)


def stamped(text: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        scan(canvas)
        canvas.drawString(40, 40, text)

    return draw


def report(canvas: Canvas) -> None:
    """A page with a heading, words with emphasis, a list in a list, a ruled table, a link and code, 400 points wide."""
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawString(40, 265, "Stock *report*")
    canvas.setFont("Helvetica", 10)
    canvas.drawString(40, 240, "Counted on 3 May by the <b>night</b> shift, at 5 * 6 shelves.")
    for row, (indent, words) in enumerate(((0, "1. shelves"), (0, "2. boxes"), (15, "- of wood"), (0, "3. crates"))):
        canvas.drawString(40 + indent, 220 - 12 * row, words)
    for row, cells in enumerate((("Part", "Count", "Note"), ("A|1", "12", "<i>"), ("B_2", "", "low"))):
        for column, words in enumerate(cells):
            canvas.rect(40 + 80 * column, 140 - 20 * row, 80, 20)
            canvas.drawString(45 + 80 * column, 146 - 20 * row, words)
    canvas.drawString(40, 70, "our site")
    canvas.linkURL("https://example.com/a_b", (40, 68, 80, 80))
    canvas.setFont("Courier", 10)
    for row, words in enumerate(("def f(x):", "return x * 2", "print(f(2))")):
        canvas.drawString(40, 45 - 12 * row, words)


def photographed(*lines: str) -> bytes:
    """A PNG of lines of text, 900 by 400 pixels."""
    image = Image.new("RGB", (900, 400), "white")
    for row, words in enumerate(lines):
        ImageDraw.Draw(image).text((50, 50 + 100 * row), words, fill="black", font=ImageFont.load_default(40))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def scanned(*lines: str) -> Draw:
    """A page that is such a picture."""
    return lambda canvas: canvas.drawImage(ImageReader(io.BytesIO(photographed(*lines))), 0, 0, 400, 300)


def no_pages() -> bytes:
    """A valid PDF whose page tree is empty."""
    head = b"%PDF-1.4\n"
    catalog = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    tree = b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    body = head + catalog + tree
    places = b"%010d 00000 n \n%010d 00000 n \n" % (len(head), len(head) + len(catalog))
    return (
        body + b"xref\n0 3\n0000000000 65535 f \n" + places + b"trailer\n<</Size 3/Root 1 0 R>>\n"
        b"startxref\n%d\n%%%%EOF\n" % len(body)
    )


def docx(fill: Callable[[Any], None]) -> bytes:
    document = Document()
    fill(document)
    return _saved(document)


def xlsx(**sheets: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return _saved(book)


def pptx(fill: Callable[[Any], None]) -> bytes:
    deck = Presentation()
    fill(deck)
    return _saved(deck)


def _saved(document: Any) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def changed(archive: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same ZIP archive with one member's content changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, change(content) if name == member else content)
    return file.getvalue()


def old_office(stream: str) -> bytes:
    """The signature of the old Office container and one stream's name."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream.encode("utf-16-le") + bytes(200)


def picture(format_name: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(file, format_name)
    return file.getvalue()


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)
