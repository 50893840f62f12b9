from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from llamabatch_nb.engine.parsers.markdown import PageWriter
from llamabatch_nb.engine.parsers.markup import escape, fence, inline, one_line, table

RENDER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
#: What markup is made of, and some letters to stand between.
HOSTILE = st.text(alphabet="ab1 .)#*_-+=>`~[]()!<>&;|\\/:\n\"'", max_size=40)


def _words(html: str, tag: str) -> str:
    """What a browser shows of an element that may hold line breaks only."""
    assert html.startswith(f"<{tag}>")
    assert html.endswith(f"</{tag}>\n")
    inner = html[len(tag) + 2 : -len(tag) - 4].replace("<br />", " ")
    assert "<" not in inner, inner
    return one_line(unescape(inner))


@given(HOSTILE)
def test_a_paragraph_stays_a_paragraph(words: str) -> None:
    if words.strip():
        assert _words(RENDER.render(escape(words)), "p") == one_line(words)


@given(st.integers(1, 6), HOSTILE)
def test_a_heading_stays_a_heading(level: int, words: str) -> None:
    writer = PageWriter()
    writer.heading(level, words)
    if words.strip():
        assert _words(RENDER.render(writer.page(1).markdown or ""), f"h{level}") == one_line(words)


@given(st.lists(st.lists(HOSTILE, min_size=2, max_size=2), min_size=2, max_size=3))
def test_cells_stay_in_their_cells(rows: list[list[str]]) -> None:
    html = RENDER.render(table(rows))
    cells = [unescape(part.split("</t")[0]) for part in html.replace("<th>", "<td>").split("<td>")[1:]]
    assert cells == [one_line(cell) for row in rows for cell in row]


@given(HOSTILE)
def test_a_fence_holds(words: str) -> None:
    html = RENDER.render(fence(words))
    assert unescape(html) == f'<pre><code class="language-text">{words.rstrip()}\n</code></pre>\n'


def test_names_with_underscores_stay_readable() -> None:
    assert inline("snake_case_name costs 5 $") == "snake_case_name costs 5 $"


def test_items_nest_one_step_at_a_time() -> None:
    writer = PageWriter()
    writer.item(3, "starts deep")
    writer.item(3, "deeper")
    writer.item(0, "back", 7)
    writer.paragraph("between")
    writer.item(2, "anew")
    assert writer.page(1).markdown == "- starts deep\n    - deeper\n7. back\n\nbetween\n\n- anew"


@pytest.mark.parametrize("words", ["", "  \n "])
def test_nothing_makes_no_block(words: str) -> None:
    writer = PageWriter()
    writer.heading(1, words)
    writer.paragraph(words)
    writer.item(0, words)
    writer.verbatim(words)
    writer.table([[words, words]])
    page = writer.page(4, 10, 20)
    assert (page.page_number, page.text, page.markdown, page.width, page.height) == (4, "", "", 10, 20)
