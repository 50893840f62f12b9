"""The files of a directory (contract.md section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import FileInput, Resource, checked, json_part, named, part, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.directories import (
    AddDirectoryFile,
    DirectoryFile,
    GetDirectoryFile,
    ListDirectoryFiles,
    UpdateDirectoryFile,
    UploadForm,
)


class DirectoryFiles(Resource):
    """The files of a directory (contract.md section 2)."""

    async def upload(
        self,
        directory_id: str,
        *,
        upload_file: FileInput,
        display_name: str | None = None,
        unique_id: str | None = None,
        external_file_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> DirectoryFile:
        """Upload one file: a path or ``(name, bytes)``. `metadata` is a JSON object.

        What a file's metadata is known to hold are strings, numbers, booleans, null and lists of strings: the local
        engine refuses anything else. Names left out are taken from the file's. What a `unique_id` that is there already
        leads to is undocumented.

        Raises:
            FileReadError: the file is gone, cannot be read, or changed while it was sent.

        """
        form = checked(
            UploadForm,
            display_name=display_name,
            unique_id=unique_id,
            external_file_id=external_file_id,
            metadata=json_part("metadata", metadata),
        )
        return await self._http.request(
            endpoints.upload_file,
            form=form,
            upload=part("upload_file", upload_file),
            query=scope(organization_id, project_id),
            ids=named(directory_id=directory_id),
        )

    async def add(
        self,
        directory_id: str,
        *,
        file_id: str,
        display_name: str | None = None,
        unique_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> DirectoryFile:
        """Put a file of the Files API into the directory, without sending it again.

        `metadata` maps names to strings, numbers, booleans, null or lists of strings.

        Raises:
            NotFoundError: no such directory or file; uploads expire.

        """
        body = checked(
            AddDirectoryFile, file_id=file_id, display_name=display_name, unique_id=unique_id, metadata=metadata
        )
        return await self._http.request(
            endpoints.add_file,
            body=body,
            query=scope(organization_id, project_id),
            ids=named(directory_id=directory_id),
        )

    async def get(
        self,
        directory_file_id: str,
        *,
        directory_id: str,
        expand: Sequence[str] = (),
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> DirectoryFile:
        """One file. `expand=["download_url"]` asks for a link to it."""
        query = checked(GetDirectoryFile, expand=expand, organization_id=organization_id, project_id=project_id)
        return await self._http.request(
            endpoints.get_file, query=query, ids=named(directory_id=directory_id, directory_file_id=directory_file_id)
        )

    async def update(
        self,
        directory_file_id: str,
        *,
        directory_id: str,
        display_name: str | None = None,
        unique_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        target_directory_id: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> DirectoryFile:
        """Rename a file, replace its metadata, or move it to `target_directory_id`. What is left out stays."""
        body = checked(
            UpdateDirectoryFile,
            display_name=display_name,
            unique_id=unique_id,
            metadata=metadata,
            target_directory_id=target_directory_id,
        )
        return await self._http.request(
            endpoints.update_file,
            body=body,
            query=scope(organization_id, project_id),
            ids=named(directory_id=directory_id, directory_file_id=directory_file_id),
        )

    async def delete(
        self,
        directory_file_id: str,
        *,
        directory_id: str,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> None:
        """Take a file out of its directory; lists show it with `include_deleted` (`deleted_at` says when)."""
        await self._http.request(
            endpoints.delete_file,
            query=scope(organization_id, project_id),
            ids=named(directory_id=directory_id, directory_file_id=directory_file_id),
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
        updated_at_on_or_after: datetime | None = None,
        updated_at_on_or_before: datetime | None = None,
        expand: Sequence[str] = (),
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[DirectoryFile]:
        """The files of a directory. `display_name` matches exactly; times are inclusive; a page holds 1 to 1,000."""
        query = checked(
            ListDirectoryFiles,
            display_name=display_name,
            display_name_contains=display_name_contains,
            unique_id=unique_id,
            file_id=file_id,
            include_deleted=include_deleted,
            updated_at_on_or_after=updated_at_on_or_after,
            updated_at_on_or_before=updated_at_on_or_before,
            expand=expand,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_files, query, ids=named(directory_id=directory_id))


class SyncDirectoryFiles(Face[DirectoryFiles]):
    __doc__ = DirectoryFiles.__doc__
    upload = blocking(DirectoryFiles.upload)
    add = blocking(DirectoryFiles.add)
    get = blocking(DirectoryFiles.get)
    update = blocking(DirectoryFiles.update)
    delete = blocking(DirectoryFiles.delete)
    list = blocking_list(DirectoryFiles.list)


class AsyncDirectoryFiles(Face[DirectoryFiles]):
    __doc__ = DirectoryFiles.__doc__
    upload = awaitable(DirectoryFiles.upload)
    add = awaitable(DirectoryFiles.add)
    get = awaitable(DirectoryFiles.get)
    update = awaitable(DirectoryFiles.update)
    delete = awaitable(DirectoryFiles.delete)
    list = awaitable_list(DirectoryFiles.list)
