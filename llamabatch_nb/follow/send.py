"""One part from the journal to its batch: directory, uploads, batch, each id on disk before anything waits on it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.errors import ConflictError, NotFoundError
from llamabatch_nb.follow.journal import Journal
from llamabatch_nb.follow.part import Part
from llamabatch_nb.follow.state import RunState
from llamabatch_nb.follow.upload import PAUSES, UNCERTAIN, Uploads

#: Seconds between two looks at whether another process has created the batch of the same part.
NEIGHBOUR = 0.5


async def send(core: Core, journal: Journal, state: RunState, part: Part, on_progress: Callable[[], None]) -> None:
    """Upload what is not there yet, then create the batch. A file that is refused is a row, not an end.

    A part of which nothing was accepted has no batch, and is stopped.

    Raises:
        ServiceError: the service refuses all alike (key, credits, role), or the batch.
        UnreachableError: it cannot be reached; `lb.submit` or `lb.open` goes on from here.

    """
    if not part.sent:  # mere copies of what other parts have
        part.stopped = True
        journal.part_stopped(part.id)
        return
    if part.directory_name is not None:
        uploads = Uploads(core, journal, part, on_progress)
        if part.directory_id is not None and part.resumed:
            try:
                await uploads.look_for_sent()
            except NotFoundError:
                _renew(journal, part)
        await make_directory(core, journal, state, part)
        await uploads.send()
    if stopped(part):
        return
    if not any(file.file_id for file in part.sent):
        part.stopped = True
        journal.part_stopped(part.id)
        return
    batch = await _create(core, journal, state, part)
    if batch is None:
        part.batch_id = journal.batch_of(part.id)
    else:
        journal.batch_created(part.id, batch.id)
        part.take_batch(batch)
        state.project_id = batch.project_id
    if stopped(part) and part.batch_id is not None:  # cancelled while it was created: it exists, and would be billed
        with suppress(ConflictError):  # it has ended already
            await core.batches.cancel(part.batch_id)


def stopped(part: Part) -> bool:
    """Asked anew after each await: somebody may have cancelled meanwhile."""
    return part.stopped


async def make_directory(core: Core, journal: Journal, state: RunState, part: Part) -> None:
    """The part's directory, if it has none yet. A create that was not answered is found by its name, ours alone.

    Raises:
        ServiceError, UnreachableError: what the service says, or that it does not.

    """
    if part.directory_id is not None or part.directory_name is None:
        return
    for pause in (*PAUSES, None):
        try:
            found = None
            if part.resumed or pause != PAUSES[0]:
                found = await core.directories.list(name=part.directory_name).first()
            directory = found or await core.directories.create(
                name=part.directory_name, description=_description(state, part), type=part.directory_type
            )
        except (ConflictError, *UNCERTAIN):
            if pause is None:
                raise
            await core.http.sleep(pause)
        else:
            part.directory_id = journal.directory_made(part.id, directory.id)
            state.project_id = directory.project_id
            return


def directory_name(text: str) -> str:
    """Names may be unique in a project (contract.md section 2), and the same folder may be submitted twice."""
    return f"{text} {secrets.token_hex(4)}"[-200:]


def _renew(journal: Journal, part: Part) -> None:
    assert part.directory_name is not None
    part.directory_name = directory_name(part.directory_name)
    part.directory_id = None
    for file in part.sent:
        file.file_id = file.upload_error = None
    journal.directory_gone(part.id, part.directory_name)


async def _create(core: Core, journal: Journal, state: RunState, part: Part) -> Batch | None:
    """One batch a part, whatever happens: users have been billed twice (design.md, decision 5).

    One process creates, the others wait for it: None, the journal has its id, and the watcher asks for it, patiently
    where it is not found yet. A create that may have happened is looked up by its directory, among
    the batches that were not there before, before it is sent again.
    """
    assert part.directory_id is not None
    while not journal.may_create(part.id):
        if journal.batch_of(part.id) is not None:
            return None
        await core.http.sleep(NEIGHBOUR)
    try:
        return await _create_claimed(core, journal, state, part, part.directory_id)
    except BaseException:  # a cancellation too: whoever comes next looks the batch up first
        journal.creation_failed(part.id)
        raise


async def _create_claimed(core: Core, journal: Journal, state: RunState, part: Part, directory_id: str) -> Batch:
    for pause in (*PAUSES, None):
        try:
            there = [batch async for batch in core.batches.list(source_directory_id=directory_id, page_size=1000)]
            before = journal.listed_before(part.id, [batch.id for batch in there])
            mine = [batch for batch in there if batch.id not in before]
            if mine:
                return mine[-1]
            return await core.batches.create(
                config={"job": {"type": state.job_type, "configuration_id": state.configuration_id}},
                source_directory_id=directory_id,
            )
        except UNCERTAIN:
            if pause is None:
                raise
            await core.http.sleep(pause)
    raise AssertionError


def _description(state: RunState, part: Part) -> str:
    """The lineage, where others who see the project can read it."""
    which = f"part {state.parts.index(part) + 1} of {len(state.parts)}"
    said = [f"Made by llamabatch-nb for {state.name or state.source}", which]
    if part.relation == "retry":
        first = next((other.batch_id for other in state.parts if other.batch_id), None)
        said.append(f"attempt {state.attempt(part)}, retry of {first}")
    elif part.relation == "rest":
        said.append("files that were not in the batches before")
    if state.parent:
        said.append(f"the files of {state.parent} with another configuration")
    return "; ".join(said) + "."
