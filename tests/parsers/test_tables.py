"""Tables in PDFs: rows and columns as a reader sees them, ruled or not, with cells of several lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from llamabatch_nb.engine.parsers import read_payload, write_payload
from tests.parsers import build
from tests.parsers.conftest import Read

BEFORE = "Some words that come before the table."
AFTER = "And words after it, which are no part of the table but of the document."
HEADER = ("Item", "Qty", "Amount")
PLAIN = [HEADER, ("Widget", "2", "10.00"), ("Gadget", "1", "20.00"), ("Thing", "4", "30.00")]
WRAPPED = [
    HEADER,
    ("Widget", "2", "10.00"),
    ("Gadget with a longer\nname that wraps in two", "1", "20.00"),
    ("Thing", "4", "30.00"),
    ("Another with a longer\nname on two lines", "5", "50.00"),
    ("Last", "6", "60.00"),
]
SPARSE = [HEADER, ("a", "1", "10"), ("b", "", "20"), ("c", "3", ""), ("", "4", "40")]
LEFTS = (40, 180, 250)


def page(rows: Sequence[Sequence[str]], step: float, *, rules: str = "") -> bytes:
    """`rules` are "grid", "below" (a line below each row) or none; lines of a cell are 12 points apart."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(40, 280, BEFORE)
        y = 255.0
        for cells in rows:
            lines = max(cell.count("\n") for cell in cells)
            for left, cell in zip(LEFTS, cells, strict=True):
                for line, words in enumerate(cell.split("\n")):
                    canvas.drawString(left, y - 12 * line, words)
            y -= step + 12 * lines
            low = y + step - 6
            if rules == "below":
                canvas.line(38, low, 320, low)
            elif rules == "grid":
                for left, right in ((38, 178), (178, 248), (248, 320)):
                    canvas.rect(left, low, right - left, step + 12 * lines)
        canvas.drawString(40, y - 25, AFTER)

    return build.pdf(draw)


def wanted(rows: Sequence[Sequence[str]]) -> list[list[str | None]]:
    return [[cell.replace("\n", " ") or None for cell in row] for row in rows]


@pytest.mark.parametrize("rules", ["", "below", "grid"])
@pytest.mark.parametrize(
    ("rows", "step"),
    [(PLAIN, 18), (PLAIN, 12), (WRAPPED, 18), (WRAPPED, 20), (SPARSE, 18), (SPARSE, 12)],
    ids=["plain", "plain-tight", "wrapped", "wrapped-wide", "sparse", "sparse-tight"],
)
def test_rows_and_columns(read: Read, rows: Any, step: int, rules: str) -> None:
    items = read(page(rows, step, rules=rules), "a.pdf").pages[0].items
    tables = [item for item in items if item["type"] == "table"]
    assert [table["rows"] for table in tables] == [wanted(rows)]
    texts = [item for item in items if item["type"] == "text"]
    assert [item.get("value", item.get("md")) for item in texts] == [BEFORE, AFTER]


#: Two rows that liteparse takes for one: sums, set closer than the items above them.
SUMS = [
    ("Item", "Qty", "Amount"),
    ("Widget", "2", "10.00"),
    ("Gadget", "1", "20.00"),
    ("Thing", "4", "30.00"),
]


def summed() -> bytes:
    """A table whose last two rows have words in its last two columns alone."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 9)
        for row, cells in enumerate([*SUMS, ("", "Tax", "12.00"), ("", "Total", "72.00")]):
            for left, cell in zip(LEFTS, cells, strict=True):
                canvas.drawString(left, 255 - 12 * row, cell)
        canvas.drawString(40, 120, AFTER)

    return build.pdf(draw)


def test_rows_that_were_taken_for_one(read: Read) -> None:
    items = read(summed(), "a.pdf").pages[0].items
    (table,) = [item for item in items if item["type"] == "table"]
    assert table["rows"] == wanted([*SUMS, ("", "Tax", "12.00"), ("", "Total", "72.00")])


@pytest.mark.parametrize(("rows", "step"), [(PLAIN, 18), (WRAPPED, 18), (SPARSE, 12)])
def test_the_markdown_has_the_rows_of_the_items(read: Read, rows: Any, step: int) -> None:
    payload = write_payload(read(page(rows, step), "a.pdf"))
    markdown = read_payload(payload, items=False)["pages"][0]["markdown"]
    assert read_payload(payload)["pages"][0]["markdown"] == markdown
    lines = ["| " + " | ".join(cell or "" for cell in row) + " |" for row in wanted(rows)]
    assert [line for line in markdown.split("\n") if line.startswith("| ")] == lines
    assert markdown.startswith(BEFORE)
    assert markdown.endswith(AFTER)
