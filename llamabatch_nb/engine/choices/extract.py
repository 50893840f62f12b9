"""Extract jobs (contract.md section 6)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice(
        "extract_file_input",
        "6",
        "What `file_input` may be",
        "A file of the Files API, which an uploaded directory file is by its `file_id`; or a COMPLETED parse job, of "
        "which another status is a 422. Unknown ones: 404, which names the `file_id` where a directory file's own id "
        "is given.",
    ),
    Choice(
        "extract_cancel",
        "6",
        "Cancel of an extract job",
        "As of a parse job. The parse job behind it is cancelled with it if it has not started and nobody else waits "
        "for it.",
    ),
    Choice(
        "extract_delete",
        "6",
        "DELETE of an extract job",
        "`{id, project_id}`; 409 with `x-should-retry: false` for one that has not ended, unless `force`. The parse "
        "job behind it stays.",
    ),
    Choice(
        "extract_lists",
        "6",
        "Lists of extract jobs",
        "They show results, and `extract_metadata` where citations or confidences were asked for; `usage` never.",
    ),
    Choice(
        "extract_usage",
        "6",
        "`usage`, `metadata.usage`",
        "`credits_per_page` times the pages for the extraction, and once more for the parse job behind it. All pages "
        "that were extracted are billed.",
    ),
    Choice(
        "extraction_targets",
        "6",
        "`extraction_target`",
        "Honoured on every tier and version. Rows of `per_table_row` are those of all tables.",
    ),
    Choice(
        "schema_limits",
        "6",
        "Which schemas are taken",
        "JSON Schema 2020-12 with an object at the root, at most 5,000 properties, 120,000 characters, and 7 objects "
        "inside each other (arrays do not count). `$ref` leads to places inside the schema, and never back to itself. "
        "Otherwise 422, with a JSON Pointer in `msg`.",
    ),
    Choice(
        "generate_schema",
        "6",
        "`schema/generate`",
        "There is no language model: a `data_schema` that is given is checked and comes back as a configuration; "
        "without one 422.",
    ),
    Choice(
        "extractor_plugins",
        "6",
        "Who extracts",
        "A deterministic extractor, or a plug-in: `extractor` in a configuration names one of `Engine(extractors=…)` "
        "or an entry point; an unknown name is a 422. What a plug-in raises, or returns against the schema, fails its "
        "file.",
    ),
    Choice(
        "null_values",
        "6",
        "What was not found",
        "Every property of the schema is in the result, `required` or not: as its `default` with confidence 0; else an "
        "array or object that may not be null as an empty one, the object with its own properties; else as null, which "
        "the schema may forbid.",
    ),
    Choice(
        "unasked_metadata",
        "6",
        "`expand=extract_metadata` without `cite_sources` and `confidence_scores`",
        "`parse_job_id` and `parse_tier`; `field_metadata` is null. What was not asked for is left out of entries.",
    ),
    Choice(
        "confidence_parts",
        "6",
        "`confidence`",
        "`parsing_confidence` (that of OCR, else 1) times `extraction_confidence`.",
    ),
    Choice(
        "turbo_citations",
        "6",
        "Tier `turbo`",
        "Citations have no boxes. There is a parse job behind it all the same.",
    ),
    Choice(
        "extract_words_without_effect",
        "6",
        "`system_prompt`, `version`, `advanced_citations`, `disable_cache`, `spreadsheet_mode`, `sheet_names`",
        "Kept and shown; they change nothing. Of `version` the form is checked (`latest`, a number such as `2.5`, or a "
        "date), not whether the service has it.",
    ),
)
