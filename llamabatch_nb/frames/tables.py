"""The tables of a parse batch, each as a DataFrame of its own."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

import pandas as pd

from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.frames.cells import frame_of, grid
from llamabatch_nb.frames.declared import TABLES
from llamabatch_nb.frames.headers import has_header
from llamabatch_nb.frames.inputs import Unfit
from llamabatch_nb.frames.nodes import Box, Node, nodes, whole
from llamabatch_nb.frames.numbers import Cell
from llamabatch_nb.frames.parsed import Parsed, item_pages
from llamabatch_nb.frames.schema import storable

#: Rows of the index that a notebook shows of `Tables`, and which columns.
_SHOWN = 10
_TOLD = ["name", "page", "number", "rows", "columns", "title"]


@dataclass(frozen=True, eq=False)
class Table:
    """One table of a document: where it stands, its cells, and the DataFrame they make."""

    batch_id: str | None
    file_id: str | None
    name: str | None  # of the file: its path relative to the submitted folder
    job_id: str | None
    page: int
    last_page: int  # greater than `page` where the service has put the parts of a long table together
    number: int  # in its file, from 1
    item: int  # on its page, as in `items`
    title: str | None  # the last heading before it in the file
    box: Box | None  # x, y, width, height in points
    confidence: float | None  # 0 to 1
    concerns: str | None  # what the service doubts
    cells: list[list[object]] = field(repr=False)  # as the document has them, row by row: text, numbers, None
    about: Mapping[str, str] = field(repr=False)  # the run it is of: `frame.attrs` of the index

    @cached_property
    def header(self) -> bool:
        """Whether the first row was taken for the names of the columns."""
        return has_header(self._grid)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of `frame`, which is not made for it."""
        return len(self._grid) - self.header, len(self._grid[0]) if self._grid else 0

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The table as a DataFrame, made when first asked for.

        Its columns are named by the first row if that is clearly a header: words, at least half of the cells filled and
        more than half of those different, with nothing but numbers, or dates, below one of them. Else they are ``"0"``,
        ``"1"``, … and the first row is data. Names that come twice get ``.1``, ``.2``, ….

        Each column is ``string``, unless every value in it is a number written in one way: then it is ``Int64``, or
        ``Float64`` where any has decimals. A comma or a point before the decimals, groups of three parted by the other
        one, a space or an apostrophe, and a minus behind the number are read. Percentages, currencies, leading zeros
        and a leading plus stay text, and so does a column like ``1,234`` that may mean two things, unless other columns
        of the table tell which mark stands before decimals. Empty and covered cells and the ends of short rows are NA;
        a column of nothing else is ``string``. `cells` has everything as it was.

        attrs, strings all: those of the index, and ``file_id``, ``name``, ``job_id``, ``page``, ``table`` (`number`),
        ``title``, ``header`` (``true``, ``false``).
        """
        frame = frame_of(self._grid, header=self.header)
        own = {
            "batch_id": self.batch_id,
            "schema": None,
            "schema_version": None,
            "file_id": self.file_id,
            "name": self.name,
            "job_id": self.job_id,
            "page": self.page,
            "table": self.number,
            "title": self.title,
            "header": "true" if self.header else "false",
        }
        said = {**self.about, **own}
        frame.attrs = {key: "" if value is None else storable(str(value)) for key, value in said.items()}
        return frame

    @cached_property
    def _grid(self) -> list[list[Cell]]:
        return grid(self.cells)

    def __str__(self) -> str:
        where = f"Table {self.number} of {self.name or self.file_id or 'a file without a name'}, page {self.page}"
        return storable(f"{where}: {self.title}" if self.title else where)

    def __repr__(self) -> str:
        return f"{self}\n{self.frame!r}"

    def _repr_html_(self) -> str:
        rows, columns = pd.get_option("display.max_rows"), pd.get_option("display.max_columns")
        return f"<p>{html.escape(str(self))}</p>{self.frame.to_html(max_rows=rows, max_cols=columns)}"


class Tables(Sequence[Table]):
    """The tables of a batch: files in the order of the directory, pages by number, tables as they are read.

    ``tables[3]`` is a `Table`, ``tables[:3]`` are `Tables`, and the row labels of `index` are the positions:
    ``[tables[n].frame for n in tables.index.query("title == 'Orders'").index]``. A title is the last heading before
    the table in its file, whatever that heading is of; a table before any heading has none.
    """

    def __init__(self, tables: Sequence[Table], about: Mapping[str, str]) -> None:
        self._tables = tuple(tables)
        self._about = about

    @cached_property
    def index(self) -> pd.DataFrame:  # type: ignore[override]  # what is here, in place of list's index()
        """One row a table: where it stands and how big it is. Columns: ``schema("tables")``.

        Complete (``attrs["complete"]``) once the run has ended and every completed file has its result here.
        """
        index = TABLES.frame(map(_row, self._tables))
        index.attrs.update(self._about)
        return index

    @overload
    def __getitem__(self, position: int) -> Table: ...
    @overload
    def __getitem__(self, position: slice) -> Tables: ...
    def __getitem__(self, position: int | slice) -> Table | Tables:
        if isinstance(position, slice):
            return Tables(self._tables[position], self._about)
        try:
            return self._tables[position]
        except IndexError:
            there = f"0 to {len(self) - 1:,}" if self else "none: the results have no tables, or no items expanded"
            raise IndexError(f"There is no table {position}: the positions are {there}.") from None

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        if not self:
            return "No tables."
        files = len({(table.file_id, table.name) for table in self})
        count = f"{len(self):,} table{'s' * (len(self) > 1)} of {files:,} file{'s' * (files > 1)}"
        return f"{count}. tables[0].frame is the first one, tables.index lists them all."

    def _repr_html_(self) -> str:
        listed = self.index[_TOLD].to_html(max_rows=_SHOWN, na_rep="") if self else ""
        return f"<p>{html.escape(repr(self))}</p>{listed}"


def tables(of: object, jobs: object = None) -> Tables:
    """Every table of a parse batch, each with its DataFrame: ``tables(run)[0].frame``.

    `of` and `jobs` as in `pages`; the jobs need their `items` expanded. Tables in lists, page headers and footers are
    among them. The parts of a table that goes on over several pages are tables of their own, unless the service has put
    them together; then its first page has all rows, and the empty places on the others are rows of `items` only. A file
    whose result cannot be read has no tables: `pages` and `items` say why.
    """
    parsed = Parsed.of(of, jobs)
    about = {str(key): str(value) for key, value in parsed.stamp(TABLES.empty(), TABLES).attrs.items()}
    found = [table for names, result in parsed.files() for table in _tables(names, result, about)]
    return Tables(found, about)


def _tables(names: Mapping[str, object], result: ParseResult | Unfit, about: Mapping[str, str]) -> Iterator[Table]:
    if isinstance(result, Unfit):
        return
    number, title = 0, None
    ids = {key: value if isinstance(value, str) else None for key, value in names.items()}
    for page in item_pages(result):
        for node in nodes(page.items):
            kind = node.text("type")
            if kind == "heading":
                title = " ".join((node.text("value") or "").split()) or title
            if kind != "table" or node.get("merged_into_page") is not None:
                continue
            number += 1
            rows = node.get("rows")
            yield Table(
                **ids,
                page=page.page_number,
                last_page=_last_page(page.page_number, node),
                number=number,
                item=node.number,
                title=title,
                box=node.box,
                confidence=node.confidence,
                concerns=_concerns(node),
                cells=[list(row) if isinstance(row, list) else [row] for row in rows] if isinstance(rows, list) else [],
                about=about,
            )


def _row(table: Table) -> dict[str, object]:
    rows, columns = table.shape
    return {
        "batch_id": table.batch_id,
        "file_id": table.file_id,
        "name": table.name,
        "job_id": table.job_id,
        "page": table.page,
        "last_page": table.last_page,
        "number": table.number,
        "item": table.item,
        "rows": rows,
        "columns": columns,
        "header": table.header,
        "title": table.title,
        **({} if table.box is None else table.box._asdict()),
        "confidence": table.confidence,
        "concerns": table.concerns,
    }


def _last_page(page: int, node: Node) -> int:
    merged = node.get("merged_from_pages")
    return max([page, *(number for one in merged if (number := whole(one)))] if isinstance(merged, list) else [page])


def _concerns(node: Node) -> str | None:
    """The service's `parse_concerns`, a line each: what kind, and what it says of it."""
    found = node.get("parse_concerns")
    concerns = [Node(0, None, 0, concern) for concern in found] if isinstance(found, list) else []
    lines = [": ".join(filter(None, (one.text("type"), one.text("details")))) for one in concerns]
    return "\n".join(filter(None, lines)) or None
