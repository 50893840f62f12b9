"""Configurations (contract.md section 4). Each choice is shown by the test of its name."""

from __future__ import annotations

from tests.engine.support import Api

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
PARSE = "/api/v2/parse"


def test_presets(idle: Api) -> None:
    presets = idle.ok("GET", "/api/v1/beta/configurations")["items"]
    assert {preset["id"]: preset["parameters"]["tier"] for preset in presets} == {
        "cfg-PARSE_FAST": "fast",
        "cfg-PARSE_COST_EFFECTIVE": "cost_effective",
        "cfg-PARSE_AGENTIC": "agentic",
        "cfg-PARSE_AGENTIC_PLUS": "agentic_plus",
    }
    for preset in presets:
        assert preset["product_type"] == preset["parameters"]["product_type"] == "parse_v2"
        assert idle.ok("GET", f"/api/v1/beta/configurations/{preset['id']}") == preset
    idle.refused(404, "GET", "/api/v1/beta/configurations/cfg-none")
    listed = "/api/v1/beta/configurations"
    page = idle.ok("GET", listed, params={"page_size": 3})
    rest = idle.ok("GET", listed, params={"page_size": 3, "page_token": page["next_page_token"]})
    assert (page["items"] + rest["items"], rest["next_page_token"]) == (presets, None)
    assert idle.ok("GET", listed, params={"name": "PARSE_FAST"})["items"] == presets[:1]
    assert idle.ok("GET", listed, params={"product_type": ["extract_v2", "split_v1"]})["items"] == []
