"""Where each value stands and how sure the service is of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_cloud._models import construct_type
from llama_cloud.types import ExtractV2Job
from pydantic import BaseModel

import llamabatch_nb as lb
from llamabatch_nb import frames
from llamabatch_nb.contract.extract import ExtractConfiguration, ExtractJob, ExtractMetadata
from llamabatch_nb.samples import invoice_pdf
from llamabatch_nb.samples.trade import make_invoice, truth_of
from tests.frames.extracted import state, taken
from tests.run.support import Line, engine, remote

Json = dict[str, Any]


def job(number: int, result: Any, fields: Any = None, schema: Json | None = None) -> ExtractJob:
    moment = datetime(2026, 11, 23, 9, tzinfo=UTC)
    return ExtractJob(
        id=f"ext-{number}",
        file_input=f"dfl-{number}",
        project_id="prj-1",
        status="COMPLETED",
        created_at=moment,
        updated_at=moment,
        extract_result=result,
        extract_metadata=None if fields is None else ExtractMetadata.model_validate({"field_metadata": fields}),
        configuration=None if schema is None else ExtractConfiguration(data_schema=schema),
    )


def one(result: Any, fields: Any = None, schema: Json | None = None) -> pd.DataFrame:
    return frames.evidence(taken(state(1)), [job(1, result, fields, schema)])


def cells(frame: pd.DataFrame, row: int, names: Iterable[str]) -> list[Any]:
    return [frame[name].tolist()[row] for name in names]


def said(page: int, words: str, **more: Any) -> Json:
    box = {"x": 1, "y": 2.5, "w": 30, "h": 4}
    size = {"width": 595.0, "height": 842.0}
    return {"page": page, "matching_text": words, "bounding_boxes": [box, box], "page_dimensions": size} | more


def test_one_row_a_value_in_the_order_of_the_schema() -> None:
    schema = {
        "properties": {
            "total": {"type": "number"},
            "paid": {"type": "boolean"},
            "lines": {"type": "array", "items": {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}},
            "tags": {"type": "array", "items": {"type": "string"}},
        }
    }
    result = {"lines": [{"b": "x", "a": 1}, {}], "more": {"a.b": None}, "tags": ["s", "t"], "paid": False, "total": 2.0}
    about = {
        "total": {
            "confidence": 0.9,
            "parsing_confidence": 1,
            "extraction_confidence": 0.9,
            "citation": [said(2, "Total 2.00"), said(3, "again")],
        },
        "paid": {"citation": []},
        "lines": [{"b": {"confidence": 0.5, "citation": [said(1, "x", bounding_boxes=None, page_dimensions=None)]}}],
        "tags": [{"confidence": 0.1}],
    }
    frame = one(result, {"document_metadata": about}, schema)
    na = pd.NA
    assert frame[["path", "value", "type", "confidence", "citations", "page", "matching_text"]].to_numpy().tolist() == [
        ["total", "2", "number", 0.9, 2, 2, "Total 2.00"],
        ["paid", "false", "boolean", na, 0, na, na],
        ["lines[0].a", "1", "number", na, na, na, na],
        ["lines[0].b", "x", "string", 0.5, 1, 1, "x"],
        ["lines[1]", "{}", "object", na, na, na, na],
        ["tags[0]", "s", "string", 0.1, na, na, na],
        ["tags[1]", "t", "string", na, na, na, na],
        ['more["a.b"]', na, "null", na, na, na, na],
    ]
    place = ["boxes", "x", "y", "width", "height", "page_width", "page_height"]
    assert cells(frame, 0, place) == [2, 1.0, 2.5, 30.0, 4.0, 595.0, 842.0]
    assert frame.loc[3, place].isna().all()
    assert cells(frame, 0, ["parsing_confidence", "extraction_confidence"]) == [1.0, 0.9]
    assert cells(frame, 0, ["batch_id", "file_id", "name", "job_id", "record"]) == [
        "bat-1",
        "dfl-1",
        "1.pdf",
        "ext-1",
        1,
    ]
    assert frame.attrs["schema"] == "evidence"
    assert frame.attrs["complete"] == "true"


@pytest.mark.parametrize("kind", ["page_metadata", "row_metadata"])
def test_pages_and_rows_are_numbered_records(kind: str) -> None:
    frame = one(
        [{"a": 1}, None, {"a": 3}, {"a": 4}], {kind: [{"a": {"confidence": 0.5}}, None, {"a": {"confidence": 1}}]}
    )
    assert frame[["record", "path", "value", "confidence"]].to_numpy().tolist() == [
        [1, "a", "1", 0.5],
        [2, "", pd.NA, pd.NA],
        [3, "a", "3", 1.0],
        [4, "a", "4", pd.NA],
    ]


def test_an_older_answer_has_the_fields_without_document_metadata() -> None:
    assert one({"a": "x"}, {"a": {"confidence": 0.5}})["confidence"].tolist() == [0.5]


def test_what_is_told_of_an_array_as_a_whole_is_one_value() -> None:
    about = {
        "tags": {"confidence": 0.5, "citation": [said(1, "a, b")]},
        "vendor": {"confidence": 0.6, "citation": []},
        # A field that is called as what is told of one.
        "odd": {"confidence": {"confidence": 0.7}},
    }
    result = {"tags": ["a", "b"], "vendor": {"name": "ACME"}, "odd": {"confidence": "high"}}
    frame = one(result, {"document_metadata": about})
    assert frame[["path", "value", "type", "confidence"]].to_numpy().tolist() == [
        ["tags", '["a", "b"]', "array", 0.5],
        ["vendor", '{"name": "ACME"}', "object", 0.6],
        ["odd.confidence", "high", "string", 0.7],
    ]


def test_files_keep_their_order_and_an_unreadable_result_is_a_row() -> None:
    snapshot = taken(state(3), state(1), state(2, status="failed"), state(4), state(5, job_id="ext-1", copy_of="1.pdf"))
    jobs = [job(1, {"a": 1}), job(3, {"a": 3}), {"id": "ext-4", "file_input": "dfl-4", "status": 5}]
    frame = frames.evidence(snapshot, jobs)
    assert frame["name"].tolist() == ["3.pdf", "1.pdf", "4.pdf", "5.pdf"]
    assert frame["value"].tolist() == ["3", "1", pd.NA, "1"]
    assert "does not read as the service describes it" in frame["error"].tolist()[2]


def test_a_result_that_is_nested_without_end_is_cut() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    frame = one({"a": deep})
    assert frame["path"].tolist() == ["a" + "[0]" * 63]
    assert frame["type"].tolist() == ["array"]
    assert one({"a": deep}).equals(frame)
    assert frames.records(taken(state(1)), [job(1, {"a": deep})]).main["problems"].notna().all()


class Item(BaseModel):
    description: str | None
    quantity: float | None
    amount: float | None


class Invoice(BaseModel):
    invoice_number: str | None
    total: float | None
    lines: list[Item] = []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lb.Run]:
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("invoices")
    for ordinal in (1, 2):
        (folder / f"{ordinal}.pdf").write_bytes(invoice_pdf(ordinal))
    with pytest.MonkeyPatch.context() as patch, engine(home / "data") as made:
        patch.setenv("LLAMABATCH_HOME", str(home))
        with remote(Line(made)) as client:
            yield lb.submit(folder, schema=Invoice, client=client).wait()


def test_real_invoices(run: lb.Run) -> None:
    frame = frames.evidence(run)
    truth = truth_of(make_invoice(1))
    first = frame[frame["name"] == "1.pdf"].set_index("path")
    assert list(first.index[:3]) == ["invoice_number", "total", "lines[0].description"]
    assert cells(first, 0, ["value", "type", "page"]) == [truth["invoice_number"], "string", 1]
    amounts = first.loc[[f"lines[{n}].amount" for n in range(len(truth["line_items"]))]]
    assert amounts["value"].astype(float).tolist() == [item["amount"] for item in truth["line_items"]]
    cited = frame[frame["citations"] > 0]
    assert len(cited) > 10
    assert cited["matching_text"].str.strip().ne("").all()
    assert cited["confidence"].between(0.5, 1).all()
    assert (cited["x"] + cited["width"] <= cited["page_width"]).all()
    assert (cited["y"] + cited["height"] <= cited["page_height"]).all()

    jobs = run.job_results()
    bodies = [json.loads(result.model_dump_json()) for result in jobs.values()]
    sdk = [construct_type(type_=ExtractV2Job, value=body) for body in bodies]
    assert all(isinstance(one, ExtractV2Job) for one in sdk)
    for others in (sdk, bodies):
        same = frames.evidence(run.snapshot, others)
        pd.testing.assert_frame_equal(same, frame, check_exact=True)
        assert same.attrs == frame.attrs


names = st.sampled_from(["a", "b", "confidence", "citation", "\ud800"]) | st.text(max_size=3)
scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
citations = st.fixed_dictionaries(
    {},
    optional={
        "page": scalars,
        "matching_text": scalars,
        "bounding_boxes": st.none() | st.lists(scalars | st.dictionaries(st.sampled_from("xywh"), scalars), max_size=2),
        "page_dimensions": scalars | st.dictionaries(st.sampled_from(["width", "height"]), scalars),
    },
)
entries = st.fixed_dictionaries(
    {}, optional={"confidence": scalars, "citation": scalars | citations | st.lists(citations | scalars, max_size=2)}
)


def nested(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
    )


objects = st.dictionaries(names, nested(scalars), max_size=4)
about = nested(entries | scalars)
metadata = st.fixed_dictionaries(
    {},
    optional={
        "document_metadata": st.none() | st.dictionaries(names, about, max_size=4),
        "page_metadata": st.none() | st.lists(about, max_size=3),
        "row_metadata": st.none() | st.lists(about, max_size=3),
    },
)


@given(
    st.lists(st.tuples(st.none() | objects | st.lists(nested(scalars), max_size=3), st.none() | metadata), max_size=3)
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_anything_told_of_anything(told: list[tuple[Any, Any]]) -> None:
    jobs = [job(number, result, fields) for number, (result, fields) in enumerate(told)]
    frame = frames.evidence(taken(*(state(number) for number in range(len(jobs)))), jobs)
    assert frame.dtypes.equals(frames.EVIDENCE.empty().dtypes)
    assert "object" not in set(frame.dtypes.astype(str))
    assert not frame.duplicated(["job_id", "record", "path"]).any()
    with TemporaryDirectory() as folder:
        again = frames.read_parquet(frames.export(frame, Path(folder, "evidence.parquet")))
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert again.attrs == frame.attrs
