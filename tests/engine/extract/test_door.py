"""From a parse payload to an extract payload: what extractors are given, and what becomes of what they return."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from llamabatch_nb.engine.extractors import (
    Box,
    Citation,
    Extraction,
    Line,
    Page,
    SchemaError,
    Unextractable,
    extract,
    plugins,
    read_payload,
)
from llamabatch_nb.engine.extractors.plugins import carried
from llamabatch_nb.engine.extractors.values import json_of
from llamabatch_nb.engine.parsers.base import ParsedDocument, ParsedPage
from llamabatch_nb.engine.parsers.payload import write_payload
from tests.engine.extract.support import TOTAL, parsed, totals
from tests.engine.support import Json, pdf

NOWHERE = Path("nowhere")
ASKED: Json = {"cite_sources": True, "confidence_scores": True}


def run(payload: bytes, extractor: Any, *, path: Path = NOWHERE, **parameters: Any) -> tuple[int, Json]:
    pages, packed = extract(payload, path, "a.txt", {"data_schema": TOTAL} | parameters, extractor)
    return pages, read_payload(packed)


def refused(payload: bytes, extractor: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(Unextractable) as caught:
        run(payload, extractor, **parameters)
    return caught.value.reason, str(caught.value)


class Seen:
    """An extractor that keeps what it was given."""

    def __init__(self, returned: Any = None) -> None:
        self.calls: list[tuple[Sequence[Page], Mapping[str, Any]]] = []
        self.returned = {} if returned is None else returned

    def __call__(self, pages: Sequence[Page], schema: Mapping[str, Any], /) -> Any:
        self.calls.append((pages, schema))
        return self.returned


def test_pages_as_extractors_see_them() -> None:
    table = {"type": "table", "rows": [["a", 0.1, None]], "bbox": [1, 2, 3, 4]}
    page = ParsedPage(
        3,
        True,
        "Total 5",
        "**Total 5**",
        width=600,
        height=800,
        items=[table, {"type": "text", "value": "x"}],
        lines=[["Total 5", 10, 20, 30, 8, 0.5]],
    )
    failed = ParsedPage(4, False, "", None, error="Damaged.")
    seen = Seen()
    pages, _ = run(write_payload(ParsedDocument("pdf", (page, failed), {"kind": "pdf"})), seen)
    assert pages == 1
    ((given,), schema) = seen.calls[0]
    assert (given.number, given.text, given.markdown, given.width, given.height) == (
        3,
        "Total 5",
        "**Total 5**",
        600,
        800,
    )
    assert given.lines == (Line("Total 5", Box(10, 20, 30, 8), 0.5),)
    assert [(list(map(list, one.rows)), one.box) for one in given.tables] == [([["a", "0.1", ""]], Box(1, 2, 3, 4))]
    assert schema == TOTAL


def _box(x: float, y: float, w: float, h: float) -> Json:
    return {"x": x, "y": y, "w": w, "h": h}


def test_what_is_drawn_at_no_place_has_none() -> None:
    seen = Seen()
    run(parsed("Total", kind="pdf", lines=[["Total", math.nan, 20, 30, 8, None]]), seen)
    assert seen.calls[0][0][0].lines == (Line("Total"),)


def test_text_without_places_comes_as_lines() -> None:
    seen = Seen()
    run(parsed("first\n\n  second "), seen)
    assert seen.calls[0][0][0].lines == (Line("first"), Line("  second "))


def test_a_pdf_without_places_is_read_again(tmp_path: Path) -> None:
    """A parse job that somebody made for other ends has kept none."""
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf("one", "Total 5", "three"))
    seen = Seen()
    run(parsed("one", "Total 5", "three", kind="pdf"), seen, path=path, target_pages="2-3")
    pages = seen.calls[0][0]
    assert [page.number for page in pages] == [2, 3]
    (line,) = pages[0].lines
    assert line.text.strip() == "Total 5"
    assert line.box is not None
    assert 70 < line.box.x < 74


def test_which_pages() -> None:
    payload = parsed("one", "two", "three", "four")
    for told, numbers in (
        ({}, [1, 2, 3, 4]),
        ({"max_pages": 2}, [1, 2]),
        ({"target_pages": "2,4-9"}, [2, 4]),
        ({"target_pages": "3", "max_pages": 1}, [3]),
    ):
        seen = Seen()
        assert run(payload, seen, **told)[0] == len(numbers)
        assert [page.number for page in seen.calls[0][0]] == numbers
    reason, said = refused(payload, totals, target_pages="7")
    assert reason == "no_pages"
    assert "target_pages" in said


def test_a_document_s_answer_mirrors_its_values() -> None:
    schema = {
        "type": "object",
        "properties": {
            "who": {"type": "object", "properties": {"name": {"type": "string"}}},
            "rows": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "tags": {"type": "array", "items": {"type": "string"}},
            "a/b": {"type": "string"},
        },
    }
    values = {"who": {"name": "Ann"}, "rows": [{"n": 1}, {"n": 2}], "tags": ["x"], "a/b": None}
    box = Box(1, 2, 3, 4)
    extraction = Extraction(
        values,
        {"/who/name": [Citation(1, "Ann B.", [box])], "/rows/1/n": [Citation(1, "2")], "/a~1b": []},
        {"/who/name": 0.5, "/tags/0": 0.75, "/a~1b": 0.1},
    )
    lines = [["Ann B.", 1, 2, 3, 4, 0.8], ["far away", 100, 100, 3, 4, 0.1]]
    payload = parsed("Ann B.", kind="picture", width=600, height=800, lines=lines)
    _, content = run(payload, Seen(extraction), data_schema=schema, **ASKED)
    assert content["result"] == values
    about = content["field_metadata"]["document_metadata"]
    assert list(about) == list(values)
    assert about["who"]["name"] == {
        "confidence": 0.4,  # the words are recognised at 0.8, and taken for the name at 0.5
        "parsing_confidence": 0.8,
        "extraction_confidence": 0.5,
        "citation": [
            {
                "page": 1,
                "matching_text": "Ann B.",
                "bounding_boxes": [_box(1, 2, 3, 4)],
                "page_dimensions": {"width": 600, "height": 800},
            }
        ],
    }
    certain = {"confidence": 1.0, "parsing_confidence": 1.0, "extraction_confidence": 1.0}
    assert about["rows"][0]["n"] == {**certain, "citation": []}
    assert about["rows"][1]["n"]["citation"][0]["bounding_boxes"] == []
    assert about["tags"][0]["confidence"] == 0.75
    assert about["a/b"]["confidence"] == 0.1


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({"cite_sources": True}, {"citation"}),
        ({"confidence_scores": True}, {"confidence", "parsing_confidence", "extraction_confidence"}),
        ({"cite_sources": False, "confidence_scores": None}, None),
    ],
)
def test_only_what_was_asked_for_is_told(asked: Json, keys: set[str] | None) -> None:
    about = run(parsed("Total 5"), totals, **asked)[1]["field_metadata"]
    assert about is None if keys is None else about["document_metadata"]["total"].keys() == keys


def test_page_by_page() -> None:
    pages, content = run(parsed("Total 5", "nothing", "Total 7"), totals, extraction_target="per_page", **ASKED)
    assert pages == 3
    assert content["result"] == [{"total": 5.0}, {"total": None}, {"total": 7.0}]
    about = content["field_metadata"]["page_metadata"]
    assert [one["total"]["confidence"] for one in about] == [0.9, 0.2, 0.9]
    assert [one["total"]["citation"][0]["page"] for one in about if one["total"]["citation"]] == [1, 3]


def test_row_by_row() -> None:
    def rows(_: Sequence[Page], schema: Mapping[str, Any]) -> Extraction:
        assert schema["properties"]["rows"]["items"] == TOTAL
        return Extraction({"rows": [{"total": 1}, None, {}]}, {"/rows/2/total": [Citation(1, "x")]})

    _, content = run(parsed("x"), rows, extraction_target="per_table_row", cite_sources=True)
    assert content["result"] == [{"total": 1}, {"total": None}]
    about = content["field_metadata"]["row_metadata"]
    assert [len(one["total"]["citation"]) for one in about] == [0, 1]
    assert run(parsed("x"), Seen({"rows": None}), extraction_target="per_table_row")[1]["result"] == []


def test_what_does_not_fit_the_schema_fails_the_file_with_the_place() -> None:
    def wrong(_: Sequence[Page], __: Mapping[str, Any]) -> Json:
        return {"total": "12.50"}

    reason, said = refused(parsed("x"), carried({"mine": wrong})["mine"])
    assert reason == "invalid_result"
    assert said == (
        "The extractor 'mine' returned what the schema does not allow, at /total: '12.50' is not of type 'number'; "
        "mend it and retry."
    )
    for returned in (5, ["x"], "x"):
        assert refused(parsed("x"), Seen(returned))[0] == "invalid_result"
    assert refused(parsed("x"), Seen({"total": object()}))[1].count("/total: a object is no value in JSON") == 1
    assert "NaN" in refused(parsed("x"), Seen({"total": Decimal("NaN")}))[1]


def test_what_an_extractor_raises_is_its_file_s_reason() -> None:
    def raising(error: BaseException) -> Callable[..., Any]:
        def extractor(*_: Any) -> Any:
            raise error

        return extractor

    assert refused(parsed("x"), raising(KeyError("no\x1b[31m such\nkey"))) == (
        "extractor",
        "The engine's extractor failed: KeyError: 'no\\x1b[31m such\\nkey'; mend it and retry.",
    )
    assert "SystemExit" in refused(parsed("x"), raising(SystemExit(3)))[1]
    assert "RecursionError" in refused(parsed("x"), raising(RecursionError()))[1]
    assert len(refused(parsed("x"), raising(ValueError("x" * 9999)))[1]) < 500
    assert refused(parsed("x"), raising(Unextractable("mine", "My own words."))) == ("mine", "My own words.")


@pytest.mark.parametrize(
    "extraction",
    [
        Extraction({"total": 1}, {"/total": [Citation("first", "x")]}),  # type: ignore[arg-type]
        Extraction({"total": 1}, {"/total": ["x"]}),  # type: ignore[list-item]
        Extraction({"total": 1}, {"/total": [Citation(1, "x", [(1, 2, 3, 4)])]}),  # type: ignore[list-item]
        Extraction({"total": 1}, {"/total": 5}),  # type: ignore[dict-item]
        Extraction({"total": 1}, 5),  # type: ignore[arg-type]
        Extraction({"total": 1}, {}, {"/total": "sure"}),  # type: ignore[dict-item]
        Extraction({"total": 1}, {}, {"/total": math.nan}),
        Extraction({"total": 1}, {"/total": [Citation(1, "x", [Box(math.nan, 1, 1, 1)])]}),
        Extraction({"total": 1}, {"/total": [Citation(1, "x", [Box(1, 1, math.inf, 1)])]}),
        Extraction({"total": 1}, {"/total": [Citation(math.inf, "x")]}),  # type: ignore[arg-type]
        Extraction({"total": 10**5000}),
    ],
)
def test_odd_citations_fail_the_file_and_nothing_else(extraction: Extraction) -> None:
    reason, said = refused(parsed("x"), Seen(extraction), **ASKED)
    assert reason == "extractor"
    assert "returned what is no Extraction" in said


class Evil(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("not today")


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_what_a_plug_in_does_wrong_is_its_own_fault() -> None:
    """It was said to be the engine's, with the request to report the file."""

    def raising(error: Exception) -> Callable[..., Any]:
        def extractor(*_: Any) -> Any:
            raise error

        return extractor

    for extractor, words in (
        (Seen(Evil(total=1)), "returned what is no Extraction (RuntimeError: not today); mend it"),
        (raising(Unextractable("mine", {"not": "text"})), "whose reason or message is no text; mend it"),  # type: ignore[arg-type]
        (raising(Unextractable(["no", "text"], "Words.")), "whose reason or message is no text; mend it"),  # type: ignore[arg-type]
        (raising(MuteError()), "failed: MuteError; mend it"),
    ):
        reason, said = refused(parsed("x"), extractor)
        assert reason == "extractor"
        assert said.startswith("The engine's extractor ")
        assert words in said


