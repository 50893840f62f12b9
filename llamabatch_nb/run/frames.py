"""What a run gives as DataFrames: each method asks the follower for results, and hands them to `llamabatch_nb.frames`.

The frames, and pandas with them, are imported when the first one is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from llamabatch_nb.follow.watching.archive import JobResult
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.run import dask, exporting, large
from llamabatch_nb.snapshot import Snapshot

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd
    from matplotlib.figure import Figure

    from llamabatch_nb.frames.plot import Kind
    from llamabatch_nb.frames.records import Records
    from llamabatch_nb.frames.tables import Tables


class Framed:
    """The frames of a run."""

    _follower: Follower

    @property
    def snapshot(self) -> Snapshot:
        """What was known at the last look. Immutable."""
        return self._follower.snapshot

    def job_results(self) -> Mapping[str, JobResult]:
        """The parse or extract result of every file that has one, by job id.

        Those not on this machine yet are fetched first. All of them are held at once: see `iter_pages` for large runs.

        Raises:
            LlamaBatchError: one of them could not be fetched.

        """
        return self._follower.core.loop.run(self._follower.all_results)

    def results(self) -> pd.DataFrame:
        """The API's mapping of files to jobs, a row a file: its best attempt. Columns: ``lb.schema("results")``."""
        from llamabatch_nb import frames

        return frames.results(self.snapshot)

    def files(self, *, metadata: bool = False) -> pd.DataFrame:
        """One row a source file, in directory order, with status, reason, job, pages, credits and times.

        The schema is `lb.schema("files")`, the same for running, failed and finished runs. With `metadata` there is a
        column ``metadata.<key>`` more for each key that a file's metadata have.
        """
        from llamabatch_nb import frames

        return frames.files(self.snapshot, metadata=metadata)

    def pages(self) -> pd.DataFrame:
        """One row a page of every finished file, with its text and markdown. The schema is `lb.schema("pages")`.

        Results not on this machine yet are fetched first, here and for all frames of what is in the documents.
        """
        from llamabatch_nb import frames

        return frames.pages(self)

    def items(self) -> pd.DataFrame:
        """One row an item of every page: heading, text, list, table … The schema is `lb.schema("items")`."""
        from llamabatch_nb import frames

        return frames.items(self)

    def tables(self) -> Tables:
        """Every table of every document of a parse run: a sequence, empty for an extraction.

        ``run.tables()[0].frame`` is a DataFrame: the first row is its header where the rows below differ from it in
        kind, else columns are called ``"0"``, ``"1"``, …; a column is Int64 or Float64 where all of it are numbers
        written in one way, else text. ``.cells`` has the cells as the document has them. ``run.tables().index`` is a
        frame with a row a table: file, page, box, title (`lb.schema("tables")`); its row n is ``run.tables()[n]``.
        """
        from llamabatch_nb import frames

        return frames.tables(self)

    def records(self, *, schema: object = None) -> Records:
        """What was extracted, as frames typed by its JSON Schema; of a parse run the files, without values.

        ``.main`` has a row a record (a document, or a page or table row of it), and one for each file without any:
        its file and job, ``key``, status, ``error``, ``problems`` (values that did not fit their type and are NA), and
        a column a property, nested ones dotted. An array of objects is a frame of its own, whose ``parent`` is the
        ``key`` of the row that it belongs to::

            records = run.records()
            records["lines"].join(records.main.set_index("key")["vendor"], on="parent")

        `schema`: a pydantic model or a JSON Schema, instead of the one that the documents were extracted by.
        ``run.records().schema()`` says what each column is.

        Raises:
            InputError: two properties would have the same column.

        """
        from llamabatch_nb import frames

        return frames.records(self, schema=schema)

    def evidence(self) -> pd.DataFrame:
        """One row a value of an extraction: confidence, page, the document's words, box; of a parse run no rows.

        A value that was looked for and not found is a row without a value, with confidence 0 where the service says so.
        Boxes are points from the page's top left corner. The schema is `lb.schema("evidence")`.
        """
        from llamabatch_nb import frames

        return frames.evidence(self)

    def events(self) -> pd.DataFrame:
        """What happened when, by the service's clock, with running counts. The schema is `lb.schema("events")`.

        One row an event: ``batch created``, ``job created``, ``job ended``, ``batch ended``; sorted by time.
        """
        from llamabatch_nb import frames

        return frames.events(self.snapshot)

    def plot(self, kind: Kind | None = None) -> Figure:
        """A matplotlib Figure, which a cell shows as its last line; ``savefig`` writes it to a file.

        `kind`: ``progress`` (files ended over time), ``durations`` (from creation to end, waiting included),
        ``failures`` (by reason) or ``confidence`` (of pages or values); None: all of which there is something to draw.

        Raises:
            InputError: matplotlib is not installed, or there is no such kind.

        """
        from llamabatch_nb import frames

        return frames.plot(self, kind=kind)

    def iter_pages(self, *, documents: int | None = None) -> Iterator[pd.DataFrame]:
        """The `pages` frame, `documents` at a time (some 1,000 unless told), in directory order, in bounded memory.

        Raises:
            InputError: it is an extraction, which has no pages.

        """
        return large.iter_pages(self._follower, documents=documents)

    def to_parquet(
        self,
        folder: str | os.PathLike[str],
        *,
        frame: large.LargeFrame | None = None,
        documents: int | None = None,
        overwrite: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Path:
        """Write ``pages``, ``items`` or ``evidence`` as a folder of Parquet parts, in bounded memory. Returns it.

        `frame`: unless told, the pages of a parse run, the evidence of an extraction.

        DuckDB, Dask, Spark and pandas read the folder as one table. A part holds `documents` at most. Called again, it
        goes on where it was cut off, and renews what has changed since; `progress` is told how many files are written,
        and of how many.

        Raises:
            ExportError: the folder cannot be used, another export is writing to it, or it holds other Parquet files
                (of another run: `overwrite` them).
            InputError: runs of this type have no such frame.

        """
        return large.to_parquet(
            self._follower, folder, frame=frame, documents=documents, overwrite=overwrite, progress=progress
        )

    def to_dask(self, *, frame: large.LargeFrame | None = None) -> dd.DataFrame:
        """A Dask DataFrame, one partition a batch, fetched by the workers themselves.

        `frame`: ``pages``, ``items`` or ``evidence``; unless told, pages of a parse run, evidence of an extraction.

        The graph carries the service's address and ids, never a key: a worker connects from its own environment.

        Raises:
            InputError: Dask is not installed, or runs of this type have no such frame.

        """
        return dask.to_dask(self._follower, frame=frame)

    def export(
        self,
        path: str | os.PathLike[str],
        frame: str | None = None,
        *,
        overwrite: bool = False,
        safe_for_spreadsheets: bool = False,
    ) -> Path:
        """Write what the run has to a file or a folder, and return its path. Whole or not at all.

        By suffix: ``.parquet``, ``.csv`` and ``.jsonl`` hold one frame: `frame`, else the pages of a parse run, the
        records of an extraction. It is ``files``,
        ``results``, ``events``, ``pages``, ``items``, ``tables`` (the index of them), ``records``, an array's
        ``records.line_items`` or ``evidence``.
        ``.xlsx`` is a workbook with a sheet a frame, and ``.html`` a report to hand to a colleague, which leaves out
        what `files` says too; both hold `frame` alone where it is given. A name without a dot, or with a slash at its
        end, is a folder with one ``.md`` a document. `frames.export_all` says what is in each.

        `safe_for_spreadsheets`: in CSV, no text can be taken for a formula; a workbook's never are.

        A run that goes on is exported as far as it is, and marked PARTIAL; CSV and JSONL, which have room for rows
        only, are called so: ``pages.partial.csv``. In workbook and report, values of a confidence below 0.8 are shaded,
        with page and quote. Results not on this machine yet are fetched first.

        Raises:
            ExportError: the file exists and `overwrite` is not given, the suffix is unknown, its folder is missing, or
                the run has no such frame. A folder is replaced only if an export made it, and nothing was added.
            LlamaBatchError: a result could not be fetched.

        """
        return exporting.export(
            self._follower, path, frame=frame, overwrite=overwrite, safe_for_spreadsheets=safe_for_spreadsheets
        )
