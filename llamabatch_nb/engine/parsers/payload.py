"""A parsed document as the bytes that travel from a worker and lie in the store.

A payload is UTF-8 JSON, packed with zlib at level 1; read, it is ``{"pages": [...], "facts": {...}, "images": [...]}``:

- A page is ``{"page_number", "success", "text", "markdown", "page_width", "page_height", "error", "items", "lines",
  "metadata"}``; sizes are PDF points, or None where the format has none. `items` are the API's (contract.md section 5;
  ``bbox`` in points, left out where the place is not known; a cell of ``rows`` is text as the document has it, a number
  only in a workbook, and None where it is empty or covered by a merged one). A line is
  ``[text, x, y, w, h, confidence]``, and there are lines only where ``ParseOptions.positions`` asked for them.
  `metadata` are further keys of ``metadata.pages``: ``confidence`` (of OCR, 0 to 1), ``printed_page_number``,
  ``speaker_notes``, ``slide_section_name``.
- `facts` go to ``job_metadata``; `images` are entries of ``images_content_metadata`` without their links.
"""

from __future__ import annotations

import zlib
from typing import Any

from pydantic_core import from_json, to_json

from llamabatch_nb.engine.parsers.base import ParsedDocument, ParsedPage
from llamabatch_nb.engine.parsers.items import complete


def write_payload(document: ParsedDocument) -> bytes:
    """The payload. Items are packed in their short form (`parsers.items`), and keys that hold nothing are left out."""
    content: dict[str, Any] = {"pages": [_page(page) for page in document.pages], "facts": document.facts}
    if document.images:
        content["images"] = document.images
    return zlib.compress(to_json(content), 1)


def read_payload(payload: bytes, *, items: bool = True) -> dict[str, Any]:
    """What `write_payload` packed, now or in an earlier version: every key is there.

    With `items` False the pages' items stay empty, which saves the making of them.
    """
    content: dict[str, Any] = from_json(zlib.decompress(payload))
    content.setdefault("images", [])
    for page in content["pages"]:
        short = page.get("items", ())
        made = [complete(item, page) for item in short] if items or page["markdown"] is None else []
        if short and page["markdown"] is None:  # it is that of the items
            page["markdown"] = "\n\n".join(item["md"] for item in made)
        page["items"] = made if items else []
        page.setdefault("lines", [])
        page.setdefault("metadata", {})
    return content


def _page(page: ParsedPage) -> dict[str, Any]:
    written: dict[str, Any] = {
        "page_number": page.page_number,
        "success": page.success,
        "text": page.text,
        "markdown": page.markdown,
        "page_width": page.width,
        "page_height": page.height,
        "error": page.error,
    }
    if page.items:
        written["items"] = page.items
    if page.lines:
        written["lines"] = page.lines
    if page.metadata:
        written["metadata"] = page.metadata
    return written
