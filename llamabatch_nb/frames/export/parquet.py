"""Parquet: zstd, with `frame.attrs` and the declared columns in the file's metadata; and back, exactly."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from llamabatch_nb.frames.declared import SCHEMAS
from llamabatch_nb.frames.schema import TEXT

#: Where pandas itself keeps `frame.attrs` in a Parquet file, and so where `pandas.read_parquet` finds them.
_ATTRS = b"PANDAS_ATTRS"
#: Where we keep the declared columns, as JSON: for readers that know nothing of pandas.
_SCHEMA = b"llamabatch_nb"
#: Where we keep the categories of columns, as JSON: a frame without rows keeps none in Parquet, and pandas 3 reads
#: them as another dtype than pandas 2.2.
_CATEGORIES = b"llamabatch_nb_categories"


def write_parquet(frame: pd.DataFrame, file: IO[bytes]) -> None:
    written = frame.copy(deep=False)
    # Arrow drops all attrs with a warning if one of them is no JSON; ours are strings, people's may be Timestamps.
    written.attrs = {str(key): str(value) for key, value in frame.attrs.items()}
    table = pa.Table.from_pandas(written, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), _ATTRS: json.dumps(written.attrs)}
    if declared := SCHEMAS.get(str(frame.attrs.get("schema"))):
        # Only columns that are still as declared: people add, drop and convert some before they export.
        kept = [asdict(c) for c in declared.columns if c.name in frame and str(frame[c.name].dtype) == c.dtype]
        metadata[_SCHEMA] = json.dumps({"name": declared.name, "version": declared.version, "columns": kept})
    if categories := _categories(frame):
        metadata[_CATEGORIES] = json.dumps(categories)
    pq.write_table(table.replace_schema_metadata(metadata), file, compression="zstd")


def read_parquet(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A frame as `export` wrote it: same columns, dtypes, rows and attrs.

    `pandas.read_parquet` differs in two things: pandas 2.2 gives text its Python storage, and categories of text come
    with another dtype, or not at all where the frame has no rows.
    """
    path = Path(path).expanduser()
    frame = pd.read_parquet(path, engine="pyarrow")
    frame = frame.astype({name: TEXT for name, dtype in frame.dtypes.items() if str(dtype) == "string"})
    kept = json.loads((pq.read_schema(path).metadata or {}).get(_CATEGORIES, b"{}"))
    for name, said in kept.items():
        dtype = pd.CategoricalDtype(pd.array(said["categories"], dtype=TEXT), ordered=said["ordered"])
        # By way of text: between two dtypes of equal categories pandas keeps the one that is there.
        frame[name] = pd.Categorical(frame[name].astype(TEXT), dtype=dtype)
    return frame


def _categories(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {
        str(name): {"categories": dtype.categories.tolist(), "ordered": bool(dtype.ordered)}
        for name, dtype in frame.dtypes.items()
        if isinstance(dtype, pd.CategoricalDtype) and dtype.categories.dtype == TEXT
    }
