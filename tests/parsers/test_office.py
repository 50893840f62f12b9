from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import pytest
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from openpyxl import Workbook
from PIL import Image
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.parsers import build
from tests.parsers.conftest import Read, Refuse


def letter(document: Any) -> None:
    document.sections[0].header.paragraphs[0].text = "Alder & Pine Supply"
    document.add_heading("Report", level=0)
    document.add_heading("Findings", level=2)
    paragraph = document.add_paragraph("Sales rose by ")
    paragraph.add_run("12 %").bold = True
    paragraph.add_run(" in *May*.")
    for words in ("first", "second"):
        document.add_paragraph(words, style="List Number")
    document.add_paragraph("why", style="List Bullet")
    document.add_paragraph("because", style="List Bullet 2")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).text = "Region"
    table.cell(0, 1).text = "Sales | net"
    table.cell(1, 0).text = "North\nWest"
    table.cell(1, 1).text = "1,200"
    document.add_paragraph("1. not a list\n# not a heading")


def test_word_in_document_order(read: Read) -> None:
    document = read(build.docx(letter), "report.docx")
    assert document.kind == "docx"
    (page,) = document.pages
    assert page.markdown == (
        "Alder & Pine Supply\n\n# Report\n\n## Findings\n\nSales rose by 12 % in \\*May\\*.\n\n"
        "1. first\n2. second\n- why\n    - because\n\n"
        "| Region | Sales \\| net |\n|---|---|\n| North West | 1,200 |\n\n1\\. not a list\\\n\\# not a heading"
    )
    assert page.text == (
        "Alder & Pine Supply\n\nReport\n\nFindings\n\nSales rose by 12 % in *May*.\n\n"
        "1. first\n2. second\n- why\n    - because\n\n"
        "Region\tSales | net\nNorth West\t1,200\n\n1. not a list\n# not a heading"
    )


def test_word_nested_and_restarted_lists(read: Read) -> None:
    def fill(document: Any) -> None:
        for words, level in (("one", 0), ("two", 0), ("deeper", 1), ("three", 0), ("deeper again", 1)):
            paragraph = document.add_paragraph(words, style="List Number")
            if level:  # the level is said by the paragraph, the list by its style
                numbering = paragraph._p.get_or_add_pPr().get_or_add_numPr()
                numbering.get_or_add_ilvl().val = level

    # The default template's "List Number" knows one level; the deeper one is no numbered level, so it has bullets.
    (page,) = read(build.docx(fill), "a.docx").pages
    assert page.text == "1. one\n2. two\n    - deeper\n3. three\n    - deeper again"


def test_word_pages_at_breaks(read: Read) -> None:
    def fill(document: Any) -> None:
        document.add_paragraph("first page")
        document.add_page_break()
        run = document.add_paragraph().add_run()
        run._r.append(OxmlElement("w:lastRenderedPageBreak"))  # Word writes the author's break down once more
        run.add_text("second page")
        split = document.add_paragraph("end of second")
        split.add_run().add_break(WD_BREAK.PAGE)
        split.add_run("third page")
        before = document.add_paragraph("fourth page")
        before.paragraph_format.page_break_before = True

    pages = read(build.docx(fill), "a.docx").pages
    assert [page.text for page in pages] == ["first page", "second page\n\nend of second", "third page", "fourth page"]
    assert [page.page_number for page in pages] == [1, 2, 3, 4]


def test_word_reads_what_wrappers_hold_and_skips_tab_stops(read: Read) -> None:
    def fill(document: Any) -> None:
        paragraph = document.add_paragraph("inside a control")
        paragraph.paragraph_format.tab_stops.add_tab_stop(Inches(2))
        control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
        control.append(content)
        paragraph._p.addprevious(control)
        content.append(paragraph._p)

    assert read(build.docx(fill), "a.docx").pages[0].text == "inside a control"


def test_word_merged_cells_keep_columns(read: Read) -> None:
    def fill(document: Any) -> None:
        table = document.add_table(rows=2, cols=3)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
        table.cell(0, 2).text = "c"
        for column, words in enumerate("xyz"):
            table.cell(1, column).text = words

    (page,) = read(build.docx(fill), "a.docx").pages
    assert page.markdown == "| wide |  | c |\n|---|---|---|\n| x | y | z |"


def test_word_of_pictures_needs_ocr(refuse: Refuse) -> None:
    def fill(document: Any) -> None:
        document.add_picture(io.BytesIO(build.picture("PNG")), width=Inches(1))

    assert refuse(build.docx(fill), "a.docx").reason == "needs_ocr"


def test_excel_a_sheet_a_page(read: Read) -> None:
    rows: list[list[Any]] = [
        ["Orders of March"],
        ["Date", "At", "Paid", "Sum", "Note"],
        [dt.date(2026, 3, 5), dt.time(14, 30), True, 0.1 + 0.2, "a|b\n*c*"],
        [dt.datetime(2026, 3, 6, 9, 5), None, False, 1200.0, None],  # noqa: DTZ001 - Excel knows no zones
        [],
        ["Checked by", "Okafor"],
    ]
    document = read(build.xlsx(March=rows, Empty=[]), "orders.xlsx")
    assert document.kind == "xlsx"
    march, empty = document.pages
    assert march.markdown == (
        "# March\n\nOrders of March\n\n| Date | At | Paid | Sum | Note |\n|---|---|---|---|---|\n"
        "| 2026-03-05 | 14:30:00 | TRUE | 0.3 | a\\|b \\*c\\* |\n| 2026-03-06 09:05:00 |  | FALSE | 1200 |  |\n\n"
        "| Checked by | Okafor |\n|---|---|"
    )
    assert march.text.startswith("March\n\nOrders of March\n\nDate\tAt\tPaid\tSum\tNote\n2026-03-05\t14:30:00\tTRUE")
    assert (empty.page_number, empty.success, empty.text) == (2, True, "")
    assert document.facts["sheets"] == ["March", "Empty"]


