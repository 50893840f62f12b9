from __future__ import annotations

import pytest

from tests.parsers.conftest import Read

PAGE = """<!DOCTYPE html><html><head><title>Price &amp; list</title><style>p {}</style></head><body>
<h1>Prices</h1><p>See <a href="javascript:x()">the *list*</a>,<br>second line.</p>
<script>alert("never shown")</script>
<ol><li>one<ul><li>deeper</li></ul></li><li>two</li></ol>
<table><caption>Fruit</caption>
<tr><th>Name</th><th colspan=2>Price | unit</th></tr>
<tr><td rowspan="2">Apple</td><td>1.20</td><td>kg</td></tr>
<tr><td>0.30</td><td>each<br>or so</td></tr></table>
<pre>keep
   these  spaces</pre>
<p>1. no list &lt;b&gt;no markup&lt;/b&gt;</p>
</body></html>"""


def test_a_page(read: Read) -> None:
    document = read(PAGE.encode(), "prices.html")
    assert document.kind == "html"
    (page,) = document.pages
    assert page.markdown == (
        "# Prices\n\nSee the \\*list\\*,\\\nsecond line.\n\n1. one\n    - deeper\n2. two\n\nFruit\n\n"
        "| Name | Price \\| unit |  |\n|---|---|---|\n| Apple | 1.20 | kg |\n|  | 0.30 | each or so |\n\n"
        "```text\nkeep\n   these  spaces\n```\n\n1\\. no list \\<b>no markup\\</b>"
    )
    assert "never shown" not in page.text
    assert "1. no list <b>no markup</b>" in page.text
    assert document.facts["title"] == "Price & list"


def test_tables_for_layout_are_read_as_text(read: Read) -> None:
    page = b"<html><table><tr><td><h2>News</h2><p>Body</p></td><td><table><tr><td>a</td></tr></table></td></tr></table>"
    assert read(page, "old.html").pages[0].markdown == "## News\n\nBody\n\n| a |\n|---|"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("<meta charset='windows-1252'><body>Größe €</body>".encode("cp1252"), "windows-1252"),
        ("<meta charset=iso-8859-1><body>Größe €</body>".encode("cp1252"), "cp1252"),
        ("<meta charset=utf-16><body>Größe €</body>".encode(), "utf-8"),
        ("<meta charset=nonsense><body>Größe €</body>".encode(), "utf-8"),
        ("<body>Größe €</body>".encode("utf-16"), "utf-16"),
    ],
)
def test_encodings(read: Read, data: bytes, encoding: str) -> None:
    document = read(data, "a.html")
    assert document.pages[0].text == "Größe €"
    assert document.facts["encoding"] == encoding


def test_a_name_or_a_tag_makes_it_a_page(read: Read) -> None:
    assert read(b"<p>Hello</p>", "part.htm").pages[0].text == "Hello"
    assert read(b"<!-- note --><HTML><p>Hello</p>", "download").kind == "html"
    assert read(b"a < b, and <html is a word", "notes.txt").kind == "html"  # a browser would think so too


@pytest.mark.parametrize("tag", ["b", "div", "ul><li"])
def test_deep_nesting_is_read_without_recursion(read: Read, tag: str) -> None:
    page = b"<html>" + f"<{tag}>".encode() * 3000 + b"hello"
    document = read(page, "deep.html")
    assert document.pages[0].text.strip().endswith("hello")
    assert len(document.pages[0].text) < 1000


def test_spans_cannot_ask_for_billions(read: Read) -> None:
    page = b"<html><table>" + b"<tr><td colspan=1000 rowspan=65534>x" * 200 + b"</table>"
    assert len(read(page, "a.html").pages[0].text) < 200 * 15


def test_what_the_markup_hides_is_left_out(read: Read) -> None:
    page = (
        b'<p style="Display : none">preheader</p><p hidden>later</p><p>shown<b style="visibility:hidden">not</b></p>'
        b'<table><tr><td>a</td><td hidden>b</td></tr><tr style="display:none"><td>c</td></tr>'
        b"<tr><td>d <i hidden>e</i></td></tr></table>"
    )
    assert read(b"<html>" + page, "a.html").pages[0].text == "shown\n\na\nd"


def test_links_in_a_row_keep_apart(read: Read) -> None:
    page = b'<nav><a href="https://a.example/1">One</a><a href="https://a.example/2">Two</a></nav>'
    assert read(b"<html>" + page, "a.html").pages[0].text == "One Two"


def test_a_term_stands_on_the_line_of_what_is_said_of_it(read: Read) -> None:
    page = (
        b"<dl><dt>Order no</dt><dd>4711</dd><dt>State:</dt><dd><p>open</p><p>since May</p></dd><dt>Alone<dt>Sizes</dt>"
        b"<dd><table><tr><td>1</td><td>2</td></tr></table></dd><dt>Last</dt></dl><p>after</p>"
    )
    assert read(b"<html>" + page, "a.html").pages[0].text == (
        "Order no: 4711\n\nState: open\n\nsince May\n\nAlone\n\nSizes\n\n1\t2\n\nLast\n\nafter"
    )


def test_boxes_show_whether_they_are_ticked(read: Read) -> None:
    page = (
        b"<p>Smoker <input type=radio checked>Yes <input type=radio>No <input type=text value=x>"
        b"<input type=checkbox hidden></p>"
        b"<table><tr><td>Mail</td><td><input type=CHECKBOX checked=''></td></tr></table>"
    )
    assert read(b"<html>" + page, "a.html").pages[0].text == "Smoker ☒ Yes ☐ No\n\nMail\t☒"
