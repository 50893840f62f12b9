"""What holds everywhere (contract.md sections 7 and 8)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice(
        "foreign_project",
        "7",
        "`project_id`, `organization_id` of others",
        "403 in a query. As the project that is asked for: 404.",
    ),
    Choice(
        "list_order",
        "1, 2, 5",
        "Order of lists",
        "Directories, batches, jobs and the files of the Files API newest first; files of a directory as they were "
        "uploaded, those of one moment by `unique_id`.",
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
    Choice(
        "total_size",
        "8",
        "`total_size`",
        "Null, but in the list of webhook configurations, where `include_total` counts them.",
    ),
    Choice("unknown_body_field", "8", "Unknown fields", "In a query ignored, in a body or form 422."),
    Choice("body_size", "8", "Bodies that are no forms", "8 MiB at most, else 413."),
    Choice("disk_full", "8", "No space for an upload", "507 with `x-should-retry: false`; nothing of it is kept."),
    Choice(
        "retry_header",
        "8",
        "`x-should-retry: false`",
        "On every 409, 413 and 507, and where a link is refused. No client retries a 404 or 422 anyway.",
    ),
    Choice("naive_times", "8", "Times without an offset", "Taken as UTC."),
)
