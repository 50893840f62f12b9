"""Projects (contract.md section 7)."""

from __future__ import annotations

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked, named, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.projects import ListProjects, ListV2Projects, Project


class Projects(Resource):
    """Projects, v1 (contract.md section 7). A project says which organization it is of."""

    async def get(self, project_id: str, *, organization_id: str | None = None) -> Project:
        """One project."""
        return await self._http.request(
            endpoints.get_project, query=scope(organization_id), ids=named(project_id=project_id)
        )

    async def list(self, *, organization_id: str | None = None, project_name: str | None = None) -> list[Project]:
        """All of them at once: this endpoint does not page."""
        query = checked(ListProjects, organization_id=organization_id, project_name=project_name)
        return await self._http.request(endpoints.list_projects, query=query)


class V2Projects(Resource):
    """Projects, v2, in pages (contract.md section 7)."""

    async def get(self, project_id: str, *, organization_id: str | None = None) -> Project:
        """One project."""
        return await self._http.request(
            endpoints.get_v2_project, query=scope(organization_id), ids=named(project_id=project_id)
        )

    def list(
        self, *, name: str | None = None, organization_id: str | None = None, page_size: int | None = None
    ) -> Pages[Project]:
        """The projects of an organization. It needs `organization_id`, or a key of one project."""
        query = checked(ListV2Projects, name=name, organization_id=organization_id, page_size=page_size)
        return self._pages(endpoints.list_v2_projects, query)


class SyncProjects(Face[Projects]):
    __doc__ = Projects.__doc__
    get = blocking(Projects.get)
    list = blocking(Projects.list)


class AsyncProjects(Face[Projects]):
    __doc__ = Projects.__doc__
    get = awaitable(Projects.get)
    list = awaitable(Projects.list)


class SyncV2Projects(Face[V2Projects]):
    __doc__ = V2Projects.__doc__
    get = blocking(V2Projects.get)
    list = blocking_list(V2Projects.list)


class AsyncV2Projects(Face[V2Projects]):
    __doc__ = V2Projects.__doc__
    get = awaitable(V2Projects.get)
    list = awaitable_list(V2Projects.list)
