"""The one table that says what every frame holds: column, dtype, meaning, unit, source (`lb.schema` prints it)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.schema import TEXT, Column, Schema

FILES = Schema(
    "files",
    1,
    (
        Column("batch_id", "string", "Batch the file was submitted in", None, "batch.id"),
        Column("file_id", "string", "Directory file, the stable key of a row", None, "directory_file.id"),
        Column(
            "name", "string", "Path relative to the submitted folder", None, "folder, else directory_file.display_name"
        ),
        Column("size", "Int64", "Size of the file", "bytes", "folder"),
        Column("status", "string", "Status of the job, or how near the file is to one", None, "job.status, lower case"),
        Column("error", "string", "Why there is no result", None, "upload, result or job: error_message"),
        Column("error_source", "string", "What failed: upload, mapping or job", None, "which of these had the error"),
        Column("retryable", "boolean", "Failed, and trying again may help", None, "class of error; NA: not failed"),
        Column("attempt", "Int64", "1, or 2 and more for a retried file", None, "counted by the run"),
        Column("copy_of", "string", "Identical file sent in its place", None, "name of the file, by content hash"),
        Column("job_id", "string", "Job that the batch made for the file", None, "result.job_reference.id"),
        Column("job_type", "string", "parse_v2, extract_v2 or a newer word", None, "result.job_reference.type"),
        Column("pages", "Int64", "Pages, once the result has been fetched", "pages", "pages of the job's result"),
        Column("pages_failed", "Int64", "Pages that could not be read", "pages", "pages with success = false"),
        Column("credits", "Float64", "Price of the job, shared by copies; NA: not yet", "credits", "job.usage.credits"),
        Column("created_at", "datetime64[us, UTC]", "When the job was made, server's clock", None, "job.created_at"),
        Column(
            "updated_at", "datetime64[us, UTC]", "When the job last changed, server's clock", None, "job.updated_at"
        ),
        Column(
            "duration", "Float64", "How long the job took, once it has ended", "s", "job.updated_at - job.created_at"
        ),
    ),
)

PAGES = Schema(
    "pages",
    1,
    (
        Column("batch_id", "string", "Batch the file was submitted in", None, "batch.id"),
        Column("file_id", "string", "Directory file the page belongs to", None, "directory_file.id"),
        Column(
            "name", "string", "Path relative to the submitted folder", None, "folder, else directory_file.display_name"
        ),
        Column("job_id", "string", "Job that read the page", None, "result.job_reference.id"),
        Column("page", "Int64", "Page number, from 1", None, "page_number of any expanded part"),
        Column("text", "string", "Plain text, laid out as on the page", None, "text.pages[].text"),
        Column("markdown", "string", "The page as markdown", None, "markdown.pages[].markdown"),
        Column(
            "success",
            "boolean",
            "Read without a failure; NA where nothing says",
            None,
            "markdown, items: pages[].success",
        ),
        Column("error", "string", "Why the page could not be read", None, "markdown, items: pages[].error"),
        Column("confidence", "Float64", "How sure the service is of the page", "0 to 1", "metadata.pages[].confidence"),
        Column("width", "Float64", "Width of the page", "pt", "items.pages[].page_width"),
        Column("height", "Float64", "Height of the page", "pt", "items.pages[].page_height"),
    ),
)

BATCHES = Schema(
    "batches",
    1,
    (
        Column("name", "string", "Name the run was given", None, "journal, else source_directory.name"),
        Column("source", "string", "Folder, files or directory, as submitted", None, "journal"),
        Column("service", "string", "Service it ran on", None, "label of the service"),
        Column("batch_id", "string", "First batch of the run", None, "batch.id"),
        Column("batches", "Int64", "Batches of the run, retries included", "batches", "journal, else 1"),
        Column("directory_id", "string", "Directory of the first batch", None, "batch.source_directory_id"),
        Column("configuration_id", "string", "Saved configuration or preset", None, "batch.config.job"),
        Column("job_type", "string", "parse_v2, extract_v2 or a newer word", None, "batch.config.job.type"),
        Column("phase", "string", "Status of the run, or UPLOADING", None, "batch.status"),
        Column("files", "Int64", "Source files", "files", "journal, else batch.results"),
        Column("completed", "Int64", "Files with a result", "files", "job.status"),
        Column("failed", "Int64", "Files without one that have ended", "files", "job.status, upload, mapping"),
        Column("pages", "Int64", "Pages of the results on this machine", "pages", "archive"),
        Column("credits", "Float64", "Price as reported so far", "credits", "job.usage.credits, each job once"),
        Column("created_at", "datetime64[us, UTC]", "When it was made, server's clock", None, "batch.created_at"),
        Column("updated_at", "datetime64[us, UTC]", "When it last changed, server's clock", None, "batch.updated_at"),
        Column("parent", "string", "Lineage: retry of or rerun of a batch", None, "journal"),
        Column("in_journal", "boolean", "Known on this machine", None, "journal"),
        Column("on_service", "boolean", "Still listed by the service", None, "list of batches"),
    ),
)

SCHEMAS: Mapping[str, Schema] = {schema.name: schema for schema in (FILES, PAGES, BATCHES)}


def schema(name: str) -> pd.DataFrame:
    """The declared table of the frame `name`, a row a column: column, dtype, meaning, unit, source (all ``string``).

    Raises:
        InputError: no frame has that name; the message lists those that exist.

    """
    if name not in SCHEMAS:
        raise InputError(f"There is no frame {name!r}: ask for one of {', '.join(SCHEMAS)}.")
    columns = SCHEMAS[name].columns
    return pd.DataFrame(
        {
            "column": [column.name for column in columns],
            "dtype": [column.dtype for column in columns],
            "meaning": [column.meaning for column in columns],
            "unit": [column.unit for column in columns],
            "source": [column.source for column in columns],
        },
        dtype=TEXT,
    )
