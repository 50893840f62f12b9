"""From a folder to a batch: directory, uploads, batch, each id on disk before anything waits on it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.errors import InputError, NotFoundError, ServerError, SourceError, UnreachableError
from llamabatch_nb.follow.journal import FileRow, Journal, RunRow
from llamabatch_nb.follow.source import Source
from llamabatch_nb.follow.state import RunState, Tracked
from llamabatch_nb.follow.upload import PAUSES, Uploads

#: Seconds between two looks at whether another process has created the batch of the same run.
NEIGHBOUR = 0.5


@dataclass(frozen=True, slots=True)
class Submission:
    """A run that is in the journal and has a directory; its files may be on their way."""

    run: int
    source: Source
    reattached: bool  # the batch exists already: nothing is sent


async def job_type_of(core: Core, configuration_id: str, given: str | None) -> str:
    """From the configuration, else from a preset's prefix, else as given (design.md, settled questions).

    Raises:
        InputError: no such configuration, another product's, or one whose type cannot be told.

    """
    known = "parse_v2" if configuration_id.startswith("cfg-PARSE_") else None
    if known is None or core.service.local:
        try:
            known = (await core.configurations.get(configuration_id)).product_type
        except NotFoundError:
            raise InputError(
                f"There is no configuration {configuration_id!r} on {core.service.label}: list them with "
                "client.configurations.list(), or use the preset 'cfg-PARSE_AGENTIC'. Nothing was sent."
            ) from None
    if known == "extract_v2":
        raise InputError(
            f"The configuration {configuration_id!r} is for extract_v2, and this version follows parse_v2 only: use a "
            "parse configuration, or client.batches.create() and look for yourself. Nothing was sent."
        )
    if known != "parse_v2":
        raise InputError(f"The configuration {configuration_id!r} is for {known}, which a batch does not take.")
    if given is not None and given != known:
        raise InputError(f"The configuration {configuration_id!r} is for {known}, not for {given}: drop type=.")
    return known


async def prepare(
    core: Core,
    journal: Journal,
    source: Source,
    *,
    configuration_id: str,
    name: str | None,
    job_type: str | None = None,
    new: bool = False,
) -> tuple[RunState, Submission]:
    """Everything before the first upload: check the configuration, find the same run, or make a directory for a new.

    Raises:
        InputError: the configuration; see `job_type_of`.

    """
    kind = await job_type_of(core, configuration_id, job_type)
    service = core.settings.base_url
    owner = f"{core.settings.organization_id} {core.settings.project_id}"
    fingerprint = source.fingerprint(configuration_id, f"{service} {owner}")
    state = RunState(
        source=source.label,
        service=core.service,
        configuration_id=configuration_id,
        job_type=kind,
        name=name,
        project_id=core.settings.project_id,
        files=[Tracked(name=file.name, size=file.size) for file in source.files],
    )
    known = None if new else journal.same(service=service, fingerprint=fingerprint)
    if known is not None and (again := await _again(core, journal, known, state)) is not None:
        if name is None:
            state.name = known.name
        elif name != known.name:
            journal.renamed(known.id, name)
        return state, Submission(known.id, source, reattached=again)
    # Names may be unique in a project (contract.md section 2), and the same folder may be submitted twice.
    directory = await core.directories.create(
        name=f"{name or source.label} {secrets.token_hex(4)}"[-200:],
        description="Made by llamabatch-nb for one batch.",
        type="ephemeral",
    )
    state.directory_id, state.project_id = directory.id, directory.project_id
    run = journal.add_run(
        name=name,
        source=str(source.root),
        service=service,
        fingerprint=fingerprint,
        configuration_id=configuration_id,
        job_type=kind,
        directory_id=directory.id,
        files=[FileRow(name=file.name, size=file.size, sha256=file.sha256) for file in source.files],
    )
    return state, Submission(run, source, reattached=False)


async def send(
    core: Core, journal: Journal, submission: Submission, state: RunState, *, on_progress: Callable[[], None]
) -> None:
    """Upload what is not there yet, then create the batch. A file that is refused is a row, not an end.

    Raises:
        ServiceError: the service refuses all alike (key, credits, role), or the batch.
        SourceError: not one file could be uploaded.
        UnreachableError: it cannot be reached; `lb.submit` over the same folder goes on from here.

    """
    await Uploads(core, journal, submission.run, state, on_progress).send(submission.source)
    if state.stopped:
        return
    if not any(tracked.file_id for tracked in state.files):
        first = state.files[0]
        raise SourceError(
            f"None of the {len(state.files)} files was accepted; the first, {first.name!r}: {first.upload_error}"
        )
    batch = await _create(core, journal, submission.run, state)
    journal.batch_created(submission.run, batch.id)
    state.take_batch(batch)
    if stopped(state):  # cancelled while it was created: it exists, and would be billed
        await core.batches.cancel(batch.id)


def stopped(state: RunState) -> bool:
    """Asked anew after each await: somebody may have cancelled meanwhile."""
    return state.stopped


async def _create(core: Core, journal: Journal, run: int, state: RunState) -> Batch:
    """One batch a run, whatever happens: users have been billed twice (design.md, decision 5).

    One process creates, the others wait for it. A create that may have happened is looked up by its directory, which is
    used only once, before it is sent again.
    """
    assert state.directory_id is not None
    while not journal.may_create(run):
        if (batch_id := journal.batch_of(run)) is not None:
            return await core.batches.get(batch_id)
        await core.http.sleep(NEIGHBOUR)
    for pause in (*PAUSES, None):
        try:
            found = await core.batches.list(source_directory_id=state.directory_id, page_size=1).first()
            if found is not None:
                return found
            return await core.batches.create(
                config={"job": {"type": state.job_type, "configuration_id": state.configuration_id}},
                source_directory_id=state.directory_id,
            )
        except (UnreachableError, ServerError):
            if pause is None:
                raise
            await core.http.sleep(pause)
    raise AssertionError


async def _again(core: Core, journal: Journal, known: RunRow, state: RunState) -> bool | None:
    """The same files and configuration were submitted before.

    True: its batch is used, whatever became of it: only new=True pays again. False: go on with its uploads. None: it
    is gone, start anew.
    """
    state.directory_id = known.directory_id
    try:
        batch = await _batch_of(core, known)
        if batch is None:
            listed = [file async for file in core.directories.files.list(known.directory_id, page_size=1000)]
    except NotFoundError:  # expired: a new run
        return None
    rows = {row.name: row for row in journal.files(known.id)}
    if batch is not None:
        if known.batch_id is None:
            journal.batch_created(known.id, batch.id)
        for tracked in state.files:
            tracked.file_id, tracked.upload_error = rows[tracked.name].file_id, rows[tracked.name].error
        state.take_batch(batch)
        return True
    # The listing knows of uploads that were done and not yet noted when the kernel was killed.
    there = {file.unique_id: file.id for file in listed}
    for tracked in state.files:
        tracked.file_id = there.get(tracked.name)
        if tracked.file_id is not None and rows[tracked.name].file_id is None:
            journal.file_uploaded(known.id, tracked.name, tracked.file_id)
    return False


async def _batch_of(core: Core, known: RunRow) -> Batch | None:
    """The run's batch; one that was created and not yet noted is found by its directory, which is used only once."""
    if known.batch_id is not None:
        return await core.batches.get(known.batch_id)
    return await core.batches.list(source_directory_id=known.directory_id, page_size=10).first()
