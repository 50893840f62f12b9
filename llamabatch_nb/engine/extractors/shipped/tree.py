"""From a schema's tree to the tree of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llamabatch_nb.engine.extractors.base import Citation, Extraction, Page
from llamabatch_nb.engine.extractors.shipped import lists, scalars
from llamabatch_nb.engine.extractors.shipped.amounts import agree_with
from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.fields import DEPTH, Field, field_of, own_labels, resolved, type_of
from llamabatch_nb.engine.extractors.shipped.findings import Finding
from llamabatch_nb.engine.extractors.shipped.grids import Grid
from llamabatch_nb.engine.extractors.shipped.items import Match, best_grid, rows_of
from llamabatch_nb.engine.extractors.shipped.tables import grids_of

#: Properties that are looked for; a schema with more is not for papers.
FIELDS = 600


@dataclass(slots=True)
class _Array:
    """An array of objects of the schema, with its table once it has one."""

    fields: list[Field]
    schema: Mapping[str, Any]
    grid: Grid | None = None
    match: Mapping[str, Match] = field(default_factory=dict)


@dataclass(slots=True)
class _Tree:
    root: Mapping[str, Any]
    scalars: dict[str, Field] = field(default_factory=dict)
    arrays: dict[str, _Array] = field(default_factory=dict)
    lists: dict[str, Field] = field(default_factory=dict)

    def read(self, name: str, schema: Any, pointer: str, parents: tuple[str, ...], depth: int = 0) -> None:
        """Collect the fields under `schema`."""
        plain = resolved(schema, self.root)
        kind = type_of(plain)
        if depth > DEPTH or len(self.scalars) > FIELDS:
            return
        if kind == "object":
            above = (*parents, name) if name else parents
            for key, value, part in _properties(plain):
                self.read(key, value, f"{pointer}/{part}", above, depth + 1)
        elif kind == "array":
            self._array(name, plain, pointer, parents)
        elif plain:
            self.scalars[pointer] = field_of(name, plain, pointer, parents)

    def _array(self, name: str, plain: Mapping[str, Any], pointer: str, parents: tuple[str, ...]) -> None:
        items = resolved(plain.get("items"), self.root)
        if type_of(items) == "object":
            columns = [
                field_of(key, part, tail, (name,), column=True)
                for key, value, tail in _properties(items)
                if (part := resolved(value, self.root)) and type_of(part) not in {"object", "array"}
            ]
            self.arrays[pointer] = _Array(columns, items)
        elif items:
            aliases = {"x-aliases": plain.get("x-aliases", ())}
            self.lists[pointer] = field_of(name, {**items, **aliases}, pointer, parents)


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Name, schema and JSON Pointer part of each property."""
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        for name, value in properties.items():
            if isinstance(name, str):
                yield name, value, name.replace("~", "~0").replace("/", "~1")


def extract(pages: Sequence[Page], schema: Mapping[str, Any]) -> Extraction:
    """Read what `schema` asks for out of `pages`; what is not sure enough is None. See the package."""
    tree = _Tree(schema if isinstance(schema, Mapping) else {})
    tree.read("", schema, "", ())
    document = Document(pages, _labels([*tree.scalars.values(), *tree.lists.values()]))
    _find_tables(document, tree)
    result = _Result()
    for pointer, one in tree.scalars.items():
        result.put(pointer, scalars.find(document, one), scalars.threshold(one))
    for pointer, one in tree.lists.items():
        result.put_all(pointer, lists.find(document, one))
    for pointer, array in tree.arrays.items():
        _put_rows(document, result, pointer, array)
    return Extraction(_values(schema, tree.root, "", result), result.citations, result.confidences)


def _labels(fields: Sequence[Field]) -> dict[str, tuple[str, ...]]:
    return {label: (f"own:{label}",) for one in fields for label in own_labels(one) if len(label) > 1}


def _find_tables(document: Document, tree: _Tree) -> None:
    extra: dict[str, tuple[str, ...]] = {}
    for array in tree.arrays.values():
        for one in array.fields:
            for label in (*one.aliases, *(phrase for phrase in one.phrases[1:] if one.concept is None)):
                extra[label] = (*extra.get(label, ()), f"own:{one.name}", *((one.concept,) if one.concept else ()))
    grids = grids_of(document, extra)
    for grid in grids:
        if grid.of_items or any(concept.startswith("own:") for column in grid.columns for concept in column.concepts):
            document.taken |= grid.rows
    chosen = [(found, array) for array in tree.arrays.values() if (found := best_grid(grids, array.fields))]
    chosen.sort(key=lambda one: -len(one[0][1]))
    used: list[Grid] = []
    for (grid, match), array in chosen:
        if grid in used or len(match) * 3 < len(array.fields):
            continue
        used.append(grid)
        array.grid, array.match = grid, match


@dataclass(slots=True)
class _Result:
    values: dict[str, Any] = field(default_factory=dict)
    citations: dict[str, Sequence[Citation]] = field(default_factory=dict)
    confidences: dict[str, float] = field(default_factory=dict)

    def put(self, pointer: str, finding: Finding | None, threshold: float) -> None:
        """Keep a finding that is sure enough; of another only how sure it was."""
        self.confidences[pointer] = round(finding.confidence, 3) if finding else 0.0
        if finding and finding.confidence >= threshold:
            self.values[pointer] = finding.value
            self.citations[pointer] = finding.citations()

    def put_all(self, pointer: str, findings: Sequence[Finding]) -> None:
        """Keep a list of scalars."""
        if findings:
            self.values[pointer] = len(findings)
        for index, finding in enumerate(findings):
            self.put(f"{pointer}/{index}", finding, 0.0)


def _put_rows(document: Document, result: _Result, pointer: str, array: _Array) -> None:
    if array.grid is None:
        return
    rows = rows_of(document, array.grid, array.match, array.fields)
    amounts = [one.name for one in array.fields if one.concept == "amount"]
    bonus = agree_with(document, [row.get(amounts[0]) for row in rows] if amounts else [])
    rows = [row for row in rows if any(one.confidence >= scalars.ROW for one in row.values())]
    if rows:
        result.values[pointer] = len(rows)
    for index, row in enumerate(rows):
        for one in array.fields:
            finding = row.get(one.name)
            if finding:
                finding = Finding(finding.value, min(finding.confidence + bonus, 0.99), finding.text, finding.cells)
            result.put(f"{pointer}/{index}{one.pointer and '/' + one.pointer}", finding, scalars.ROW)


def _values(schema: Any, root: Mapping[str, Any], pointer: str, result: _Result, depth: int = 0) -> Any:
    """The tree of values; an array is as long as what was found for it, None where nothing was."""
    plain = resolved(schema, root)
    kind = type_of(plain)
    if depth > DEPTH:
        return None
    if kind == "object":
        return {
            name: _values(value, root, f"{pointer}/{part}", result, depth + 1)
            for name, value, part in _properties(plain)
        }
    if kind == "array":
        count = result.values.get(pointer)
        if count is None:
            return None
        return [_values(plain.get("items"), root, f"{pointer}/{index}", result, depth + 1) for index in range(count)]
    return result.values.get(pointer)
