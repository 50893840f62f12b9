"""From a parsed document and a JSON Schema to values, with where they stand (design.md, decision 12).

`extract` is the one door. An extractor is a plug-in (`base.Extractor`); the shipped one is deterministic.
"""

from __future__ import annotations

from llamabatch_nb.engine.extractors.base import Box, Citation, Extraction, Extractor, Line, Page, Table
from llamabatch_nb.engine.extractors.door import Unextractable, extract, read_payload

__all__ = [
    "Box",
    "Citation",
    "Extraction",
    "Extractor",
    "Line",
    "Page",
    "Table",
    "Unextractable",
    "extract",
    "read_payload",
]
