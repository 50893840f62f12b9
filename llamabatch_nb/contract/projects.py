"""Projects: ``/api/v1/projects``, a bare JSON array (contract.md section 7)."""

from __future__ import annotations

from datetime import datetime

from llamabatch_nb.contract.base import Query, Response


class Project(Response):
    id: str
    name: str
    organization_id: str
    is_default: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class ListProjects(Query):
    project_name: str | None = None
