"""Values of single fields, with where they stand."""

from __future__ import annotations

from typing import Any

import pytest

from llamabatch_nb.engine.extractors.shipped import extract
from llamabatch_nb.samples import invoice_pdf
from llamabatch_nb.samples.trade import make_invoice, truth_of
from tests.engine.shipped.papers import TONGUES, corpus, read, typed
from tests.engine.shipped.support import INVOICE, leaves, number, of, rows, text

LETTER = """QualityHosting AG · Uferweg 40 · 63571 Gelnhausen
Muster Software GmbH
Herrn Max Muster                                    Kundennummer:            K-12345
Musterweg 3                                         Rechnungsnummer:         30064443
10115 Berlin                                        Rechnungsdatum:          07. Mai 2014
                                                    USt-IdNr.:               DE811569869
Pos  Leistung                                    Menge    Einzelpreis      Gesamtpreis
1    Small Business Standard                        2        4,20 EUR         8,40 EUR
     Grundgebühr pro Einheit
2    Hosted SharePoint                              1       20,79 EUR        20,79 EUR
                                          Gesamtbetrag (netto)               29,19 EUR
                                          zzgl. 19% MwSt.                     5,55 EUR
                                          Rechnungsbetrag                    34,74 EUR
Zahlbar innerhalb 30 Tagen netto bis 06.06.2014, 3% Skonto bis 17.05.2014.
"""
STATEMENT = of(
    invoice_number=text(),
    customer_number=text(),
    date=text(),
    due_date=text(),
    currency=text(),
    net_amount=number(),
    vat_amount=number(),
    vat_rate=number(),
    total=number(),
    vendor=of(name=text(), vat_id=text()),
    customer=of(name=text(), address=of(street=text(), postal_code=text(), city=text())),
    items=rows(description=text(), qty=number(), unit_price=number(), total=number()),
)
STATED = {
    "invoice_number": "30064443",
    "customer_number": "K-12345",
    "date": "2014-05-07",
    "due_date": "2014-06-06",
    "currency": "EUR",
    "net_amount": 29.19,
    "vat_amount": 5.55,
    "vat_rate": 19,
    "total": 34.74,
    "vendor": {"name": "QualityHosting AG", "vat_id": "DE811569869"},
    "customer": {
        "name": "Muster Software GmbH",
        "address": {"street": "Musterweg 3", "postal_code": "10115", "city": "Berlin"},
    },
    "items": [
        {
            "description": "Small Business Standard Grundgebühr pro Einheit",
            "qty": 2,
            "unit_price": 4.2,
            "total": 8.4,
        },
        {"description": "Hosted SharePoint", "qty": 1, "unit_price": 20.79, "total": 20.79},
    ],
}


@pytest.mark.parametrize("words", [False, True], ids=["runs", "words"])
def test_a_german_letter_is_read_by_an_english_schema(*, words: bool) -> None:
    assert extract([typed(LETTER, words=words)], STATEMENT).values == STATED


def test_a_page_without_places_is_read_as_a_grid() -> None:
    extraction = extract([typed(LETTER, boxes=False)], STATEMENT)
    assert extraction.values == STATED
    assert all(not citation.boxes for found in extraction.citations.values() for citation in found)


def test_a_value_is_cited_in_the_documents_own_words_within_its_page() -> None:
    for paper in corpus(copies=1):
        extraction = extract(paper.pages, INVOICE)
        given = {pointer: value for pointer, value in leaves(extraction.values) if value is not None}
        assert set(extraction.citations) == set(given)
        for pointer, citations in extraction.citations.items():
            for citation in citations:
                page = paper.pages[citation.page - 1]
                printed = " ".join(line.text for line in page.lines)
                assert all(word in printed for word in citation.matching_text.split()), pointer
                assert citation.boxes
                for box in citation.boxes:
                    assert box.x >= 0
                    assert box.y >= 0
                    assert box.x + box.w <= (page.width or 0) + 1
                    assert box.y + box.h <= (page.height or 0) + 1
            assert 0.8 <= extraction.confidences[pointer] <= 1


def test_the_samples_are_read() -> None:
    schema = of(
        invoice_number=text(),
        invoice_date=text(format="date"),
        due_date=text(format="date"),
        customer=of(name=text()),
        line_items=rows(description=text(), quantity=number(), unit=text(), unit_price=number(), amount=number()),
        subtotal=number(),
        tax_rate=number(),
        tax=number(),
        total=number(),
    )
    right = asked = 0
    for ordinal in (1, 2, 3, 4, 6):  # each layout, and one that runs over to a second page
        truth = dict(leaves(truth_of(make_invoice(ordinal))))
        given = dict(leaves(extract(read(invoice_pdf(ordinal)), schema).values))
        assert {pointer: value for pointer, value in given.items() if value not in {None, truth.get(pointer)}} == {}
        asked += len(given)
        right += sum(value is not None for value in given.values())
    assert right >= 0.97 * asked


