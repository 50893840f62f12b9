"""Papers for the shipped extractor: typed text, and invoices drawn in layouts that nobody tuned it for."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from liteparse import LiteParse
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from llamabatch_nb.engine.extractors.base import Box, Line, Page
from llamabatch_nb.engine.parsers import ParseOptions
from llamabatch_nb.engine.parsers.pdf import liteparse_options

#: Points of a character and of a line of typed text.
COLUMN, LEADING = 5.0, 13.0


def typed(text: str, *, boxes: bool = True, number: int = 1, words: bool = False) -> Page:
    """A page of text in columns. Two spaces part runs; `words` draws every word alone, as many PDFs do."""
    if not boxes:
        return Page(number, text, "", lines=[Line(line) for line in text.splitlines()])
    lines = []
    for row, line in enumerate(text.splitlines()):
        for run in re.finditer(r"\S+" if words else r"\S+(?: \S+)*", line):
            x, y = 30 + COLUMN * run.start(), 40 + LEADING * row
            lines.append(Line(run[0], Box(x, y, COLUMN * len(run[0]), 11)))
    return Page(number, text, "", 595, 842, lines)


@lru_cache(maxsize=1)
def _parser() -> LiteParse:
    return LiteParse(**liteparse_options(ParseOptions("fast")))


def read(pdf: bytes) -> list[Page]:
    """A PDF as the engine's parser hands it to extractors."""
    return [
        Page(
            page.page_num,
            page.text,
            "",
            page.width,
            page.height,
            [Line(item.text, Box(item.x, item.y, item.width, item.height)) for item in page.text_items],
        )
        for page in _parser().parse(pdf).pages
    ]


@dataclass(frozen=True)
class Tongue:
    """What a country's papers call things, and how they write numbers and dates."""

    words: Mapping[str, str]
    money: Callable[[float], str]
    day: str
    rate: int
    tax_id: str
    iban: str
    parties: tuple[tuple[str, str, str], tuple[str, str, str]]
    goods: tuple[str, ...]


