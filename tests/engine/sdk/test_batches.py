"""Batches through the official SDK: every method and filter, the shapes of results, refusals, and polling."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud
from llama_cloud.types import BatchCancelResponse, BatchCreateResponse, BatchGetResponse, BatchListResponse
from llama_cloud.types.batch_create_params import Config

from tests.engine.server import Server
from tests.engine.support import PATIENCE, pdf, wait_for

AGENTIC = "cfg-PARSE_AGENTIC"
CONFIG: Config = {"job": {"type": "parse_v2", "configuration_id": AGENTIC}}
TERMINAL = {"COMPLETED", "FAILED", "CANCELLED"}
#: As the official example polls, but for its ten seconds.
INTERVAL = 0.05


def directory(sdk: LlamaCloud, *names: str) -> str:
    """A new directory with files of these names."""
    count = sum(1 for _ in sdk.beta.directories.list(page_size=1000))
    made = sdk.beta.directories.create(name=f"batches {count}")
    for name in names:
        sdk.beta.directories.files.upload(made.id, upload_file=(name, pdf(name)))
    return made.id


def ended(sdk: LlamaCloud, batch_id: str) -> BatchGetResponse:
    """Poll without results until the batch is terminal, then ask for them once: what the official example does."""
    end = time.monotonic() + PATIENCE
    while (batch := sdk.batches.get(batch_id)).status not in TERMINAL:
        assert batch.results is None
        assert time.monotonic() < end
        time.sleep(INTERVAL)
    return sdk.batches.get(batch_id, expand=["results"])


def body(error: llama_cloud.APIStatusError) -> Any:
    assert isinstance(error.body, dict)
    return error.body["detail"]


def test_create_get_and_results(sdk: LlamaCloud) -> None:
    directory_id = directory(sdk, "a.pdf", "b.pdf")
    made = sdk.batches.create(config=CONFIG, source_directory_id=directory_id)
    assert type(made) is BatchCreateResponse
    assert (made.status, made.results, made.source_directory_id) == ("PENDING", None, directory_id)
    assert (made.config.job.type, made.config.job.configuration_id) == ("parse_v2", AGENTIC)
    assert made.project_id == sdk.projects.list()[0].id
    assert isinstance(made.created_at, datetime)
    batch = ended(sdk, made.id)
    assert type(batch) is BatchGetResponse
    assert (batch.id, batch.status, batch.created_at) == (made.id, "COMPLETED", made.created_at)
    assert batch.updated_at is not None
    assert batch.updated_at > made.created_at
    assert batch.results is not None
    files = [file.id for file in sdk.beta.directories.files.list(directory_id)]
    assert [result.source_directory_file_id for result in batch.results] == files
    for result, name in zip(batch.results, ("a.pdf", "b.pdf"), strict=True):
        assert result.error_message is None
        assert result.job_reference is not None
        assert (result.job_reference.type, result.job_reference.id[:4]) == ("parse_v2", "pjb-")
        assert sdk.parsing.get(result.job_reference.id).job.name == name


def test_list_and_its_filters(sdk: LlamaCloud) -> None:
    directory_id = directory(sdk, "a.pdf")
    made = [ended(sdk, sdk.batches.create(config=CONFIG, source_directory_id=directory_id).id) for _ in range(3)]
    ids = [batch.id for batch in made][::-1]
    times = [batch.created_at for batch in made][::-1]
    mine: Any = {"source_directory_id": directory_id}
    page = sdk.batches.list(**mine, page_size=2)
    assert type(page.items[0]) is BatchListResponse
    assert ([batch.id for batch in page.items], page.to_dict()["total_size"]) == (ids[:2], None)
    assert page.next_page_token
    token = page.next_page_token
    assert [batch.id for batch in sdk.batches.list(**mine, page_size=2, page_token=token).items] == ids[2:]
    assert [batch.id for batch in sdk.batches.list(**mine, page_size=1)] == ids
    assert all(batch.results is None for batch in sdk.batches.list(**mine))
    assert [batch.id for batch in sdk.batches.list(**mine, status="COMPLETED")] == ids
    for status in ("PENDING", "THROTTLED", "RUNNING", "FAILED", "CANCELLED"):
        assert list(sdk.batches.list(**mine, status=status)) == []
    assert [batch.id for batch in sdk.batches.list(**mine, created_at_on_or_after=times[1])] == ids[:2]
    assert [batch.id for batch in sdk.batches.list(**mine, created_at_on_or_before=times[1])] == ids[1:]
    naive = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)
    assert list(sdk.batches.list(**mine, created_at_on_or_after=naive)) == []
    assert list(sdk.batches.list(source_directory_id="dir-none")) == []


def test_refusals_have_the_body_that_the_sdk_shows(sdk: LlamaCloud) -> None:
    directory_id = directory(sdk, "a.pdf")
    with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
        sdk.batches.create(config={"job": {"type": "split_v1"}}, source_directory_id="")  # type: ignore[typeddict-item]
    problems = {tuple(problem["loc"]): problem["type"] for problem in body(caught.value)}
    assert problems == {
        ("body", "config", "job", "type"): "literal_error",
        ("body", "config", "job", "configuration_id"): "missing",
        ("body", "source_directory_id"): "string_too_short",
    }
    assert all({"type", "loc", "msg"} <= set(problem) for problem in body(caught.value))
    mismatch: Config = {"job": {"type": "extract_v2", "configuration_id": AGENTIC}}
    with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
        sdk.batches.create(config=mismatch, source_directory_id=directory_id)
    assert "parse_v2" in body(caught.value)
    with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
        sdk.batches.create(config=CONFIG, source_directory_id=directory(sdk))
    assert "no files" in body(caught.value)
    for call in (
        lambda: sdk.batches.create(config=CONFIG, source_directory_id="dir-none"),
        lambda: sdk.batches.get("bat-none"),
        lambda: sdk.batches.cancel("bat-none"),
    ):
        with pytest.raises(llama_cloud.NotFoundError) as missing:
            call()
        assert "none" in body(missing.value)
    with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
        sdk.batches.list(status="DONE")  # type: ignore[arg-type]
    assert body(caught.value)[0]["loc"] == ["query", "status"]


def test_cancel_of_a_terminal_batch_is_a_conflict_that_nobody_retries(server: Server, sdk: LlamaCloud) -> None:
    batch = ended(sdk, sdk.batches.create(config=CONFIG, source_directory_id=directory(sdk, "a.pdf")).id)
    seen: list[str] = []
    with LlamaCloud(base_url=server.url, api_key="x") as patient:  # with the SDK's own five retries
        patient._client.event_hooks["request"].append(lambda request: seen.append(request.method))
        with pytest.raises(llama_cloud.ConflictError) as caught:
            patient.batches.cancel(batch.id)
    assert seen == ["POST"]
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert "COMPLETED" in body(caught.value)


@pytest.mark.anyio
async def test_the_asynchronous_client(sdk: LlamaCloud, async_sdk: AsyncLlamaCloud) -> None:
    directory_id = directory(sdk, "a.pdf", "b.pdf")
    made = await async_sdk.batches.create(config=CONFIG, source_directory_id=directory_id)
    assert made.status == "PENDING"
    end = time.monotonic() + PATIENCE
    while (await async_sdk.batches.get(made.id)).status not in TERMINAL:
        assert time.monotonic() < end
        await asyncio.sleep(INTERVAL)
    batch = await async_sdk.batches.get(made.id, expand=["results"])
    assert batch.results is not None
    assert [result.job_reference is not None for result in batch.results] == [True, True]
    found = [each.id async for each in async_sdk.batches.list(source_directory_id=directory_id, page_size=1)]
    assert found == [made.id]
    with pytest.raises(llama_cloud.ConflictError):
        await async_sdk.batches.cancel(made.id)
    with pytest.raises(llama_cloud.UnprocessableEntityError):
        await async_sdk.batches.list(page_size=0)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCloud]:
    """What ``serve`` shows to whoever wants to see trouble."""
    faults = ("throttled:times=2", "mapping_error:name=bad.pdf", "partial_results")
    flags = [word for fault in faults for word in ("--fault", fault)]
    data = tmp_path_factory.mktemp("demo") / "data"
    server = Server(data, "--workers", "1", "--seconds-per-file", "0.1", *flags)
    with LlamaCloud(base_url=server.url, api_key="x", max_retries=0) as sdk:
        yield sdk
    server.process.terminate()
    server.process.communicate(timeout=PATIENCE)


def test_throttled_is_a_status_to_wait_in(demo: LlamaCloud) -> None:
    batch_id = demo.batches.create(config=CONFIG, source_directory_id=directory(demo, "a.pdf")).id
    seen = [demo.batches.get(batch_id).status for _ in range(2)]
    assert seen == ["THROTTLED", "THROTTLED"]
    assert ended(demo, batch_id).status == "COMPLETED"


def test_the_three_shapes_of_a_result(demo: LlamaCloud) -> None:
    directory_id = directory(demo, "a.pdf", "b.pdf", "bad.pdf")
    batch = ended(demo, demo.batches.create(config=CONFIG, source_directory_id=directory_id).id)

    def shapes(batch: BatchGetResponse) -> list[tuple[bool, bool]]:
        assert batch.results is not None
        return [(result.job_reference is not None, bool(result.error_message)) for result in batch.results]

    assert shapes(batch) == [(True, False), (False, False), (False, True)]
    assert shapes(demo.batches.get(batch.id, expand=["results"])) == [(True, False), (True, False), (False, True)]


def test_cancel_keeps_what_has_finished(demo: LlamaCloud) -> None:
    names = [f"{n:02}.pdf" for n in range(20)]
    batch_id = demo.batches.create(config=CONFIG, source_directory_id=directory(demo, *names)).id
    wait_for(lambda: list(demo.parsing.list(status="COMPLETED", page_size=1000)))
    cancelled = demo.batches.cancel(batch_id)
    assert type(cancelled) is BatchCancelResponse
    assert (cancelled.id, cancelled.results) == (batch_id, None)
    ended(demo, batch_id)
    batch = demo.batches.get(batch_id, expand=["results"])
    assert batch.status == "CANCELLED"
    assert batch.results is not None
    jobs = [result.job_reference.id for result in batch.results if result.job_reference]
    statuses = {job.id: job.status for job in demo.parsing.list(job_ids=jobs, page_size=1000)}
    assert len(statuses) == 20
    assert set(statuses.values()) <= {"COMPLETED", "CANCELLED"}
    assert "CANCELLED" in statuses.values()
