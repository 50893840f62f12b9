"""Which frames a shape makes, and which columns they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.records.cells import DTYPES
from llamabatch_nb.frames.records.paths import Steps, path_of
from llamabatch_nb.frames.records.shapes import Group, Rows, Shape, Value
from llamabatch_nb.frames.schema import Column, Schema, storable

#: The frame with a row a record.
MAIN = "main"
_IDS = (
    Column("batch_id", "string", "Batch the file was submitted in", None, "batch.id"),
    Column("file_id", "string", "Directory file the record is of", None, "directory_file.id"),
    Column("name", "string", "Path relative to the submitted folder", None, "folder, else directory_file.display_name"),
    Column("job_id", "string", "Job that extracted it", None, "result.job_reference.id"),
    Column("record", "Int64", "Number of the record in its file, from 1", None, "counted in extract_result"),
)
_PROBLEMS = Column("problems", "string", "Values that did not fit, and why", None, "extract_result, data_schema")
#: What a row of the main frame begins with.
OF_RECORD = (
    *_IDS,
    Column("key", "string", "Key of the row; child rows have it as parent", None, "job or file, and record"),
    Column("status", "string", "Status of the job, or how near the file is to one", None, "job.status, lower case"),
    Column("error", "string", "Why there is no result", None, "upload, result or job: error_message"),
    _PROBLEMS,
)
#: What a row of a child frame begins with.
OF_ELEMENT = (
    *_IDS,
    Column("key", "string", "Key of the row; rows below it have it as parent", None, "parent, array and number"),
    Column("parent", "string", "Key of the row that has the array", None, "key of the frame above"),
    Column("number", "Int64", "Number in the array, from 1", None, "counted in the array"),
    _PROBLEMS,
)
#: Columns of ours: a field of that name has its frame before it.
OURS = frozenset(column.name for column in (*OF_RECORD, *OF_ELEMENT))


@dataclass(frozen=True, slots=True)
class Cell:
    """A scalar and the column it goes to."""

    column: str
    declared: Value


@dataclass(frozen=True, slots=True)
class Child:
    """An array of objects and the frame it goes to."""

    frame: str


@dataclass(frozen=True, slots=True)
class Part:
    """An object: what becomes of each of its fields."""

    fields: Mapping[str, Cell | Child | Part]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A frame: how its rows are read, and its schema."""

    name: str
    part: Part
    schema: Schema


def sheets(root: Group) -> dict[str, Sheet]:
    """The frames of a settled shape by name, `MAIN` first, each array after the frame it is in.

    A column is called as its field, with the objects it is in, dotted; a frame as its array, with the arrays it is in.
    Where that is the name of one of our own columns, the frame's name and a dot go before it: ``main.status``.

    Raises:
        InputError: two fields, or two arrays, would have one name.

    """
    maker = _Maker()
    maker.sheet(_Draft(MAIN, ""), root, OF_RECORD, ())
    return maker.made


@dataclass(frozen=True, slots=True)
class _Draft:
    """A frame in the making: `prefix` is what names of the arrays in it begin with."""

    frame: str
    prefix: str
    columns: dict[str, Column] = field(default_factory=dict)
    arrays: list[tuple[_Draft, Rows, Steps]] = field(default_factory=list)

    def column(self, called: str, value: Value, steps: Steps) -> str:
        name = f"{self.frame}.{called}" if called in OURS else called
        path = path_of(steps)
        if name in self.columns:
            raise _collision("values", "column", name, self.columns[name].source, path)
        self.columns[name] = Column(name, DTYPES[value.kind], value.meaning, value.unit, path, value.words)
        return name


class _Maker:
    def __init__(self) -> None:
        self.made: dict[str, Sheet] = {}
        self._paths: dict[str, str] = {}

    def sheet(self, draft: _Draft, shape: Group | Rows, begins: tuple[Column, ...], steps: Steps) -> None:
        part = self._part(draft, shape.fields, "", steps)
        title = "records" if draft.frame == MAIN else f"records.{draft.frame}"
        self.made[draft.frame] = Sheet(draft.frame, part, Schema(title, 1, (*begins, *draft.columns.values())))
        for below, rows, at in draft.arrays:
            self.sheet(below, rows, OF_ELEMENT, (*at, None))

    def _part(self, draft: _Draft, fields: Mapping[str, Shape], dotted: str, steps: Steps) -> Part:
        made: dict[str, Cell | Child | Part] = {}
        for key, shape in fields.items():
            called, here = f"{dotted}{storable(key)}", (*steps, key)
            if isinstance(shape, Group):
                made[key] = self._part(draft, shape.fields, f"{called}.", here)
            elif isinstance(shape, Value):
                made[key] = Cell(draft.column(called, shape, here), shape)
            else:
                frame = self._frame(f"{draft.prefix}{called}", here)
                draft.arrays.append((_Draft(frame, f"{draft.prefix}{called}."), shape, here))
                made[key] = Child(frame)
        return Part(made)

    def _frame(self, called: str, steps: Steps) -> str:
        name = f"{MAIN}.{called}" if called == MAIN else called
        path = path_of(steps)
        if name in self._paths:
            raise _collision("arrays", "frame", name, self._paths[name], path)
        self._paths[name] = path
        return name


def _collision(things: str, thing: str, name: str, one: str, other: str) -> InputError:
    return InputError(
        f"Two {things}, {one} and {other}, would be the {thing} {name!r}: rename one of them in the schema."
    )
