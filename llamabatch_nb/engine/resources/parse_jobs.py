"""Parse jobs as the API shows them (contract.md section 5)."""

from __future__ import annotations

import json

from llamabatch_nb.contract import parse as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.parse import ParseJob
from llamabatch_nb.engine.resources.jobs import PARSE
from llamabatch_nb.engine.store import paging
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row


def listed(db: Db, query: contract.ListParseJobs, size: int) -> Page[ParseJob]:
    """Newest first."""
    where = (
        Conditions()
        .add("type = ?", PARSE)
        .add("status = ?", query.status)
        .among("id", query.job_ids)
        .add("created_at >= ?", query.created_at_on_or_after)
        .add("created_at <= ?", query.created_at_on_or_before)
    )
    if query.page_token:
        where.add("seq < ?", *paging.key(query.page_token, int))
    rows = where.select(db, "jobs", "seq DESC", size + 1)
    return paging.page(rows, size, shown, lambda row: [row["seq"]])


def shown(row: Row) -> ParseJob:
    """A job without what has to be expanded."""
    metadata = row["user_metadata"]
    return ParseJob(
        id=row["id"],
        project_id=row["project_id"],
        status=row["status"],
        error_message=row["error_message"],
        name=row["name"],
        tier=row["tier"],
        user_metadata=None if metadata is None else json.loads(metadata),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
