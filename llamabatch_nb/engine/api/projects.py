"""``/api/v1/projects``: a bare array of the one project."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.projects import Project
from llamabatch_nb.engine.api.queries import Here, ListProjects

router = APIRouter()


@router.get(endpoints.list_projects.path)
def listed(query: Annotated[ListProjects, Query()], engine: Here) -> list[Project]:
    return [engine.project] if query.project_name in {None, engine.project.name} else []