def test_half_a_character_is_a_question_mark() -> None:
    schema = {"type": "object", "properties": {"a\ud800": {"type": "string"}}}
    cited = Extraction({"a\ud800": "b\ud800"}, {"/a\ud800": [Citation(1, "c\ud800")]})
    _, content = run(parsed("x"), Seen(cited), data_schema=schema, cite_sources=True)
    assert content["result"] == {"a?": "b?"}
    ((citation,),) = (one["citation"] for one in content["field_metadata"]["document_metadata"].values())
    assert citation["matching_text"] == "c?"


def test_the_shipped_extractor_s_slips_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file fails because a schema has rules that the extractor does not know."""
    slips = Extraction({"total": "12", "more": [1, "x"]}, {"/total": [Citation(1, "12")]}, {"/total": 0.9})
    monkeypatch.setattr(plugins, "resolved", lambda _: (Seen(slips), None))
    schema = {"type": "object", "properties": {**TOTAL["properties"], "more": {"items": {"type": "integer"}}}}
    _, content = run(parsed("x"), None, data_schema=schema, **ASKED)
    assert content["result"] == {"total": None, "more": [1, None]}
    assert content["field_metadata"]["document_metadata"]["total"]["citation"] == []
    never = {"type": "object", "properties": {"total": {"type": "number"}}, "minProperties": 9}
    assert run(parsed("x"), None, data_schema=never)[1]["result"] == {"total": None}


def test_an_extractor_that_changes_what_it_was_given_is_checked_all_the_same() -> None:
    def loosens(pages: Any, schema: Any) -> Json:
        schema["properties"]["total"] = {}
        schema["properties"]["more"] = {}
        pages.clear()
        return {"total": "many"}

    for target in ("per_doc", "per_page"):
        assert refused(parsed("x"), loosens, extraction_target=target)[0] == "invalid_result"

    def rows(pages: Any, schema: Any) -> Json:
        pages.clear()
        schema["properties"]["rows"]["items"] = {}
        return {"rows": [5]}

    assert refused(parsed("x"), rows, extraction_target="per_table_row")[0] == "invalid_result"

    def empties(pages: Any, _: Any) -> Extraction:
        number = pages[0].number
        pages.clear()
        return Extraction({"total": 5}, {"/total": [Citation(number, "5")]})

    pages, content = run(parsed("x", "y", width=600, height=800), empties, **ASKED)
    assert pages == 2
    (citation,) = content["field_metadata"]["document_metadata"]["total"]["citation"]
    assert citation["page_dimensions"] == {"width": 600, "height": 800}


def test_an_extractor_may_spoil_its_schema() -> None:
    def spoils(_: Sequence[Page], schema: Any) -> Json:
        schema["properties"].clear()
        return {"total": 5}

    for _ in range(2):
        assert run(parsed("x", "y"), spoils, extraction_target="per_page")[1]["result"] == [{"total": 5}] * 2


def test_a_schema_of_an_older_store_is_a_finding() -> None:
    reason, said = refused(parsed("x"), totals, data_schema={"type": "object", "properties": {"a": {"type": "x"}}})
    assert reason == "schema"
    assert "/properties/a/type" in said


def test_values_become_json() -> None:
    class Colour(Enum):
        RED = "red"

    class Model(BaseModel):
        when: date
        amount: Decimal

    made = json_of(
        {
            "model": Model(when=date(2026, 1, 5), amount=Decimal("1.50")),
            "at": datetime(2026, 1, 5, 9, tzinfo=UTC),
            "colour": Colour.RED,
            "tuple": (1, 2.5, True, None),
            "whole": Decimal(3),
            "lone": "a\ud800b",
            5: "key",
        }
    )
    assert made == {
        "model": {"when": "2026-01-05", "amount": 1.5},
        "at": "2026-01-05T09:00:00+00:00",
        "colour": "red",
        "tuple": [1, 2.5, True, None],
        "whole": 3,
        "lone": "a?b",
        "5": "key",
    }
    endless: list[Any] = []
    endless.append(endless)
    for value, pointer in (({"a": [math.inf]}, "/a/0"), ({"a": {1, 2}}, "/a"), (endless, "/0" * 101)):
        with pytest.raises(SchemaError) as caught:
            json_of(value)
        assert caught.value.pointer == pointer
