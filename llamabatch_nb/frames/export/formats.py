"""The doors: one frame to a file, all frames of a run to a file or a folder. The suffix says the format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa

from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames.export import target as places
from llamabatch_nb.frames.export.about import about_of
from llamabatch_nb.frames.export.csv import write_csv
from llamabatch_nb.frames.export.documents import write_documents
from llamabatch_nb.frames.export.html import write_html
from llamabatch_nb.frames.export.jsonl import write_jsonl
from llamabatch_nb.frames.export.parquet import write_parquet
from llamabatch_nb.frames.export.steps import Progress, Steps
from llamabatch_nb.frames.export.xlsx import write_xlsx
from llamabatch_nb.frames.inputs import snapshot_of


def export(
    frame: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    safe_for_spreadsheets: bool = False,
) -> Path:
    """Writes `frame` to `path` and returns the path; the suffix says the format. ``~`` is the home folder.

    ``.parquet``: zstd, with `frame.attrs` and the declared columns in the file's metadata; `read_parquet` gives the
    same frame back. ``.csv``: UTF-8, a comma, RFC 4180 line ends, times as ``2026-01-31T09:00:00.000000Z``, NA as
    nothing (an empty text looks the same there: only Parquet keeps them apart). With `safe_for_spreadsheets` an
    apostrophe stands before each text that a spreadsheet would take for a formula; numbers stay as they are.
    ``.jsonl``: an object a row, UTF-8, the same times, NA as null, columns of JSON as text. ``.xlsx`` and ``.html``: as
    `export_all`. A named index becomes columns, an unnamed one is not written.

    A frame that is not all there will be (``attrs["complete"]`` is ``false``) is marked: in Parquet's attrs, on the
    first sheet, in the report. CSV and JSONL have room for rows only, so there the name says it: ``a.csv`` becomes
    ``a.partial.csv``, which is the path that comes back.

    Raises:
        ExportError: nothing was written, and what stood there is untouched. Another suffix, a folder that does not
            exist, a file that does (unless `overwrite`), a full or read-only disk, values that the format cannot hold.

    """
    partial = frame.attrs.get("complete") == "false"
    path = places.file_target(path, overwrite=overwrite, partial=partial)
    name = str(frame.attrs.get("schema") or "frame")
    return export_all({name: frame}, path, overwrite=overwrite, safe_for_spreadsheets=safe_for_spreadsheets)


def export_all(
    frames: Mapping[str, pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    about: object = None,
    overwrite: bool = False,
    safe_for_spreadsheets: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Writes the frames of a run to a file or a folder and returns the path.

    ``.xlsx``: a sheet a frame behind one that says what run it is, and a last one that says what the columns hold.
    Texts are texts, never formulas or links; times are dates in UTC; a text over 32,767 characters is cut, shaded, and
    counted on the first sheet. Values that are `DOUBTFUL` are shaded, with page and quote as a comment.
    ``.html``: a report in one file, with no script and nothing to load: what failed and why, then the head of each
    frame, records first. Of tables both have the index alone: their cells do not leave with it (`Table.frame` has
    them). Name without a dot, or with a slash at its end: a folder of one ``.md`` a document, in the folders that the
    documents were in, and a ``manifest.json`` that names each document's file, and those that failed and have none:
    the pages' markdown of a parse run, tables of the values of an extract run. Names are made safe and unique, and
    lead nowhere else.
    ``.csv``, ``.jsonl``, ``.parquet``: as `export`, of one frame alone.

    `about`: the run, Snapshot or batch that the frames are of; without it their attrs must do. `progress` is called
    with what is done, what there is to do, and the name of what is written. A run that goes on is marked PARTIAL, in
    CSV and JSONL as `export` does it.

    Raises:
        ExportError: nothing was written, and what stood there is untouched. As `export`; several frames and a format of
            one; more rows or columns than a sheet has; a folder that no export made, or that holds anything else.

    """
    snapshot = None if about is None else snapshot_of(about)
    said = about_of(frames, snapshot)
    folder_meant = places.is_folder(path)
    path = places.target(path, overwrite=overwrite, partial=said.partial is not None)
    suffix = path.suffix.lower()
    steps = Steps(progress, sum(map(len, frames.values())))
    named = {name: _without_index(frame) for name, frame in frames.items()}
    with _told(path):
        if folder_meant:
            with places.replaced_folder(path, overwrite=overwrite) as (folder, manifest):
                manifest.update(said.manifest())
                manifest["documents"] = write_documents(named, folder, steps)
        elif suffix == ".xlsx":
            places.replaced(path, lambda file: write_xlsx(named, said, file, steps), overwrite=overwrite)
        elif suffix == ".html":
            places.replaced(path, lambda file: write_html(named, said, file, steps), overwrite=overwrite)
        else:
            write = _single(named, path, safe_for_spreadsheets=safe_for_spreadsheets)
            places.replaced(path, write, overwrite=overwrite)
    steps.all_done()
    return path


def _single(
    frames: Mapping[str, pd.DataFrame], path: Path, *, safe_for_spreadsheets: bool
) -> Callable[[IO[bytes]], None]:
    if len(frames) != 1:
        raise ExportError(f"{path.name} holds one frame, and these are {len(frames)}: write .xlsx, .html or one frame.")
    (frame,) = frames.values()
    if path.suffix.lower() == ".csv":
        return lambda file: write_csv(frame, file, safe_for_spreadsheets=safe_for_spreadsheets)
    write = write_jsonl if path.suffix.lower() == ".jsonl" else write_parquet
    return lambda file: write(frame, file)


def _without_index(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index() if any(name is not None for name in frame.index.names) else frame


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except ExportError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportError(f"{path} was not written ({reason}): make room or choose another folder.") from error
    except KeyError as error:  # people drop columns; ids of rows and the like are needed
        raise ExportError(f"{path} was not written: the column {error} is missing in one of the frames.") from error
    except (ValueError, pa.ArrowException) as error:
        raise ExportError(f"{path} was not written ({error}): mend that column first.") from error
