"""From extracted results to the rows of each frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llamabatch_nb.frames.records.cells import MisfitError, cell, shown
from llamabatch_nb.frames.records.layout import MAIN, Cell, Part, Sheet
from llamabatch_nb.frames.records.paths import Steps, path_of
from llamabatch_nb.frames.schema import storable

Row = dict[str, object]
#: How many problems of a row are said one by one.
_SAID = 20
_NO_OBJECT = "is no object"


def records_of(result: object) -> Sequence[object]:
    """The records of an `extract_result`: the object of ``per_doc``, or the elements of an array; none for null."""
    if result is None:
        return ()
    return result if isinstance(result, list) else (result,)


class Table:
    """The rows of all frames, by frame, filled file by file."""

    def __init__(self, sheets: Mapping[str, Sheet]) -> None:
        self._sheets = sheets
        self._keys: set[str] = set()
        self.rows: dict[str, list[Row]] = {name: [] for name in sheets}

    def add(self, names: Row, file: Row, result: object) -> None:
        """One file: `names` go into each of its rows, `file` into those of the main frame.

        A file without a record is one row all the same, of which `record` is NA.
        """
        base = self._key(names)
        found = records_of(result)
        for record, value in enumerate(found, 1):
            begins: Row = {**names, "record": record}
            row: Row = {**begins, **file, "key": f"{base}/{record}"}
            self._row(MAIN, row, value, begins, ())
        if not found:
            self.rows[MAIN].append({**names, **file, "key": f"{base}/0"})

    def _key(self, names: Row) -> str:
        """What the keys of a file begin with: its job, which identical files share, else the file."""
        base = storable(str(names["job_id"] or names["file_id"] or names["name"] or "file"))
        key, number = base, 1
        while key in self._keys:
            number += 1
            key = f"{base}#{number}"
        self._keys.add(key)
        return key

    def _row(self, frame: str, row: Row, value: object, begins: Row, at: Steps) -> None:
        problems: list[str] = []
        self.rows[frame].append(row)
        for child, elements, here in self._part(self._sheets[frame].part, value, row, problems, at):
            for number, element in enumerate(elements, 1):
                key = f"{row['key']}/{path_of(here[len(at) :])}/{number}"
                own: Row = {**begins, "key": key, "parent": row["key"], "number": number}
                self._row(child, own, element, begins, (*here, number - 1))
        if problems:
            more = f"; and {len(problems) - _SAID} more" if len(problems) > _SAID else ""
            row["problems"] = "; ".join(problems[:_SAID]) + more

    def _part(
        self, part: Part, value: object, row: Row, problems: list[str], at: Steps
    ) -> Iterator[tuple[str, Sequence[object], Steps]]:
        """Fills the row from an object; gives the arrays in it, each with its frame and where it stands."""
        if value is None:
            return
        if not isinstance(value, Mapping):
            problems.append(_said(at, value, _NO_OBJECT))
            return
        for name, one in value.items():
            here = (*at, name)
            there = part.fields.get(name)
            if one is None:
                continue
            if there is None:
                problems.append(_said(here, one, "is not in the schema"))
            elif isinstance(there, Cell):
                try:
                    row[there.column] = cell(one, there.declared)
                except MisfitError as misfit:
                    problems.append(_said(here, one, str(misfit)))
            elif isinstance(there, Part):
                yield from self._part(there, one, row, problems, here)
            elif isinstance(one, list):
                yield there.frame, one, here
            else:
                problems.append(_said(here, one, "is no array"))


def _said(at: Steps, value: object, what: str) -> str:
    return f"{path_of(at) or 'the record'}: {shown(value)} {what}"
