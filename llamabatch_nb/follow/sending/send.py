"""One part from the journal to its batch: directory, uploads, batch, each id on disk before anything waits on it."""

from __future__ import annotations

import functools
import math
import secrets
from collections.abc import Callable
from contextlib import suppress

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.batches import TERMINAL, Batch
from llamabatch_nb.errors import ConflictError, InputError, NotFoundError
from llamabatch_nb.follow.journal.claims import Claim
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.sending.patience import UNCERTAIN, Patience, patiently
from llamabatch_nb.follow.sending.upload import Uploads
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState

#: Seconds between two looks at how far another kernel has come with the same part.
NEIGHBOUR = 0.5


async def send(core: Core, journal: Journal, state: RunState, part: Part, on_progress: Callable[[], None]) -> None:
    """Upload what is not there yet, then create the batch. A file that is refused is a row, not an end.

    One kernel sends a part; the others see in the journal how far it is, and go on where it has left off. A part of
    which nothing was accepted has no batch, and is stopped.

    Raises:
        ServiceError: the service refuses all alike (key, credits, role), or the batch.
        UnreachableError: it cannot be reached, and whoever follows the run leaves.
        InputError: another kernel is sending it, and whoever follows the run leaves.

    """
    claim = Claim(journal.path, part.id)
    try:
        while not claim.take():
            part.resumed = True  # by us, should the other one die
            _catch_up(journal, part)
            if stopped(part) or part.batch_id is not None:
                break
            if part.leaving:
                raise InputError("Another notebook or program is uploading these documents, and goes on.")
            on_progress()
            await core.http.sleep(NEIGHBOUR)
        else:
            _catch_up(journal, part)
            if not stopped(part) and part.batch_id is None:
                await _send(core, journal, state, part, on_progress)
    finally:
        claim.give_up()
    if stopped(part) and part.batch_id is not None:  # cancelled while it was created: it exists, and would be billed
        with suppress(ConflictError):  # it has ended already
            await core.batches.cancel(part.batch_id)


async def _send(core: Core, journal: Journal, state: RunState, part: Part, on_progress: Callable[[], None]) -> None:
    # A process may have died after the create and before its note: then all is there, and perhaps no directory is any
    # more (ephemeral ones expire).
    batch, doubtful = await patiently(core, part, functools.partial(_left, core, journal, state, part)), part.resumed
    if batch is None:
        if part.directory_name is not None:
            await _upload(core, journal, state, part, on_progress)
        if not stopped(part) and any(file.file_id for file in part.sent):
            batch, again = await _create(core, journal, state, part)
            doubtful = doubtful or again
    if batch is not None:
        _note(journal, state, part, batch)
        if doubtful and part.directory_name is not None:
            await _cancel_doubles(core, journal, state, part, batch)
    elif not stopped(part):  # not one file was accepted, or they are mere copies of what other parts have
        part.stopped = True
        journal.part_stopped(part.id)


async def _upload(core: Core, journal: Journal, state: RunState, part: Part, on_progress: Callable[[], None]) -> None:
    if not part.sent:
        return
    uploads = Uploads(core, journal, part, on_progress)
    if part.directory_id is not None and part.resumed:
        try:
            await patiently(core, part, uploads.look_for_sent)
        except NotFoundError:
            _renew(journal, part)
    await make_directory(core, journal, state, part, endless=True)
    await uploads.send()


def stopped(part: Part) -> bool:
    """Asked anew after each await: somebody may have cancelled meanwhile."""
    return part.stopped


