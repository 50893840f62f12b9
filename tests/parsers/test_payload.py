from __future__ import annotations

import json
import zlib

from llamabatch_nb.engine.parsers import ParsedDocument, ParsedPage, read_payload, write_payload
from tests.parsers import build
from tests.parsers.conftest import Read

KEYS = {
    "page_number",
    "success",
    "text",
    "markdown",
    "page_width",
    "page_height",
    "error",
    "items",
    "lines",
    "metadata",
}


def test_every_key_is_there(read: Read) -> None:
    content = read_payload(write_payload(read(build.pdf(build.report, build.scan), "a.pdf")))
    assert content.keys() == {"pages", "facts", "images"}
    first, second = content["pages"]
    assert first.keys() == second.keys() == KEYS
    assert (second["success"], second["items"], second["lines"], second["metadata"]) == (False, [], [], {})
    assert content["images"] == []


def test_lines_where_asked_for(read: Read) -> None:
    data = build.pdf(build.report)
    (page,) = read(data, "a.pdf").pages
    assert page.lines == ()
    (page,) = read(data, "a.pdf", positions=True).pages
    assert [line[0] for line in page.lines[:3]] == [
        "Stock *report*",
        "Counted on 3 May by the <b>night</b> shift, at 5 * 6 shelves.",
        "1. shelves",
    ]
    assert page.lines[0] == ["Stock *report*", 40.0, 15.76, 133.36, 23.78, None]
    (fast,) = read(data, "a.pdf", tier="fast", positions=True).pages
    assert fast.lines == page.lines


def test_lines_and_metadata_travel() -> None:
    image = {"filename": "page_1.jpg", "index": 0}
    page = ParsedPage(1, True, "é\u2028", None, lines=[["é", 1.0, 2.0, 3.0, 4.0, 0.5]], metadata={"confidence": 0.5})
    content = read_payload(write_payload(ParsedDocument("pdf", (page,), {"kind": "pdf"}, (image,))))
    (read,) = content["pages"]
    assert (read["text"], read["lines"], read["metadata"]) == (
        "é\u2028",
        [["é", 1.0, 2.0, 3.0, 4.0, 0.5]],
        {"confidence": 0.5},
    )
    assert (content["facts"], content["images"]) == ({"kind": "pdf"}, [image])


def test_payloads_of_the_version_before() -> None:
    page = {
        "page_number": 1,
        "success": True,
        "text": "words",
        "markdown": "words",
        "page_width": 400,
        "page_height": 300,
        "error": None,
    }
    old = zlib.compress(json.dumps({"pages": [page], "facts": {"kind": "pdf"}}).encode(), 1)
    assert read_payload(old) == {
        "pages": [{**page, "items": [], "lines": [], "metadata": {}}],
        "facts": {"kind": "pdf"},
        "images": [],
    }


def test_items_are_made_when_asked_for(read: Read) -> None:
    payload = write_payload(read(build.pdf(build.report), "a.pdf"))
    (page,) = read_payload(payload, items=False)["pages"]
    assert page["items"] == []
    assert b"html" not in zlib.decompress(payload)
    assert len(read_payload(payload)["pages"][0]["items"]) == 6


def test_a_large_text_is_stored_once(read: Read) -> None:
    text = "".join(f"line {number}\n" for number in range(20_000))
    packed = zlib.decompress(write_payload(read(text.encode(), "a.txt", tier="agentic")))
    assert packed.count(b"line 19999") == 2  # text and markdown
