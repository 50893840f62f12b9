"""Habits of papers that were read wrongly once: sums carried over pages, grids of labels, boxes, two of a kind."""

from __future__ import annotations

from typing import Any

import pytest

from llamabatch_nb.engine.extractors.shipped import extract
from tests.engine.shipped.papers import typed
from tests.engine.shipped.support import number, of, rows, text

ITEMS = rows(description=text(), quantity=number(), unit_price=number(), amount=number())
IBAN, OTHER_IBAN = "DE89 3704 0044 0532 0130 00", "DE02 1203 0000 0000 2020 51"
HEAD = "Description               Qty     Price      Amount\n"


def values(schema: dict[str, Any], *pages: str) -> Any:
    return extract([typed(page, number=number) for number, page in enumerate(pages, 1)], schema).values


def described(schema: dict[str, Any], *pages: str) -> list[Any]:
    return [row["description"] for row in values(schema, *pages)["items"]]


@pytest.mark.parametrize(
    ("foot", "head"),
    [
        ("Carried forward to page 2                     3.00", "Brought forward from page 1                   3.00"),
        ("                 Übertrag auf Seite 2         3.00", "                 Übertrag von Seite 1         3.00"),
        ("                          Übertrag            3.00", "Übertrag                                      3.00"),
        ("Report                                        3.00", "Report                                        3.00"),
    ],
)
def test_sums_carried_over_pages_are_no_items(foot: str, head: str) -> None:
    first = f"{HEAD}Bolt                      2       1.50        3.00\n{foot}\n"
    second = (
        f"{HEAD}{head}\nNut                       4       1.00        4.00\nTotal                             7.00\n"
    )
    assert described(of(items=ITEMS), first, second) == ["Bolt", "Nut"]


def test_carriage_and_reports_may_be_items() -> None:
    page = (
        f"{HEAD}Transport to Ghent        1       9.00        9.00\n"
        "Report on soil            2       5.00       10.00\n"
        "Nut                       4       1.00        4.00\nTotal                                        23.00\n"
    )
    assert described(of(items=ITEMS), page) == ["Transport to Ghent", "Report on soil", "Nut"]


def test_a_sum_whose_label_is_in_a_column_of_numbers_ends_the_table() -> None:
    page = f"{HEAD}Bolt                      2       1.50        3.00\n{'All in all':>40}      3.00\n"
    assert values(of(items=ITEMS), page)["items"] == [
        {"description": "Bolt", "quantity": 2, "unit_price": 1.5, "amount": 3}
    ]


def test_a_second_table_is_not_the_first_one_going_on() -> None:
    page = (
        f"{HEAD}Bolt                      2       1.50        3.00\n"
        "Zone                      Qty     Price      Shelf\n"
        "North                     1       20.00       9.00\n"
    )
    assert described(of(items=ITEMS), page) == ["Bolt"]


def test_the_total_of_one_rate_is_not_the_documents() -> None:
    page = (
        "Netto 19 %     100,00\nMwSt. 19 %      19,00\nBrutto 19 %    119,00\n"
        "Netto 7 %      200,00\nMwSt. 7 %       14,00\nBrutto 7 %     214,00\nZahlbetrag     333,00\n"
    )
    assert values(of(total=number(), amount_due=number()), page)["amount_due"] == 333
    assert values(of(total=number()), page)["total"] in {None, 333}


def test_the_head_of_a_column_of_amounts_is_no_label_of_the_first() -> None:
    page = "Rate        Net          VAT\n20 %        100.00       20.00\n5 %         200.00       10.00\n"
    assert values(of(subtotal=number(), tax=number()), page) == {"subtotal": None, "tax": None}


def test_words_behind_an_amount_are_of_the_block_beside_it() -> None:
    page = "Amount due     163.07     Water 47 m3 at 1.6920     79.52\n"
    assert values(of(amount_due=number()), page) == {"amount_due": 163.07}


@pytest.mark.parametrize(
    ("page", "total"),
    [
        ("Subtotal (894.00)\nGST 10% (89.40)\nTOTAL CREDIT AUD (983.40)\n", -983.4),
        ("Zwischensumme netto -82,40 €\nUmsatzsteuer 19 % -15,66 €\nGutschriftsbetrag -98,06 €\n", -98.06),
        ("Subtotal 6.672,50\nMoms (25,00%) 1.668,13\nTotal DKK 8.340,63\n", 8340.63),
        ("Základ daně 7 700,00 Kč\nDPH 12 % 924,00 Kč\nCelkem k úhradě 8 624,00 Kč\n", 8624),
        ("Celkem bez DPH 100,00\nDPH 21 % 21,00\nCelkem s DPH 121,00\n", 121),
        ("Sum eks. mva 13 175,00\nMVA 25 % 3 293,75\nÅ betale NOK 16 468,75\n", 16468.75),
        ("Total hors taxes 481,20 €\nTVA 20 % 96,24 €\nTotal toutes taxes comprises 577,44 €\n", 577.44),
        ("Total HT 10,00 €\nTVA 20 % 2,00 €\nTotal à régler 12,00 €\n", 12),
    ],
)
def test_sums_of_credit_notes_and_of_further_tongues(page: str, total: float) -> None:
    found = values(of(total=number(), subtotal=number(), tax=number()), page)
    assert found["total"] == total
    assert round(found["subtotal"] + found["tax"], 2) == total


