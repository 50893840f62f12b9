"""Saved product configurations: ``/api/v1/beta/configurations`` (contract.md section 4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from llamabatch_nb.contract.base import PageQuery, Repeated, Response

#: The one built-in preset that any public source names; others are plausible and unverified (contract.md section 4).
PARSE_AGENTIC = "cfg-PARSE_AGENTIC"


class Configuration(Response):
    id: str
    name: str
    product_type: str
    version: str
    parameters: dict[str, Any]
    created_at: datetime | None = None
    updated_at: datetime | None = None


class ListConfigurations(PageQuery):
    name: str | None = None
    product_type: Repeated = []
    latest_only: bool | None = None
