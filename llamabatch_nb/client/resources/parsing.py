"""Parse jobs (contract.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.parse import GetParseJob, JobStatus, ListParseJobs, ParseJob, ParseResult


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


class SyncParsing(Face[Parsing]):
    __doc__ = Parsing.__doc__
    get = blocking(Parsing.get)
    list = blocking_list(Parsing.list)


class AsyncParsing(Face[Parsing]):
    __doc__ = Parsing.__doc__
    get = awaitable(Parsing.get)
    list = awaitable_list(Parsing.list)
