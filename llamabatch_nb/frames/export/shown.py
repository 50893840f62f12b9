"""How the report writes values: in one line, numbers of a column alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from llamabatch_nb.frames.export.about import Fact
from llamabatch_nb.frames.export.columns import decimals

#: Characters of one text.
_CHARACTERS = 240


def even(values: list[Any], *, measured: bool) -> list[Any]:
    """Numbers as texts with the same number of decimals, so that they stand one under another.

    Of what was `measured` two are enough. Of what a document says no digit may be lost without a word.
    """
    reals = [value for value in values if isinstance(value, float)]
    if not reals:
        return values
    places = decimals(reals)
    if places is None:
        return [value if value is None else written(value) if measured else f"{value:.15g}" for value in values]
    return [value if value is None else f"{float(value):,.{places}f}" for value in values]


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)  # it may be a year, or a number on a document
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".") if 0.01 <= abs(value) < 10**15 else f"{value:.3g}"
    if isinstance(value, pd.Timestamp):
        moment = value.tz_convert("UTC") if value.tzinfo else value
        return (
            f"{moment:%Y-%m-%d}"
            if value.tzinfo is None and moment == moment.normalize()
            else f"{moment:%Y-%m-%d %H:%M:%S}"
        )
    return cut(str(value))


def cut(text: str) -> str:
    """One line: white space folded, and an ellipsis where it is long."""
    flat = " ".join(text[: 4 * _CHARACTERS].split())
    return flat if len(flat) <= _CHARACTERS and len(text) <= 4 * _CHARACTERS else flat[: _CHARACTERS - 1].rstrip() + "…"


def fact_written(value: Fact) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else written(value)


def counted(shown: int, there: int, thing: str) -> str:
    things = f"{there:,} {thing}{'' if there == 1 else 's'}"
    return things if shown == there else f"{shown:,} of {things}; {there - shown:,} are not shown"
