"""The `files` frame of what the service told of files: names, metadata, counts and where results are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import llamabatch_nb as lb
from llamabatch_nb import frames
from llamabatch_nb.contract.counts import Counts, counts
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.frames.schema import storable
from llamabatch_nb.snapshot import FileState
from tests.frames.payloads import json_values, texts
from tests.frames.test_frames import as_declared, snapshot
from tests.run.support import AGENTIC, Line, engine, remote
from tests.run.support import texts as written

METADATA: dict[str, Any] = {"customer": "Müller & Söhne", "year": 2026, "tags": ["a", "ü"], "paid": True, "note": None}


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with engine(tmp_path / "data") as made:
        yield Line(made)


def test_the_directory_tells_unique_ids_and_metadata_and_the_journal_keeps_them(line: Line) -> None:
    with remote(line) as client:
        directory = client.directories.create(name="by hand")
        for name, metadata in (("a.txt", METADATA), ("b.txt", None)):
            client.directories.files.upload(
                directory.id,
                upload_file=(name, name.encode()),
                display_name=name,
                unique_id=f"unique {name}",
                metadata=metadata,
            )
        batch = client.batches.create(
            config={"job": {"type": "parse_v2", "configuration_id": AGENTIC}}, source_directory_id=directory.id
        )
        run = lb.open(batch.id, client=client).wait()
        frame = run.files(metadata=True).set_index("name")
    assert frame["unique_id"].to_dict() == {"a.txt": "unique a.txt", "b.txt": "unique b.txt"}
    assert json.loads(frame["metadata"]["a.txt"]) == METADATA
    assert frame["metadata"]["b.txt"] is pd.NA
    extra = [str(column) for column in frame if str(column).startswith("metadata.")]
    assert extra == ["metadata.customer", "metadata.paid", "metadata.tags", "metadata.year"]
    assert list(frame[extra].loc["a.txt"]) == ["Müller & Söhne", "true", '["a", "ü"]', "2026"]
    assert frame[extra].loc["b.txt"].isna().all()
    sent = len(line.requests)
    with remote(line) as client:
        again = lb.open(batch.id, client=client).wait().files(metadata=True)
        assert not any("/files" in request for request in line.requests[sent:])
    pd.testing.assert_frame_equal(again.set_index("name"), frame)


def test_what_was_sent_from_here_has_its_name_counts_and_place(line: Line, tmp_path: Path) -> None:
    folder = written(tmp_path / "in", a="four", sub__b="Größe", again="four", empty="")
    with remote(line) as client:
        run = lb.submit(folder, client=client).wait()
        frame = run.files().set_index("name")
        known = frame.loc[["a.txt", "again.txt", "sub/b.txt"]]
        assert known["unique_id"].tolist() == ["a.txt", "a.txt", "sub/b.txt"]  # a copy was not sent itself
        assert known["characters"].tolist() == [4, 4, 5]
        assert known["source"].tolist() == ["archive"] * 3
        assert frame.loc["empty.txt", ["characters", "source"]].isna().all()
        assert frame["metadata"].isna().all()
        # A batch and its jobs alone tell the same, but for what only this machine knows.
        batch = client.batches.get(str(run.id), expand=["results"])
        alone = frames.files(batch, run.job_results()).set_index("file_id")
        told = frame[frame["copy_of"].isna()].set_index("file_id").loc[alone.index]
        same = [
            "batch_id",
            "status",
            "job_id",
            "job_type",
            "pages",
            "characters",
            "created_at",
            "updated_at",
            "duration",
        ]
        done = told["status"] == "completed"
        pd.testing.assert_frame_equal(alone.loc[done, same], told.loc[done, same])
        assert len(alone) == 3


def test_a_run_hands_its_frames_what_they_are_made_of(line: Line, tmp_path: Path) -> None:
    folder = written(tmp_path / "in", a="alpha", b="beta", empty="")
    with remote(line) as client:
        run = lb.submit(folder, client=client).wait()
        results = run.job_results()
        assert {result.job.id for result in results.values() if isinstance(result, ParseResult)} == set(results)
        assert len(results) == 2
        assert run.results()["job_reference.id"].dropna().isin(results.keys() | set(run.files()["job_id"])).all()
        assert run.pages()["text"].str.strip().tolist() == ["alpha", "beta"]
        pd.testing.assert_frame_equal(run.pages(), frames.pages(run.snapshot, results))
        pd.testing.assert_frame_equal(run.items(), frames.items(run.snapshot, results))
        assert list(run.tables()) == []
        assert run.events()["ended"].iloc[-1] == 3
        assert run.events().attrs["complete"] == "true"
        assert pd.concat(run.iter_pages(documents=1))["text"].tolist() == run.pages()["text"].tolist()
        assert len(pd.read_parquet(run.to_parquet(tmp_path / "parts"))) == 2


@given(st.lists(st.none() | st.dictionaries(texts | st.just("\ud800"), json_values, max_size=4), max_size=4))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_metadata_make_columns_of_text(attached: list[dict[str, Any] | None]) -> None:
    states = [
        FileState(name=f"{n}.pdf", status="completed", metadata=None if one is None else json.dumps(one))
        for n, one in enumerate(attached)
    ]
    frame = frames.files(snapshot(*states), metadata=True)
    declared = len(frames.FILES.columns)
    as_declared(frame.iloc[:, :declared], frames.FILES)
    extra = frame.iloc[:, declared:]
    assert list(extra.columns) == sorted(set(extra.columns))
    assert all(dtype == frame["name"].dtype for dtype in extra.dtypes)
    for n, one in enumerate(attached):
        told = {key: value for key, value in (one or {}).items() if value is not None}
        assert extra.iloc[n].notna().sum() == len(told)
        for key, value in told.items():
            cell = extra[f"metadata.{storable(key)}"][n]
            assert cell == storable(value) if isinstance(value, str) else json.loads(cell) == value


@pytest.mark.parametrize("text", ["no JSON", "[1]", "null", '"text"', ""])
def test_metadata_that_are_no_object_have_no_columns(text: str) -> None:
    frame = frames.files(snapshot(FileState(name="a", status="completed", metadata=text)), metadata=True)
    assert list(frame.columns) == [column.name for column in frames.FILES.columns]
    assert frame["metadata"].tolist() == [text]


def parsed(**parts: Any) -> ParseResult:
    return ParseResult.model_validate({"job": {"id": "pjb-1", "project_id": "p", "status": "COMPLETED"}} | parts)


def test_counts_come_from_whichever_part_was_expanded() -> None:
    text = {"pages": [{"page_number": 1, "text": "ab"}, {"page_number": 2, "text": "ü"}]}
    markdown = {"pages": [{"page_number": 1, "markdown": "# ab"}, {"page_number": 2, "success": False, "error": "x"}]}
    items = {"pages": [{"page_number": 1, "success": False}]}
    nan = float("nan")
    breakdown = {"document": {"confidence_breakdown": {"min_page_score": 0.2, "scored_pages": 1, "total_pages": 1}}}
    assert counts(parsed()) == Counts()
    assert counts(parsed(text=text)) == Counts(2, None, 3)
    assert counts(parsed(markdown=markdown)) == Counts(2, 1, 4)
    assert counts(parsed(text=text, markdown=markdown, items=items)) == Counts(2, 1, 3)
    assert counts(parsed(items=items)) == Counts(1, 1)
    assert counts(parsed(text_full="abc", markdown_full="# abc")) == Counts(characters=3)
    assert counts(parsed(markdown_full="# abc")) == Counts(characters=5)
    scored = {"pages": [{"page_number": n, "confidence": value} for n, value in enumerate((0.9, None, nan, 0.4))]}
    assert counts(parsed(metadata=scored)) == Counts(confidence=0.4)
    assert counts(parsed(metadata=breakdown)) == Counts(confidence=0.2)
    assert counts(parsed(metadata={"pages": []})) == Counts()


RESULT: dict[str, Any] = {"total": 1, "tax": 2, "confidence": "high", "none": None, "lines": [{"a": 1}, {"a": None}]}


def test_only_a_share_is_a_confidence() -> None:
    for odd in (10**400, float("nan"), -1, True):
        said = {"document_metadata": {"total": {"confidence": odd}, "tax": {"confidence": 0.7}}}
        assert counts(extracted(said)).confidence == 0.7


def extracted(field_metadata: object, result: object = RESULT) -> ExtractJob:
    job = {"id": "ejb-1", "file_input": "dfl-1", "project_id": "p", "status": "COMPLETED"}
    times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    told = {"extract_result": result, "extract_metadata": {"field_metadata": field_metadata}}
    return ExtractJob.model_validate(job | times | told)


@pytest.mark.parametrize(
    ("field_metadata", "lowest"),
    [
        (None, None),
        ({}, None),
        ({"document_metadata": {"total": {"confidence": None, "citation": []}}}, None),
        ({"document_metadata": {"total": {"confidence": True}, "tax": {"confidence": "0.1"}}}, None),
        ({"document_metadata": {"total": {"confidence": 1}}}, 1.0),
        ({"document_metadata": {"lines": [{"a": {"confidence": 0.5}}, {"a": {"confidence": 0}}]}}, 0.5),
        ({"document_metadata": {"total": {"confidence": 0.5}, "none": {"confidence": 0}, "?": {"confidence": 0}}}, 0.5),
        ({"row_metadata": [[{"total": {"confidence": 0.75}}]]}, 0.75),
        # A field may be called as what is said of each, and an older page has the fields without a frame around them.
        ({"document_metadata": {"confidence": {"confidence": 0.5}}}, 0.5),
        ({"total": {"confidence": 0.125, "citation": [{"page": 1}]}}, 0.125),
    ],
)
def test_the_least_sure_of_an_extract_jobs_values(field_metadata: object, lowest: float | None) -> None:
    assert counts(extracted(field_metadata)).confidence == lowest


def test_of_what_was_not_found_nothing_is_claimed() -> None:
    told = {"page_metadata": [{"total": {"confidence": 0.5}}, None, {"total": {"confidence": 0}}, {}]}
    assert counts(extracted(told, [{"total": 1}, {"total": 2}, {"total": None}])).confidence == 0.5
    assert counts(extracted({"document_metadata": {"total": {"confidence": 0}}}, None)).confidence is None


def test_metadata_nested_too_deeply_have_no_columns() -> None:
    deep = '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"
    frame = frames.files(snapshot(FileState(name="a.pdf", status="completed", metadata=deep)), metadata=True)
    assert list(frame.columns) == [column.name for column in frames.FILES.columns]
