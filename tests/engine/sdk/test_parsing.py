"""The official SDK parses single documents, and sees every word of ``expand``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud
from llama_cloud._polling import PollingError
from llama_cloud.types import (
    HeadingItem,
    ParsingCreateResponse,
    ParsingGetResponse,
    ParsingListVersionsResponse,
    TableItem,
    TextItem,
)
from llama_cloud.types import parsing_get_response as shapes

from tests.engine.choices.test_parsing import half_scanned
from tests.engine.server import serving
from tests.engine.support import pdf, wait_for

NOTE = b"""<h1>Bill</h1><p>Some words.</p>
<table><tr><th>what</th><th>price</th></tr><tr><td>nut</td><td>0.25</td></tr></table>"""
HTML = ("note.html", NOTE, "text/html")
BILL = ("bill.pdf", pdf("alpha", "beta", "gamma"), "application/pdf")
OUTPUT: Any = {
    "images_to_save": ["screenshot"],
    "save_output_pdf": True,
    "tables_as_spreadsheet": {"enable": True, "guess_sheet_name": True},
    "additional_outputs": ["stripped_md", "concatenated_stripped_txt", "word_bbox"],
}
LINKS = (
    *("text", "text_full", "markdown", "markdown_full", "items", "metadata", "forms", "raw_words"),
    *("stripped_markdown", "concatenated_stripped_markdown", "xlsx", "output_pdf"),
)
#: As short as it may be: the SDK sleeps before its first look.
QUICK: Any = {"polling_interval": 0.02, "backoff": "constant"}


@pytest.fixture(scope="module")
def server_options() -> dict[str, Any]:
    return {"credits_per_page": 10}


@pytest.fixture(scope="module")
def file_id(sdk: LlamaCloud) -> str:
    return sdk.files.create(file=BILL, purpose="parse").id


def test_create_from_a_file(sdk: LlamaCloud, file_id: str) -> None:
    job = sdk.parsing.create(
        tier="agentic",
        version="latest",
        file_id=file_id,
        page_ranges={"target_pages": "1,3"},
        user_metadata={"team": "ü"},
        client_name="tests",
    )
    assert type(job) is ParsingCreateResponse
    assert job.id.startswith("pjb-")
    assert (job.status, job.name, job.tier, job.user_metadata) == ("PENDING", "bill.pdf", "agentic", {"team": "ü"})
    waited = sdk.parsing.wait_for_completion(job.id, **QUICK)
    assert (waited.id, waited.status) == (job.id, "COMPLETED")
    result = sdk.parsing.get(job.id, expand=["text"])
    assert result.text is not None
    assert [(page.page_number, page.text.strip()) for page in result.text.pages] == [(1, "alpha"), (3, "gamma")]
    assert result.job.user_metadata == {"team": "ü"}


def test_create_with_a_configuration(sdk: LlamaCloud, file_id: str) -> None:
    saved = sdk.configurations.create(
        name="of a parse", parameters={"product_type": "parse_v2", "tier": "fast", "version": "latest"}
    )
    job = sdk.parsing.create(tier="configured", version="configured", file_id=file_id, configuration_id=saved.id)
    assert job.tier == "fast"
    assert sdk.parsing.wait_for_completion(job.id, **QUICK).status == "COMPLETED"


def test_parse_an_upload(sdk: LlamaCloud) -> None:
    result = sdk.parsing.parse(
        tier="agentic", version="latest", upload_file=HTML, expand=["markdown", "items", "usage"], **QUICK
    )
    assert type(result) is ParsingGetResponse
    assert (result.job.name, result.job.status) == ("note.html", "COMPLETED")
    assert result.job.usage is not None
    assert result.job.usage.credits == 10
    assert result.items is not None
    (page,) = result.items.pages
    assert type(page) is shapes.ItemsPageStructuredResultPage
    assert [type(item) for item in page.items] == [HeadingItem, TextItem, TableItem]
    heading, _, table = page.items
    assert isinstance(heading, HeadingItem)
    assert (heading.level, heading.value) == (1, "Bill")
    assert isinstance(table, TableItem)
    assert table.rows == [["what", "price"], ["nut", "0.25"]]


def test_every_word_of_expand(sdk: LlamaCloud) -> None:
    words = ["text", "text_full", "markdown", "markdown_full", "items", "metadata", "job_metadata", "usage", "forms"]
    result = sdk.parsing.parse(
        tier="agentic",
        version="latest",
        upload_file=BILL,
        output_options=OUTPUT,
        processing_options={"forms": "enrich"},
        expand=[*words, "raw_parameters", "images_content_metadata", *(f"{key}_content_metadata" for key in LINKS)],
        image_filenames="page_3.jpg",
        **QUICK,
    )
    assert (result.job.name, result.job.tier) == ("bill.pdf", "agentic")
    assert result.job.usage is not None
    assert result.job.usage.credits == 30
    assert type(result.text) is shapes.Text
    assert [page.text.strip() for page in result.text.pages] == ["alpha", "beta", "gamma"]
    assert result.text_full == "\n\n".join(page.text for page in result.text.pages)
    assert type(result.markdown) is shapes.Markdown
    assert [type(page) for page in result.markdown.pages] == [shapes.MarkdownPageMarkdownResultPage] * 3
    assert result.markdown_full == "\n\n".join(page.markdown for page in result.markdown.pages if page.success)
    assert type(result.items) is shapes.Items
    assert [type(page) for page in result.items.pages] == [shapes.ItemsPageStructuredResultPage] * 3
    assert type(result.metadata) is shapes.Metadata
    assert [page.page_number for page in result.metadata.pages] == [1, 2, 3]
    assert result.job_metadata is not None
    assert (result.job_metadata["pages"], result.job_metadata["tier"]) == (3, "agentic")
    assert type(result.forms) is shapes.Forms
    assert [type(page) for page in result.forms.pages] == [shapes.FormsPageFormsResultPage] * 3
    assert result.raw_parameters is not None
    assert result.raw_parameters["output_options"] == OUTPUT
    assert type(result.images_content_metadata) is shapes.ImagesContentMetadata
    assert result.images_content_metadata.total_count == 3
    (image,) = result.images_content_metadata.images
    assert (image.filename, image.category, image.content_type) == ("page_3.jpg", "screenshot", "image/jpeg")
    assert type(image.bbox) is shapes.ImagesContentMetadataImageBbox
    assert fetched(image.presigned_url).startswith(b"\xff\xd8")
    assert result.result_content_metadata is not None
    assert set(result.result_content_metadata) == {*LINKS} - {"xlsx"}
    for link in result.result_content_metadata.values():
        assert type(link) is shapes.ResultContentMetadata
        assert link.exists is True
        assert len(fetched(link.presigned_url)) == link.size_bytes
    links = {key: link.presigned_url for key, link in result.result_content_metadata.items()}
    assert fetched(links["output_pdf"]) == BILL[1]
    assert json.loads(fetched(links["text"])) == result.text.to_dict()
    assert fetched(links["markdown_full"]).decode() == result.markdown_full


def test_a_workbook(sdk: LlamaCloud) -> None:
    result = sdk.parsing.parse(
        tier="agentic",
        version="latest",
        upload_file=HTML,
        output_options=OUTPUT,
        expand=["xlsx_content_metadata", "output_pdf_content_metadata"],
        **QUICK,
    )
    assert result.result_content_metadata is not None
    assert list(result.result_content_metadata) == ["xlsx"]
    assert fetched(result.result_content_metadata["xlsx"].presigned_url).startswith(b"PK")


def test_failed_pages(sdk: LlamaCloud) -> None:
    scan = ("scan.pdf", half_scanned())
    expand = ["markdown", "items", "forms", "text"]
    enrich: Any = {"forms": "enrich"}
    result = sdk.parsing.parse(
        tier="agentic", version="latest", upload_file=scan, processing_options=enrich, expand=expand, **QUICK
    )
    assert result.markdown is not None
    assert result.items is not None
    assert result.forms is not None
    assert [type(view.pages[1]) for view in (result.markdown, result.items, result.forms)] == [
        shapes.MarkdownPageFailedMarkdownPage,
        shapes.ItemsPageFailedStructuredPage,
        shapes.FormsPageFailedFormsPage,
    ]
    strict: Any = {"job_failure_conditions": {"allowed_page_failure_ratio": 0.05}}
    with pytest.raises(PollingError, match="1 of 2 pages failed"):
        sdk.parsing.parse(
            tier="agentic", version="latest", upload_file=scan, processing_control=strict, expand=expand, **QUICK
        )


def test_list_cancel_delete(sdk: LlamaCloud, file_id: str) -> None:
    jobs = [sdk.parsing.create(tier="fast", version="latest", file_id=file_id) for _ in range(3)]
    ids = [job.id for job in jobs]
    for job_id in ids:
        sdk.parsing.wait_for_completion(job_id, **QUICK)
    found = list(sdk.parsing.list(job_ids=ids, status="COMPLETED", page_size=2))
    assert [job.id for job in found] == ids[::-1]
    assert [job.id for job in sdk.parsing.list(created_at_on_or_after=jobs[2].created_at, job_ids=ids)] == [ids[2]]
    assert [job.id for job in sdk.parsing.list(created_at_on_or_before=jobs[0].created_at, job_ids=ids)] == [ids[0]]
    with pytest.raises(llama_cloud.ConflictError):
        sdk.parsing.cancel(ids[0])
    deleted = sdk.parsing.delete(ids[0])
    assert (deleted.id, deleted.project_id) == (ids[0], jobs[0].project_id)
    for gone in (sdk.parsing.get, sdk.parsing.cancel, sdk.parsing.delete):
        with pytest.raises(llama_cloud.NotFoundError):
            gone(ids[0])


def test_cancel(tmp_path: Path) -> None:
    """Of three jobs the one worker has the first, or the first two."""
    options: Any = {"tier": "fast", "version": "latest", "upload_file": BILL}
    with (
        serving(tmp_path / "data", seconds_per_file=3) as slow,
        LlamaCloud(base_url=slow.url, api_key="x", max_retries=0) as sdk,
    ):
        *_, last = [sdk.parsing.create(**options) for _ in range(3)]
        assert sdk.parsing.cancel(last.id).status == "CANCELLED"
        with pytest.raises(PollingError, match="CANCELLED"):
            sdk.parsing.wait_for_completion(last.id, **QUICK)
        with pytest.raises(llama_cloud.ConflictError):
            sdk.parsing.cancel(last.id)
        first = wait_for(lambda: list(sdk.parsing.list(status="RUNNING")))[0]
        with pytest.raises(llama_cloud.ConflictError):
            sdk.parsing.delete(first.id)


def test_versions(sdk: LlamaCloud) -> None:
    versions = sdk.parsing.list_versions()
    assert type(versions) is ParsingListVersionsResponse
    for tier in ("fast", "cost_effective", "agentic", "agentic_plus"):
        assert getattr(versions.latest, tier) == getattr(versions, tier)[0]
    # The SDK names the versions of its day, each as a literal, so that a typo of ours fails here.
    assert ParsingListVersionsResponse.model_validate(versions.to_dict(), strict=True) == versions


def test_refusals(sdk: LlamaCloud, file_id: str) -> None:
    with pytest.raises(llama_cloud.UnprocessableEntityError, match="fetches nothing"):
        sdk.parsing.create(tier="fast", version="latest", source_url="https://example.com/a.pdf")
    wrong: Any = {"max_page": 3}
    for source in ({"file_id": file_id}, {"upload_file": BILL}):
        with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
            sdk.parsing.create(tier="fast", version="latest", page_ranges=wrong, **source)
        assert isinstance(caught.value.body, dict)
        (problem,) = caught.value.body["detail"]
        assert problem["loc"][-2:] == ["page_ranges", "max_page"]
    with pytest.raises(llama_cloud.NotFoundError):
        sdk.parsing.create(tier="fast", version="latest", file_id="dfl-none")


def fetched(url: str | None) -> bytes:
    """Without a key."""
    assert url is not None
    return httpx.get(url).raise_for_status().content


@pytest.mark.anyio
async def test_asynchronously(async_sdk: AsyncLlamaCloud, file_id: str) -> None:
    parsing = async_sdk.parsing
    job = await parsing.create(tier="agentic", version="latest", file_id=file_id)
    assert type(job) is ParsingCreateResponse
    assert (await parsing.wait_for_completion(job.id, **QUICK)).status == "COMPLETED"
    assert [found.id async for found in parsing.list(job_ids=[job.id], page_size=1)] == [job.id]
    with pytest.raises(llama_cloud.ConflictError):
        await parsing.cancel(job.id)
    assert (await parsing.delete(job.id)).id == job.id
    with pytest.raises(llama_cloud.NotFoundError):
        await parsing.get(job.id)
    versions = await parsing.list_versions()
    assert versions.latest.fast == versions.fast[0]


@pytest.mark.anyio
async def test_every_word_of_expand_asynchronously(async_sdk: AsyncLlamaCloud) -> None:
    whole = await async_sdk.parsing.parse(
        tier="agentic",
        version="latest",
        upload_file=BILL,
        output_options=OUTPUT,
        processing_options={"forms": "enrich"},
        expand=["text", "text_full", "markdown", "markdown_full", "items", "metadata", "job_metadata", "usage"],
        **QUICK,
    )
    assert whole.text is not None
    assert [page.text.strip() for page in whole.text.pages] == ["alpha", "beta", "gamma"]
    assert whole.items is not None
    assert [type(page) for page in whole.items.pages] == [shapes.ItemsPageStructuredResultPage] * 3
    assert None not in (whole.text_full, whole.markdown, whole.markdown_full, whole.metadata, whole.job_metadata)
    assert whole.job.usage is not None
    words = ("forms", "raw_parameters", "images_content_metadata", *(f"{key}_content_metadata" for key in LINKS))
    rest = await async_sdk.parsing.get(whole.job.id, expand=words)
    assert (type(rest.forms), type(rest.images_content_metadata)) == (shapes.Forms, shapes.ImagesContentMetadata)
    assert rest.raw_parameters is not None
    assert rest.result_content_metadata is not None
    assert set(rest.result_content_metadata) == {*LINKS} - {"xlsx"}


@pytest.mark.anyio
async def test_an_asynchronous_wait_gives_back_a_failure(async_sdk: AsyncLlamaCloud) -> None:
    """The asynchronous helper does not raise where the synchronous one does (contract.md section 11)."""
    empty = ("empty.pdf", b"")
    result = await async_sdk.parsing.parse(tier="fast", version="latest", upload_file=empty, expand=["text"], **QUICK)
    assert (result.job.status, result.text) == ("FAILED", None)
    assert result.job.error_message
