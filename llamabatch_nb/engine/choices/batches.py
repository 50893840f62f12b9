"""Batches (contract.md section 1)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

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
    Choice("product_mismatch", "1", "`type` and configuration do not match", "422."),
    Choice(
        "throttled",
        "1.1",
        "THROTTLED",
        "Waiting for workers is RUNNING with PENDING jobs; only a fault that is asked for shows THROTTLED.",
    ),
    Choice(
        "time",
        "1.1",
        "How long a status lasts",
        'As long as the work takes (`time="timed"`). With `per_read` each GET of a batch or job, alone or in a list, '
        "shows one step more: PENDING, RUNNING, and the end, for which it waits; with `immediate` the first one waits. "
        "A cancelled one is shown at once. A list's `status` filter and a cancel go by what is true: what is shown "
        'PENDING may be a 409 "is COMPLETED".',
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
    Choice(
        "cancel_pending",
        "1.1, 1.3",
        "Cancel of a batch that has no jobs yet",
        "CANCELLED at once; each of its results has neither a job nor an error.",
    ),
    Choice("cancel_terminal", "1.4", "Cancel of a terminal batch", "409 with `x-should-retry: false`."),
)
