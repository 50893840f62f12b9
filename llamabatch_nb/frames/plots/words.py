"""Numbers, spans and foreign texts as they are written in pictures."""

from __future__ import annotations

#: Units of time, in seconds.
UNITS = (("s", 1.0), ("min", 60.0), ("h", 3600.0), ("days", 86400.0))


def count(number: int, noun: str) -> str:
    """`1 file`, `3,000 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def span(seconds: float, *, short: bool = False) -> str:
    """A time span in one or two units: `0.42 s`, `8.3 s`, `42 s`, `4 min 10 s`, `2 h 5 min`, `3 days 4 h`.

    `short` is for round ones: `0.01 s`, `10 s`, `1 day`.
    """
    if seconds < 59.5:
        if short or seconds < 0.005:
            return f"{seconds if short else 0:g} s"
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    big = 1 + sum(seconds >= size for _, size in UNITS[2:])
    (small, step), (name, size) = UNITS[big - 1 : big + 1]
    whole, rest = divmod(round(seconds / step), round(size / step))
    if name == "days" and whole == 1:
        name = "day"
    return f"{whole:,} {name} {rest} {small}" if rest and whole < 10 else f"{whole:,} {name}"


def unit(seconds: float) -> tuple[str, float]:
    """The unit in which an axis that ends at `seconds` has small numbers."""
    return next(found for found in reversed(UNITS) if seconds >= 2 * found[1] or found[1] == 1)


def printable(text: str, limit: int) -> str:
    """`text` on one line of at most `limit` characters, what has no shape written as an escape."""
    flat = " ".join(text[: 4 * limit].split())
    shown = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in flat)
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"
