"""The official SDK must not be able to tell the engine from the service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud

from tests.engine.server import Server, serving
from tests.engine.support import pdf, wait_for

AGENTIC = "cfg-PARSE_AGENTIC"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data") as server:
        yield server


@pytest.fixture
def sdk(server: Server) -> Iterator[LlamaCloud]:
    with LlamaCloud(base_url=server.url, api_key="x") as sdk:
        yield sdk


def create(sdk: LlamaCloud, directory_id: str) -> str:
    job = {"type": "parse_v2", "configuration_id": AGENTIC}
    return sdk.batches.create(config={"job": job}, source_directory_id=directory_id).id  # type: ignore[typeddict-item]


def test_a_batch_from_end_to_end(sdk: LlamaCloud, tmp_path: Path) -> None:
    directory = sdk.beta.directories.create(name="Q3", type="ephemeral")
    assert sdk.beta.directories.get(directory.id).name == "Q3"
    assert [found.id for found in sdk.beta.directories.list(name="Q3")] == [directory.id]
    path = tmp_path / "bill.pdf"
    path.write_bytes(pdf("alpha", "beta"))
    first = sdk.beta.directories.files.upload(directory.id, upload_file=path, metadata='{"team": "x"}')
    second = sdk.beta.directories.files.upload(
        directory.id, upload_file=("cut.pdf", pdf("gamma")[:100], "application/pdf"), unique_id="u2"
    )
    third = sdk.beta.directories.files.upload(directory.id, upload_file=b"plain words", display_name="note.txt")
    assert (first.display_name, first.unique_id, first.metadata) == ("bill.pdf", "bill.pdf", {"team": "x"})
    assert (second.display_name, second.unique_id) == ("cut.pdf", "u2")
    assert third.display_name == "note.txt"
    files = list(sdk.beta.directories.files.list(directory.id, page_size=2))
    assert [file.id for file in files] == [first.id, second.id, third.id]
    got = sdk.beta.directories.files.get(first.id, directory_id=directory.id)
    assert got.display_name == "bill.pdf"

    batch_id = create(sdk, directory.id)
    wait_for(lambda: sdk.batches.get(batch_id).status == "COMPLETED")
    assert sdk.batches.get(batch_id).results is None
    batch = sdk.batches.get(batch_id, expand=["results"])
    assert (batch.config.job.type, batch.config.job.configuration_id) == ("parse_v2", AGENTIC)
    assert batch.results is not None
    assert [result.source_directory_file_id for result in batch.results] == [file.id for file in files]
    jobs = [result.job_reference.id for result in batch.results if result.job_reference]
    assert [found.id for found in sdk.batches.list(status="COMPLETED", source_directory_id=directory.id)] == [batch_id]

    bill = sdk.parsing.get(jobs[0], expand=["text", "markdown", "items", "metadata", "job_metadata", "usage"])
    assert bill.job.status == "COMPLETED"
    assert bill.text is not None
    assert [page.text.strip() for page in bill.text.pages] == ["alpha", "beta"]
    assert bill.markdown is not None
    assert [page.markdown.strip() for page in bill.markdown.pages if page.success] == ["alpha", "beta"]
    assert bill.items is not None
    assert [type(page).__name__ for page in bill.items.pages] == ["ItemsPageStructuredResultPage"] * 2
    assert bill.job.usage is not None
    cut = sdk.parsing.get(jobs[1], expand=["markdown"])
    assert (cut.job.status, cut.markdown) == ("FAILED", None)
    assert cut.job.error_message
    assert {job.id for job in sdk.parsing.list(job_ids=jobs)} == set(jobs)
    assert [job.id for job in sdk.parsing.list(status="FAILED")] == [jobs[1]]


def test_what_a_retry_needs(sdk: LlamaCloud) -> None:
    first = sdk.beta.directories.create(name="first", type="ephemeral")
    uploaded = sdk.beta.directories.files.upload(first.id, upload_file=("a.txt", b"plain words"), unique_id="x/a.txt")
    assert uploaded.file_id is not None
    sdk.beta.directories.files.delete(uploaded.id, directory_id=first.id)
    sdk.beta.directories.delete(first.id)
    second = sdk.beta.directories.create(name="second", type="ephemeral")
    added = sdk.beta.directories.files.add(
        second.id, file_id=uploaded.file_id, display_name="a.txt", unique_id="x/a.txt", metadata={"attempt": 2}
    )
    assert (added.file_id, added.unique_id, added.metadata) == (uploaded.file_id, "x/a.txt", {"attempt": 2})
    batch_id = create(sdk, second.id)
    wait_for(lambda: sdk.batches.get(batch_id).status == "COMPLETED")
    (job,) = sdk.parsing.list()
    assert job.status == "COMPLETED"
    with pytest.raises(llama_cloud.ConflictError):
        sdk.parsing.cancel(job.id)
    sdk.files.delete(uploaded.file_id)
    with pytest.raises(llama_cloud.NotFoundError):
        sdk.beta.directories.files.add(second.id, file_id=uploaded.file_id, unique_id="b")


def test_pages_follow_each_other(sdk: LlamaCloud) -> None:
    ids = [sdk.beta.directories.create(name=str(n)).id for n in range(7)]
    assert [found.id for found in sdk.beta.directories.list(page_size=3)] == ids[::-1]
    assert [project.is_default for project in sdk.projects.list()] == [True]
    presets = list(sdk.configurations.list(product_type=["parse_v2"], page_size=1))
    assert AGENTIC in [preset.id for preset in presets]
    assert sdk.configurations.retrieve(AGENTIC).product_type == "parse_v2"


def test_errors_are_the_sdks_own(server: Server, sdk: LlamaCloud) -> None:
    with pytest.raises(llama_cloud.NotFoundError):
        sdk.batches.get("bat-none")
    with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
        sdk.batches.list(page_size=5000)
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["detail"][0]["loc"] == ["query", "page_size"]
    with pytest.raises(llama_cloud.PermissionDeniedError):
        sdk.batches.list(project_id="other")
    with (
        LlamaCloud(base_url=server.url, api_key="x", default_headers={"Authorization": "Basic x"}) as stranger,
        pytest.raises(llama_cloud.AuthenticationError),
    ):
        stranger.projects.list()


def test_a_useless_retry_is_not_made(sdk: LlamaCloud) -> None:
    """Otherwise each of these takes the SDK six requests (contract.md section 8)."""
    directory = sdk.beta.directories.create(name="a")
    sdk.beta.directories.files.upload(directory.id, upload_file=("a.pdf", pdf("alpha")))
    batch_id = create(sdk, directory.id)
    wait_for(lambda: sdk.batches.get(batch_id).status == "COMPLETED")
    seen: list[str] = []
    sdk._client.event_hooks["request"].append(lambda request: seen.append(request.method))
    with pytest.raises(llama_cloud.ConflictError):
        sdk.batches.cancel(batch_id)
    with pytest.raises(llama_cloud.ConflictError):
        sdk.parsing.cancel(next(iter(sdk.parsing.list())).id)
    with pytest.raises(llama_cloud.ConflictError):
        sdk.beta.directories.create(name="a")
    with pytest.raises(llama_cloud.ConflictError):
        sdk.beta.directories.files.upload(directory.id, upload_file=("a.pdf", pdf("alpha")))
    assert seen == ["POST", "GET", *["POST"] * 3]


def test_cancel(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", seconds_per_file=0.2) as server,
        LlamaCloud(base_url=server.url, api_key="x") as sdk,
    ):
        directory = sdk.beta.directories.create(name="a")
        for n in range(30):
            sdk.beta.directories.files.upload(directory.id, upload_file=(f"{n}.pdf", pdf(str(n))))
        batch_id = create(sdk, directory.id)
        wait_for(lambda: list(sdk.parsing.list(status="COMPLETED")))
        sdk.batches.cancel(batch_id)
        wait_for(lambda: sdk.batches.get(batch_id).status == "CANCELLED")
        results = sdk.batches.get(batch_id, expand=["results"]).results
        assert results is not None
        assert len(results) == 30
        assert list(sdk.parsing.list(status="CANCELLED"))


def test_the_asynchronous_client(server: Server) -> None:
    async def run() -> list[str]:
        async with AsyncLlamaCloud(base_url=server.url, api_key="x") as sdk:
            directory = await sdk.beta.directories.create(name="a")
            upload = sdk.beta.directories.files.upload
            await asyncio.gather(*(upload(directory.id, upload_file=(f"{n}.txt", b"words")) for n in range(20)))
            batch = await sdk.batches.create(
                config={"job": {"type": "parse_v2", "configuration_id": AGENTIC}}, source_directory_id=directory.id
            )
            end = time.monotonic() + 60
            while (await sdk.batches.get(batch.id)).status != "COMPLETED":
                assert time.monotonic() < end
                await asyncio.sleep(0.05)
            return [job.status async for job in sdk.parsing.list(page_size=6)]

    assert asyncio.run(run()) == ["COMPLETED"] * 20
