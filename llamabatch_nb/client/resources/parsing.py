"""Parse jobs (contract.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked, named, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Query
from llamabatch_nb.contract.parse import (
    DeletedParseJob,
    GetParseJob,
    JobStatus,
    ListParseJobs,
    ParseExpand,
    ParseJob,
    ParseResult,
    ParseVersions,
)


class Parsing(Resource):
    """Parse jobs (contract.md section 5)."""

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
    get = blocking(Parsing.get)
    list = blocking_list(Parsing.list)
    cancel = blocking(Parsing.cancel)
    delete = blocking(Parsing.delete)
    list_versions = blocking(Parsing.list_versions)


class AsyncParsing(Face[Parsing]):
    __doc__ = Parsing.__doc__
    get = awaitable(Parsing.get)
    list = awaitable_list(Parsing.list)
    cancel = awaitable(Parsing.cancel)
    delete = awaitable(Parsing.delete)
    list_versions = awaitable(Parsing.list_versions)
