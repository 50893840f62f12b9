"""The `results` frame: what a batch made of each source file, exactly as the API says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
from pydantic_core import from_json

from llamabatch_nb.frames.attrs import stamp
from llamabatch_nb.frames.declared import RESULTS
from llamabatch_nb.frames.foreign import Mapped, batch_from, mapped
from llamabatch_nb.frames.inputs import bare, held, ids
from llamabatch_nb.frames.schema import TEXT
from llamabatch_nb.snapshot import TERMINAL_BATCH, FileState, Snapshot


def results(of: object) -> pd.DataFrame:
    """One row a source file, in the order of the batch. Columns: ``schema("results")``, names as the API has them.

    `of` is a batch, ours or the official SDK's, or the JSON of one: a dict, text, or the bytes as they came, which is
    the fast way for a large one (100,000 results take about as long as reading their JSON). A run or a Snapshot will do
    too: then a row is a file's best attempt, of whichever batch. While the service tells no results there are no rows.
    An entry that cannot be read is a row whose ``error_message`` says so.

    Complete (``attrs["complete"]``) once every batch is terminal and has told what it made of its files. How the jobs
    ended is another matter: see `files`.

    Raises:
        InputError: `of` is none of these.

    """
    snapshot = held(of)
    if snapshot is not None:
        frame = RESULTS.frame(_row(snapshot, file) for file in snapshot.files)
        phases = [batch.phase for batch in snapshot.batches] or [snapshot.phase]
        told = snapshot.mapped and all(phase in TERMINAL_BATCH for phase in phases)
        return stamp(frame, snapshot, RESULTS, complete=told)
    batch = _read(of)
    snapshot, entries = bare(batch), batch.get("results")
    entries = entries if isinstance(entries, list) else []
    bulk = _bulk(snapshot.batch_id, entries)
    frame = bulk if bulk is not None else RESULTS.frame(_named(snapshot.batch_id, mapped(entry)) for entry in entries)
    return stamp(frame, snapshot, RESULTS, complete=snapshot.mapped and snapshot.phase in TERMINAL_BATCH)


def _row(snapshot: Snapshot, file: FileState) -> dict[str, object]:
    error = file.error if file.error_source == "mapping" else None
    return _named(ids(snapshot, file)["batch_id"], Mapped(file.file_id, file.job_id, file.job_type, error))


def _named(batch_id: object, entry: Mapped) -> dict[str, object]:
    return {
        "batch_id": batch_id,
        "source_directory_file_id": entry.file_id,
        "job_reference.id": entry.job_id,
        "job_reference.type": entry.job_type,
        "error_message": entry.error,
    }


def _read(of: object) -> Mapping[str, Any]:
    if isinstance(of, (str, bytes, bytearray)):
        try:
            # Ids are never seen twice: only keys are worth remembering.
            of = from_json(of, cache_strings="keys")
        except ValueError:
            return batch_from(of)  # slower, takes half a surrogate pair, and says what is wrong
    return batch_from(of)


def _bulk(batch_id: str | None, entries: list[Any]) -> pd.DataFrame | None:
    """The whole frame column by column; None where an entry is not as the contract has it.

    Arrow checks what it takes: a column of text that holds anything else is refused.
    """
    try:
        references = [entry.get("job_reference") for entry in entries]
        files = _column([entry["source_directory_file_id"] for entry in entries])
        jobs = _column([None if one is None else one["id"] for one in references])
        types = _column([None if one is None else one["type"] for one in references])
        errors = _column([entry.get("error_message") for entry in entries])
        batches = pa.repeat(pa.scalar(batch_id, pa.large_string()), len(entries))
    except (AttributeError, LookupError, TypeError, ValueError, pa.ArrowException):
        return None
    if files.null_count or jobs.null_count != references.count(None):
        return None
    dtype: Any = TEXT  # pandas-stubs do not know how it takes Arrow's arrays
    arrays = zip(RESULTS.columns, (batches, files, jobs, types, errors), strict=True)
    return pd.DataFrame({column.name: dtype.__from_arrow__(array) for column, array in arrays}, copy=False)


def _column(values: list[Any]) -> pa.Array:
    return pa.array(values, pa.large_string())
