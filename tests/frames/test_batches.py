"""The frame of `lb.history()`."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from llamabatch_nb import frames
from llamabatch_nb.frames.schema import storable
from llamabatch_nb.snapshot import HistoryEntry

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def entry(**facts: object) -> HistoryEntry:
    known = {"service": "LlamaCloud NA", "configuration_id": "cfg-1", "job_type": "parse_v2", "phase": "COMPLETED"}
    return HistoryEntry(**(known | facts))  # type: ignore[arg-type]


FULL = entry(
    name="Q3",
    source="invoices/",
    batch_id="bat-2",
    batches=3,
    files=2400,
    completed=2390,
    failed=10,
    pages=7000,
    credits=70_000.5,
    created_at=AT,
    updated_at=AT,
    parent="retry of bat-1",
    in_journal=True,
    on_service=True,
    directory_id="dir-2",
)


def test_an_entry_is_a_row_and_every_field_a_column() -> None:
    frame = frames.batches([FULL, entry()])
    assert sorted(frame.columns) == sorted(field.name for field in fields(HistoryEntry))
    for name in frame.columns:
        assert frame[name][0] == getattr(FULL, name), name
    unknown = set(frame.columns[frame.iloc[1].isna()])
    assert unknown == {
        *("name", "source", "batch_id", "directory_id", "files", "completed", "failed", "pages", "credits"),
        *("created_at", "updated_at", "parent"),
    }


def test_none_one_and_many_have_the_same_dtypes() -> None:
    for entries in ([], [entry()], [FULL, entry(), entry(name="\ud800")]):
        frame = frames.batches(iter(entries))
        assert len(frame) == len(entries)
        assert list(frame.columns) == [column.name for column in frames.BATCHES.columns]
        assert [str(dtype) for dtype in frame.dtypes] == [column.dtype for column in frames.BATCHES.columns]


def test_the_frame_says_what_was_billed_and_whether_all_has_ended() -> None:
    assert frames.batches([FULL, entry(credits=29.5), entry(), entry(credits=float("nan"))]).attrs == {
        "service": "LlamaCloud NA",
        "credits": "70030",
        "complete": "true",
        "schema": "batches",
        "schema_version": "1",
    }
    mixed = frames.batches([entry(service="Local engine"), entry(phase="RUNNING")]).attrs
    assert (mixed["service"], mixed["credits"], mixed["complete"]) == ("", "", "false")
    assert frames.batches([]).attrs["complete"] == "true"


def test_it_goes_to_parquet_and_back(tmp_path: Path) -> None:
    frame = frames.batches([FULL, entry()])
    again = frames.read_parquet(frames.export(frame, tmp_path / "batches.parquet"))
    pd.testing.assert_frame_equal(again, frame)
    assert again.attrs == frame.attrs


@given(st.lists(st.builds(entry, name=st.none() | st.text(), source=st.none() | st.text(), parent=st.text())))
@settings(deadline=None, max_examples=30)
def test_any_text_is_kept(entries: list[HistoryEntry]) -> None:
    frame = frames.batches(entries)
    for one, (_, row) in zip(entries, frame.iterrows(), strict=True):
        assert row["name"] is pd.NA if one.name is None else row["name"] == storable(one.name)
