"""Numbers, dates and codes: what is read, and what is not."""

from __future__ import annotations

import pytest

from llamabatch_nb.engine.extractors.shipped import codes
from llamabatch_nb.engine.extractors.shipped.dates import dates_in, order_of
from llamabatch_nb.engine.extractors.shipped.numbers import amount_in, numbers_in, point_of
from llamabatch_nb.engine.extractors.shipped.sums import kind_of


@pytest.mark.parametrize(
    ("text", "point", "value"),
    [
        ("1.234,56", None, 1234.56),
        ("1,234.56", None, 1234.56),
        ("1 234,56 €", None, 1234.56),
        ("CHF 2'250.00", None, 2250.0),
        ("(23.50)", None, -23.5),
        ("-23", None, -23.0),
        ("23,00-", None, -23.0),
        ("€ 1.234", ",", 1234.0),
        ("1.234", ".", 1.234),
        ("1,000", ",", 1.0),
        ("$12,500", ".", 12500.0),
        ("1.234.567", None, 1234567.0),
        ("0,125", None, 0.125),
    ],
)
def test_a_number_is_read_in_its_countrys_way(text: str, point: str | None, value: float) -> None:
    found = amount_in(text, point)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize("text", ["19 %", "12.03.2024", "AB-1234", "2024/17", "3 x 4.50 + 2.00", "no digits", "A4"])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert amount_in(text, None) is None


def test_a_percentage_in_brackets_is_not_negative() -> None:
    (found,) = numbers_in("VAT (20%)")
    assert (found.value, found.percent) == (20.0, True)


def test_the_decimal_sign_follows_from_the_document() -> None:
    assert point_of(["12,50", "1.200,00", "3.000"]) == ","
    assert point_of(["12.50", "7.99", "1,200"]) == "."
    assert point_of(["12.50", "12,50"]) is None
    assert point_of(["1.200"]) is None


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2024-03-05", "2024-03-05"),
        ("05.03.2024", "2024-03-05"),
        ("5. März 2024", "2024-03-05"),
        ("5 mars 2024", "2024-03-05"),
        ("1er février 2024", "2024-02-01"),
        ("March 5th, 2024", "2024-03-05"),
        ("5 de marzo de 2024", "2024-03-05"),
        ("12 maart 2024", "2024-03-12"),
        ("05-Mar-24", "2024-03-05"),
        ("25/03/2024", "2024-03-25"),
        ("03/25/2024", "2024-03-25"),
        ("05/05/2024", "2024-05-05"),
        ("2024年3月5日", "2024-03-05"),
    ],
)
def test_a_date_becomes_iso(text: str, iso: str) -> None:
    (found,) = dates_in(f"on {text} it was", None)
    assert found.iso == iso
    assert found.text == text


@pytest.mark.parametrize(
    "text", ["2020", "88%", "2 weeks ago", "today", "31.02.2024", "12.03", "1.2.3.4", "March 2024", "12 boxes 2024"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert dates_in(text, "DMY") == []


def test_day_and_month_are_told_apart_by_the_document_or_not_at_all() -> None:
    assert [date.iso for date in dates_in("03/04/2024", None)] == [None]
    assert [date.iso for date in dates_in("03/04/2024", "DMY")] == ["2024-04-03"]
    assert [date.iso for date in dates_in("03/04/2024", "MDY")] == ["2024-03-04"]
    assert order_of(["25/03/2024"], None) == "DMY"
    assert order_of(["03/25/2024"], "DMY") == "MDY"
    assert order_of(["25/03/2024", "03/25/2024"], "DMY") is None


def test_an_iban_has_to_add_up() -> None:
    assert codes.ibans_in("IBAN: DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX") == [
        ("DE89370400440532013000", "DE89 3704 0044 0532 0130 00")
    ]
    assert codes.ibans_in("DE88 3704 0044 0532 0130 00") == []


def test_a_vat_number_has_its_countrys_form() -> None:
    assert codes.vats_in("USt-IdNr.: DE 811 569 869, HRB 1234") == [("DE811569869", "DE 811 569 869")]
    assert codes.vats_in("DE12345") == []


def test_a_bare_dollar_is_nobodys() -> None:
    assert codes.currency_of(["Total $5.00"]) is None
    assert codes.currency_of(["Total $5.00", "Springfield, IL 62704"]) == ("USD", "$", 0.96)
    assert codes.currency_of(["Total CA$5.00", "$4.00"]) == ("CAD", "CA$", 0.96)
    assert codes.currency_of(["Total $5.00"], frozenset(("AUD", "EUR"))) == ("AUD", "$", 0.96)
    assert codes.currency_of(["5 €", "5 CHF"]) is None


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Subtotal", "subtotal"),
        ("Sub-Total:", "subtotal"),
        ("Total excl. VAT", "subtotal"),
        ("Gesamtbetrag (netto)", "subtotal"),
        ("Base imponible", "subtotal"),
        ("Total HT", "subtotal"),
        ("zzgl. MwSt.", "tax_amount"),
        ("Total TVA", "tax_amount"),
        ("Btw", "tax_amount"),
        ("Total incl. VAT", "total"),
        ("Montant TTC", "total"),
        ("Rechnungsbetrag", "total"),
        ("Rechnungsbetrag netto", "subtotal"),
        ("Total", "sum"),
        ("Net à payer", "amount_due"),
        ("Te betalen", "amount_due"),
        ("Do zapłaty", "amount_due"),
        ("Deposit paid", "amount_paid"),
        ("Discount", "discount"),
        ("Shipping & handling", "shipping"),
        ("Total quantity", None),
        ("Network cable", None),
    ],
)
def test_a_sums_label_is_read_word_by_word(label: str, kind: str | None) -> None:
    assert kind_of(label) == kind
