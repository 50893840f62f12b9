"""The contract's queries as the service reads them: unknown keys are let through, page sizes have bounds.

The models of the contract forbid unknown fields, because there they are mistakes of ours; of others they are none.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from llamabatch_nb.contract import batches, configurations, directories, extract, files, parse, projects, webhooks
from llamabatch_nb.contract.base import PageQuery, Repeated, Response
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.links import LONGEST
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


class GetDirectoryFile(directories.GetDirectoryFile, extra="ignore"):
    pass


class ListFiles(Paged, files.ListFiles, extra="ignore"):
    file_ids: Annotated[Repeated, Field(max_length=MAX_SIZE)] = []


class GetFile(files.GetFile, extra="ignore"):
    pass


class GetFileContent(files.GetFileContent, extra="ignore"):
    expires_at_seconds: int | None = Field(default=None, ge=1, le=int(LONGEST.total_seconds()))


class GetExtractJob(extract.GetExtractJob, extra="ignore"):
    expand: Repeated = []  # type: ignore[assignment]


class ListExtractJobs(Paged, extract.ListExtractJobs, extra="ignore"):
    """The service takes the deprecated `document_input_value` for `file_input`."""

    expand: Repeated = []  # type: ignore[assignment]
    document_input_value: str | None = None


class DeleteExtractJob(extract.DeleteExtractJob, extra="ignore"):
    pass


class GetParseJob(parse.GetParseJob, extra="ignore"):
    pass


class ListParseJobs(Paged, parse.ListParseJobs, extra="ignore"):
    pass


class ListProjects(projects.ListProjects, extra="ignore"):
    pass


class ListV2Projects(Paged, projects.ListV2Projects, extra="ignore"):
    pass


class ListWebhookConfigurations(Paged, webhooks.ListWebhookConfigurations, extra="ignore"):
    pass


async def _engine(request: Request, project_id: str | None = None, organization_id: str | None = None) -> Engine:
    engine: Engine = request.app.state.engine
    engine_projects.check(engine.project, project_id, organization_id)
    return engine


#: The engine that a request is for. Every endpoint takes both ids with it, and refuses those of others.
Here = Annotated[Engine, Depends(_engine)]


class Refused(Response):
    """The body of an error (contract.md section 8)."""

    detail: str | dict[str, Any]


class Problem(Response):
    """One field that is wrong, as FastAPI tells it."""

    type: str
    loc: list[str | int]
    msg: str


class Invalid(Response):
    """The body of a 422: the fields that are wrong, or a sentence where it is not a field."""

    detail: str | list[Problem]


#: What any endpoint may answer that does not do what it was asked to, for the OpenAPI description.
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refused, "description": "A form that cannot be read"},
    401: {"model": Refused, "description": "No bearer key and no session cookie"},
    403: {"model": Refused, "description": "Another project or organization"},
    404: {"model": Refused, "description": "No such thing"},
    409: {"model": Refused, "description": "Exists already, or is over"},
    413: {"model": Refused, "description": "A file that is too large"},
    422: {"model": Invalid, "description": "Not what this endpoint takes"},
    429: {"model": Refused, "description": "Too many uploads"},
    507: {"model": Refused, "description": "No space left for what was sent"},
}
