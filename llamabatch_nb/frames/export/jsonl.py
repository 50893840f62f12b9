"""JSON Lines: an object a row, UTF-8, times as ISO 8601, NA as null; columns that hold JSON stay text."""

from __future__ import annotations

import json
import math
from typing import IO, Any

import pandas as pd

from llamabatch_nb.frames.export.columns import values_of
from llamabatch_nb.frames.schema import storable

_ROWS = 5_000


def write_jsonl(frame: pd.DataFrame, file: IO[bytes]) -> None:
    # Not DataFrame.to_json: it keeps 15 digits of a float, where 17 are needed to get it back.
    names = [storable(str(name)) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two columns are named {twice!r}")
    for start in range(0, len(frame), _ROWS):
        part = frame.iloc[start : start + _ROWS]
        columns = [values_of(part.iloc[:, position]) for position in range(part.shape[1])]
        for row in zip(*columns, strict=True):
            line = json.dumps(dict(zip(names, map(_json, row), strict=True)), ensure_ascii=False)
            file.write(line.encode("utf-8", "backslashreplace") + b"\n")


def _json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for infinity, and readers stumble over Python's
    if isinstance(value, pd.Timestamp):
        iso = value.tz_convert("UTC").tz_localize(None) if value.tzinfo else value
        return iso.isoformat(timespec="microseconds") + ("Z" if value.tzinfo else "")
    return value if value is None or isinstance(value, str | int | float) else str(value)
