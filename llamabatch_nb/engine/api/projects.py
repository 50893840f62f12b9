"""``/api/v1/projects``, a bare array, and ``/api/v2/projects``, in pages: of the one project."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.projects import Project
from llamabatch_nb.engine.api.queries import Here, ListProjects, ListV2Projects
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.resources import projects

router = APIRouter()


@router.get(endpoints.list_projects.path)
def listed(query: Annotated[ListProjects, Query()], engine: Here) -> list[Project]:
    return _named(engine, query.project_name)


@router.get(endpoints.list_v2_projects.path)
def listed_in_pages(query: Annotated[ListV2Projects, Query()], engine: Here) -> Page[Project]:
    if query.page_token:
        raise ApiError(422, "page_token is not one that this list gave out")  # it has one page
    return Page(items=_named(engine, query.name))


@router.get(endpoints.get_v2_project.path)
@router.get(endpoints.get_project.path)
def get(request: Request, project_id: str, organization_id: str | None = None) -> Project:
    # Not `Here`: there a project in the path would be one that the request is about, and another's a 403.
    engine: Engine = request.app.state.engine
    projects.check(engine.project, None, organization_id)
    return projects.get(engine.project, project_id)


def _named(engine: Engine, name: str | None) -> list[Project]:
    return [engine.project] if name in {None, engine.project.name} else []
