"""The Files API (contract.md section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import FileInput, Resource, checked, named, part, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.files import (
    CreateFileForm,
    File,
    FileOrder,
    FilePurpose,
    GetFile,
    GetFileContent,
    ListFiles,
    PresignedUrl,
)


class Files(Resource):
    """The Files API (contract.md section 3). `directories.files.add` puts a file into a directory."""

    async def create(
        self,
        *,
        file: FileInput,
        purpose: FilePurpose,
        external_file_id: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> File:
        """Upload one file: a path or ``(name, bytes)``. `purpose` decides where and how long it is kept.

        Raises:
            FileReadError: the file is gone, cannot be read, or changed while it was sent.

        """
        return await self._http.request(
            endpoints.create_stored_file,
            form=checked(CreateFileForm, purpose=purpose, external_file_id=external_file_id),
            upload=part("file", file),
            query=scope(organization_id, project_id),
        )

    async def retrieve(
        self,
        file_id: str,
        *,
        expand: Sequence[str] = (),
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> File:
        """What is known of a file. `expand=["download_url"]` asks for a link to it."""
        query = checked(GetFile, expand=expand, organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.get_stored_file, query=query, ids=named(file_id=file_id))

    async def content(
        self,
        file_id: str,
        *,
        expires_at_seconds: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> PresignedUrl:
        """A link to the file's bytes, which needs no key and is short-lived: ask for it when it is used."""
        query = checked(
            GetFileContent,
            expires_at_seconds=expires_at_seconds,
            organization_id=organization_id,
            project_id=project_id,
        )
        return await self._http.request(endpoints.get_stored_file_content, query=query, ids=named(file_id=file_id))

    async def delete(self, file_id: str, *, organization_id: str | None = None, project_id: str | None = None) -> None:
        """Delete a file."""
        await self._http.request(
            endpoints.delete_stored_file, query=scope(organization_id, project_id), ids=named(file_id=file_id)
        )

    def list(
        self,
        *,
        file_name: str | None = None,
        file_ids: Sequence[str] = (),
        external_file_id: str | None = None,
        order_by: FileOrder | None = None,
        expand: Sequence[str] = (),
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[File]:
        """The project's files. `file_name` matches exactly; no `file_ids` are all; a page holds 1 to 1,000.

        `order_by`: names and ids ascend, `created_at` descends. Keep a URL under 4 kB: about 80 `file_ids`.
        """
        query = checked(
            ListFiles,
            file_name=file_name,
            file_ids=file_ids,
            external_file_id=external_file_id,
            order_by=order_by,
            expand=expand,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_stored_files, query)


class SyncFiles(Face[Files]):
    __doc__ = Files.__doc__
    create = blocking(Files.create)
    retrieve = blocking(Files.retrieve)
    content = blocking(Files.content)
    delete = blocking(Files.delete)
    list = blocking_list(Files.list)


class AsyncFiles(Face[Files]):
    __doc__ = Files.__doc__
    create = awaitable(Files.create)
    retrieve = awaitable(Files.retrieve)
    content = awaitable(Files.content)
    delete = awaitable(Files.delete)
    list = awaitable_list(Files.list)
