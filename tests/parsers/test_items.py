"""What each format's items are, to the letter, and that the official SDK takes every one of them."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_cloud.types.parsing_get_response import ItemsPageStructuredResultPage
from selectolax.lexbor import LexborHTMLParser

from llamabatch_nb.engine.parsers import ParsedDocument, read_payload, write_payload
from llamabatch_nb.engine.parsers.items import complete, only_link, plain
from llamabatch_nb.engine.parsers.markdown import PageWriter
from tests.parsers import build
from tests.parsers.conftest import Read

Items = list[dict[str, Any]]
KINDS = {"text", "heading", "list", "table", "image", "link", "code", "header", "footer"}


def items_of(document: ParsedDocument) -> list[Items]:
    """The items of each page as the API shows them, looked at by the SDK's own models."""
    pages = read_payload(write_payload(document))["pages"]
    for page in pages:
        sized = {**page, "page_width": page["page_width"] or 0.0, "page_height": page["page_height"] or 0.0}
        shown = ItemsPageStructuredResultPage.model_validate(sized).items
        assert [type(item).__name__ for item in shown] == [f"{item['type'].title()}Item" for item in page["items"]]
        for item in page["items"]:
            _whole(item)
    return [page["items"] for page in pages]


def _whole(item: dict[str, Any]) -> None:
    """No key of the model is missing but those that may be, and none is there that it does not know."""
    keys = {
        "text": {"md", "value"},
        "heading": {"level", "md", "value"},
        "list": {"md", "ordered", "items"},
        "table": {"md", "html", "csv", "rows"},
        "image": {"caption", "md", "url"},
        "link": {"text", "url", "md"},
        "code": {"md", "value"},
        "header": {"md", "items"},
        "footer": {"md", "items"},
    }[item["type"]]
    assert item.keys() - {"type", "bbox", "language"} == keys
    for child in item.get("items", ()):
        _whole(child)


def words(value: str, md: str | None = None) -> dict[str, Any]:
    return {"type": "text", "md": value if md is None else md, "value": value}


def without_boxes(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: without_boxes(value) for key, value in item.items() if key != "bbox"}
    return [without_boxes(one) for one in item] if isinstance(item, list) else item


def box(x: float, y: float, w: float, h: float) -> list[dict[str, float]]:
    return [{"x": x, "y": y, "w": w, "h": h}]


def test_pdf(read: Read) -> None:
    (items,) = items_of(read(build.pdf(build.report), "report.pdf"))
    assert without_boxes(items) == [
        {"type": "heading", "level": 1, "md": "# Stock \\*report\\*", "value": "Stock *report*"},
        words(
            "Counted on 3 May by the <b>night</b> shift, at 5 * 6 shelves.",
            "Counted on 3 May by the <b>night</b> shift, at 5 \\* 6 shelves.",
        ),
        {
            "type": "list",
            "md": "1. shelves\n2. boxes\n    - of wood\n3. crates",
            "ordered": True,
            "items": [
                words("shelves"),
                words("boxes"),
                {"type": "list", "md": "- of wood", "ordered": False, "items": [words("of wood")]},
                words("crates"),
            ],
        },
        {
            "type": "table",
            "md": "| Part | Count | Note |\n|---|---|---|\n| A\\|1 | 12 | \\<i> |\n| B_2 |  | low |",
            "html": "<table><tr><th>Part</th><th>Count</th><th>Note</th></tr><tr><td>A|1</td><td>12</td>"
            "<td>&lt;i&gt;</td></tr><tr><td>B_2</td><td></td><td>low</td></tr></table>",
            "csv": "Part,Count,Note\nA|1,12,<i>\nB_2,,low\n",
            "rows": [["Part", "Count", "Note"], ["A|1", "12", "<i>"], ["B_2", None, "low"]],
        },
        {
            "type": "link",
            "md": "[our site](https://example.com/a_b)",
            "text": "our site",
            "url": "https://example.com/a_b",
        },
        {
            "type": "code",
            "md": "```python\ndef f(x):\nreturn x * 2\nprint(f(2))\n```",
            "value": "def f(x):\nreturn x * 2\nprint(f(2))",
            "language": "python",
        },
    ]
    heading, _, nested, table, _, _ = items
    assert heading["bbox"] == box(40.0, 15.76, 133.0, 24.0)
    assert nested["bbox"] == box(40.0, 70.55, 56.0, 48.0)  # around its items
    assert nested["items"][2]["bbox"] == box(55.0, 94.55, 41.0, 12.0)
    assert table["bbox"] == box(40.0, 140.0, 240.0, 60.0)


