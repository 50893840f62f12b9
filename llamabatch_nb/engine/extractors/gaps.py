"""What stands where nothing was found: the schema's own default, an empty array or object, or null."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from llamabatch_nb.engine.extractors.schemas import SchemaError, faults, pointer_of
from llamabatch_nb.engine.extractors.values import json_of


def completed(values: Any, schema: Any) -> Any:
    """`values` with every property of a resolved schema, in its order.

    One that is missing or null becomes its `default`, if it fits; an array or object that may not be null becomes an
    empty one, the object with its own properties completed: pydantic's ``list[Line] = []`` takes no null. All others
    are null, be they allowed to or not: null is what the service gives below its threshold.
    """
    if not isinstance(schema, Mapping):
        return values
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        values = completed(values, part) if _kind_of(values) in _types(part) else values
    if isinstance(values, dict) and "properties" in schema:
        known = {name: _property(values.get(name), part) for name, part in schema["properties"].items()}
        return {**known, **{name: value for name, value in values.items() if name not in known}}
    if isinstance(values, list) and "items" in schema:
        return [completed(value, schema["items"]) for value in values]
    return values


def assumed(found: Any, made: Any, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """The JSON Pointers of the scalars that `completed` has put in the place of nothing: nobody has read them."""
    if isinstance(made, dict):
        for name, value in made.items():
            yield from assumed(found.get(name) if isinstance(found, dict) else None, value, (*path, name))
    elif isinstance(made, list):
        for at, value in enumerate(made):
            yield from assumed(found[at] if isinstance(found, list) else None, value, (*path, at))
    elif found is None and made is not None:
        yield pointer_of(path)


def _property(value: Any, schema: Any) -> Any:
    return completed(_nothing(schema) if value is None else value, schema)


def _nothing(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return None
    if (default := schema.get("default")) is not None and _fits(default, schema):
        return json_of(copy.deepcopy(default))
    # Only of one type: which of several variants it would be is not to be guessed.
    kind = schema.get("type")
    empty: Any = [] if kind == "array" else {} if kind == "object" else None
    return empty if _fits(empty, schema) else None


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    try:
        return not any(faults(json_of(value), schema))
    except SchemaError:  # NaN, which Python's JSON knows
        return False


def _types(schema: Any) -> set[str]:
    if not isinstance(schema, Mapping):
        return set()
    said = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else [])
    return {said} if isinstance(said, str) else set(said)


def _kind_of(value: Any) -> str:
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else ""
