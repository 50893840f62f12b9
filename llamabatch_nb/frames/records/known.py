"""Which shape the records of a job have: as its schema says, as one that was given says, or as its values are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.records.inferred import inferred
from llamabatch_nb.frames.records.rows import records_of
from llamabatch_nb.frames.records.schemas import shape_of
from llamabatch_nb.frames.records.shapes import Group, Shape, joined, settled


class Schemas:
    """The shapes of jobs whose configuration was expanded, and of those that have the same configuration id."""

    def __init__(self, jobs: Iterable[ExtractJob]) -> None:
        self._read: list[tuple[Mapping[str, object], Group | None]] = []
        self._by_id: dict[str, Group] = {}
        for job in jobs:
            shape = self._own(job)
            if shape is not None and job.configuration_id is not None:
                self._by_id.setdefault(job.configuration_id, shape)

    def of(self, job: ExtractJob) -> Group | None:
        """None where nothing says its schema."""
        return self._own(job) or self._by_id.get(job.configuration_id or "")

    def _own(self, job: ExtractJob) -> Group | None:
        if job.configuration is None:
            return None
        # A thousand jobs have one schema, and to compare is cheaper than to read.
        for schema, shape in self._read:
            if schema == job.configuration.data_schema:
                return shape
        shape = shape_of(job.configuration.data_schema)
        self._read.append((job.configuration.data_schema, shape))
        return shape


def shape(jobs: Iterable[ExtractJob], schema: object = None) -> Group:
    """What all records of the jobs fit into, settled.

    Raises:
        InputError: `schema` is neither a model nor the JSON Schema of an object with properties.

    """
    if schema is not None:
        found: Group = given(schema)
    else:
        jobs = list(jobs)
        schemas = Schemas(jobs)
        shapes: list[Shape] = []
        unknown: list[object] = []
        for job in jobs:
            known = schemas.of(job)
            if known is None:
                unknown += records_of(job.extract_result)
            elif known not in shapes:
                shapes.append(known)
        everything = joined((*shapes, inferred(unknown)))
        assert isinstance(everything, Group)
        found = everything
    return Group({name: settled(one) for name, one in found.fields.items()})


def given(schema: object) -> Group:
    """The shape that a pydantic model, or a JSON Schema, describes.

    Raises:
        InputError: it is neither, or describes no object with properties.

    """
    make: Callable[[], object] | None = getattr(schema, "model_json_schema", None) if inspect.isclass(schema) else None
    words = make() if make is not None else schema
    found = shape_of(words) if isinstance(words, Mapping) else None
    if found is None:
        raise InputError(
            "schema= is a pydantic model, or the JSON Schema of an object with properties: what the fields of a record "
            "are called, and of which type they are."
        )
    return found
