"""A workbook, as another library reads it."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from openpyxl import load_workbook

from llamabatch_nb import frames
from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames.export import cells, xlsx
from llamabatch_nb.frames.schema import TEXT
from tests.frames.exports import HOSTILE, extracted, parsed

YELLOW, GREY = "FFFFE8A3", "FFE3E6EA"


def book(frame: pd.DataFrame, path: Path) -> Any:
    return load_workbook(frames.export_all({"frame": frame}, path / "book.xlsx"))


def test_texts_are_texts_whatever_they_look_like(tmp_path: Path) -> None:
    texts = [
        "=1+1",
        "+49",
        "-1",
        "@x",
        "https://example.org",
        "0042",
        "1e5",
        "TRUE",
        '=HYPERLINK("http://a")',
        "_x0041_",
    ]
    frame = pd.DataFrame({"=name": pd.array(texts, dtype=TEXT)})
    column = [row[0] for row in book(frame, tmp_path)["frame"].iter_rows()]
    assert [cell.value for cell in column[:-1]] == ["=name", *texts[:-1]]
    assert {cell.data_type for cell in column} == {"s", "inlineStr"} & {cell.data_type for cell in column}
    assert all(cell.hyperlink is None for cell in column)
    assert [cell.quotePrefix for cell in column[1:6]] == [True, True, True, True, False]


def test_numbers_flags_and_times_are_what_they_are(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "whole": pd.array([3, 2**62, None], dtype="Int64"),
            "real": pd.array([0.1, None, float("inf")], dtype="Float64"),
            "flag": pd.array([True, False, None], dtype="boolean"),
            "utc": pd.Series([datetime(2026, 1, 31, 9, tzinfo=UTC), None, datetime(1850, 1, 1, tzinfo=UTC)]),
            "day": pd.Series([pd.Timestamp(2026, 1, 31), None, pd.Timestamp(1899, 1, 1)], dtype="datetime64[us]"),
        }
    )
    frame["utc"] = frame["utc"].dt.tz_convert("Europe/Berlin")
    sheet = book(frame, tmp_path)["frame"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert rows[0] == (3, 0.1, True, pd.Timestamp(2026, 1, 31, 9), pd.Timestamp(2026, 1, 31))
    assert sheet["B2"].number_format == "#,##0.00"
    assert sheet["A2"].number_format == "General"
    assert rows[1] == (str(2**62), None, False, None, None)  # a cell keeps 15 digits
    assert rows[2][1] == "inf"
    assert rows[2][3].startswith("1850-01-01T")  # before Excel's first day
    assert "UTC" in sheet["D2"].number_format
    assert sheet["E2"].number_format == "yyyy-mm-dd"
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["D"].width > 20


def test_a_text_that_no_cell_holds_is_cut_and_marked(tmp_path: Path) -> None:
    long, wide, fits = "a" * 40_000, "\N{GRINNING FACE}" * 20_000, "b" * 32_767
    made = book(pd.DataFrame({"text": pd.array([long, wide, fits], dtype=TEXT)}), tmp_path)
    sheet = made["frame"]
    assert sheet["A2"].value.endswith("[cut here: 40,000 characters in all]")
    assert sheet["A2"].value.startswith("a" * 32_000)
    assert "\N{GRINNING FACE} … [cut here: 20,000" in sheet["A3"].value
    assert all(len(sheet[place].value.encode("utf-16-le")) // 2 <= 32_767 for place in ("A2", "A3", "A4"))
    assert sheet["A4"].value == fits
    assert [sheet[place].fill.fgColor.rgb == GREY for place in ("A2", "A3", "A4")] == [True, True, False]
    assert any(
        "2 texts are longer than a cell holds" in str(row) for row in made["summary"].iter_rows(values_only=True)
    )


def test_what_xml_cannot_hold_is_shown_as_a_picture(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": pd.Series(["a\x00b\x0cc\x1b", "\ud83d\ufffe", "x\r\ny\rz"], dtype=object)})
    sheet = book(frame, tmp_path)["frame"]
    assert [sheet[f"A{row}"].value for row in (2, 3, 4)] == ["a␀b␌c␛", "\\ud83d\ufffd", "x\ny\nz"]
    with zipfile.ZipFile(tmp_path / "book.xlsx") as parts:
        for name in parts.namelist():
            ET.fromstring(parts.read(name))


def test_names_of_sheets_are_safe_and_unique() -> None:
    names = cells.sheet_names(["History", "a/b", "A_B", "x" * 40, "X" * 40, "'q'", "", "records.[a]:*?", "\x00"])
    assert len({name.casefold() for name in names}) == len(names)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)
    assert "history" not in {name.casefold() for name in names}
    assert not any(name.startswith("'") or name.endswith("'") for name in names)


def test_more_rows_than_a_sheet_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = pd.DataFrame({"a": pd.array([1], dtype="Int64")}).loc[[0] * xlsx.ROWS].reset_index(drop=True)
    with pytest.raises(ExportError, match=r"pages has 1,048,576 rows, and a sheet holds 1,048,575.*\.parquet"):
        frames.export_all({"pages": many}, tmp_path / "book.xlsx")
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(xlsx, "COLUMNS", 0)
    with pytest.raises(ExportError, match="1 columns"):
        frames.export_all({"pages": many.head(1)}, tmp_path / "book.xlsx")


def test_the_first_sheet_says_what_run_it_is(tmp_path: Path) -> None:
    taken, made = parsed()
    path = frames.export_all(made, tmp_path / "book.xlsx", about=taken)
    book = load_workbook(path)
    assert book.sheetnames == ["summary", "files", "pages", "columns"]
    rows = [row[:2] for row in book["summary"].iter_rows(values_only=True) if row[0]]
    said = dict(rows[: rows.index(("sheet", "rows and state"))])
    assert ("pages", "6 rows") in rows
    assert said["run"] == "Q3"
    assert said["service"] == "LlamaCloud NA"
    assert said["configuration"] == "cfg-1"
    assert (said["files"], said["files completed"], said["files failed"], said["credits"]) == (3, 2, 1, 5)
    assert said["as of"] == pd.Timestamp(2026, 11, 23, 9, 5)
    assert said["state"] == "complete"
    assert book.properties.title == "Q3 \u2013 3 files, parse"
    assert book["files"].freeze_panes == "E2"  # header and name stay, and ids leave room for them
    assert sum(book["files"].column_dimensions[column].width for column in "ABC") < 40
    described = list(book["columns"].iter_rows(values_only=True))
    assert described[0] == ("sheet", "column", "dtype", "meaning", "unit", "source")
    assert ("pages", "confidence", "Float64", "How sure the service is of the page", "0 to 1") in [
        row[:5] for row in described
    ]


def test_a_run_that_goes_on_is_partial(tmp_path: Path) -> None:
    taken, made = parsed(running=True)
    for about in (taken, None):
        path = frames.export_all(made, tmp_path / "book.xlsx", about=about, overwrite=True)
        said = {row[0]: row[1] for row in load_workbook(path)["summary"].iter_rows(values_only=True) if row[0]}
        assert said["state"].startswith("PARTIAL: ")
        assert said["pages"].endswith("rows, PARTIAL")
        with zipfile.ZipFile(path) as parts:
            assert b"partial" in parts.read("docProps/core.xml")


def test_doubtful_values_are_shaded_with_page_and_quote(tmp_path: Path) -> None:
    taken, made = extracted()
    book = load_workbook(frames.export_all(made, tmp_path / "book.xlsx", about=taken))

    def marked(name: str) -> dict[str, str]:
        columns = [cell.value for cell in book[name][1]]
        return {
            columns[cell.column - 1]: cell.comment.text
            for cell in book[name][2]
            if cell.comment is not None and cell.fill.fgColor.rgb == YELLOW
        }

    records = marked("records")
    assert records.keys() == {"total", "main.status", "vendor.name"}
    assert "Confidence 0.42, page 1, “sum 12.50”" in records["total"]
    assert HOSTILE in records["main.status"]
    assert marked("records.lines") == {}
    assert "Confidence 0.2, page 4, “p|1”" in marked("records.lines.parts")["id"]
    shaded = [row[0].row for row in book["evidence"].iter_rows(min_row=2) for cell in row if cell.comment]
    assert len(shaded) == 8
    notes = [str(row) for row in book["summary"].iter_rows(values_only=True)]
    assert any("18 cells are shaded yellow: confidence below 0.8" in row for row in notes)


def test_a_null_that_was_looked_for_is_pale_and_says_so(tmp_path: Path) -> None:
    _, made = extracted()
    records, evidence = made["records"].copy(), made["evidence"].copy()
    at = evidence["path"].eq("total").fillna(value=False)
    records["total"] = pd.NA
    evidence.loc[at, "value"], evidence.loc[at, "type"], evidence.loc[at, "confidence"] = pd.NA, "null", 0.0
    book = load_workbook(frames.export_all({"records": records, "evidence": evidence}, tmp_path / "book.xlsx"))
    cell = next(one for one in book["records"][2] if book["records"].cell(1, one.column).value == "total")
    assert cell.value is None
    assert cell.fill.fgColor.rgb == "FFFFF7DC"
    assert cell.comment.text == "not found"
    assert any("looked for and not found" in str(row) for row in book["summary"].iter_rows(values_only=True))


def test_the_same_frames_are_the_same_workbook(tmp_path: Path) -> None:
    taken, made = extracted()
    one = frames.export_all(made, tmp_path / "one.xlsx", about=taken)
    two = frames.export_all(made, tmp_path / "two.xlsx", about=taken)
    assert one.read_bytes() == two.read_bytes()


def test_a_field_of_the_documents_is_no_doubt_of_ours(tmp_path: Path) -> None:
    values = pd.DataFrame({"value": ["a"], "confidence": [0.5], "matching_text": [7]})
    values.attrs["schema"] = "records"
    (sheet,) = load_workbook(frames.export(values, tmp_path / "own.xlsx")).worksheets[1:2]
    assert [cell.comment for row in sheet.iter_rows() for cell in row] == [None] * 6


def test_an_apostrophe_in_the_name_of_an_array(tmp_path: Path) -> None:
    lines = pd.DataFrame({"a": [1]})
    book = load_workbook(frames.export_all({"records.o'x": lines}, tmp_path / "book.xlsx"))
    links = [cell.hyperlink.location for row in book["summary"].iter_rows() for cell in row if cell.hyperlink]
    assert links == ["'records.o''x'!A1"]