def _comma(thousands: str, pattern: str = "{}") -> Callable[[float], str]:
    return lambda value: pattern.format(f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", thousands))


_KEYS = "title no date due order buyer seller item qty price amount net tax total vat"


def _words(text: str) -> dict[str, str]:
    return dict(zip(_KEYS.split(), text.split(" | "), strict=True))


TONGUES = {
    "en": Tongue(
        _words(
            "Invoice | Invoice Ref No | Tax date | Pay by | Your PO | Billed to | Supplier | Particulars | Qty"
            " | Unit cost | Line total | Net amount | VAT @ {}% | Invoice total | VAT Reg No"
        ),
        lambda value: f"£{value:,.2f}",
        "%d %B %Y",
        20,
        "GB123456789",
        "GB29NWBK60161331926819",
        (
            ("Harbour Supplies Ltd", "14 Mill Lane", "LS1 4AP Leeds"),
            ("Otter Bikes Ltd", "7 King St", "M2 4WU Manchester"),
        ),
        ("Brass hinge, pair", "Oak board 2 m", "Delivery by van", "Wood oil 1 l"),
    ),
    "de": Tongue(
        _words(
            "Rechnung | Rechnungs-Nr. | Rechnungsdatum | Zahlbar bis | Ihre Bestellung | Kunde | Lieferant | Leistung"
            " | Anz. | EP | GP | Summe netto | zzgl. {} % USt | Gesamtsumme | USt-IdNr."
        ),
        _comma(".", "{} €"),
        "%d.%m.%Y",
        19,
        "DE811569869",
        "DE89370400440532013000",
        (
            ("Hansen Metallbau GmbH", "Lindenweg 12", "20095 Hamburg"),
            ("Vogt Gartenbau GmbH", "Am Markt 3", "80331 Ulm"),
        ),
        ("Stahltor verzinkt", "Montage vor Ort", "Anfahrt", "Riegel M8"),
    ),
    "fr": Tongue(
        _words(
            "Facture | Facture N° | Date de facturation | Date d'échéance | N° de commande | Adressé à | Fournisseur"
            " | Désignation | Qté | P.U. HT | Montant HT | Total HT | TVA {} % | Net à payer TTC | N° TVA"
        ),
        _comma(" ", "{} €"),
        "%d/%m/%Y",
        20,
        "FR40303265045",
        "FR1420041010050500013M02606",
        (
            ("Martin Fournil SARL", "5 rue du Rhin", "44470 Carquefou"),
            ("Ateliers Sud SAS", "12 rue Foch", "69006 Lyon"),
        ),
        ("Farine T55 25 kg", "Four à pain, location", "Sac papier", "Livraison"),
    ),
    "nl": Tongue(
        _words(
            "Factuur | Factuurnr. | Factuurdatum | Te betalen voor | Uw ordernummer | Factuuradres | Leverancier"
            " | Omschrijving | Aantal | Stukprijs | Bedrag | Subtotaal | {}% btw | Te betalen | BTW-nr"
        ),
        _comma(".", "€ {}"),
        "%d-%m-%Y",
        21,
        "NL123456789B01",
        "NL91ABNA0417164300",
        (
            ("Van Dijk Techniek B.V.", "Gracht 12", "1015 CX Amsterdam"),
            ("De Groot Advies B.V.", "Weg 9", "3511 AB Utrecht"),
        ),
        ("Kabelgoot 3 m", "Montage ter plaatse", "Schakelaar wit", "Voorrijkosten"),
    ),
    "es": Tongue(
        _words(
            "Factura | Factura núm. | Fecha de emisión | Fecha de vencimiento | Pedido nº | Facturar a | Proveedor"
            " | Concepto | Cant. | Precio unit. | Importe | Base imponible | IVA {} % | Total factura | NIF"
        ),
        _comma(".", "{} €"),
        "%d/%m/%Y",
        21,
        "ESB58378431",
        "ES9121000418450200051332",
        (
            ("Talleres Ruiz S.L.", "Calle Mayor 3", "28013 Madrid"),
            ("Suministros Vega S.A.", "Calle Mar 8", "46021 Valencia"),
        ),
        ("Tornillos M6", "Aceite 5 l", "Filtro de aire", "Mano de obra"),
    ),
    "it": Tongue(
        _words(
            "Fattura | Fattura n. | Data fattura | Scadenza | Vs. ordine | Spett.le | Fornitore | Descrizione | Q.tà"
            " | Prezzo unit. | Importo | Totale imponibile | IVA {}% | Totale fattura | P.IVA"
        ),
        _comma(".", "€ {}"),
        "%d/%m/%Y",
        22,
        "IT03445460367",
        "IT60X0542811101000000123456",
        (
            ("Officine Bianchi S.r.l.", "Via Mazzini 1", "41058 Vignola"),
            ("Studio Ferri S.p.A.", "Via Roma 2", "20121 Milano"),
        ),
        ("Viti M6", "Olio 5 l", "Filtro aria", "Manodopera"),
    ),
    "pl": Tongue(
        _words(
            "Faktura | Faktura VAT nr | Data wystawienia | Termin zaplaty | Zamowienie nr | Nabywca | Sprzedawca"
            " | Nazwa | Ilosc | Cena netto | Wartosc netto | Razem netto | VAT {}% | Do zaplaty | NIP"
        ),
        _comma(" ", "{} zl"),
        "%Y-%m-%d",
        23,
        "PL5261040828",
        "PL61109010140000071219812874",
        (
            ("Budomax Sp. z o.o.", "ul. Polna 7", "00-625 Warszawa"),
            ("Krakus Sp. z o.o.", "ul. Lipowa 1", "31-147 Krakow"),
        ),
        ("Farba biala 10 l", "Montaz", "Deska sosnowa", "Transport palety"),
    ),
}


@dataclass(frozen=True)
class Paper:
    """One invoice: as pages, and what is true of it."""

    name: str
    pages: list[Page]
    truth: dict[str, Any]


def corpus(copies: int = 2) -> Iterator[Paper]:
    """Every tongue on every layout, `copies` times."""
    for name, tongue in TONGUES.items():
        for layout in (_ledger, _boxes, _letter, _strip):
            for copy in range(copies):
                chance = random.Random(f"{name} {layout.__name__} {copy}")
                truth = _truth(tongue, chance)
                file = io.BytesIO()
                canvas = Canvas(file, A4, invariant=1)
                layout(_Pen(canvas), tongue, truth)
                canvas.save()
                yield Paper(f"{name} {layout.__name__} {copy}", read(file.getvalue()), truth)


def _truth(tongue: Tongue, chance: random.Random) -> dict[str, Any]:
    day = date(2025, 1, 13) + timedelta(chance.randint(0, 300))
    items: list[dict[str, Any]] = []
    for goods in chance.sample(tongue.goods, chance.randint(2, 4)):
        quantity, price = chance.randint(1, 12), chance.randint(150, 90_000) / 100
        items.append(
            {"description": goods, "quantity": quantity, "unit_price": price, "amount": round(quantity * price, 2)}
        )
    net = round(sum(item["amount"] for item in items), 2)
    tax = round(net * tongue.rate / 100 + 1e-9, 2)
    seller, buyer = tongue.parties
    return {
        "invoice_number": chance.choice(("RE-", "F2025/", "", "INV")) + str(chance.randint(1000, 99_999)),
        "invoice_date": day.isoformat(),
        "due_date": (day + timedelta(30)).isoformat(),
        "order_number": f"B{chance.randint(100, 999)}-{chance.randint(10, 99)}",
        "seller": {"name": seller[0], "vat_id": tongue.tax_id},
        "buyer": {"name": buyer[0], "address": {"street": buyer[1]}},
        "iban": tongue.iban,
        "subtotal": net,
        "tax": tax,
        "tax_rate": tongue.rate,
        "total": round(net + tax, 2),
        "line_items": items,
    }


class _Pen:
    """Draws text at points from the top left corner."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def left(self, x: float, y: float, text: str, size: float = 10) -> None:
        self.canvas.setFont("Helvetica", size)
        self.canvas.drawString(x, A4[1] - y, text)

    def right(self, x: float, y: float, text: str, size: float = 10) -> None:
        self.canvas.setFont("Helvetica", size)
        self.canvas.drawRightString(x, A4[1] - y, text)


def _facts(tongue: Tongue, truth: dict[str, Any]) -> list[tuple[str, str]]:
    words = tongue.words
    days = [date.fromisoformat(truth[key]).strftime(tongue.day) for key in ("invoice_date", "due_date")]
    return [
        (words["no"], truth["invoice_number"]),
        (words["date"], days[0]),
        (words["due"], days[1]),
        (words["order"], truth["order_number"]),
    ]


def _sums(tongue: Tongue, truth: dict[str, Any]) -> list[tuple[str, str]]:
    words = tongue.words
    return [
        (words["net"], tongue.money(truth["subtotal"])),
        (words["tax"].format(tongue.rate), tongue.money(truth["tax"])),
        (words["total"], tongue.money(truth["total"])),
    ]


def _cells(tongue: Tongue, item: dict[str, Any]) -> list[str]:
    return [str(item["quantity"]), tongue.money(item["unit_price"]), tongue.money(item["amount"])]


def _ledger(pen: _Pen, tongue: Tongue, truth: dict[str, Any]) -> None:
    """Facts in a column on the right, quantities first, sums in the table's own columns."""
    words, (seller, buyer) = tongue.words, tongue.parties
    for row, line in enumerate((*seller, f"{words['vat']}: {tongue.tax_id}")):
        pen.left(50, 50 + 13 * row, line, 13 if row == 0 else 9)
    pen.left(50, 140, f"{words['buyer']}:", 8)
    for row, line in enumerate(buyer):
        pen.left(50, 154 + 13 * row, line)
    for row, (label, value) in enumerate(_facts(tongue, truth)):
        pen.left(340, 140 + 15 * row, f"{label}:")
        pen.right(545, 140 + 15 * row, value)
    for x, key in ((90, "qty"), (430, "price"), (545, "amount")):
        pen.right(x, 260, words[key], 9)
    pen.left(110, 260, words["item"], 9)
    y = 280
    for item in truth["line_items"]:
        count, price, amount = _cells(tongue, item)
        pen.right(90, y, count)
        pen.left(110, y, item["description"])
        pen.right(430, y, price)
        pen.right(545, y + 2, amount)  # a little off its row, as some programs print it
        y += 18
    for label, value in _sums(tongue, truth):
        pen.left(320, y + 12, label)
        pen.right(545, y + 12, value)
        y += 16
    pen.left(50, 780, f"IBAN {tongue.iban}   {words['vat']} {tongue.tax_id}", 8)


def _boxes(pen: _Pen, tongue: Tongue, truth: dict[str, Any]) -> None:
    """A row of small labels over their values, prices before quantities, sums under one another on the left."""
    words, (seller, buyer) = tongue.words, tongue.parties
    pen.left(40, 60, words["title"].upper(), 22)
    for x, label, party in ((40, words["seller"], seller), (320, words["buyer"], buyer)):
        pen.left(x, 95, label, 8)
        for row, line in enumerate(party):
            pen.left(x, 109 + 13 * row, line)
    for index, (label, value) in enumerate(_facts(tongue, truth)):
        pen.left(40 + 130 * index, 190, label, 8)
        pen.left(40 + 130 * index, 203, value)
    pen.left(40, 250, words["item"])
    for x, key in ((330, "price"), (420, "qty"), (550, "amount")):
        pen.right(x, 250, words[key])
    y = 272
    for item in truth["line_items"]:
        count, price, amount = _cells(tongue, item)
        pen.left(40, y, item["description"])
        for x, text in ((330, price), (420, count), (550, amount)):
            pen.right(x, y, text)
        y += 15
    for label, value in _sums(tongue, truth):
        pen.left(40, y + 30, label)
        pen.left(200, y + 30, value)
        y += 15
    pen.left(40, 800, f"{seller[0]} | {words['vat']} {tongue.tax_id} | IBAN {tongue.iban}", 8)


def _letter(pen: _Pen, tongue: Tongue, truth: dict[str, Any]) -> None:
    """A letter: a sender's line in small type over the address, facts in sentences, two lines a description."""
    words, (seller, buyer) = tongue.words, tongue.parties
    pen.left(60, 130, " · ".join(seller), 7)
    for row, line in enumerate(buyer):
        pen.left(60, 148 + 14 * row, line, 11)
    for row, (label, value) in enumerate(_facts(tongue, truth)):
        pen.left(60, 240 + 14 * row, f"{label}: {value}")
    pen.left(60, 320, words["item"])
    for x, key in ((350, "qty"), (440, "price"), (540, "amount")):
        pen.right(x, 320, words[key])
    y = 340
    for item in truth["line_items"]:
        count, price, amount = _cells(tongue, item)
        first, _, second = item["description"].partition(" ")
        pen.left(60, y, first)
        for x, text in ((350, count), (440, price), (540, amount)):
            pen.right(x, y, text)
        if second:
            pen.left(60, y + 12, second)
        y += 32
    for label, value in _sums(tongue, truth):
        pen.right(440, y, label)
        pen.right(540, y, value)
        y += 16
    pen.left(60, 760, f"{seller[0]}   {seller[1]}   {seller[2]}", 8)
    pen.left(60, 772, f"{words['vat']}: {tongue.tax_id}   IBAN: {tongue.iban}", 8)


def _strip(pen: _Pen, tongue: Tongue, truth: dict[str, Any]) -> None:
    """A till's strip with everything in one line each, and the total above the sums that it is made of."""
    words, (seller, buyer) = tongue.words, tongue.parties
    for row, line in enumerate((*seller, f"{words['vat']} {tongue.tax_id}")):
        pen.left(200, 40 + 12 * row, line)
    for row, (label, value) in enumerate([*_facts(tongue, truth), (words["buyer"], buyer[0])]):
        pen.left(80, 110 + 13 * row, f"{label}:")
        pen.left(230, 110 + 13 * row, value)
    pen.left(80, 200, words["item"])
    for x, key in ((300, "qty"), (400, "price"), (500, "amount")):
        pen.right(x, 200, words[key])
    y = 216
    for item in truth["line_items"]:
        count, price, amount = _cells(tongue, item)
        pen.left(80, y, item["description"])
        for x, text in ((300, count), (400, price), (500, amount)):
            pen.right(x, y, text)
        y += 13
    net, tax, total = _sums(tongue, truth)
    for label, value in (total, net, tax):
        pen.left(80, y + 20, f"{label}")
        pen.right(500, y + 20, value)
        y += 14
    pen.left(80, y + 40, f"IBAN: {tongue.iban}")
