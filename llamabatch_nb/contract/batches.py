"""Batches v2: ``/api/v2/batches`` (create-batch.txt; contract.md section 1)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from llamabatch_nb.contract.base import Filled, Many, PageQuery, Query, Request, Response
from llamabatch_nb.contract.webhooks import WebhookParam

JobType = Literal["parse_v2", "extract_v2"]
BatchStatus = Literal["PENDING", "THROTTLED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]

#: No more work follows. COMPLETED means that every file was mapped to a job, not that every file succeeded.
TERMINAL: frozenset[str] = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
#: A batch is created over at most this many source files (contract.md 1.4).
MAX_FILES = 1000


class JobReference(Response):
    """A job that a batch made for one file. `type` is an open word on reading: new job types survive."""

    id: str
    type: JobType | str


class Result(Response):
    """What a batch made of one source file: a job, a mapping error, or neither yet.

    There is no file name, status, time or cost here: names are in the directory, outcomes on the job.
    """

    source_directory_file_id: str
    error_message: str | None = None
    job_reference: JobReference | None = None


class BatchJob(Response):
    configuration_id: str
    type: JobType | str


class BatchConfig(Response):
    """A snapshot of the configuration, taken when the batch was created."""

    job: BatchJob


class Batch(Response):
    """`results` is null unless expanded, and may be null in any status (contract.md 1.2)."""

    id: str
    config: BatchConfig
    project_id: str
    source_directory_id: str
    status: BatchStatus | str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    results: list[Result] | None = None


class JobParam(Request):
    """The job to make for each file. The configuration's product must match `type`."""

    type: JobType
    configuration_id: Filled


class ConfigParam(Request):
    job: JobParam


class CreateBatch(Request):
    config: ConfigParam
    source_directory_id: Filled
    webhook_configuration_ids: list[Filled] | None = None
    webhook_configurations: list[WebhookParam] | None = None


class GetBatch(Query):
    expand: Annotated[list[Literal["results"]], Many] = []


class ListBatches(PageQuery):
    """Times are inclusive."""

    status: BatchStatus | None = None
    source_directory_id: Filled | None = None
    created_at_on_or_after: datetime | None = None
    created_at_on_or_before: datetime | None = None
