"""Extract jobs (contract.md section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked, named, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.extract import (
    DeleteExtractJob,
    ExtractExpand,
    ExtractJob,
    ExtractListExpand,
    ExtractStatus,
    GetExtractJob,
    ListExtractJobs,
)


class Extract(Resource):
    """Extract jobs (contract.md section 6), which batches of type extract_v2 make."""

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


class SyncExtract(Face[Extract]):
    __doc__ = Extract.__doc__
    get = blocking(Extract.get)
    list = blocking_list(Extract.list)
    cancel = blocking(Extract.cancel)
    delete = blocking(Extract.delete)


class AsyncExtract(Face[Extract]):
    __doc__ = Extract.__doc__
    get = awaitable(Extract.get)
    list = awaitable_list(Extract.list)
    cancel = awaitable(Extract.cancel)
    delete = awaitable(Extract.delete)
