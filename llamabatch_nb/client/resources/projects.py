"""Projects (contract.md section 7)."""

from __future__ import annotations

from llamabatch_nb.client.faces import Face, awaitable, blocking
from llamabatch_nb.client.resources.base import Resource, checked
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.projects import ListProjects, Project


class Projects(Resource):
    """Projects (contract.md section 7)."""

    async def list(self, *, organization_id: str | None = None, project_name: str | None = None) -> list[Project]:
        """All of them at once: this endpoint does not page."""
        query = checked(ListProjects, organization_id=organization_id, project_name=project_name)
        return await self._http.request(endpoints.list_projects, query=query)


class SyncProjects(Face[Projects]):
    __doc__ = Projects.__doc__
    list = blocking(Projects.list)


class AsyncProjects(Face[Projects]):
    __doc__ = Projects.__doc__
    list = awaitable(Projects.list)
