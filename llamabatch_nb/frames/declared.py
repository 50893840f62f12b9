"""The one table that says what every frame holds: column, dtype, meaning, unit, source (`lb.schema` prints it)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.schema import TEXT, Column, Schema, storable

_BATCH = Column("batch_id", "string", "Batch the file was submitted in", None, "batch.id")
_NAME = Column(
    "name", "string", "Path relative to the submitted folder", None, "folder, else directory_file.display_name"
)
#: Where an item is, and how sure the service is of it.
_BOXED = (
    Column("x", "Float64", "Left side of the box around all its boxes", "pt", "item.bbox[].x"),
    Column("y", "Float64", "Top of that box, from the top of the page", "pt", "item.bbox[].y"),
    Column("width", "Float64", "Width of that box", "pt", "item.bbox[].w"),
    Column("height", "Float64", "Height of that box", "pt", "item.bbox[].h"),
    Column("confidence", "Float64", "How sure the service is, lowest of its boxes", "0 to 1", "item.bbox[].confidence"),
)


def _of_file(thing: str, done: str) -> tuple[Column, ...]:
    """What a row of something in a document begins with."""
    return (
        _BATCH,
        Column("file_id", "string", f"Directory file the {thing} belongs to", None, "directory_file.id"),
        _NAME,
        Column("job_id", "string", f"Job that {done} the {thing}", None, "result.job_reference.id"),
    )


FILES = Schema(
    "files",
    2,
    (
        _BATCH,
        Column("file_id", "string", "Directory file, the stable key of a row", None, "directory_file.id"),
        Column(
            "unique_id", "string", "Its name in the directory, given by the sender", None, "directory_file.unique_id"
        ),
        _NAME,
        Column("size", "Int64", "Size of the file", "bytes", "folder"),
        Column("metadata", "string", "What users attached to the file, JSON", None, "directory_file.metadata"),
        Column("status", "string", "Status of the job, or how near the file is to one", None, "job.status, lower case"),
        Column("error", "string", "Why there is no result", None, "upload, result or job: error_message"),
        Column("error_source", "string", "What failed: upload, mapping or job", None, "which of these had the error"),
        Column("retryable", "boolean", "Failed, and trying again may help", None, "class of error; NA: not told"),
        Column("attempt", "Int64", "1, or 2 and more for a retried file", None, "counted by the run"),
        Column("copy_of", "string", "Identical file sent in its place", None, "name of the file, by content hash"),
        Column("job_id", "string", "Job that the batch made for the file", None, "result.job_reference.id"),
        Column("job_type", "string", "parse_v2, extract_v2 or a newer word", None, "result.job_reference.type"),
        Column("parse_job_id", "string", "Parse job behind an extract job", None, "job.extract_metadata.parse_job_id"),
        Column(
            "source", "string", "archive or service: where its result is read from", None, "the run; NA: no result yet"
        ),
        Column("pages", "Int64", "Pages, once the result has been fetched", "pages", "pages of the job's result"),
        Column("pages_failed", "Int64", "Pages that could not be read", "pages", "pages with success = false"),
        Column("characters", "Int64", "Characters on all pages", "characters", "text, else markdown: pages[]"),
        Column(
            "confidence",
            "Float64",
            "Lowest of its pages or found values",
            "0 to 1",
            "metadata.pages[], citations",
        ),
        Column("credits", "Float64", "Price of the job, shared by copies; NA: not yet", "credits", "job.usage.credits"),
        Column("created_at", "datetime64[us, UTC]", "When the job was made, server's clock", None, "job.created_at"),
        Column(
            "updated_at", "datetime64[us, UTC]", "When the job last changed, server's clock", None, "job.updated_at"
        ),
        Column(
            "duration",
            "Float64",
            "From its making to its end, waiting included",
            "s",
            "job.updated_at - job.created_at",
        ),
    ),
)

PAGES = Schema(
    "pages",
    1,
    (
        *_of_file("page", "read"),
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

ITEMS = Schema(
    "items",
    1,
    (
        *_of_file("item", "read"),
        Column("page", "Int64", "Page number, from 1", None, "items.pages[].page_number"),
        Column("item", "Int64", "Number on the page, from 1, as it is read", None, "items.pages[].items, depth first"),
        Column("parent", "Int64", "Item it is part of; NA: of the page itself", None, "nesting of items[]"),
        Column("depth", "Int64", "How many items it lies in", "items", "nesting of items[]"),
        Column("type", "string", "text, heading, list, table … or a newer word", None, "item.type"),
        Column("level", "Int64", "Level of a heading, 1 to 6", None, "item.level"),
        Column("text", "string", "The item's words, without markup", None, "item.value, text or caption"),
        Column("markdown", "string", "The item as markdown", None, "item.md"),
        Column("url", "string", "Target of a link, place of an image", None, "item.url"),
        Column("rows", "Int64", "Rows of a table", "rows", "item.rows"),
        Column("columns", "Int64", "Cells in a table's longest row", "columns", "item.rows[]"),
        *_BOXED,
        Column("json", "string", "All its fields but nested items, as JSON", None, "item"),
        Column("error", "string", "Why there is no item", None, "items.pages[].error; result as read"),
    ),
)

TABLES = Schema(
    "tables",
    1,
    (
        *_of_file("table", "read"),
        Column("page", "Int64", "Page it begins on, from 1", None, "items.pages[].page_number"),
        Column("last_page", "Int64", "Page it ends on, where the service joined it", None, "item.merged_from_pages"),
        Column("number", "Int64", "Number in its file, from 1", None, "counted, as it is read"),
        Column(
            "item", "Int64", "Number of the item on its page, as in items", None, "items.pages[].items, depth first"
        ),
        Column("rows", "Int64", "Rows of its frame, without the header", "rows", "item.rows"),
        Column("columns", "Int64", "Columns of its frame", "columns", "item.rows[]"),
        Column("header", "boolean", "First row taken for names of columns", None, "inferred from item.rows"),
        Column("title", "string", "Last heading before it in the file", None, "value of a heading item"),
        *_BOXED,
        Column("concerns", "string", "What the service doubts, a line each", None, "item.parse_concerns"),
    ),
)

RESULTS = Schema(
    "results",
    1,
    (
        Column("batch_id", "string", "Batch that made the mapping", None, "batch.id"),
        Column(
            "source_directory_file_id", "string", "Directory file", None, "batch.results[].source_directory_file_id"
        ),
        Column(
            "job_reference.id", "string", "Job made for the file; NA: none (yet)", None, "results[].job_reference.id"
        ),
        Column("job_reference.type", "string", "parse_v2 …; NA: no job (yet)", None, "results[].job_reference.type"),
        Column("error_message", "string", "Why no job could be made", None, "batch.results[].error_message"),
    ),
)

EVENTS = Schema(
    "events",
    1,
    (
        Column("time", "datetime64[us, UTC]", "When it happened, server's clock", None, "created_at or updated_at"),
        Column("event", "string", "batch or job, and created or ended", None, "which of the times it is"),
        Column("batch_id", "string", "Batch it happened to, or in", None, "batch.id"),
        Column("file_id", "string", "Directory file; NA: of a batch", None, "directory_file.id"),
        Column("name", "string", "Path of the file; NA: of a batch", None, "folder, else directory_file.display_name"),
        Column("job_id", "string", "Job; NA: of a batch", None, "result.job_reference.id"),
        Column("status", "string", "Status it ended with; NA: it was created", None, "job.status or batch.status"),
        Column("completed", "Int64", "Files completed by then", "files", "counted from job.updated_at"),
        Column("ended", "Int64", "Files ended by then, whatever their end", "files", "counted from job.updated_at"),
    ),
)

EVIDENCE = Schema(
    "evidence",
    1,
    (
        *_of_file("value", "extracted"),
        Column("record", "Int64", "Number of the record in its file, from 1", None, "counted in extract_result"),
        Column("path", "string", "Where it stands: line_items[0].amount", None, "extract_result, from a record on"),
        Column("value", "string", "A string as it is, all else as JSON; NA: null", None, "extract_result"),
        Column("type", "string", "JSON's type: string, number, boolean, null …", None, "extract_result"),
        Column("confidence", "Float64", "How sure the service is of it", "0 to 1", "field_metadata: confidence"),
        Column("parsing_confidence", "Float64", "How sure of the reading", "0 to 1", "parsing_confidence"),
        Column("extraction_confidence", "Float64", "How sure of the choice", "0 to 1", "extraction_confidence"),
        Column("citations", "Int64", "Places it was found at; NA: nobody says", "citations", "citation"),
        Column("page", "Int64", "Page of the first, from 1", None, "citation[0].page"),
        Column("matching_text", "string", "The document's own words there", None, "citation[0].matching_text"),
        Column("boxes", "Int64", "Boxes of the first citation", "boxes", "citation[0].bounding_boxes"),
        Column("x", "Float64", "Left side of the first box", "pt", "citation[0].bounding_boxes[0].x"),
        Column("y", "Float64", "Top of it, from the top of the page", "pt", "citation[0].bounding_boxes[0].y"),
        Column("width", "Float64", "Width of it", "pt", "citation[0].bounding_boxes[0].w"),
        Column("height", "Float64", "Height of it", "pt", "citation[0].bounding_boxes[0].h"),
        Column("page_width", "Float64", "Width of the page", "pt", "citation[0].page_dimensions.width"),
        Column("page_height", "Float64", "Height of the page", "pt", "citation[0].page_dimensions.height"),
        Column("error", "string", "Why a file's result cannot be read", None, "result as read"),
    ),
)

SCHEMAS: Mapping[str, Schema] = {
    schema.name: schema for schema in (RESULTS, FILES, PAGES, BATCHES, ITEMS, TABLES, EVENTS, EVIDENCE)
}


def schema(name: str) -> pd.DataFrame:
    """The declared table of the frame `name`, a row a column: column, dtype, meaning, unit, source (all ``string``).

    Raises:
        InputError: no frame has that name; the message lists those that exist.

    """
    if name == "records":
        raise InputError("The columns of records come from a JSON Schema: run.records().schema() has them.")
    if name not in SCHEMAS:
        raise InputError(f"There is no frame {name!r}: ask for one of {', '.join(SCHEMAS)}.")
    return described(SCHEMAS[name])


def described(schema: Schema) -> pd.DataFrame:
    """A schema as a frame: a row a column."""
    columns = schema.columns
    rows: dict[str, list[str | None]] = {
        "column": [column.name for column in columns],
        "dtype": [column.dtype for column in columns],
        "meaning": [column.meaning or None for column in columns],
        "unit": [column.unit for column in columns],
        "source": [column.source for column in columns],
    }
    # Of an extraction names and meanings are other people's, and may hold half of a character.
    return pd.DataFrame(
        {name: [cell and storable(cell) for cell in cells] for name, cells in rows.items()},
        dtype=TEXT,
    )
