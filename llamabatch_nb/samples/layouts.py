"""Four kinds of paper to print an invoice on, as different from one another as real ones are.

`LAYOUTS` holds them in the order in which invoices take turns: a letterhead band, a ruled form, an airy modern sheet
and a German-style business letter (DIN 5008). Positions are PDF points from the top left.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from llamabatch_nb.samples.paper import A4, INK, LETTER, MUTED, SANS, SANS_BOLD, Column, Sheet, paged, row_of
from llamabatch_nb.samples.trade import Invoice, Line

BOLD = "Helvetica-Bold"


def count(quantity: Decimal, point: str = ".") -> str:
    """A quantity without needless zeros: 12, 7.5."""
    return f"{quantity.normalize():f}".replace(".", point)


def cells(invoice: Invoice, line: Line) -> list[str]:
    """Quantity, unit, price and amount of a line as its vendor prints them."""
    money = invoice.vendor.money
    return [count(line.quantity, money.point), line.unit, money.plain(line.price), money.plain(line.amount)]


def draw_band(invoice: Invoice) -> bytes:
    """US Letter, a dark band with the company's name, striped rows."""
    vendor, money, navy = invoice.vendor, invoice.vendor.money, "#1f3a5f"
    sheet = Sheet(LETTER, f"Invoice {invoice.number}")
    left, right = 48.0, sheet.width - 48
    columns = (
        *(Column("Description", left + 8), Column("Qty", 342, "right"), Column("Unit", 362)),
        *(Column("Unit price", 472, "right"), Column("Amount", right - 8, "right")),
    )
    pages = list(paged(invoice.lines, 22, 28))
    for page, lines in pages:
        if page == 1:
            sheet.fill(0, 0, sheet.width, 84, navy)
            sheet.disc(left + 17, 42, 17, "#ffffff")
            sheet.text(left + 17, 48, vendor.party.name[0], font="Times-Bold", size=18, color=navy, align="center")
            sheet.text(left + 46, 48, vendor.party.name, font=BOLD, size=17, color="#ffffff")
            sheet.text(right, 49, "INVOICE", font="Helvetica", size=21, color="#ffffff", align="right")
            sheet.text(left, 116, "From", font=BOLD, size=8, color=MUTED)
            sheet.block(left, 131, [*vendor.party.address, vendor.email, vendor.tax_id], leading=15)
            sheet.text(left, 206, "Bill to", font=BOLD, size=8, color=MUTED)
            sheet.text(left, 222, invoice.customer.name, font=BOLD, size=9)
            sheet.block(left, 237, invoice.customer.address, leading=15)
            facts = {
                "Invoice number": invoice.number,
                "Invoice date": invoice.day(invoice.issued),
                "Due date": invoice.day(invoice.due),
                "Purchase order": invoice.order,
            }
            for index, (label, value) in enumerate(facts.items()):
                sheet.text(378, 131 + index * 15, label, color=MUTED)
                sheet.text(right, 131 + index * 15, value, font=BOLD, align="right")
        else:
            sheet.text(left, 60, f"{vendor.party.name} · Invoice {invoice.number}, continued", font=BOLD)
        y = 288.0 if page == 1 else 96.0
        sheet.fill(left, y - 15, right - left, 22, navy)
        row_of(sheet, columns, y, [column.label for column in columns], font=BOLD, color="#ffffff")
        for index, line in enumerate(lines):
            y += 18
            if index % 2:
                sheet.fill(left, y - 12, right - left, 18, "#eef2f7")
            row_of(sheet, columns, y, [line.description, *cells(invoice, line)])
        sheet.rule(left, y + 8, right, color=navy, width=0.8)
        if page == len(pages):
            y += 30
            for label, amount in (("Subtotal", invoice.subtotal), (invoice.tax_label(), invoice.tax)):
                sheet.text(392, y, label, color=MUTED)
                sheet.text(right - 8, y, money.full(amount), align="right")
                y += 17
            sheet.fill(382, y - 11, right - 382, 25, navy)
            sheet.text(392, y + 6, "Total due", font=BOLD, size=11, color="#ffffff")
            sheet.text(right - 8, y + 6, money.full(invoice.total), font=BOLD, size=11, color="#ffffff", align="right")
            sheet.text(left, y + 56, "Payment", font=BOLD)
            terms = f"Please pay within {vendor.terms} days, by {invoice.day(invoice.due)}, to: {vendor.account}."
            sheet.block(
                left, y + 70, [terms, f"Quote {invoice.number} with your payment. Thank you for your business."]
            )
        sheet.text(right, 760, f"Page {page} of {len(pages)}", size=8, color=MUTED, align="right")
        sheet.turn()
    return sheet.finish()


