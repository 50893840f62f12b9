"""A file appears whole or not at all, and never over another unless told."""

from __future__ import annotations

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from llamabatch_nb import frames
from llamabatch_nb.errors import ExportError


@pytest.fixture
def frame() -> pd.DataFrame:
    made = frames.FILES.frame(
        {"name": f"{n}.pdf", "size": n, "created_at": datetime(2026, 1, 31, 9, tzinfo=UTC)} for n in range(3)
    )
    made.attrs = {"run": "Q3", "schema": "files", "schema_version": "1"}
    return made


@contextmanager
def disk_that_ends_at(size: int) -> Iterator[None]:
    """The kernel refuses to write a file beyond `size` bytes, in the middle of a write, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["frame.csv", "frame.parquet", "FRAME.CSV", "x.y.Parquet"])
def test_the_suffix_says_the_format_and_the_path_comes_back(frame: pd.DataFrame, tmp_path: Path, name: str) -> None:
    path = frames.export(frame, str(tmp_path / name))
    assert path == tmp_path / name
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert path.read_bytes().startswith(b"PAR1" if "arquet" in name else b"batch_id,file_id,name,")


@pytest.mark.parametrize("name", ["frame.xls", "frame", "frame.csv.gz", ".csv"])
def test_another_suffix_is_refused_with_what_is_possible(frame: pd.DataFrame, tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match=r"end its name in \.csv or \.parquet\.$"):
        frames.export(frame, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"The folder .*out for frame\.csv does not exist: create it first\."):
        frames.export(frame, tmp_path / "out" / "frame.csv")
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="does not exist"):
        frames.export(frame, tmp_path / "file" / "frame.csv")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_that_name_is_left_alone(frame: pd.DataFrame, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "frame.csv").mkdir()
    with pytest.raises(ExportError, match="is a folder: name a file in it"):
        frames.export(frame, tmp_path / "frame.csv", overwrite=overwrite)
    assert (tmp_path / "frame.csv").is_dir()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_existing_file_is_replaced_only_when_told(frame: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frame.{suffix}"
    path.write_text("mine")
    with pytest.raises(ExportError, match="exists already: pass overwrite=True to replace it"):
        frames.export(frame, path)
    assert path.read_text() == "mine"
    frames.export(frame, path, overwrite=True)
    assert path.stat().st_size > 200
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_write_that_fails_half_way_leaves_the_old_file(frame: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frame.{suffix}"
    path.write_text("mine")
    with disk_that_ends_at(64), pytest.raises(ExportError, match="was not written") as caught:
        frames.export(frame, path, overwrite=True)
    assert isinstance(caught.value.__cause__, OSError)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_file_is_as_readable_as_any_other(frame: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "other").touch()
    path = frames.export(frame, tmp_path / f"frame.{suffix}")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_a_name_as_long_as_the_file_system_allows(frame: pd.DataFrame, tmp_path: Path) -> None:
    assert frames.export(frame, tmp_path / f"{'n' * 251}.csv").exists()


def test_parquet_is_compressed_with_zstd(frame: pd.DataFrame, tmp_path: Path) -> None:
    metadata = pq.read_metadata(frames.export(frame, tmp_path / "frame.parquet"))
    assert {metadata.row_group(0).column(n).compression for n in range(metadata.num_columns)} == {"ZSTD"}


def test_a_frame_people_have_worked_on_goes_out_as_it_is(frame: pd.DataFrame, tmp_path: Path) -> None:
    worked = frame[frame["size"] > 0].assign(kilobytes=lambda f: f["size"] / 1000, size=lambda f: f["size"] * 1.5)
    worked = worked.drop(columns="file_id").set_index("name")
    worked.attrs["looked_at"] = pd.Timestamp("2026-01-31", tz="UTC")
    path = frames.export(worked, tmp_path / "frame.parquet")
    again = frames.read_parquet(path)
    pd.testing.assert_frame_equal(again, worked.reset_index())
    assert again.attrs == {**frame.attrs, "looked_at": "2026-01-31 00:00:00+00:00"}
    carried = pq.read_schema(path).metadata[b"llamabatch_nb"].decode()
    assert '"name": "name"' in carried
    assert '"name": "size"' not in carried  # no longer Int64, so no longer as declared


def test_mixed_types_are_an_error_that_names_the_column(frame: pd.DataFrame, tmp_path: Path) -> None:
    mixed = frame.assign(note=pd.Series([1, "two", None], dtype=object))
    with pytest.raises(ExportError, match="note"):
        frames.export(mixed, tmp_path / "frame.parquet")
    assert not list(tmp_path.iterdir())


def test_csv_times_are_utc_whatever_the_zone(frame: pd.DataFrame, tmp_path: Path) -> None:
    berlin = frame.assign(created_at=frame["created_at"].dt.tz_convert("Europe/Berlin"))
    written = frames.export(berlin, tmp_path / "frame.csv").read_text()
    assert "2026-01-31T09:00:00.000000Z" in written
    assert str(berlin["created_at"].dtype) == "datetime64[us, Europe/Berlin]"
