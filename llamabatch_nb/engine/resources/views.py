"""The views of a parsed document: what the words of ``expand`` show of it (contract.md section 5).

All are made from one payload, which is unpacked once, and only if a view needs it: that took 0.2 s of 1,200 full pages
with the places of their lines. Items, which a payload holds in short, are made only where something shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from statistics import fmean
from typing import Any

from llamabatch_nb.engine.parsers import read_payload
from llamabatch_nb.engine.resources.parameters import ignored, part
from llamabatch_nb.engine.store.database import Row

Page = dict[str, Any]

#: The words of `expand` that need items.
_OF_ITEMS = frozenset({"items", "items_content_metadata", "xlsx_content_metadata"})
#: Between the pages of `text_full` and `markdown_full`. The service's separator is not documented.
BETWEEN_PAGES = "\n\n"
#: Points, of a US letter page: what is said of a page in a format that has none. The SDK asks for numbers, and without
#: them hands out the whole page's items as bare dicts.
NOMINAL_SIZE = (612.0, 792.0)
#: Not available on tier ``fast`` (contract.md section 5); that forms are not says the SDK's doc string.
_NOT_FAST = frozenset({"markdown", "markdown_full", "items", "forms"})


class Views:
    """Of one COMPLETED job: its row, its payload, the parameters that it was told, and the words that are expanded."""

    def __init__(self, row: Row, payload: bytes, parameters: Mapping[str, Any], expand: Collection[str]) -> None:
        self.parameters = parameters
        self._row = row
        self._payload = payload
        self._items = not _OF_ITEMS.isdisjoint(expand)
        self._makers: dict[str, Callable[[], Any]] = {
            "text": lambda: {
                "pages": [{"page_number": page["page_number"], "text": page["text"]} for page in self._read]
            },
            "text_full": lambda: BETWEEN_PAGES.join(page["text"] for page in self._read),
            "markdown": lambda: self._each(lambda page: {"markdown": page["markdown"] or ""}),
            "markdown_full": lambda: BETWEEN_PAGES.join(page["markdown"] or "" for page in self._read),
            "items": lambda: self._each(_items),
            "metadata": self._metadata,
            "job_metadata": self._job_metadata,
            "forms": self._forms,
            "raw_parameters": lambda: {name: told for name, told in parameters.items() if name != "product_type"},
        }

    def __contains__(self, name: str) -> bool:
        """Whether there is a view of this name, on every tier."""
        return name in self._makers

    def get(self, name: str) -> Any:
        """A view as JSON, or None where this job has none."""
        if self._row["tier"] == "fast" and name in _NOT_FAST:
            return None
        return self._makers[name]()

    @cached_property
    def content(self) -> dict[str, Any]:
        """The whole payload (`parsers.payload`)."""
        return read_payload(self._payload, items=self._items)

    @property
    def pages(self) -> list[Page]:
        pages: list[Page] = self.content["pages"]
        return pages

    @property
    def _read(self) -> list[Page]:
        """Those that did not fail."""
        return [page for page in self.pages if page["success"]]

    def _each(self, show: Callable[[Page], Page]) -> dict[str, Any]:
        return {"pages": [_failed(page) if not page["success"] else _success(page, show) for page in self.pages]}

    def _metadata(self) -> dict[str, Any]:
        pages = [{"page_number": page["page_number"], **page["metadata"]} for page in self.pages]
        scores = [page["confidence"] for page in pages if page.get("confidence") is not None]
        document = None
        if scores:
            breakdown = {"min_page_score": min(scores), "scored_pages": len(scores), "total_pages": len(pages)}
            document = {"confidence": fmean(scores), "confidence_breakdown": breakdown}
        return {"pages": pages, "document": document}

    def _job_metadata(self) -> dict[str, Any]:
        """A free-form object: the service's own keys are not documented (contract.md section 5)."""
        return {
            "tier": self._row["tier"],
            "pages": self._row["pages"],
            "pages_failed": self._row["pages_failed"],
            "characters": self._row["characters"],
            **self.content["facts"],
            "ignored_parameters": ignored(self.parameters),
        }

    def _forms(self) -> dict[str, Any] | None:
        """No form is ever found here; whoever did not ask for a search is not told that there was none."""
        if part(self.parameters, "processing_options").get("forms") != "enrich":
            return None
        return self._each(lambda page: {"forms": [], "detected_form_types": None, **_size(page)})


def _success(page: Page, show: Callable[[Page], Page]) -> Page:
    return {"page_number": page["page_number"], "success": True, **show(page)}


def _failed(page: Page) -> Page:
    return {"page_number": page["page_number"], "success": False, "error": page["error"]}


def _size(page: Page) -> Page:
    return {"page_width": page["page_width"], "page_height": page["page_height"]}


def _items(page: Page) -> Page:
    """A page that an earlier version of this package read has no items: then it is one text."""
    items = page["items"]
    if not items and page["text"].strip():
        items = [{"type": "text", "md": page["markdown"] or "", "value": page["text"]}]
    width, height = NOMINAL_SIZE if page["page_width"] is None else (page["page_width"], page["page_height"])
    return {"page_width": width, "page_height": height, "items": items}
