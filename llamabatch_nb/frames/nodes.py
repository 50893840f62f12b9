"""The items of a page, one after the other, read without trusting a field: they are mappings of anything.

The official SDK reads each item's numbers as floats and puts its fields in another order (seen with 2.19), so that
nothing here depends on either.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

#: What an Int64 column can hold.
INT64 = range(-(2**63), 2**63)
_HULL_DIGITS = 3
#: Bits of the longest integer written as one: Python may refuse more than 640 digits (sys.set_int_max_str_digits).
_LONGEST = 2_100


class Box(NamedTuple):
    """A place on a page, in points from its top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Node:
    """An item where it stands: `number` on its page from 1, that of the item it is part of, and how deep it lies."""

    number: int
    parent: int | None
    depth: int
    item: object

    def get(self, name: str) -> object:
        return self.item.get(name) if isinstance(self.item, Mapping) else None

    def text(self, *names: str) -> str | None:
        """The first of these fields that is text."""
        return next((value for name in names if isinstance(value := self.get(name), str)), None)

    @property
    def parts(self) -> Sequence[object]:
        """The items of a list, a header or a footer."""
        found = self.get("items")
        return found if isinstance(found, list) else ()

    @property
    def json(self) -> str:
        """The item as JSON: fields by name, without null ones and the items that are nodes of their own."""
        own = self.item
        if isinstance(own, Mapping) and isinstance(own.get("items"), list):
            own = {name: value for name, value in own.items() if name != "items"}
        return json_of(own)

    @property
    def box(self) -> Box | None:
        """The smallest box that holds all of the item's boxes."""
        boxes = [box for _, box in self._boxes()]
        if len(boxes) < 2:
            return boxes[0] if boxes else None
        x, y = min(box.x for box in boxes), min(box.y for box in boxes)
        right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
        return Box(x, y, round(right - x, _HULL_DIGITS), round(bottom - y, _HULL_DIGITS))

    @property
    def confidence(self) -> float | None:
        """The lowest of the item's boxes."""
        said = (real(box.get("confidence")) for box, _ in self._boxes())
        return min((value for value in said if value is not None), default=None)

    def _boxes(self) -> Iterator[tuple[Mapping[str, object], Box]]:
        found = self.get("bbox")
        for box in found if isinstance(found, list) else ():
            if isinstance(box, Mapping):
                sides = [side for name in ("x", "y", "w", "h") if (side := real(box.get(name))) is not None]
                if len(sides) == 4:
                    yield box, Box(*sides)


def nodes(items: Sequence[object]) -> Iterator[Node]:
    """Each item before its parts: the order in which a page is read."""
    waiting: list[tuple[object, int | None, int]] = [(item, None, 0) for item in reversed(items)]
    number = 0
    while waiting:
        item, parent, depth = waiting.pop()
        number += 1
        node = Node(number, parent, depth, item)
        yield node
        waiting.extend((part, number, depth + 1) for part in reversed(node.parts))


def whole(value: object) -> int | None:
    """A JSON number that is whole, for an Int64 column."""
    number = canonical(value)
    return number if isinstance(number, int) and not isinstance(number, bool) and number in INT64 else None


def real(value: object) -> float | None:
    """A JSON number, for a Float64 column."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def canonical(value: object) -> object:
    """A JSON value in one form. JSON has one kind of number, so 3.0 is 3, and no NaN or infinity, so these are null.

    An integer of more than some 630 digits is a string of them: Python's own `str` and `json` refuse to write it out.
    Fields that are null are left out: the official SDK has one for each that the service did not send.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and int(value) in INT64 else value
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return str(Decimal(value))
    if isinstance(value, Mapping):
        fields = ((str(name), canonical(field)) for name, field in value.items())
        return {name: field for name, field in fields if field is not None}
    if isinstance(value, list | tuple):
        return [canonical(part) for part in value]
    return value


def json_of(value: object) -> str:
    """A value as JSON text, the same for equal values."""
    return json.dumps(canonical(value), ensure_ascii=False, sort_keys=True, default=str)
