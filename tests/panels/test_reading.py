from __future__ import annotations

from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.panels.reading import WINDOW, Leaf, leaves, window
from tests.panels.support import parsed


def test_pages_are_joined_by_number() -> None:
    assert leaves(parsed("# a", None, texts=["a", "b", "c"])) == [
        Leaf(1, "# a", "a"),
        Leaf(2, None, "b", "The model gave up."),
        Leaf(3, None, "c"),
    ]


def test_a_result_without_pages_is_one_page_or_none() -> None:
    job = {"id": "pjb-1", "project_id": "prj-1", "status": "COMPLETED"}
    assert leaves(ParseResult.model_validate({"job": job})) == []
    assert leaves(ParseResult.model_validate({"job": job, "text_full": "x"})) == [Leaf(1, None, "x")]


def test_a_long_document_is_rendered_a_window_at_a_time() -> None:
    pages = leaves(parsed(*["x" * 10_000] * 1200))
    first = window(pages, 0)
    assert len(first) == WINDOW // 10_000 - 1  # the tags around them count too
    assert [page["number"] for page in window(pages, 700)][:2] == [701, 702]


def test_one_page_is_shown_however_long_it_is() -> None:
    pages = leaves(parsed("x" * 200_000, "y"))
    assert len(window(pages, 0)) == 1


def test_pages_go_out_sanitised() -> None:
    [page] = window(leaves(parsed("<script>alert(1)</script>[x](javascript:alert(1))")), 0)
    assert "<script" not in page["html"]
    assert "href" not in page["html"]
