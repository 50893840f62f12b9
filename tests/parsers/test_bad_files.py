"""Whatever is wrong with a file has one reason and one sentence, and never a traceback."""

from __future__ import annotations

import io
import pickle
import zipfile
from typing import Any

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from llamabatch_nb.engine.parsers import Unreadable
from llamabatch_nb.engine.parsers.archive import XML_LIMITS
from llamabatch_nb.engine.parsers.base import LARGE
from tests.parsers import build
from tests.parsers.conftest import Refuse

INVOICE = build.pdf(build.words("An invoice with a line of text"))
LETTER = build.docx(lambda document: document.add_paragraph("Dear reader"))
ENCRYPTED = StandardEncryption("user", ownerPassword="owner", strength=128)

CASES: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "a.pdf", "empty"),
    "blanks": (b" \n\t \r\n", "a.txt", "empty"),
    "zeros": (bytes(3000), "a.bin", "empty"),
    "mark alone": (b"\xef\xbb\xbf\n", "a.csv", "empty"),
    "pdf cut off": (INVOICE[: len(INVOICE) // 2], "a.pdf", "damaged"),
    "pdf header alone": (b"%PDF-1.7\n", "a.pdf", "damaged"),
    "pdf header and noise": (b"%PDF-1.7\n" + build.noise(4000), "a.pdf", "damaged"),
    "pdf without pages": (build.no_pages(), "a.pdf", "no_pages"),
    "pdf without text": (build.pdf(build.blank), "a.pdf", "no_text"),
    "pdf of scans": (build.pdf(build.scan, build.scan), "a.pdf", "needs_ocr"),
    "pdf of scans with stamps": (build.pdf(build.stamped("A-001"), build.stamped("A-002")), "a.pdf", "needs_ocr"),
    "pdf with password": (build.pdf(build.words("secret"), encrypt=ENCRYPTED), "a.pdf", "encrypted"),
    "docx cut off": (LETTER[:5000], "a.docx", "damaged"),
    "docx with broken xml": (build.changed(LETTER, "word/document.xml", lambda _: b"<w:document"), "a.docx", "damaged"),
    "docx without text": (build.docx(lambda _: None), "a.docx", "no_text"),
    "docx with password": (build.old_office("EncryptedPackage"), "a.docx", "encrypted"),
    "old word": (build.old_office("WordDocument"), "a.doc", "unsupported"),
    "old unknown": (build.old_office("SomethingElse"), "a.msg", "unsupported"),
    "xlsx without cells": (build.xlsx(Empty=[]), "a.xlsx", "no_text"),
    "pptx without slides": (build.pptx(lambda _: None), "a.pptx", "no_pages"),
    "pptx without text": (
        build.pptx(lambda deck: deck.slides.add_slide(deck.slide_layouts[6])),
        "a.pptx",
        "no_text",
    ),
    "html with a program only": (b"<html><body><script>go()</script></body></html>", "a.html", "no_text"),
    "png": (build.picture("PNG"), "a.png", "needs_ocr"),
    "jpeg named pdf": (build.picture("JPEG"), "a.pdf", "needs_ocr"),
    "rich text": (b"{\\rtf1 hello}", "a.rtf", "unsupported"),
    "noise": (build.noise(3000), "a.txt", "unsupported"),
    "little noise": (build.noise(60), "a.pdf", "unsupported"),
    "control characters": (bytes(range(1, 32)) * 20, "a.txt", "unsupported"),
    "huge text": (b"a line of text\n" * (LARGE // 10), "a.txt", "too_large"),
}


@pytest.mark.parametrize("case", CASES)
def test_reason_and_sentence(refuse: Refuse, case: str) -> None:
    data, name, reason = CASES[case]
    finding = refuse(data, name)
    assert finding.reason == reason
    message = str(finding)
    assert message.endswith(".")
    assert "\n" not in message
    assert "Traceback" not in message
    assert name not in message  # the caller adds it


def test_plain_archive(refuse: Refuse) -> None:
    archive = build.changed(LETTER, "none", bytes)
    renamed = archive.replace(b"[Content_Types].xml", b"[Another_Name].xml_")
    assert refuse(renamed, "papers.zip").reason == "unsupported"


def test_open_document_says_what_to_save_as(refuse: Refuse) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    finding = refuse(file.getvalue(), "letter.odt")
    assert finding.reason == "unsupported"
    assert "DOCX" in str(finding)


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx"])
def test_a_bomb_is_refused_before_it_is_unpacked(refuse: Refuse, kind: str) -> None:
    makers: dict[str, Any] = {
        "docx": lambda: (LETTER, "word/document.xml"),
        "xlsx": lambda: (build.xlsx(Sheet=[["a"]]), "xl/worksheets/sheet1.xml"),
        "pptx": lambda: (build.pptx(lambda _: None), "ppt/presentation.xml"),
    }
    archive, member = makers[kind]()
    bomb = build.changed(archive, member, lambda xml: xml + b" " * XML_LIMITS[kind])
    assert len(bomb) < 1 << 20
    assert refuse(bomb, f"bomb.{kind}").reason == "too_large"


def test_entities_that_multiply_are_refused(refuse: Refuse) -> None:
    lines = [b'<!ENTITY a0 "lollollol">']
    lines += [b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 10)]
    laughs = b"<!DOCTYPE x [" + b"".join(lines) + b"]>"
    bomb = build.changed(
        LETTER,
        "word/document.xml",
        lambda xml: xml.replace(b"<w:document", laughs + b"<w:document", 1).replace(b"Dear reader", b"&a9;"),
    )
    assert refuse(bomb, "laughs.docx").reason in {"damaged", "no_text"}


def test_a_finding_can_travel_between_processes() -> None:
    finding = pickle.loads(pickle.dumps(Unreadable("empty", "The file is empty.")))
    assert (finding.reason, str(finding)) == ("empty", "The file is empty.")
