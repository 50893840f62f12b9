"""Net, tax and total of a document together: labels propose, arithmetic decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.findings import Finding
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.numbers import Number, numbers_in, without_numbers
from llamabatch_nb.engine.extractors.shipped.printed_sums import Sum, sums_of
from llamabatch_nb.engine.extractors.shipped.sums import kind_of

#: Of a currency's unit: sums of rounded parts.
_CENT = 0.0151
#: Rows between the net sum and the total.
_RUNGS = 10
#: Different sums of one kind.
_MOST = 24
#: Rates of value added tax in Europe, with those of some neighbours, for the case that no rate is printed.
_RATES = (5, 5.5, 6, 7, 7.7, 8, 8.1, 8.5, 9, 10, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 25.5, 27)
_SUMS = ("subtotal", "tax_amount", "total", "sum", "amount_due", "amount_paid", "discount", "shipping")
#: How sure: sums that add up, one label alone, and labels that contradict one another.
SURE, LABELLED, DOUBTED = 0.97, 0.87, 0.6


@dataclass(frozen=True, slots=True)
class Totals:
    """What was decided, by concept."""

    found: dict[str, Finding]


def totals_of(document: Document) -> Totals:
    """The sums of a document, decided once."""
    if not isinstance(known := document.known.get("totals"), Totals):
        known = document.known["totals"] = Totals(_decided(document, sums_of(document)))
    return known


def _decided(document: Document, sums: list[Sum]) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    by_kind = {kind: _distinct([one for one in sums if one.kind == kind]) for kind in _SUMS}
    triple = _triple(by_kind, document)
    if triple:
        net, tax, total = triple
        found["subtotal"], found["tax_amount"], found["total"] = net, tax, total
    else:
        found |= _inclusive(by_kind, document) or _alone(by_kind, document)
    for kind in ("amount_paid", "discount", "shipping"):
        if len(by_kind[kind]) == 1:
            found[kind] = _finding(by_kind[kind][0], 0.9)
    _due(found, by_kind)
    _rate(found, sums, document)
    return found


def _distinct(sums: list[Sum]) -> list[Sum]:
    """Each value once. More than a paper has are none: of which document would they be?"""
    distinct = list({one.value: one for one in reversed(sums)}.values())[::-1]
    return distinct if len(distinct) <= _MOST else []


def _finding(one: Sum, confidence: float) -> Finding:
    return Finding(one.value, confidence, one.amount.text, (one.cell,))


def _triple(by_kind: dict[str, list[Sum]], document: Document) -> tuple[Finding, Finding, Finding] | None:
    """Net, tax and total that add up: the total that is to be paid first, then the largest."""
    totals = _whole([*by_kind["total"], *by_kind["sum"], *by_kind["amount_due"]], by_kind)
    nets = [*by_kind["subtotal"], *by_kind["sum"]]
    taxes = [(one.value, [one]) for one in by_kind["tax_amount"]]
    options = sorted(
        (
            (total, net, tax, parts)
            for total, net, (tax, parts) in product(totals, nets, [*taxes, *_together(by_kind["tax_amount"])])
            if total is not net
            and (_adds_up(net.value, tax, total.value, by_kind) or _ladder(document, net, total, tax))
        ),
        key=lambda option: (
            not _is_due(option[0], by_kind),
            option[1].kind != "subtotal",
            option[0].kind != "total",
            -option[0].value,
        ),
    )
    for total, net, tax, parts in options:
        if tax == 0 and net.kind != "subtotal":
            continue
        text = " ".join(part.amount.text for part in parts)
        taxed = Finding(tax, SURE, text, tuple(part.cell for part in parts))
        return _finding(net, SURE), taxed, _finding(total, SURE)
    return _completed(by_kind, document)


def _whole(totals: list[Sum], by_kind: dict[str, list[Sum]]) -> list[Sum]:
    """Without what is less than there is to pay: the total of one tax rate, in a summary of several."""
    due = max((one.value for one in by_kind["amount_due"]), default=0.0)
    return [one for one in totals if one.value >= due - _CENT or one.value <= 0]


def _is_due(total: Sum, by_kind: dict[str, list[Sum]]) -> bool:
    """Whether a total is what is to be paid, as far as the document says what that is."""
    due = by_kind["amount_due"]
    return bool(by_kind["amount_paid"]) or not due or any(abs(one.value - total.value) <= _CENT for one in due)


def _together(taxes: list[Sum]) -> Iterator[tuple[float, list[Sum]]]:
    """All taxes at their several rates."""
    if len(taxes) > 1:
        yield round(sum(one.value for one in taxes), 2), taxes


def _adds_up(net: float, tax: float, total: float, by_kind: dict[str, list[Sum]]) -> bool:
    if max(net, total) < 0:  # a credit note that writes its sums as negative ones
        return tax <= 0 and -tax <= -net * 0.45 and abs(total - net - tax) <= _CENT
    if net <= 0 or not 0 <= abs(tax) <= abs(net) * 0.45:
        return False
    rest = total - net - tax
    if abs(rest) <= _CENT:
        return True
    extras = [abs(one.value) for one in by_kind["shipping"]] or [0.0]
    cuts = [abs(one.value) for one in by_kind["discount"]] or [0.0]
    return any(abs(rest - extra + cut) <= _CENT for extra, cut in product((0.0, *extras), (0.0, *cuts)) if extra or cut)


def _ladder(document: Document, net: Sum, total: Sum, tax: float) -> bool:
    """Whether everything printed between the net sum and the total, the tax among it, leads from one to the other."""
    first, last = document.row_index(net.cell), document.row_index(total.cell)
    if not 1 < last - first <= _RUNGS or net.value <= 0:
        return False
    rungs: list[float] = []
    taxes = 0
    for row in document.rows[first + 1 : last]:
        amounts = [number for cell in row for number in numbers_in(cell.text, document.point) if not number.percent]
        amounts = [number for number in amounts if number.cents]
        if amounts:
            kinds = {kind_of(without_numbers(cell.text, document.point)) for cell in row}
            cut = bool(kinds & {"discount", "amount_paid"})
            taxes += "tax_amount" in kinds
            rungs.append(-abs(amounts[-1].value) if cut else amounts[-1].value)
    return taxes == 1 and tax in rungs and len(rungs) > 1 and abs(net.value + sum(rungs) - total.value) <= _CENT


def _completed(by_kind: dict[str, list[Sum]], document: Document) -> tuple[Finding, Finding, Finding] | None:
    """Two of the three have labels, and their difference is printed too, at a rate that is a tax's."""
    totals = _whole([*by_kind["total"], *by_kind["sum"], *by_kind["amount_due"]], by_kind)
    printed = _printed(document)
    rates = _printed_rates(document)
    for total in sorted(totals, key=lambda one: -one.value):
        for tax in by_kind["tax_amount"]:
            net = printed.get(round(total.value - tax.value, 2))
            if net and tax.value and _is_rate(tax.value, net[0].value, rates):
                return _bare(net, 0.93), _finding(tax, 0.95), _finding(total, 0.95)
        for net_sum in by_kind["subtotal"]:
            tax_cell = printed.get(round(total.value - net_sum.value, 2))
            if tax_cell and tax_cell[0].value > 0 and _is_rate(tax_cell[0].value, net_sum.value, rates):
                return _finding(net_sum, 0.95), _bare(tax_cell, 0.93), _finding(total, 0.95)
    for total in sorted(totals, key=lambda one: -one.value):
        for rate in rates:
            net_value = round(total.value / (1 + rate / 100), 2)
            net, tax_cell = printed.get(net_value), printed.get(round(total.value - net_value, 2))
            if rate and net and tax_cell:
                return _bare(net, 0.92), _bare(tax_cell, 0.92), _finding(total, 0.95)
    return None


