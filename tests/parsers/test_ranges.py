from __future__ import annotations

from typing import Any

import pytest

from llamabatch_nb.engine.parsers import pdf
from llamabatch_nb.engine.parsers.ranges import pages_of
from tests.parsers import build
from tests.parsers.conftest import Read, Refuse

LONG = build.pdf(*(build.words(f"This is the text of page {number}") for number in range(1, 61)))


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("1", [1]),
        ("1,3,5-8", [1, 3, 5, 6, 7, 8]),
        (" 5 - 6 , 2 ", [2, 5, 6]),
        ("7-7,8", [7, 8]),
    ],
)
def test_pages_of(text: str, pages: list[int]) -> None:
    assert [number for part in pages_of(text) for number in part] == pages


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no page"),
        ("1,,2", "no page"),
        ("a", "'a'"),
        ("-3", "no page"),
        ("1-", "no page"),
        ("1.5", "no page"),
        ("²", "no page"),
        ("9" * 10, "no page"),
        ("0-3", "no page 0"),
        ("8-5", "runs backwards"),
        ("3,1-4", "Page 3 is named twice"),
        ("1," * 5001, "longer than"),
    ],
)
def test_what_is_no_list_of_pages(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        pages_of(text)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 120


def test_a_range_stays_a_range() -> None:
    assert pages_of("1-999999999") == (range(1, 10**9),)


@pytest.mark.parametrize(
    ("options", "pages"),
    [
        ({"max_pages": 3}, [1, 2, 3]),
        ({"max_pages": 55}, [*range(1, 56)]),
        ({"target_pages": "2,59-70"}, [2, 59, 60]),
        ({"target_pages": "2", "max_pages": 1}, [2]),  # says the SDK: target_pages takes precedence
        ({"target_pages": "1-999999999"}, [*range(1, 61)]),
    ],
)
def test_pages_of_a_pdf_keep_their_numbers(read: Read, options: dict[str, Any], pages: list[int]) -> None:
    document = read(LONG, "long.pdf", **options)
    assert [page.page_number for page in document.pages] == pages
    assert [page.text.strip() for page in document.pages] == [f"This is the text of page {number}" for number in pages]
    assert document.facts["pages_total"] == 60


def test_pages_that_are_not_wanted_are_not_read(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = pdf._pages

    def spy(result: Any, *arguments: Any, **more: Any) -> Any:
        seen.extend(page.page_num for page in result.pages)
        return real(result, *arguments, **more)

    monkeypatch.setattr(pdf, "_pages", spy)
    read(LONG, "long.pdf", max_pages=2)
    read(LONG, "long.pdf", target_pages="40")
    assert seen == [1, 2, 40]


def _docx() -> bytes:
    def fill(document: Any) -> None:
        document.sections[0].footer.paragraphs[0].text = "the end"
        for number in range(1, 4):
            document.add_paragraph(f"page {number}")
            if number < 3:
                document.add_page_break()

    return build.docx(fill)


def _pptx() -> bytes:
    def fill(deck: Any) -> None:
        for number in range(1, 4):
            deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = f"page {number}"

    return build.pptx(fill)


OFFICE = {
    "a.docx": _docx(),
    "a.pptx": _pptx(),
    "a.xlsx": build.xlsx(A=[["page 1"]], B=[["page 2"]], C=[["page 3"]]),
}


@pytest.mark.parametrize("name", OFFICE)
def test_office_pages(read: Read, refuse: Refuse, name: str) -> None:
    for options, pages in (({"max_pages": 2}, [1, 2]), ({"target_pages": "3,8-9"}, [3]), ({"target_pages": "2"}, [2])):
        found = read(OFFICE[name], name, **options).pages
        assert [page.page_number for page in found] == pages
        for page in found:
            assert f"page {page.page_number}" in page.text
            assert ("the end" in page.text) == (page.page_number == 3 and name == "a.docx")
    finding = refuse(OFFICE[name], name, target_pages="4-9")
    assert (finding.reason, "page range" in str(finding)) == ("no_pages", True)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", LONG),
        ("a.html", b"<html><p>words</p>"),
        ("a.csv", b"a,b\n"),
        ("a.txt", b"words"),
    ],
)
def test_a_range_that_selects_nothing(refuse: Refuse, name: str, data: bytes) -> None:
    finding = refuse(data, name, target_pages="61-70")
    assert finding.reason == "no_pages"
    assert str(finding) == "No pages of it are in the page range: set another range and retry it."


@pytest.mark.parametrize("name", ["a.pdf", "a.txt"])
def test_a_wrong_list_in_an_old_configuration_is_said(refuse: Refuse, name: str) -> None:
    finding = refuse(LONG if name == "a.pdf" else b"words", name, target_pages="x")
    assert finding.reason == "no_pages"
    assert "'x'" in str(finding)


def test_sheets_that_are_not_wanted_are_not_read(read: Read) -> None:
    book = build.changed(
        OFFICE["a.xlsx"], "xl/worksheets/sheet2.xml", lambda xml: xml.split(b"<sheetData>")[0] + b"<sheetData><broken"
    )
    assert [page.page_number for page in read(book, "a.xlsx", target_pages="1,3").pages] == [1, 3]
