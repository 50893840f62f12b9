"""Extract jobs through the official SDK, blocking and awaited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from llama_cloud import AsyncLlamaCloud, ConflictError, LlamaCloud, NotFoundError, UnprocessableEntityError
from llama_cloud._polling import PollingError
from llama_cloud.types import ExtractV2Job, ExtractV2Parameters

from llamabatch_nb.engine.extractors.plugins import GROUP
from tests.engine.support import pdf, wait_for

#: What the server has installed: an extractor that tells the first number, one that takes its time, one that fails.
PLUGIN = """
import time
from llamabatch_nb.engine.extractors import Citation, Extraction

def total(pages, schema):
    for page in pages:
        for line in page.lines:
            if line.text.startswith("Total"):
                value = float(line.text.split()[-1])
                return Extraction({"total": value}, {"/total": [Citation(page.number, line.text, [line.box])]})
    return {"total": None}

def slow(pages, schema):
    time.sleep(2)
    return {}

def fails(pages, schema):
    raise ValueError("nothing here")
"""
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"total": {"type": "number"}}}
WRONG: dict[str, Any] = {"type": "object", "properties": {"total": {"type": "numbr"}}}
FAST: dict[str, Any] = {"polling_interval": 0.05, "max_interval": 0.1}


def told(extractor: str = "total", **more: Any) -> Any:
    return {"data_schema": SCHEMA, "extractor": extractor, "tier": "agentic", "cite_sources": True, **more}


def saved(sdk: LlamaCloud, name: str) -> str:
    parameters: Any = {"product_type": "extract_v2", **told()}
    return sdk.configurations.create(name=name, parameters=parameters).id


@pytest.fixture(scope="module")
def server_options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The plug-ins are a package that pip has installed where the server runs."""
    site = tmp_path_factory.mktemp("site")
    info = site / "sdkplug-1.0.dist-info"
    info.mkdir()
    (site / "sdkplug.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sdkplug\nVersion: 1.0\n")
    names = "".join(f"{name} = sdkplug:{name}\n" for name in ("total", "slow", "fails"))
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{names}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        yield {"credits_per_page": 2}


@pytest.fixture
def file_id(sdk: LlamaCloud) -> str:
    return sdk.files.create(file=("a.pdf", pdf("Total 12.50", "more"), "application/pdf"), purpose="extract").id


def is_right(job: ExtractV2Job) -> None:
    assert (job.status, job.error_message) == ("COMPLETED", None)
    assert job.extract_result == {"total": 12.5}
    assert isinstance(job.created_at, datetime)
    assert job.metadata is not None
    assert job.metadata.usage is not None
    assert (job.metadata.usage.num_pages_extracted, job.metadata.usage.num_pages_billed) == (2, 2)
    assert job.extract_metadata is not None  # citations were asked for
    assert job.extract_metadata.parse_tier == "agentic"
    assert job.extract_metadata.field_metadata is not None
    about: Any = job.extract_metadata.field_metadata.document_metadata
    (citation,) = about["total"]["citation"]
    assert (citation["page"], citation["matching_text"].strip()) == (1, "Total 12.50")
    (box,) = citation["bounding_boxes"]
    assert 0 < box["x"] < box["x"] + box["w"] < citation["page_dimensions"]["width"]


def test_create_and_wait(sdk: LlamaCloud, file_id: str) -> None:
    job = sdk.extract.create(file_input=file_id, configuration=told())
    assert isinstance(job, ExtractV2Job)
    assert (job.status, job.file_input, job.extract_result) == ("PENDING", file_id, None)
    is_right(sdk.extract.wait_for_completion(job.id, **FAST))
    with pytest.raises(NotFoundError):
        sdk.extract.create(file_input="dfl-none", configuration=told())


@pytest.mark.anyio
async def test_create_and_wait_async(async_sdk: AsyncLlamaCloud, file_id: str) -> None:
    job = await async_sdk.extract.create(file_input=file_id, configuration=told())
    is_right(await async_sdk.extract.wait_for_completion(job.id, **FAST))


def test_run_with_a_saved_configuration(sdk: LlamaCloud, file_id: str) -> None:
    configuration_id = saved(sdk, "totals")
    job = sdk.extract.run(file_input=file_id, configuration_id=configuration_id, **FAST)
    is_right(job)
    assert job.configuration_id == configuration_id
    parse_job = job.extract_metadata.parse_job_id if job.extract_metadata else None
    assert parse_job is not None
    assert sdk.parsing.get(parse_job).job.status == "COMPLETED"
    again = sdk.extract.run(file_input=parse_job, configuration_id=configuration_id, **FAST)
    assert (again.file_input, again.extract_result) == (parse_job, {"total": 12.5})
    for both in ({}, {"configuration": told(), "configuration_id": configuration_id}):
        with pytest.raises(UnprocessableEntityError, match="exactly one"):
            sdk.extract.create(file_input=file_id, **both)
    with pytest.raises(UnprocessableEntityError, match="is for parse_v2, not for extract_v2"):
        sdk.extract.create(file_input=file_id, configuration_id="cfg-PARSE_AGENTIC")


@pytest.mark.anyio
async def test_run_async(async_sdk: AsyncLlamaCloud, file_id: str) -> None:
    is_right(await async_sdk.extract.run(file_input=file_id, configuration=told(), **FAST))


def test_a_failure_is_raised_by_the_sdk(sdk: LlamaCloud, file_id: str) -> None:
    with pytest.raises(PollingError, match="The extractor 'fails' failed: ValueError: nothing here"):
        sdk.extract.run(file_input=file_id, configuration=told("fails"), **FAST)


