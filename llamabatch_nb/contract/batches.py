"""Batches v2: ``/api/v2/batches`` (create-batch.txt; contract.md section 1)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from llamabatch_nb.contract.base import PageQuery, Query, Repeated, Request, Response

JobType = Literal["parse_v2", "extract_v2"]
BatchStatus = Literal["PENDING", "THROTTLED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]

#: No more work follows. COMPLETED means that every file was mapped to a job, not that every file succeeded.
TERMINAL: frozenset[str] = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
#: A batch is created over at most this many source files (contract.md 1.4).
MAX_FILES = 1000


class JobReference(Response):
    """A job that a batch made for one file. `type` is an open word on reading: new job types survive."""

    id: str
    type: str


class Result(Response):
    """What a batch made of one source file: a job, a mapping error, or neither yet.

    There is no file name, status, time or cost here: names are in the directory, outcomes on the job.
    """

    source_directory_file_id: str
    error_message: str | None = None
    job_reference: JobReference | None = None


class BatchJob(Response):
    configuration_id: str
    type: str


class BatchConfig(Response):
    """A snapshot of the configuration, taken when the batch was created."""

    job: BatchJob


class Batch(Response):
    """`results` is null unless expanded, and may be null in any status (contract.md 1.2)."""

    id: str
    config: BatchConfig
    project_id: str
    source_directory_id: str
    status: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    results: list[Result] | None = None


class JobParam(Request):
    """The job to make for each file. The configuration's product must match `type`."""

    type: JobType
    configuration_id: str = Field(min_length=1)


class ConfigParam(Request):
    job: JobParam


class WebhookParam(Request):
    """An inline webhook endpoint. `webhook_events` null means all of them."""

    webhook_url: str | None = None
    webhook_events: list[str] | None = None
    webhook_headers: dict[str, str] | None = None
    webhook_output_format: str | None = None
    webhook_signing_secret: str | None = None


class CreateBatch(Request):
    config: ConfigParam
    source_directory_id: str = Field(min_length=1)
    webhook_configuration_ids: list[str] | None = None
    webhook_configurations: list[WebhookParam] | None = None


class GetBatch(Query):
    expand: Repeated = []


class ListBatches(PageQuery):
    """Times are inclusive."""

    status: BatchStatus | None = None
    source_directory_id: str | None = None
    created_at_on_or_after: datetime | None = None
    created_at_on_or_before: datetime | None = None
