"""A finished parse job as ``GET /api/v2/parse/{job_id}`` shows it (contract.md section 5)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from llamabatch_nb.engine.parsers import read_payload
from llamabatch_nb.engine.resources import parse_jobs
from llamabatch_nb.engine.resources.billing import Billing
from llamabatch_nb.engine.store.database import Row

Page = dict[str, Any]

#: Between the pages of `text_full` and `markdown_full`. The service's separator is not documented.
_BETWEEN_PAGES = "\n\n"
#: Not available on tier `fast` (contract.md section 5).
_NOT_FAST = frozenset({"markdown", "markdown_full", "items"})


def answer(row: Row, payload: bytes | None, expand: Collection[str], billing: Billing) -> dict[str, Any]:
    """The JSON object. Every key is there; all but `job` are null unless expanded and the job is COMPLETED."""
    job = parse_jobs.shown(row).model_dump(mode="json")
    body: dict[str, Any] = dict.fromkeys(
        ("text", "text_full", "markdown", "markdown_full", "items", "metadata", "job_metadata")
    )
    if payload is not None:
        if "usage" in expand:
            job["usage"] = {"credits": billing.credits(row["id"], row["pages"])}
        body |= _expanded(row, payload, set(expand) & body.keys())
    return {"job": job, **body}


def _expanded(row: Row, payload: bytes, wanted: set[str]) -> dict[str, Any]:
    if row["tier"] == "fast":
        wanted -= _NOT_FAST
    if not wanted:
        return {}
    content = read_payload(payload)
    pages: list[Page] = content["pages"]
    good = [page for page in pages if page["success"]]
    makers: dict[str, Any] = {
        "text": lambda: {"pages": [{"page_number": page["page_number"], "text": page["text"]} for page in good]},
        "text_full": lambda: _BETWEEN_PAGES.join(page["text"] for page in good),
        "markdown": lambda: {"pages": [_markdown(page) for page in pages]},
        "markdown_full": lambda: _BETWEEN_PAGES.join(page["markdown"] for page in good),
        "items": lambda: {"pages": [_items(page) for page in pages]},
        "metadata": lambda: {"pages": [{"page_number": page["page_number"]} for page in pages], "document": None},
        "job_metadata": lambda: _job_metadata(row, content["facts"]),
    }
    return {name: makers[name]() for name in wanted}


def _failed(page: Page) -> Page:
    return {"page_number": page["page_number"], "success": False, "error": page["error"]}


def _markdown(page: Page) -> Page:
    if not page["success"]:
        return _failed(page)
    return {"page_number": page["page_number"], "success": True, "markdown": page["markdown"]}


def _items(page: Page) -> Page:
    """One text item a page. Sizes are points."""
    if not page["success"]:
        return _failed(page)
    text = {"type": "text", "md": page["markdown"], "value": page["text"]}
    return {
        "page_number": page["page_number"],
        "success": True,
        "page_width": page["page_width"],
        "page_height": page["page_height"],
        "items": [text] if page["text"] or page["markdown"] else [],
    }


def _job_metadata(row: Row, facts: dict[str, Any]) -> dict[str, Any]:
    """A free-form object: the service's own keys are not documented (contract.md section 5)."""
    return {
        "tier": row["tier"],
        "pages": row["pages"],
        "pages_failed": row["pages_failed"],
        "characters": row["characters"],
        **facts,
    }
