"""The one project of an engine and its organization (contract.md section 7)."""

from __future__ import annotations

from llamabatch_nb.contract.projects import Project
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.store.database import Db


def ensure(db: Db, ids: Ids, now: str) -> Project:
    """The project, made by whichever engine comes first to a data folder. Call it inside a transaction."""
    if db.execute("SELECT 1 FROM projects").fetchone() is None:
        db.execute(
            "INSERT INTO projects (id, organization_id, name, is_default, created_at) VALUES (?, ?, 'Default', 1, ?)",
            (ids.uuid("project"), ids.uuid("organization"), now),
        )
    row = db.execute("SELECT *, created_at AS updated_at FROM projects").fetchone()
    return Project.model_validate(dict(row))


def get(project: Project, project_id: str) -> Project:
    if project_id != project.id:
        raise ApiError(404, f"Project {project_id!r} not found: this engine has one, {project.id}")
    return project


def check(project: Project, project_id: str | None, organization_id: str | None) -> None:
    """Refuse a project or organization that is not this engine's, as the service refuses those of other people."""
    if project_id not in {None, project.id}:
        raise ApiError(403, f"No access to project {project_id!r}: this engine has one, {project.id}. Leave it out.")
    if organization_id not in {None, project.organization_id}:
        raise ApiError(
            403,
            f"No access to organization {organization_id!r}: this engine has one, {project.organization_id}. "
            "Leave it out.",
        )
