"""Sample invoices as data: what a layout draws and what the truth says.

Everything follows from an invoice's number, so that invoice 17 is the same document on every run, whatever else is
written with it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from llamabatch_nb.samples.companies import CUSTOMERS, VENDORS, Article, Party, Vendor

CENT = Decimal("0.01")
#: Written out, because strftime spells months in the language of whoever runs it.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DATE_STYLES: dict[str, Callable[[date], str]] = {
    "iso": date.isoformat,
    "long-us": lambda day: f"{MONTHS[day.month - 1]} {day.day}, {day.year}",
    "long-uk": lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year}",
    "short": lambda day: f"{day.day:02d} {MONTHS[day.month - 1][:3]} {day.year}",
    "dots": lambda day: f"{day.day:02d}.{day.month:02d}.{day.year}",
    "slashes": lambda day: f"{day.day:02d}/{day.month:02d}/{day.year}",
}
#: These run over to a second page; every other invoice, and all beyond number 24, have one.
TWO_PAGES = frozenset({6, 13, 20})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice; `amount` is quantity times price, rounded to the cent."""

    description: str
    unit: str
    quantity: Decimal
    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One invoice. `subtotal` is the sum of the lines' amounts, `total` is `subtotal` plus `tax`."""

    vendor: Vendor
    customer: Party
    number: str
    order: str
    issued: date
    due: date
    lines: tuple[Line, ...]
    subtotal: Decimal
    tax: Decimal
    total: Decimal

    def day(self, day: date) -> str:
        """A date as this vendor prints it."""
        return DATE_STYLES[self.vendor.dates](day)

    def tax_label(self) -> str:
        """The tax with its rate as this vendor prints it: ``VAT 13.5%``."""
        return f"{self.vendor.tax_name} {self.vendor.tax_rate.replace('.', self.vendor.money.point)}%"


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def make_price(article: Article, chance: random.Random) -> Decimal:
    """A price between the article's lowest and highest, in steps of five cents."""
    _, _, low, high = article
    return rounded(Decimal(chance.randint(int(Decimal(low) * 20), int(Decimal(high) * 20))) / 20)


def make_line(article: Article, price: Decimal, site: str, chance: random.Random) -> Line:
    description, unit, _, _ = article
    hours = Decimal(chance.randint(2, 24)) / 2
    pieces = Decimal(chance.choice((1, 2, 3, 6, 12) if unit == "mo" else (1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 24, 40)))
    quantity = hours if unit == "h" else pieces
    return Line(description + site, unit, quantity, price, rounded(quantity * price))


def make_invoice(ordinal: int) -> Invoice:
    """Invoice number `ordinal`, counted from 1."""
    chance = random.Random(f"invoice {ordinal}")  # noqa: S311 - sample data, not a secret
    vendor = VENDORS[(ordinal - 1) % len(VENDORS)]
    articles = chance.sample(vendor.articles, chance.randint(3, len(vendor.articles)))
    sites: tuple[str, ...] = ("",)
    if ordinal in TWO_PAGES:
        articles = list(vendor.articles)
        sites = (", site A", ", site B", ", site C", ", site D", ", site E")
    prices = [make_price(article, chance) for article in articles]
    priced = list(zip(articles, prices, strict=True))
    lines = tuple(make_line(article, price, site, chance) for site in sites for article, price in priced)
    subtotal = sum((line.amount for line in lines), Decimal(0))
    tax = rounded(subtotal * Decimal(vendor.tax_rate) / 100)
    issued = date(2026, 1, 5) + timedelta(days=chance.randint(0, 260))
    return Invoice(
        vendor=vendor,
        customer=chance.choice(CUSTOMERS),
        number=f"{vendor.prefix}{1040 + 7 * ordinal}",
        order=f"PO-{chance.randint(30000, 89999)}",
        issued=issued,
        due=issued + timedelta(days=vendor.terms),
        lines=lines,
        subtotal=subtotal,
        tax=tax,
        total=subtotal + tax,
    )


def truth_of(invoice: Invoice) -> dict[str, Any]:
    """What the document says, as JSON values: ISO dates, ISO 4217 currency, amounts as numbers."""
    vendor = invoice.vendor
    return {
        "invoice_number": invoice.number,
        "invoice_date": invoice.issued.isoformat(),
        "due_date": invoice.due.isoformat(),
        "order_number": invoice.order,
        "currency": vendor.money.currency,
        "vendor": {"name": vendor.party.name, "address": ", ".join(vendor.party.address), "tax_id": vendor.tax_id},
        "customer": {"name": invoice.customer.name, "address": ", ".join(invoice.customer.address)},
        "line_items": [
            {
                "description": line.description,
                "quantity": float(line.quantity),
                "unit": line.unit,
                "unit_price": float(line.price),
                "amount": float(line.amount),
            }
            for line in invoice.lines
        ],
        "subtotal": float(invoice.subtotal),
        "tax_rate": float(vendor.tax_rate),
        "tax": float(invoice.tax),
        "total": float(invoice.total),
    }
