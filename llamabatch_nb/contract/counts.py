"""How much a job's result holds: its pages, its characters, and how sure the service is of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult


@dataclass(frozen=True, slots=True)
class Counts:
    """What is None is not told by what was expanded.

    `pages` and `failed`: pages, and those of them that could not be read. `characters`: of the plain text of all pages,
    of their markdown where there is no text. `confidence`: the lowest of the pages of a parse job, or of the values
    that an extract job found, 0 to 1.
    """

    pages: int | None = None
    failed: int | None = None
    characters: int | None = None
    confidence: float | None = None


def counts(result: ParseResult | ExtractJob) -> Counts:
    """From whichever expansion is there."""
    if isinstance(result, ExtractJob):
        usage = result.metadata.usage if result.metadata is not None else None
        pages = usage.num_pages_extracted if usage is not None else None
        return Counts(pages, confidence=min(_confidences(result), default=None))
    pages, failed = _pages(result)
    return Counts(pages, failed, _characters(result), _confidence(result))


def _pages(result: ParseResult) -> tuple[int | None, int | None]:
    for part in (result.markdown, result.items):
        if part is not None:
            return len(part.pages), sum(not page.success for page in part.pages)
    return (len(result.text.pages) if result.text is not None else None), None


def _characters(result: ParseResult) -> int | None:
    if result.text is not None:
        return sum(len(page.text) for page in result.text.pages)
    if result.markdown is not None:
        return sum(len(page.markdown or "") for page in result.markdown.pages)
    whole = result.text_full if result.text_full is not None else result.markdown_full
    return None if whole is None else len(whole)


def _confidence(result: ParseResult) -> float | None:
    if result.metadata is None:
        return None
    known = [page.confidence for page in result.metadata.pages if page.confidence is not None]
    document = result.metadata.document
    if not known and document is not None and document.confidence_breakdown is not None:
        known = [document.confidence_breakdown.min_page_score]
    return min((value for value in known if not math.isnan(value)), default=None)


def _confidences(job: ExtractJob) -> Iterator[float]:
    """Of every value that was found: of what is null nothing is claimed, and some services are 0 sure of it.

    The metadata mirror the result, in which a field may itself be called ``confidence``: only a number is one
    (contract.md section 6). An older page of the documents has fields without a frame such as `document_metadata`.
    """
    metadata = job.extract_metadata.field_metadata if job.extract_metadata is not None else None
    if metadata is None:
        return
    said: list[object] = [*vars(metadata).values(), metadata.model_extra]
    left: list[tuple[object, object]] = [(one, job.extract_result) for one in said]
    while left:
        told, value = left.pop()
        if value is None:
            continue
        if isinstance(told, dict):
            confidence = told.get("confidence")
            if isinstance(confidence, (int, float)) and not isinstance(confidence, bool):
                if 0 <= confidence <= 1:  # nor is a number that is none: NaN, or one of 400 digits
                    yield float(confidence)
                continue
            left += [(one, value.get(key) if isinstance(value, dict) else value) for key, one in told.items()]
        elif isinstance(told, list):
            values = value if isinstance(value, list) else [value] * len(told)
            left += zip(told, values, strict=False)
