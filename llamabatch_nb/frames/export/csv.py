"""CSV: UTF-8, a comma, RFC 4180 line ends, times in UTC, NA as nothing."""

from __future__ import annotations

import re
from typing import IO

import pandas as pd

from llamabatch_nb.frames.export.columns import FORMULA, is_text

_SIGNS = re.escape("".join(FORMULA))
#: Importers may strip white space and what has no width, so what stands behind it counts as well.
_BLANK = r"[\s\x00\ufeff\u200b-\u200f\u2060]*"
_RISKY = rf"^(?:[\t\r\n]|{_BLANK}[{_SIGNS}])"
#: Others split at these instead of at the comma: what follows may then begin a cell.
_SPLIT = rf"([;\t|]{_BLANK}\"?)([{_SIGNS}])"


def write_csv(frame: pd.DataFrame, file: IO[bytes], *, safe_for_spreadsheets: bool) -> None:
    written = frame.copy(deep=False)
    for position, dtype in enumerate(frame.dtypes):
        values = frame.iloc[:, position]
        if isinstance(dtype, pd.DatetimeTZDtype):
            # One width for all times: readers infer a column's format from its first value.
            times = values.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            written.isetitem(position, times.array)
        elif safe_for_spreadsheets and is_text(values):
            written.isetitem(position, defused(values).array)
    if safe_for_spreadsheets:
        written.columns = pd.Index(defused(pd.Series([str(name) for name in frame.columns], dtype="string")))
    # \r\n is what makes the csv module quote a lone \r in a text; readers would see a new row there (Python 3.11).
    written.to_csv(file, index=False, encoding="utf-8", lineterminator="\r\n", mode="wb")


def defused(texts: pd.Series) -> pd.Series:
    """The same texts, an apostrophe before each that a spreadsheet would take for a formula; others as they are."""
    texts = texts.astype("object").map(lambda value: value if pd.isna(value) else str(value)).astype("string")
    risky = texts.str.contains(_RISKY, regex=True, na=False)
    texts = texts.str.replace(_SPLIT, r"\1'\2", regex=True)
    return texts.mask(risky.astype(bool), "'" + texts)
