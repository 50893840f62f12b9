"""Finding a run again: by the name it was given, or by its batch's id; from any kernel, any folder, any day."""

from __future__ import annotations

from llamabatch_nb.client.core import Core
from llamabatch_nb.errors import InputError, NotFoundError
from llamabatch_nb.follow.journal import Journal, RunRow
from llamabatch_nb.follow.state import RunState, Tracked


async def attach(core: Core, journal: Journal, name_or_id: str) -> tuple[RunState, int | None]:
    """The state of a run and its row in the journal where it is known there, else None and the service's word alone.

    Raises:
        InputError: nothing of that name or id; or its uploads were never finished.

    """
    service = core.settings.base_url
    row = journal.find(service=service, name=name_or_id) or journal.find(service=service, batch_id=name_or_id)
    if row is not None and row.batch_id is None:
        raise InputError(
            f"The run {name_or_id!r} has no batch yet, since its uploads were not finished: "
            f"lb.submit({row.source!r}, configuration={row.configuration_id!r}) goes on where they stopped."
        )
    try:
        batch = await core.batches.get(name_or_id if row is None or row.batch_id is None else row.batch_id)
    except NotFoundError:
        raise InputError(
            f"There is no run or batch {name_or_id!r} on {core.service.label}: check the id and the service, "
            "or list what there is with client.batches.list()."
        ) from None
    state = RunState(
        source=batch.source_directory_id if row is None else row.source,
        service=core.service,
        configuration_id=batch.config.job.configuration_id,
        job_type=batch.config.job.type,
        name=None if row is None else row.name,
        files=[] if row is None else _known(journal, row),
    )
    state.take_batch(batch)
    return state, None if row is None else row.id


def _known(journal: Journal, row: RunRow) -> list[Tracked]:
    return [
        Tracked(name=file.name, size=file.size, file_id=file.file_id, upload_error=file.error)
        for file in journal.files(row.id)
    ]
