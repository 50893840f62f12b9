"""What stands where nothing was found, so that people's own models can read it."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from llamabatch_nb.engine.extractors import Citation, Extraction, extract, read_payload
from llamabatch_nb.engine.extractors.gaps import assumed, completed
from llamabatch_nb.engine.extractors.schemas import resolved
from tests.engine.extract.support import NOWHERE, parsed

Json = dict[str, Any]


class Line(BaseModel):
    description: str | None
    kind: Literal["goods", "work"] = "work"


class Address(BaseModel):
    street: str | None
    lines: list[str]


class Invoice(BaseModel):
    """As in the README, and whatever else may not be null."""

    number: str | None
    currency: str | None = "EUR"
    lines: list[Line] = []
    notes: list[str] = Field(default_factory=list)
    taxes: list[float]
    maybe: list[str] | None
    seller: Address
    buyer: Address | None
    rates: dict[str, float]


SCHEMA = Invoice.model_json_schema()


def obj(**properties: Any) -> Json:
    return {"type": "object", "properties": properties}


def test_a_model_can_read_what_was_not_found() -> None:
    made = completed({"currency": None, "lines": None, "seller": None}, resolved(SCHEMA))
    assert list(made) == list(SCHEMA["properties"])
    assert made == {
        "number": None,
        "currency": "EUR",
        "lines": [],
        "notes": [],
        "taxes": [],
        "maybe": None,
        "seller": {"street": None, "lines": []},
        "buyer": None,
        "rates": {},
    }
    assert Invoice.model_validate(made).lines == []


def test_what_was_found_stays_in_the_schema_s_order() -> None:
    made = completed({"more": 1, "lines": [{"kind": "goods"}], "number": "", "currency": "CHF"}, resolved(SCHEMA))
    assert list(made) == [*SCHEMA["properties"], "more"]
    assert made["lines"] == [{"description": None, "kind": "goods"}]
    assert (made["number"], made["currency"]) == ("", "CHF")
    either = resolved(obj(x={"anyOf": [obj(a={"type": "string"}), {"type": "null"}]}))
    assert completed({"x": {}}, either) == {"x": {"a": None}}
    assert completed({"x": None}, either) == {"x": None}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number"}, None),
        ({"type": "number", "default": 0}, 0),
        ({"type": "boolean", "default": False}, False),
        ({"type": "number", "default": "many"}, None),
        ({"type": "number", "default": math.nan}, None),
        ({"enum": ["a", "b"], "default": "c"}, None),
        ({"type": "array", "minItems": 1}, None),
        ({"type": "array", "minItems": 1, "default": []}, None),
        ({"type": ["array", "null"]}, None),
        ({"type": "object", "minProperties": 1}, None),
        ({"anyOf": [obj(a={}), obj(b={})]}, None),
        ({**obj(a={"type": "integer"}), "default": {}}, {"a": None}),
        ({}, None),
        (True, None),
    ],
)
def test_nothing_stands_there_that_the_schema_does_not_allow(schema: Any, value: Any) -> None:
    assert completed({}, resolved(obj(x=schema))) == {"x": value}


def test_defaults_are_nobody_s_and_shared_by_nobody() -> None:
    schema = resolved(obj(x={"type": "array", "default": [{"a": 1}]}))
    completed({}, schema)["x"].append(2)
    assert completed({}, schema) == {"x": [{"a": 1}]}
    assert list(assumed({}, {"x": [{"a": 1, "b": None}], "y": [], "z": None})) == ["/x/0/a"]


@pytest.mark.parametrize("named", [True, False])
def test_evidence_has_the_shape_of_the_values(named: bool) -> None:
    """A null that became an array has no elements to speak of; a default was read nowhere, and is not sure."""
    cited = [Citation(1, "CHF?")]
    known = ("/currency", "/lines", "/number")
    returned: Json = {"number": "7", "currency": None, "lines": None}

    def mine(*_: Any) -> Extraction:
        return Extraction(returned, dict.fromkeys(known, cited), dict.fromkeys(known, 0.75))

    told = {"data_schema": SCHEMA, "cite_sources": True, "confidence_scores": True}
    _, packed = extract(parsed("nothing"), NOWHERE, "a.txt", told, mine if named else None)
    content = read_payload(packed)
    values, evidence = content["result"], content["field_metadata"]["document_metadata"]
    assert Invoice.model_validate(values).currency == "EUR"
    assert {"lines": [], "taxes": [], "rates": {}}.items() <= evidence.items()
    assert evidence["seller"].keys() == {"street", "lines"}
    assert evidence["currency"] == {
        "confidence": 0,
        "parsing_confidence": 1,
        "extraction_confidence": 0,
        "citation": [],
    }
    if named:
        assert evidence["number"]["confidence"] == 0.75