def draw_ruled(invoice: Invoice) -> bytes:
    """A4 in Times, centred letterhead, every cell ruled."""
    vendor, money = invoice.vendor, invoice.vendor.money
    sheet = Sheet(A4, f"Tax invoice {invoice.number}")
    left, right = 56.0, sheet.width - 56
    middle = sheet.width / 2
    stiles = (left, 296.0, 346.0, 392.0, 464.0, right)
    columns = (
        *(Column("Description", left + 6), Column("Quantity", 340, "right"), Column("Unit", 352)),
        *(Column("Price", 458, "right"), Column(f"Amount ({money.currency})", right - 6, "right")),
    )
    serif, heavy = "Times-Roman", "Times-Bold"
    pages = list(paged(invoice.lines, 23, 30))
    for page, lines in pages:
        sheet.text(middle, 66, vendor.party.name, font=heavy, size=20, align="center")
        letterhead = " · ".join([*vendor.party.address, vendor.email])
        sheet.text(middle, 84, letterhead, font=serif, size=9.5, color=MUTED, align="center")
        sheet.rule(left, 96, right, width=1.4)
        sheet.rule(left, 99, right, width=0.4)
        y = 130.0
        if page == 1:
            sheet.text(left, 132, "TAX INVOICE", font=heavy, size=15)
            sheet.text(left, 148, "Invoice to:", font="Times-Italic", size=10.5)
            sheet.text(left, 164, invoice.customer.name, font=heavy, size=10.5)
            sheet.block(left, 180, invoice.customer.address, font=serif, size=10.5, leading=16)
            facts = {
                "Invoice No:": invoice.number,
                "Date:": invoice.day(invoice.issued),
                "Your order:": invoice.order,
                "Payment due:": invoice.day(invoice.due),
                "Our reference:": vendor.tax_id,
            }
            for index, (label, value) in enumerate(facts.items()):
                sheet.text(348, 132 + index * 16, label, font=serif, size=10.5)
                sheet.text(424, 132 + index * 16, value, font=heavy, size=10.5)
            y = 236.0
        top = y - 15
        sheet.fill(left, top, right - left, 21, "#e8e6df")
        row_of(sheet, columns, y, [column.label for column in columns], font=heavy, size=10)
        sheet.rule(left, top, right, width=0.8)
        sheet.rule(left, y + 6, right, width=0.8)
        for line in lines:
            y += 19
            row_of(sheet, columns, y, [line.description, *cells(invoice, line)], font=serif, size=10.5)
            sheet.rule(left, y + 6, right, width=0.4)
        for x in stiles:
            sheet.stile(x, top, y + 6, width=0.8 if x in {left, right} else 0.4)
        if page == len(pages):
            sums = (("Net total", invoice.subtotal), (invoice.tax_label(), invoice.tax), ("Total", invoice.total))
            for label, amount in sums:
                y += 19
                font = heavy if label == "Total" else serif
                sheet.text(458, y, label, font=font, size=11, align="right")
                sheet.text(right - 6, y, money.full(amount), font=font, size=11, align="right")
            sheet.rule(400, y - 14, right, width=0.6)
            sheet.rule(400, y + 5, right, width=0.6)
            sheet.rule(400, y + 7, right, width=0.6)
            sheet.text(left, y + 44, f"Terms: strictly {vendor.terms} days net.", font="Times-Italic", size=10.5)
            sheet.text(left, y + 58, f"Bank: {vendor.account}", font=serif, size=10.5)
        sheet.text(middle, 806, f"Page {page} of {len(pages)}", font=serif, size=9, color=MUTED, align="center")
        sheet.turn()
    return sheet.finish()


