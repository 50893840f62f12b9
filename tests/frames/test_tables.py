"""Every table of a document as a DataFrame: its header, its types, and nothing lost on the way."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_cloud.types import ParsingGetResponse

from llamabatch_nb import frames
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.frames.schema import storable
from tests.frames.real import INVOICES, samples
from tests.frames.test_frames import as_declared
from tests.frames.test_items import box, of, page

examples = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NA = pd.NA
DECIMALS = ["1.50", "2.25"]


def table(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"type": "table", "rows": list(rows), "md": "", "html": "", "csv": "", **more}


def one(*rows: Any) -> frames.Table:
    return frames.tables(*of(page(table(*rows))))[0]


def column(*cells: Any, beside: list[Any] | None = None) -> pd.Series[Any]:
    """The first column of a table without a header, whose second column is `beside`."""
    beside = beside or ["word"] * len(cells)
    made = one(*([cell, other] for cell, other in zip(cells, beside, strict=True)))
    assert not made.header
    return made.frame["0"]


def test_the_tables_of_the_sample_invoices_are_what_is_true_of_them() -> None:
    read = samples()
    tables = frames.tables(read.snapshot, read.jobs)
    as_declared(tables.index, frames.TABLES)
    for n in range(1, INVOICES + 1):
        name = f"invoice-{n:03d}"
        truth = read.truth[name]["line_items"]
        own = [one for one in tables if one.name == f"{name}.pdf" and one.frame.columns[-1].startswith("Amount")]
        assert all(one.header for one in own)
        parts = [one.frame for one in own]
        assert {str(part.dtypes.iloc[-1]) for part in parts} == {"Float64"}
        assert {str(part.dtypes.iloc[-2]) for part in parts} == {"Float64"}
        amounts = [amount for part in parts for amount in part.iloc[:, -1].tolist()]
        assert amounts[: len(truth)] == [line["amount"] for line in truth]
        prices = [price for part in parts for price in part.iloc[:, -2].tolist()]
        assert prices[: len(truth)] == [line["unit_price"] for line in truth]
    orders = next(one for one in tables if one.name == "orders.xlsx" and one.title == "Orders")
    assert [str(dtype) for dtype in orders.frame.dtypes] == ["string"] * 3 + ["Int64", "Float64", "Float64"]
    assert orders.frame["Quantity"].mul(orders.frame["Unit price"]).round(2).equals(orders.frame["Amount"])


def test_the_official_sdks_objects_give_the_same_tables() -> None:
    read = samples()
    ours = frames.tables(read.snapshot, [ParseResult.model_validate(job) for job in read.jobs.values()])
    theirs = frames.tables(read.snapshot, [ParsingGetResponse.construct(**job) for job in read.jobs.values()])
    pd.testing.assert_frame_equal(theirs.index, ours.index, check_exact=True)
    assert theirs.index.attrs == ours.index.attrs
    assert len(ours) > 2 * INVOICES
    for their, our in zip(theirs, ours, strict=True):
        pd.testing.assert_frame_equal(their.frame, our.frame, check_exact=True)
        assert their.frame.attrs == our.frame.attrs


@pytest.mark.parametrize(
    "rows",
    [
        [["Item", "Qty"], ["Widget", "2"], ["Gadget", 3]],
        [["", "Amount"], ["Net", "£38.40"], ["Tax", "12 %"]],
        [["Day", "Who"], ["3 March 2026", "Ada"], ["17 May 2026", "Bo"]],
        [["Day", "Who"], ["2026-03-01", "Ada"], ["2026-03-02", None]],
        [["#", "Amount", "Amount"], ["1", "EUR 5,00", "-"], ["2", "(7,00)", "-"]],
        [["Year 2026", "EUR"], ["Rent", "1.200,00"]],
    ],
)
def test_a_first_row_of_words_over_figures_is_a_header(rows: list[list[Any]]) -> None:
    made = one(*rows)
    assert made.header
    assert len(made.frame) == len(rows) - 1
    assert made.frame.columns[-1].startswith(str(rows[0][-1]))


@pytest.mark.parametrize(
    "rows",
    [
        [["Item", "Qty"]],  # nothing below
        [["Name", "City"], ["Ada", "London"]],  # words over words
        [["Net", "5.00"], ["Tax", "1.00"]],  # a figure in the first row
        [["", "2025", "2026"], ["Rent", "1", "2"]],
        [["Customer:", "Total:"], ["Ada", "5"]],  # labels
        [["Works", "yes"], ["Days", "5"]],
        [["Size", "10m"], ["Days", "5"]],
        [["Net", "n/a"], ["Tax", "1.00"]],
        [["Net", "-"], ["Tax", "1.00"]],
        [["Total", "Total"], ["1", "2"]],  # one word for all
        [["", "", "Amount"], ["a", "b", "1"]],  # mostly empty
        [["Item", "Qty"], ["Widget", "2"], ["Gadget", "two"]],  # neither column is of one kind
        [["Item", "Code"], ["Widget", "A-17"], ["Gadget", "B-4"]],
        [],
        [[], []],
    ],
)
def test_what_may_be_data_is_no_header(rows: list[list[Any]]) -> None:
    made = one(*rows)
    assert not made.header
    assert made.frame.columns.tolist() == [str(n) for n in range(made.frame.shape[1])]
    assert len(made.frame) == (len(rows) if any(rows) else 0)


def test_names_are_made_unique_and_gaps_are_filled() -> None:
    made = one(
        ["Item", "Amount", "Amount", None, " Amount.1 ", "4"[:0], "two\nlines"],
        ["a", 1, 2.5, None, None],
        ["b", 3.0, None, None, "x", " ", "y", "beyond"],
    ).frame
    assert made.columns.tolist() == ["Item", "Amount", "Amount.1", "3", "Amount.1.1", "5", "two lines", "7"]
    assert [str(dtype) for dtype in made.dtypes] == ["string", "Int64", "Float64"] + ["string"] * 5
    assert made.to_numpy().tolist() == [["a", 1, 2.5, NA, NA, NA, NA, NA], ["b", 3, NA, NA, "x", NA, "y", "beyond"]]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "22", None], [1, 22, NA]),
        (["1", " 2 ", ""], [1, 2, NA]),
        (["12-", "-3", "\u22124"], [-12, -3, -4]),
        (["1 200", "3\u00a0400", "5"], [1200, 3400, 5]),
        (["1'200", "12\u2019345"], [1200, 12345]),
        (["1,200,300", "5"], [1200300, 5]),
        (["1.200.300", "5"], [1200300, 5]),
        (["9223372036854775807", "0"], [2**63 - 1, 0]),
        ([3.0, 4, "5"], [3, 4, 5]),
    ],
)
def test_columns_of_integers(cells: list[Any], values: list[Any]) -> None:
    made = column(*cells)
    assert str(made.dtype) == "Int64"
    assert made.tolist() == values


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.5", "2"], [1.5, 2]),
        (["1,234.50", "2,345,678.00", None], [1234.5, 2345678, NA]),
        (["1.234,50", "7,5"], [1234.5, 7.5]),
        (["1 234,50-", "0,125"], [-1234.5, 0.125]),
        (["0.500", "1.250"], [0.5, 1.25]),
        ([1, 2.25], [1, 2.25]),
        ([1e300, 10**30, float("nan")], [1e300, 1e30, NA]),
    ],
)
def test_columns_of_decimals(cells: list[Any], values: list[Any]) -> None:
    made = column(*cells)
    assert str(made.dtype) == "Float64"
    assert made.tolist() == values


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "12"],  # ids
        ["+49", "50"],
        ["5 %", "6 %"],
        ["€5", "€6"],
        ["(5)", "6"],
        ["-5-", "6"],
        ["1,5", "1.5"],  # two conventions
        ["1,200,300", "1 200"],
        ["1,20", "1,200.5"],
        ["1,234", "5,678"],  # may mean two things
        ["12,34,567", "1"],
        ["1e5", "2"],
        ["1", "two"],
        ["9223372036854775808", "1"],  # beyond 64 bits
        ["0.1234567890123456789", "1"],  # beyond a double
        ["12345678901234567", "0.5"],
        ["٣", "1"],
        ["nan", "1"],
        [True, 2],
        [None, " "],
    ],
)
def test_what_is_no_number_for_sure_stays_text(cells: list[Any]) -> None:
    made = column(*cells)
    assert str(made.dtype) == "string"
    written = {True: "true", None: NA, " ": NA}
    assert made.tolist() == [written.get(cell, str(cell)) for cell in cells]


def test_other_columns_tell_what_a_mark_means() -> None:
    assert column("1,234", "5,678", beside=DECIMALS).tolist() == [1234, 5678]
    assert column("1,234", "5,678", beside=["1,5", "2,25"]).tolist() == [1.234, 5.678]
    disagree = one(["1,234", "1,5", "1.5"], ["5,678", "2,25", "2.5"]).frame
    assert [str(dtype) for dtype in disagree.dtypes] == ["string", "Float64", "Float64"]


def test_a_table_says_where_it_stands() -> None:
    taken, jobs = of(
        page({"type": "heading", "level": 1, "value": "Sums & <b>", "md": "#"}, {"type": "text", "value": "x"}),
        page(
            {"type": "header", "items": [table(["a"])]},
            table(["b"], bbox=[box(1, 2, 3, 4, confidence=0.5)], merged_from_pages=[2, 3]),
            table(merged_into_page=2),
            table(["c"], parse_concerns=[{"type": "ragged", "details": "two cells"}, {"type": "odd"}, 3]),
            number=2,
        ),
    )
    tables = frames.tables(taken, jobs)
    as_declared(tables.index, frames.TABLES)
    told = ["name", "file_id", "page", "last_page", "number", "item", "title"]
    assert tables.index[told].to_numpy().tolist() == [
        ["a.pdf", "dfl-1", 2, 2, 1, 2, "Sums & <b>"],
        ["a.pdf", "dfl-1", 2, 3, 2, 3, "Sums & <b>"],
        ["a.pdf", "dfl-1", 2, 2, 3, 5, "Sums & <b>"],
    ]
    assert list(tables[1].box or ()) == [1, 2, 3, 4]
    assert tables.index["confidence"].tolist() == [NA, 0.5, NA]
    assert tables.index["concerns"].tolist() == [NA, NA, "ragged: two cells\nodd"]
    merged = frames.items(taken, jobs).merge(tables.index, on=["file_id", "page", "item"])
    assert merged["type"].tolist() == ["table"] * 3
    attrs = tables[1].frame.attrs
    assert attrs["batch_id"] == "bat-1"
    assert (attrs["page"], attrs["table"], attrs["header"], attrs["schema"]) == ("2", "2", "false", "")
    assert attrs["title"] == "Sums & <b>"


def test_tables_are_a_sequence_that_says_how_to_get_one() -> None:
    tables = frames.tables(*of(page(*(table([n, "word"], [n, "word"]) for n in range(4)))))
    assert [made.number for made in tables] == [1, 2, 3, 4]
    assert tables[-1].frame["0"].tolist() == [3, 3]
    assert tables[tables.index.index[2]] is tables[2]
    part = tables[1:3]
    assert isinstance(part, frames.Tables)
    assert part.index["number"].tolist() == [2, 3]
    assert part.index.index.tolist() == [0, 1]
    assert part.index.attrs == tables.index.attrs
    assert repr(tables) == "4 tables of 1 file. tables[0].frame is the first one, tables.index lists them all."
    assert repr(tables[:0]) == "No tables."
    assert tables[:0].index.dtypes.equals(tables.index.dtypes)
    with pytest.raises(IndexError):
        tables[4]


def test_what_a_notebook_shows_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    taken, jobs = of(page({"type": "heading", "value": evil}, table([evil, "1"], [evil, "2"])), name=f"{evil}.pdf")
    tables = frames.tables(taken, jobs)
    for shown in (tables._repr_html_(), tables[:0]._repr_html_(), tables[0]._repr_html_()):
        assert "<script" not in shown
    assert "&lt;script" in tables._repr_html_()
    assert repr(tables[0]).startswith(f"Table 1 of {evil}.pdf, page 1: {evil}\n")
    assert "word" in one(["word"])._repr_html_()


def test_cells_are_as_the_document_has_them() -> None:
    rows = [["Item", 3.0, None], ["", True], "loose"]
    made = one(*rows)
    assert made.cells == [["Item", 3.0, None], ["", True], ["loose"]]
    assert made.frame is made.frame
    assert one().shape == (0, 0)
    assert one().frame.empty


digits = st.text("0123456789.,' -%", max_size=8)
texts = st.text(st.characters(), max_size=6)
cells = st.none() | digits | texts | st.integers() | st.floats() | st.booleans() | st.lists(st.integers(), max_size=2)
columns_of_one_kind = st.sampled_from([digits, st.integers(-(10**18), 10**18), st.floats(), texts]).flatmap(
    lambda kind: st.lists(st.none() | kind, max_size=5)
)
ragged = st.lists(st.lists(cells, max_size=4), max_size=5)
even = st.lists(columns_of_one_kind, max_size=4).map(
    lambda columns: [list(row) for row in zip(*columns, strict=False)] if columns else []
)
headed = st.tuples(st.lists(st.none() | st.sampled_from(["Item", "Qty", "Amount", "0"]) | texts, max_size=4), even).map(
    lambda parts: [parts[0], *parts[1]]
)


@given(ragged | even | headed)
@examples
def test_any_rows_become_a_frame_that_parquet_gives_back(rows: list[list[Any]]) -> None:
    made = one(*rows)
    frame = made.frame
    width = max(map(len, rows), default=0)
    assert frame.shape == made.shape == ((len(rows) - made.header, width) if width else (0, 0))
    assert frame.columns.is_unique
    assert {str(dtype) for dtype in frame.dtypes} <= {"string", "Int64", "Float64"}
    for n, row in enumerate(rows[made.header :]):
        for cell, value in zip(row, frame.iloc[n].tolist() if width else [], strict=False):
            if isinstance(cell, str) and isinstance(value, str):
                assert value == storable(cell)
            elif cell is None or (isinstance(cell, str) and not cell.strip()):
                assert value is NA
            else:
                assert value is not NA or not math.isfinite(cell)
    with TemporaryDirectory() as folder:
        path = frames.export(frame, Path(folder, "table.parquet"))
        again = frames.read_parquet(path)
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert again.attrs == frame.attrs
