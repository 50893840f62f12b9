"""Webhooks (contract.md section 1.4). Each choice is shown by the test of its name."""

from __future__ import annotations

from tests.engine.support import Api, create_body, pdf

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
PARSE = "/api/v2/parse"


def test_webhooks(idle: Api) -> None:
    body = create_body(idle.directory({"a.pdf": pdf("alpha")}))
    assert "webhooks" in idle.refused(422, "POST", BATCHES, json=body | {"webhook_configuration_ids": ["whc-1"]})
    idle.refused(422, "POST", BATCHES, json=body | {"webhook_configurations": [{"webhook_url": "http://x"}]})
    idle.ok("POST", BATCHES, json=body | {"webhook_configuration_ids": [], "webhook_configurations": None})
