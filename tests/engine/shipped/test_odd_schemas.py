"""Schemas that nobody would write, and pages without text: never an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llamabatch_nb.engine.extractors.base import Page, Table
from llamabatch_nb.engine.extractors.shipped import extract
from tests.engine.shipped.papers import typed
from tests.engine.shipped.support import leaves, number, of, rows, text

PAGE = typed("Invoice number: A-1\nItem      Qty    Amount\nBolt      1      5.00\nTotal: 5.00\n")
NAMES = st.sampled_from(["invoice_number", "total", "items", "a/b", "~", "", "größe", "vendor", "name", "date"])
SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        True,
        None,
        5,
        "x",
        {"type": 7},
        {"type": []},
        {"type": "string"},
        {"type": ["number", "null"]},
        {"type": ["string", "array"]},
        {"enum": [1, "EUR", None, True, [1]]},
        {"enum": "x", "type": "string"},
        {"const": 3},
        {"const": None},
        {"anyOf": 5},
        {"anyOf": [{"type": "null"}, {"type": "string"}]},
        {"oneOf": [{"type": "object"}, {"type": "number"}]},
        {"allOf": 7},
        {"allOf": [{"type": "string"}, {"pattern": "("}]},
        {"$ref": "#"},
        {"$ref": "#/nowhere/0"},
        {"$ref": "http://elsewhere.example/schema"},
        {"$ref": 3},
        {"type": "array", "items": False},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "string", "format": 5, "x-aliases": 5, "title": 7},
        {"type": "string", "x-aliases": ["Total", 3, ""]},
        {"properties": [1]},
    ]
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(
            lambda properties: {"type": "object", "properties": properties}, st.dictionaries(NAMES, inner, max_size=4)
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS)
def test_no_schema_is_an_error(schema: Any) -> None:
    extraction = extract([PAGE], schema)
    for pointer, _ in leaves(extraction.values):
        assert 0 <= extraction.confidences.get(pointer, 0) <= 1


@pytest.mark.parametrize("pages", [[], [Page(1, "", "")], [Page(1, "  \n", "", tables=[Table([]), Table([[]])])]])
def test_no_text_is_no_values(pages: list[Page]) -> None:
    schema = of(total=number(), items=rows(item=text(), qty=number()))
    assert extract(pages, schema).values == {"total": None, "items": None}


def test_tables_of_a_format_that_knows_them_are_read() -> None:
    table = Table(
        [
            ["Article", "Quantity", "Unit price", "Total"],
            ["Desk lamp", "2", "34.50", "69.00"],
            ["with dimmer", "", "", ""],
            ["Chair", "1", "80.00", "80.00"],
            ["", "", "Total", "149.00"],
        ]
    )
    page = Page(1, "Order\n\nTotal: 149.00\n", "", tables=[table])
    schema = of(items=rows(description=text(), quantity=number(), unit_price=number(), total=number()), total=number())
    extraction = extract([page], schema)
    assert extraction.values == {
        "items": [
            {"description": "Desk lamp with dimmer", "quantity": 2, "unit_price": 34.5, "total": 69},
            {"description": "Chair", "quantity": 1, "unit_price": 80, "total": 80},
        ],
        "total": 149,
    }
    assert extraction.citations["/items/0/total"][0].matching_text == "69.00"


def test_it_says_the_same_every_time() -> None:
    schema = of(invoice_number=text(), total=number(), items=rows(item=text(), qty=number(), amount=number()))
    assert extract([PAGE], schema) == extract([PAGE], schema)


def test_cells_between_tabs_are_columns_however_long_they_are() -> None:
    page = Page(
        1,
        "Invoice number\tA-17\nInvoice date\t2024-01-02\n\nItem\tQty\tUnit price\tAmount\n"
        "Bell\t2\t3.00\t6.00\nSaddle of the very best leather\t1\t20.00\t20.00\n"
        "\t\tSubtotal\t26.00\n\t\tVAT 20%\t5.20\n\t\tTotal\t31.20\n",
        "",
    )
    schema = of(
        invoice_number=text(),
        invoice_date=text(),
        items=rows(item=text(), qty=number(), unit_price=number(), amount=number()),
        tax=number(),
        total=number(),
    )
    assert extract([page], schema).values == {
        "invoice_number": "A-17",
        "invoice_date": "2024-01-02",
        "items": [
            {"item": "Bell", "qty": 2, "unit_price": 3, "amount": 6},
            {"item": "Saddle of the very best leather", "qty": 1, "unit_price": 20, "amount": 20},
        ],
        "tax": 5.2,
        "total": 31.2,
    }
