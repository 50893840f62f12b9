"""`lb.submit(schema=…)`: from a model to its values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from openpyxl import load_workbook
from pydantic import BaseModel

import llamabatch_nb as lb
from llamabatch_nb import cli
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.errors import CostError, ExportError, InputError
from llamabatch_nb.samples import invoice_pdf
from llamabatch_nb.samples.trade import make_invoice, truth_of
from tests.run.support import CREATE, Line, answering, engine, remote, texts

Json = dict[str, Any]
CONFIGURATIONS = "POST /api/v1/beta/configurations"
TOTAL: Json = {"title": "Sum", "type": "object", "properties": {"total": {"type": "number"}}}
WRONG: Json = {"type": "object", "properties": {"total": {"type": "numbr"}}}


class Item(BaseModel):
    description: str | None
    amount: float | None


class Invoice(BaseModel):
    """An invoice as it is printed."""

    invoice_number: str | None
    invoice_date: date | None
    total: float | None
    line_items: list[Item]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with engine(tmp_path / "data") as made:
        yield Line(made)


@pytest.fixture
def client(line: Line) -> Iterator[lb.Client]:
    with remote(line) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="Total: 12.50", b="Total: 7.00")


def values(run: lb.Run, name: str) -> Any:
    result = run.results_of(name)
    assert isinstance(result, ExtractJob)
    return result.extract_result


def entries(about: Any) -> Iterator[Json]:
    if isinstance(about, list):
        for one in about:
            yield from entries(one)
    elif "citation" in about:
        yield about
    else:
        for one in about.values():
            yield from entries(one)


def test_three_invoices_from_end_to_end(client: lb.Client, line: Line, tmp_path: Path) -> None:
    folder = tmp_path / "invoices"
    folder.mkdir()
    for ordinal in (1, 2, 3):
        (folder / f"{ordinal}.pdf").write_bytes(invoice_pdf(ordinal))
    run = lb.submit(folder, schema=Invoice, name="invoices", client=client).wait()
    assert run.files()["status"].tolist() == ["completed"] * 3
    assert set(run.files()["job_type"]) == {"extract_v2"}
    for ordinal in (1, 2, 3):
        truth = truth_of(make_invoice(ordinal))
        result = run.results_of(f"{ordinal}.pdf")
        assert isinstance(result, ExtractJob)
        found: Any = result.extract_result
        assert list(found) == list(Invoice.model_fields)
        for name in ("invoice_number", "invoice_date", "total"):
            assert found[name] == truth[name]
        assert [item["amount"] for item in found["line_items"]] == [item["amount"] for item in truth["line_items"]]
        assert result.extract_metadata is not None
        assert result.extract_metadata.field_metadata is not None
        about = result.extract_metadata.field_metadata.document_metadata
        assert about is not None
        assert list(about) == list(found)
        cited = [entry for entry in entries(about) if entry["citation"]]
        assert len(cited) >= 3 + len(truth["line_items"])
        for entry in cited:
            assert 0.5 < entry["confidence"] <= 1
            for citation in entry["citation"]:
                page = citation["page_dimensions"]
                assert citation["matching_text"].strip()
                assert citation["bounding_boxes"]
                for box in citation["bounding_boxes"]:
                    assert 0 <= box["x"] < box["x"] + box["w"] <= page["width"]
                    assert 0 <= box["y"] < box["y"] + box["h"] <= page["height"]
    with remote(line) as other:
        assert lb.open("invoices", client=other).results_of("2.pdf") == run.results_of("2.pdf")


def test_the_same_schema_is_the_same_run(client: lb.Client, line: Line, folder: Path) -> None:
    run = lb.submit(folder, schema=TOTAL, client=client).wait()
    assert (values(run, "a.txt"), values(run, "b.txt")) == ({"total": 12.5}, {"total": 7.0})
    assert (line.count(CONFIGURATIONS), line.count(CREATE)) == (1, 1)
    again = lb.submit(folder, schema=json.loads(json.dumps(TOTAL)), client=client)
    assert again.id == run.id
    assert (line.count(CONFIGURATIONS), line.count(CREATE)) == (1, 1)
    other = {**TOTAL, "properties": {**TOTAL["properties"], "date": {"type": "string"}}}
    assert lb.submit(folder, schema=other, client=client).wait().id != run.id
    saved = list(client.configurations.list(product_type=["extract_v2"], latest_only=True))
    assert len(saved) == 2
    for found, schema in zip(saved, (other, TOTAL), strict=True):
        assert found.name.startswith("Sum-")
        assert found.parameters == {
            "product_type": "extract_v2",
            "data_schema": schema,
            "tier": "agentic",
            "cite_sources": True,
            "confidence_scores": True,
        }
    (folder / "c.txt").write_text("Total: 1.00")
    assert values(run.rest().wait(), "c.txt") == {"total": 1.0}


def test_a_configuration_that_somebody_changed_is_saved_anew(client: lb.Client, line: Line, folder: Path) -> None:
    run = lb.submit(folder, schema=TOTAL, client=client).wait()
    (saved,) = client.configurations.list(product_type=["extract_v2"])
    other = {**TOTAL, "properties": {"date": {"type": "string"}}}
    client.configurations.update(saved.id, parameters={"product_type": "extract_v2", "data_schema": other})
    again = lb.submit(folder, schema=TOTAL, new=True, client=client).wait()
    assert line.count(CONFIGURATIONS) == 2
    assert values(again, "a.txt") == values(run, "a.txt")


def test_a_dry_run_saves_nothing(client: lb.Client, line: Line, folder: Path) -> None:
    cost = lb.submit(folder, schema=Invoice, dry_run=True, client=client)
    assert (cost.files, cost.job_type, cost.tier, cost.credits) == (2, "extract_v2", "agentic", 30.0)
    assert "the parsing on top" in str(cost)
    with pytest.raises(CostError, match="max_credits=29"):
        lb.submit(folder, schema=Invoice, max_credits=29, client=client)
    assert line.count(CREATE) == line.uploads == 0
    lb.submit(folder, schema=Invoice, client=client).wait()
    assert lb.submit(folder, schema=Invoice, dry_run=True, client=client).files == 0


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_wrong_schema_is_refused_with_the_place(
    client: lb.Client, line: Line, folder: Path, *, dry_run: bool
) -> None:
    class Endless(BaseModel):
        name: str
        parts: list[Endless]

    Endless.model_rebuild(_types_namespace={"Endless": Endless})

    class Odd(BaseModel):
        call: Callable[[], int]

    for schema, words in (
        (WRONG, r"/properties/total/type: 'numbr' is no type of JSON Schema"),
        (Endless, r"/\$defs/Endless/properties/parts/items/\$ref: .* contains itself"),
        (Odd, "Odd has no JSON Schema: Cannot generate a JsonSchema"),
        ({"type": "array"}, "/type: the root has to be an object"),
        ({**TOTAL, "default": float("nan")}, "is no JSON"),
        (5, "takes a pydantic model class or a JSON Schema, not 5"),
        (Item(description=None, amount=1), "takes a pydantic model class"),
    ):
        submit: Any = lb.submit
        with pytest.raises(InputError, match=words) as caught:
            submit(folder, schema=schema, dry_run=dry_run, client=client)
        assert "Nothing was sent." in str(caught.value)
    assert line.uploads == line.count(CREATE) == 0


def test_either_a_schema_or_a_configuration(client: lb.Client, folder: Path) -> None:
    submit: Any = lb.submit
    for more, words in (
        ({"configuration": "cfg-PARSE_AGENTIC"}, "leave configuration= out"),
        ({"type": "parse_v2"}, "is for extract_v2, not for parse_v2"),
    ):
        with pytest.raises(InputError, match=words):
            submit(folder, schema=TOTAL, client=client, **more)


def test_a_service_that_is_down_is_no_wrong_schema(client: lb.Client, line: Line, folder: Path) -> None:
    line.before = answering("/api/v1/beta/configurations", httpx.Response(403, json={"detail": "no"}))
    with pytest.raises(lb.errors.PermissionDeniedError):
        lb.submit(folder, schema=TOTAL, client=client)


def test_from_the_command_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMABATCH_ENGINE", "workers=1")
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(TOTAL))
    assert cli.main(["run", str(folder), "--schema", str(schema)]) == 0
    said = capsys.readouterr().out
    shown = dict(line.split(": ", 1) for line in said.splitlines() if line.startswith(("a.txt: ", "b.txt: ")))
    assert {name: json.loads(text) for name, text in shown.items()} == {"a.txt": {"total": 12.5}, "b.txt": {"total": 7}}
    schema.write_text(json.dumps(WRONG))
    assert cli.main(["run", str(folder), "--schema", str(schema)]) == 1
    assert "/properties/total/type" in capsys.readouterr().err
    for content, words in (("[1]", "holds no JSON object"), ("{", "is no JSON Schema that can be read")):
        schema.write_text(content)
        assert cli.main(["run", str(folder), "--schema", str(schema)]) == 1
        assert words in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["run", str(folder), "--schema", str(schema), "--configuration", "cfg-PARSE_FAST"])


def test_the_model_of_the_readme_reads_its_own_results(client: lb.Client, folder: Path, tmp_path: Path) -> None:
    class Entry(BaseModel):
        description: str | None
        amount: float | None

    class Paper(BaseModel):
        total: float | None
        currency: str = "EUR"
        lines: list[Entry] = []

    run = lb.submit(folder, schema=Paper, client=client).wait()
    assert Paper.model_validate(values(run, "a.txt")) == Paper(total=12.5)
    written = lb.frames.read_parquet(run.export(tmp_path / "records.parquet"))
    pd.testing.assert_frame_equal(written, run.records().main)
    lines = lb.frames.read_parquet(run.export(tmp_path / "lines.parquet", frame="records.lines"))
    pd.testing.assert_frame_equal(lines, run.records()["lines"])


def test_values_are_exported(client: lb.Client, folder: Path, tmp_path: Path) -> None:
    run = lb.submit(folder, schema=TOTAL, client=client).wait()
    path = tmp_path / "values.csv"
    for frame in ("pages", "records.lines", "recordsets"):
        with pytest.raises(ExportError, match=frame):
            run.export(path, frame=frame)
    assert not path.exists()
    assert "12.5" in run.export(path).read_text()
    assert len(run.export(path, frame="files", overwrite=True).read_text().splitlines()) == 3
    assert "| total | 12.5 |" in (run.export(tmp_path / "values") / "a.txt.md").read_text()
    sheets = load_workbook(run.export(tmp_path / "values.xlsx")).sheetnames
    assert sheets == ["summary", "files", "records", "evidence", "results", "events", "columns"]
