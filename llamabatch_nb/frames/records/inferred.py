"""The shape of values that no schema describes, from the values themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from llamabatch_nb.frames.nodes import INT64, canonical
from llamabatch_nb.frames.records.shapes import JSON, NOTHING, Group, Rows, Shape, Value, joined

#: Objects are nested at most so deep in what a schema may ask for (contract.md section 6); what is deeper is JSON.
_DEEPEST = 7


def inferred(records: Iterable[object]) -> Group:
    """What holds all of the records, which does not depend on their order but for the order of columns.

    Numbers that are all whole are ``integer``. Strings stay strings: which of them are dates or words of an enum, only
    a schema knows. What is null everywhere is a string, and what is of several kinds JSON, or text.
    """
    shapes = (_shape(record, 0) for record in records)
    found = joined(shape for shape in shapes if isinstance(shape, Group))
    return found if isinstance(found, Group) else Group()


def _shape(value: object, depth: int) -> Shape:
    match value:
        case bool():
            return Value("boolean")
        case int() | float():
            return _number(value)
        case str():
            return Value("string")
        case None:
            return NOTHING
    if depth > _DEEPEST:
        return JSON
    if isinstance(value, Mapping):
        return Group({str(name): _shape(one, depth + 1) for name, one in value.items()})
    if isinstance(value, list):
        there = [one for one in value if one is not None]
        if all(isinstance(one, Mapping) for one in there):
            element = joined((Group(), *(_shape(one, depth) for one in there)))
            return Rows(element.fields) if isinstance(element, Group) else JSON
    return JSON


def _number(value: float) -> Shape:
    number = canonical(value)
    if number is None:  # NaN
        return NOTHING
    return Value("integer" if isinstance(number, int) and number in INT64 else "number")
