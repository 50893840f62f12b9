"""Parse jobs (contract.md section 5)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
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
)
