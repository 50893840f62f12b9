"""A file appears whole or not at all, and never over another unless told."""

from __future__ import annotations

import csv
import json
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow.parquet as pq
import pytest

from llamabatch_nb import frames
from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames.export.target import replaced, replaced_folder
from llamabatch_nb.frames.schema import TEXT

SUFFIXES = ["csv", "html", "jsonl", "parquet", "xlsx"]


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
    assert path.read_bytes().startswith(b"PAR1" if "arquet" in name else b"batch_id,file_id,")


@pytest.mark.parametrize("name", ["frame.xls", "frame", "frame.csv.gz", ".csv"])
def test_another_suffix_is_refused_with_what_is_possible(frame: pd.DataFrame, tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match=r"end its name in \.csv, \.html, \.jsonl, \.parquet or \.xlsx\.$"):
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


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_existing_file_is_replaced_only_when_told(frame: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frame.{suffix}"
    path.write_text("mine")
    with pytest.raises(ExportError, match="exists already: pass overwrite=True to replace it"):
        frames.export(frame, path)
    assert path.read_text() == "mine"
    frames.export(frame, path, overwrite=True)
    assert path.stat().st_size > 200
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_write_that_fails_half_way_leaves_the_old_file(frame: pd.DataFrame, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frame.{suffix}"
    path.write_text("mine")
    with disk_that_ends_at(64), pytest.raises(ExportError, match="was not written") as caught:
        frames.export(frame, path, overwrite=True)
    assert isinstance(caught.value.__cause__, OSError)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
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


def test_json_lines_are_exact_and_plain(frame: pd.DataFrame, tmp_path: Path) -> None:
    made = frame.assign(
        price=pd.array([0.1 + 0.2, None, float("inf")], dtype="Float64"),
        day=pd.Series([pd.Timestamp(2026, 1, 31), None, pd.Timestamp(2026, 2, 1, 12)], dtype="datetime64[us]"),
        said=pd.Series(['{"a": "ü"}', "\ud83d", None], dtype=object),
        retryable=pd.array([True, None, False], dtype="boolean"),
    )
    path = frames.export(made, tmp_path / "frame.jsonl")
    lines = path.read_bytes().decode().splitlines()
    first, second, third = map(json.loads, lines)
    assert list(first) == list(made.columns)
    assert (first["price"], second["price"], third["price"]) == (0.1 + 0.2, None, "inf")
    assert (first["size"], first["retryable"], first["created_at"]) == (0, True, "2026-01-31T09:00:00.000000Z")
    assert (first["day"], second["day"]) == ("2026-01-31T00:00:00.000000", None)
    assert first["said"] == '{"a": "ü"}'
    assert "ü" in lines[0]
    pd.testing.assert_series_equal(pd.read_json(path, lines=True)["size"], made["size"].astype("int64"))


def test_two_columns_of_one_name_are_no_json(frame: pd.DataFrame, tmp_path: Path) -> None:
    twice = pd.concat([frame, frame[["size"]]], axis=1)
    with pytest.raises(ExportError, match="two columns are named 'size'"):
        frames.export(twice, tmp_path / "frame.jsonl")


@pytest.mark.parametrize("text", ["a;=1+1", "a\t=1", "a| @x", "\ufeff=1", "\u200b=1", "\x00=1"])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_no_other_separator_makes_a_formula(tmp_path: Path, text: str, separator: str) -> None:
    frame = pd.DataFrame({"said": pd.array([text, "1;-2 is a range", "a-b"], dtype=TEXT)})
    safe = frames.export(frame, tmp_path / "safe.csv", safe_for_spreadsheets=True).read_text("utf-8")
    cells = [cell for line in safe.splitlines() for cell in line.split(separator)]
    assert not [cell for cell in cells if cell.strip(" \ufeff\u200b\x00").startswith(("=", "+", "-", "@"))]
    assert "a-b" in cells


def test_a_name_that_no_disk_takes(frame: pd.DataFrame, tmp_path: Path) -> None:
    for name in ("n" * 300 + ".csv", "n" * 300 + "/", "a\x00.csv"):
        with pytest.raises(ExportError, match="choose another name"):
            frames.export_all({"files": frame}, f"{tmp_path}/{name}")
    assert not list(tmp_path.iterdir())


def test_what_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.csv", tmp_path / "folder"

    def meanwhile(written: IO[bytes]) -> None:
        written.write(b"theirs")
        file.write_text("mine")

    with pytest.raises(ExportError, match="exists already"):
        replaced(file, meanwhile, overwrite=False)
    assert file.read_text() == "mine"

    def beside() -> None:
        with replaced_folder(folder, overwrite=False) as (made, _):
            (made / "theirs").touch()
            folder.mkdir()
            (folder / "mine").touch()

    with pytest.raises(ExportError, match="exists already"):
        beside()
    assert sorted(one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*")) == [
        "a.csv",
        "folder",
        "folder/mine",
    ]
    replaced(file, meanwhile, overwrite=True)
    assert file.read_text() == "theirs"


def test_a_column_that_people_have_dropped_is_named(tmp_path: Path) -> None:
    records = pd.DataFrame({"name": pd.array(["a.pdf"], dtype=TEXT), "a": [1]})
    with pytest.raises(ExportError, match="record"):
        frames.export_all({"records": records}, tmp_path / "folder")


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30", "-12", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "\uff1d1+1", '=cmd|"/c calc"!A0']
)
def test_no_text_of_a_csv_is_a_formula_where_that_is_asked_for(tmp_path: Path, text: str) -> None:
    frame = pd.DataFrame(
        {
            text: pd.array([text, "a=b", None], dtype=TEXT),
            "number": pd.array([-1.5, 2, None], dtype="Float64"),
            "word": pd.Categorical.from_codes([0, 1, -1], dtype=pd.CategoricalDtype(pd.Index([text, "x"], dtype=TEXT))),
        }
    )
    plain = frames.export(frame, tmp_path / "plain.csv")
    safe = frames.export(frame, tmp_path / "safe.csv", safe_for_spreadsheets=True)
    with safe.open(newline="", encoding="utf-8") as file:
        header, first, second, third = csv.reader(file)
    harmless = "'" + text.replace("\t=", "\t'=")  # for readers that split at tabs
    assert header == [harmless, "number", "word"]
    assert first == [harmless, "-1.5", harmless]
    assert (second, third) == (["a=b", "2.0", "x"], ["", "", ""])
    with plain.open(newline="", encoding="utf-8") as file:
        assert next(csv.reader(file))[0] == text


@pytest.mark.parametrize(("suffix", "name"), [("csv", "f.partial.csv"), ("jsonl", "f.partial.jsonl")])
def test_what_has_room_for_rows_only_is_called_partial(
    frame: pd.DataFrame, tmp_path: Path, suffix: str, name: str
) -> None:
    frame.attrs["complete"] = "false"
    (tmp_path / f"f.{suffix}").write_text("of yesterday")
    path = frames.export(frame, tmp_path / f"f.{suffix}")
    assert path == tmp_path / name
    assert (tmp_path / f"f.{suffix}").read_text() == "of yesterday"
    with pytest.raises(ExportError, match=r"f\.partial\..* exists already"):
        frames.export(frame, tmp_path / f"f.{suffix}", overwrite=False)
    assert frames.export(frame, path, overwrite=True) == path
    frame.attrs["complete"] = "true"
    assert frames.export(frame, tmp_path / f"f.{suffix}", overwrite=True).name == f"f.{suffix}"


def test_parquet_says_that_it_is_partial(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.attrs["complete"] = "false"
    path = frames.export(frame, tmp_path / "f.parquet")
    assert path.name == "f.parquet"
    assert pd.read_parquet(path).attrs["complete"] == "false"


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_categories_and_days_come_back_from_parquet(tmp_path: Path, rows: int) -> None:
    words = pd.CategoricalDtype(pd.Index(["USD", "EUR", "never seen"], dtype=TEXT), ordered=rows == 3)
    frame = pd.DataFrame(
        {
            "currency": pd.Categorical.from_codes([1, -1, 0][:rows], dtype=words),
            "day": pd.Series([pd.Timestamp(2026, 1, 31), None, pd.Timestamp(1, 1, 1)][:rows], dtype="datetime64[us]"),
            "time": pd.Series([datetime(2026, 1, 31, tzinfo=UTC)] * rows, dtype="datetime64[us, UTC]"),
            "text": pd.array(["", None, "x"][:rows], dtype=TEXT),
        }
    )
    frame.attrs = {"schema": "records", "complete": "true"}
    again = frames.read_parquet(frames.export(frame, tmp_path / "records.parquet"))
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert again.dtypes.equals(frame.dtypes)
    assert again["currency"].cat.categories.dtype == TEXT
    assert again.attrs == frame.attrs


def test_several_frames_do_not_fit_into_a_format_of_one(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="holds one frame, and these are 2"):
        frames.export_all({"files": frame, "pages": frame}, tmp_path / "all.csv")
    path = frames.export_all({"files": frame}, tmp_path / "one.csv", safe_for_spreadsheets=True)
    assert path.read_text().startswith("batch_id,")


def test_progress_ends_with_everything_done(frame: pd.DataFrame, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    many = pd.concat([frame] * 400, ignore_index=True)
    frames.export_all({"files": many, "pages": many}, tmp_path / "a.xlsx", progress=lambda *said: told.append(said))
    assert told[-1][:2] == (2400, 2400)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert {"files", "pages"} <= {what for _, _, what in told}
