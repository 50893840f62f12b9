"""Directories and their files with the official SDK: every method, sync and async."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud
from llama_cloud.types.beta.directories import FileGetResponse

from tests.engine.support import pdf

NOTES = ("notes.txt", b"plain words", "text/plain")


def test_a_directory_from_create_to_delete(sdk: LlamaCloud) -> None:
    made = sdk.beta.directories.create(
        name="sync", description="d", system_metadata={"a": [1, {"b": None}]}, type="user"
    )
    assert (made.name, made.description, made.type) == ("sync", "d", "user")
    assert (made.system_metadata, made.expires_at, made.deleted_at) == ({"a": [1, {"b": None}]}, None, None)
    assert isinstance(made.created_at, datetime)
    assert sdk.beta.directories.get(made.id).model_dump() == made.model_dump()
    changed = sdk.beta.directories.update(made.id, name="sync 2", description="e")
    assert (changed.id, changed.name, changed.description) == (made.id, "sync 2", "e")
    assert sdk.beta.directories.update(made.id, description=None).description is None
    with pytest.raises(llama_cloud.ConflictError) as caught:
        sdk.beta.directories.create(name="sync 2")
    assert caught.value.body["detail"]["directory_id"] == made.id  # type: ignore[index]
    sdk.beta.directories.delete(made.id)
    with pytest.raises(llama_cloud.NotFoundError):
        sdk.beta.directories.get(made.id)


def test_directories_are_listed_by_every_filter(sdk: LlamaCloud) -> None:
    project = sdk.projects.list()[0]
    user = sdk.beta.directories.create(name="list user", project_id=project.id)
    ephemeral = sdk.beta.directories.create(
        name="list ephemeral", type="ephemeral", organization_id=project.organization_id
    )
    assert ephemeral.expires_at is not None
    assert ephemeral.created_at is not None
    assert ephemeral.expires_at - ephemeral.created_at == timedelta(days=2)
    gone = sdk.beta.directories.create(name="list gone")
    sdk.beta.directories.delete(gone.id)
    ours = {user.id, ephemeral.id, gone.id}

    def among(found: list[str]) -> set[str]:
        return ours & set(found)

    listed = sdk.beta.directories.list
    assert among([one.id for one in listed(page_size=1)]) == {user.id, ephemeral.id}
    assert [one.id for one in listed(name="list user")] == [user.id]
    assert among([one.id for one in listed(type="ephemeral")]) == {ephemeral.id}
    assert among([one.id for one in listed(types=["user", "ephemeral"])]) == {user.id, ephemeral.id}
    assert among([one.id for one in listed(types=["index"])]) == set()
    shown = {one.id: one.deleted_at for one in listed(include_deleted=True)}
    assert (shown[user.id], type(shown[gone.id])) == (None, datetime)


def test_a_file_from_upload_to_delete(sdk: LlamaCloud, tmp_path: Path) -> None:
    first = sdk.beta.directories.create(name="files").id
    second = sdk.beta.directories.create(name="files 2").id
    files = sdk.beta.directories.files
    path = tmp_path / "bill.pdf"
    path.write_bytes(pdf("alpha"))
    bill = files.upload(first, upload_file=path, metadata='{"team": "x", "tags": ["a"], "n": null}')
    assert (bill.display_name, bill.unique_id, bill.directory_id) == ("bill.pdf", "bill.pdf", first)
    assert bill.metadata == {"team": "x", "tags": ["a"], "n": None}
    notes = files.upload(first, upload_file=NOTES, display_name="Notes", unique_id="u", external_file_id="e")
    assert (notes.display_name, notes.unique_id) == ("Notes", "u")
    assert files.upload(first, upload_file=b"bare bytes").display_name == "upload"

    added = files.add(second, file_id=str(notes.file_id), metadata={"n": 1, "x": 0.5, "ok": True, "tags": ["a"]})
    assert (added.display_name, added.unique_id, added.file_id) == ("notes.txt", "e", notes.file_id)
    assert added.metadata == {"n": 1, "x": 0.5, "ok": True, "tags": ["a"]}

    got = files.get(bill.id, directory_id=first, expand=["download_url"])
    assert isinstance(got, FileGetResponse)
    assert got.download_url is not None
    assert httpx.get(got.download_url.url).content == path.read_bytes()
    assert files.get(bill.id, directory_id=first).download_url is None

    changed = files.update(bill.id, directory_id=first, display_name="b", unique_id="b", metadata={"k": "v"})
    assert (changed.display_name, changed.unique_id, changed.metadata) == ("b", "b", {"k": "v"})
    moved = files.update(bill.id, directory_id=first, target_directory_id=second)
    assert (moved.id, moved.directory_id, moved.metadata) == (bill.id, second, {"k": "v"})
    with pytest.raises(llama_cloud.NotFoundError):
        files.get(bill.id, directory_id=first)
    with pytest.raises(llama_cloud.ConflictError):
        files.update(bill.id, directory_id=second, unique_id="e")
    with pytest.raises(llama_cloud.UnprocessableEntityError) as caught:
        files.upload(first, upload_file=NOTES, metadata='{"a": {}}')
    assert caught.value.body["detail"][0]["loc"] == ["body", "metadata", "a"]  # type: ignore[index]
    files.delete(bill.id, directory_id=second)
    assert {file.id for file in files.list(second)} == {added.id}


def test_files_are_listed_by_every_filter(sdk: LlamaCloud) -> None:
    directory_id = sdk.beta.directories.create(name="list files").id
    files = sdk.beta.directories.files
    bills = [files.upload(directory_id, upload_file=(f"Bill {n}.txt", b"x"), unique_id=f"u{n}") for n in range(5)]
    ids = [bill.id for bill in bills]

    def listed(**query: object) -> list[str]:
        return [file.id for file in files.list(directory_id, **query)]  # type: ignore[arg-type]

    assert listed() == listed(page_size=2) == ids
    assert listed(display_name="Bill 1.txt") == ids[1:2]
    assert listed(display_name_contains="BILL 2") == ids[2:3]
    assert listed(unique_id="u3") == ids[3:4]
    assert listed(file_id=bills[4].file_id) == ids[4:]
    assert listed(updated_at_on_or_after=bills[2].updated_at) == ids[2:]
    assert listed(updated_at_on_or_before=bills[2].updated_at, updated_at_on_or_after="2026-01-01") == ids[:3]
    assert listed(updated_at_on_or_after=datetime.now(UTC) + timedelta(days=1)) == []
    files.delete(ids[0], directory_id=directory_id)
    assert listed() == ids[1:]
    assert listed(include_deleted=True) == ids
    urls = [file.download_url for file in files.list(directory_id, expand=["download_url"])]
    assert [httpx.get(url.url).content for url in urls if url] == [b"x"] * 4


@pytest.mark.anyio
async def test_the_asynchronous_client(async_sdk: AsyncLlamaCloud) -> None:
    directories, files = async_sdk.beta.directories, async_sdk.beta.directories.files
    made = await directories.create(name="async")
    assert (await directories.get(made.id)).model_dump() == made.model_dump()
    assert (await directories.update(made.id, description="d")).description == "d"
    assert [found.id async for found in directories.list(name="async", page_size=1)] == [made.id]

    file = await files.upload(made.id, upload_file=NOTES, metadata='{"n": 1}')
    assert (file.display_name, file.metadata) == ("notes.txt", {"n": 1})
    added = await files.add(made.id, file_id=str(file.file_id), unique_id="again")
    got = await files.get(file.id, directory_id=made.id, expand=["download_url"])
    assert got.download_url is not None
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.get(got.download_url.url)).content == b"plain words"
    assert (await files.update(file.id, directory_id=made.id, display_name="N")).display_name == "N"
    assert {found.id async for found in files.list(made.id, page_size=1)} == {file.id, added.id}
    await files.delete(added.id, directory_id=made.id)
    with pytest.raises(llama_cloud.NotFoundError):
        await files.get(added.id, directory_id=made.id)
    await directories.delete(made.id)
    with pytest.raises(llama_cloud.NotFoundError):
        await directories.get(made.id)
