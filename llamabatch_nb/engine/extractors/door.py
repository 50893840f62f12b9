"""From a parse payload to an extract payload, or to the reason why there is none."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llamabatch_nb.engine.extractors import plugins, targets
from llamabatch_nb.engine.extractors.base import Extraction, Extractor, Page, Unextractable
from llamabatch_nb.engine.extractors.pages import read_pages
from llamabatch_nb.engine.extractors.schemas import SchemaError, completed, faults, path_of, resolved
from llamabatch_nb.engine.extractors.values import json_of

#: Null at one place may be wrong at another; a schema that is never content gets nothing.
_MENDINGS = 10


def extract(
    payload: bytes, path: Path, name: str, parameters: Mapping[str, Any], extractor: Extractor | str | None
) -> tuple[int, bytes]:
    """How many pages were read, and the packed result.

    `payload` is what the parse job made of the file at `path`, which people call `name`; `parameters` are those of
    ``extract_v2``. `extractor` is a callable, the name of an entry point, or None for the shipped one.

    Raises Unextractable.
    """
    try:
        schema = resolved(parameters.get("data_schema"))
    except SchemaError as error:  # of a store that was written before schemas were checked
        raise Unextractable("schema", f"Its schema is wrong at {error}; mend it and retry.") from error
    pages = read_pages(payload, path, name, parameters)
    found, called = plugins.resolved(extractor)

    def run(pages: Sequence[Page], schema: Mapping[str, Any]) -> Extraction:
        if called is None:
            return _mended(_values(found(pages, schema), schema), schema)
        return _plugged(found, called, pages, schema)

    try:
        made = targets.extract(run, pages, schema, parameters)
    except (TypeError, ValueError, AttributeError) as error:  # citations are somebody else's code, too
        if called is None:
            raise
        message = f"{called.capitalize()} returned what is no Extraction ({plugins.told(error)}); mend it and retry."
        raise Unextractable("extractor", message) from error
    content = {"result": made.result, "field_metadata": made.field_metadata}
    return len(pages), zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def read_payload(payload: bytes) -> dict[str, Any]:
    """What `extract` packed: ``{"result": …, "field_metadata": …}``."""
    content: dict[str, Any] = json.loads(zlib.decompress(payload))
    return content


def _plugged(extractor: Extractor, called: str, pages: Sequence[Page], schema: Mapping[str, Any]) -> Extraction:
    """What a plug-in returned, if it fits the schema. Whatever it raises is its file's failure alone."""
    try:
        returned = extractor(pages, schema)
    except Unextractable:
        raise
    except (Exception, SystemExit) as error:
        message = f"{called.capitalize()} failed: {plugins.told(error).rstrip('.')}; mend it and retry."
        raise Unextractable("extractor", message) from error
    try:
        extraction = _values(returned, schema)
        for fault in faults(extraction.values, schema):
            raise fault
    except SchemaError as fault:
        message = f"{called.capitalize()} returned what the schema does not allow, at {fault}; mend it and retry."
        raise Unextractable("invalid_result", message) from fault
    return extraction


def _values(returned: object, schema: Mapping[str, Any]) -> Extraction:
    """With values that are JSON, and null for each property that is not there."""
    extraction = returned if isinstance(returned, Extraction) else Extraction(returned)
    return Extraction(
        completed(json_of(extraction.values), schema), dict(extraction.citations), dict(extraction.confidences)
    )


def _mended(extraction: Extraction, schema: Mapping[str, Any]) -> Extraction:
    """The shipped extractor gives null rather than what a schema's odd rules do not allow: no file fails for that."""
    values: Any = extraction.values
    citations = dict(extraction.citations)
    for _ in range(_MENDINGS):
        wrong = [fault.pointer for fault in faults(values, schema)]
        if not wrong:
            return Extraction(values, citations, extraction.confidences)
        for pointer in wrong:
            values = _without(values, pointer)
            citations.pop(pointer, None)
    return Extraction(completed({}, schema))


def _without(values: Any, pointer: str) -> Any:
    """`values` with null at a pointer; all of it null is an empty object."""
    parts = path_of(pointer)
    if not parts:
        return {}
    place = values
    for part in parts[:-1]:
        place = place[int(part)] if isinstance(place, list) else (place or {}).get(part)
    if isinstance(place, list):
        place[int(parts[-1])] = None
    elif isinstance(place, dict):
        place[parts[-1]] = None
    return values
