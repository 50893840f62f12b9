"""Cursors. A token holds the sort key of the last item of a page, so pages stay right while things are added."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from llamabatch_nb.contract.base import Page
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.store.database import Row

T = TypeVar("T")

Key = Sequence[str | int]

#: Items a page; what sibling endpoints of the service document (contract.md sections 1 and 3).
DEFAULT_SIZE, MAX_SIZE = 50, 1000


def token(of: str, key: Key) -> str:
    """`of` names the list: another one, whose keys may look the same, does not take the token."""
    return base64.urlsafe_b64encode(json.dumps([of, *key]).encode()).decode().rstrip("=")


def key(of: str, page_token: str, *kinds: type) -> list[str | int]:
    """The sort key in a token, if it is of this list and has the right shape; otherwise a 422."""
    try:
        values = json.loads(base64.urlsafe_b64decode(page_token + "=" * (-len(page_token) % 4)))
    except (ValueError, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or values[:1] != [of]
        or [type(value) for value in values[1:]] != list(kinds)
        or not all(_storable(value) for value in values)
    ):
        raise ApiError(422, "page_token is not one that this list gave out")
    return values[1:]


def _storable(value: str | int) -> bool:
    """SQLite compares with integers of 64 bits and texts that UTF-8 has; anything else raises there."""
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 63
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def page(of: str, rows: list[Row], size: int, item: Callable[[Row], T], key_of: Callable[[Row], Key]) -> Page[T]:
    """`of` is the list's name. `rows` holds one row more than `size` if there is another page.

    `total_size` is never counted.
    """
    return Page(
        items=[item(row) for row in rows[:size]],
        next_page_token=token(of, key_of(rows[size - 1])) if len(rows) > size else None,
    )