def draw_airy(invoice: Invoice) -> bytes:
    """A4, much white, hairlines, the amount due in large type."""
    vendor, money, accent, hair = invoice.vendor, invoice.vendor.money, "#0f766e", "#cfd6da"
    sheet = Sheet(A4, f"Invoice {invoice.number}")
    left, right = 62.0, sheet.width - 62
    columns = (
        *(Column("Description", left), Column("Qty", 330, "right"), Column("Unit", 346)),
        *(Column("Rate", 440, "right"), Column("Amount", right, "right")),
    )
    pages = list(paged(invoice.lines, 18, 26))
    for page, lines in pages:
        sheet.fill(0, 0, 10, sheet.height, accent)
        sheet.text(left, 70, vendor.party.name, font=BOLD, size=12, color=accent)
        sheet.text(right, 70, f"{page} / {len(pages)}", size=8, color=MUTED, align="right")
        y = 130.0
        if page == 1:
            sheet.text(left, 122, "Invoice", size=30)
            sheet.text(right, 104, "Amount due", size=8.5, color=MUTED, align="right")
            sheet.text(right, 124, money.full(invoice.total), font=BOLD, size=18, align="right")
            facts = (
                (left, "Invoice number", invoice.number),
                (190, "Issued", invoice.day(invoice.issued)),
                (300, "Due", invoice.day(invoice.due)),
                (410, "Your reference", invoice.order),
            )
            sheet.rule(left, 146, right, color=hair)
            for x, label, value in facts:
                sheet.text(x, 164, label, size=8, color=MUTED)
                sheet.text(x, 179, value, font=BOLD, size=9.5)
            sheet.rule(left, 192, right, color=hair)
            sheet.text(left, 216, "From", size=8, color=MUTED)
            sheet.block(left, 231, [vendor.party.name, *vendor.party.address, vendor.email], leading=13)
            sheet.text(300, 216, "To", size=8, color=MUTED)
            sheet.block(300, 231, [invoice.customer.name, *invoice.customer.address], leading=13)
            y = 312.0
        row_of(sheet, columns, y, [column.label for column in columns], size=8, color=MUTED)
        sheet.rule(left, y + 7, right, color=INK, width=0.8)
        for line in lines:
            y += 23
            row_of(sheet, columns, y, [line.description, *cells(invoice, line)], size=9.5)
            sheet.rule(left, y + 8, right, color=hair, width=0.4)
        if page == len(pages):
            y += 8
            for label, amount in (("Subtotal", invoice.subtotal), (invoice.tax_label(), invoice.tax)):
                y += 21
                sheet.text(346, y, label, size=9.5, color=MUTED)
                sheet.text(right, y, money.full(amount), size=9.5, align="right")
            sheet.rule(346, y + 9, right, color=INK, width=0.8)
            sheet.text(346, y + 27, "Total", font=BOLD, size=11)
            sheet.text(right, y + 27, money.full(invoice.total), font=BOLD, size=11, align="right")
            sheet.text(
                left, 770, f"Pay by transfer to {vendor.account} within {vendor.terms} days.", size=8.5, color=MUTED
            )
            sheet.text(left, 783, vendor.tax_id, size=8.5, color=MUTED)
        sheet.turn()
    return sheet.finish()