def test_a_table_over_two_pages_is_one() -> None:
    head = "Item                 Qty      Price      Amount\n"
    first = (
        head
        + "".join(f"Part {n}                 2       1.50        3.00\n" for n in range(5))
        + "Carried forward 15.00"
    )
    second = head + "Part 5                 1       4.00        4.00\nTotal                                   19.00\n"
    schema = of(items=rows(item=text(), quantity=number(), amount=number()), total=number())
    extraction = extract([typed(first), typed(second, number=2)], schema)
    assert [row["item"] for row in extraction.values["items"]] == [f"Part {n}" for n in range(6)]
    assert extraction.values["total"] == 19
    assert extraction.citations["/items/5/amount"][0].page == 2


def test_any_document_is_read_by_the_words_of_its_schema() -> None:
    page = typed(
        """INVENTORY REPORT
Report ID: SP-2024-12
Warehouse: Distribution Centre East
Prepared by: S. Martinez
Overall Accuracy: 97.2%
Approved: yes
Status:   Open
Issues found: broken seal, missing label, wet box
Shift manager    T. Okafor
"""
    )
    schema = of(
        report_id=text(),
        warehouse=text(),
        prepared_by=text(),
        accuracy=number(),
        approved={"type": "boolean"},
        status={"enum": ["OPEN", "CLOSED"]},
        issues_found={"type": "array", "items": text()},
        shift_manager={"type": ["string", "null"]},
        auditor=text(),
    )
    assert extract([page], schema).values == {
        "report_id": "SP-2024-12",
        "warehouse": "Distribution Centre East",
        "prepared_by": "S. Martinez",
        "accuracy": 97.2,
        "approved": True,
        "status": "OPEN",
        "issues_found": ["broken seal", "missing label", "wet box"],
        "shift_manager": "T. Okafor",
        "auditor": None,
    }


def test_labels_that_the_schema_names_are_followed() -> None:
    page = typed("Vorgang: 4711\nBearbeitet von: K. Lang\n")
    schema = of(
        case=text(**{"x-aliases": ["Vorgang"]}),
        clerk=text(**{"x-aliases": "Bearbeitet von"}),
    )
    assert extract([page], schema).values == {"case": "4711", "clerk": "K. Lang"}


def test_the_heading_above_tells_whose_label_it_is() -> None:
    page = typed(
        """Agency
Name:      Premier Group
Code:      A-1

Theatre
Name:      Downtown
Code:      T-9
"""
    )
    schema = of(agency=of(name=text(), code=text()), theatre=of(name=text(), code=text()))
    assert extract([page], schema).values == {
        "agency": {"name": "Premier Group", "code": "A-1"},
        "theatre": {"name": "Downtown", "code": "T-9"},
    }


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ({"type": "integer"}, 12),
        ({"type": "number"}, 12),
        ({"type": "string"}, "12"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 12),
        ({"type": "string", "pattern": r"^\d{2}$"}, "12"),
        ({"type": "string", "pattern": r"^[A-Z]$"}, None),
        ({"type": "boolean"}, None),
        ({"$ref": "#/$defs/whole"}, 12),
    ],
)
def test_a_value_has_the_type_of_its_schema(wanted: dict[str, Any], value: Any) -> None:
    schema = {**of(seats_booked=wanted), "$defs": {"whole": {"type": "integer"}}}
    assert extract([typed("Seats booked: 12\n")], schema).values == {"seats_booked": value}


def test_an_amount_that_is_asked_for_as_text_keeps_its_spelling() -> None:
    schema = of(total=text(), invoice_date=text())
    extraction = extract([typed("Rechnungsdatum: 3.4.2024\nGesamtbetrag: 1.234,50 €\n")], schema)
    assert extraction.values == {"total": "1.234,50 €", "invoice_date": "2024-04-03"}


def test_every_tongue_reads_its_own_iban_and_vat_number() -> None:
    for tongue in TONGUES.values():
        page = typed(f"{tongue.words['vat']}: {tongue.tax_id}   IBAN: {tongue.iban}\n")
        found = extract([page], of(iban=text(), vat_id=text())).values
        assert found == {"iban": tongue.iban, "vat_id": tongue.tax_id}


def test_the_parties_stand_side_by_side_under_their_labels() -> None:
    page = typed(
        """Sprzedawca:              Nabywca:
Budomax Sp. z o.o.       Krakus Sp. z o.o.
ul. Polna 7              ul. Lipowa 1
00-625 Warszawa          31-147 Krakow
"""
    )
    found = extract([page], of(seller=of(name=text(), city=text()), buyer=of(name=text(), city=text()))).values
    assert found == {
        "seller": {"name": "Budomax Sp. z o.o.", "city": "Warszawa"},
        "buyer": {"name": "Krakus Sp. z o.o.", "city": "Krakow"},
    }


def test_a_block_may_label_its_name() -> None:
    page = typed(
        """Service Provider              Client
Name:      Oak & Elm Inc.     Name:      Kessler Bau GmbH
City:      Leeds              City:      Manchester
"""
    )
    found = extract([page], of(seller_name=text(), client_name=text())).values
    assert found == {"seller_name": "Oak & Elm Inc.", "client_name": "Kessler Bau GmbH"}
