"""Where nothing is said: silence is better than invention."""

from __future__ import annotations

import pytest

from llamabatch_nb.engine.extractors.shipped import extract
from tests.engine.shipped.papers import typed
from tests.engine.shipped.support import number, of, rows, text


def test_a_total_is_no_subtotal() -> None:
    page = typed("Subtotal: 100.00\n")
    extraction = extract([page], of(total=number(), subtotal=number()))
    assert extraction.values == {"total": None, "subtotal": 100}
    assert extraction.confidences["/total"] == 0


def test_sums_that_contradict_one_another_are_not_given() -> None:
    page = typed("Subtotal: 100.00\nVAT 20%: 20.00\nTotal: 130.00\n")
    extraction = extract([page], of(total=number(), subtotal=number(), tax=number()))
    assert extraction.values == {"total": None, "subtotal": None, "tax": None}
    assert 0 < extraction.confidences["/total"] < 0.8


def test_what_stands_between_net_and_total_explains_the_difference() -> None:
    page = typed("Subtotal: 100.00\nDiscount: -10.00\nVAT 20%: 18.00\nShipping: 5.00\nTotal: 113.00\n")
    extraction = extract([page], of(total=number(), subtotal=number(), tax=number()))
    assert extraction.values == {"total": 113, "subtotal": 100, "tax": 18}


def test_taxes_at_two_rates_are_added_and_have_no_rate() -> None:
    page = typed(
        "Summe netto              473,00\nUSt. 19 % auf 198,00      37,62\n"
        "USt. 7 % auf 275,00       19,25\nBruttosumme              529,87\n"
    )
    extraction = extract([page], of(tax=number(), tax_rate=number(), total=number()))
    assert extraction.values == {"tax": 56.87, "tax_rate": None, "total": 529.87}


def test_two_candidates_are_none() -> None:
    page = typed("Invoice number: A-1\nInvoice number: B-2\n")
    assert extract([page], of(invoice_number=text())).values == {"invoice_number": None}


def test_the_same_value_twice_is_one() -> None:
    page = typed("Invoice number: A-1\nInvoice number: A-1\n")
    assert extract([page], of(invoice_number=text())).values == {"invoice_number": "A-1"}


@pytest.mark.parametrize(
    ("page", "field", "wanted"),
    [
        ("We met on Monday and it rained.\n", "invoice_number", text()),
        ("Invoice date: 03/04/2024\nDelivered: 05/06/2024\n", "invoice_date", text(format="date")),
        ("Tax: 19 %\n", "tax", number()),
        ("Discount: 5 %\n", "discount", number()),
        ("Net 30\n", "subtotal", number()),
        ("Total quantity: 7\n", "total", number()),
        ("Invoice number:\nInvoice date: 2024-01-02\n", "invoice_number", text()),
        ("Date of the associated invoice: 2024-01-02\nPrinted: 2024-02-03\n", "invoice_date", text()),
        ("PO BOX 123\n", "order_number", text()),
        ("Vendedor: Ana Ruiz\n", "vendor_name", text()),
        ("Price: $5.00\n", "currency", text()),
        ("IBAN: DE88 3704 0044 0532 0130 00\n", "iban", text()),
        ("Bank A DE89370400440532013000\nBank B DE02120300000000202051\n", "iban", text()),
        ("Valid until: yesterday\n", "valid_until", text(format="date")),
        ("Colour: teal\n", "colour", {"enum": ["red", "green"]}),
    ],
)
def test_nothing_is_said_of_what_is_not_there(page: str, field: str, wanted: dict[str, object]) -> None:
    assert extract([typed(page)], of(**{field: wanted})).values == {field: None}


def test_a_cell_that_does_not_fit_is_null_and_sums_are_no_rows() -> None:
    page = typed(
        """Item             Qty       Price      Amount
Bolt             2          1.50        3.00
Washer           some       0.20        4.00
Nut              4          1.00        9.00
Subtotal                               17.00
Total                                  17.00
"""
    )
    schema = of(items=rows(item=text(), qty=number(), price=number(), amount=number()))
    assert extract([page], schema).values["items"] == [
        {"item": "Bolt", "qty": 2, "price": 1.5, "amount": 3},
        {"item": "Washer", "qty": None, "price": 0.2, "amount": 4},
        {"item": "Nut", "qty": 4, "price": 1, "amount": None},  # four times one is not nine
    ]


def test_an_array_without_a_table_is_null() -> None:
    assert extract([typed("Total: 5.00\n")], of(items=rows(item=text(), qty=number()))).values == {"items": None}


def test_a_report_with_hundreds_of_sums_has_no_total() -> None:
    lines = [f"Subtotal: {n}.10\nVAT 20%: {n}.20\nTotal: {n}.30\n" for n in range(100, 700)]
    assert extract([typed("".join(lines))], of(total=number(), tax=number())).values == {"total": None, "tax": None}


def test_a_line_of_a_megabyte_is_cut() -> None:
    page = typed("pay " * 250_000 + "\nInvoice number: A-1\n", boxes=False)
    assert extract([page], of(invoice_number=text(), due_date=text())).values == {
        "invoice_number": "A-1",
        "due_date": None,
    }


def test_a_row_of_thousands_of_cells_is_cut() -> None:
    page = typed("Total  " * 20_000 + "\nInvoice number: A-1\n")
    assert extract([page], of(invoice_number=text(), total=number())).values == {"invoice_number": "A-1", "total": None}
