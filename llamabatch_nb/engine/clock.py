"""Server time. It is UTC, comes from one callable, and can be made to stand still for reproducible notebooks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import MINYEAR, UTC, datetime

Clock = Callable[[], datetime]

#: What the clock of a seeded engine always says, unless a clock is given as well.
SEEDED_NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def real() -> datetime:
    return datetime.now(UTC)


def seeded() -> datetime:
    return SEEDED_NOW


def stamp(moment: datetime) -> str:
    """A time as it is stored and compared: ISO 8601, UTC, microseconds, so that text order is time order.

    A time without an offset is taken as UTC: the SDK sends naive times as they are (contract.md section 8). One that
    in UTC is before the year 1 or after 9999, which `datetime` cannot say, is the first or last moment that it can.
    """
    try:
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        aware = datetime.min.replace(tzinfo=UTC) if moment.year == MINYEAR else datetime.max.replace(tzinfo=UTC)
    return aware.isoformat(timespec="microseconds").replace("+00:00", "Z")
