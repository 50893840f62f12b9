"""What is extracted at a time: a document, a page, or a row of a table (``extraction_target``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llamabatch_nb.engine.extractors.answers import Answers
from llamabatch_nb.engine.extractors.base import Extraction, Page

#: The property under which rows are asked for.
ROWS = "rows"
Run = Callable[[Sequence[Page], Mapping[str, Any]], Extraction]


@dataclass(frozen=True, slots=True)
class Extracted:
    """`result` is an object for ``per_doc``, else an array. `field_metadata` is None unless it was asked for."""

    result: dict[str, Any] | list[Any]
    field_metadata: dict[str, Any] | None


def extract(run: Run, pages: Sequence[Page], schema: Mapping[str, Any], parameters: Mapping[str, Any]) -> Extracted:
    """`run` is called with pages and a resolved schema, and returns values that fit it."""
    answers = Answers(pages, parameters)
    match parameters.get("extraction_target"):
        case "per_page":
            found = [run([page], schema) for page in pages]
            result: Any = [one.values for one in found]
            key, about = "page_metadata", [answers.of(one.values, one) for one in found]
        case "per_table_row":
            whole = run(pages, _of_rows(schema))
            rows = whole.values.get(ROWS) or []
            result = [row for row in rows if row is not None]
            metadata = answers.of({ROWS: rows}, whole)[ROWS]
            key, about = "row_metadata", [one for row, one in zip(rows, metadata, strict=True) if row is not None]
        case _:
            one = run(pages, schema)
            result = one.values
            key, about = "document_metadata", answers.of(one.values, one)
    return Extracted(result, {key: about} if answers.wanted else None)


def _of_rows(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {ROWS: {"type": "array", "items": schema}}}
