from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from llamabatch_nb.engine.parsers import ParseOptions, door, parse_file, pdf
from llamabatch_nb.engine.parsers.base import Parsed
from llamabatch_nb.engine.parsers.pdf import parse_pdf
from tests.parsers import build
from tests.parsers.conftest import Read, Refuse

LINE = "The quick brown fox jumps over the lazy dog"


def test_a_page(read: Read) -> None:
    document = read(build.pdf(build.words(LINE)), "fox.pdf")
    assert document.kind == "pdf"
    (page,) = document.pages
    assert (page.page_number, page.success, page.error) == (1, True, None)
    assert (page.width, page.height) == (400, 300)
    assert page.text.strip() == LINE
    assert page.markdown == LINE
    assert document.facts["engine"] == "liteparse"
    assert document.facts["engine_version"].startswith("2.18.")
    assert "name_mismatch" not in document.facts


def test_the_fast_tier_makes_no_markdown(read: Read) -> None:
    (page,) = read(build.pdf(build.words(LINE)), "fox.pdf", tier="fast").pages
    assert page.text.strip() == LINE
    assert page.markdown is None


def test_an_owner_password_does_not_lock_readers_out(read: Read) -> None:
    owner_only = StandardEncryption("", ownerPassword="owner", strength=128, canPrint=0)
    document = read(build.pdf(build.words(LINE), encrypt=owner_only), "a.pdf")
    assert document.pages[0].text.strip() == LINE


def test_lines_on_every_page_are_kept(read: Read) -> None:
    def letter(text: str) -> build.Draw:
        def draw(canvas: Canvas) -> None:
            canvas.drawString(40, 285, "Alder and Pine Supply")
            canvas.drawString(40, 200, text)
            canvas.drawString(180, 10, "Page")

        return draw

    document = read(build.pdf(*(letter(f"{LINE} number {number}") for number in range(1, 4))), "a.pdf")
    for page in document.pages:
        assert "Alder and Pine Supply" in (page.markdown or "")


def test_pages_of_a_long_file_are_the_same_alone(read: Read) -> None:
    """More pages than one batch holds: nothing is lost, and no page depends on where batches are cut."""
    pages = [build.words(f"Section {number}: {LINE}") for number in range(1, 2 * pdf.BATCH + 3)]
    document = read(build.pdf(*pages), "long.pdf")
    assert [page.page_number for page in document.pages] == list(range(1, len(pages) + 1))
    for number in (1, pdf.BATCH, pdf.BATCH + 1, len(pages)):
        (alone,) = read(build.pdf(pages[number - 1]), "alone.pdf").pages
        long = document.pages[number - 1]
        assert (long.text, long.markdown) == (alone.text, alone.markdown)


def test_a_scan_among_pages_fails_alone(read: Read) -> None:
    document = read(build.pdf(build.words(LINE), build.scan, build.blank), "mixed.pdf")
    assert [page.success for page in document.pages] == [True, False, True]
    scan, blank = document.pages[1:]
    assert "OCR" in (scan.error or "")
    assert (scan.width, scan.height) == (400, 300)
    assert (blank.text, blank.markdown) == ("", "")


def test_a_title_over_a_picture_counts_as_read_among_others(read: Read) -> None:
    document = read(build.pdf(build.stamped("Thank you"), build.words(LINE)), "slides.pdf")
    assert [page.success for page in document.pages] == [True, True]


def test_a_broken_page_fails_alone(read: Read) -> None:
    whole = build.pdf(*(build.words(f"{LINE} {number}") for number in range(3)))
    kids = whole[whole.index(b"/Kids [") : whole.index(b"]", whole.index(b"/Kids ["))]
    first, second, third = (number for number in kids.split() if number.isdigit() and number != b"0")
    assert second in kids
    broken = whole.replace(kids, b"/Kids [ %s 0 R 99 0 R %s 0 R " % (first, third))
    document = read(broken, "broken.pdf")
    assert [page.page_number for page in document.pages] == [1, 2, 3]
    assert [page.success for page in document.pages] == [True, False, True]
    assert document.pages[1].error == "Damaged: the page could not be read."


def test_junk_before_the_header(read: Read) -> None:
    document = read(b"HTTP/1.1 200 OK\r\n\r\n" + build.pdf(build.words(LINE)), "download.pdf")
    assert document.pages[0].text.strip() == LINE


@pytest.mark.parametrize(("name", "said"), [("a.docx", "a Word document"), ("a.txt", "a text file")])
def test_a_wrong_name_is_read_and_told(read: Read, name: str, said: str) -> None:
    document = read(build.pdf(build.words(LINE)), name)
    assert document.kind == "pdf"
    assert document.facts["name_mismatch"] == f"The name promises {said}, the content is a PDF."


def test_no_suffix_promises_nothing(read: Read) -> None:
    assert "name_mismatch" not in read(build.pdf(build.words(LINE)), "scan0001").facts


def test_twice_the_same(read: Read) -> None:
    data = build.pdf(build.words(LINE), build.words("more"))
    assert read(data, "a.pdf") == read(data, "a.pdf")


def test_large_files_are_read_from_their_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(build.pdf(build.words(LINE)))
    monkeypatch.setattr(door, "LARGE", 100)
    seen: list[object] = []

    def spy(source: bytes | Path, options: ParseOptions) -> Parsed:
        seen.append(source)
        return parse_pdf(source, options)

    monkeypatch.setattr(pdf, "parse_pdf", spy)
    document = parse_file(path, "large.pdf", ParseOptions("agentic"))
    assert seen == [path]
    assert document.pages[0].text.strip() == LINE
    misnamed = path.rename(tmp_path / "large.docx")
    assert parse_file(misnamed, "large.docx", ParseOptions("agentic")).pages == document.pages


def test_pages_that_are_only_claimed(read: Read, refuse: Refuse, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed = build.pdf(build.words(LINE)).replace(b"/Count 1 ", b"/Count 40 ")
    assert [page.success for page in read(claimed, "a.pdf").pages] == [True] + [False] * 39
    monkeypatch.setattr(pdf, "PAGES", 39)
    assert refuse(claimed, "a.pdf").reason == "too_large"


def test_printed_page_numbers(read: Read) -> None:
    """Pages of a preface are counted in Roman numerals."""
    labels = b"/PageLabels << /Nums [0 << /S /r /St 4 >> 1 << /S /D /P (A-) >>] >> /Type /Catalog"
    data = build.pdf(build.words(LINE), build.words(LINE)).replace(b"/Type /Catalog", labels)
    assert [page.metadata for page in read(data, "book.pdf").pages] == [
        {"printed_page_number": "iv"},
        {"printed_page_number": "A-1"},
    ]
    assert read(build.pdf(build.words(LINE)), "a.pdf").pages[0].metadata == {}


def test_more_failed_pages_than_are_allowed(read: Read, refuse: Refuse) -> None:
    data = build.pdf(build.words(LINE), build.scan, build.words(LINE))
    assert [page.success for page in read(data, "a.pdf", allowed_page_failure_ratio=0.34).pages] == [True, False, True]
    finding = refuse(data, "a.pdf", allowed_page_failure_ratio=0.33)
    assert finding.reason == "pages_failed"
    assert str(finding).startswith("1 of 3 pages failed")
