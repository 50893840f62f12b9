"""The JSON Schema of an extraction: is it one, is it within the API's limits, and does a result fit it.

Schemas are JSON Schema 2020-12, as pydantic's ``model_json_schema()`` makes them. Limits: contract.md section 6.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

#: What the API takes (contract.md section 6, "Limits"). Nesting counts objects: a property of the root is on level 1.
MAX_PROPERTIES, MAX_NESTING, MAX_CHARACTERS = 5_000, 7, 120_000
#: How deep JSON may go, so that nothing below runs into Python's own limit.
_DEEPEST = 64
#: Schemas in a schema whose references are written out: ten definitions can name each other into millions.
_MOST = 50_000
#: Keys that hold one schema, a list of them, or a map of them.
_ONE = frozenset({"items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"})
_LIST = frozenset({"prefixItems", "allOf", "anyOf", "oneOf"})
_MAP = frozenset({"properties", "patternProperties", "dependentSchemas"})
#: Of no use once references are written out.
_LEFT_OUT = frozenset({"$ref", "$defs", "definitions", "$schema", "$id", "$anchor", "$dynamicAnchor", "$comment"})
_SAYINGS = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"})
_LONGEST = 200
Path = tuple[str | int, ...]


class SchemaError(ValueError):
    """A schema, or what was extracted for it, is wrong at `pointer` (RFC 6901; the empty one is all of it).

    `message` is what is wrong there, in words that go on after the pointer and a colon.
    """

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(pointer, message)
        self.pointer = pointer
        self.message = message

    def __str__(self) -> str:
        return f"{self.pointer or 'the root'}: {self.message}"

    def detail(self, *loc: str | int) -> list[dict[str, Any]]:
        """As the body of a 422: `loc` is where the schema stands in the request, the place in it begins the `msg`."""
        return [{"type": "json_schema", "loc": list(loc), "msg": str(self)}]


def pointer_of(path: Sequence[str | int]) -> str:
    """``("items", 0, "a/b")`` is ``"/items/0/a~1b"``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def path_of(pointer: str) -> list[str]:
    """The steps of a JSON Pointer, as texts."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def check(schema: Any) -> None:
    """Raises SchemaError if nothing can be extracted by this schema."""
    if not isinstance(schema, Mapping):
        raise SchemaError("", f"a JSON Schema is an object, not {type(schema).__name__}")
    _measure(schema)
    _made(json.dumps(schema))


def resolved(schema: Any) -> dict[str, Any]:
    """The schema with its references written out, which come from ``$defs`` or any other place inside it.

    Nothing is fetched. It is a copy of its own. Raises SchemaError for whatever is wrong with the schema.
    """
    check(schema)
    return copy.deepcopy(_made(json.dumps(schema)))


@lru_cache(maxsize=8)
def _made(text: str) -> dict[str, Any]:
    """Cached, for a thousand files have one schema, and one of 2,300 properties takes 1.2 s to check."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = json.loads(text)
    validator = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    if wrong := best_match(validator.iter_errors(schema)):
        raise SchemaError(pointer_of(list(wrong.absolute_path)), _told(wrong.message, wrong.absolute_path))
    made = _Expansion(schema).made()
    if made.get("type", "object") != "object":
        raise SchemaError("/type", "the root has to be an object, whose properties are the fields to extract")
    if not made.get("properties"):
        raise SchemaError("/properties", "there are no properties, so there is nothing to extract")
    return made


class _Way(NamedTuple):
    """How a schema was reached: by which references, at which level of properties, at which depth."""

    refs: tuple[str, ...] = ()
    level: int = 0
    depth: int = 0

    def down(self, *refs: str) -> _Way:
        return self._replace(refs=self.refs + refs, depth=self.depth + 1)


