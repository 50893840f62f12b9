"""What configurations say, as the engine understands it (contract.md sections 4 to 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llamabatch_nb.engine.parsers.base import ParseOptions
from llamabatch_nb.engine.resources import configurations
from llamabatch_nb.engine.store.database import Db

#: How an extract job's documents are read where its configuration does not say.
_EXTRACT_PARSE_TIER = "agentic"


def parse_options(parameters: Mapping[str, Any]) -> ParseOptions:
    """From the parameters of ``parse_v2``."""
    return ParseOptions(tier=parameters["tier"])


def parse_behind(db: Db, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parse parameters with which the documents of an extract job are read, from its ``extract_v2`` parameters."""
    if parameters.get("parse_config_id"):
        return dict(configurations.get(db, parameters["parse_config_id"]).parameters)
    tier = parameters.get("parse_tier") or _EXTRACT_PARSE_TIER
    return {"product_type": "parse_v2", "tier": tier, "version": "latest"}
