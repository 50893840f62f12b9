"""A frame's columns as plain Python values, for the formats that pandas does not write as we need them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

#: What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection"); the last four are full-width, which a
#: Japanese Excel takes too.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: Columns that join frames: for machines, and the same on every row or nearly so.
KEYS = frozenset({"batch_id", "file_id", "job_id", "key", "parent", "source_directory_file_id", "job_reference.id"})

_CENTS = 2


def decimals(values: Sequence[float]) -> int | None:
    """Decimals that hold all of these numbers, as people write them: 0, 2 (of money), 3 or 4; None: they need more."""
    known = [value for value in values if math.isfinite(value)]
    return next((count for count in (0, _CENTS, 3, 4) if all(round(value, count) == value for value in known)), None)


def is_money(values: pd.Series[Any]) -> bool:
    """Numbers with decimals, two at most, of which 12.5 is shown as 12.50."""
    if not pd.api.types.is_float_dtype(values.dtype):
        return False
    return decimals([value for value in values_of(values) if value is not None]) == _CENTS


def is_text(values: pd.Series[Any]) -> bool:
    """Texts, categories of texts, or a column of anything."""
    dtype = values.cat.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values.dtype
    return bool(pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype))


def values_of(values: pd.Series[Any]) -> list[Any]:
    """None for what is not known, `pandas.Timestamp` for times, else Python's own str, int, float and bool."""
    return [None if missing else value for value, missing in zip(values.tolist(), values.isna(), strict=True)]