def test_word(read: Read) -> None:
    def fill(document: Any) -> None:
        document.sections[0].header.paragraphs[0].text = "Alder & Pine"
        document.sections[0].footer.paragraphs[0].text = "page *1*"
        document.add_heading("Report", level=2)
        document.add_paragraph("one", style="List Number")
        document.add_paragraph("deeper", style="List Bullet 2")
        table = document.add_table(rows=3, cols=2)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
        table.cell(1, 0).merge(table.cell(2, 0)).text = "tall"
        table.cell(1, 1).text = "x\ny"

    (items,) = items_of(read(build.docx(fill), "a.docx"))
    assert items == [
        {"type": "header", "md": "Alder & Pine", "items": [words("Alder & Pine")]},
        {"type": "heading", "level": 2, "md": "## Report", "value": "Report"},
        {
            "type": "list",
            "md": "1. one\n    - deeper",
            "ordered": True,
            "items": [
                words("one"),
                {"type": "list", "md": "- deeper", "ordered": False, "items": [words("deeper")]},
            ],
        },
        {
            "type": "table",
            "md": "| wide |  |\n|---|---|\n| tall | x y |\n|  |  |",
            "html": '<table><tr><th colspan="2">wide</th></tr><tr><td rowspan="2">tall</td><td>x y</td></tr>'
            "<tr><td></td></tr></table>",
            "csv": "wide,\ntall,x y\n,\n",
            "rows": [["wide", None], ["tall", "x y"], [None, None]],
        },
        {"type": "footer", "md": "page \\*1\\*", "items": [words("page *1*", "page \\*1\\*")]},
    ]


def test_excel_keeps_numbers(read: Read) -> None:
    rows: list[list[Any]] = [
        ["Orders"],
        ["Item", "Count", "Price", "Paid"],
        ["a;b", 3, 0.1 + 0.2, True],
        ["c", None, 1e20, "007"],
    ]
    (items,) = items_of(read(build.xlsx(March=rows), "a.xlsx"))
    assert items == [
        {"type": "heading", "level": 1, "md": "# March", "value": "March"},
        words("Orders"),
        {
            "type": "table",
            "md": "| Item | Count | Price | Paid |\n|---|---|---|---|\n"
            "| a;b | 3 | 0.3 | TRUE |\n| c |  | 1e+20 | 007 |",
            "html": "<table><tr><th>Item</th><th>Count</th><th>Price</th><th>Paid</th></tr>"
            "<tr><td>a;b</td><td>3</td><td>0.3</td><td>TRUE</td></tr>"
            "<tr><td>c</td><td></td><td>1e+20</td><td>007</td></tr></table>",
            "csv": "Item,Count,Price,Paid\na;b,3,0.3,TRUE\nc,,1e+20,007\n",
            "rows": [["Item", "Count", "Price", "Paid"], ["a;b", 3, 0.3, "TRUE"], ["c", None, 1e20, "007"]],
        },
    ]


