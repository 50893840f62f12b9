"""Saved product configurations: ``/api/v1/beta/configurations`` (contract.md section 4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from llamabatch_nb.contract.base import Changes, Filled, JsonObject, Many, PageQuery, Request, Response

ProductType = Literal["parse_v2", "extract_v2", "classify_v2", "split_v1", "spreadsheet_v1", "unknown"]

#: The one built-in preset that any public source names; others are plausible and unverified (contract.md section 4).
PARSE_AGENTIC = "cfg-PARSE_AGENTIC"


def _of_a_product(parameters: JsonObject) -> JsonObject:
    if parameters.get("product_type") not in get_args(ProductType):
        words = ", ".join(get_args(ProductType))
        raise PydanticCustomError("product_type", "product_type has to be one of {words}", {"words": words})
    return parameters


#: A union of six products by `product_type`, with some hundred fields that change monthly: the service checks those.
Parameters = Annotated[JsonObject, AfterValidator(_of_a_product)]


class Configuration(Response):
    """Configurations are versioned: `version` is a time."""

    id: str
    name: str
    product_type: ProductType | str
    version: str
    parameters: dict[str, Any]
    created_at: datetime | None = None
    updated_at: datetime | None = None


class CreateConfiguration(Request):
    name: Filled
    parameters: Parameters


class UpdateConfiguration(Changes):
    name: Filled | None = None
    parameters: Parameters | None = None


class ListConfigurations(PageQuery):
    name: Filled | None = None
    product_type: Annotated[list[ProductType], Many] = []
    latest_only: bool | None = None
