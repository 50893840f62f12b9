"""The declared table is what is built, what is printed and what a file carries."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from llamabatch_nb import frames
from llamabatch_nb.frames.declared import SCHEMAS


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=lambda schema: schema.name)
def test_a_declared_schema_is_what_is_printed_and_what_a_file_carries(schema: frames.Schema, tmp_path: Path) -> None:
    printed = frames.schema(schema.name)
    assert printed.columns.tolist() == ["column", "dtype", "meaning", "unit", "source"]
    assert printed["column"].tolist() == [column.name for column in schema.columns]
    assert set(printed.dtypes.astype(str)) == {"string"}
    # A notebook cuts cells at display.max_colwidth, 50 unless told; a schema that is cut explains nothing.
    assert max(printed["meaning"].str.len().max(), printed["source"].str.len().max()) <= 50

    frame = schema.empty()
    frame.attrs = {"schema": schema.name}
    metadata = pq.read_schema(frames.export(frame, tmp_path / "empty.parquet")).metadata
    carried = json.loads(metadata[b"llamabatch_nb"])
    assert carried["name"] == schema.name
    assert [column["meaning"] for column in carried["columns"]] == printed["meaning"].tolist()


def test_a_schema_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"no frame 'fils': ask for one of results, files, .*, batches, "):
        frames.schema("fils")


def test_no_row_one_and_many_have_the_same_dtypes() -> None:
    rows: list[dict[str, object]] = [
        {"text": "a", "success": True, "confidence": float("nan")},
        {},
        {"text": "", "success": None, "page": 2},
    ]
    built = [frames.PAGES.frame(rows[:count]) for count in (0, 1, 3)]
    assert [len(frame) for frame in built] == [0, 1, 3]
    assert all(frame.dtypes.equals(built[0].dtypes) for frame in built)
    assert built[2]["text"].tolist() == ["a", pd.NA, ""]
    assert built[2]["confidence"].isna().all()
    assert built[2]["success"].tolist() == [True, pd.NA, pd.NA]


def test_a_value_that_does_not_fit_its_column_is_refused() -> None:
    with pytest.raises(ValueError, match="12 kB"):
        frames.FILES.frame([{"size": "12 kB"}])
