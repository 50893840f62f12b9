"""The sample DOCX and XLSX, without the times that their libraries and ZIP would put into them."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

#: What every document says of its making.
_MADE = dt.datetime(2026, 1, 5, 9, 0, 0)  # noqa: DTZ001 - Office files hold UTC without a zone
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that ZIP knows
#: openpyxl puts the time of saving here, whatever is set before.
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")

_OFFERS = (
    ("Supplier", "Delivery", "Price per unit", "Total for 40"),
    ("Thornfield Electrical Ltd", "2 weeks", "£38.40", "£1,536.00"),
    ("Delta Polder Elektro B.V.", "10 days", "£41.15", "£1,646.00"),
    ("Lumen & Daughters", "in stock", "£44.90", "£1,796.00"),
)
_REGIONS = ("North", "South", "East", "West")
_ORDERS = (
    *(("2026-02-03", "North", "LED panel", 40, 38.4), ("2026-02-11", "South", "Junction box", 25, 6.35)),
    *(("2026-02-19", "West", "Cable tray", 18, 31.2), ("2026-03-02", "North", "Circuit breaker", 30, 27.5)),
    *(("2026-03-09", "East", "LED panel", 24, 38.4), ("2026-03-16", "South", "Terminal block", 60, 4.15)),
    *(("2026-03-23", "East", "Junction box", 45, 6.35), ("2026-04-01", "West", "LED panel", 16, 38.4)),
)


def letter() -> bytes:
    """A DOCX: a letter with headings, a numbered and a bulleted list and a table."""
    document = Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Calibri", Pt(11)
    document.sections[0].header.paragraphs[0].text = "Fennimore Instruments Ltd · 3 Orchard Gate · Cambridge CB4 0WX"
    document.add_paragraph("16 March 2026").alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph("Vale of Avon Water plc\nReservoir House, Mill Lane\nBath BA2 4NN")
    document.add_heading("Offer for the lighting of the pump house", level=1)
    document.add_paragraph("Dear Ms Okafor,")
    paragraph = document.add_paragraph("Thank you for showing us round on Thursday. We have asked ")
    paragraph.add_run("three suppliers").bold = True
    paragraph.add_run(" for forty panels of 36 W; their answers are below.")
    document.add_heading("What was offered", level=2)
    table = document.add_table(rows=0, cols=4, style="Light Grid Accent 1")
    for offer in _OFFERS:
        for cell, words in zip(table.add_row().cells, offer, strict=True):
            cell.text = words
            if words.startswith("£"):
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_heading("What we recommend", level=2)
    for words in ("Order from Thornfield Electrical by 27 March.", "Keep the old fittings in the control room."):
        document.add_paragraph(words, style="List Number")
    document.add_paragraph("Not included in any of these prices:")
    for words in ("scaffolding", "disposal of the old fittings", "work outside office hours"):
        document.add_paragraph(words, style="List Bullet")
    document.add_paragraph("Yours sincerely,\n\nHenrietta Vance\nProject engineer")
    _stamp(document.core_properties, "Offer for the lighting of the pump house")
    document.core_properties.last_modified_by = "llamabatch-nb samples"
    document.core_properties.revision = 1
    file = io.BytesIO()
    document.save(file)
    return _repacked(file.getvalue())


def workbook() -> bytes:
    """An XLSX with three sheets: orders, what they add up to by region, and notes."""
    book = Workbook()
    orders = book.active
    orders.title = "Orders"
    _fill(orders, [("Date", "Region", "Article", "Quantity", "Unit price", "Amount")], widths=(13, 10, 20, 10, 12, 12))
    for day, region, article, quantity, price in _ORDERS:
        orders.append((dt.date.fromisoformat(day), region, article, quantity, price, round(quantity * price, 2)))
    for row in orders.iter_rows(min_row=2):
        row[0].number_format = "yyyy-mm-dd"
        row[4].number_format = row[5].number_format = "#,##0.00"
    sums = [(region, *_sums(region)) for region in _REGIONS]
    total = ("Total", sum(orders for _, orders, _ in sums), round(sum(amount for _, _, amount in sums), 2))
    _fill(book.create_sheet("By region"), [("Region", "Orders", "Amount"), *sums, total], widths=(14, 10, 14))
    notes = [
        ("Topic", "Note"),
        ("Currency", "All amounts are in pounds, without VAT."),
        ("Source", "Order book of the first quarter; the order of 1 April is counted too."),
    ]
    _fill(book.create_sheet("Notes"), notes, widths=(14, 70))
    _stamp(book.properties, "Orders of the first quarter")
    file = io.BytesIO()
    book.save(file)
    return _repacked(file.getvalue())


def _sums(region: str) -> tuple[int, float]:
    amounts = [quantity * price for _, of, _, quantity, price in _ORDERS if of == region]
    return len(amounts), round(sum(amounts), 2)


def _fill(sheet: Any, rows: list[tuple[Any, ...]], *, widths: tuple[int, ...]) -> None:
    """Rows, the first of which is a header."""
    for row in rows:
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", start_color="1F3A5F")
        cell.alignment = Alignment(horizontal="center")
    for letter_of_column, width in zip("ABCDEF", widths, strict=False):
        sheet.column_dimensions[letter_of_column].width = width
    sheet.freeze_panes = "A2"


def _stamp(properties: Any, title: str) -> None:
    properties.title = title
    properties.author = properties.creator = "llamabatch-nb samples"
    properties.created = properties.modified = _MADE


def _repacked(data: bytes) -> bytes:
    """The same archive with every date fixed: ZIP's own, and the one that openpyxl writes when it saves."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, _ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # Unix; ZipInfo would say which machine this is
            content = source.read(name)
            if name == "docProps/core.xml":
                made = _MADE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = _MODIFIED.sub(rb"\g<1>" + made + rb"\g<2>", content)
            target.writestr(member, content)
    return file.getvalue()
