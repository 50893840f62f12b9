"""Parse jobs: ``/api/v2/parse`` (contract.md section 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, JsonValue

from llamabatch_nb.contract.base import Filled, JsonObject, PageQuery, Query, Repeated, Request, Response

JobStatus = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
ParseTier = Literal["fast", "cost_effective", "agentic", "agentic_plus"]
ImageCategory = Literal["screenshot", "embedded", "layout"]
TERMINAL: frozenset[str] = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
#: The words that are documented; the service has more than its documents name, so that others are let through.
ParseExpand = Literal[
    "text",
    "text_full",
    "markdown",
    "markdown_full",
    "items",
    "metadata",
    "job_metadata",
    "usage",
    "forms",
    "text_content_metadata",
    "text_full_content_metadata",
    "markdown_content_metadata",
    "markdown_full_content_metadata",
    "items_content_metadata",
    "metadata_content_metadata",
    "forms_content_metadata",
    "raw_words_content_metadata",
    "stripped_markdown_content_metadata",
    "concatenated_stripped_markdown_content_metadata",
    "xlsx_content_metadata",
    "output_pdf_content_metadata",
    "images_content_metadata",
]


class Usage(Response):
    """Credits are null until billing has been recorded."""

    credits: float | None = None


class ParseJob(Response):
    """There are no started and finished times: a duration is `updated_at` minus `created_at` at best."""

    id: str
    project_id: str
    status: JobStatus | str
    error_message: str | None = None
    name: str | None = None
    tier: str | None = None
    usage: Usage | None = None
    user_metadata: dict[str, str] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class DeletedParseJob(Response):
    id: str
    project_id: str


class LineNumber(Response):
    """A line number that is printed in the document. Offsets count UTF-16 code units of the page's markdown."""

    line_number: str
    start_index: int
    end_index: int


class MarkdownPage(Response):
    """A page is either read (`markdown`) or failed (`error`), in a job that is COMPLETED all the same."""

    page_number: int
    success: bool = True
    markdown: str | None = None
    header: str | None = None
    footer: str | None = None
    line_numbers: list[LineNumber] | None = None
    error: str | None = None


class TextPage(Response):
    page_number: int
    text: str = ""


class PageMetadata(Response):
    """`confidence` is 0 to 1, the angle in degrees."""

    page_number: int
    confidence: float | None = None
    cost_optimized: bool | None = None
    original_orientation_angle: int | None = None
    printed_page_number: str | None = None
    slide_section_name: str | None = None
    speaker_notes: str | None = None
    triggered_auto_mode: bool | None = None
    watermark: str | None = None


class ConfidenceBreakdown(Response):
    min_page_score: float
    scored_pages: int
    total_pages: int


class DocumentMetadata(Response):
    """`confidence` is the mean over the pages that were scored, 0 to 1."""

    confidence: float | None = None
    confidence_breakdown: ConfidenceBreakdown | None = None


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
    revisions: list[dict[str, Any]] | None = None
    error: str | None = None


class ItemsPages(Response):
    pages: list[ItemsPage] = []


class MetadataPages(Response):
    pages: list[PageMetadata] = []
    document: DocumentMetadata | None = None


class FormsPage(Response):
    """Beta. Sizes are PDF points. Forms stay plain mappings, as items do."""

    page_number: int
    success: bool = True
    forms: list[dict[str, Any]] = []
    detected_form_types: list[str] | None = None
    page_width: float | None = None
    page_height: float | None = None
    error: str | None = None


class FormsPages(Response):
    pages: list[FormsPage] = []


class ImageBox(Response):
    """Where an image is on its page."""

    x: float
    y: float
    w: float
    h: float


class Image(Response):
    """An image that was cut out: a whole page, one of the document's, or a part of its layout."""

    filename: str
    index: int
    category: ImageCategory | str | None = None
    content_type: str | None = None
    presigned_url: str | None = None
    bbox: ImageBox | None = None


class Images(Response):
    total_count: int
    images: list[Image] = []


class ResultLink(Response):
    """A result as a file to fetch. `presigned_url` is short-lived: ask for the job again for a fresh one."""

    size_bytes: int
    exists: bool | None = None
    presigned_url: str | None = None


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
    forms: FormsPages | None = None
    images_content_metadata: Images | None = None
    result_content_metadata: dict[str, ResultLink] | None = None
    raw_parameters: dict[str, Any] | None = None


class LatestVersions(Response):
    fast: str
    cost_effective: str
    agentic: str
    agentic_plus: str


class ParseVersions(Response):
    """The versions that a configuration may name, by tier, and what ``latest`` is now. Versions are dates."""

    fast: list[str]
    cost_effective: list[str]
    agentic: list[str]
    agentic_plus: list[str]
    latest: LatestVersions


class CreateParseJob(Request):
    """What to parse, and how: `tier` and `version`, or the `configuration_id` whose values they default to.

    Of `file_id` and `source_url` there is exactly one. Options are objects with some hundred fields that change
    monthly: the service checks those.
    """

    tier: Filled | None = None
    version: Filled | None = None
    configuration_id: Filled | None = None
    file_id: Filled | None = None
    source_url: Filled | None = None
    http_proxy: Filled | None = Field(default=None, repr=False)
    agentic_options: JsonObject | None = None
    client_name: str | None = None
    crop_box: JsonObject | None = None
    disable_cache: bool | None = None
    fast_options: JsonValue = None
    input_options: JsonObject | None = None
    output_options: JsonObject | None = None
    page_ranges: JsonObject | None = None
    processing_control: JsonObject | None = None
    processing_options: JsonObject | None = None
    user_metadata: dict[str, str] | None = None
    webhook_configuration_ids: list[Filled] | None = None
    webhook_configurations: list[JsonObject] | None = Field(default=None, repr=False)


class UploadParseForm(Request):
    """The text part of an upload: the options of `CreateParseJob` as a JSON object. The file goes after it."""

    configuration: str = Field(repr=False)


class GetParseJob(Query):
    """`image_filenames` is a comma list that filters `images_content_metadata`."""

    expand: Repeated = []
    image_filenames: Filled | None = None


class ListParseJobs(PageQuery):
    """Times are inclusive."""

    status: JobStatus | None = None
    job_ids: Repeated = []
    created_at_on_or_after: datetime | None = None
    created_at_on_or_before: datetime | None = None
