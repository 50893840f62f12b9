"""Frames to files, and back.

A file appears whole or not at all: it is written beside its target under a hidden name, synced and renamed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames.declared import SCHEMAS

#: Where pandas itself keeps `frame.attrs` in a Parquet file, and so where `pandas.read_parquet` finds them.
_ATTRS = b"PANDAS_ATTRS"
#: Where we keep the declared columns, as JSON: for readers that know nothing of pandas.
_SCHEMA = b"llamabatch_nb"


def export(frame: pd.DataFrame, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Writes `frame` to `path` and returns the path; the suffix says the format. ``~`` is the home folder.

    ``.parquet``: zstd, with `frame.attrs` and the declared columns in the file's metadata; `read_parquet` gives the
    same frame back. ``.csv``: UTF-8, a comma, RFC 4180 line ends, times as ``2026-01-31T09:00:00.000000Z``, NA as
    nothing (an empty text looks the same there: only Parquet keeps them apart). A named index becomes columns, an
    unnamed one is not written.

    Raises:
        ExportError: nothing was written, and what stood there is untouched. Another suffix, a folder that does not
            exist, a file that does (unless `overwrite`), a full or read-only disk, values that the format cannot hold.

    """
    path = target(path, overwrite=overwrite)
    write = _WRITERS[path.suffix.lower()]
    try:
        if any(name is not None for name in frame.index.names):
            frame = frame.reset_index()
        _replace(path, lambda file: write(frame, file))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportError(f"{path} was not written ({reason}): make room or choose another folder.") from error
    except (ValueError, pa.ArrowException) as error:
        raise ExportError(f"{path} was not written ({error}): mend that column first.") from error
    return path


def target(path: str | os.PathLike[str], *, overwrite: bool) -> Path:
    """`path`, if `export` can write there: asked before the work of a frame is done.

    Raises:
        ExportError: as `export` would.

    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in _WRITERS:
        raise ExportError(f"{path} has no suffix that can be written: end its name in {' or '.join(_WRITERS)}.")
    if not path.parent.is_dir():
        raise ExportError(f"The folder {path.parent} for {path.name} does not exist: create it first.")
    if path.is_dir():
        raise ExportError(f"{path} is a folder: name a file in it.")
    if path.exists() and not overwrite:
        raise ExportError(f"{path} exists already: pass overwrite=True to replace it.")
    return path


def read_parquet(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A frame as `export` wrote it: same columns, dtypes, rows and attrs.

    `pandas.read_parquet` differs in one thing: pandas 2.2 gives text its Python storage.
    """
    frame = pd.read_parquet(Path(path).expanduser(), engine="pyarrow")
    text = {name: pd.StringDtype("pyarrow") for name, dtype in frame.dtypes.items() if str(dtype) == "string"}
    return frame.astype(text)


def _replace(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    # A short name of its own: the target's may be as long as the file system allows. Mode "x" obeys the umask, where
    # tempfile would leave a file that colleagues cannot read.
    partial = path.parent / f".{uuid4().hex}.partial"
    try:
        with partial.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _write_csv(frame: pd.DataFrame, file: IO[bytes]) -> None:
    written = frame.copy(deep=False)
    for position, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.DatetimeTZDtype):
            # One width for all times: readers infer a column's format from its first value.
            times = frame.iloc[:, position].dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            written.isetitem(position, times)
    # \r\n is what makes the csv module quote a lone \r in a text; readers would see a new row there (Python 3.11).
    written.to_csv(file, index=False, encoding="utf-8", lineterminator="\r\n", mode="wb")


def _write_parquet(frame: pd.DataFrame, file: IO[bytes]) -> None:
    written = frame.copy(deep=False)
    # Arrow drops all attrs with a warning if one of them is no JSON; ours are strings, people's may be Timestamps.
    written.attrs = {str(key): str(value) for key, value in frame.attrs.items()}
    table = pa.Table.from_pandas(written, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), _ATTRS: json.dumps(written.attrs)}
    if declared := SCHEMAS.get(str(frame.attrs.get("schema"))):
        # Only columns that are still as declared: people add, drop and convert some before they export.
        kept = [asdict(c) for c in declared.columns if c.name in frame and str(frame[c.name].dtype) == c.dtype]
        metadata[_SCHEMA] = json.dumps({"name": declared.name, "version": declared.version, "columns": kept})
    pq.write_table(table.replace_schema_metadata(metadata), file, compression="zstd")


_WRITERS: dict[str, Callable[[pd.DataFrame, IO[bytes]], None]] = {".csv": _write_csv, ".parquet": _write_parquet}