def _bare(where: tuple[Number, Cell], confidence: float) -> Finding:
    return Finding(where[0].value, confidence, where[0].text, (where[1],))


def _printed(document: Document) -> dict[float, tuple[Number, Cell]]:
    """Every amount with cents by its value, the last place of each."""
    return {
        round(number.value, 2): (number, cell)
        for cell in document.cells
        for number in numbers_in(cell.text, document.point)
        if number.cents and not number.percent
    }


def _printed_rates(document: Document) -> list[float]:
    found = {
        number.value
        for cell in document.cells
        for number in numbers_in(cell.text, document.point)
        if number.percent and 0 < number.value <= 30
    }
    return sorted(found)


def _is_rate(tax: float, net: float, rates: list[float]) -> bool:
    return net > 0 and any(abs(net * rate / 100 - tax) <= _CENT for rate in rates or _RATES)


def _inclusive(by_kind: dict[str, list[Sum]], document: Document) -> dict[str, Finding]:
    """A "subtotal" that is the total already, with the tax in it at a printed rate: what it means is left open."""
    totals, taxes = [*by_kind["total"], *by_kind["sum"]], by_kind["tax_amount"]
    if len(taxes) != 1 or not totals or {one.value for one in by_kind["subtotal"]} != {one.value for one in totals}:
        return {}
    total, tax = totals[0], taxes[0]
    rates = _printed_rates(document)
    if not rates or not _is_rate(tax.value, total.value - tax.value, rates):
        return {}
    return {"total": _finding(total, 0.93), "tax_amount": _finding(tax, 0.93)}


