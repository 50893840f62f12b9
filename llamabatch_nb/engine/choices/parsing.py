"""Parse jobs (contract.md section 5)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice(
        "one_source",
        "5",
        "What is parsed",
        "None or both of `file_id` and `source_url`: 422. `source_url` alone: 422 too, for nothing is fetched from the "
        "network. An unknown `file_id`: 404, which names the right one where a directory file's own id is given.",
    ),
    Choice(
        "options_beside_a_configuration",
        "5",
        "Options beside `configuration_id`",
        "Each replaces the configuration's option of that name as a whole. `tier` and `version` may be left out or "
        "`configured`, otherwise they replace too. A configuration of another product: 422, an unknown one: 404.",
    ),
    Choice(
        "upload_is_no_file",
        "5",
        "The file of `POST /api/v2/parse/upload`",
        "No file of the Files API. It is kept as long as the data folder.",
    ),
    Choice(
        "user_metadata_bounds",
        "5",
        "Limits of `user_metadata`",
        "50 entries, keys of 100 and values of 1,000 characters; beyond: 422.",
    ),
    Choice(
        "cancel_job",
        "5",
        "Cancel of a parse job",
        "PENDING: CANCELLED at once. RUNNING: it ends by itself, or is CANCELLED if its worker does not come to it. "
        "Terminal: 409 with `x-should-retry: false`. A batch of which a job was cancelled is COMPLETED.",
    ),
    Choice(
        "delete_job",
        "5",
        "DELETE of a parse job",
        "Not terminal: 409 with `x-should-retry: false`. Its result, page images and links are gone; a batch goes on "
        "referring to it.",
    ),
    Choice("no_cache", "5", "The same file and options again", "Parsed again: there is no cache, nothing is free."),
    Choice(
        "ignored_parameters",
        "5",
        "Options that need the service's models, such as `agentic_options`",
        "Checked and kept; `job_metadata.ignored_parameters` names those that had no effect, `http_proxy` too.",
    ),
    Choice(
        "ocr_when_asked",
        "5",
        "OCR",
        "With `processing_options.ocr_parameters`, be it empty, or of every job with `Engine(ocr=True)`; otherwise a "
        "picture of a page is a page that failed.",
    ),
    Choice(
        "page_failure_ratio",
        "5",
        "`allowed_page_failure_ratio` left out",
        "Not the service's 0.05: a document of which any page was read is COMPLETED, since a page that fails here does "
        "so for want of OCR, and the others are worth having. Given, it holds: the job is FAILED and says how many "
        "pages failed.",
    ),
    Choice("unknown_expand", "5", "An unknown word in `expand`", "Ignored."),
    Choice(
        "fast_has_no_markdown",
        "5",
        "`markdown`, `markdown_full`, `items`, `forms` on tier `fast`, and links to them",
        "Null; the links are left out.",
    ),
    Choice(
        "failed_pages", "5", "A page that failed", "`success: false` in `markdown` and `items`, left out of `text`."
    ),
    Choice("full_joins_pages", "5", "Separator in `text_full`, `markdown_full`", "One empty line between pages."),
    Choice(
        "sizes_of_items",
        "5",
        "`page_width`, `page_height` in `items`",
        "Points; 612 x 792 where the format has no pages of a size, such as a text or a table: the SDK asks for "
        "numbers. Its items have no boxes.",
    ),
    Choice(
        "document_confidence",
        "5",
        "`confidence` in `metadata`",
        "Of a page: that of its recognised text (OCR). Of the document: the mean of its pages that have one, whatever "
        "`confidence_score_effort` says; otherwise null.",
    ),
    Choice(
        "forms_are_not_found",
        "5",
        "`expand=forms`",
        "Null, or with `processing_options.forms=enrich` every page with an empty list: no form is ever found.",
    ),
    Choice(
        "raw_parameters",
        "5",
        "`raw_parameters`",
        "Null unless `expand` has `raw_parameters`: then the options of the job, those of its configuration among "
        "them, without webhooks. Of `http_proxy`, which is not kept, it says `****`.",
    ),
    Choice(
        "linked_results",
        "5",
        "What the links of `result_content_metadata` lead to",
        "`text`, `markdown`, `items`, `metadata`, `forms`: the JSON that the word without `_content_metadata` shows; "
        "`text_full`, `markdown_full`: the text. A key is left out where the job has no such result.",
    ),
    Choice(
        "results_on_request",
        "5",
        "Results that have to be asked for when the job is made",
        "`xlsx` with `tables_as_spreadsheet.enable`, if there is a table; `output_pdf` with `save_output_pdf`, if the "
        "source is a PDF, which it is byte by byte; `stripped_markdown`, `concatenated_stripped_markdown` and "
        "`raw_words` with their words in `additional_outputs`. There is no `grounded_items`.",
    ),
    Choice(
        "raw_words",
        "5",
        "A line of `raw_words`",
        "One word: `page`, `text`, `x`, `y`, `w`, `h` in points, `confidence` after OCR. The width of a line is shared "
        "out to its words by characters.",
    ),
    Choice(
        "image_names",
        "5",
        "`image_filenames`",
        "The images of these names alone; unknown ones are ignored; `total_count` counts all images of the job.",
    ),
    Choice(
        "usage_is_zero",
        "5",
        "`usage.credits`",
        "With `expand=usage` once COMPLETED: 0, or pages times `credits_per_page`.",
    ),
)
