"""Stopping what is paid for: all batches of a run, or one file's job."""

from __future__ import annotations

from llamabatch_nb.client.core import Core
from llamabatch_nb.errors import ConflictError, InputError, LlamaBatchError, RunError
from llamabatch_nb.follow.after import full_name, row_named
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.watching.each import each

#: Batches that are cancelled at once.
AT_ONCE = 4
#: How many batches a message names.
_NAMED = 3


async def cancel(core: Core, journal: Journal, state: RunState) -> None:
    """Stop the uploads, and every batch; what has finished is kept. One that cannot be stopped stops no other.

    Raises:
        RunError: some of the batches could not be cancelled; it names them.
        LlamaBatchError: the only batch could not be.

    """
    for part in state.parts:
        if part.unsent:
            part.stopped = True
            journal.part_stopped(part.id)
    failed: dict[str, LlamaBatchError] = {}
    running = [part for part in state.parts if part.batch_id is not None and not part.ended]

    async def one(part: Part) -> None:
        assert part.batch_id is not None
        try:
            # The answer has no results; what became of the batch is what the next look says.
            await core.batches.cancel(part.batch_id)
        except ConflictError:
            return  # it was faster
        except LlamaBatchError as error:
            failed[part.batch_id] = error

    await each(running, one, at_once=AT_ONCE)
    if not failed:
        return
    batch_id, error = next(iter(failed.items()))
    if len(running) == 1:
        raise error
    more = ", …" if len(failed) > _NAMED else ""
    raise RunError(
        f"{len(failed)} of the {len(running)} batches that run were not cancelled, and go on "
        f"({', '.join(list(failed)[:_NAMED])}{more}; the first: {error}): run.cancel() asks again.",
        batch_id=batch_id,
        run_name=state.name,
    ) from error


async def cancel_file(core: Core, state: RunState, name: str) -> None:
    """Stop one file's job.

    Raises:
        InputError: it has no job, or that has ended.
        SourceError: no such file, or several.

    """
    row = row_named(state, name)
    file = row.file
    if file.job_id is None or file.ended:
        raise InputError(f"{full_name(state, name)!r} is {row.state.status}: there is no job of it to cancel.")
    jobs = core.extract if file.job_type == "extract_v2" else core.parsing
    await jobs.cancel(file.job_id)