def test_powerpoint(read: Read) -> None:
    def fill(deck: Any) -> None:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = "Results"
        slide.placeholders[1].text_frame.text = "up"
        deeper = slide.placeholders[1].text_frame.add_paragraph()
        deeper.text, deeper.level = "in the north", 1
        table = slide.shapes.add_table(2, 2, 12700, 25400, 38100, 50800).table
        table.cell(0, 0).merge(table.cell(0, 1))
        table.cell(0, 0).text, table.cell(1, 1).text = "wide", "x"
        slide.notes_slide.notes_text_frame.text = "mention the weather"

    document = read(build.pptx(fill), "a.pptx")
    (items,) = items_of(document)
    title, bullets, table, notes, said = items
    assert title == {**title, "type": "heading", "value": "Results", "bbox": box(36.0, 21.63, 648.0, 90.0)}
    inner = {"type": "list", "md": "- in the north", "ordered": False, "items": [words("in the north")]}
    assert without_boxes(bullets) == {
        "type": "list",
        "md": "- up\n    - in the north",
        "ordered": False,
        "items": [words("up"), inner],
    }
    assert table["bbox"] == box(1.0, 2.0, 3.0, 4.0)
    assert table["rows"] == [["wide", None], [None, "x"]]
    assert table["html"] == '<table><tr><th colspan="2">wide</th></tr><tr><td></td><td>x</td></tr></table>'
    assert (notes["value"], said["value"]) == ("Notes", "mention the weather")
    assert document.pages[0].metadata == {"speaker_notes": "mention the weather"}


def test_powerpoint_sections(read: Read) -> None:
    def fill(deck: Any) -> None:
        for _ in range(2):
            deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "words"

    ids = (
        b'<p:extLst><p:ext uri="{521415D9-36F7-43E2-AB2F-B90AF26B5E84}">'
        b'<p14:sectionLst xmlns:p14="http://schemas.microsoft.com/office/powerpoint/2010/main">'
        b'<p14:section name="Opening" id="{1}"><p14:sldIdLst><p14:sldId id="256"/></p14:sldIdLst></p14:section>'
        b"</p14:sectionLst></p:ext></p:extLst></p:presentation>"
    )
    deck = build.changed(build.pptx(fill), "ppt/presentation.xml", lambda xml: xml.replace(b"</p:presentation>", ids))
    first, second = read(deck, "a.pptx").pages
    assert (first.metadata, second.metadata) == ({"slide_section_name": "Opening"}, {})


def test_html(read: Read) -> None:
    page = (
        b"<html><h2>Prices</h2><p>see <a href='https://a.example/'>this</a> first</p>"
        b"<p> <a href='https://a.example/x (1)'>broken</a><p><a href='https://a.example/(1)'>the <b>list</b></a> </p>"
        b"<p><a href='javascript:go()'>a trap</a></p><img alt='an *apple*' src='https://a.example/i.png'>"
        b"<img src='data:image/png;base64,AA'><ul><li>one<li><a href='https://a.example'>two</a></ul>"
        b"<table><tr><th colspan=2>wide<tr><td rowspan=9><script>x</script>tall<td>&lt;b&gt;</table>"
        b"<pre>a\n  b</pre>"
    )
    (items,) = items_of(read(page, "a.html"))
    target = "https://a.example/%281%29"
    assert items == [
        {"type": "heading", "level": 2, "md": "## Prices", "value": "Prices"},
        words("see this first"),
        words("broken"),  # a browser mends such a target, but what it means is a guess
        {"type": "link", "md": f"[the list]({target})", "text": "the list", "url": "https://a.example/(1)"},
        words("a trap"),
        {
            "type": "image",
            "md": "![an \\*apple\\*](https://a.example/i.png)",
            "caption": "an *apple*",
            "url": "https://a.example/i.png",
        },
        {"type": "list", "md": "- one\n- two", "ordered": False, "items": [words("one"), words("two")]},
        {
            "type": "table",
            "md": "| wide |  |\n|---|---|\n| tall | \\<b> |",
            "html": '<table><tr><th colspan="2">wide</th></tr><tr><td>tall</td><td>&lt;b&gt;</td></tr></table>',
            "csv": "wide,\ntall,<b>\n",
            "rows": [["wide", None], ["tall", "<b>"]],
        },
        {"type": "code", "md": "```text\na\n  b\n```", "value": "a\n  b"},
    ]


