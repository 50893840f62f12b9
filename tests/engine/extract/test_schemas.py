"""Which JSON Schemas are taken, and where the others are wrong."""

from __future__ import annotations

import itertools
import socket
from datetime import date
from typing import Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from llamabatch_nb.engine.extractors.gaps import assumed, completed
from llamabatch_nb.engine.extractors.schemas import (
    MAX_CHARACTERS,
    MAX_NESTING,
    MAX_PROPERTIES,
    SchemaError,
    check,
    faults,
    path_of,
    pointer_of,
    resolved,
)

Json = dict[str, Any]


class Item(BaseModel):
    description: str
    kind: Literal["goods", "work"] | None = None


class Invoice(BaseModel):
    """An invoice."""

    number: Optional[str] = None  # noqa: UP045 - as people write it
    issued: date
    first: Item
    items: list[Item]


def obj(**properties: Any) -> Json:
    return {"type": "object", "properties": properties}


def nested(levels: int) -> Json:
    schema = obj(a={"type": "string"})
    for _ in range(levels - 1):
        schema = obj(a={"type": "array", "items": schema})
    return schema


def test_a_model_s_schema_is_taken_and_its_references_are_written_out() -> None:
    schema = Invoice.model_json_schema()
    assert "$defs" in schema
    made = resolved(schema)
    assert "$defs" not in made
    assert made["properties"]["items"]["items"]["properties"]["description"] == {
        "title": "Description",
        "type": "string",
    }
    assert made["properties"]["first"]["properties"].keys() == {"description", "kind"}
    assert list(made["properties"]) == ["number", "issued", "first", "items"]
    assert "$defs" in schema  # a copy was made


def test_what_stands_beside_a_reference_counts() -> None:
    item = obj(n={"type": "integer"})
    made = resolved({**obj(a={"$ref": "#/$defs/x", "title": "A"}), "$defs": {"x": {**item, "title": "X"}}})
    assert made["properties"]["a"] == {**item, "title": "A"}
    more = {"$ref": "#/$defs/x", "properties": {"m": {"type": "string"}}}
    made = resolved({**obj(a=more), "$defs": {"x": item}})
    assert list(faults({"a": {"n": 1, "m": "x"}}, made)) == []
    assert {fault.pointer for fault in faults({"a": {"n": "x", "m": 1}}, made)} == {"/a/n", "/a/m"}


@pytest.mark.parametrize(
    ("schema", "pointer", "words"),
    [
        (obj(x={"type": "strin"}), "/properties/x/type", "'strin' is no type"),
        (obj(x={"type": "string", "pattern": "("}), "/properties/x/pattern", "regex"),
        (obj(x={"enum": 1}), "/properties/x/enum", "not of type 'array'"),
        (obj(x=5), "/properties/x", "not of type"),
        (obj(**{"a/b~c": {"minLength": -1}}), "/properties/a~1b~0c/minLength", "minimum"),
        ({**obj(x={}), "required": "x"}, "/required", "not of type 'array'"),
        ({"type": "array", "items": {}}, "/type", "root has to be an object"),
        ({"type": "object"}, "/properties", "nothing to extract"),
        ({}, "/properties", "nothing to extract"),
        (obj(x={"$ref": "https://example.com/s.json"}), "/properties/x/$ref", "nothing is fetched"),
        (obj(x={"$ref": "other.json#/a"}), "/properties/x/$ref", "nothing is fetched"),
        (obj(x={"$ref": "#/$defs/none"}), "/properties/x/$ref", "nowhere"),
        (obj(x={"$ref": "#"}), "/properties/x/$ref", "contains itself"),
        (obj(x={"$ref": "#name"}), "/properties/x/$ref", "no schema in this schema"),
        (obj(x={"$dynamicRef": "#a"}), "/properties/x/$dynamicRef", "only $ref"),
        (
            {**obj(x={"$ref": "#/$defs/a"}), "$defs": {"a": obj(y={"items": {"$ref": "#/$defs/a"}})}},
            "/$defs/a/properties/y/items/$ref",
            "contains itself",
        ),
        (obj(x={"type": "string", "description": "d" * MAX_CHARACTERS}), "", "characters"),
        (obj(**{f"p{n}": {} for n in range(MAX_PROPERTIES + 1)}), "/properties", "more than 5,000 properties"),
    ],
)
def test_a_wrong_schema_is_refused_with_the_place(schema: Json, pointer: str, words: str) -> None:
    with pytest.raises(SchemaError) as caught:
        check(schema)
    assert caught.value.pointer == pointer
    assert words in caught.value.message
    assert str(caught.value).startswith(f"{pointer or 'the root'}: ")
    assert len(str(caught.value)) < 400
    (problem,) = caught.value.detail("body", "data_schema")
    assert problem == {"type": "json_schema", "loc": ["body", "data_schema"], "msg": str(caught.value)}


