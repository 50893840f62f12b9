"""What others hand us: objects of any package with the API's fields, read without trust.

What does not read as the service describes it is told as a value, an `Unfit` job or a mapping with an error, and never
raised: it belongs to one file, and its row says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.nodes import INT64
from llamabatch_nb.frames.schema import storable

#: How deep objects are read: deeper ones are no answers of this API, but contain themselves.
_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Unfit:
    """A job that does not read as the service describes it; `error` says where."""

    job_id: str
    error: str


Job = ParseResult | ExtractJob | Unfit


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a batch made of one file: None is what is not there, or not what it should be, which `error` then says."""

    file_id: str | None
    job_id: str | None
    job_type: str | None
    error: str | None


def job_from(job: object, job_id: str | None = None) -> Job:
    """One job of ours, of the SDK or of JSON, as a model. Never raises.

    `job_id` is the one under which it was given, where it was. A job of a list, which has no results, reads as a parse
    result of which nothing was expanded.
    """
    if isinstance(job, (ParseResult, ExtractJob, Unfit)):
        return _numbered(job)
    try:
        fields = plain(job)
    except Exception as error:  # an object of whoever passed it, whose attributes may do anything
        return Unfit(job_id or "", storable(f"The job cannot be read ({error})."))
    if not isinstance(fields, dict):
        return Unfit(job_id or "", f"The job cannot be read: it is no object but of type {type(job).__name__}.")
    extract = "file_input" in fields or "extract_result" in fields
    if not extract and "job" not in fields and "status" in fields:
        fields = {"job": fields}
    inner = fields if extract else fields.get("job")
    own = _text(inner.get("id")) if isinstance(inner, Mapping) else None
    model: type[ExtractJob | ParseResult] = ExtractJob if extract else ParseResult
    try:
        return _numbered(_validated(model, fields))
    except ValidationError as error:
        said = error.errors(include_url=False, include_context=False, include_input=False)
        first = f"{'.'.join(map(str, said[0]['loc']))}: {said[0]['msg']}"
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        why = storable(f"The job does not read as the service describes it: {first}{more}.")
        return Unfit(job_id or own or "", why)


def batch_from(batch: object) -> Mapping[str, Any]:
    """A batch as a mapping of its fields.

    Raises:
        InputError: it is no batch.

    """
    fields: object = None
    if isinstance(batch, (str, bytes, bytearray)):
        try:
            fields = json.loads(batch)  # the standard library's: it reads half a surrogate pair too
        except (ValueError, RecursionError) as error:
            raise InputError(f"This text is not the JSON of a batch ({error}): pass what the API answered.") from None
    elif isinstance(batch, dict):
        fields = batch
    elif not isinstance(batch, type):
        try:
            fields = plain(batch)
        except (ValueError, RecursionError):
            fields = None
    if isinstance(fields, dict) and ("results" in fields or "source_directory_id" in fields):
        return fields
    raise InputError(
        "A frame is made of a run, a Snapshot or a batch (an object of the SDK, or the JSON of one), and this is of "
        f"type {type(batch).__name__}."
    )


def mapped(result: object) -> Mapped:
    """An entry of a batch's `results`. Never raises."""
    if not isinstance(result, Mapping):
        try:
            result = plain(result)
        except (ValueError, RecursionError):
            result = None
    if not isinstance(result, Mapping):
        return Mapped(None, None, None, "The service's entry for this file cannot be read: it is no object.")
    reference = result.get("job_reference")
    job = reference if isinstance(reference, Mapping) else {}
    file_id, message = result.get("source_directory_file_id"), result.get("error_message")
    found = Mapped(_text(file_id), _text(job.get("id")), _text(job.get("type")), _text(message))
    odd = {
        "source_directory_file_id": found.file_id is None,
        "job_reference": reference is not None and found.job_id is None,
        "error_message": message is not None and found.error is None,
    }
    if any(odd.values()) and found.error is None:
        named = " and ".join(field for field, is_odd in odd.items() if is_odd)
        return replace(found, error=f"The service's entry for this file cannot be read: see its {named}.")
    return found


def plain(value: object, depth: int = 0) -> Any:
    """Objects of any package as the dicts and lists of their JSON.

    Raises:
        ValueError: it is nested too deeply to be an answer of this API, or in itself.

    """
    if depth > _DEPTH:
        raise ValueError("it is nested too deeply")
    if value is None or isinstance(value, (str, int, float, datetime)):
        return value
    if isinstance(value, BaseModel):
        # What a service sends need not be what the SDK has declared, and the SDK lets it through: no reason to warn.
        return value.model_dump(by_alias=True, exclude_unset=True, warnings=False)
    if isinstance(value, Mapping):
        return {key: plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one, depth + 1) for one in value]
    fields = getattr(value, "__dict__", None) or {
        name: getattr(value, name, None) for name in getattr(value, "__slots__", ())
    }
    return {name: plain(one, depth + 1) for name, one in fields.items()} or None


def _numbered(job: Job) -> Job:
    """The job, Unfit where a page's number is none that a column can hold: JSON's integers have no end."""
    if isinstance(job, ParseResult):
        for part in ("text", "markdown", "items", "metadata"):
            told = getattr(job, part)
            if told is not None and any(page.page_number not in INT64 for page in told.pages):
                where = f"{part}.pages: a page_number is beyond 64 bits"
                return Unfit(job.job.id, f"The job does not read as the service describes it: {where}.")
    return job


def _validated(model: type[ExtractJob | ParseResult], fields: dict[str, Any]) -> ExtractJob | ParseResult:
    """`fields` as the model. A null where the contract has a default is no reason to lose the rest of a job: the SDK
    lets it through as it came.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        nulls = [one["loc"] for one in error.errors(include_url=False) if one["input"] is None]
        if not nulls:
            raise
        return model.model_validate(_without(fields, nulls))


def _without(fields: Any, paths: Iterable[tuple[int | str, ...]]) -> Any:
    """A copy in which what is at `paths` is missing. Where a path says more than keys (a union's branch), as it is."""
    heads: dict[int | str, list[tuple[int | str, ...]]] = {}
    for path in paths:
        heads.setdefault(path[0], []).append(path[1:])
    if isinstance(fields, list):
        return [_without(one, rest) if all(rest := heads.get(n, [()])) else one for n, one in enumerate(fields)]
    if not isinstance(fields, dict):
        return fields
    copy = dict(fields)
    for key, rest in heads.items():
        if not all(rest):
            copy.pop(key, None)
        elif key in copy:
            copy[key] = _without(copy[key], rest)
    return copy


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