def test_pay_is_gross_or_net_not_what_an_invoice_comes_to() -> None:
    page = "Gross pay     2,550.00\nNet pay       2,177.40\n"
    assert values(of(gross_pay=number(), net_pay=number()), page) == {"gross_pay": 2550, "net_pay": 2177.4}


def test_what_adds_up_over_the_year_is_not_this_months() -> None:
    page = "Year to date\nGross pay     9,876.40\n"
    assert values(of(gross_pay=number()), page) == {"gross_pay": None}


@pytest.mark.parametrize(
    ("page", "field", "wanted", "value"),
    [
        ("Smoker ☒ Yes ☐ No\n", "smoker", {"type": "boolean"}, True),
        ("Smoker     ☐ Yes     ☒ No\n", "smoker", {"type": "boolean"}, False),
        ("Smoker?     ☐ Yes     ☒ No\n", "smoker", {"type": "boolean"}, False),
        ("Smoker?     ☐ Yes     ☐ No\n", "smoker", {"type": "boolean"}, None),
        ("Smoker     ☐\n", "smoker", {"type": "boolean"}, False),
        ("Claim type     ☐ Injury     ☒ Illness\n", "claim_type", text(), "Illness"),
        ("Claim type     ☐ Injury     ☒ Illness\n", "claim_type", {"enum": ["Injury", "Illness"]}, "Illness"),
        ("Claim type     ☐ Injury     ☐ Illness\n", "claim_type", text(), None),
        ("Claim type     ☒ Injury     ☒ Illness\n", "claim_type", text(), None),
    ],
)
def test_the_box_that_is_ticked_counts(page: str, field: str, wanted: dict[str, Any], value: Any) -> None:
    assert values(of(**{field: wanted}), page) == {field: value}


def test_the_customers_iban_is_not_the_sellers() -> None:
    schema = of(iban=text(), buyer=of(iban=text()))
    debited = f"Wir buchen den Betrag von Ihrem Konto {IBAN} ab.\n"
    assert values(schema, debited) == {"iban": None, "buyer": {"iban": IBAN.replace(" ", "")}}
    assert values(schema, f"{debited}Bankverbindung: {OTHER_IBAN}\n")["iban"] == OTHER_IBAN.replace(" ", "")


def test_the_beginning_of_an_iban_is_no_vat_number() -> None:
    assert values(of(vat_id=text()), "Konto PL61 1090 1014 0000 0712 1981 2874\n") == {"vat_id": None}
    assert values(of(vat_id=text()), "UID ATU12345678 1010 Wien\n") == {"vat_id": "ATU12345678"}


def test_two_vat_numbers_are_none() -> None:
    assert values(of(vat_id=text()), "DE811569869\nFR40303265045\n") == {"vat_id": None}


@pytest.mark.parametrize("article", ["Article", "Artikel"])
def test_article_numbers_do_not_describe(article: str) -> None:
    page = (
        f"{article}     Libellé                   Qté     Prix      Montant\n"
        "21.075      Corbières rouge           48      5.90      283.20\n"
        "22.075      Limoux blanc              24      7.25      174.00\n"
    )
    assert described(of(items=ITEMS), page) == ["Corbières rouge", "Limoux blanc"]


def test_a_remark_that_every_row_repeats_does_not_describe() -> None:
    page = (
        "Name            Description     Qty     Price      Amount\n"
        "Bolt            as agreed       2       1.50        3.00\n"
        "Nut             as agreed       4       1.00        4.00\n"
    )
    assert described(of(items=ITEMS), page) == ["Bolt", "Nut"]


def test_labels_over_values_are_not_read_sideways() -> None:
    page = "Tax code      Department      Period\n1257L         Firmware        3\n"
    schema = of(tax_code=text(), department=text(), period=text())
    assert values(schema, page) == {"tax_code": "1257L", "department": "Firmware", "period": "3"}