@pytest.mark.parametrize("schema", [None, 5, [], "x", True])
def test_what_is_no_object(schema: Any) -> None:
    with pytest.raises(SchemaError, match="a JSON Schema is an object"):
        check(schema)


def test_nesting() -> None:
    check(nested(MAX_NESTING))
    with pytest.raises(SchemaError, match="more than 7 deep") as caught:
        check(nested(MAX_NESTING + 1))
    assert caught.value.pointer.count("items") == MAX_NESTING


def test_nothing_hostile_takes_long() -> None:
    """Ten definitions that name each other, JSON deeper than Python goes, a chain of references."""
    names = [f"d{n}" for n in range(20)]
    each = {name: {"anyOf": [{"$ref": f"#/$defs/{after}"}] * 10} for name, after in itertools.pairwise(names)}
    with pytest.raises(SchemaError, match="more than 50,000 schemas"):
        check({**obj(x={"$ref": "#/$defs/d0"}), "$defs": {**each, names[-1]: {}}})
    deep: Json = {"type": "string"}
    for _ in range(2000):
        deep = {"items": deep}
    with pytest.raises(SchemaError, match="nested more than"):
        check(obj(x=deep))
    chain = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(500)} | {"d500": {}}
    with pytest.raises(SchemaError, match="too deep"):
        check({**obj(x={"$ref": "#/$defs/d0"}), "$defs": chain})


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        pytest.fail("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", connect)
    schema = {**obj(x={"type": "string"}), "$schema": "http://127.0.0.1:9/s", "$id": "http://127.0.0.1:9/i"}
    assert resolved(schema) == obj(x={"type": "string"})


def test_null_fits_everywhere_and_other_things_do_not() -> None:
    schema = resolved({**Invoice.model_json_schema(), "additionalProperties": False})
    good = {"number": None, "issued": None, "first": None, "items": [{"description": None, "kind": "work"}, None]}
    assert list(faults(good, schema)) == []
    wrong = {"number": 5, "issued": "3 May", "first": {"description": 1}, "items": [{"kind": "x"}], "more": 1}
    found = {fault.pointer for fault in faults(wrong, schema)}
    assert found == {"", "/number", "/issued", "/first/description", "/items/0/kind"}
    assert [fault.pointer for fault in faults(None, schema)] == [""]


def test_variants_are_not_told_apart_by_what_is_null() -> None:
    variants = [{**obj(a={"type": "string"}), "required": ["a"]}, {**obj(b={"type": "string"}), "required": ["b"]}]
    schema = resolved(obj(x={"oneOf": variants}))
    assert list(faults({"x": {"a": None, "b": None}}, schema)) == []
    assert [fault.pointer for fault in faults({"x": 5}, schema)] == ["/x"]


@given(st.lists(st.text(max_size=5), max_size=5))
def test_pointers_come_back(steps: list[str]) -> None:
    assert path_of(pointer_of(steps)) == steps


WORDS = ("type", "properties", "items", "$ref", "$defs", "anyOf", "enum", "format", "pattern", "required", "x")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@given(json_values, json_values)
def test_whatever_comes_there_is_an_answer(schema: Any, values: Any) -> None:
    try:
        made = resolved(schema)
    except SchemaError:
        return
    list(faults(values, made))
    full = completed(values, made)
    assert completed(full, made) == full
    assert set(assumed(full, full)) == set()
    list(assumed(values, full))