def _alone(by_kind: dict[str, list[Sum]], document: Document) -> dict[str, Finding]:
    """Without arithmetic: a label that stands alone is believed, two that say different things are not."""
    found: dict[str, Finding] = {}
    largest = max((number.value for number, _ in _printed(document).values()), default=0.0)
    totals = by_kind["total"] or by_kind["sum"]
    contradicted = bool(totals and by_kind["subtotal"] and by_kind["tax_amount"])
    if totals:
        top = max(totals, key=lambda one: one.value)
        sure = LABELLED + (0.03 if top.value >= largest - _CENT else -0.12) - (0.1 if len(totals) > 2 else 0)
        taxed = bool(by_kind["tax_amount"]) or bool(by_kind["subtotal"])
        if not by_kind["total"] and taxed and len(by_kind["sum"]) == 1 and by_kind["amount_due"]:
            sure -= 0.15  # "Total" may be the net one there
        found["total"] = _finding(top, DOUBTED if contradicted else sure)
    for kind in ("subtotal", "tax_amount"):
        if len(by_kind[kind]) == 1:
            one = by_kind[kind][0]
            above = bool(totals) and one.value > max(total.value for total in totals) + _CENT
            found[kind] = _finding(one, DOUBTED if contradicted or above else LABELLED)
    return found


def _due(found: dict[str, Finding], by_kind: dict[str, list[Sum]]) -> None:
    """What is to be paid is the total, unless something was paid before."""
    due, paid = by_kind["amount_due"], by_kind["amount_paid"]
    total = found.get("total")
    if len(due) == 1:
        agrees = total is not None and abs(abs(due[0].value) - abs(float(total.value))) <= _CENT
        found["amount_due"] = _finding(due[0], SURE if agrees else 0.88)
        if total is None and not paid:
            found["total"] = _finding(due[0], 0.9)
        elif agrees and total is not None and total.confidence > DOUBTED:
            found["total"] = replace(total, confidence=max(total.confidence, 0.95))
    elif not due and not paid and total is not None:
        found["amount_due"] = replace(total, confidence=total.confidence - 0.08)


def _proven_rate(found: dict[str, Finding], document: Document) -> tuple[list[tuple[float, str, Cell]], set[float]]:
    """The printed percentage that turns the net sum into the tax."""
    net, tax = found.get("subtotal"), found.get("tax_amount")
    if net is None or tax is None or min(net.confidence, tax.confidence) < LABELLED or not tax.value:
        return [], set()
    rates = [
        (number.value, number.text, cell)
        for cell in document.cells
        for number in numbers_in(cell.text, document.point)
        if number.percent and abs(net.value * number.value / 100 - tax.value) <= 0.05
    ]
    return rates, {value for value, _, _ in rates}


def _rate(found: dict[str, Finding], sums: list[Sum], document: Document) -> None:
    """The one rate of the tax. Several rates are no rate."""
    rates = [rate for one in sums if one.kind == "tax_amount" for rate in one.rates]
    values = {value for value, _, _ in rates}
    if not values:
        rates, values = _proven_rate(found, document)
    if len(values) != 1:
        return
    value, text, cell = rates[0]
    net, tax = found.get("subtotal"), found.get("tax_amount")
    holds = net is not None and tax is not None and abs(net.value * value / 100 - tax.value) <= 0.05
    found["tax_rate"] = Finding(value, SURE if holds else LABELLED, text, (cell,))


def agree_with(document: Document, amounts: Sequence[Finding | None]) -> float:
    """What the amounts of items gain when they add up to the net sum or the total; the sum gains with them."""
    values = [one.value for one in amounts if one and isinstance(one.value, (int, float))]
    if not values or len(values) < len(amounts):
        return 0.0
    total = sum(values)
    found = totals_of(document).found
    for name in ("subtotal", "total"):
        if name in found and abs(float(found[name].value) - total) <= _CENT * max(1, len(values) / 4):
            return 0.04
    return 0.0