async def make_directory(core: Core, journal: Journal, state: RunState, part: Part, *, endless: bool = False) -> None:
    """The part's directory, if it has none yet. A create that was not answered is found by its name, ours alone.

    `endless`: an outage is sat out.

    Raises:
        ServiceError, UnreachableError: what the service says, or that it does not.

    """
    if part.directory_id is not None or part.directory_name is None:
        return
    patience = Patience(core, part if endless else None)
    looked = not part.resumed  # nobody can have made it before us
    while True:
        try:
            found = None if looked else await core.directories.list(name=part.directory_name).first()
            looked = False
            directory = found or await core.directories.create(
                name=part.directory_name, description=_description(state, part), type=part.directory_type
            )
        except (ConflictError, *UNCERTAIN) as error:
            looked = False
            await patience.wait(error)
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


def _catch_up(journal: Journal, part: Part) -> None:
    """What is written of the part by now: another kernel may have sent some of it, or cancelled it."""
    row = journal.part(part.id)
    part.directory_name, part.directory_id, part.batch_id = row.directory_name, row.directory_id, row.batch_id
    part.stopped = part.stopped or row.stopped
    rows = {file.name: file for file in journal.files(part.id)}
    for file in part.sent:
        if (known := rows.get(file.name)) is not None:
            file.file_id, file.service_file_id, file.upload_error = known.file_id, known.service_file_id, known.error


async def _create(core: Core, journal: Journal, state: RunState, part: Part) -> tuple[Batch | None, bool]:
    """One batch a part, whatever happens: users have been billed twice (design.md, decision 5). None: it is stopped.

    And whether it was asked for more than once.

    A create that may have happened is looked up by its directory, among the batches that were not there before, before
    it is sent again; also where nobody wants it any more, since it would be billed.
    """
    assert part.directory_id is not None
    patience = Patience(core, part)
    asked = 0
    while True:
        try:
            found = await _ours(core, journal, state, part)
            part.stopped = part.stopped or journal.part(part.id).stopped  # in another kernel
            if found:
                return found[0], bool(asked)
            if not stopped(part):
                asked += 1
                batch = await core.batches.create(
                    config={"job": {"type": state.job_type, "configuration_id": state.configuration_id}},
                    source_directory_id=part.directory_id,
                )
                return batch, asked > 1
        except UNCERTAIN as error:
            doubt = error
        if stopped(part) and (not asked or patience.over):
            return None, bool(asked)
        await patience.wait(doubt)


async def _left(core: Core, journal: Journal, state: RunState, part: Part) -> Batch | None:
    """The batch of a process that died before it noted it."""
    if part.directory_id is None or not journal.may_have_batch(part.id):
        return None
    try:
        return next(iter(await _ours(core, journal, state, part)), None)
    except NotFoundError:  # the directory has expired, and with it what is listed by it
        return None


async def _ours(core: Core, journal: Journal, state: RunState, part: Part) -> list[Batch]:
    """The batches that can only be this part's, oldest first: others may use a directory that is not made by us."""
    assert part.directory_id is not None
    there = [batch async for batch in core.batches.list(source_directory_id=part.directory_id, page_size=1000)]
    before = journal.listed_before(part.id, [batch.id for batch in there])
    others = journal.others(part.id, [batch.id for batch in there])
    wanted = (state.job_type, state.configuration_id)
    ours = [
        batch
        for batch in there
        if batch.id not in before | others and (batch.config.job.type, batch.config.job.configuration_id) == wanted
    ]
    return sorted(ours, key=lambda batch: batch.created_at.timestamp() if batch.created_at else math.inf)


def _note(journal: Journal, state: RunState, part: Part, batch: Batch) -> None:
    if journal.batch_created(part.id, batch.id):
        part.stopped = True  # in another kernel
    part.take_batch(batch)
    state.project_id = batch.project_id


async def _cancel_doubles(core: Core, journal: Journal, state: RunState, part: Part, batch: Batch) -> None:
    """A create that was looked up too early was sent again. In a directory of our own the other batch is ours, too."""
    for other in await patiently(core, part, functools.partial(_ours, core, journal, state, part)):
        if other.id != batch.id and other.status not in TERMINAL:
            with suppress(ConflictError, NotFoundError):
                await core.batches.cancel(other.id)


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
