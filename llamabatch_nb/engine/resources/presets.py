"""The configurations that are built in: one parse preset for each tier (contract.md section 4)."""

from __future__ import annotations

from llamabatch_nb.contract.configurations import PARSE_AGENTIC, Configuration

PARSE = "parse_v2"


def _parse_preset(config_id: str, tier: str) -> Configuration:
    return Configuration(
        id=config_id,
        name=config_id.removeprefix("cfg-"),
        product_type=PARSE,
        # "Version identifier (datetime string)" (SDK 2.19, ConfigurationResponse). Presets never change.
        version="2026-01-01T00:00:00Z",
        parameters={"product_type": PARSE, "tier": tier, "version": "latest"},
    )


PRESETS: dict[str, Configuration] = {
    preset.id: preset
    for preset in (
        _parse_preset("cfg-PARSE_FAST", "fast"),
        _parse_preset("cfg-PARSE_COST_EFFECTIVE", "cost_effective"),
        _parse_preset(PARSE_AGENTIC, "agentic"),
        _parse_preset("cfg-PARSE_AGENTIC_PLUS", "agentic_plus"),
    )
}