def test_text_and_tables_in_text(read: Read) -> None:
    assert items_of(read(b"a  b\n* c\n", "a.txt")) == [
        [{"type": "code", "md": "```text\na  b\n* c\n```", "value": "a  b\n* c\n"}]
    ]
    assert items_of(read(b"# A\n", "a.md")) == [[{"type": "text", "md": "# A\n", "value": "# A\n"}]]
    ((table,),) = items_of(read(b'a;b\n"x;\ny";1,50\nz\n', "a.csv"))
    assert table["rows"] == [["a", "b"], ["x;\ny", "1,50"], ["z", None]]
    assert table["csv"] == 'a,b\n"x;\ny","1,50"\nz,\n'
    assert table["md"] == "| a | b |\n|---|---|\n| x; y | 1,50 |\n| z |  |"


def test_fast_has_none(read: Read) -> None:
    for data, name in ((build.pdf(build.report), "a.pdf"), (b"<html><h1>A</h1>", "a.html")):
        document = read(data, name, tier="fast")
        assert (items_of(document), document.pages[0].markdown) == ([[]], None)
        assert "without markdown and items" in document.facts["note"]
    assert "without a language model" in read(b"words", "a.txt").facts["note"]


def test_a_list_that_starts_late_and_changes_its_kind() -> None:
    writer = PageWriter()
    writer.item(0, "seven", 7)
    writer.item(0, "eight", 8)
    writer.item(5, "deep")
    writer.item(0, "bullet")
    writer.image("between", "https://a.example/i.png")
    writer.item(1, "below")
    page = writer.page(1)
    shown = [complete(item, {}) for item in page.items]
    assert [item["md"] for item in shown] == [
        "7. seven\n8. eight\n    - deep",
        "- bullet\n    - below",
        "![between](https://a.example/i.png)",
    ]
    assert page.markdown == "\n".join((shown[0]["md"], shown[1]["md"]))


@given(st.lists(st.lists(st.text("ab<>&\"',;\n|*", max_size=6) | st.none(), max_size=4), min_size=1, max_size=4))
def test_a_table_says_the_same_in_every_form(rows: list[list[str | None]]) -> None:
    if not any(rows):
        return
    table = complete({"type": "table", "rows": rows}, {})
    width = max(map(len, rows))
    assert all(len(row) == width for row in table["rows"])
    wanted = [[cell or "" for cell in row] for row in table["rows"]]
    read_back = [*csv.reader(io.StringIO(table["csv"], newline=""))]
    assert [row or [""] for row in read_back] == wanted
    cells = [cell.text() for cell in LexborHTMLParser(table["html"]).css("td, th")]
    assert cells == [cell for row in wanted for cell in row]


def test_spans_that_overlap_are_dropped(read: Read) -> None:
    page = b"<html><table><tr>" + b"<td colspan=100 rowspan=100>x" * 50 + b"<tr><td>y" * 120 + b"</table>"
    ((table,),) = items_of(read(page, "a.html"))
    assert "span" not in table["html"]


@pytest.mark.parametrize("name", ["a.html", "a.csv"])
def test_one_wide_row_does_not_widen_a_long_table(read: Read, name: str) -> None:
    data = b"," * 3000 + b"a\n" + b"x\n" * 3000
    if name == "a.html":
        data = b"<html><table><tr>" + b"<td>" * 3000 + b"a" + b"<tr><td>x" * 3000 + b"</table>"
    document = read(data, name)
    assert len(document.pages[0].markdown or "") < 100_000
    ((table,),) = items_of(document)
    assert sum(len(table[form]) for form in ("md", "html", "csv")) < 300_000
    assert (len(table["rows"]), table["rows"][-1]) == (3001, ["x"])


@pytest.mark.parametrize(
    ("md", "words"),
    [
        ("**Total:** 5 \\* 6 = 30", "Total: 5 * 6 = 30"),
        ("***both*** and *one*", "both and one"),
        ("see [our *site*](https://a.example/x) now", "see our site now"),
        ("an array[1](2) and \\_name\\_", "an array[1](2) and _name_"),
    ],
)
def test_plain(md: str, words: str) -> None:
    assert plain(md) == words


@pytest.mark.parametrize("md", ["[a](https://x.example) b", "[a](javascript:go)", "[a](b)", "(a)"])
def test_what_is_no_link(md: str) -> None:
    assert only_link(md) is None
