"""Parse jobs (contract.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import FileInput, Resource, checked, json_part, named, part, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Query
from llamabatch_nb.contract.parse import (
    CreateParseJob,
    DeletedParseJob,
    GetParseJob,
    JobStatus,
    ListParseJobs,
    ParseExpand,
    ParseJob,
    ParseResult,
    ParseTier,
    ParseVersions,
    UploadParseForm,
)


class Parsing(Resource):
    """Parse jobs (contract.md section 5)."""

    async def create(
        self,
        *,
        tier: ParseTier | str | None = None,
        version: str | None = None,
        configuration_id: str | None = None,
        file_id: str | None = None,
        source_url: str | None = None,
        http_proxy: str | None = None,
        agentic_options: Mapping[str, Any] | None = None,
        client_name: str | None = None,
        crop_box: Mapping[str, Any] | None = None,
        disable_cache: bool | None = None,
        fast_options: Any = None,
        input_options: Mapping[str, Any] | None = None,
        output_options: Mapping[str, Any] | None = None,
        page_ranges: Mapping[str, Any] | None = None,
        processing_control: Mapping[str, Any] | None = None,
        processing_options: Mapping[str, Any] | None = None,
        user_metadata: Mapping[str, str] | None = None,
        webhook_configuration_ids: Sequence[str] | None = None,
        webhook_configurations: Sequence[Mapping[str, Any]] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> ParseJob:
        """Parse one document of the service: a file by its id, or a public URL, of which there is exactly one.

        Give `tier` and `version` (``"latest"``, or one of `list_versions`), or a `configuration_id`, whose values they
        default to. Options are objects, which the service checks; `user_metadata` comes back with the job. The job is
        PENDING: ask `get` for it until it is terminal. Many documents are a batch's business.

        Raises:
            InvalidRequestError: an option that there is not, or that does not go with the tier.
            NotFoundError: no such file or configuration.

        """
        body = checked(
            CreateParseJob,
            tier=tier,
            version=version,
            configuration_id=configuration_id,
            file_id=file_id,
            source_url=source_url,
            http_proxy=http_proxy,
            agentic_options=agentic_options,
            client_name=client_name,
            crop_box=crop_box,
            disable_cache=disable_cache,
            fast_options=fast_options,
            input_options=input_options,
            output_options=output_options,
            page_ranges=page_ranges,
            processing_control=processing_control,
            processing_options=processing_options,
            user_metadata=user_metadata,
            webhook_configuration_ids=webhook_configuration_ids,
            webhook_configurations=webhook_configurations,
        )
        return await self._http.request(endpoints.create_parse_job, body=body, query=scope(organization_id, project_id))

    async def upload(
        self,
        *,
        file: FileInput,
        tier: ParseTier | str | None = None,
        version: str | None = None,
        configuration_id: str | None = None,
        agentic_options: Mapping[str, Any] | None = None,
        client_name: str | None = None,
        crop_box: Mapping[str, Any] | None = None,
        disable_cache: bool | None = None,
        fast_options: Any = None,
        input_options: Mapping[str, Any] | None = None,
        output_options: Mapping[str, Any] | None = None,
        page_ranges: Mapping[str, Any] | None = None,
        processing_control: Mapping[str, Any] | None = None,
        processing_options: Mapping[str, Any] | None = None,
        user_metadata: Mapping[str, str] | None = None,
        webhook_configuration_ids: Sequence[str] | None = None,
        webhook_configurations: Sequence[Mapping[str, Any]] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> ParseJob:
        """Upload one document and parse it: a path or ``(name, bytes)``; the rest is as for `create`.

        Raises:
            FileReadError: the file is gone, cannot be read, or changed while it was sent.
            InvalidRequestError: an option that there is not, or that does not go with the tier.

        """
        asked = checked(
            CreateParseJob,
            tier=tier,
            version=version,
            configuration_id=configuration_id,
            agentic_options=agentic_options,
            client_name=client_name,
            crop_box=crop_box,
            disable_cache=disable_cache,
            fast_options=fast_options,
            input_options=input_options,
            output_options=output_options,
            page_ranges=page_ranges,
            processing_control=processing_control,
            processing_options=processing_options,
            user_metadata=user_metadata,
            webhook_configuration_ids=webhook_configuration_ids,
            webhook_configurations=webhook_configurations,
        )
        configuration = json_part("configuration", asked.model_dump(exclude_none=True))
        return await self._http.request(
            endpoints.upload_parse_job,
            form=checked(UploadParseForm, configuration=configuration),
            upload=part("file", file),
            query=scope(organization_id, project_id),
        )

    async def get(
        self,
        job_id: str,
        *,
        expand: Sequence[ParseExpand | str] = (),
        image_filenames: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> ParseResult:
        """One job, and what is expanded of its result: text, markdown, items, metadata, job_metadata, usage …

        Markdown and items are not there on tier fast. ``…_content_metadata`` are links; `image_filenames`, a comma list
        such as ``"page_1.jpg,page_2.jpg"``, picks among the images.

        Raises:
            NotFoundError: it never was, or its result has expired.

        """
        query = checked(
            GetParseJob,
            expand=expand,
            image_filenames=image_filenames,
            organization_id=organization_id,
            project_id=project_id,
        )
        return await self._http.request(endpoints.get_parse_job, query=query, ids=named(job_id=job_id))

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
        """Jobs without results. No `job_ids` are all; times are inclusive; a page holds 1 to 1,000.

        Keep a URL under 4 kB: about 80 `job_ids` (design.md, decision 4).
        """
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

    async def cancel(
        self, job_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> ParseJob:
        """Ask to stop one job. One that has ended is refused."""
        return await self._http.request(
            endpoints.cancel_parse_job, query=scope(organization_id, project_id), ids=named(job_id=job_id)
        )

    async def delete(
        self, job_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> DeletedParseJob:
        """Delete a job and its result. One that has not ended is refused."""
        return await self._http.request(
            endpoints.delete_parse_job, query=scope(organization_id, project_id), ids=named(job_id=job_id)
        )

    async def list_versions(self) -> ParseVersions:
        """The versions that a configuration may name, by tier, all at once; it takes no ids."""
        return await self._http.request(endpoints.list_parse_versions, query=Query())


class SyncParsing(Face[Parsing]):
    __doc__ = Parsing.__doc__
    create = blocking(Parsing.create)
    upload = blocking(Parsing.upload)
    get = blocking(Parsing.get)
    list = blocking_list(Parsing.list)
    cancel = blocking(Parsing.cancel)
    delete = blocking(Parsing.delete)
    list_versions = blocking(Parsing.list_versions)


class AsyncParsing(Face[Parsing]):
    __doc__ = Parsing.__doc__
    create = awaitable(Parsing.create)
    upload = awaitable(Parsing.upload)
    get = awaitable(Parsing.get)
    list = awaitable_list(Parsing.list)
    cancel = awaitable(Parsing.cancel)
    delete = awaitable(Parsing.delete)
    list_versions = awaitable(Parsing.list_versions)
