"""From an extracted value to the cell of a column, or to why it does not fit there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from llamabatch_nb.frames.nodes import canonical, real, whole
from llamabatch_nb.frames.records.shapes import Kind, Value
from llamabatch_nb.frames.schema import Dtype, storable

#: The dtype of each kind. A date is a naive midnight: a type of its own does not come back from Parquet as it was on
#: both pandas 2.2 and 3.
DTYPES: dict[Kind, Dtype] = {
    "nothing": "string",
    "boolean": "boolean",
    "integer": "Int64",
    "number": "Float64",
    "decimal": "Float64",
    "date": "datetime64[us]",
    "datetime": "datetime64[us, UTC]",
    "string": "string",
    "enum": "category",
    "text": "string",
    "json": "string",
}
_EXPECTED: dict[Kind, str] = {
    "boolean": "neither true nor false",
    "integer": "no integer of 64 bits",
    "number": "no number",
    "decimal": "no number",
    "date": "no date like 2026-01-31",
    "datetime": "no time like 2026-01-31T09:00:00Z",
    "enum": "none of the words that the schema allows",
}
_DIGITS = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)  # Python reads 2026-W05-6 too, which JSON Schema does not call a date
_LONGEST = 60


class MisfitError(ValueError):
    """A value that does not fit its column; `str()` goes on after the value: “is no number”."""


def cell(value: object, declared: Value) -> object:
    """What stands in the column. None where the value is null or no number at all (NaN).

    Raises:
        MisfitError: it is of another type than was declared.

    """
    if value is None or value != value:  # noqa: PLR0124 - NaN, which is no JSON and means nothing
        return None
    made = _made(value, declared)
    if made is None:
        raise MisfitError(f"is {_EXPECTED.get(declared.kind, 'no text')}")
    return made


def json_text(value: object) -> str:
    """The value as JSON: names in their order, whole numbers without a point, nothing but what JSON has."""
    return json.dumps(_plain(value), ensure_ascii=False, default=str)


def shown(value: object) -> str:
    """The value as a sentence names it, cut where it is long."""
    try:
        text = json_text(value)
    except RecursionError:
        return "a value nested too deeply"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _made(value: object, declared: Value) -> object:
    match declared.kind:
        case "boolean":
            return value if isinstance(value, bool) else None
        case "integer":
            return whole(value)
        case "number":
            return real(value)
        case "decimal":
            return _decimal(value)
        case "date":
            return _date(value)
        case "datetime":
            return _time(value)
        case "enum":
            return value if value in declared.words else None
        case "text" | "json":
            return _text(value, as_it_is=declared.kind == "text")
        case "string" | "nothing":
            return value if isinstance(value, str) else None


def _text(value: object, *, as_it_is: bool) -> str | None:
    if as_it_is and isinstance(value, str):
        return value
    try:
        return json_text(value)
    except RecursionError as error:
        raise MisfitError("is nested too deeply") from error


def _decimal(value: object) -> float | None:
    if isinstance(value, str):
        return real(float(value)) if _DIGITS.fullmatch(value.strip()) else None
    return real(value)


def _date(value: object) -> datetime | None:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return datetime(found.year, found.month, found.day)  # noqa: DTZ001 - a day has no zone


def _time(value: object) -> datetime | None:
    """RFC 3339, and without a zone UTC: as every time of a frame is."""
    if not isinstance(value, str) or len(value) <= len("2026-01-31"):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {storable(str(name)): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, int | float):
        return canonical(value)
    return storable(value) if isinstance(value, str) else value
