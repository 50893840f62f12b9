"""A workbook: a sheet a frame, behind one that says what run it is; the last says what the columns hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import IO, Any

import pandas as pd

from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames.declared import SCHEMAS
from llamabatch_nb.frames.export import cells
from llamabatch_nb.frames.export.about import About, Fact
from llamabatch_nb.frames.export.columns import KEYS, is_money, values_of
from llamabatch_nb.frames.export.doubts import DOUBTFUL, NOT_FOUND, Doubts
from llamabatch_nb.frames.export.steps import Steps

#: Excel's own limits (Microsoft, "Excel specifications and limits").
ROWS, COLUMNS = 1_048_576, 16_384
#: Excel has no earlier day, and one too many before March of its first year.
_FIRST_DAY = pd.Timestamp("1900-03-01")
#: Each comment is a drawing of its own, and many make a workbook slow to open; cells beyond are shaded all the same.
_COMMENTS = 2_000
_ABSENT = "#fff7dc"
_NARROW, _WIDE = 8, 60
#: Ids are for joins: as wide as their headers need to be told apart, so that the name of the file is on the screen.
_OF_KEYS, _OF_NAME = 10, 40
#: Columns before `name` that may stay on the screen with it.
_BEFORE_NAME = 5
_MONEY = "#,##0.00"
#: Rows that are looked at for a column's width.
_MEASURED = 200
_DOUBT, _CUT, _HEADER, _GREY, _RED = "#ffe8a3", "#e3e6ea", "#eef1f4", "#5b6470", "#b3261e"


def check(frames: Mapping[str, pd.DataFrame]) -> None:
    """Raises ExportError where a frame has more rows or columns than a sheet."""
    for name, frame in frames.items():
        if len(frame) >= ROWS:
            raise ExportError(
                f"{name} has {len(frame):,} rows, and a sheet holds {ROWS - 1:,} under its header: write it as "
                ".parquet or .csv."
            )
        if frame.shape[1] > COLUMNS:
            raise ExportError(
                f"{name} has {frame.shape[1]:,} columns, and a sheet holds {COLUMNS:,}: write it as .parquet."
            )


def write_xlsx(frames: Mapping[str, pd.DataFrame], about: About, file: IO[bytes], steps: Steps) -> None:
    """Raises OSError, and ExportError as `check` does."""
    # XlsxWriter, a row at a time. openpyxl, which the parsers read with, takes as long for bare values (20,000 pages of
    # 2,000 characters: 7 s of processor) and more memory (49 MB beside the frame against 38), but makes a formula of
    # each text that begins with "=", refuses control characters, and has no quote prefix for its cells.
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import XlsxWriterException

    check(frames)
    sink = _Sink(file)
    with TemporaryDirectory() as folder:
        book = Workbook(sink, {"constant_memory": True, "tmpdir": folder})
        try:
            _fill(_Book(book), frames, about, steps)
            book.close()
        except XlsxWriterException as error:  # it wraps the OSError of a full disk
            raise OSError(str(error)) from error
        finally:
            sink.over = True
            _let_go(book)


def _let_go(book: Any) -> None:
    """Close the temporary files of a workbook that failed half-way, which XlsxWriter leaves open."""
    for part in (book, *book.worksheets()):
        for file in (part.fh, getattr(part, "row_data_fh", None)):
            with suppress(OSError):  # what is left in a buffer does not fit the disk either
                if file is not None:
                    file.close()


def _fill(book: _Book, frames: Mapping[str, pd.DataFrame], about: About, steps: Steps) -> None:
    doubts = Doubts(frames)
    names = cells.sheet_names(["summary", *frames, "columns"])
    summary, *sheets, columns = [_Sheet(book, name) for name in names]
    for (name, frame), sheet in zip(frames.items(), sheets, strict=True):
        notes = {**dict.fromkeys(doubts.absent(name), NOT_FOUND), **doubts.notes(name)}
        sheet.write(frame, notes, _stepping(steps, name))
    _describe(columns, frames)
    _summarise(summary, about, frames, sheets)
    taken_at = about.taken_at or datetime(2000, 1, 1, tzinfo=UTC)
    properties = {
        "title": cells.clean(about.title),
        "status": "partial" if about.partial else "complete",
        "comments": cells.clean(about.state),
        # Of the data and not of the writing: the same frames give the same file.
        "created": taken_at.astimezone(UTC).replace(tzinfo=None),
    }
    book.book.set_properties(properties)


def _stepping(steps: Steps, name: str) -> Callable[[], None]:
    return lambda: steps.step(1, name)


def _summarise(sheet: _Sheet, about: About, frames: Mapping[str, pd.DataFrame], sheets: Sequence[_Sheet]) -> None:
    sheet.page.set_column(0, 0, 40)
    sheet.page.set_column(1, 1, 70)
    sheet.page.set_column(2, 2, 12)
    sheet.page.hide_gridlines(2)
    sheet.text(0, 0, about.title, sheet.book.look(bold=True, font_size=14))
    row = 1
    for label, value in about.facts:
        row += 1
        sheet.text(row, 0, label, sheet.book.look(font_color=_GREY, valign="top"))
        alarm = {"bold": True, "font_color": _RED} if label == "state" and about.partial else {}
        sheet.fact(row, 1, value, alarm)
    row += 2
    for column, label in enumerate(("sheet", "rows and state")):
        sheet.text(row, column, label, sheet.book.header)
    for (_, frame), other in zip(frames.items(), sheets, strict=True):
        row += 1
        partial = frame.attrs.get("complete") == "false"
        place = other.name.replace("'", "''")
        sheet.page.write_url(row, 0, f"internal:'{place}'!A1", string=other.name)
        sheet.fact(row, 1, f"{len(frame):,} rows{', PARTIAL' if partial else ''}", {})
    row += 1
    for note in _notes(sheets):
        row += 1
        sheet.text(row, 0, note, sheet.book.look(font_color=_GREY))


def _notes(sheets: Sequence[_Sheet]) -> list[str]:
    notes = ["Times are UTC. The last sheet says what the columns hold. Text is text: formulas in it do not run."]
    cut = sum(sheet.cut for sheet in sheets)
    if cut:
        which = "1 text is" if cut == 1 else f"{cut:,} texts are"
        notes.append(f"{which} longer than a cell holds, cut and shaded grey; .parquet has them whole.")
    doubtful = sum(sheet.doubtful for sheet in sheets)
    if doubtful:
        which = "1 cell is" if doubtful == 1 else f"{doubtful:,} cells are"
        more = f" (the first {_COMMENTS:,} of a sheet)" if any(s.doubtful > _COMMENTS for s in sheets) else ""
        notes.append(
            f"{which} shaded yellow: confidence below {DOUBTFUL:g}. A value's comment has its page and quote{more}."
        )
    absent = sum(sheet.absent for sheet in sheets)
    if absent:
        which = "1 empty cell of records is" if absent == 1 else f"{absent:,} empty cells of records are"
        notes.append(f"{which} shaded pale yellow: the value was looked for and not found.")
    return notes


def _describe(sheet: _Sheet, frames: Mapping[str, pd.DataFrame]) -> None:
    rows = []
    for name, frame in frames.items():
        declared = SCHEMAS.get(str(frame.attrs.get("schema") or name))
        known = {column.name: column for column in declared.columns} if declared else {}
        for column, dtype in frame.dtypes.items():
            said = known.get(str(column))
            rows.append(
                {
                    "sheet": name,
                    "column": str(column),
                    "dtype": str(dtype),
                    "meaning": said.meaning if said else None,
                    "unit": said.unit if said else None,
                    "source": said.source if said else None,
                }
            )
    columns = ["sheet", "column", "dtype", "meaning", "unit", "source"]
    sheet.write(pd.DataFrame(rows, columns=columns, dtype="string"), {}, lambda: None)


class _Sink:
    """The file, as far as a zip archive writes to it, until it is `over`.

    An archive whose disk was full is finished once more when it is collected, into a file that is closed by then.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.over = False

    def write(self, data: bytes) -> int:
        return len(data) if self.over else self._file.write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0 if self.over else self._file.seek(offset, whence)

    def tell(self) -> int:
        return 0 if self.over else self._file.tell()

    def flush(self) -> None:
        if not self.over:
            self._file.flush()


