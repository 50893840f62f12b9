"""Saved webhook configurations through the official SDK, and what they lead to."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from datetime import datetime

import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud
from llama_cloud.types import WebhookConfigResponse

from tests.engine.receiver import Receiver, receiving
from tests.engine.support import pdf, wait_for

AGENTIC = "cfg-PARSE_AGENTIC"
URL = "https://me:pass@example.com/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_create_and_retrieve(sdk: LlamaCloud) -> None:
    made = sdk.webhook_configs.create(
        webhook_url=URL,
        webhook_events=["batch.success", "parse.error"],
        webhook_headers={"Authorization": "Bearer k3y"},
        webhook_output_format="json",
        webhook_signing_secret="s3cret",
    )
    assert type(made) is WebhookConfigResponse
    assert made.id.startswith("whc-")
    assert (made.has_secret, made.tenant_type, made.tenant_id) == (True, "project", sdk.projects.list()[0].id)
    assert made.webhook_url == "https://****:****@example.com/hook"
    assert made.webhook_headers == {"Authorization": "****"}
    assert (made.webhook_events, made.webhook_output_format) == (["batch.success", "parse.error"], "json")
    assert isinstance(made.created_at, datetime)
    assert made.updated_at == made.created_at
    assert "s3cret" not in made.to_json()
    assert sdk.webhook_configs.retrieve(made.id) == made
    bare = sdk.webhook_configs.create(webhook_url="http://localhost/hook")
    assert (bare.has_secret, bare.webhook_events, bare.webhook_headers) == (False, None, None)
    assert bare.webhook_output_format is None


def test_update_changes_what_is_given(sdk: LlamaCloud) -> None:
    made = sdk.webhook_configs.create(webhook_url=URL, webhook_events=["batch.success"], webhook_output_format="json")
    changed = sdk.webhook_configs.update(made.id, webhook_signing_secret="s3cret")
    assert changed.has_secret is True
    assert (changed.webhook_url, changed.webhook_events) == (made.webhook_url, ["batch.success"])
    assert (changed.webhook_output_format, changed.created_at) == ("json", made.created_at)
    assert changed.updated_at is not None
    assert made.updated_at is not None
    assert changed.updated_at > made.updated_at
    every = sdk.webhook_configs.update(made.id, webhook_events=None, webhook_url="http://localhost/x")
    assert (every.webhook_events, every.webhook_url, every.has_secret) == (None, "http://localhost/x", True)


def test_lists_are_newest_first(sdk: LlamaCloud) -> None:
    ids = [sdk.webhook_configs.create(webhook_url=f"http://localhost/{n}").id for n in range(5)][::-1]
    with pytest.warns(DeprecationWarning, match="deprecated"):
        every = sdk.webhook_configs.list()
    assert [found.id for found in every][:5] == ids
    page = sdk.webhook_configs.list_paginated(page_size=2, include_total=True)
    assert [found.id for found in page.items] == ids[:2]
    assert page.to_dict()["total_size"] == len(every)
    assert sdk.webhook_configs.list_paginated(page_size=2).to_dict()["total_size"] is None
    assert [found.id for found in sdk.webhook_configs.list_paginated(page_size=2)] == [found.id for found in every]
    with pytest.raises(llama_cloud.UnprocessableEntityError):
        sdk.webhook_configs.list_paginated(page_size=1001)


def test_delete(sdk: LlamaCloud) -> None:
    made = sdk.webhook_configs.create(webhook_url=URL)
    sdk.webhook_configs.delete(made.id)
    for call in (sdk.webhook_configs.retrieve, sdk.webhook_configs.delete):
        with pytest.raises(llama_cloud.NotFoundError):
            call(made.id)
    with pytest.raises(llama_cloud.NotFoundError):
        sdk.webhook_configs.update(made.id, webhook_url=URL)


def test_what_is_refused_names_the_field(sdk: LlamaCloud) -> None:
    made = sdk.webhook_configs.create(webhook_url=URL)
    calls: tuple[Callable[[], object], ...] = (
        lambda: sdk.webhook_configs.create(webhook_url=URL, webhook_events=[]),
        lambda: sdk.webhook_configs.update(made.id, webhook_events=[]),
    )
    for call in calls:
        with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
            call()
        assert isinstance(caught.value.body, dict)
        assert caught.value.body["detail"][0]["loc"] == ["body", "webhook_events"]
    with pytest.raises(llama_cloud.UnprocessableEntityError):
        sdk.webhook_configs.create(webhook_url="example.com/hook")


def test_a_batch_tells_saved_and_inline_endpoints(sdk: LlamaCloud, receiver: Receiver) -> None:
    saved = sdk.webhook_configs.create(
        webhook_url=f"{receiver.url}/saved", webhook_signing_secret="s3cret", webhook_output_format="json"
    )
    directory = sdk.beta.directories.create(name="webhooks")
    sdk.beta.directories.files.upload(directory.id, upload_file=("a.pdf", pdf("alpha")))
    batch = sdk.batches.create(
        config={"job": {"type": "parse_v2", "configuration_id": AGENTIC}},
        source_directory_id=directory.id,
        webhook_configuration_ids=[saved.id],
        webhook_configurations=[{"webhook_url": f"{receiver.url}/inline", "webhook_events": ["batch.success"]}],
    )
    wait_for(lambda: receiver.events(batch.id).count("batch.success") == 2)
    told = {(each.path, each.json["event_type"]): each for each in receiver.told}
    assert {event for path, event in told if path == "/inline"} == {"batch.success"}
    assert {event for path, event in told if path == "/saved"} == {
        *("batch.pending", "batch.running", "batch.success"),
        *("parse.pending", "parse.running", "parse.success"),
    }
    success = told["/saved", "batch.success"]
    digest = hmac.new(b"s3cret", success.body, hashlib.sha256).hexdigest()
    assert success.headers["lc-signature"] == f"sha256={digest}"
    assert success.json["data"]["status"] == sdk.batches.get(batch.id).status == "COMPLETED"
    assert "lc-signature" not in told["/inline", "batch.success"].headers
    with pytest.raises(llama_cloud.NotFoundError):
        sdk.batches.create(
            config={"job": {"type": "parse_v2", "configuration_id": AGENTIC}},
            source_directory_id=directory.id,
            webhook_configuration_ids=["whc-none"],
        )


@pytest.mark.anyio
async def test_the_asynchronous_client(async_sdk: AsyncLlamaCloud) -> None:
    configs = async_sdk.webhook_configs
    made = await configs.create(webhook_url=URL, webhook_signing_secret="s3cret")
    assert (await configs.retrieve(made.id)) == made
    changed = await configs.update(made.id, webhook_events=["extract.success"])
    assert (changed.webhook_events, changed.has_secret) == (["extract.success"], True)
    with pytest.warns(DeprecationWarning, match="deprecated"):
        every = await configs.list()
    assert every[0] == changed
    assert [found.id async for found in configs.list_paginated(page_size=1)] == [found.id for found in every]
    page = await configs.list_paginated(include_total=True)
    assert page.to_dict()["total_size"] == len(every)
    await configs.delete(made.id)
    with pytest.raises(llama_cloud.NotFoundError):
        await configs.retrieve(made.id)
