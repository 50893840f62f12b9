"""Milliseconds that the shipped extractor takes for a document, beside what liteparse takes to parse it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from liteparse import LiteParse

from llamabatch_nb.engine.extractors.base import Box, Line, Page
from llamabatch_nb.engine.extractors.shipped import extract
from llamabatch_nb.engine.parsers import ParseOptions
from llamabatch_nb.engine.parsers.pdf import liteparse_options
from llamabatch_nb.samples import INVOICES, invoice_pdf

RUNS = 7


def _text() -> dict[str, Any]:
    return {"type": "string"}


def _number() -> dict[str, Any]:
    return {"type": "number"}


#: An analyst's schema of an invoice.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{
            name: _text() for name in ("invoice_number", "invoice_date", "due_date", "order_number", "currency", "iban")
        },
        **{name: _number() for name in ("subtotal", "tax", "tax_rate", "total")},
        "vendor": {"type": "object", "properties": {"name": _text(), "address": _text(), "vat_id": _text()}},
        "customer": {"type": "object", "properties": {"name": _text(), "address": _text()}},
        "line_items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "description": _text(),
                    **{name: _number() for name in ("quantity", "unit_price", "amount")},
                },
            },
        },
    },
}


def _pages(parser: LiteParse, pdf: bytes) -> list[Page]:
    return [
        Page(
            page.page_num,
            page.text,
            page.markdown or "",
            page.width,
            page.height,
            [Line(item.text, Box(item.x, item.y, item.width, item.height)) for item in page.text_items],
        )
        for page in parser.parse(pdf).pages
    ]


def _milliseconds(task: Callable[[Any], object], documents: Sequence[Any]) -> float:
    """Of processor time, a document: other processes of the machine do not count."""
    started = time.process_time()
    for document in documents:
        task(document)
    return (time.process_time() - started) * 1000 / len(documents)


def extraction() -> list[dict[str, Any]]:
    """Over the 24 sample invoices, both sides warm, the median of alternating runs.

    The extractor remembers words and numbers that it saw: each run has documents that no other has.
    """
    parser = LiteParse(**liteparse_options(ParseOptions("agentic")))
    ours, baseline = [], []
    for run in range(RUNS + 1):
        pdfs = [invoice_pdf(ordinal) for ordinal in range(1 + run * INVOICES, 1 + (run + 1) * INVOICES)]
        documents = [_pages(parser, pdf) for pdf in pdfs]
        ours.append(_milliseconds(lambda pages: extract(pages, SCHEMA), documents))
        baseline.append(_milliseconds(parser.parse, pdfs))
    took, beside = median(ours[1:]), median(baseline[1:])  # the first run loads what both need
    return [{"name": "extraction-ms", "ours": took, "baseline": beside, "unit": "ms/doc", "ratio": beside / took}]
