"""Directories (contract.md section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.http import Http
from llamabatch_nb.client.loop import Loop
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked, named, scope
from llamabatch_nb.client.resources.directory_files import AsyncDirectoryFiles, DirectoryFiles, SyncDirectoryFiles
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.directories import (
    CreateDirectory,
    Directory,
    DirectoryType,
    ListDirectories,
    ListedDirectoryType,
    UpdateDirectory,
)


class Directories(Resource):
    """Directories (contract.md section 2); `files` are what is in them."""

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self.files = DirectoryFiles(http)

    async def create(
        self,
        *,
        name: str,
        description: str | None = None,
        type: DirectoryType | None = None,  # noqa: A002 - the API's own name
        system_metadata: Mapping[str, Any] | None = None,
        connector_subscription_id: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Directory:
        """A new directory. Names may be unique per project; an ephemeral one expires when the service decides.

        `system_metadata` is reserved, and a connector subscription has one directory.

        Raises:
            ConflictError: the subscription has its directory already; `detail` names it.

        """
        body = checked(
            CreateDirectory,
            name=name,
            description=description,
            type=type,
            system_metadata=system_metadata,
            connector_subscription_id=connector_subscription_id,
        )
        return await self._http.request(endpoints.create_directory, body=body, query=scope(organization_id, project_id))

    async def get(
        self, directory_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> Directory:
        """One directory."""
        return await self._http.request(
            endpoints.get_directory, query=scope(organization_id, project_id), ids=named(directory_id=directory_id)
        )

    async def update(
        self,
        directory_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Directory:
        """Rename or describe a directory. What is left out stays."""
        return await self._http.request(
            endpoints.update_directory,
            body=checked(UpdateDirectory, name=name, description=description),
            query=scope(organization_id, project_id),
            ids=named(directory_id=directory_id),
        )

    async def delete(
        self, directory_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> None:
        """Delete a directory for good, with its files."""
        await self._http.request(
            endpoints.delete_directory, query=scope(organization_id, project_id), ids=named(directory_id=directory_id)
        )

    def list(
        self,
        *,
        name: str | None = None,
        type: ListedDirectoryType | None = None,  # noqa: A002 - the API's own name
        types: Sequence[ListedDirectoryType] = (),
        include_deleted: bool | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[Directory]:
        """The project's directories, of one type or of several. No `types` are all; a page holds 1 to 1,000."""
        query = checked(
            ListDirectories,
            name=name,
            type=type,
            types=types,
            include_deleted=include_deleted,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_directories, query)


class SyncDirectories(Face[Directories]):
    __doc__ = Directories.__doc__

    def __init__(self, resource: Directories, loop: Loop) -> None:
        super().__init__(resource, loop)
        self.files = SyncDirectoryFiles(resource.files, loop)

    create = blocking(Directories.create)
    get = blocking(Directories.get)
    update = blocking(Directories.update)
    delete = blocking(Directories.delete)
    list = blocking_list(Directories.list)


class AsyncDirectories(Face[Directories]):
    __doc__ = Directories.__doc__

    def __init__(self, resource: Directories, loop: Loop) -> None:
        super().__init__(resource, loop)
        self.files = AsyncDirectoryFiles(resource.files, loop)

    create = awaitable(Directories.create)
    get = awaitable(Directories.get)
    update = awaitable(Directories.update)
    delete = awaitable(Directories.delete)
    list = awaitable_list(Directories.list)