class _Book:
    """Looks of cells, each made once. Colours are fixed, as a sheet is white whatever the theme of the machine."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.header = self.look(bold=True, bottom=1, bg_color=_HEADER)

    def look(self, **wanted: Any) -> Any:
        key = tuple(sorted(wanted.items()))
        if key and key not in self._made:
            self._made[key] = self.book.add_format(wanted)
        return self._made.get(key)


class _Sheet:
    """One sheet, written from its first row to its last. `cut` and `doubtful` count what is marked on it."""

    def __init__(self, book: _Book, name: str) -> None:
        self.book = book
        self.name = name
        self.page = book.book.add_worksheet(name)
        self.cut = 0
        self.doubtful = 0
        self.absent = 0

    def write(self, frame: pd.DataFrame, notes: Mapping[tuple[int, int], str], step: Callable[[], None]) -> None:
        """The frame under a header that stays; `notes` by row and column, both from 0, are of doubtful values."""
        columns = [frame.iloc[:, position] for position in range(frame.shape[1])]
        times = [cells.time_format(column) for column in columns]
        numbers = [_MONEY if is_money(column) else None for column in columns]
        for position, column in enumerate(columns):
            self.page.set_column(position, position, _width(str(frame.columns[position]), column))
        for position, name in enumerate(frame.columns):
            self.text(0, position, str(name), self.book.header)
        if columns:
            self.page.freeze_panes(1, _stay(list(map(str, frame.columns))))
            self.page.autofilter(0, 0, max(len(frame), 1), len(columns) - 1)
        for number, row in enumerate(zip(*map(values_of, columns), strict=True)):
            for position, value in enumerate(row):
                note = notes.get((number, position))
                if note == NOT_FOUND and value is None:
                    self._not_found(number + 1, position)
                elif note is not None:
                    self._doubt(number + 1, position, note)
                if value is not None:
                    shade = {} if note is None else {"bg_color": _DOUBT}
                    shape = numbers[position]
                    if shape is not None and cells.is_exact(value):
                        shade = {**shade, "num_format": shape}
                    self._cell(number + 1, position, value, times[position], shade)
            step()

    def fact(self, row: int, column: int, value: Fact, look: Mapping[str, Any]) -> None:
        aligned = {"align": "left", "valign": "top", "text_wrap": True, **look}
        if isinstance(value, datetime):
            value = pd.Timestamp(value)
        self._cell(row, column, value, cells.UTC_FORMAT, aligned, number="#,##0.##########")

    def text(self, row: int, column: int, value: str, look: Any) -> None:
        self.page.write_string(row, column, cells.cut(cells.clean(value))[0], look)

    def _not_found(self, row: int, column: int) -> None:
        self.absent += 1
        self.page.write_blank(row, column, None, self.book.look(bg_color=_ABSENT))
        if self.absent <= _COMMENTS:
            self.page.write_comment(row, column, NOT_FOUND, {"author": "llamabatch-nb"})

    def _doubt(self, row: int, column: int, note: str) -> None:
        self.doubtful += 1
        if self.doubtful <= _COMMENTS and note:
            said = cells.clean(note)[:1000]
            self.page.write_comment(row, column, said, {"author": "llamabatch-nb", "x_scale": 2})

    def _cell(
        self, row: int, column: int, value: Any, time: str, look: Mapping[str, Any], *, number: str | None = None
    ) -> None:
        if isinstance(value, bool):
            self.page.write_boolean(row, column, value, self.book.look(**look))
        elif cells.is_exact(value):
            look = look if number is None or float(value).is_integer() is False else {**look, "num_format": "#,##0"}
            self.page.write_number(row, column, value, self.book.look(**look))
        elif isinstance(value, pd.Timestamp) and (moment := cells.naive(value)) >= _FIRST_DAY:
            aligned = {**look, "num_format": time, "align": "left"}
            self.page.write_datetime(row, column, moment.to_pydatetime(warn=False), self.book.look(**aligned))
        else:
            said, is_cut = cells.cut(cells.clean(_said(value)))
            if is_cut:
                self.cut += 1
                look = {"bg_color": _CUT, **look}
            if cells.is_risky(said):
                look = {**look, "quote_prefix": True}  # it stays a text when somebody edits the cell
            self.page.write_string(row, column, said, self.book.look(**look))


def _said(value: object) -> str:
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)


def _stay(columns: list[str]) -> int:
    """How many columns stay where the others are scrolled: up to the name of the file."""
    return columns.index("name") + 1 if "name" in columns[: _BEFORE_NAME + 1] else 0


def _width(name: str, column: pd.Series) -> int:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return 24
    if name in KEYS or name == "unique_id":
        return _OF_KEYS
    shown = [len(str(value).split("\n", 1)[0]) for value in column.iloc[:_MEASURED].dropna()]
    # The header has a button of the filter beside it.
    widest = _OF_NAME if name == "name" else _WIDE
    return min(max(len(name) + 4, *shown, _NARROW) + 1 if shown else len(name) + 4, widest)
