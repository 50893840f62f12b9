"""The Files API with the official SDK: every method, sync and async."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud
from llama_cloud.types.file_query_response import FileQueryResponse
from llama_cloud.types.presigned_url import PresignedURL

from tests.engine.support import pdf

#: Of the query, which the SDK says itself.
pytestmark = pytest.mark.filterwarnings("ignore:Use the GET:DeprecationWarning")
LIMIT = 4 << 20


@pytest.fixture(scope="module")
def server_options() -> dict[str, Any]:
    return {"max_file_bytes": LIMIT}


def test_a_file_from_create_to_delete(sdk: LlamaCloud, tmp_path: Path) -> None:
    path = tmp_path / "Größe.pdf"
    path.write_bytes(pdf("alpha"))
    made = sdk.files.create(file=path, purpose="parse", external_file_id="e")
    assert (made.name, made.file_type, made.purpose, made.external_file_id) == ("Größe.pdf", "pdf", "parse", "e")
    assert (made.project_id, made.expires_at, made.download_url) == (sdk.projects.list()[0].id, None, None)
    assert isinstance(made.last_modified_at, datetime)
    assert sdk.files.retrieve(made.id).model_dump() == made.model_dump()
    url = sdk.files.retrieve(made.id, expand=["download_url"]).download_url
    assert isinstance(url, PresignedURL)
    assert httpx.get(url.url).content == path.read_bytes()

    link = sdk.files.content(made.id, expires_at_seconds=600)
    assert isinstance(link, PresignedURL)
    assert timedelta(minutes=9) < link.expires_at - datetime.now(UTC) <= timedelta(minutes=10, seconds=1)
    answer = httpx.get(link.url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf"
    with pytest.raises(llama_cloud.UnprocessableEntityError):
        sdk.files.content(made.id, expires_at_seconds=0)

    sdk.files.delete(made.id)
    for call in (sdk.files.retrieve, sdk.files.content, sdk.files.delete):
        with pytest.raises(llama_cloud.NotFoundError):
            call(made.id)
    assert httpx.get(link.url).status_code == 404


def test_files_are_listed_by_every_filter(sdk: LlamaCloud) -> None:
    made = [
        sdk.files.create(file=(name, b"x"), purpose="user_data", external_file_id=f"list {number}")
        for number, name in enumerate(("list b", "list c", "list a"))
    ]
    ids = [file.id for file in made]

    def listed(**query: Any) -> list[str]:
        return [file.id for file in sdk.files.list(**query)]

    assert listed(file_ids=ids) == ids[::-1]
    assert listed(file_ids=ids, page_size=1, order_by="created_at") == ids[::-1]
    assert listed(file_ids=ids, page_size=1, order_by="name") == [ids[2], ids[0], ids[1]]
    assert listed(file_ids=ids, page_size=2, order_by="id") == sorted(ids)
    assert listed(file_name="list a") == ids[2:]
    assert listed(external_file_id="list 1") == ids[1:2]
    urls = [file.download_url for file in sdk.files.list(file_ids=ids, expand=["download_url"])]
    assert [httpx.get(url.url).content for url in urls if url] == [b"x"] * 3
    with pytest.raises(llama_cloud.UnprocessableEntityError):
        listed(order_by="name desc")


def test_the_deprecated_query(sdk: LlamaCloud) -> None:
    ids = [sdk.files.create(file=(f"query {n}", b"x"), purpose="user_data").id for n in range(3)]
    answer = sdk.files.query(filter={"file_ids": ids}, order_by="name desc", page_size=2)
    assert isinstance(answer, FileQueryResponse)
    assert [file.name for file in answer.items] == ["query 2", "query 1"]
    rest = sdk.files.query(
        filter={"file_ids": ids}, order_by="name desc", page_size=5000, page_token=answer.next_page_token
    )
    assert ([file.name for file in rest.items], rest.next_page_token) == (["query 0"], None)


def test_what_is_refused(sdk: LlamaCloud) -> None:
    with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
        sdk.files.create(file=("a", b"x"), purpose="nonsense")
    assert caught.value.body["detail"][0]["loc"] == ["body", "purpose"]  # type: ignore[index]
    for size in (LIMIT + 1, 10 * LIMIT):  # the second is refused by its length alone
        with pytest.raises(llama_cloud.APIStatusError, match=str(LIMIT)) as large:
            sdk.files.create(file=("a", bytes(size)), purpose="parse")
        assert large.value.status_code == 413
    assert sdk.files.create(file=("a", bytes(LIMIT)), purpose="parse").name == "a"


@pytest.mark.anyio
async def test_the_asynchronous_client(async_sdk: AsyncLlamaCloud) -> None:
    files = async_sdk.files
    made = await files.create(file=("async.txt", b"words"), purpose="extract")
    assert (made.name, made.file_type, made.purpose) == ("async.txt", "txt", "extract")
    got = await files.retrieve(made.id, expand=["download_url"])
    assert got.download_url is not None
    link = await files.content(made.id)
    async with httpx.AsyncClient() as stranger:
        for url in (got.download_url.url, link.url):
            assert (await stranger.get(url)).content == b"words"
    assert [file.id async for file in files.list(file_name="async.txt", page_size=1)] == [made.id]
    answer = await files.query(filter={"file_name": "async.txt"})
    assert [file.id for file in answer.items] == [made.id]
    with pytest.raises(llama_cloud.APIStatusError, match=str(LIMIT)):
        await files.create(file=("a", bytes(LIMIT + 1)), purpose="parse")
    await files.delete(made.id)
    with pytest.raises(llama_cloud.NotFoundError):
        await files.retrieve(made.id)