def test_get_expanded(sdk: LlamaCloud, file_id: str) -> None:
    job = sdk.extract.run(file_input=file_id, configuration=told(cite_sources=False), **FAST)
    assert (job.configuration, job.extract_metadata, job.usage) == (None, None, None)
    full = sdk.extract.get(job.id, expand=["configuration", "extract_metadata", "usage"])
    assert full.configuration is not None
    assert (full.configuration.data_schema, full.configuration.tier) == (SCHEMA, "agentic")
    assert full.extract_metadata is not None
    assert full.extract_metadata.field_metadata is None
    assert full.usage is not None
    assert (full.usage.credits, full.usage.extract_credits, full.usage.parse_credits) == (8.0, 4.0, 4.0)
    with pytest.raises(NotFoundError):
        sdk.extract.get("ext-none")


@pytest.mark.anyio
async def test_get_async(async_sdk: AsyncLlamaCloud, file_id: str) -> None:
    job = await async_sdk.extract.run(file_input=file_id, configuration=told(), **FAST)
    got = await async_sdk.extract.get(job.id, expand=["configuration"])
    is_right(got)
    assert got.configuration is not None
    assert got.configuration.cite_sources is True


def test_list_with_every_filter(sdk: LlamaCloud, file_id: str) -> None:
    configuration_id = saved(sdk, "filters")
    first = sdk.extract.run(file_input=file_id, configuration_id=configuration_id, **FAST)
    assert first.extract_metadata is not None
    parse_job = str(first.extract_metadata.parse_job_id)
    second = sdk.extract.run(file_input=parse_job, configuration=told(), **FAST)
    both, ids = [second.id, first.id], {"job_ids": [first.id, second.id]}
    day = timedelta(days=1)
    now = datetime.now(UTC)

    def listed(**query: Any) -> list[str]:
        return [job.id for job in sdk.extract.list(**query)]

    assert listed(**ids) == both  # newest first
    assert listed(**ids, page_size=1) == both
    assert listed(**ids, status="COMPLETED") == both
    assert listed(**ids, status="FAILED") == listed(**ids, status="THROTTLED") == []
    assert listed(configuration_id=configuration_id) == [first.id]
    assert listed(file_input=parse_job) == listed(document_input_value=parse_job) == [second.id]
    assert listed(**ids, document_input_type="file_id") == [first.id]
    assert listed(**ids, document_input_type="parse_job_id") == [second.id]
    assert listed(**ids, created_at_on_or_after=now - day, created_at_on_or_before=now + day) == both
    assert listed(**ids, created_at_on_or_before=now - day) == []
    (job,) = sdk.extract.list(configuration_id=configuration_id, expand=["configuration", "extract_metadata"])
    assert job.configuration is not None
    assert job.configuration.data_schema == SCHEMA
    is_right(job)


@pytest.mark.anyio
async def test_list_async(async_sdk: AsyncLlamaCloud, file_id: str) -> None:
    job = await async_sdk.extract.run(file_input=file_id, configuration=told(), **FAST)
    assert [found.id async for found in async_sdk.extract.list(file_input=file_id)] == [job.id]


def waiting(sdk: LlamaCloud, file_id: str) -> str:
    """A job behind one that keeps the only worker."""
    busy = sdk.extract.create(file_input=file_id, configuration=told("slow"))
    wait_for(lambda: sdk.extract.get(busy.id).status == "RUNNING")
    return sdk.extract.create(file_input=file_id, configuration=told()).id


def test_cancel_and_delete(sdk: LlamaCloud, file_id: str) -> None:
    job_id = waiting(sdk, file_id)
    with pytest.raises(ConflictError, match="cancel it first"):
        sdk.extract.delete(job_id)
    assert sdk.extract.cancel(job_id).status == "CANCELLED"
    with pytest.raises(PollingError, match="CANCELLED"):
        sdk.extract.wait_for_completion(job_id, **FAST)
    with pytest.raises(ConflictError, match="cannot be cancelled"):
        sdk.extract.cancel(job_id)
    assert sdk.extract.delete(job_id) == {"id": job_id, "project_id": sdk.projects.list()[0].id}
    with pytest.raises(NotFoundError):
        sdk.extract.get(job_id)


@pytest.mark.anyio
async def test_cancel_and_delete_async(sdk: LlamaCloud, async_sdk: AsyncLlamaCloud, file_id: str) -> None:
    job_id = waiting(sdk, file_id)
    assert (await async_sdk.extract.cancel(job_id)).status == "CANCELLED"
    await async_sdk.extract.delete(job_id)
    other = waiting(sdk, file_id)
    await async_sdk.extract.delete(other, force=True)
    for gone in (job_id, other):
        with pytest.raises(NotFoundError):
            await async_sdk.extract.get(gone)


def test_schemas(sdk: LlamaCloud) -> None:
    assert sdk.extract.validate_schema(data_schema=SCHEMA).data_schema == SCHEMA
    with pytest.raises(UnprocessableEntityError, match="/properties/total/type: 'numbr' is no type"):
        sdk.extract.validate_schema(data_schema=WRONG)
    made = sdk.extract.generate_schema(data_schema=SCHEMA, name="mine")
    assert made.name == "mine"
    assert isinstance(made.parameters, ExtractV2Parameters)
    assert made.parameters.data_schema == SCHEMA
    with pytest.raises(UnprocessableEntityError, match="no language model"):
        sdk.extract.generate_schema(prompt="the total")


@pytest.mark.anyio
async def test_schemas_async(async_sdk: AsyncLlamaCloud) -> None:
    assert (await async_sdk.extract.validate_schema(data_schema=SCHEMA)).data_schema == SCHEMA
    assert (await async_sdk.extract.generate_schema(data_schema=SCHEMA)).name.startswith("schema-")
