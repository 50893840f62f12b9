"""Documents made from code, for the parsers' tests."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from docx import Document
from openpyxl import Workbook
from PIL import Image
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
