"""``field_metadata``: what is known of each value, in the shape of the values (contract.md section 6)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llamabatch_nb.engine.extractors.base import Box, Citation, Extraction, Page
from llamabatch_nb.engine.extractors.schemas import pointer_of

#: Characters of the document that a citation repeats at most.
_LONGEST = 2_000


class Answers:
    """Says of values where they stand and how sure they are, as far as the configuration asks for it.

    Args:
        pages: What the extractor was given.
        parameters: Those of ``extract_v2``: `cite_sources` and `confidence_scores`. On tier ``turbo`` citations have no
            boxes, as the service's have none (SDK 2.19, ExtractConfiguration).

    """

    def __init__(self, pages: Sequence[Page], parameters: Mapping[str, Any]) -> None:
        self._pages = {page.number: page for page in pages}
        self._cite = bool(parameters.get("cite_sources"))
        self._score = bool(parameters.get("confidence_scores"))
        self._boxes = parameters.get("tier") != "turbo"

    @property
    def wanted(self) -> bool:
        return self._cite or self._score

    def of(self, values: Any, extraction: Extraction, path: tuple[str | int, ...] = ()) -> Any:
        """Objects and arrays keep their shape; in the place of each other value is an object about it."""
        if isinstance(values, dict):
            return {name: self.of(value, extraction, (*path, name)) for name, value in values.items()}
        if isinstance(values, list):
            return [self.of(value, extraction, (*path, at)) for at, value in enumerate(values)]
        pointer = pointer_of(path)
        citations = extraction.citations.get(pointer, ())
        entry: dict[str, Any] = {}
        if self._score:
            entry |= self._confidences(values, extraction.confidences.get(pointer), citations)
        if self._cite:
            entry["citation"] = [self._citation(citation) for citation in citations]
        return entry

    def _confidences(self, value: Any, said: float | None, citations: Sequence[Citation]) -> dict[str, Any]:
        """Of a null that nobody is said to be sure of, all three are null."""
        if said is None and value is None:
            return dict.fromkeys(("confidence", "parsing_confidence", "extraction_confidence"))
        if said is not None and math.isnan(said):
            raise ValueError("a confidence is no number")
        extracting = 1.0 if said is None else min(1.0, max(0.0, float(said)))
        parsing = min(self._readings(citations), default=1.0)
        return {
            "confidence": round(extracting * parsing, 4),
            "parsing_confidence": round(parsing, 4),
            "extraction_confidence": round(extracting, 4),
        }

    def _readings(self, citations: Sequence[Citation]) -> Iterator[float]:
        """How sure OCR was of the lines under a citation; what was read and not recognised is certain."""
        for citation in citations:
            page = self._pages.get(citation.page)
            for line in page.lines if page is not None else ():
                place, sure = line.box, line.confidence
                if sure is not None and place is not None and any(_touch(box, place) for box in citation.boxes):
                    yield sure

    def _citation(self, citation: Citation) -> dict[str, Any]:
        page = self._pages.get(citation.page)
        boxes = citation.boxes if self._boxes else ()
        sized = page is not None and page.width is not None and page.height is not None
        return {
            "page": int(citation.page),
            "matching_text": str(citation.matching_text)[:_LONGEST],
            "bounding_boxes": [_rounded(box) for box in boxes],
            "page_dimensions": {"width": page.width, "height": page.height} if sized and page is not None else None,
        }


def _rounded(box: Box) -> dict[str, float]:
    if not all(map(math.isfinite, (box.x, box.y, box.w, box.h))):
        raise ValueError(f"a citation's box is {box}")
    return {"x": round(box.x, 2), "y": round(box.y, 2), "w": round(box.w, 2), "h": round(box.h, 2)}


def _touch(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.w and other.x < one.x + one.w and one.y < other.y + other.h and other.y < one.y + one.h
    )
