"""What the frames promise, over snapshots and results nobody thought of."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llamabatch_nb import frames
from llamabatch_nb.contract.parse import (
    ItemsPage,
    ItemsPages,
    MarkdownPage,
    MarkdownPages,
    MetadataPages,
    PageMetadata,
    ParseJob,
    ParseResult,
    TextPage,
    TextPages,
)
from llamabatch_nb.frames.schema import storable
from llamabatch_nb.snapshot import FILE_ORDER, BatchState, ErrorSource, FileState, ResultSource, Service, Snapshot

# No deadline: a busy machine is no bug.
examples = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# All of Unicode, lone surrogates and controls included: file names are bytes, and JSON may hold "\ud800".
names = st.text(st.characters(), max_size=12)
maybe_text = st.none() | names
zones = st.sampled_from([UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=5, minutes=30))])
aware = st.builds(
    lambda microseconds, zone: (datetime(1970, 1, 2, tzinfo=UTC) + timedelta(microseconds=microseconds)).astimezone(
        zone
    ),
    st.integers(0, 7_000_000_000_000_000),  # until 2191
    zones,
)
naive = aware.map(lambda moment: moment.replace(tzinfo=None))
counts = st.none() | st.integers(0, 2**63 - 1)
reals = st.none() | st.floats()
metadata = st.dictionaries(names, st.none() | names | st.integers() | st.booleans() | st.lists(names), max_size=3).map(
    json.dumps
)


@st.composite
def file_states(draw: st.DrawFn, job_id: str | None = None) -> FileState:
    # All times of one answer have a zone, or none has.
    created, updated = draw(st.tuples(st.none() | aware, st.none() | aware) | st.tuples(naive, naive))
    return FileState(
        name=draw(names),
        status=draw(st.sampled_from(FILE_ORDER) | names),
        file_id=draw(maybe_text),
        size=draw(counts),
        job_id=job_id or draw(maybe_text),
        job_type=draw(maybe_text),
        error=draw(maybe_text),
        error_source=draw(st.none() | st.sampled_from(get_args(ErrorSource))),
        pages=draw(counts),
        pages_failed=draw(counts),
        characters=draw(counts),
        confidence=draw(reals),
        result_source=draw(st.none() | st.sampled_from(get_args(ResultSource))),
        credits=draw(reals),
        parse_job_id=draw(maybe_text),
        batch_id=draw(maybe_text),
        attempt=draw(st.integers(1, 5)),
        retryable=draw(st.none() | st.booleans()),
        copy_of=draw(maybe_text),
        unique_id=draw(maybe_text),
        metadata=draw(st.none() | metadata),
        created_at=created,
        updated_at=updated,
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    return snapshot(
        *draw(st.lists(file_states(), max_size=5)),
        name=draw(maybe_text),
        batch_id=draw(maybe_text),
        phase=draw(st.sampled_from(["UPLOADING", "RUNNING", "COMPLETED", "FAILED"]) | names),
    )


def snapshot(*states: FileState, **said: Any) -> Snapshot:
    known: dict[str, Any] = {"name": "Q3", "phase": "COMPLETED", "batch_id": "bat-1"}
    return Snapshot(
        source="invoices",
        service=Service(label="the local engine", base_url="http://engine", local=True),
        configuration_id="cfg-PARSE_AGENTIC",
        job_type="parse_v2",
        taken_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        files=states,
        **(known | said),
    )


numbers = st.sampled_from([1, 2, 33, 1000])


@st.composite
def results(draw: st.DrawFn, job_id: str = "pjb-1") -> ParseResult:
    success = st.booleans()
    text = st.lists(st.builds(TextPage, page_number=numbers, text=names), max_size=4)
    markdown = st.lists(
        st.builds(MarkdownPage, page_number=numbers, success=success, markdown=maybe_text, error=maybe_text), max_size=4
    )
    items = st.lists(
        st.builds(
            ItemsPage,
            page_number=numbers,
            success=success,
            page_width=reals,
            page_height=reals,
            error=maybe_text,
        ),
        max_size=4,
    )
    metadata = st.lists(st.builds(PageMetadata, page_number=numbers, confidence=reals), max_size=4)
    return ParseResult(
        job=ParseJob(id=job_id, project_id="prj", status="COMPLETED"),
        text=draw(st.none() | text.map(lambda pages: TextPages(pages=pages))),
        markdown=draw(st.none() | markdown.map(lambda pages: MarkdownPages(pages=pages))),
        items=draw(st.none() | items.map(lambda pages: ItemsPages(pages=pages))),
        metadata=draw(st.none() | metadata.map(lambda pages: MetadataPages(pages=pages))),
    )


@st.composite
def pages_frames(draw: st.DrawFn) -> pd.DataFrame:
    ids = draw(st.lists(st.sampled_from(["pjb-1", "pjb-2", "pjb-3"]), unique=True))
    states = [draw(file_states(job_id=job_id)) for job_id in ids]
    fetched = {job_id: draw(results(job_id)) for job_id in ids if draw(st.booleans())}
    return frames.pages(snapshot(*states), fetched)


def any_frame() -> st.SearchStrategy[pd.DataFrame]:
    made = st.sampled_from([frames.files, frames.events, frames.results, files_with_metadata])
    return st.builds(lambda make, taken: make(taken), made, snapshots()) | pages_frames()


def files_with_metadata(taken: Snapshot) -> pd.DataFrame:
    return frames.files(taken, metadata=True)


def as_declared(frame: pd.DataFrame, schema: frames.Schema) -> None:
    assert list(frame.columns) == [column.name for column in schema.columns]
    assert [str(dtype) for dtype in frame.dtypes] == [column.dtype for column in schema.columns]
    assert frame.dtypes.equals(schema.empty().dtypes)
    assert list(frame.index) == list(range(len(frame)))
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in frame.attrs.items())


@given(snapshots())
@examples
def test_files_have_one_row_a_file_in_order_as_declared(taken: Snapshot) -> None:
    frame = frames.files(taken)
    as_declared(frame, frames.FILES)
    for file, (_, row) in zip(taken.files, frame.iterrows(), strict=True):
        # A file of which its id is all that is known has no name.
        named = file.name not in ("", file.file_id)
        assert row["name"] == storable(file.name) if named else row["name"] is pd.NA
        assert row["source"] is pd.NA if file.result_source is None else row["source"] == file.result_source
        for column in ("size", "pages", "pages_failed", "characters", "confidence", "credits", "duration"):
            value = getattr(file, column)
            value = value.total_seconds() if isinstance(value, timedelta) else value
            assert row[column] is pd.NA if pd.isna(value) else row[column] == value
        texts = ("file_id", "unique_id", "metadata", "status", "error", "error_source", "copy_of", "job_id", "job_type")
        for column in (*texts, "parse_job_id"):
            value = getattr(file, column)
            assert row[column] is pd.NA if value is None else row[column] == storable(value)
        assert row["attempt"] == file.attempt
        assert row["retryable"] is pd.NA if file.retryable is None else row["retryable"] == file.retryable
        for column in ("created_at", "updated_at"):
            value = getattr(file, column)
            assert row[column] is pd.NaT if value is None else row[column] == value.replace(tzinfo=value.tzinfo or UTC)


@given(pages_frames())
@examples
def test_pages_are_as_declared_whatever_was_expanded(frame: pd.DataFrame) -> None:
    as_declared(frame, frames.PAGES)
    for _, group in frame.groupby("job_id"):
        numbers = group["page"].tolist()
        assert numbers == sorted(set(numbers))


@given(any_frame())
@examples
def test_parquet_gives_the_same_frame_back(frame: pd.DataFrame) -> None:
    with TemporaryDirectory() as folder:
        path = frames.export(frame, Path(folder, "frame.parquet"))
        again = frames.read_parquet(path)
        plain = pd.read_parquet(path)
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert again.dtypes.equals(frame.dtypes)
    assert again.attrs == frame.attrs
    assert plain.attrs == frame.attrs


@given(any_frame())
@examples
def test_csv_holds_every_cell(frame: pd.DataFrame) -> None:
    with TemporaryDirectory() as folder:
        written = frames.export(frame, Path(folder, "frame.csv")).read_bytes().decode()
    header, *rows = csv.reader(StringIO(written, newline=""), strict=True)
    assert header == list(frame.columns)
    assert len(rows) == len(frame)
    for row, (_, expected) in zip(rows, frame.iterrows(), strict=True):
        for column, cell in zip(header, row, strict=True):
            value = expected[column]
            if pd.isna(value):
                assert cell == ""
            elif isinstance(value, pd.Timestamp):
                assert cell.endswith("Z")
                assert pd.Timestamp(cell) == value
            elif isinstance(value, float):
                assert float(cell) == value
            else:
                assert cell == str(value)


def test_csv_reads_back_with_pandas_alone(tmp_path: Path) -> None:
    taken = snapshot(
        FileState(
            name="März/Rechnung\r«1».pdf",
            status="completed",
            size=3,
            created_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
            updated_at=datetime(2026, 11, 23, 9, 0, 1, 500_000, tzinfo=UTC),
        ),
        FileState(name="b.pdf", status="waiting"),
    )
    frame = frames.files(taken)
    path = frames.export(frame, tmp_path / "files.csv")
    dtypes = {column.name: column.dtype for column in frames.FILES.columns if not column.dtype.startswith("datetime")}
    again = pd.read_csv(path, dtype=dtypes, parse_dates=["created_at", "updated_at"])
    pd.testing.assert_frame_equal(again.astype(frame.dtypes), frame)


def test_every_stage_of_a_run_gives_the_same_columns() -> None:
    created = datetime(2026, 11, 23, 9, tzinfo=UTC)
    failed = FileState(name="a.pdf", status="failed", error="password required", error_source="job", job_id="pjb-1")
    done = FileState(
        name="b.pdf",
        status="completed",
        job_id="pjb-2",
        pages=3,
        credits=30,
        created_at=created,
        updated_at=created + timedelta(seconds=1.5),
    )
    stages = [
        snapshot(phase="UPLOADING", batch_id=None),
        snapshot(FileState(name="a.pdf", status="waiting"), phase="UPLOADING", batch_id=None),
        snapshot(FileState(name="a.pdf", status="pending", job_id="pjb-1"), phase="RUNNING"),
        snapshot(failed, done),
    ]
    taken = [frames.files(stage) for stage in stages]
    assert all(frame.dtypes.equals(taken[0].dtypes) for frame in taken)
    assert [frame.attrs["complete"] for frame in taken] == ["false", "false", "false", "true"]
    assert taken[-1]["duration"].tolist() == [pd.NA, 1.5]
    assert taken[-1].attrs == {
        "run": "Q3",
        "batch_id": "bat-1",
        "service": "the local engine",
        "taken_at": "2026-11-23T09:30:00+00:00",
        "complete": "true",
        "schema": "files",
        "schema_version": "2",
    }


def test_pages_put_together_what_each_part_says() -> None:
    taken = snapshot(
        FileState(name="b.pdf", file_id="dfl-2", status="completed", job_id="pjb-2"),
        FileState(name="broken.pdf", file_id="dfl-3", status="failed", job_id="pjb-3"),
        FileState(name="a.pdf", file_id="dfl-1", status="completed", job_id="pjb-1"),
        FileState(name="mapping.pdf", status="failed", error_source="mapping"),
    )
    rich = ParseResult(
        job=ParseJob(id="pjb-2", project_id="prj", status="COMPLETED"),
        text=TextPages(pages=[TextPage(page_number=2, text="two"), TextPage(page_number=1, text="one")]),
        markdown=MarkdownPages(
            pages=[
                MarkdownPage(page_number=1, markdown="# one"),
                MarkdownPage(page_number=3, success=False, error="timed out"),
            ]
        ),
        items=ItemsPages(pages=[ItemsPage(page_number=1, page_width=595.0, page_height=842.0)]),
        metadata=MetadataPages(pages=[PageMetadata(page_number=1, confidence=0.93)]),
    )
    empty = ParseResult(job=ParseJob(id="pjb-1", project_id="prj", status="COMPLETED"), text=TextPages())
    frame = frames.pages(taken, {"pjb-1": empty, "pjb-2": rich})
    na = pd.NA
    assert frame.drop(columns=["batch_id", "name", "file_id"]).to_numpy().tolist() == [
        ["pjb-2", 1, "one", "# one", True, na, 0.93, 595.0, 842.0],
        ["pjb-2", 2, "two", na, na, na, na, na, na],
        ["pjb-2", 3, na, na, False, "timed out", na, na, na],
    ]
    assert frame["batch_id"].unique().tolist() == ["bat-1"]
    assert frame["file_id"].unique().tolist() == ["dfl-2"]
    assert frame["name"].unique().tolist() == ["b.pdf"]
    assert frame.attrs["complete"] == "true"


def test_files_keep_the_order_of_the_directory_in_pages() -> None:
    states = [FileState(name=f"{job}.pdf", status="completed", job_id=job) for job in ("pjb-9", "pjb-1", "pjb-5")]
    fetched = {
        job: ParseResult(
            job=ParseJob(id=job, project_id="prj", status="COMPLETED"),
            text=TextPages(pages=[TextPage(page_number=1, text=job)]),
        )
        for job in ("pjb-1", "pjb-5", "pjb-9")
    }
    assert frames.pages(snapshot(*states), fetched)["text"].tolist() == ["pjb-9", "pjb-1", "pjb-5"]
    del fetched["pjb-5"]
    partial = frames.pages(snapshot(*states), fetched)
    assert partial["text"].tolist() == ["pjb-9", "pjb-1"]
    assert partial.attrs["complete"] == "false"


def test_a_row_belongs_to_the_batch_its_best_attempt_was_in() -> None:
    first = FileState(name="a.pdf", status="completed", job_id="pjb-1", batch_id="bat-1")
    again = FileState(name="b.pdf", status="failed", job_id="pjb-2", batch_id="bat-2", attempt=2, retryable=False)
    early = FileState(name="c.pdf", status="waiting")
    batches = tuple(
        BatchState(batch_id=f"bat-{n}", directory_id=f"dir-{n}", phase="COMPLETED", files=1, attempt=n) for n in (1, 2)
    )
    result = ParseResult(
        job=ParseJob(id="pjb-2", project_id="prj", status="COMPLETED"),
        text=TextPages(pages=[TextPage(page_number=1, text="x")]),
    )
    run = snapshot(first, again, early, batches=batches)
    frame = frames.files(run)
    assert frame["batch_id"].tolist() == ["bat-1", "bat-2", pd.NA]
    assert frame["attempt"].tolist() == [1, 2, 1]
    assert frame["retryable"].tolist() == [pd.NA, False, pd.NA]
    assert frames.pages(run, {"pjb-2": result})["batch_id"].tolist() == ["bat-2"]
    assert frames.files(snapshot(early))["batch_id"].tolist() == ["bat-1"]  # one batch: which it is is no question


def test_a_copy_has_pages_of_its_own_from_the_job_it_shares() -> None:
    states = (
        FileState(name="a.pdf", file_id="dfl-1", status="completed", job_id="pjb-1", credits=3.0),
        FileState(name="b.pdf", status="completed", job_id="pjb-1", copy_of="a.pdf", credits=3.0),
    )
    result = ParseResult(
        job=ParseJob(id="pjb-1", project_id="prj", status="COMPLETED"),
        text=TextPages(pages=[TextPage(page_number=n, text=f"page {n}") for n in (1, 2)]),
    )
    taken = snapshot(*states)
    pages = frames.pages(taken, {"pjb-1": result})
    assert pages["name"].tolist() == ["a.pdf", "a.pdf", "b.pdf", "b.pdf"]
    assert pages["text"].tolist() == ["page 1", "page 2"] * 2
    assert pages["file_id"].tolist() == ["dfl-1", "dfl-1", pd.NA, pd.NA]
    assert frames.files(taken)["copy_of"].tolist() == [pd.NA, "a.pdf"]
    assert pages.attrs["complete"] == "true"
