"""Where the API is silent or says two things, and what this engine does: one table, which the tests hold it to.

`CHOICES` can be printed as Markdown with `markdown()`. The sections are those of the contract notes: 1 batches,
2 directories, 3 files, 4 configurations, 5 parse, 7 projects, 8 cross-cutting, 10 the Create Batch page and the SDK.
"""

from __future__ import annotations

from typing import NamedTuple


class Choice(NamedTuple):
    """`key` names the test that shows it; `section` is where the contract is silent; `engine` is what happens here."""

    key: str
    section: str
    topic: str
    engine: str


CHOICES: tuple[Choice, ...] = (
    Choice(
        "results_at_the_end",
        "1.2, 10",
        "When `results` is null",
        "Null without `expand=results`; else an array on COMPLETED and CANCELLED, null on FAILED and before the end. "
        "`results_while_running=True` serves it from RUNNING on, as the original Create Batch page has it.",
    ),
    Choice(
        "files_at_create",
        "1",
        "Which files a batch has",
        "Those of the directory when it is created, in the order of the file list. Later uploads are not in it.",
    ),
    Choice("empty_directory", "1", "A batch over an empty directory", "422."),
    Choice("too_many_files", "1.4", "A batch over more than 1,000 files", "422."),
    Choice("unknown_configuration", "1", "An unknown `configuration_id` or `source_directory_id`", "404."),
    Choice("product_mismatch", "1", "`type` and configuration do not match", "422; `extract_v2` is not run yet: 422."),
    Choice("webhooks", "1.4", "Webhooks at create", "Not delivered yet, so asking for one is a 422."),
    Choice(
        "throttled",
        "1.1",
        "THROTTLED",
        "Waiting for workers is RUNNING with PENDING jobs; only a fault that is asked for shows THROTTLED.",
    ),
    Choice(
        "failed_batch", "1.1", "FAILED", "Never by itself; a fault that is asked for fails a batch before it has jobs."
    ),
    Choice(
        "cancel_running",
        "1.1",
        "Cancel of a running batch",
        "Jobs that have not started become CANCELLED at once; what is with a worker runs to its end and keeps its "
        "result; then the batch is CANCELLED. A second cancel before that answers 200.",
    ),
    Choice("cancel_terminal", "1.4", "Cancel of a terminal batch", "409 with `x-should-retry: false`."),
    Choice(
        "directory_name_taken",
        "2",
        "Two directories of one name",
        "409 with `x-should-retry: false`; `detail` is an object with `message` and `directory_id`.",
    ),
    Choice("unique_id_taken", "2", "A `unique_id` that the directory has", "409 with `x-should-retry: false`."),
    Choice(
        "names_by_default",
        "2",
        "`display_name` and `unique_id` left out",
        "The file's name without folders; `unique_id` is `external_file_id`, else the display name.",
    ),
    Choice("directory_type", "2", "`type` left out", "`user`."),
    Choice("ephemeral_lifetime", "2", "`expires_at` of an ephemeral directory", "Two days; nothing is removed yet."),
    Choice(
        "uploads_are_files",
        "2, 3",
        "`file_id`, `download_url` of an uploaded directory file",
        "Each upload is also a file of the Files API, under the uploaded name; it outlives the directory and may be "
        "added to another, which shares its bytes. Of that API there is only DELETE yet. `download_url` is null.",
    ),
    Choice("unknown_file_id", "2", "Adding a `file_id` that is unknown or deleted", "404."),
    Choice(
        "deleted_directory",
        "2",
        "DELETE of a directory or directory file",
        "204; it is hidden (the list shows it with `include_deleted`), its name is free, batches over it go on.",
    ),
    Choice("empty_file", "2", "Upload of an empty file", "Accepted; its job is FAILED with the reason."),
    Choice("presets", "4", "Built-in presets", "One for each parse tier; list and get show them."),
    Choice(
        "cancel_job",
        "5",
        "Cancel of a parse job",
        "PENDING: CANCELLED at once. RUNNING: it ends by itself, or is CANCELLED if its worker does not come to it. "
        "Terminal: 409 with `x-should-retry: false`. A batch of which a job was cancelled is COMPLETED.",
    ),
    Choice("unknown_expand", "5", "An unknown word in `expand`", "Ignored."),
    Choice("fast_has_no_markdown", "5", "`markdown`, `markdown_full`, `items` on tier `fast`", "Null."),
    Choice(
        "failed_pages", "5", "A page that failed", "`success: false` in `markdown` and `items`, left out of `text`."
    ),
    Choice("full_joins_pages", "5", "Separator in `text_full`, `markdown_full`", "One empty line between pages."),
    Choice(
        "items_are_text",
        "5",
        "`items`",
        "One `text` item a page. Page sizes are points, null where the format has none.",
    ),
    Choice(
        "usage_is_zero",
        "5",
        "`usage.credits`",
        "With `expand=usage` once COMPLETED: 0, or pages times `credits_per_page`.",
    ),
    Choice("foreign_project", "7", "`project_id`, `organization_id` of others", "403."),
    Choice(
        "list_order",
        "1, 2, 5",
        "Order of lists",
        "Directories, batches and jobs newest first; files as they were uploaded, those of one moment by `unique_id`.",
    ),
    Choice(
        "upload_limit",
        "8",
        "Too many uploads",
        "With `uploads_per_second`: more than five times as many in five seconds are answered 429, with `Retry-After` "
        "in whole seconds.",
    ),
    Choice("any_key", "8", "Keys", "Any bearer key or `session` cookie is taken as the same user; without one: 401."),
    Choice("page_sizes", "8", "`page_size`", "1 to 1,000, 50 by default; otherwise 422. A foreign `page_token`: 422."),
    Choice("total_size", "8", "`total_size`", "Always null."),
    Choice("unknown_body_field", "8", "Unknown fields", "In a query ignored, in a body or form 422."),
    Choice("naive_times", "8", "Times without an offset", "Taken as UTC."),
)


def markdown() -> str:
    """The table, for a README."""
    lines = ["| Topic | The engine | Contract |", "|---|---|---|"]
    lines += (f"| {choice.topic} | {choice.engine} | {choice.section} |" for choice in CHOICES)
    return "\n".join(lines)
