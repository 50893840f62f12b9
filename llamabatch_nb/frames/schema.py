"""How a frame's schema is said and kept: a column's dtype, meaning, unit and source. `declared` has the tables.

pandas guesses other dtypes for 0, 1 and n rows (anchors.md, part 1d: a one-row batch gave int64, a two-row batch
float64, an empty one no columns at all). So a frame's schema comes from here and never from its rows.

dtypes. Text is ``string``, always stored by Arrow, so that pandas 2.2 and 3 give the same; numbers are ``Int64`` and
``Float64``, flags ``boolean``, times ``datetime64[us, UTC]``, dates ``datetime64[us]`` (a naive midnight), words of a
closed list ``category`` in the list's order. What is not known is NA. A duration is ``Float64`` in
seconds and no timedelta: Parquet has no type for one (other readers see a bare integer), and in CSV it would read
``0 days 00:00:03``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

#: Of every column of text.
TEXT = pd.StringDtype("pyarrow")

Dtype = Literal["string", "Int64", "Float64", "boolean", "datetime64[us, UTC]", "datetime64[us]", "category"]

#: How a declared dtype is built: values go through the Arrow type, which refuses what does not fit instead of guessing.
_BUILT: Mapping[str, tuple[Any, pa.DataType]] = {
    # large_string: the texts of one frame may pass the 2 GB that 32-bit offsets reach.
    "string": (TEXT, pa.large_string()),
    "Int64": (pd.Int64Dtype(), pa.int64()),
    "Float64": (pd.Float64Dtype(), pa.float64()),
    "boolean": (pd.BooleanDtype(), pa.bool_()),
    "datetime64[us, UTC]": (pd.DatetimeTZDtype("us", "UTC"), pa.timestamp("us", "UTC")),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column. `source` is the API field the value comes from, or says how it is computed.

    `categories` are all the words of a ``category``, in their order.
    """

    name: str
    dtype: Dtype
    meaning: str
    unit: str | None
    source: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of one frame, in order. `version` grows when a column changes its name, dtype or meaning."""

    name: str
    version: int
    columns: tuple[Column, ...]

    def empty(self) -> pd.DataFrame:
        """No rows, all columns."""
        return self.frame([])

    def frame(self, rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
        r"""One row a mapping, exactly the declared columns and dtypes for 0, 1 and n rows, index 0 … n-1.

        A key that is missing is NA, and so are None and NaN; a time without a zone is taken as UTC. Lone surrogates,
        which a file name of broken bytes holds and UTF-8 cannot, are written out as ``\udcff``.

        Raises:
            TypeError, ValueError, OverflowError: Arrow's, for a value that does not fit its column.

        """
        rows = list(rows)
        return pd.DataFrame({column.name: _array(column, rows) for column in self.columns})


def _array(column: Column, rows: list[Mapping[str, object]]) -> Any:
    values = [storable(value) if isinstance(value := row.get(column.name), str) else value for row in rows]
    if column.dtype == "category":
        return _categorical(column, values)
    if column.dtype == "datetime64[us]":  # NumPy's own, which Arrow calls a timestamp without a zone
        return pa.array(values, pa.timestamp("us"), from_pandas=True).to_numpy(zero_copy_only=False)
    dtype, arrow = _BUILT[column.dtype]
    # from_pandas: a NaN in the API's JSON is something unknown, and unknown is NA.
    return dtype.__from_arrow__(pa.array(values, arrow, from_pandas=True))


def _categorical(column: Column, values: list[object]) -> Any:
    words = list(dict.fromkeys(map(storable, column.categories)))
    codes: dict[object, int] = {word: code for code, word in enumerate(words)}
    if unknown := [value for value in values if value is not None and value not in codes]:
        raise ValueError(f"{unknown[0]!r} is none of the categories of {column.name}")
    return pd.Categorical.from_codes(
        [-1 if value is None else codes[value] for value in values],
        dtype=pd.CategoricalDtype(pd.Index(words, dtype=TEXT)),
    )


def storable(text: str) -> str:
    """`text` with lone surrogates written out, so that it is valid UTF-8 and two broken names stay apart."""
    return text.encode("utf-8", "backslashreplace").decode()
