"""One row an item, whatever the items are, and the same from whoever's objects."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_cloud.types import ParsingGetResponse

from llamabatch_nb import frames
from llamabatch_nb.contract.parse import ItemsPage, ItemsPages, ParseJob, ParseResult
from llamabatch_nb.frames.inputs import Unfit
from llamabatch_nb.snapshot import FileState, Snapshot
from tests.frames.real import samples
from tests.frames.test_frames import as_declared, snapshot

examples = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NA = pd.NA


def of(*pages: ItemsPage, **file: Any) -> tuple[Snapshot, list[ParseResult]]:
    """A run of one file, and the result of its job."""
    known = {"name": "a.pdf", "file_id": "dfl-1", "status": "completed", "job_id": "pjb-1", **file}
    result = ParseResult(
        job=ParseJob(id="pjb-1", project_id="prj", status="COMPLETED"), items=ItemsPages(pages=list(pages))
    )
    return snapshot(FileState(**known)), [result]


def page(*items: Any, number: int = 1) -> ItemsPage:
    return ItemsPage(page_number=number, items=list(items))


def box(x: float, y: float, w: float, h: float, **more: Any) -> dict[str, Any]:
    return {"x": x, "y": y, "w": w, "h": h, **more}


def test_items_are_told_as_they_are_read() -> None:
    nested = {
        "type": "list",
        "ordered": True,
        "md": "1. a\n    - b",
        "items": [
            {"type": "text", "value": "a", "md": "a"},
            {"type": "list", "ordered": False, "items": [{"type": "text", "value": "b", "md": "b"}]},
        ],
    }
    link = {"type": "link", "text": "words", "url": "https://example.org", "md": "[words](https://example.org)"}
    taken, jobs = of(
        page(
            {"type": "header", "md": "x", "items": [{"type": "table", "rows": [["a"], ["b", "c"]], "md": "t"}]},
            number=2,
        ),
        page({"type": "heading", "level": 2, "value": "Title", "md": "## Title"}, nested, link),
    )
    frame = frames.items(taken, jobs)
    as_declared(frame, frames.ITEMS)
    told = ["page", "item", "parent", "depth", "type", "level", "text", "url", "rows", "columns"]
    assert frame[told].to_numpy().tolist() == [
        [1, 1, NA, 0, "heading", 2, "Title", NA, NA, NA],
        [1, 2, NA, 0, "list", NA, NA, NA, NA, NA],
        [1, 3, 2, 1, "text", NA, "a", NA, NA, NA],
        [1, 4, 2, 1, "list", NA, NA, NA, NA, NA],
        [1, 5, 4, 2, "text", NA, "b", NA, NA, NA],
        [1, 6, NA, 0, "link", NA, "words", "https://example.org", NA, NA],
        [2, 1, NA, 0, "header", NA, NA, NA, NA, NA],
        [2, 2, 1, 1, "table", NA, NA, NA, 2, 2],
    ]
    assert frame["markdown"].tolist()[:2] == ["## Title", "1. a\n    - b"]
    assert json.loads(frame["json"][1]) == {"type": "list", "ordered": True, "md": "1. a\n    - b"}
    assert frame["error"].isna().all()
    assert frame.attrs["complete"] == "true"


def test_boxes_become_the_one_that_holds_them() -> None:
    taken, jobs = of(
        page(
            {"type": "text", "value": "one", "bbox": [box(10, 20, 30, 40.5, confidence=0.9)]},
            {"type": "text", "value": "two", "bbox": [box(10, 20, 5, 5), box(12.25, 40, 7, 2, confidence=0.4)]},
            {"type": "text", "value": "none", "bbox": None},
            {"type": "text", "value": "odd", "bbox": [{"x": 1}, "box", box(1, 2, 3, float("nan"))]},
        )
    )
    frame = frames.items(taken, jobs)
    assert frame[["x", "y", "width", "height", "confidence"]].to_numpy().tolist() == [
        [10, 20, 30, 40.5, 0.9],
        [10, 20, 9.25, 22, 0.4],
        [NA] * 5,
        [NA] * 5,
    ]


def test_an_item_of_a_new_type_loses_nothing() -> None:
    new = {"type": "hologram", "value": {"not": "text"}, "level": "deep", "beams": [1, 2.5, None], "md": 3}
    frame = frames.items(*of(page(new)))
    assert frame["type"].tolist() == ["hologram"]
    assert frame[["text", "level", "markdown"]].isna().all(axis=None)
    assert json.loads(frame["json"][0]) == new


def test_what_could_not_be_read_is_a_row_with_an_error() -> None:
    unread = [
        ItemsPage(page_number=1, success=False, error="timed out"),
        page({"type": "text", "value": "x"}, number=2),
    ]
    taken, jobs = of(*unread)
    broken = FileState(name="b.pdf", file_id="dfl-2", status="completed", job_id="pjb-2")
    extracted = FileState(name="c.pdf", file_id="dfl-3", status="completed", job_id="ext-1", job_type="extract_v2")
    run = snapshot(broken, *taken.files, extracted)
    found = {"pjb-1": jobs[0], "pjb-2": Unfit("pjb-2", "items: not an object"), "ext-1": Unfit("ext-1", "odd")}
    frame = frames.items(run, found)
    as_declared(frame, frames.ITEMS)
    assert frame[["name", "page", "item", "error"]].to_numpy().tolist() == [
        ["b.pdf", NA, NA, "items: not an object"],
        ["a.pdf", 1, NA, "timed out"],
        ["a.pdf", 2, 1, NA],
    ]
    assert len(frames.tables(run, found)) == 0


def test_the_official_sdks_objects_give_the_same() -> None:
    read = samples()
    ours = [ParseResult.model_validate(job) for job in read.jobs.values()]
    theirs = [ParsingGetResponse.construct(**job) for job in read.jobs.values()]
    for made in (frames.items, frames.pages):
        expected = made(read.snapshot, ours)
        assert len(expected) > 10
        for jobs in (theirs, read.jobs, list(read.jobs.values())):
            frame = made(read.snapshot, jobs)
            pd.testing.assert_frame_equal(frame, expected, check_exact=True)
            assert frame.attrs == expected.attrs


def test_every_word_of_the_samples_markdown_is_in_an_item() -> None:
    read = samples()
    items = frames.items(read.snapshot, read.jobs)
    pages = frames.pages(read.snapshot, read.jobs)
    on_page = items[items["depth"] == 0].groupby(["file_id", "page"])["markdown"].agg("\n".join).to_dict()
    for row in pages.itertuples():
        words = set(str(row.markdown).split()) - {"---"}  # a rule is no item
        assert words <= set(on_page[row.file_id, row.page].split()), row.name
    assert items.set_index(["file_id", "page", "item"]).index.is_unique


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    ["type", "value", "md", "level", "url", "text", "caption", "rows", "items", "bbox", "parse_concerns", "new"]
)
kinds = st.sampled_from(["text", "heading", "list", "table", "header", "hologram"])
boxes = st.lists(st.dictionaries(st.sampled_from(["x", "y", "w", "h", "confidence"]), values), max_size=2)
some_items = st.lists(
    st.builds(
        lambda item, kind, bbox: {**item, **({"type": kind} if kind else {}), **({"bbox": bbox} if bbox else {})},
        st.dictionaries(fields, values, max_size=4),
        st.none() | kinds,
        boxes,
    ),
    max_size=3,
)


@given(some_items)
@examples
def test_any_items_become_rows_that_parquet_gives_back(found: list[dict[str, Any]]) -> None:
    taken, jobs = of(page(*found))
    frame = frames.items(taken, jobs)
    as_declared(frame, frames.ITEMS)
    assert frame["depth"].eq(0).sum() == len(found)
    assert [type(json.loads(text)) for text, depth in zip(frame["json"], frame["depth"], strict=True) if not depth] == (
        [dict] * len(found)
    )
    as_declared(frames.tables(taken, jobs).index, frames.TABLES)
    with TemporaryDirectory() as folder:
        again = frames.read_parquet(frames.export(frame, Path(folder, "items.parquet")))
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert again.attrs == frame.attrs


def test_integers_too_long_for_python_to_write_are_text() -> None:
    long = 10**5000
    digits = "1" + "0" * 5000
    made = of(page({"type": "text", "n": long, "m": 10**400}, {"type": "table", "rows": [["a"], [long]]}))
    assert json.loads(frames.items(*made)["json"][0]) == {"type": "text", "n": digits, "m": 10**400}
    assert frames.tables(*made)[0].frame.to_numpy().tolist() in ([[digits]], [["a"], [digits]])


def test_a_table_that_is_not_there_is_said() -> None:
    read = samples()
    tables = frames.tables(read.snapshot, read.jobs)
    with pytest.raises(IndexError, match=rf"no table 9999: the positions are 0 to {len(tables) - 1}\."):
        tables[9999]
    with pytest.raises(IndexError, match=r"no table 0: the positions are none: the results have no tables"):
        frames.tables(*of(page()))[0]
    # The example of the docstring.
    assert [tables[n].title for n in tables.index.query("title == 'Orders'").index]
    assert "title == 'Orders'" in str(frames.Tables.__doc__)
