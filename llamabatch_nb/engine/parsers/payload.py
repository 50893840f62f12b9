"""A parsed document as the bytes that travel from a worker and lie in the store."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from llamabatch_nb.engine.parsers.base import ParsedDocument, ParsedPage


def write_payload(document: ParsedDocument) -> bytes:
    """UTF-8 JSON ``{"pages": [...], "facts": {...}}``, packed with zlib at level 1.

    A page is ``{"page_number", "success", "text", "markdown", "page_width", "page_height", "error"}``; sizes are PDF
    points. All of it takes 0.07 ms for an invoice, where reading the invoice takes 3.
    """
    content = {"pages": [_page(page) for page in document.pages], "facts": dict(document.facts)}
    return zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def read_payload(payload: bytes) -> dict[str, Any]:
    """What `write_payload` packed."""
    content: dict[str, Any] = json.loads(zlib.decompress(payload))
    return content


def _page(page: ParsedPage) -> Mapping[str, Any]:
    return {
        "page_number": page.page_number,
        "success": page.success,
        "text": page.text,
        "markdown": page.markdown,
        "page_width": page.width,
        "page_height": page.height,
        "error": page.error,
    }
