"""The `records` frames: what was extracted, typed by its JSON Schema."""

from __future__ import annotations

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.frames.attrs import stamp
from llamabatch_nb.frames.inputs import complete, ids, jobs_of, snapshot_of
from llamabatch_nb.frames.records.collection import Records
from llamabatch_nb.frames.records.known import shape
from llamabatch_nb.frames.records.layout import sheets
from llamabatch_nb.frames.records.rows import Table


def records(of: object, jobs: object = None, *, schema: object = None) -> Records:
    """What extract jobs found: one row a document, page or table row, in the order of the directory.

    `of` is a run, a Snapshot or a batch, `jobs` what its jobs are where `of` is no run: ours, the SDK's or their JSON.
    A file without a record is one row as well, with its `status` and, where there is one, its `error`; its `record` is
    NA.

    **Columns** are those of the JSON Schema, behind `batch_id`, `file_id`, `name`, `job_id`, `record`, `key`, `status`,
    `error` and `problems`. The schema is `schema` (a pydantic model, or a JSON Schema as a dict); without it that of
    each job, where its `configuration` was expanded or another job of the same `configuration_id` has one; else it is
    inferred from the values of all those jobs: whole numbers are Int64, other numbers Float64, strings ``string``, null
    everywhere is ``string``. Of several schemas the columns are put together by name. Types that differ are widened:
    Int64 and Float64 to Float64, enums to one with the words of both, other strings to ``string``, scalars to text
    (strings as they are, all else as JSON), and all else to JSON.

    **dtypes**: ``string``; ``Int64``; ``Float64``, also for a Decimal, which is a union of number and string;
    ``boolean``; an enum of strings ``category`` with all of its words, in their order; format ``date``
    ``datetime64[us]`` without a zone; ``date-time`` ``datetime64[us, UTC]``, without a zone taken as UTC. All other
    formats are strings. JSON text, NA where null: arrays of anything but objects, objects without declared properties,
    unions of unlike types, and where a schema contains itself.

    **Nested objects** are dotted columns, ``vendor.address.city``. **Arrays of objects** are frames of their own,
    ``records["line_items"]``, and inside of one another ``records["orders.items"]``: `parent` is the `key` of the row
    that they belong to. A field that is called as one of our own columns is named with its frame: ``main.status``,
    ``line_items.name``.

    **Values that do not fit** their column are NA and said in the row's `problems`, and so are values that the schema
    does not have.

    attrs as of all frames; complete once the run has ended and every completed file has its result here.

    Raises:
        InputError: two values would have one column, such as ``a.b`` as a name and as `b` in `a`; the message has both.
            Or `schema` is no schema.

    """
    found = jobs_of(of, jobs)
    snapshot = snapshot_of(of, found)
    extracted = {
        file.job_id: job for file in snapshot.files if isinstance(job := found.get(file.job_id or ""), ExtractJob)
    }
    made = sheets(shape(extracted.values(), schema))
    table = Table(made)
    for file in snapshot.files:
        job = extracted.get(file.job_id)
        result = None if job is None else job.extract_result
        table.add(ids(snapshot, file), {"status": file.status, "error": file.error}, result)
    whole = complete(snapshot, found)
    return Records(
        {
            name: stamp(sheet.schema.frame(table.rows[name]), snapshot, sheet.schema, complete=whole)
            for name, sheet in made.items()
        },
        {name: sheet.schema for name, sheet in made.items()},
    )
