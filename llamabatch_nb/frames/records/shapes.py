"""The shape of extracted values: scalars, objects and arrays of objects, and what several shapes are together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

#: ``nothing`` is null alone, ``decimal`` a number or digits in a string, ``enum`` one of some words; ``text`` is a
#: string as it is and all else as JSON, ``json`` is everything as JSON.
Kind = Literal[
    "nothing", "boolean", "integer", "number", "decimal", "date", "datetime", "string", "enum", "text", "json"
]
_NUMBERS: tuple[Kind, ...] = ("integer", "number", "decimal")
_STRINGS = frozenset({"date", "datetime", "string", "enum"})


@dataclass(frozen=True, slots=True)
class Value:
    """One column. `words` are those of an ``enum``; `meaning` and `unit` what the schema says of it."""

    kind: Kind
    words: tuple[str, ...] = ()
    meaning: str = ""
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """An object: a column each field, dotted."""

    fields: Mapping[str, Shape] = field(default_factory=dict)
    meaning: str = ""
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """An array of objects: a frame of its own. Without fields it is an array of which only empty ones were seen."""

    fields: Mapping[str, Shape] = field(default_factory=dict)
    meaning: str = ""
    unit: str | None = None


Shape = Value | Group | Rows
S = TypeVar("S", bound=Shape)
NOTHING = Value("nothing")
JSON = Value("json")


def merged(one: Shape, other: Shape) -> Shape:
    """What holds the values of both.

    Objects and arrays of objects have the fields of both, those of `one` first. Integers and other numbers are
    numbers, the words of two enums are one enum, strings of two kinds are strings; other scalars are text, and
    whatever differs more is JSON.
    """
    if one == other:
        return one
    if isinstance(other, Value) and other.kind == "nothing":
        return _said(one, other)
    if isinstance(one, Value) and one.kind == "nothing":
        return _said(other, one)
    if isinstance(one, Group) and isinstance(other, Group):
        return _said(replace(one, fields=_fields(one.fields, other.fields)), other)
    if isinstance(one, Rows) and isinstance(other, Rows):
        return _said(replace(one, fields=_fields(one.fields, other.fields)), other)
    if isinstance(one, Value) and isinstance(other, Value):
        words = (*one.words, *other.words) if one.kind == other.kind == "enum" else ()
        return _said(replace(one, kind=_wider(one.kind, other.kind), words=tuple(dict.fromkeys(words))), other)
    return Value("json", (), one.meaning or other.meaning, one.unit or other.unit)


def joined(shapes: Iterable[Shape]) -> Shape:
    """What holds the values of all; of none it is `NOTHING`."""
    found: Shape = NOTHING
    for shape in shapes:
        found = merged(found, shape)
    return found


def settled(shape: Shape) -> Shape:
    """As columns can show it: null alone is string, an object or an array without any field JSON."""
    if isinstance(shape, Value):
        return replace(shape, kind="string") if shape.kind == "nothing" else shape
    if not shape.fields:
        return Value("json", (), shape.meaning, shape.unit)
    return replace(shape, fields={name: settled(one) for name, one in shape.fields.items()})


def _fields(one: Mapping[str, Shape], other: Mapping[str, Shape]) -> dict[str, Shape]:
    return {
        name: merged(one[name], other[name]) if name in one and name in other else one.get(name) or other[name]
        for name in (*one, *(name for name in other if name not in one))
    }


def _wider(one: Kind, other: Kind) -> Kind:
    if one == other:
        return one
    if "json" in {one, other}:
        return "json"
    if one in _NUMBERS and other in _NUMBERS:
        return max(one, other, key=_NUMBERS.index)
    return "string" if {one, other} <= _STRINGS else "text"


def _said(shape: S, other: Shape) -> S:
    return replace(shape, meaning=shape.meaning or other.meaning, unit=shape.unit or other.unit)
