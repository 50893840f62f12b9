"""Parse jobs: ``/api/v2/parse`` (contract.md section 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from llamabatch_nb.contract.base import PageQuery, Query, Repeated, Response

JobStatus = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
TERMINAL: frozenset[str] = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


class Usage(Response):
    """Credits are null until billing has been recorded."""

    credits: float | None = None


class ParseJob(Response):
    """There are no started and finished times: a duration is `updated_at` minus `created_at` at best."""

    id: str
    project_id: str
    status: str
    error_message: str | None = None
    name: str | None = None
    tier: str | None = None
    usage: Usage | None = None
    user_metadata: dict[str, str] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class MarkdownPage(Response):
    """A page is either read (`markdown`) or failed (`error`), in a job that is COMPLETED all the same."""

    page_number: int
    success: bool = True
    markdown: str | None = None
    error: str | None = None


class TextPage(Response):
    page_number: int
    text: str = ""


class PageMetadata(Response):
    page_number: int
    confidence: float | None = None


class MarkdownPages(Response):
    pages: list[MarkdownPage] = []


class TextPages(Response):
    pages: list[TextPage] = []


class ItemsPage(Response):
    """Sizes are PDF points. Items stay plain mappings: one unknown `type` must not spoil its page."""

    page_number: int
    success: bool = True
    page_width: float | None = None
    page_height: float | None = None
    items: list[dict[str, Any]] = []
    error: str | None = None


class ItemsPages(Response):
    pages: list[ItemsPage] = []


class MetadataPages(Response):
    pages: list[PageMetadata] = []
    document: dict[str, Any] | None = None


class ParseResult(Response):
    """A parse job with whatever was expanded; everything but `job` is null unless asked for."""

    job: ParseJob
    text: TextPages | None = None
    text_full: str | None = None
    markdown: MarkdownPages | None = None
    markdown_full: str | None = None
    items: ItemsPages | None = None
    metadata: MetadataPages | None = None
    job_metadata: dict[str, Any] | None = None


class GetParseJob(Query):
    expand: Repeated = []
    image_filenames: str | None = None


class ListParseJobs(PageQuery):
    """Times are inclusive."""

    status: JobStatus | None = None
    job_ids: Repeated = []
    created_at_on_or_after: datetime | None = None
    created_at_on_or_before: datetime | None = None
