"""From a JSON Schema to the shape of the values it describes. Nothing is fetched, and no schema is too odd.

What columns cannot show is one column of JSON: objects of any name, arrays of scalars, unions of unlike kinds, a schema
that contains itself, and what is beyond the limits below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from llamabatch_nb.frames.records.shapes import JSON, NOTHING, Group, Kind, Rows, Shape, Value, joined

#: Schemas inside a schema, references written out: the service takes 5,000 properties nested 7 deep (contract.md
#: section 6), where each level may be an array of a union of references; ten definitions that name each other are
#: millions.
_MOST, _DEEPEST = 20_000, 64
#: The longest pattern that is tried on a number, its most repetitions and alternatives; one for a decimal needs few.
_PATTERN, _MARKS, _BRANCHES = 200, 24, 4
_LITERAL = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_WILD = re.compile(r"\)[*+{]|\(\?[^:=!]")
#: Digits of a position in a ``$ref``: no list has as many elements, and Python reads no 5,000.
_DIGITS = 10
_KINDS: dict[str, Kind] = {"boolean": "boolean", "integer": "integer", "number": "number", "null": "nothing"}
_FORMATS: dict[str, Kind] = {"date": "date", "date-time": "datetime"}
#: What stands beside a union and holds for each of its variants.
_SHARED = frozenset({"type", "properties", "items", "format", "pattern"})


def shape_of(schema: Mapping[str, Any]) -> Group | None:
    """The shape of a record; None where the schema does not describe an object with properties.

    ``string``, ``integer``, ``number`` and ``boolean`` are what they say; an enum of strings is an ``enum``, other
    enums have the type of their values; of formats ``date`` and ``date-time`` count, all others are strings. Null in a
    union is no type, since everything may be missing. A union of ``number`` and a plain string is a ``decimal``, for
    so pydantic describes a Decimal.
    """
    found = _Reader(schema).shape(schema, _Way())
    return found if isinstance(found, Group) else None


class _Way(NamedTuple):
    """How a schema was reached: by which references, how deep."""

    refs: frozenset[str] = frozenset()
    depth: int = 0

    def down(self, *refs: str) -> _Way:
        return _Way(self.refs | set(refs), self.depth + 1)


class _Reader:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._read = 0

    def shape(self, schema: object, way: _Way) -> Shape:
        if not isinstance(schema, Mapping):
            return JSON
        whole = self._whole(schema, way)
        if whole is None:
            return JSON
        words, way = whole
        found = self._kind(words, way.down())
        meaning = _text(words.get("description")) or _text(words.get("title")) or found.meaning
        unit = _text(words.get("unit")) or found.unit
        if isinstance(found, Value):
            return Value(found.kind, found.words, meaning, unit)
        return type(found)(found.fields, meaning, unit)

    def _whole(self, schema: Mapping[str, Any], way: _Way) -> tuple[dict[str, Any], _Way] | None:
        """Its keywords with those of ``$ref`` and ``allOf`` among them, its own winning; None: they cannot be told."""
        self._read += 1
        if self._read > _MOST or way.depth > _DEEPEST:
            return None
        words: dict[str, Any] = {}
        if "$ref" in schema:
            there = self._referred(schema["$ref"], way)
            if there is None:
                return None
            words, way = there
        parts, refs = schema.get("allOf"), way.refs
        for part in parts if isinstance(parts, list) else ():
            inner = self._whole(part, way.down()) if isinstance(part, Mapping) else None
            if inner is None:
                return None
            words = _over(words, inner[0])
            refs |= inner[1].refs
        own = {name: said for name, said in schema.items() if name not in {"$ref", "allOf"}}
        return _over(words, own), _Way(refs, way.depth)

    def _referred(self, ref: object, way: _Way) -> tuple[dict[str, Any], _Way] | None:
        if not isinstance(ref, str) or not ref.startswith("#") or ref in way.refs:
            return None
        found: Any = self._root
        for part in unquote(ref[1:]).split("/")[1:]:
            step = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and len(step) < _DIGITS and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        # "#" is the root, which contains whatever names it.
        return self._whole(found, way.down(ref)) if isinstance(found, Mapping) and found is not self._root else None

    def _kind(self, words: Mapping[str, Any], way: _Way) -> Shape:
        if "const" in words:
            return _of_words([words["const"]])
        if isinstance(words.get("enum"), list):
            return _of_words(words["enum"])
        for union in ("anyOf", "oneOf"):
            if isinstance(words.get(union), list):
                rest = {name: said for name, said in words.items() if name in _SHARED}
                return self._union([self._variant(one, rest) for one in words[union]], way)
        types = list(_types(words))
        if len(types) > 1:
            return self._union([{**words, "type": one} for one in types], way)
        return self._typed(types[0] if types else None, words, way)

    @staticmethod
    def _variant(variant: object, rest: Mapping[str, Any]) -> object:
        return {"allOf": [rest, variant]} if isinstance(variant, Mapping) and rest else variant

    def _union(self, variants: Sequence[object], way: _Way) -> Shape:
        shapes: list[Shape] = []
        for variant in variants:
            shape = self.shape(variant, way)
            if not (isinstance(shape, Value) and shape.kind == "nothing") and shape not in shapes:
                shapes.append(shape)
        if len(shapes) < 2:
            return shapes[0] if shapes else NOTHING
        values = [shape for shape in shapes if isinstance(shape, Value)]
        if len(values) < len(shapes):
            return JSON
        if {value.kind for value in values} - {"integer"} == {"number", "string"} and all(
            map(_may_be_digits, variants)
        ):
            return Value("decimal")
        found = joined(Value(value.kind, value.words) for value in values)
        return JSON if isinstance(found, Value) and found.kind == "text" else found

    def _typed(self, kind: str | None, words: Mapping[str, Any], way: _Way) -> Shape:
        if kind == "object":
            properties = words.get("properties")
            if not isinstance(properties, Mapping) or not properties:
                return JSON
            return Group({str(name): self.shape(one, way) for name, one in properties.items()})
        if kind == "array":
            items = JSON if "prefixItems" in words else self.shape(words.get("items"), way)
            return Rows(items.fields) if isinstance(items, Group) else JSON
        if kind == "string":
            return Value(_FORMATS.get(str(words.get("format")), "string"))
        return Value(_KINDS.get(kind or "", "json"))


def _types(words: Mapping[str, Any]) -> Iterator[str]:
    said = words.get("type")
    if said is None:
        said = "object" if "properties" in words else "array" if "items" in words else []
    named = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    known = [one for one in named if isinstance(one, str)]
    yield from [one for one in known if one != "null"] or known[:1]


def _of_words(words: Sequence[object]) -> Shape:
    there = [word for word in words if word is not None]
    if there and all(isinstance(word, str) for word in there):
        return Value("enum", tuple(dict.fromkeys(map(str, there))))
    kinds: list[Kind] = []
    for word in there:
        whole: Kind = "boolean" if isinstance(word, bool) else "integer"
        kinds.append(whole if isinstance(word, int) else "number" if isinstance(word, float) else "json")
    found = joined(map(Value, kinds))
    return JSON if isinstance(found, Value) and found.kind == "text" else found


def _over(words: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    both = {**words, **more}
    one, other = words.get("properties"), more.get("properties")
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        both["properties"] = {**one, **other}
    return both


def _may_be_digits(variant: object) -> bool:
    """Whether a variant's strings may all be the digits of a number. A pattern says so by taking 1.5 and no letter."""
    pattern = variant.get("pattern") if isinstance(variant, Mapping) else None
    if not isinstance(pattern, str):
        return True
    try:
        return _is_tame(pattern) and bool(re.search(pattern, "1.5")) and not re.search(pattern, "x")
    except (re.error, RecursionError, OverflowError):
        return False


def _is_tame(pattern: str) -> bool:
    """Whether to try a pattern comes to an end soon. One like ``((.?){99}){99}y`` takes years on three characters, and
    so does ``(|)(|)(|)…y``: groups are not repeated or referred to, and what may match in several ways is little.
    """
    if len(pattern) > _PATTERN or re.search(r"\\[1-9]", pattern):
        return False
    bare = _LITERAL.sub("c", pattern)
    marks, branches = sum(map(bare.count, "*+?{")), bare.count("|") + bare.count(")?")
    return marks <= _MARKS and branches <= _BRANCHES and not _WILD.search(bare)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