def draw_letter(invoice: Invoice) -> bytes:
    """A4 after DIN 5008: address window, a boxed block of facts, numbered positions, three-part footer."""
    vendor, money, red, grey = invoice.vendor, invoice.vendor.money, "#b3261e", "#9aa3a9"
    sheet = Sheet(A4, f"Invoice {invoice.number}")
    left, right = 62.0, sheet.width - 48
    columns = (
        *(Column("Pos", left + 4), Column("Article", 96), Column("Quantity", 356, "right"), Column("Unit", 370)),
        *(Column("Unit price", 470, "right"), Column(f"Amount {money.currency}", right - 4, "right")),
    )
    pages = list(paged(list(enumerate(invoice.lines, 1)), 22, 30))
    for page, lines in pages:
        for index, height in enumerate((30, 22, 14)):
            sheet.fill(right - 42 + index * 15, 62 - height, 11, height, red)
        sheet.text(right - 52, 60, vendor.party.name, font=SANS_BOLD, size=13, align="right")
        y = 130.0
        if page == 1:
            sender = " · ".join((vendor.party.name, *vendor.party.address))
            sheet.text(left, 136, sender, font=SANS, size=5.6, color=MUTED)
            sheet.rule(left, 140, left + 226, width=0.3, color=grey)
            sheet.block(left, 158, [invoice.customer.name, *invoice.customer.address], font=SANS, size=8, leading=16)
            facts = {
                "Invoice no.": invoice.number,
                "Invoice date": invoice.day(invoice.issued),
                "Order no.": invoice.order,
                "Due date": invoice.day(invoice.due),
            }
            sheet.fill(360, 126, right - 360, 72, "#f3f4f5")
            for index, (label, value) in enumerate(facts.items()):
                sheet.text(370, 142 + index * 16, label, font=SANS, size=8, color=MUTED)
                sheet.text(right - 10, 142 + index * 16, value, font=SANS, size=8, align="right")
            sheet.text(left, 262, f"Invoice {invoice.number}", font=SANS_BOLD, size=13)
            greeting = "We thank you for your order and invoice the following goods:"
            sheet.text(left, 282, greeting, font=SANS, size=8.5)
            y = 316.0
        sheet.rule(left, y - 13, right, width=1, color=red)
        row_of(sheet, columns, y, [column.label for column in columns], font=SANS_BOLD, size=8)
        sheet.rule(left, y + 6, right, width=0.5)
        for position, line in lines:
            y += 17
            row_of(sheet, columns, y, [str(position), line.description, *cells(invoice, line)], font=SANS, size=8)
        sheet.rule(left, y + 7, right, width=0.5)
        if page < len(pages):
            carried = sum((line.amount for line in invoice.lines[: lines[-1][0]]), Decimal(0))
            sheet.text(370, y + 22, "Carried over", font=SANS, size=8)
            sheet.text(right - 4, y + 22, money.plain(carried), font=SANS, size=8, align="right")
        else:
            sums = (("Net amount", invoice.subtotal), (f"plus {invoice.tax_label()}", invoice.tax))
            for label, amount in sums:
                y += 18
                sheet.text(96, y + 4, label, font=SANS, size=8)
                sheet.text(right - 4, y + 4, money.plain(amount), font=SANS, size=8, align="right")
            sheet.rule(left, y + 12, right, width=1, color=red)
            sheet.text(96, y + 26, "Invoice total", font=SANS_BOLD, size=8)
            sheet.text(right - 4, y + 26, money.full(invoice.total), font=SANS_BOLD, size=8, align="right")
            terms = (
                f"Payable within {vendor.terms} days without deduction, at the latest on {invoice.day(invoice.due)}."
            )
            sheet.text(left, y + 66, terms, font=SANS, size=8.5)
        sheet.rule(left, 772, right, width=0.3, color=grey)
        address = [vendor.party.name, *vendor.party.address]
        for x, rows in ((left, address), (230, [vendor.email, vendor.tax_id]), (370, ["Bank account", vendor.account])):
            sheet.block(x, 784, rows, font=SANS, size=6.5, color=MUTED, leading=9)
        sheet.text(right, 760, f"Page {page} of {len(pages)}", font=SANS, size=6.5, color=MUTED, align="right")
        sheet.turn()
    return sheet.finish()


LAYOUTS: tuple[Callable[[Invoice], bytes], ...] = (draw_band, draw_ruled, draw_airy, draw_letter)
