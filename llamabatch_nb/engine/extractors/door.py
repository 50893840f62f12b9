"""From a parse payload to an extract payload, or to the reason why there is none."""

from __future__ import annotations

import copy
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llamabatch_nb.engine.extractors import plugins, targets
from llamabatch_nb.engine.extractors.base import Extraction, Extractor, Page, Unextractable
from llamabatch_nb.engine.extractors.gaps import assumed, completed
from llamabatch_nb.engine.extractors.pages import read_pages
from llamabatch_nb.engine.extractors.schemas import SchemaError, faults, path_of, resolved
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
        # Copies: an extractor that changes what it is given must not change what its values are checked against.
        given, its_schema = list(pages), copy.deepcopy(schema)
        if called is None:
            return _mended(_values(found(given, its_schema), schema), schema)
        return _plugged(found, called, given, its_schema, schema)

    try:
        packed = _packed(targets.extract(run, pages, schema, parameters))
    except Unextractable:
        raise
    except (Exception, SystemExit) as error:  # what was returned is somebody else's code, too: citations, mappings
        if called is None:
            raise
        message = f"{plugins.begun(called)} returned what is no Extraction ({plugins.told(error)}); mend it and retry."
        raise Unextractable("extractor", message) from error
    return len(pages), packed


def read_payload(payload: bytes) -> dict[str, Any]:
    """What `extract` packed: ``{"result": …, "field_metadata": …}``."""
    content: dict[str, Any] = json.loads(zlib.decompress(payload))
    return content


def _packed(made: targets.Extracted) -> bytes:
    content = {"result": made.result, "field_metadata": made.field_metadata}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # Names of a schema and words of a citation may hold half a character (a lone surrogate), as values may.
    return zlib.compress(text.encode("utf-8", "replace"), 1)


def _plugged(
    extractor: Extractor, called: str, pages: Sequence[Page], its_schema: Mapping[str, Any], schema: Mapping[str, Any]
) -> Extraction:
    """What a plug-in returned, if it fits the schema. Whatever it raises is its file's failure alone."""
    try:
        returned = extractor(pages, its_schema)
    except Unextractable as finding:
        words: tuple[object, ...] = (finding.reason, finding.message)
        if all(isinstance(one, str) for one in words):
            raise
        message = (
            f"{plugins.begun(called)} raised an Unextractable whose reason or message is no text; mend it and retry."
        )
        raise Unextractable("extractor", message) from finding
    except (Exception, SystemExit) as error:
        message = f"{plugins.begun(called)} failed: {plugins.told(error).rstrip('.')}; mend it and retry."
        raise Unextractable("extractor", message) from error
    try:
        extraction = _values(returned, schema)
        for fault in faults(extraction.values, schema):
            raise fault
    except SchemaError as fault:
        message = f"{plugins.begun(called)} returned what the schema does not allow, at {fault}; mend it and retry."
        raise Unextractable("invalid_result", message) from fault
    return extraction


def _values(returned: object, schema: Mapping[str, Any]) -> Extraction:
    """With values that are JSON, and all properties. Of a default that stands for a value nobody is sure at all."""
    extraction = returned if isinstance(returned, Extraction) else Extraction(returned)
    found = json_of(extraction.values)
    values = completed(found, schema)
    read_by_nobody = set(assumed(found, values))
    citations = {at: cited for at, cited in dict(extraction.citations).items() if at not in read_by_nobody}
    return Extraction(values, citations, dict(extraction.confidences) | dict.fromkeys(read_by_nobody, 0.0))


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
    return _values({}, schema)


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
