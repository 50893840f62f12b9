"""The invented companies of the sample invoices: how they write money and dates, and what they sell.

None of them exists: e-mail addresses end in ``.example``, and bank accounts carry the check digits 00 or zeros, which
no real account has.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

#: An article: what it is called, its unit, and the lowest and highest price of one.
Article = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Money:
    """How a vendor writes amounts; ``pattern`` holds ``{}`` where the number goes."""

    currency: str  # ISO 4217
    pattern: str
    thousands: str
    point: str

    def plain(self, amount: Decimal) -> str:
        """The number alone, with the vendor's separators: ``1.240,50``."""
        whole, _, part = f"{amount:,.2f}".partition(".")
        return whole.replace(",", self.thousands) + self.point + part

    def full(self, amount: Decimal) -> str:
        """The number with its currency: ``€ 1.240,50``."""
        return self.pattern.format(self.plain(amount))


@dataclass(frozen=True, slots=True)
class Party:
    """A name and its address, one string a printed line."""

    name: str
    address: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A company that writes invoices, always on the same paper and in the same way."""

    party: Party
    email: str
    tax_id: str
    account: str
    money: Money
    dates: str  # a key of trade.DATE_STYLES
    tax_name: str
    tax_rate: str  # percent
    terms: int  # days
    prefix: str  # of invoice numbers
    articles: tuple[Article, ...]


DOLLAR = Money("USD", "${}", ",", ".")
CANADIAN = Money("CAD", "CA${}", ",", ".")
POUND = Money("GBP", "£{}", ",", ".")
EURO = Money("EUR", "€ {}", ".", ",")
EURO_IRISH = Money("EUR", "€{}", ",", ".")
FRANC = Money("CHF", "CHF {}", "’", ".")  # noqa: RUF001 - the Swiss write it so
KRONA = Money("SEK", "{} kr", " ", ",")

OFFICE: tuple[Article, ...] = (
    ("Copy paper A4, 80 g, 2,500 sheets", "box", "18.40", "24.90"),
    ("Ballpoint pens, blue, pack of 50", "pack", "9.80", "14.20"),
    ("Lever arch file, 75 mm", "pc", "2.10", "3.40"),
    ("Toner cartridge, black, high yield", "pc", "62.00", "98.00"),
    ("Desk lamp, dimmable", "pc", "34.50", "58.00"),
    ("Whiteboard markers, set of 8", "set", "7.20", "11.50"),
    ("Envelopes C5, self-seal, 500", "box", "15.60", "21.00"),
    ("Monitor arm, single", "pc", "72.00", "119.00"),
)
ELECTRICAL: tuple[Article, ...] = (
    ("Circuit breaker, 3-pole, 16 A", "pc", "21.30", "34.80"),
    ("Copper cable 3 x 2.5 mm²", "m", "1.45", "2.30"),
    ("Cable tray, galvanised, 3 m", "pc", "27.90", "41.00"),
    ("LED panel 600 x 600, 36 W", "pc", "38.00", "64.50"),
    ("Junction box IP65", "pc", "4.60", "8.90"),
    ("Residual current device, 40 A", "pc", "44.00", "71.20"),
    ("Terminal blocks, strip of 12", "pc", "3.20", "5.10"),
    ("Distribution board, 24 modules", "pc", "83.00", "127.00"),
)
SERVICES: tuple[Article, ...] = (
    ("Technical translation, German to English", "h", "68.00", "82.00"),
    ("Proofreading of user manual", "h", "52.00", "61.00"),
    ("Project management", "h", "85.00", "98.00"),
    ("Terminology database, monthly fee", "mo", "120.00", "190.00"),
    ("Layout of the brochure", "h", "70.00", "88.00"),
    ("Certified copy of the translation", "pc", "25.00", "40.00"),
    ("Interpreting on site, half day", "pc", "390.00", "480.00"),
)
HOSTING: tuple[Article, ...] = (
    ("Managed server, 8 cores, 32 GB", "mo", "189.00", "249.00"),
    ("Object storage, 1 TB", "mo", "19.00", "26.00"),
    ("Nightly backup, off site", "mo", "42.00", "65.00"),
    ("Support, business hours", "h", "95.00", "130.00"),
    ("Security review", "h", "140.00", "175.00"),
    ("TLS certificate, wildcard, one year", "pc", "149.00", "210.00"),
    ("Load balancer", "mo", "36.00", "52.00"),
)
CATERING: tuple[Article, ...] = (
    ("Lunch buffet, vegetarian", "pax", "19.50", "26.00"),
    ("Coffee and pastries", "pax", "7.80", "10.50"),
    ("Sparkling water, 0.75 l", "btl", "2.90", "3.90"),
    ("Table linen, rental", "pc", "6.50", "9.00"),
    ("Serving staff", "h", "31.00", "38.00"),
    ("Delivery and collection", "trip", "45.00", "70.00"),
    ("Canapés, selection of six", "pax", "14.00", "18.50"),
)
LABORATORY: tuple[Article, ...] = (
    ("Pipette tips 200 µl, sterile, 960", "box", "38.00", "52.00"),
    ("Nitrile gloves, size M, 100", "box", "8.90", "13.50"),
    ("Borosilicate beaker, 250 ml", "pc", "4.70", "7.20"),
    ("Filter paper, grade 1, 100", "pack", "16.00", "22.40"),
    ("Ethanol 96 %, 5 l", "can", "41.00", "58.00"),
    ("pH electrode, combined", "pc", "118.00", "164.00"),
    ("Sample vials 2 ml, 100", "pack", "21.00", "29.00"),
    ("Weighing boats, 500", "pack", "17.50", "24.00"),
)

#: Vendor n is printed on layout n modulo 4: two companies share each of the four kinds of paper.
VENDORS: tuple[Vendor, ...] = (
    Vendor(
        party=Party("Alder & Pine Supply Co.", ("2180 Harbor Mill Road", "Portland, OR 97208")),
        email="billing@alderpine.example",
        tax_id="EIN 00-4471902",
        account="Routing 000000000, account 4471902",
        money=DOLLAR,
        dates="long-us",
        tax_name="Sales tax",
        tax_rate="8.25",
        terms=30,
        prefix="AP-",
        articles=OFFICE,
    ),
    Vendor(
        party=Party("Thornfield Electrical Ltd", ("Unit 7, Kestrel Works", "Sheffield S4 7QX")),
        email="accounts@thornfield.example",
        tax_id="VAT GB 000 4186 22",
        account="GB00 THOR 4012 7700 3391 55",
        money=POUND,
        dates="slashes",
        tax_name="VAT",
        tax_rate="20",
        terms=30,
        prefix="TE/26/",
        articles=ELECTRICAL,
    ),
    Vendor(
        party=Party("Wortgut Sprachdienste GmbH", ("Lindenhof 14", "20099 Hamburg")),
        email="rechnung@wortgut.example",
        tax_id="USt-IdNr. DE 000 512 774",
        account="DE00 2005 0000 0183 4471 20",
        money=EURO,
        dates="dots",
        tax_name="VAT",
        tax_rate="19",
        terms=14,
        prefix="WG-2026-",
        articles=SERVICES,
    ),
    Vendor(
        party=Party("Bergli Labortechnik AG", ("Industriestrasse 41", "8404 Winterthur")),
        email="faktura@bergli.example",
        tax_id="CHE-000.318.447 MWST",
        account="CH00 0483 5012 3456 7100 9",
        money=FRANC,
        dates="iso",
        tax_name="VAT",
        tax_rate="8.1",
        terms=30,
        prefix="4600",
        articles=LABORATORY,
    ),
    Vendor(
        party=Party("Maple Crest Hosting Inc.", ("88 Lakeshore Terrace, Suite 410", "Toronto, ON M5V 0A1")),
        email="invoices@maplecrest.example",
        tax_id="GST/HST 00021 4490",
        account="Transit 00000, account 2144907",
        money=CANADIAN,
        dates="iso",
        tax_name="HST",
        tax_rate="13",
        terms=15,
        prefix="MCH-",
        articles=HOSTING,
    ),
    Vendor(
        party=Party("Larkhill Catering Ltd", ("12 Quayside Row", "Cork T12 X0X0")),
        email="office@larkhill.example",
        tax_id="VAT IE 0004471K",
        account="IE00 LARK 9311 5212 3456 78",
        money=EURO_IRISH,
        dates="long-uk",
        tax_name="VAT",
        tax_rate="13.5",
        terms=14,
        prefix="LC",
        articles=CATERING,
    ),
    Vendor(
        party=Party("Norrvik Molndrift AB", ("Hamnplan 3", "852 30 Sundsvall")),
        email="faktura@norrvik.example",
        tax_id="Org. no. 000000-7714",
        account="SE00 5000 0000 0583 9825 7466",
        money=KRONA,
        dates="short",
        tax_name="VAT",
        tax_rate="25",
        terms=30,
        prefix="26-",
        articles=HOSTING,
    ),
    Vendor(
        party=Party("Delta Polder Elektro B.V.", ("Sluisweg 206", "3016 AK Rotterdam")),
        email="facturen@deltapolder.example",
        tax_id="BTW NL000441907B00",
        account="NL00 DELP 0417 1643 00",
        money=EURO,
        dates="dots",
        tax_name="VAT",
        tax_rate="21",
        terms=30,
        prefix="DP",
        articles=ELECTRICAL,
    ),
)
CUSTOMERS: tuple[Party, ...] = (
    Party("Fennimore Instruments Ltd", ("3 Orchard Gate", "Cambridge CB4 0WX")),
    Party("Castell & Vogt Architekten", ("Am Alten Markt 9", "50667 Köln")),
    Party("Blue Heron Clinics, Inc.", ("1450 Prospect Avenue", "Cleveland, OH 44115")),
    Party("Ateliers Montclair SARL", ("27 rue des Tanneurs", "69005 Lyon")),
    Party("Skarholm Shipping A/S", ("Nordhavnsvej 52", "2150 København")),
    Party("Quillon Research Institute", ("600 Old Foundry Lane", "Pittsburgh, PA 15222")),
    Party("Vale of Avon Water plc", ("Reservoir House, Mill Lane", "Bath BA2 4NN")),
)
