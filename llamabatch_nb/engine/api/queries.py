"""The contract's queries as the service reads them: unknown keys are let through, page sizes have bounds.

The models of the contract forbid unknown fields, because there they are mistakes of ours; of others they are none.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from llamabatch_nb.contract import batches, configurations, directories, parse, projects
from llamabatch_nb.contract.base import PageQuery, Repeated
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.resources import projects as engine_projects
from llamabatch_nb.engine.store.paging import DEFAULT_SIZE, MAX_SIZE


class Paged(PageQuery, extra="ignore"):
    page_size: int | None = Field(default=DEFAULT_SIZE, ge=1, le=MAX_SIZE)

    @property
    def size(self) -> int:
        return self.page_size or DEFAULT_SIZE


class GetBatch(batches.GetBatch, extra="ignore"):
    # Unknown words are let through, as the parse job's are.
    expand: Repeated = []  # type: ignore[assignment]


class ListBatches(Paged, batches.ListBatches, extra="ignore"):
    pass


class ListConfigurations(Paged, configurations.ListConfigurations, extra="ignore"):
    pass


class ListDirectories(Paged, directories.ListDirectories, extra="ignore"):
    pass


class ListDirectoryFiles(Paged, directories.ListDirectoryFiles, extra="ignore"):
    pass


class GetParseJob(parse.GetParseJob, extra="ignore"):
    pass


class ListParseJobs(Paged, parse.ListParseJobs, extra="ignore"):
    pass


class ListProjects(projects.ListProjects, extra="ignore"):
    pass


async def _engine(request: Request, project_id: str | None = None, organization_id: str | None = None) -> Engine:
    engine: Engine = request.app.state.engine
    engine_projects.check(engine.project, project_id, organization_id)
    return engine


#: The engine that a request is for. Every endpoint takes both ids with it, and refuses those of others.
Here = Annotated[Engine, Depends(_engine)]


#: What an upload or a list that says nothing of errors may answer, for the OpenAPI description.
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No bearer key and no session cookie"},
    403: {"description": "Another project or organization"},
    404: {"description": "No such thing"},
    409: {"description": "Exists already, or is over"},
    422: {"description": "Not what this endpoint takes"},
}