@pytest.mark.parametrize("number_format", ["0.0%", "0.00 %", "0%"])
def test_excel_shows_percentages_and_keeps_their_numbers(read: Read, number_format: str) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (["Part", "Share", "Count"], ["a", 0.256, 3], ["b", 1, 2], ["c", "=B2", True]):
        sheet.append(row)
    for cell in sheet["B"]:
        cell.number_format = number_format
    file = io.BytesIO()
    book.save(file)
    (page,) = read(file.getvalue(), "shares.xlsx").pages
    assert "| a | 25.6% | 3 |\n| b | 100% | 2 |\n| c | =B2 | TRUE |" in (page.markdown or "")
    rows = page.items[1]["rows"]
    assert rows == [["Part", "Share", "Count"], ["a", 0.256, 3], ["b", 1, 2], ["c", "=B2", "TRUE"]]
    assert type(rows[1][1]) is float


def test_excel_shows_a_formula_that_was_never_calculated(read: Read) -> None:
    document = read(build.xlsx(Sums=[["a", 1], ["b", 2], ["sum", "=SUM(B1:B2)"]]), "sums.xlsx")
    assert "| sum | =SUM(B1:B2) |" in (document.pages[0].markdown or "")


def test_excel_prefers_the_stored_result(read: Read) -> None:
    book = build.xlsx(Sums=[["a", 1], ["sum", "=SUM(B1:B1)"]])
    stored = build.changed(
        book,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<v></v>", b"<v>42</v>").replace(b"<v />", b"<v>42</v>"),
    )
    assert "| sum | 42 |" in (read(stored, "sums.xlsx").pages[0].markdown or "")


def test_excel_far_cells_do_not_fill_the_space_between(read: Read) -> None:
    book = Workbook()
    book.worksheets[0]["A1"] = "first"
    book.worksheets[0]["XFD1048576"] = "last"
    file = io.BytesIO()
    book.save(file)
    (page,) = read(file.getvalue(), "far.xlsx").pages
    assert page.text == "Sheet\n\nfirst\n\nlast"


def test_powerpoint_a_slide_a_page(read: Read) -> None:
    def fill(deck: Any) -> None:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = "Results"
        body = slide.placeholders[1].text_frame
        body.text = "up"
        deeper = body.add_paragraph()
        deeper.text, deeper.level = "in the north", 1
        table = slide.shapes.add_table(2, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
        for row, cells in enumerate((("Region", "Sales"), ("North", "12 | 13"))):
            for column, words in enumerate(cells):
                table.cell(row, column).text = words
        group = slide.shapes.add_group_shape()
        group.shapes.add_textbox(0, 0, 1000, 1000).text_frame.text = "in a group"
        slide.notes_slide.notes_text_frame.text = "mention the weather"
        deck.slides.add_slide(deck.slide_layouts[6])

    first, second = read(build.pptx(fill), "deck.pptx").pages
    assert first.markdown == (
        "# Results\n\n- up\n    - in the north\n\n| Region | Sales |\n|---|---|\n| North | 12 \\| 13 |\n\n"
        "in a group\n\n## Notes\n\nmention the weather"
    )
    assert (first.width, first.height) == (720, 540)
    assert (second.page_number, second.success, second.text) == (2, True, "")


def test_powerpoint_charts_are_tables(read: Read) -> None:
    def fill(deck: Any) -> None:
        shapes = deck.slides.add_slide(deck.slide_layouts[6]).shapes
        sales: Any = CategoryChartData()  # type: ignore[no-untyped-call]
        sales.categories = ["Q1", "Q2", "Q3"]
        sales.add_series("North", (1, 2.5, None))
        sales.add_series("South", (4, None, 6))
        chart = shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(3), sales).chart
        chart.has_title = True
        chart.chart_title.text_frame.text = "Sales"
        dots: Any = XyChartData()  # type: ignore[no-untyped-call]
        dots.add_series("Run").add_data_point(0.7, 2.7)
        shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, 0, 0, Inches(4), Inches(3), dots)

    deck = build.pptx(fill)
    (page,) = read(deck, "deck.pptx").pages
    wanted = "Sales\n\n\tNorth\tSouth\nQ1\t1\t4\nQ2\t2.5\t\nQ3\t\t6\n\n\tRun\n0.7\t2.7"
    assert page.text == wanted
    names = zipfile.ZipFile(io.BytesIO(deck)).namelist()
    chart = next(name for name in sorted(names) if name.startswith("ppt/charts/chart"))
    billions = build.changed(deck, chart, lambda xml: xml.replace(b'ptCount val="3"', b'ptCount val="2000000000"'))
    assert billions != deck
    assert read(billions, "deck.pptx").pages[0].text == wanted


def test_powerpoint_of_pictures_needs_ocr(refuse: Refuse) -> None:
    def fill(deck: Any) -> None:
        file = io.BytesIO()
        Image.new("RGB", (10, 10)).save(file, "PNG")
        deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_picture(file, 0, 0)

    assert refuse(build.pptx(fill), "deck.pptx").reason == "needs_ocr"


def test_office_files_are_told_apart_by_content(read: Read) -> None:
    document = read(build.xlsx(Sheet=[["a", "b"]]), "really.docx")
    assert document.kind == "xlsx"
    assert document.facts["name_mismatch"] == "The name promises a Word document, the content is an Excel workbook."
