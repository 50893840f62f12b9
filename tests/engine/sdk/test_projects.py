"""Projects with the official SDK: every method of both versions, sync and async."""

from __future__ import annotations

import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud


def test_the_one_project(sdk: LlamaCloud) -> None:
    (project,) = sdk.projects.list()
    assert (project.name, project.is_default) == ("Default", True)
    assert sdk.projects.list(project_name="Other", organization_id=project.organization_id) == []
    assert sdk.projects.get(project.id) == project
    (paged,) = sdk.v2_projects.list(name="Default", page_size=1, organization_id=project.organization_id)
    assert paged.model_dump() == project.model_dump()
    assert list(sdk.v2_projects.list(name="Other")) == []
    assert sdk.v2_projects.get(project.id, organization_id=project.organization_id).model_dump() == project.model_dump()
    for get in (sdk.projects.get, sdk.v2_projects.get):
        with pytest.raises(llama_cloud.NotFoundError):
            get("other")
        with pytest.raises(llama_cloud.PermissionDeniedError):
            get(project.id, organization_id="other")


@pytest.mark.anyio
async def test_the_asynchronous_client(async_sdk: AsyncLlamaCloud) -> None:
    (project,) = await async_sdk.projects.list()
    assert await async_sdk.projects.get(project.id) == project
    found = [one.model_dump() async for one in async_sdk.v2_projects.list(page_size=1)]
    assert found == [project.model_dump()]
    assert (await async_sdk.v2_projects.get(project.id)).model_dump() == project.model_dump()
    for get in (async_sdk.projects.get, async_sdk.v2_projects.get):
        with pytest.raises(llama_cloud.NotFoundError):
            await get("other")
