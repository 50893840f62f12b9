"""What an extraction may be told, checked field by field (SDK 2.19, `ExtractV2ParametersParam`; contract.md section 6).

A field that is not named here is refused, as with a parse (`parse_parameters`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from llamabatch_nb.contract.base import Filled, JsonObject, Request
from llamabatch_nb.contract.extract import ExtractionTarget, ExtractTier
from llamabatch_nb.contract.parse import ParseTier
from llamabatch_nb.engine.resources.parse_parameters import PageCount, PageSelection


class ExtractOptions(Request):
    """`extractor` is this engine's own word: the name of a plug-in (design.md, decision 12)."""

    data_schema: JsonObject
    tier: ExtractTier | None = None
    version: Annotated[str, Field(pattern=r"^(latest|\d+\.\d+|\d{4}-\d{2}-\d{2})$")] | None = None
    extraction_target: ExtractionTarget | None = None
    advanced_citations: bool | None = None
    cite_sources: bool | None = None
    confidence_scores: bool | None = None
    disable_cache: bool | None = None
    extractor: Filled | None = None
    max_pages: PageCount | None = None
    target_pages: PageSelection | None = None
    parse_config_id: Filled | None = None
    parse_tier: ParseTier | None = None
    sheet_names: list[str] | None = None
    spreadsheet_mode: bool | None = None
    system_prompt: str | None = None

    @field_validator("data_schema")
    @classmethod
    def _sound(cls, schema: JsonObject) -> JsonObject:
        # jsonschema takes 0.13 s to import, which only those who extract are to pay (parsing.md section 2).
        from llamabatch_nb.engine.extractors import schemas

        try:
            schemas.check(schema)
        except schemas.SchemaError as error:
            raise PydanticCustomError("json_schema", "{why}", {"why": str(error)}) from None
        return schema


class ExtractParameters(ExtractOptions):
    """The parameters of an ``extract_v2`` configuration."""

    product_type: Literal["extract_v2"]
