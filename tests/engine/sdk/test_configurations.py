"""The official SDK saves, lists and deletes configurations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud
from llama_cloud.types import ConfigurationResponse, ExtractV2Parameters, ParseV2Parameters, UntypedParameters

from tests.contract.sdk_samples import arguments

PARSE: Any = {"product_type": "parse_v2", "tier": "agentic", "version": "latest", "page_ranges": {"max_pages": 3}}
FAST: Any = {**PARSE, "tier": "fast"}
TYPO: Any = {**PARSE, "page_ranges": {"max_page": 3}}
FREE: Any = {"product_type": "unknown", "a": 1}
EXTRACT: Any = {
    "product_type": "extract_v2",
    "data_schema": {"type": "object", "properties": {"total": {"type": "number"}}},
    "cite_sources": True,
}


def test_from_create_to_delete(sdk: LlamaCloud) -> None:
    saved = sdk.configurations.create(name="sync", parameters=PARSE)
    assert type(saved) is ConfigurationResponse
    assert saved.id.startswith("cfg-")
    assert (saved.name, saved.product_type) == ("sync", "parse_v2")
    assert type(saved.parameters) is ParseV2Parameters
    assert saved.parameters.page_ranges is not None
    assert saved.parameters.page_ranges.max_pages == 3
    assert abs(datetime.fromisoformat(saved.version) - datetime.now(UTC)) < timedelta(minutes=5)
    again = sdk.configurations.create(name="sync", parameters=FAST)
    assert (again.id, again.created_at) == (saved.id, saved.created_at)
    assert again.version > saved.version
    renamed = sdk.configurations.update(saved.id, name="renamed")
    assert renamed.name == "renamed"
    assert type(renamed.parameters) is ParseV2Parameters
    assert renamed.parameters.tier == "fast"
    changed = sdk.configurations.update(saved.id, parameters=PARSE)
    assert sdk.configurations.retrieve(saved.id) == changed
    assert changed.name == "renamed"
    assert sdk.configurations.delete(saved.id) is None  # type: ignore[func-returns-value]
    with pytest.raises(llama_cloud.NotFoundError):
        sdk.configurations.retrieve(saved.id)


def test_lists(sdk: LlamaCloud) -> None:
    values = sdk.configurations.create(name="list", parameters=EXTRACT)
    assert type(values.parameters) is ExtractV2Parameters
    assert values.parameters.data_schema == EXTRACT["data_schema"]
    free = sdk.configurations.create(name="list", parameters=FREE)
    assert type(free.parameters) is UntypedParameters
    newer = sdk.configurations.create(name="list", parameters=EXTRACT)
    assert [one.version for one in sdk.configurations.list(name="list", page_size=1)] == [
        newer.version,
        free.version,
        values.version,
    ]
    assert list(sdk.configurations.list(name="list", latest_only=True)) == [free, newer]
    products = sdk.configurations.list(name="list", product_type=["unknown", "parse_v2"])
    assert [one.id for one in products] == [free.id]
    presets = [one.id for one in sdk.configurations.list(page_size=2) if one.id.startswith("cfg-PARSE_")]
    assert presets == ["cfg-PARSE_FAST", "cfg-PARSE_COST_EFFECTIVE", "cfg-PARSE_AGENTIC", "cfg-PARSE_AGENTIC_PLUS"]


def test_refusals(sdk: LlamaCloud) -> None:
    with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
        sdk.configurations.create(name="typo", parameters=TYPO)
    assert isinstance(caught.value.body, dict)
    (problem,) = caught.value.body["detail"]
    assert problem["loc"] == ["body", "parameters", "parse_v2", "page_ranges", "max_page"]
    wrong: Any = {**EXTRACT, "data_schema": {"type": "object", "properties": {"a": {"type": "numbre"}}}}
    with pytest.raises(llama_cloud.UnprocessableEntityError, match="/properties/a/type"):
        sdk.configurations.create(name="typo", parameters=wrong)
    with pytest.raises(llama_cloud.PermissionDeniedError):
        sdk.configurations.delete("cfg-PARSE_FAST")
    with pytest.raises(llama_cloud.PermissionDeniedError):
        sdk.configurations.update("cfg-PARSE_FAST", name="mine")
    with pytest.raises(llama_cloud.NotFoundError):
        sdk.configurations.update("cfg-none", name="mine")


@pytest.mark.parametrize("turn", range(4))
def test_everything_that_the_sdk_knows_is_taken(sdk: LlamaCloud, turn: int) -> None:
    given = arguments("parsing.create", sdk.parsing.create, turn)
    only_of_jobs = {"organization_id", "project_id", "configuration_id", "file_id", "source_url", "upload_file"}
    told: dict[str, Any] = {name: value for name, value in given.items() if name not in only_of_jobs}
    for name in ("http_proxy", "user_metadata", "webhook_configuration_ids", "webhook_configurations"):
        told.pop(name)
    told |= {"product_type": "parse_v2", "tier": "agentic", "version": "latest"}
    told["page_ranges"]["target_pages"] = "1,3,5-8"
    told["output_options"]["additional_outputs"] = ["stripped_md", "concatenated_stripped_txt", "word_bbox"]
    saved = sdk.configurations.create(name=f"everything {turn}", parameters=told)  # type: ignore[arg-type]
    assert saved.parameters.to_dict(exclude_unset=True) == told


@pytest.mark.anyio
async def test_from_create_to_delete_asynchronously(async_sdk: AsyncLlamaCloud) -> None:
    saved = await async_sdk.configurations.create(name="async", parameters=PARSE)
    changed = await async_sdk.configurations.update(saved.id, name="async too", parameters=FAST)
    assert (changed.id, changed.name) == (saved.id, "async too")
    assert await async_sdk.configurations.retrieve(saved.id) == changed
    assert [one.version async for one in async_sdk.configurations.list(name="async", page_size=1)] == [saved.version]
    assert [one async for one in async_sdk.configurations.list(name="async too", latest_only=True)] == [changed]
    await async_sdk.configurations.delete(saved.id)
    with pytest.raises(llama_cloud.NotFoundError):
        await async_sdk.configurations.retrieve(saved.id)


def test_secrets_of_webhooks_are_write_only(sdk: LlamaCloud) -> None:
    webhook = {
        "webhook_url": "http://me:password@127.0.0.1:9/hook",
        "webhook_headers": {"X-Key": "password"},
        "webhook_signing_secret": "password",
        "webhook_events": ["parse.success"],
    }
    parameters: Any = {**PARSE, "webhook_configurations": [webhook]}
    saved = sdk.configurations.create(name="hooked", parameters=parameters)
    shown = [saved, sdk.configurations.retrieve(saved.id), *sdk.configurations.list(name="hooked")]
    shown.append(sdk.configurations.update(saved.id, name="hooked still"))
    for configuration in shown:
        assert "password" not in configuration.to_json()
        assert isinstance(configuration.parameters, ParseV2Parameters)
        (one,) = configuration.parameters.webhook_configurations or []
        assert one.webhook_events == ["parse.success"]
