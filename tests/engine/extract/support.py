"""Extractors and documents for the tests of extraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llamabatch_nb.engine.extractors import Citation, Extraction, Page
from llamabatch_nb.engine.parsers.base import ParsedDocument, ParsedPage
from llamabatch_nb.engine.parsers.payload import write_payload
from tests.engine.support import Api, Json, wait_for

EXTRACT = "/api/v2/extract"
FILES = "/api/v1/beta/files"
TOTAL: Json = {"type": "object", "properties": {"total": {"type": "number"}}}
#: Of a document that only its payload is read of.
NOWHERE = Path("nowhere")
ENDED = {"COMPLETED", "FAILED", "CANCELLED"}


def totals(pages: Sequence[Page], _: Mapping[str, Any]) -> Extraction:
    """The number behind the first line that begins with "Total"."""
    for page in pages:
        for line in page.lines:
            if line.text.startswith("Total"):
                citation = Citation(page.number, line.text, [line.box] if line.box else [])
                return Extraction({"total": float(line.text.split()[-1])}, {"/total": [citation]}, {"/total": 0.9})
    return Extraction({"total": None}, {}, {"/total": 0.2})


def parsed(*texts: str, kind: str = "text", **page: Any) -> bytes:
    """What a parse job packs for a document whose pages say these texts."""
    pages = tuple(ParsedPage(number, True, text, text, **page) for number, text in enumerate(texts, 1))
    return write_payload(ParsedDocument(kind, pages, {"kind": kind}))


def stored(api: Api, name: str, data: bytes) -> str:
    """The id of a new file of the Files API."""
    content = {"data": {"purpose": "extract"}, "files": {"file": (name, data)}}
    return str(api.ok("POST", FILES, **content)["id"])


def extracting(api: Api, file_input: str, **configuration: Any) -> Json:
    """A new extract job."""
    told = {"data_schema": TOTAL} | configuration
    return dict(api.ok("POST", EXTRACT, json={"file_input": file_input, "configuration": told}))


def ended(api: Api, job_id: str, **query: Any) -> Json:
    wait_for(lambda: api.ok("GET", f"{EXTRACT}/{job_id}")["status"] in ENDED)
    return dict(api.ok("GET", f"{EXTRACT}/{job_id}", params=query))


def extracted(api: Api, name: str, data: bytes, **configuration: Any) -> Json:
    """The job that became of a document, with all that it can be expanded by."""
    job = extracting(api, stored(api, name, data), **configuration)
    return ended(api, job["id"], expand=["configuration", "extract_metadata", "usage"])
