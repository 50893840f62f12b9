"""A schema in English words, and counting what was right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from llamabatch_nb.engine.extractors.base import Extraction


def text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


def number(**more: Any) -> dict[str, Any]:
    return {"type": "number", **more}


def of(**properties: Any) -> dict[str, Any]:
    """An object's schema."""
    return {"type": "object", "properties": properties}


def rows(**properties: Any) -> dict[str, Any]:
    """The schema of an array of objects."""
    return {"type": "array", "items": of(**properties)}


INVOICE = of(
    invoice_number=text(),
    invoice_date=text(format="date"),
    due_date=text(format="date"),
    order_number=text(),
    seller=of(name=text(), vat_id=text()),
    buyer=of(name=text(), address=of(street=text())),
    iban=text(),
    subtotal=number(),
    tax=number(),
    tax_rate=number(),
    total=number(),
    line_items=rows(description=text(), quantity=number(), unit_price=number(), amount=number()),
)


def leaves(tree: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Scalars by JSON Pointer."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{pointer}/{key}")
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from leaves(value, f"{pointer}/{index}")
    else:
        yield pointer, tree


def normal(value: Any) -> Any:
    """Equal for values that an analyst would call the same."""
    if isinstance(value, (int, float)):
        return round(float(value), 4)
    return re.sub(r"[\W_]", "", str(value)).casefold()


@dataclass
class Tally:
    """Counts leaves: right, wrong and missing, by what they are."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    wrong: list[tuple[str, str, Any, Any]] = field(default_factory=list)

    def add(self, name: str, truth: dict[str, Any], extraction: Extraction) -> None:
        given = {pointer: value for pointer, value in leaves(extraction.values) if value is not None}
        for pointer, expected in leaves(truth):
            count = self.counts.setdefault(re.sub(r"/\d+", "/*", pointer), [0, 0, 0])
            value = given.pop(pointer, None)
            if value is None:
                count[2] += 1
            elif normal(value) == normal(expected):
                count[0] += 1
            else:
                count[1] += 1
                self.wrong.append((name, pointer, expected, value))
        for pointer, value in given.items():
            self.counts.setdefault(re.sub(r"/\d+", "/*", pointer), [0, 0, 0])[1] += 1
            self.wrong.append((name, pointer, None, value))

    @property
    def precision(self) -> float:
        right, wrong, _ = self.sums()
        return right / max(right + wrong, 1)

    @property
    def recall(self) -> float:
        return self.sums()[0] / max(sum(self.sums()), 1)

    def sums(self) -> tuple[int, int, int]:
        right, wrong, missing = (sum(count[index] for count in self.counts.values()) for index in range(3))
        return right, wrong, missing
