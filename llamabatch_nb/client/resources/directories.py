"""Directories and their files (contract.md section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.http import Http, Upload, json_text
from llamabatch_nb.client.loop import Loop
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Query
from llamabatch_nb.contract.directories import (
    CreateDirectory,
    Directory,
    DirectoryFile,
    DirectoryType,
    ListDirectories,
    ListDirectoryFiles,
    UploadForm,
)


class DirectoryFiles(Resource):
    """The files of a directory (contract.md section 2)."""

    async def upload(
        self,
        directory_id: str,
        *,
        upload_file: Path | tuple[str, bytes],
        display_name: str | None = None,
        unique_id: str | None = None,
        external_file_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> DirectoryFile:
        """Upload one file: a path, which is streamed, or ``(name, bytes)``."""
        path = upload_file if isinstance(upload_file, Path) else None
        name, content = (path.name, path) if path is not None else upload_file  # type: ignore[misc]
        form = checked(
            UploadForm,
            display_name=display_name,
            unique_id=unique_id,
            external_file_id=external_file_id,
            metadata=None if metadata is None else json_text(metadata),
        )
        return await self._http.request(
            endpoints.upload_file,
            form=form,
            upload=Upload("upload_file", name, content),
            query=Query(organization_id=organization_id, project_id=project_id),
            ids={"directory_id": directory_id},
        )

    def list(
        self,
        directory_id: str,
        *,
        display_name: str | None = None,
        display_name_contains: str | None = None,
        unique_id: str | None = None,
        file_id: str | None = None,
        include_deleted: bool | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[DirectoryFile]:
        query = checked(
            ListDirectoryFiles,
            display_name=display_name,
            display_name_contains=display_name_contains,
            unique_id=unique_id,
            file_id=file_id,
            include_deleted=include_deleted,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_files, query, ids={"directory_id": directory_id})


class Directories(Resource):
    """Directories (contract.md section 2)."""

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self.files = DirectoryFiles(http)

    async def create(
        self,
        *,
        name: str,
        description: str | None = None,
        type: DirectoryType | None = None,  # noqa: A002 - the API's own name
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Directory:
        """A new directory. Names may be unique per project; an ephemeral one expires when the service decides."""
        body = checked(CreateDirectory, name=name, description=description, type=type)
        return await self._http.request(
            endpoints.create_directory, body=body, query=Query(organization_id=organization_id, project_id=project_id)
        )

    async def get(
        self, directory_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> Directory:
        query = Query(organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.get_directory, query=query, ids={"directory_id": directory_id})

    def list(
        self,
        *,
        name: str | None = None,
        types: Sequence[str] = (),
        include_deleted: bool | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[Directory]:
        query = checked(
            ListDirectories,
            name=name,
            types=types,
            include_deleted=include_deleted,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_directories, query)


class SyncDirectoryFiles(Face[DirectoryFiles]):
    __doc__ = DirectoryFiles.__doc__
    upload = blocking(DirectoryFiles.upload)
    list = blocking_list(DirectoryFiles.list)


class AsyncDirectoryFiles(Face[DirectoryFiles]):
    __doc__ = DirectoryFiles.__doc__
    upload = awaitable(DirectoryFiles.upload)
    list = awaitable_list(DirectoryFiles.list)


class SyncDirectories(Face[Directories]):
    __doc__ = Directories.__doc__

    def __init__(self, resource: Directories, loop: Loop) -> None:
        super().__init__(resource, loop)
        self.files = SyncDirectoryFiles(resource.files, loop)

    create = blocking(Directories.create)
    get = blocking(Directories.get)
    list = blocking_list(Directories.list)


class AsyncDirectories(Face[Directories]):
    __doc__ = Directories.__doc__

    def __init__(self, resource: Directories, loop: Loop) -> None:
        super().__init__(resource, loop)
        self.files = AsyncDirectoryFiles(resource.files, loop)

    create = awaitable(Directories.create)
    get = awaitable(Directories.get)
    list = awaitable_list(Directories.list)
