"""The API itself: one class a resource, one method an endpoint, names as the API names them.

Every method takes `organization_id` and `project_id` where the API does; what the client was made with is the default.
All raise `ServiceError`, `UnreachableError` and `UnexpectedAnswerError` (llamabatch_nb.errors). Fields and limits are
those of contract.md, sections as named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from llamabatch_nb.client.answers import plain
from llamabatch_nb.client.http import Http, Upload, json_text
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page, PageQuery, Query, Request
from llamabatch_nb.contract.batches import Batch, BatchStatus, ConfigParam, CreateBatch, GetBatch, ListBatches
from llamabatch_nb.contract.configurations import Configuration, ListConfigurations
from llamabatch_nb.contract.directories import (
    CreateDirectory,
    Directory,
    DirectoryFile,
    DirectoryType,
    ListDirectories,
    ListDirectoryFiles,
    UploadForm,
)
from llamabatch_nb.contract.endpoints import Endpoint
from llamabatch_nb.contract.parse import GetParseJob, JobStatus, ListParseJobs, ParseJob, ParseResult
from llamabatch_nb.contract.projects import ListProjects, Project
from llamabatch_nb.errors import InputError

T = TypeVar("T")
M = TypeVar("M", bound=Request)


class Resource:
    def __init__(self, http: Http) -> None:
        self._http = http

    def _pages(self, endpoint: Endpoint[Page[T]], query: PageQuery, ids: Mapping[str, str] | None = None) -> Pages[T]:
        async def fetch(token: str | None) -> Page[T]:
            asked = query if token is None else query.model_copy(update={"page_token": token})
            return await self._http.request(endpoint, query=asked, ids=ids)

        return Pages(fetch)


class Batches(Resource):
    """Batches v2 (contract.md section 1)."""

    async def create(
        self,
        *,
        config: ConfigParam | Mapping[str, Any],
        source_directory_id: str,
        webhook_configuration_ids: Sequence[str] | None = None,
        webhook_configurations: Sequence[Mapping[str, Any]] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Batch:
        """Create a batch over a directory of at most 1,000 files. Answers at once, with status PENDING.

        `config` is ``{"job": {"type": "parse_v2" | "extract_v2", "configuration_id": "cfg-…"}}``. It is not sent again
        after a failure that leaves open whether it was done: a second batch would be billed.
        """
        body = checked(
            CreateBatch,
            config=config,
            source_directory_id=source_directory_id,
            webhook_configuration_ids=webhook_configuration_ids,
            webhook_configurations=webhook_configurations,
        )
        return await self._http.request(
            endpoints.create_batch, body=body, query=Query(organization_id=organization_id, project_id=project_id)
        )

    async def get(
        self,
        batch_id: str,
        *,
        expand: Sequence[str] = (),
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Batch:
        """One batch. `expand=["results"]` asks for the per-file mapping, which may be null in any status."""
        query = checked(GetBatch, expand=expand, organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.get_batch, query=query, ids={"batch_id": batch_id})

    def list(
        self,
        *,
        status: BatchStatus | None = None,
        source_directory_id: str | None = None,
        created_at_on_or_after: datetime | None = None,
        created_at_on_or_before: datetime | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[Batch]:
        """The project's batches, without results. Times are inclusive."""
        query = checked(
            ListBatches,
            status=status,
            source_directory_id=source_directory_id,
            created_at_on_or_after=created_at_on_or_after,
            created_at_on_or_before=created_at_on_or_before,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_batches, query)

    async def cancel(
        self, batch_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> Batch:
        """Ask to stop. Answers at once; CANCELLED appears when the work has stopped. Finished files keep results."""
        query = Query(organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.cancel_batch, query=query, ids={"batch_id": batch_id})


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


class Parsing(Resource):
    """Parse jobs (contract.md section 5)."""

    async def get(
        self,
        job_id: str,
        *,
        expand: Sequence[str] = (),
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> ParseResult:
        """One job, and what is expanded of its result: text, markdown, items, metadata, job_metadata, usage …"""
        query = checked(GetParseJob, expand=expand, organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.get_parse_job, query=query, ids={"job_id": job_id})

    def list(
        self,
        *,
        job_ids: Sequence[str] = (),
        status: JobStatus | None = None,
        created_at_on_or_after: datetime | None = None,
        created_at_on_or_before: datetime | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[ParseJob]:
        """Jobs without results. Keep a URL under 4 kB: about 80 `job_ids` (design.md, decision 4)."""
        query = checked(
            ListParseJobs,
            job_ids=job_ids,
            status=status,
            created_at_on_or_after=created_at_on_or_after,
            created_at_on_or_before=created_at_on_or_before,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_parse_jobs, query)


class Configurations(Resource):
    """Saved configurations (contract.md section 4). Whether a service lists its presets is undocumented."""

    async def get(
        self, config_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> Configuration:
        query = Query(organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.get_configuration, query=query, ids={"config_id": config_id})

    def list(
        self,
        *,
        name: str | None = None,
        product_type: Sequence[str] = (),
        latest_only: bool | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[Configuration]:
        query = checked(
            ListConfigurations,
            name=name,
            product_type=product_type,
            latest_only=latest_only,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_configurations, query)


class Projects(Resource):
    """Projects (contract.md section 7)."""

    async def list(self, *, organization_id: str | None = None, project_name: str | None = None) -> list[Project]:
        """All of them at once: this endpoint does not page."""
        query = checked(ListProjects, organization_id=organization_id, project_name=project_name)
        return await self._http.request(endpoints.list_projects, query=query)


def checked(model: type[M], **values: Any) -> M:
    """Validate what is about to be sent, so that a mistake is named before anything is.

    Raises:
        InputError: a field is missing, unknown or of the wrong kind.

    """
    try:
        return model(**values)
    except ValidationError as error:
        raise InputError(f"{model.__name__}: {plain(error.errors())}; nothing was sent.") from None