class _Expansion:
    """References written out, with the API's limits counted on the way."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._schemas = 0
        self._properties = 0

    def made(self) -> dict[str, Any]:
        made = self._schema(self._root, (), _Way())
        assert isinstance(made, dict)
        return made

    def _schema(self, node: Any, path: Path, way: _Way) -> dict[str, Any] | bool:
        if isinstance(node, bool):
            return node
        self._schemas += 1
        if self._schemas > _MOST:
            raise SchemaError(pointer_of(path), f"with its references written out it is more than {_MOST:,} schemas")
        if way.depth > _DEEPEST:
            raise SchemaError(pointer_of(path), "its references lead too deep")
        if "$dynamicRef" in node:
            raise SchemaError(pointer_of((*path, "$dynamicRef")), "only $ref is followed")
        own = {
            key: self._value(key, value, (*path, key), way.down())
            for key, value in node.items()
            if key not in _LEFT_OUT
        }
        if "$ref" not in node:
            return own
        there = self._referred(node["$ref"], (*path, "$ref"), way)
        if isinstance(there, bool) or (own.keys() & there.keys()) - _SAYINGS:
            return {**own, "allOf": [there, *own.get("allOf", [])]}
        return {**there, **own}

    def _value(self, key: str, value: Any, path: Path, way: _Way) -> Any:
        if key == "properties":
            way = way._replace(level=way.level + 1)
            if value and way.level > MAX_NESTING:
                raise SchemaError(pointer_of(path), f"objects are nested more than {MAX_NESTING} deep")
            self._properties += len(value)
            if self._properties > MAX_PROPERTIES:
                raise SchemaError(pointer_of(path), f"there are more than {MAX_PROPERTIES:,} properties")
        if key in _ONE:
            return self._schema(value, path, way)
        if key in _LIST:
            return [self._schema(one, (*path, at), way) for at, one in enumerate(value)]
        if key in _MAP:
            return {name: self._schema(one, (*path, name), way) for name, one in value.items()}
        return value

    def _referred(self, ref: str, path: Path, way: _Way) -> dict[str, Any] | bool:
        where, shown = pointer_of(path), _short(repr(ref))
        if not ref.startswith("#"):
            raise SchemaError(where, f"{shown} is outside of this schema, and nothing is fetched: put it under $defs")
        if ref in way.refs or ref == "#":
            raise SchemaError(where, f"{shown} contains itself, which has no end: write as many levels as you need")
        found: Any = self._root
        at: list[str | int] = []
        for part in path_of(unquote(ref[1:])):
            step = int(part) if isinstance(found, list) and part.isdecimal() else part
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                raise SchemaError(where, f"{shown} is nowhere in this schema") from None
            at.append(step)
        if not at or not isinstance(found, (Mapping, bool)):
            raise SchemaError(where, f"{shown} is no schema in this schema; write it as '#/$defs/…'")
        return self._schema(found, tuple(at), way.down(ref))


def faults(values: Any, schema: Mapping[str, Any]) -> Iterator[SchemaError]:
    """What of `values` does not fit a resolved schema. Null stands for what was not found, and fits everywhere."""
    from jsonschema import FormatChecker

    validator = _tolerant()(schema, format_checker=FormatChecker(("date", "email", "uuid")))
    for wrong in validator.iter_errors(values):
        yield SchemaError(pointer_of(list(wrong.absolute_path)), _short(wrong.message))


@lru_cache(maxsize=1)
def _tolerant() -> Callable[..., Validator]:
    """A class of validators: to make it takes half as long as all the rest of a document.

    Null is absent to them, so what is said about being there is not heeded. That takes `not`, `if` and the
    exclusiveness of `oneOf` with it, which mostly tell variants apart by what is there.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    words = Draft202012Validator.VALIDATORS

    def nothing(*_: Any) -> Iterator[Any]:
        return iter(())

    def there(word: str) -> Any:
        def checked(validator: Any, said: Any, instance: Any, schema: Any) -> Any:
            if isinstance(instance, dict):
                instance = {name: value for name, value in instance.items() if value is not None}
            return words[word](validator, said, instance, schema) or ()

        return checked

    def items(validator: Any, said: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, list):
            for at, value in enumerate(instance[len(schema.get("prefixItems", ())) :]):
                if value is not None:
                    yield from validator.descend(value, said, path=at)

    made: Callable[..., Validator] = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        {
            **dict.fromkeys(("required", "dependentRequired", "not", "if"), nothing),
            **{word: there(word) for word in ("properties", "additionalProperties", "patternProperties")},
            "items": items,
            "oneOf": words["anyOf"],
        },
    )
    return made


def _measure(schema: Mapping[str, Any]) -> None:
    waiting: list[tuple[Any, Path]] = [(schema, ())]
    while waiting:
        value, path = waiting.pop()
        if len(path) > _DEEPEST:
            raise SchemaError(pointer_of(path), f"JSON is nested more than {_DEEPEST} deep")
        if isinstance(value, (Mapping, list)):
            steps = value.items() if isinstance(value, Mapping) else enumerate(value)
            waiting += [(part, (*path, step)) for step, part in steps]
    size = len(json.dumps(schema, ensure_ascii=False))
    if size > MAX_CHARACTERS:
        raise SchemaError("", f"it has {size:,} characters, and {MAX_CHARACTERS:,} are the most that is taken")


def _told(message: str, path: Sequence[str | int]) -> str:
    """The words of jsonschema for a wrong type name all the alternatives of its meta-schema, and none of the types."""
    if path and path[-1] == "type" and "is not valid under any" in message:
        words = "array, boolean, integer, null, number, object, string"
        return f"{_short(message.partition(' is not valid')[0])} is no type of JSON Schema: {words}"
    return _short(message)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
