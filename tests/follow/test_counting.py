from __future__ import annotations

import io
import logging
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption

from llamabatch_nb.follow.sources import counting
from llamabatch_nb.follow.sources.counting import count_all, count_pages
from llamabatch_nb.follow.sources.source import SourceFile
from tests.parsers import build

Count = Callable[[bytes], int | None]
THREE = build.pdf(*[build.words(f"page {number}") for number in range(3)])


@pytest.fixture
def count(tmp_path: Path) -> Count:
    """Count the pages of bytes, under a name that says nothing."""

    def pages(data: bytes) -> int | None:
        path = tmp_path / "content"
        path.write_bytes(data)
        return count_pages(path)

    return pages


def tiff(frames: int) -> bytes:
    file = io.BytesIO()
    pictures = [Image.new("L", (4, 3), number) for number in range(frames)]
    pictures[0].save(file, "TIFF", save_all=True, append_images=pictures[1:])
    return file.getvalue()


def word(pages: int, words: int) -> bytes:
    """A Word file with the properties that Word leaves behind."""
    plain = build.docx(lambda document: document.add_paragraph("Dear reader"))
    told = f"<Pages>{pages}</Pages><Words>{words}</Words>".encode()
    return build.changed(
        plain, "docProps/app.xml", lambda xml: xml.replace(b"<Pages>1</Pages>\n  <Words>0</Words>", told)
    )


def four_slides(deck: Any) -> None:
    for _ in range(4):
        deck.slides.add_slide(deck.slide_layouts[6])


def long_letter(document: Any) -> None:
    for _ in range(99):
        document.add_paragraph("word " * 500)


def test_what_files_say_of_themselves(count: Count) -> None:
    assert count(THREE) == 3
    assert count(b"\n\n" + THREE) == 3
    assert count(word(7, 1200)) == 7
    assert count(build.xlsx(One=[[1]], Two=[[2]])) == 2
    assert count(build.pptx(four_slides)) == 4
    assert count(tiff(1)) == 1
    assert count(tiff(5)) == 5
    for picture in ("PNG", "JPEG", "GIF", "BMP", "WEBP"):
        assert count(build.picture(picture)) == 1


def test_what_says_nothing_of_pages(count: Count) -> None:
    # python-docx leaves the template's one page of no words in place.
    assert count(build.docx(long_letter)) is None
    for data in (
        b"",
        b"text\n",
        b"# head\n",
        b"<html><body>x</body></html>",
        b"a,b\n1,2\n",
        build.old_office("Workbook"),
    ):
        assert count(data) is None
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("a.txt", "1")
    assert count(archive.getvalue()) is None
    assert count_pages(Path("nowhere.pdf")) is None


def test_a_pdf_that_opens_without_a_password_is_counted_and_another_is_not(count: Count) -> None:
    page = build.words("secret")
    assert count(build.pdf(page, encrypt=StandardEncryption("", ownerPassword="owner", strength=128))) == 1
    assert count(build.pdf(page, encrypt=StandardEncryption("user", ownerPassword="owner", strength=128))) is None


def test_a_small_pdf_with_a_broken_table_is_counted(
    count: Count, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = THREE.replace(b"startxref\n", b"startxref\n9")
    assert count(broken) == 3
    assert caplog.records == []  # pypdf says what it mends, which is nobody's business here
    assert logging.getLogger("pypdf").level == logging.NOTSET
    monkeypatch.setattr(counting, "_REPAIRED", len(broken) - 1)
    assert count(broken) is None


@pytest.mark.parametrize(
    "pdf",
    [
        THREE[: len(THREE) // 2],
        b"%PDF-1.7\n" + build.noise(200_000),
        b"%PDF-1.7\n" + b"<<" * 10_000 + b"\nstartxref\n9\n%%EOF",
        b"%PDF-1.7\n" + b"[" * 10_000 + b"\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF",
        build.no_pages(),
        build.no_pages().replace(b"/Count 0", b"/Count 9999999999"),
        build.no_pages().replace(b"/Count 0", b"/Count -7"),
        build.no_pages().replace(b"/Count 0", b"/Count 2 0 R"),
        build.no_pages().replace(b"/Pages 2 0 R", b"/Pages 1"),
    ],
)
def test_hostile_pdfs_are_not_counted(count: Count, pdf: bytes) -> None:
    assert count(pdf) is None


def test_a_pdf_that_is_cut_off_is_not_searched(count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pypdf.PdfReader", lambda *_, **__: pytest.fail("searched"))
    assert count(THREE[: THREE.rindex(b"startxref")]) is None


def test_a_pdf_that_takes_too_long_is_not_counted(count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SECONDS", -1.0)
    assert count(THREE) is None


def test_hostile_archives_and_pictures_are_not_counted(count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = build.xlsx(One=[[1]])
    assert count(sheet[:-30]) is None
    assert count(sheet.replace(b"PK\x05\x06", b"PK\x05\x07")) is None
    assert count(build.changed(word(7, 1200), "docProps/app.xml", lambda xml: b" " * (2 << 20) + xml)) is None
    assert count(b"II*\x00") is None
    assert count(b"II*\x00" + struct.pack("<I", 1 << 30)) is None
    assert count(b"II*\x00" + struct.pack("<IHI", 8, 0, 8)) == 1  # a directory that points to itself
    monkeypatch.setattr(counting, "_DIRECTORY", 100)
    assert count(sheet) is None


def test_each_content_is_counted_once_and_what_is_known_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(THREE)
    (tmp_path / "b.txt").write_text("text")
    files = [
        SourceFile("a.pdf", 1, "aa", tmp_path / "a.pdf"),
        SourceFile("again.pdf", 1, "aa", tmp_path / "a.pdf"),
        SourceFile("copy.pdf", 1, "aa", tmp_path / "nowhere", copy_of="a.pdf"),
        SourceFile("b.txt", 1, "bb", tmp_path / "b.txt"),
        SourceFile("known.pdf", 1, "cc", tmp_path / "nowhere"),
        SourceFile("there.pdf", 1, "", None, file_id="dfl-1"),
    ]
    told: list[tuple[int, int]] = []
    counted = count_all(files, {"cc": 40, "other": 1}, lambda done, total: told.append((done, total)))
    assert counted == {"aa": 3, "bb": None, "cc": 40}
    assert told == [(1, 2), (2, 2)]
    assert count_all(files, counted, lambda *_: pytest.fail("counted again")) == counted
