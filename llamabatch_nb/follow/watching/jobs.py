"""One job, asked for by its id, and without its result, which is read from the archive when it is wanted."""

from __future__ import annotations

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.extract import ExtractExpand
from llamabatch_nb.follow.state.tracked import Job
from llamabatch_nb.follow.watching.archive import slim

#: What is asked of an extract job; its metadata name the parse job whose cost is shared.
EXPAND_EXTRACT: tuple[ExtractExpand, ...] = ("extract_metadata", "usage")


async def job(core: Core, job_id: str, job_type: str | None) -> Job:
    """A job as it is now, with its credits.

    Raises:
        NotFoundError: the service does not know it (any more).

    """
    if job_type == "extract_v2":
        return slim(await core.extract.get(job_id, expand=EXPAND_EXTRACT))
    return slim(await core.parsing.get(job_id, expand=["usage"]))
