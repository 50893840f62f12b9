"""Projects: ``/api/v1/projects``, a bare JSON array, and ``/api/v2/projects``, in pages (contract.md section 7)."""

from __future__ import annotations

from datetime import datetime

from llamabatch_nb.contract.base import Filled, PageQuery, Query, Response


class Project(Response):
    id: str
    name: str
    organization_id: str
    is_default: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class ListProjects(Query):
    project_name: Filled | None = None


class ListV2Projects(PageQuery):
    """It needs `organization_id`, or a key of one project."""

    name: Filled | None = None
