"""Extract jobs: ``/api/v2/extract`` (contract.md section 6)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from llamabatch_nb.contract.base import Filled, JsonObject, Many, PageQuery, Query, Repeated, Request, Response
from llamabatch_nb.contract.parse import ParseTier
from llamabatch_nb.contract.webhooks import WebhookParam

#: THROTTLED is a word of the list's filter; the job's own documentation names the other five.
ExtractStatus = Literal["PENDING", "THROTTLED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
TERMINAL: frozenset[str] = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
ExtractTier = Literal["cost_effective", "agentic", "agentic_plus", "turbo"]
ExtractionTarget = Literal["per_doc", "per_page", "per_table_row"]
ExtractExpand = Literal["configuration", "extract_metadata", "usage"]
#: A list tells no usage: credits are asked for job by job.
ExtractListExpand = Literal["configuration", "extract_metadata"]


class ExtractUsage(Response):
    """Credits, null until billing has been recorded.

    `credits` is the sum of the other two. A parse job may serve several extract jobs, and each repeats its
    `parse_credits`: count them once a parse job.
    """

    credits: float | None = None
    extract_credits: float | None = None
    parse_credits: float | None = None


class PagesUsage(Response):
    num_pages_extracted: int | None = None
    num_pages_billed: int | None = None


class ExtractJobInfo(Response):
    usage: PagesUsage | None = None


class FieldMetadata(Response):
    """Confidences and citations, which mirror the schema; boxes are PDF points (contract.md section 6).

    One of the three is there, by the extraction target: `document_metadata` for per_doc, `page_metadata` for per_page,
    `row_metadata` for per_table_row.
    """

    document_metadata: dict[str, Any] | None = None
    page_metadata: list[Any] | None = None
    row_metadata: list[Any] | None = None


class ExtractMetadata(Response):
    """Null unless expanded, or citations or confidences were asked for. `parse_job_id` leads to the pages read."""

    field_metadata: FieldMetadata | None = None
    parse_job_id: str | None = None
    parse_tier: str | None = None


class ExtractConfiguration(Response):
    """What the job was told. `data_schema` is a JSON Schema; `extraction_target` is deprecated."""

    data_schema: dict[str, Any]
    tier: ExtractTier | str | None = None
    version: str | None = None
    extraction_target: ExtractionTarget | str | None = None
    cite_sources: bool | None = None
    confidence_scores: bool | None = None
    advanced_citations: bool | None = None
    disable_cache: bool | None = None
    spreadsheet_mode: bool | None = None
    sheet_names: list[str] | None = None
    max_pages: int | None = None
    target_pages: str | None = None
    system_prompt: str | None = None
    parse_config_id: str | None = None
    parse_tier: ParseTier | str | None = None


class ExtractJob(Response):
    """An extract job and its result; it is not wrapped as a parse job is.

    `file_input` is the file (``dfl-``) or parse job (``pjb-``) that was extracted from. `extract_result` is an object
    for per_doc, an array for per_page and per_table_row. `configuration`, `extract_metadata` and `usage` are null
    unless expanded.
    """

    id: str
    file_input: str
    project_id: str
    status: ExtractStatus | str
    created_at: datetime
    updated_at: datetime
    configuration_id: str | None = None
    configuration: ExtractConfiguration | None = None
    error_message: str | None = None
    extract_result: dict[str, Any] | list[Any] | None = None
    extract_metadata: ExtractMetadata | None = None
    metadata: ExtractJobInfo | None = None
    usage: ExtractUsage | None = None


class CreateExtractJob(Request):
    """`file_input` is a file (``dfl-``) or a COMPLETED parse job (``pjb-``).

    Exactly one of `configuration_id` and `configuration` is given, which is the service's to check, as are the fields
    of a configuration, of which there are new ones every month.
    """

    file_input: Filled
    configuration_id: Filled | None = None
    configuration: JsonObject | None = None
    webhook_configuration_ids: list[Filled] | None = None
    webhook_configurations: list[WebhookParam] | None = None


class ValidateSchema(Request):
    data_schema: JsonObject


class ValidatedSchema(Response):
    """A JSON Schema that extract jobs take."""

    data_schema: dict[str, Any]


class GenerateSchema(Request):
    """`data_schema` is one to start from, `file_id` a document to look at."""

    prompt: str | None = None
    file_id: Filled | None = None
    data_schema: JsonObject | None = None
    name: Filled | None = None


class GeneratedSchema(Response):
    """What `configurations.create` takes: `parameters` with their `product_type` and `data_schema`."""

    name: str
    parameters: dict[str, Any]


class GetExtractJob(Query):
    expand: Annotated[list[ExtractExpand], Many] = []


class ListExtractJobs(PageQuery):
    """Times are inclusive. `document_input_type` is ``file_id`` or ``parse_job_id``."""

    status: ExtractStatus | None = None
    configuration_id: Filled | None = None
    file_input: Filled | None = None
    document_input_type: Literal["file_id", "parse_job_id"] | None = None
    job_ids: Repeated = []
    created_at_on_or_after: datetime | None = None
    created_at_on_or_before: datetime | None = None
    expand: Annotated[list[ExtractListExpand], Many] = []


class DeleteExtractJob(Query):
    """`force` deletes a job that has not ended too."""

    force: bool | None = None
