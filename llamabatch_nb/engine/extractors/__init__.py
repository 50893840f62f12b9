"""From a parsed document and a JSON Schema to values, with where they stand (design.md, decision 12).

`extract` is the one door. An extractor is a plug-in (`base.Extractor`); the shipped one is deterministic. Whoever made
a result, it fits the schema: a plug-in's file fails otherwise, with the JSON Pointer of what is wrong.
"""

from __future__ import annotations

from llamabatch_nb.engine.extractors.base import (
    Box,
    Citation,
    Extraction,
    Extractor,
    Line,
    Page,
    Table,
    Unextractable,
)
from llamabatch_nb.engine.extractors.door import extract, read_payload
from llamabatch_nb.engine.extractors.schemas import SchemaError

__all__ = [
    "Box",
    "Citation",
    "Extraction",
    "Extractor",
    "Line",
    "Page",
    "SchemaError",
    "Table",
    "Unextractable",
    "extract",
    "read_payload",
]
