"""What an extractor returned, as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any

from pydantic import BaseModel

from llamabatch_nb.engine.extractors.schemas import SchemaError, pointer_of

#: Deeper than any schema that is taken.
_DEEPEST = 100


def json_of(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Dates become ISO 8601 strings, Decimals numbers, pydantic models and mappings objects, lists and tuples arrays.

    Raises SchemaError where something is no JSON, NaN for one.
    """
    if len(path) > _DEEPEST:
        raise SchemaError(pointer_of(path), "it is nested too deep, or contains itself")
    match value:
        case Enum():
            return json_of(value.value, path)
        case None | bool():
            return value
        case str():
            # A lone surrogate is a string to Python and no text to anybody else.
            return value.encode("utf-8", "replace").decode()
        case Integral() | Real() | Decimal():
            return _number(value, path)
        case date() | time():
            return value.isoformat()
        case BaseModel():
            return json_of(value.model_dump(), path)
        case Mapping():
            return {str(name): json_of(one, (*path, str(name))) for name, one in value.items()}
        case list() | tuple():
            return [json_of(one, (*path, at)) for at, one in enumerate(value)]
    raise SchemaError(pointer_of(path), f"a {type(value).__name__} is no value in JSON")


def _number(value: Any, path: tuple[str | int, ...]) -> int | float:
    if isinstance(value, Integral):
        return int(value)
    if not math.isfinite(value):
        raise SchemaError(pointer_of(path), f"{value} is no number in JSON")
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else float(value)
