"""The `evidence` frame: where each extracted value stands in its document, and how sure the service is of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.frames.attrs import stamp
from llamabatch_nb.frames.declared import EVIDENCE
from llamabatch_nb.frames.inputs import Unfit, complete, ids, jobs_of, snapshot_of
from llamabatch_nb.frames.nodes import real, whole
from llamabatch_nb.frames.records.cells import json_text
from llamabatch_nb.frames.records.known import Schemas
from llamabatch_nb.frames.records.paths import Steps, path_of
from llamabatch_nb.frames.records.rows import records_of
from llamabatch_nb.frames.records.shapes import Group, Rows, Shape

#: Deeper than any schema that is taken; what is deeper is one value.
_DEEPEST = 64
_SURE = ("confidence", "parsing_confidence", "extraction_confidence")


def evidence(of: object, jobs: object = None) -> pd.DataFrame:
    """One row a value of each extract job: files in the order of the directory, values in that of the schema.

    `of` and `jobs` as in `records`; jobs tell of their values where `cite_sources` or `confidence_scores` was asked
    for, and the order of the schema where their `configuration` was expanded, else values come as they are in the
    result. Columns: ``schema("evidence")``.

    A value is a string, number, boolean or null, an element of an array of these, or an array or object without
    anything in it; an array or object that the service tells of as a whole is one value too. What is not told is NA. Of
    several citations the first is shown, and `citations` says how many there are; of its boxes the first, and `boxes`
    says how many. A file whose result cannot be read is one row with its `error`; others without a result have none.
    Complete (``attrs["complete"]``) once the run has ended and every completed file has its result here.
    """
    found = jobs_of(of, jobs)
    snapshot = snapshot_of(of, found)
    schemas = Schemas(job for job in found.values() if isinstance(job, ExtractJob))
    rows: list[dict[str, object]] = []
    for file in snapshot.files:
        job = found.get(file.job_id) if file.job_id is not None else None
        names = ids(snapshot, file)
        if isinstance(job, Unfit) and file.job_type != "parse_v2":
            rows.append(names | {"error": job.error})
        elif isinstance(job, ExtractJob):
            shape = schemas.of(job)
            for record, (value, about) in enumerate(_records(job), 1):
                rows += (names | {"record": record} | _row(one) for one in _values(value, about, shape, ()))
    frame = EVIDENCE.frame(rows)
    return stamp(frame, snapshot, EVIDENCE, complete=complete(snapshot, found))


class _Told(NamedTuple):
    path: Steps
    value: object
    about: object


def _records(job: ExtractJob) -> Iterator[tuple[object, object]]:
    """Each record, and what is told of it: both are arrays, or both are one object."""
    metadata = job.extract_metadata.field_metadata if job.extract_metadata is not None else None
    told: Sequence[object] = ()
    if metadata is not None and isinstance(job.extract_result, list):
        told = metadata.page_metadata or metadata.row_metadata or ()
    elif metadata is not None:
        # An older answer has the fields right there (contract.md section 6).
        told = (metadata.document_metadata if metadata.document_metadata is not None else metadata.model_extra,)
    for at, record in enumerate(records_of(job.extract_result)):
        yield record, told[at] if at < len(told) else None


def _values(value: object, about: object, shape: Shape | None, at: Steps) -> Iterator[_Told]:
    if len(at) < _DEEPEST and not _of_all(about, value):
        if isinstance(value, Mapping) and value:
            shapes = shape.fields if isinstance(shape, Group) else {}
            named = about if isinstance(about, Mapping) else {}
            for name in (*(name for name in shapes if name in value), *(name for name in value if name not in shapes)):
                yield from _values(value[name], named.get(name), shapes.get(name), (*at, name))
            return
        if isinstance(value, list) and value:
            element = Group(shape.fields) if isinstance(shape, Rows) else None
            numbered = about if isinstance(about, list) else ()
            for number, one in enumerate(value):
                yield from _values(one, numbered[number] if number < len(numbered) else None, element, (*at, number))
            return
    yield _Told(at, value, about)


def _of_all(about: object, value: object) -> bool:
    """Whether `about` tells of an array or object as a whole, and not of the fields in it.

    A field may be called `confidence` or `citation` itself: then what is told of it is an object.
    """
    if not isinstance(about, Mapping) or not isinstance(value, Mapping | list):
        return False
    if isinstance(value, Mapping) and any(isinstance(about.get(name), Mapping | list) for name in value):
        return False
    return isinstance(about.get("citation"), list) or any(real(about.get(name)) is not None for name in _SURE)


def _row(told: _Told) -> dict[str, object]:
    row: dict[str, object] = {"path": path_of(told.path), "value": _text(told.value), "type": _type(told.value)}
    about = told.about
    if not isinstance(about, Mapping):
        return row
    row |= {name: real(about.get(name)) for name in _SURE}
    cited = about.get("citation")
    if isinstance(cited, Mapping):
        cited = [cited]
    if not isinstance(cited, list):
        return row
    return row | {"citations": len(cited)} | (_citation(cited[0]) if cited else {})


def _citation(citation: object) -> dict[str, object]:
    if not isinstance(citation, Mapping):
        return {}
    words, boxes, page = (citation.get(name) for name in ("matching_text", "bounding_boxes", "page_dimensions"))
    there = boxes if isinstance(boxes, list) else []
    box = there[0] if there and isinstance(there[0], Mapping) else {}
    size = page if isinstance(page, Mapping) else {}
    return {
        "page": whole(citation.get("page")),
        "matching_text": words if isinstance(words, str) else None,
        "boxes": len(there) if isinstance(boxes, list) else None,
        "x": real(box.get("x")),
        "y": real(box.get("y")),
        "width": real(box.get("w")),
        "height": real(box.get("h")),
        "page_width": real(size.get("width")),
        "page_height": real(size.get("height")),
    }


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return json_text(value)
    except RecursionError:
        return None


def _type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
    return "array" if isinstance(value, list) else "object"
