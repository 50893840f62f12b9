"""Extract jobs (contract.md section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked, named, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Query
from llamabatch_nb.contract.extract import (
    CreateExtractJob,
    DeleteExtractJob,
    ExtractExpand,
    ExtractJob,
    ExtractListExpand,
    ExtractStatus,
    GeneratedSchema,
    GenerateSchema,
    GetExtractJob,
    ListExtractJobs,
    ValidatedSchema,
    ValidateSchema,
)
from llamabatch_nb.contract.webhooks import WebhookParam


class Extract(Resource):
    """Extract jobs (contract.md section 6), single ones and those that batches of type extract_v2 make."""

    async def create(
        self,
        *,
        file_input: str,
        configuration_id: str | None = None,
        configuration: Mapping[str, Any] | None = None,
        webhook_configuration_ids: Sequence[str] | None = None,
        webhook_configurations: Sequence[WebhookParam | Mapping[str, Any]] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> ExtractJob:
        """Extract from one file: `file_input` is a file's id, or that of a COMPLETED parse job.

        Exactly one of `configuration_id` and `configuration` is given, an object with a `data_schema` and what else
        `ExtractConfiguration` has. It returns at once: look at the job until its status is a terminal one.

        Raises:
            InvalidRequestError: the schema or another field is wrong; the message leads to the place.
            NotFoundError: no such file, parse job or configuration.

        """
        body = checked(
            CreateExtractJob,
            file_input=file_input,
            configuration_id=configuration_id,
            configuration=configuration,
            webhook_configuration_ids=webhook_configuration_ids,
            webhook_configurations=webhook_configurations,
        )
        return await self._http.request(
            endpoints.create_extract_job, body=body, query=scope(organization_id, project_id)
        )

    async def get(
        self,
        job_id: str,
        *,
        expand: Sequence[ExtractExpand] = (),
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> ExtractJob:
        """One job with its result. `expand` asks for configuration, extract_metadata (citations …) and usage.

        Raises:
            NotFoundError: it never was, or has expired.

        """
        query = checked(GetExtractJob, expand=expand, organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.get_extract_job, query=query, ids=named(job_id=job_id))

    def list(
        self,
        *,
        job_ids: Sequence[str] = (),
        status: ExtractStatus | None = None,
        configuration_id: str | None = None,
        file_input: str | None = None,
        document_input_type: Literal["file_id", "parse_job_id"] | None = None,
        created_at_on_or_after: datetime | None = None,
        created_at_on_or_before: datetime | None = None,
        expand: Sequence[ExtractListExpand] = (),
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[ExtractJob]:
        """Jobs, newest first. No `job_ids` are all; times are inclusive; a page holds 1 to 1,000. No usage here.

        Keep a URL under 4 kB: about 80 `job_ids` (design.md, decision 4).
        """
        query = checked(
            ListExtractJobs,
            job_ids=job_ids,
            status=status,
            configuration_id=configuration_id,
            file_input=file_input,
            document_input_type=document_input_type,
            created_at_on_or_after=created_at_on_or_after,
            created_at_on_or_before=created_at_on_or_before,
            expand=expand,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_extract_jobs, query)

    async def cancel(
        self, job_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> ExtractJob:
        """Ask to stop one job."""
        return await self._http.request(
            endpoints.cancel_extract_job, query=scope(organization_id, project_id), ids=named(job_id=job_id)
        )

    async def delete(
        self,
        job_id: str,
        *,
        force: bool | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> None:
        """Delete a job and its result. One that has not ended is refused unless `force`."""
        query = checked(DeleteExtractJob, force=force, organization_id=organization_id, project_id=project_id)
        await self._http.request(endpoints.delete_extract_job, query=query, ids=named(job_id=job_id))

    async def validate_schema(self, *, data_schema: Mapping[str, Any]) -> ValidatedSchema:
        """Whether extract jobs take this JSON Schema; it takes no ids.

        Raises:
            InvalidRequestError: they do not; the message leads to the place.

        """
        body = checked(ValidateSchema, data_schema=data_schema)
        return await self._http.request(endpoints.validate_schema, body=body, query=Query())

    async def generate_schema(
        self,
        *,
        prompt: str | None = None,
        file_id: str | None = None,
        data_schema: Mapping[str, Any] | None = None,
        name: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> GeneratedSchema:
        """A configuration that `configurations.create` takes, with a schema for `prompt`, or for the document.

        `data_schema` is one to start from, `name` that of the configuration. The local engine only checks a schema that
        it is given.
        """
        body = checked(GenerateSchema, prompt=prompt, file_id=file_id, data_schema=data_schema, name=name)
        return await self._http.request(endpoints.generate_schema, body=body, query=scope(organization_id, project_id))


class SyncExtract(Face[Extract]):
    __doc__ = Extract.__doc__
    create = blocking(Extract.create)
    get = blocking(Extract.get)
    list = blocking_list(Extract.list)
    cancel = blocking(Extract.cancel)
    delete = blocking(Extract.delete)
    validate_schema = blocking(Extract.validate_schema)
    generate_schema = blocking(Extract.generate_schema)


class AsyncExtract(Face[Extract]):
    __doc__ = Extract.__doc__
    create = awaitable(Extract.create)
    get = awaitable(Extract.get)
    list = awaitable_list(Extract.list)
    cancel = awaitable(Extract.cancel)
    delete = awaitable(Extract.delete)
    validate_schema = awaitable(Extract.validate_schema)
    generate_schema = awaitable(Extract.generate_schema)