def test_a_percentage_beside_an_amount_is_not_the_amount() -> None:
    page = "Pension 5%     187.50\n"
    assert values(of(pension=number()), page)["pension"] in {None, 187.5}
    assert values(of(pension_rate=number()), "Pension rate: 5%\n") == {"pension_rate": 5}


def test_an_amount_within_a_sentence_is_not_its_labels() -> None:
    page = "Standing charge, 92 days at 54.20 p\n"
    assert values(of(standing_charge=number()), page) == {"standing_charge": None}


@pytest.mark.parametrize("line", ["SARL au capital de 10 000 euros", "SAS au capital social de 40 000 €"])
def test_the_capital_of_a_company_is_not_its_name(line: str) -> None:
    page = f"{line}\n12 rue Trivalle\n11000 Carcassonne\nFacture no 7\n"
    assert values(of(seller_name=text()), page) == {"seller_name": None}


def test_a_company_may_be_called_capital() -> None:
    assert values(of(buyer_name=text()), "Bill to: Capital Partners Ltd\n") == {"buyer_name": "Capital Partners Ltd"}


def test_the_only_date_of_a_sentence_is_not_the_invoices() -> None:
    page = "Carriage is subject to the Montreal Convention of 28 May 1999.\n"
    assert values(of(invoice_date=text(format="date")), page) == {"invoice_date": None}
    assert values(of(invoice_date=text(format="date")), "Lyon, 28 May 2024\n") == {"invoice_date": "2024-05-28"}


def test_what_was_paid_is_not_due() -> None:
    page = "You paid us on 12 December 2023.\n"
    assert values(of(due_date=text(format="date")), page) == {"due_date": None}
    assert values(of(due_date=text(format="date")), "It must be paid by 12 May 2024.\n") == {"due_date": "2024-05-12"}


@pytest.mark.parametrize("label", ["Claim #", "Claim no.", "Claim nr", "Claim number"])
def test_numbers_are_called_by_signs_too(label: str) -> None:
    assert values(of(claim_number=text()), f"{label}     SF-1008\n") == {"claim_number": "SF-1008"}


def test_a_number_in_groups_is_one() -> None:
    assert values(of(notice_number=text()), "Notice number: WX 5520 1187 3\n") == {"notice_number": "WX 5520 1187 3"}


def test_the_two_sides_of_a_deal_are_not_alike() -> None:
    page = "Employee address: 5 Larch Close\n"
    assert values(of(employer_address=text()), page) == {"employer_address": None}


@pytest.mark.parametrize(("line", "name"), [("Patient: LIND, MARTA K", "LIND, MARTA K"), ("Patient: 4471", None)])
def test_a_name_may_be_said_without_the_word(line: str, name: str | None) -> None:
    assert values(of(patient_name=text()), f"{line}\n") == {"patient_name": name}


def test_a_label_for_two_things_is_neither() -> None:
    page = "Postcode / City: TA1 4QP Taunton\n"
    assert values(of(home=of(city=text())), page) == {"home": {"city": None}}


def test_a_label_in_two_languages_is_one() -> None:
    page = "Datum wystawienia / Invoice date: 2024-05-12\n"
    assert values(of(invoice_date=text(format="date")), page) == {"invoice_date": "2024-05-12"}


@pytest.mark.parametrize(
    ("written", "date"), [("27FEB24", "2024-02-27"), ("18MAR2024", "2024-03-18"), ("31FEB24", None), ("27FEB24X", None)]
)
def test_dates_as_tickets_write_them(written: str, date: str | None) -> None:
    assert values(of(issue_date=text(format="date")), f"Issue date: {written}\n") == {"issue_date": date}


def test_a_table_whose_units_are_no_quantity_has_rows() -> None:
    page = (
        "CBC\nTest              Result     Units        Reference Interval\n"
        "Hemoglobin        13.1       g/dL         12.0 - 15.5\nPlatelets         244        x10E3/uL     150 - 450\n"
    )
    schema = of(results=rows(test=text(), result=number(), reference_interval=text()))
    assert values(schema, page)["results"] == [
        {"test": "Hemoglobin", "result": 13.1, "reference_interval": "12.0 - 15.5"},
        {"test": "Platelets", "result": 244, "reference_interval": "150 - 450"},
    ]


def test_a_share_in_a_column_of_rates_is_not_guessed() -> None:
    page = (
        "Description               Qty     Price      Amount     VAT %\n"
        "Bolt                      2       1.50       3.00      0.19\n"
    )
    schema = of(items=rows(description=text(), amount=number(), vat_rate=number()))
    assert values(schema, page)["items"] == [{"description": "Bolt", "amount": 3, "vat_rate": None}]
