"""What parameters mean to this engine (contract.md sections 4 to 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llamabatch_nb.engine.parsers.base import ParseOptions
from llamabatch_nb.engine.resources import configurations
from llamabatch_nb.engine.resources.versions import LATEST, VERSIONS
from llamabatch_nb.engine.store.database import Db

#: How an extract job's documents are read where neither its parse nor its own tier says it.
_EXTRACT_PARSE_TIER = "agentic"
#: What is told by these has an effect here; whatever else is told is checked, kept and shown.
_HEEDED = frozenset(
    {
        "product_type",
        "tier",
        "version",
        "client_name",
        "disable_cache",  # there is none
        "output_options.additional_outputs",
        "output_options.granular_bboxes",
        "output_options.images_to_save",
        "output_options.save_output_pdf",
        "output_options.tables_as_spreadsheet.enable",
        "output_options.tables_as_spreadsheet.guess_sheet_name",
        "page_ranges.max_pages",
        "page_ranges.target_pages",
        "processing_control.job_failure_conditions.allowed_page_failure_ratio",
        "processing_options.forms",
        "processing_options.ocr_parameters.languages",
    }
)


def parse_options(parameters: Mapping[str, Any]) -> ParseOptions:
    """From the parameters of ``parse_v2``."""
    output = part(parameters, "output_options")
    ranges = part(parameters, "page_ranges")
    conditions = part(parameters, "processing_control", "job_failure_conditions")
    asked = part(parameters, "processing_options").get("ocr_parameters")
    boxes = output.get("granular_bboxes") or ()
    return ParseOptions(
        tier=parameters["tier"],
        ocr=asked is not None,
        languages=tuple((asked or {}).get("languages") or ()),
        # "If both max_pages and target_pages are set, target_pages takes precedence" (SDK 2.19, PageRanges).
        max_pages=None if ranges.get("target_pages") else ranges.get("max_pages"),
        target_pages=ranges.get("target_pages"),
        screenshots="screenshot" in (output.get("images_to_save") or ()),
        positions=not {"word", "line"}.isdisjoint(boxes) or "word_bbox" in (output.get("additional_outputs") or ()),
        allowed_page_failure_ratio=conditions.get("allowed_page_failure_ratio"),
    )


def recognising(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The same parameters of ``parse_v2``, with text recognition: whichever engine reads the files then has it."""
    processing = part(parameters, "processing_options")
    asked = {"ocr_parameters": processing.get("ocr_parameters") or {}}
    return {**parameters, "processing_options": {**processing, **asked}}


def parse_behind(db: Db, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parse parameters with which the documents of an extract job are read, from its ``extract_v2`` parameters.

    They ask for positions, for citations have boxes; pages are those of the extraction. It raises nothing: a parse
    configuration that was deleted since counts as it was last.
    """
    saved = parameters.get("parse_config_id")
    reading = configurations.last_parameters(db, saved) if saved else None
    if reading is None:
        own = parameters.get("tier")
        tier = parameters.get("parse_tier") or (own if own in VERSIONS else _EXTRACT_PARSE_TIER)
        reading = {"product_type": "parse_v2", "tier": tier, "version": LATEST}
    ranges = {name: parameters[name] for name in ("max_pages", "target_pages") if parameters.get(name)}
    output = part(reading, "output_options")
    return (
        {name: value for name, value in reading.items() if not name.startswith("webhook_")}
        | ({"page_ranges": ranges} if ranges else {})
        | {"output_options": {**output, "granular_bboxes": ["word"]}}
    )


def ignored(parameters: Mapping[str, Any]) -> list[str]:
    """The paths of what was told and has no effect here, such as ``agentic_options.custom_prompt``, sorted."""
    return sorted(set(_paths(parameters)) - _HEEDED)


def part(parameters: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """An object inside the parameters; an empty one where it is left out or null."""
    found: Mapping[str, Any] = parameters
    for name in names:
        found = found.get(name) or {}
    return found


def _paths(value: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _paths(inner, f"{above}{name}.")
        elif inner is not None:
            yield f"{above}{name}"
