"""What was extracted, as frames typed by the schema it was extracted with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_cloud._models import construct_type
from llama_cloud.types import BatchGetResponse, ExtractV2Job
from pydantic import BaseModel, Field

import llamabatch_nb as lb
from llamabatch_nb import frames
from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.contract.extract import ExtractConfiguration, ExtractJob
from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.records.paths import path_of
from llamabatch_nb.samples import invoice_pdf
from llamabatch_nb.samples.trade import make_invoice, truth_of
from tests.frames.extracted import state, taken
from tests.run.support import Line, engine, remote

Json = dict[str, Any]
MAIN = ["batch_id", "file_id", "name", "job_id", "record", "key", "status", "error", "problems"]
CHILD = ["batch_id", "file_id", "name", "job_id", "record", "key", "parent", "number", "problems"]
TEXT = pd.StringDtype("pyarrow")


def job(number: int, result: Any, schema: Json | None = None, **said: Any) -> ExtractJob:
    return ExtractJob(
        id=f"ext-{number}",
        file_input=f"dfl-{number}",
        project_id="prj-1",
        status="COMPLETED",
        created_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
        updated_at=datetime(2026, 11, 23, 9, 1, tzinfo=UTC),
        extract_result=result,
        configuration=None if schema is None else ExtractConfiguration(data_schema=schema),
        **said,
    )


def made(*results: Any, schema: Any = None) -> frames.Records:
    """Of one job a result; `schema` is what their configuration says."""
    if isinstance(schema, type):
        schema = schema.model_json_schema()  # type: ignore[attr-defined]
    jobs = [job(number, result, schema) for number, result in enumerate(results, 1)]
    return frames.records(taken(*(state(number) for number in range(1, len(jobs) + 1))), jobs)


def properties(**fields: Json) -> Json:
    return {"type": "object", "properties": fields}


def values(frame: pd.DataFrame) -> Json:
    return {name: frame[name].tolist() for name in frame.columns if name not in {*MAIN, *CHILD}}


def cells(frame: pd.DataFrame, row: int, names: Iterable[str]) -> list[Any]:
    return [frame[name].tolist()[row] for name in names]


def came_back(records: Mapping[str, pd.DataFrame]) -> None:
    """Each frame is the same after Parquet, and no column is of objects."""
    with TemporaryDirectory() as folder:
        for frame in records.values():
            assert "object" not in set(frame.dtypes.astype(str))
            again = frames.read_parquet(frames.export(frame, Path(folder, "frame.parquet"), overwrite=True))
            pd.testing.assert_frame_equal(again, frame, check_exact=True)
            assert again.dtypes.equals(frame.dtypes)
            assert again.attrs == frame.attrs


class Currency(StrEnum):
    """In no order of letters."""

    eur = "EUR"
    usd = "USD"
    chf = "CHF"


class Rank(Enum):
    first = 1
    second = 2


class Address(BaseModel):
    city: str | None
    codes: list[int] = []


class Vendor(BaseModel):
    """Who sells."""

    name: str
    address: Address | None = None


class Line_(BaseModel):  # noqa: N801 - Line is the line to the engine
    name: str
    amount: Decimal | None = None


class Order(BaseModel):
    id: int
    items: list[Line_]


class All(BaseModel):
    text: str
    whole: int | None
    real: Annotated[float, Field(description="What it weighs", json_schema_extra={"unit": "kg"})]
    flag: bool | None
    currency: Currency | None
    rank: Rank
    fixed: Literal["a"] = "a"
    day: date | None
    moment: datetime
    hour: time
    exact: Decimal
    either: int | str
    anything: Any
    words: list[str]
    pair: tuple[int, str]
    by_name: dict[str, int]
    vendor: Vendor
    orders: list[Order] | None


FULL: Json = {
    "text": "x",
    "whole": 2.0,
    "real": 3,
    "flag": False,
    "currency": "USD",
    "rank": 2,
    "fixed": "a",
    "day": "2026-01-31",
    "moment": "2026-01-31T09:00:00+01:00",
    "hour": "09:00:00",
    "exact": "12.50",
    "either": "R-12",
    "anything": {"a": [1.0, None]},
    "words": ["ä", "b"],
    "pair": [1, "x"],
    "by_name": {"a": 1},
    "vendor": {"name": "ACME", "address": {"city": "Köln", "codes": [1]}},
    "orders": [
        {"id": 1, "items": [{"name": "nut", "amount": 0.5}, {"name": "bolt", "amount": "1e2"}]},
        None,
        {"id": 2, "items": [{"name": "nut", "amount": None}]},
    ],
}


def test_each_type_of_a_schema_has_its_dtype() -> None:
    records = made(FULL, schema=All)
    assert list(records) == ["main", "orders", "orders.items"]
    main = records.main
    assert main.columns.tolist()[: len(MAIN)] == MAIN
    assert cells(main, 0, MAIN) == [
        "bat-1",
        "dfl-1",
        "1.pdf",
        "ext-1",
        1,
        "ext-1/1",
        "completed",
        pd.NA,
        pd.NA,
    ]
    assert {name: str(dtype) for name, dtype in main.dtypes.items() if name not in MAIN} == {
        "text": "string",
        "whole": "Int64",
        "real": "Float64",
        "flag": "boolean",
        "currency": "category",
        "rank": "Int64",
        "fixed": "category",
        "day": "datetime64[us]",
        "moment": "datetime64[us, UTC]",
        "hour": "string",
        "exact": "Float64",
        "either": "string",
        "anything": "string",
        "words": "string",
        "pair": "string",
        "by_name": "string",
        "vendor.name": "string",
        "vendor.address.city": "string",
        "vendor.address.codes": "string",
    }
    assert values(main) == {
        "text": ["x"],
        "whole": [2],
        "real": [3.0],
        "flag": [False],
        "currency": ["USD"],
        "rank": [2],
        "fixed": ["a"],
        "day": [pd.Timestamp("2026-01-31")],
        "moment": [pd.Timestamp("2026-01-31T08:00:00Z")],
        "hour": ["09:00:00"],
        "exact": [12.5],
        "either": ['"R-12"'],
        "anything": ['{"a": [1, null]}'],
        "words": ['["ä", "b"]'],
        "pair": ['[1, "x"]'],
        "by_name": ['{"a": 1}'],
        "vendor.name": ["ACME"],
        "vendor.address.city": ["Köln"],
        "vendor.address.codes": ["[1]"],
    }
    assert main["currency"].cat.categories.tolist() == ["EUR", "USD", "CHF"]
    assert main["currency"].cat.categories.dtype == TEXT
    came_back(records)


def test_arrays_of_objects_are_frames_joined_by_key() -> None:
    records = made({"orders": []}, FULL, schema=All)
    orders, items = records["orders"], records["orders.items"]
    assert orders.columns.tolist() == [*CHILD, "id"]
    assert orders[["job_id", "record", "parent", "number", "id"]].to_numpy().tolist() == [
        ["ext-2", 1, "ext-2/1", 1, 1],
        ["ext-2", 1, "ext-2/1", 2, pd.NA],  # null in the array
        ["ext-2", 1, "ext-2/1", 3, 2],
    ]
    assert items.columns.tolist() == [*CHILD, "orders.items.name", "amount"]
    joined = items.merge(orders, left_on="parent", right_on="key", suffixes=("", "_order"))
    assert joined[["id", "orders.items.name"]].to_numpy().tolist() == [[1, "nut"], [1, "bolt"], [2, "nut"]]
    assert items["amount"].tolist() == [0.5, 100.0, pd.NA]
    up = orders.merge(records.main, left_on="parent", right_on="key", suffixes=("", "_main"))
    assert up["vendor.name"].tolist() == ["ACME"] * 3
    for frame in records.values():
        assert frame["key"].is_unique


def test_the_same_columns_for_none_one_and_many() -> None:
    none = frames.records(taken(), schema=All)
    built = [none, made(FULL, schema=All), made({}, FULL, {"whole": None}, schema=All)]
    for name in none:
        assert all(records[name].dtypes.equals(none[name].dtypes) for records in built)
        assert none[name]["key"].tolist() == []
    for records in built:
        came_back(records)
        assert list(records) == list(none)


def test_the_table_of_a_frame_says_what_the_schema_says() -> None:
    records = made(FULL, schema=All)
    main = records.schema().set_index("column")
    assert main.columns.tolist() == ["dtype", "meaning", "unit", "source"]
    assert main.index.tolist() == records.main.columns.tolist()
    assert cells(main, main.index.tolist().index("real"), main.columns) == ["Float64", "What it weighs", "kg", "real"]
    assert main.loc["vendor.address.city", "source"] == "vendor.address.city"
    assert main.loc["currency", "meaning"] == "In no order of letters."
    items = records.schema("orders.items").set_index("column")
    assert items.loc["orders.items.name", "source"] == "orders[].items[].name"
    assert max(len(column.meaning) for column in records._schemas["main"].columns[: len(MAIN)]) <= 50
    assert set(records.schema("orders").dtypes.astype(str)) == {"string"}
    with pytest.raises(InputError, match=r"no frame 'lines': ask for one of main, orders, orders\.items\."):
        records.schema("lines")


def test_there_is_no_table_of_all_records() -> None:
    with pytest.raises(InputError, match=r"come from a JSON Schema: run\.records\(\)\.schema\(\) has them"):
        frames.schema("records")


def test_batches_and_jobs_of_the_sdk_are_enough() -> None:
    batch = {
        "id": "bat-1",
        "config": {"job": {"configuration_id": "cfg-1", "type": "extract_v2"}},
        "project_id": "prj-1",
        "source_directory_id": "dir-1",
        "status": "COMPLETED",
        "results": [
            {"source_directory_file_id": f"dfl-{n}", "job_reference": {"id": f"ext-{n}", "type": "extract_v2"}}
            for n in (2, 1, 3)
        ],
    }
    failed = job(3, None).model_copy(update={"status": "FAILED", "error_message": "no text"})
    jobs = [job(1, FULL, All.model_json_schema()), job(2, FULL | {"whole": 7}, All.model_json_schema()), failed]
    bodies = [json.loads(one.model_dump_json()) for one in jobs]
    sdk = [construct_type(type_=ExtractV2Job, value=body) for body in bodies]
    ours = frames.records(Batch.model_validate(batch), jobs)
    assert ours.main["job_id"].tolist() == ["ext-2", "ext-1", "ext-3"]
    assert ours.main["whole"].tolist() == [7, 2, pd.NA]
    assert ours.main["status"].tolist() == ["completed", "completed", "failed"]
    assert ours.main["error"].tolist() == [pd.NA, pd.NA, "no text"]
    for of, others in ((BatchGetResponse.model_validate(batch), sdk), (batch, bodies)):
        for name, frame in frames.records(of, others).items():
            pd.testing.assert_frame_equal(frame, ours[name], check_exact=True)


def test_fields_called_as_our_columns_are_named_with_their_frame() -> None:
    schema = properties(status={"type": "string"}, main={"type": "array", "items": properties(key={"type": "string"})})
    records = made({"status": "paid", "main": [{"key": "k"}]}, schema=schema)
    assert list(records) == ["main", "main.main"]
    assert records.main["main.status"].tolist() == ["paid"]
    assert records.main["status"].tolist() == ["completed"]
    assert records["main.main"]["main.main.key"].tolist() == ["k"]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            properties(**{"a.b": {"type": "string"}, "a": properties(b={"type": "string"})}),
            r'Two values, \["a\.b"\] and a\.b, would be the column \'a\.b\': rename one of them in the schema\.',
        ),
        (
            properties(**{"key": {"type": "string"}, "main.key": {"type": "string"}}),
            r"Two values, key and \[\"main\.key\"\], would be the column 'main\.key'",
        ),
        (
            properties(
                a=properties(b={"type": "array", "items": properties(c={"type": "string"})}),
                **{"a.b": {"type": "array", "items": properties(c={"type": "string"})}},
            ),
            r'Two arrays, a\.b and \["a\.b"\], would be the frame \'a\.b\'',
        ),
    ],
)
def test_a_collision_names_both(schema: Json, message: str) -> None:
    with pytest.raises(InputError, match=message):
        frames.records(taken(), schema=schema)


def test_values_that_do_not_fit_are_said_and_na() -> None:
    odd = {
        "text": 5,
        "whole": "12",
        "real": True,
        "flag": "yes",
        "currency": "GBP",
        "rank": 2**63,
        "day": "2026-W05-6",
        "moment": "yesterday",
        "exact": "1.234,50",
        "vendor": "ACME",
        "orders": {"id": 1},
        "extra": [1],
        "hour": None,
    }
    records = made(odd, {"orders": [{"id": "x"}, 7]}, [FULL | {"real": float("nan")}, 5], schema=All)
    problems = (
        'text: 5 is no text; whole: "12" is no integer of 64 bits; real: true is no number; flag: "yes" is neither '
        'true nor false; currency: "GBP" is none of the words that the schema allows; rank: 9223372036854775808 is no '
        'integer of 64 bits; day: "2026-W05-6" is no date like 2026-01-31; moment: "yesterday" is no time like '
        '2026-01-31T09:00:00Z; exact: "1.234,50" is no number; vendor: "ACME" is no object; orders: {"id": 1} is no '
        "array; extra: [1] is not in the schema"
    )
    assert records.main["problems"].tolist() == [problems, pd.NA, pd.NA, "the record: 5 is no object"]
    first = records.main.iloc[[0]]
    assert all(cell is pd.NA or cell is pd.NaT or pd.isna(cell) for column in values(first).values() for cell in column)
    assert records["orders"]["problems"].tolist() == [
        'orders[0].id: "x" is no integer of 64 bits',
        "orders[1]: 7 is no object",
        pd.NA,
        pd.NA,
        pd.NA,
    ]
    came_back(records)


def test_many_problems_of_a_row_are_counted() -> None:
    records = made({f"f{n}": "x" for n in range(25)}, schema=properties(a={"type": "string"}))
    assert str(records.main["problems"].tolist()[0]).endswith('f19: "x" is not in the schema; and 5 more')


def test_a_file_without_a_result_keeps_its_row() -> None:
    snapshot = taken(
        state(1, status="failed", error="password required", error_source="job"),
        state(2, status="failed", job_id=None, error="no capacity", error_source="mapping"),
        state(3, status="running"),
        state(4),
        state(5),
        state(6, name="copy.pdf", file_id=None, job_id="ext-4", copy_of="4.pdf"),
        state(7),
    )
    jobs = [job(4, {"total": 1}), job(5, [], configuration_id="cfg-1"), {"id": "ext-7", "extract_result": 5}]
    records = frames.records(snapshot, jobs, schema=properties(total={"type": "integer"}))
    main = records.main
    assert main["name"].tolist() == [file.name for file in snapshot.files]
    assert main["status"].tolist() == [
        "failed",
        "failed",
        "running",
        "completed",
        "completed",
        "completed",
        "completed",
    ]
    assert main["record"].tolist() == [pd.NA, pd.NA, pd.NA, 1, pd.NA, 1, pd.NA]
    assert main["key"].tolist() == ["ext-1/0", "dfl-2/0", "ext-3/0", "ext-4/1", "ext-5/0", "ext-4#2/1", "ext-7/0"]
    assert main["error"].tolist()[:6] == ["password required", "no capacity", pd.NA, pd.NA, pd.NA, pd.NA]
    assert "does not read as the service describes it" in main["error"].tolist()[6]
    assert main["total"].tolist() == [pd.NA, pd.NA, pd.NA, 1, pd.NA, 1, pd.NA]
    assert main.attrs["complete"] == "false"  # one is running
    assert main.attrs["schema"] == "records"
    assert frames.records(taken(state(1)), [job(1, {})]).main.attrs["complete"] == "true"
    assert frames.records(taken(state(1))).main.attrs["complete"] == "false"  # its result is not here


def test_an_array_is_a_row_a_page_or_table_row() -> None:
    records = made([{"total": 1}, None, {"total": 3}], {"total": 4}, schema=properties(total={"type": "integer"}))
    assert records.main[["job_id", "record", "key", "total"]].to_numpy().tolist() == [
        ["ext-1", 1, "ext-1/1", 1],
        ["ext-1", 2, "ext-1/2", pd.NA],
        ["ext-1", 3, "ext-1/3", 3],
        ["ext-2", 1, "ext-2/1", 4],
    ]


def test_schemas_that_differ_are_put_together_by_name() -> None:
    words = [{"type": "string", "enum": one} for one in (["b", "a"], ["c", "a"])]
    line = {"type": "array", "items": properties(a={"type": "integer"})}
    one = properties(
        amount={"type": "integer"},
        kind=words[0],
        no={"type": "string"},
        lines=line,
        day={"format": "date", "type": "string"},
    )
    other = properties(
        amount={"type": "number"},
        kind=words[1],
        no={"type": "integer"},
        lines={"type": "array", "items": properties(b={"type": "boolean"})},
        more=properties(x={"type": "string"}),
        day={"type": "string"},
    )
    results: list[Json] = [
        {"amount": 1, "kind": "a", "no": "7", "lines": [{"a": 1}], "day": "2026-01-31"},
        {"amount": 1.5, "kind": "c", "no": 7, "lines": [{"b": True}], "more": {"x": "y"}, "day": "soon"},
    ]
    jobs = [job(n, result, schema) for n, (result, schema) in enumerate(zip(results, (one, other), strict=True), 1)]
    records = frames.records(taken(state(1), state(2)), jobs)
    main = records.main
    assert values(main) == {
        "amount": [1.0, 1.5],
        "kind": ["a", "c"],
        "no": ["7", "7"],
        "day": ["2026-01-31", "soon"],
        "more.x": [pd.NA, "y"],
    }
    assert main["kind"].cat.categories.tolist() == ["b", "a", "c"]
    assert main["problems"].isna().all()
    assert values(records["lines"]) == {"a": [1, pd.NA], "b": [pd.NA, True]}
    came_back(records)
    scalar = frames.records(
        taken(state(1), state(2)), [jobs[0], job(2, {"lines": 5}, properties(lines={"type": "number"}))]
    )
    assert list(scalar) == ["main"]
    assert scalar.main["lines"].tolist() == ['[{"a": 1}]', "5"]


def test_a_job_s_own_schema_holds_for_others_of_its_configuration() -> None:
    schema = properties(day={"type": "string", "format": "date"})
    jobs = [job(1, {"day": "2026-01-31"}, schema, configuration_id="cfg-1"), job(2, {}, configuration_id="cfg-1")]
    records = frames.records(taken(state(1), state(2)), jobs)
    assert str(records.main["day"].dtype) == "datetime64[us]"
    over = frames.records(taken(state(1)), jobs, schema=properties(day={"type": "string"}))
    assert over.main["day"].tolist() == ["2026-01-31"]


def test_without_a_schema_the_values_say_it() -> None:
    results: list[Json] = [
        {
            "n": 1,
            "r": 1,
            "s": "2026-01-31",
            "empty": [],
            "some": [],
            "mixed": 1,
            "none": None,
            "o": {},
            "deep": {"x": 1},
        },
        {"n": 2.0, "r": 1.5, "s": "", "empty": [], "some": [{"a": 1}, {}], "mixed": "1", "none": None, "words": ["a"]},
        {"some": [{"a": None, "b": [{"c": True}]}], "words": [], "o": {}, "deep": None, "late": False},
    ]
    records = made(*results)
    dtypes = {name: str(records.main[name].dtype) for name in values(records.main)}
    assert dtypes == {
        "n": "Int64",
        "r": "Float64",
        "s": "string",
        "empty": "string",
        "mixed": "string",
        "none": "string",
        "o": "string",
        "deep.x": "Int64",
        "words": "string",
        "late": "boolean",
    }
    assert records.main["mixed"].tolist() == ["1", "1", pd.NA]
    assert records.main["empty"].tolist() == ["[]", "[]", pd.NA]
    assert records.main["words"].tolist() == [pd.NA, '["a"]', "[]"]
    assert values(records["some"]) == {"a": [1, pd.NA, pd.NA]}
    assert values(records["some.b"]) == {"c": [True]}
    back = made(*reversed(results))
    assert {name: str(back.main[name].dtype) for name in values(back.main)} == dtypes
    assert records.main["problems"].isna().all()
    came_back(records)


NODE: Json = {"type": "object", "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/Node"}}}
DECIMAL = r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"


@pytest.mark.parametrize(
    ("field", "dtype"),
    [
        ({"allOf": [{"$ref": "#/$defs/Text"}], "description": "x"}, "string"),
        ({"$ref": "#/$defs/Day"}, "datetime64[us]"),
        ({"anyOf": [{"$ref": "#/$defs/Day"}, {"type": "null"}]}, "datetime64[us]"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "Float64"),
        ({"type": ["integer", "null"]}, "Int64"),
        ({"type": ["null", "boolean"], "default": None}, "boolean"),
        ({"anyOf": [{"type": "number"}, {"type": "string", "pattern": DECIMAL}, {"type": "null"}]}, "Float64"),
        ({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?(0|[1-9]\d*)(\.\d+)?$"}]}, "Float64"),
        ({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[A-Z]"}]}, "string"),
        ({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "("}]}, "string"),
        ({"enum": ["a", None, "a"]}, "category"),
        ({"enum": [1, 2.5]}, "Float64"),
        ({"enum": [1, "a"]}, "string"),
        ({"const": True}, "boolean"),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, "category"),
        ({"type": "null"}, "string"),
        ({"type": "numbr"}, "string"),
        ({"$ref": "#/$defs/Absent"}, "string"),
        ({"$ref": "#"}, "string"),
        ({"$ref": "https://example.org/schema"}, "string"),
        (True, "string"),
        ({}, "string"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "string"),
        ({"anyOf": [properties(a={"type": "string"}), properties(b={"type": "string"})]}, "string"),
        ({"type": "array", "items": {"type": "array", "items": properties(a={"type": "string"})}}, "string"),
        ({"type": "array"}, "string"),
    ],
)
def test_what_a_schema_may_say(field: Any, dtype: str) -> None:
    defs = {"Text": {"type": "string"}, "Day": {"type": "string", "format": "date"}, "Node": NODE}
    schema = {"type": "object", "properties": {"field": field}, "$defs": defs}
    records = frames.records(taken(), schema=schema)
    assert str(records.main["field"].dtype) == dtype
    came_back(records)


def test_references_and_diamonds() -> None:
    base = properties(a={"type": "integer"})
    schema = {
        "allOf": [{"$ref": "#/$defs/Left"}, {"$ref": "#/$defs/Right"}],
        "properties": {"tree": {"$ref": "#/$defs/Node"}},
        "$defs": {
            "Base": base,
            "Left": {"allOf": [{"$ref": "#/$defs/Base"}], "properties": {"l": {"type": "string"}}},
            "Right": {"allOf": [{"$ref": "#/$defs/Base"}], "properties": {"r": {"type": "boolean"}}},
            "Node": NODE,
        },
    }
    records = made({"a": 1, "tree": {"name": "x", "next": {"name": "y", "next": None}}}, schema=schema)
    assert values(records.main) == {
        "a": [1],
        "l": [pd.NA],
        "r": [pd.NA],
        "tree.name": ["x"],
        "tree.next": ['{"name": "y", "next": null}'],
    }


def test_definitions_that_multiply_come_to_an_end() -> None:
    names = [f"D{n}" for n in range(40)]
    defs = {
        name: properties(a={"$ref": f"#/$defs/{below}"}, b={"allOf": [{"$ref": f"#/$defs/{below}"}] * 2})
        for name, below in pairwise(names)
    }
    schema = properties(x={"$ref": "#/$defs/D30"}) | {"$defs": {**defs, names[-1]: {"type": "string"}}}
    records = frames.records(taken(), schema=schema)
    assert len(records.main.columns) < 20_000


@pytest.mark.parametrize("schema", [5, int, {}, {"type": "array"}, {"type": "object"}, "{}"])
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(InputError, match="schema= is a pydantic model, or the JSON Schema of an object"):
        frames.records(taken(), schema=schema)


def test_how_it_is_shown() -> None:
    records = made({"<b>": [{"x": 1}]})
    assert repr(records) == "Records(main: 1 row, <b>: 1 row)"
    assert "<td>&lt;b&gt;</td><td>1</td>" in records._repr_html_()
    assert records != made({"<b>": [{"x": 1}]})
    assert isinstance(records, Mapping)
    assert len({records}) == 1


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (("a", "b"), "a.b"),
        (("line_items", 0, "amount"), "line_items[0].amount"),
        (("a", None, "b"), "a[].b"),
        (("a.b",), '["a.b"]'),
        (("x", "net amount", 1), 'x["net amount"][1]'),
        (("Größe", ""), 'Größe[""]'),
        ((), ""),
    ],
)
def test_paths(steps: Any, text: str) -> None:
    assert path_of(steps) == text


# README's own.
class ReadmeLine(BaseModel):
    description: str | None
    quantity: float | None
    amount: float | None


class Invoice(BaseModel):
    invoice_number: str | None
    due_date: date | None
    total: float | None
    lines: list[ReadmeLine] = []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lb.Run]:
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("invoices")
    for ordinal in (1, 2):
        (folder / f"{ordinal}.pdf").write_bytes(invoice_pdf(ordinal))
    (folder / "3.txt").write_text("")
    with pytest.MonkeyPatch.context() as patch, engine(home / "data") as made:
        patch.setenv("LLAMABATCH_HOME", str(home))
        with remote(Line(made)) as client:
            yield lb.submit(folder, schema=Invoice, name="invoices", client=client).wait()


def test_real_invoices(run: lb.Run) -> None:
    records = frames.records(run)
    truths = [truth_of(make_invoice(ordinal)) for ordinal in (1, 2)]
    main = records.main
    assert main["name"].tolist() == ["1.pdf", "2.pdf", "3.txt"]
    assert main["invoice_number"].tolist() == [*(truth["invoice_number"] for truth in truths), pd.NA]
    assert main["total"].tolist() == [*(truth["total"] for truth in truths), pd.NA]
    assert str(main["due_date"].dtype) == "datetime64[us]"
    assert main["error"].tolist()[2]
    assert main["record"].tolist() == [1, 1, pd.NA]
    assert main["problems"].isna().all()
    assert records["lines"]["amount"].tolist() == [item["amount"] for truth in truths for item in truth["line_items"]]
    assert main.attrs["run"] == "invoices"
    assert main.attrs["complete"] == "true"
    assert records.schema("lines")["column"].tolist()[len(CHILD) :] == ["description", "quantity", "amount"]
    came_back(records)

    jobs = run.job_results()
    bodies = [json.loads(result.model_dump_json()) for result in jobs.values()]
    sdk = [construct_type(type_=ExtractV2Job, value=body) for body in bodies]
    assert all(isinstance(one, ExtractV2Job) for one in sdk)
    for others in (sdk, bodies):
        for schema in (Invoice, None):
            same = frames.records(run.snapshot, others, schema=schema)
            ours = frames.records(run.snapshot, jobs, schema=schema)
            assert list(same) == list(ours)
            for name, frame in ours.items():
                pd.testing.assert_frame_equal(same[name], frame, check_exact=True)
                assert same[name].attrs == frame.attrs


# Schemas and values nobody thought of: mostly of the right type, often of another.
names = st.sampled_from(["a", "b", "name", "a.b", "key", "main", "", "Größe", "\ud800"]) | st.text(max_size=4)
scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["2026-01-31", "2026-01-31T09:00:00Z", "0001-01-01T00:00:00+14:00", "1.5", "x"])
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
leaves = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "null"},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"enum": ["x", "\ud800", "1.5"]},
        {"anyOf": [{"type": "number"}, {"type": "string"}]},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"$ref": "#/$defs/Node"},
        {},
        True,
        5,
    ]
)
schemas = st.recursive(
    leaves,
    lambda inner: (
        st.dictionaries(names, inner, max_size=4).map(lambda fields: {"type": "object", "properties": fields})
        | inner.map(lambda items: {"type": "array", "items": items})
        | st.lists(inner, max_size=3).map(lambda some: {"anyOf": some})
    ),
    max_leaves=10,
)
roots = st.dictionaries(names, schemas, min_size=1, max_size=5).map(
    lambda fields: {"type": "object", "properties": fields, "$defs": {"Node": NODE}}
)


def fitting(draw: st.DrawFn, schema: Any) -> Any:
    """A value of the schema, or now and then of none."""
    if not isinstance(schema, dict) or draw(st.integers(0, 9)) == 0:
        return draw(anything)
    if "properties" in schema:
        return {name: fitting(draw, one) for name, one in schema["properties"].items() if draw(st.booleans())}
    if "items" in schema:
        return [fitting(draw, schema["items"]) for _ in range(draw(st.integers(0, 2)))]
    return draw(scalars)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[ExtractJob], Any]:
    jobs = []
    for number in range(draw(st.integers(0, 3))):
        schema = draw(roots)
        records = [fitting(draw, schema) for _ in range(draw(st.integers(0, 2)))]
        result = records if draw(st.booleans()) else next((one for one in records if isinstance(one, dict)), None)
        jobs.append(job(number, result, draw(st.sampled_from([schema, None]))))
    return jobs, draw(st.none() | roots)


@given(runs())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_schema_and_any_values(drawn: tuple[list[ExtractJob], Any]) -> None:
    jobs, schema = drawn
    snapshot = taken(*(state(number) for number in range(4)))
    try:
        records = frames.records(snapshot, jobs, schema=schema)
    except InputError as error:
        assert str(error).startswith(("Two values, ", "Two arrays, "))  # noqa: PT017
        return
    came_back(records)
    assert records.main["job_id"].drop_duplicates().tolist() == ["ext-0", "ext-1", "ext-2", "ext-3"]
    for name, frame in records.items():
        assert frame["key"].is_unique
        assert records.schema(name)["column"].tolist() == frame.columns.tolist()
        if name != "main":
            others = pd.concat([other["key"] for above, other in records.items() if above != name])
            assert frame["parent"].isin(others).all()
    if schema is not None:
        assert frames.records(taken(), schema=schema).main.dtypes.equals(records.main.dtypes)


@pytest.mark.parametrize("pattern", ["((.?){99}){99}y", "(|)" * 49 + "y", "()" + r"\1?" * 60 + "y", ".*" * 60 + "y"])
def test_a_pattern_that_would_take_years_is_not_tried(pattern: str) -> None:
    schema = properties(n={"anyOf": [{"type": "number"}, {"type": "string", "pattern": pattern}]})
    assert made({"n": 1.5}, schema=schema).main["n"].tolist() == ["1.5"]


def test_integers_and_references_of_five_thousand_digits() -> None:
    odd = {"$ref": "#/x/" + "9" * 5000}
    schema = {**properties(a={}, b={"type": "integer"}, c=odd), "x": [{"type": "string"}]}
    main = made({"a": [10**5000], "b": 10**5000, "c": 1}, schema=schema).main
    assert json.loads(main["a"][0]) == ["1" + "0" * 5000]
    assert main["b"].isna().all()
    assert main["problems"][0].startswith('b: "1000')
    assert main["c"].tolist() == ["1"]


def test_a_frame_that_is_not_there_is_said() -> None:
    found = made({"lines": [{"a": 1}]})
    with pytest.raises(KeyError, match=r"no frame 'line_items': ask for one of main, lines\."):
        found["line_items"]
    assert "line_items" not in found
    assert found.get("line_items") is None
