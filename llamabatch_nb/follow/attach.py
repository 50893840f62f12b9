"""Finding a run again: by the name it was given, or by a batch's id; from any kernel, any folder, any day."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.directories import DirectoryFile
from llamabatch_nb.errors import InputError, NotFoundError
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import FileRow, NewPart, PartRow, RunRow
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.state.tracked import Tracked, metadata_of
from llamabatch_nb.snapshot import Service


async def attach(core: Core, journal: Journal, name_or_id: str) -> RunState:
    """The state of a run as the journal has it. A batch that was made elsewhere is taken into the journal first.

    Raises:
        InputError: nothing of that name or id.

    """
    row = journal.find(service=core.settings.base_url, name_or_id=name_or_id, owner=owner_of(core))
    return restore(journal, core.service, row or await _adopted(core, journal, name_or_id))


def restore(journal: Journal, service: Service, row: RunRow, *, resumed: bool = True) -> RunState:
    """A run from its row. `resumed`: some of it may have been sent before, by a process that is gone."""
    return RunState(
        id=row.id,
        name=row.name,
        source=row.label,
        parent=None if row.parent is None else journal.called(row.parent),
        service=service,
        configuration_id=row.configuration_id,
        job_type=row.job_type,
        parts=[part_of(journal, part, resumed=resumed) for part in journal.parts(row.id)],
    )


def part_of(journal: Journal, row: PartRow, *, resumed: bool) -> Part:
    return Part(
        id=row.id,
        relation=row.relation,
        directory_name=row.directory_name,
        directory_type=row.directory_type,
        directory_id=row.directory_id,
        batch_id=row.batch_id,
        remembered=row.phase,
        created_at=_time(row.batch_created_at),
        updated_at=_time(row.batch_updated_at),
        files=[Tracked.of(file) for file in journal.files(row.id)],
        stopped=row.stopped,
        resumed=resumed,
    )


async def _adopted(core: Core, journal: Journal, batch_id: str) -> RunRow:
    try:
        batch = await core.batches.get(batch_id)
    except NotFoundError:
        if journal.find(service=core.settings.base_url, name_or_id=batch_id) is not None:
            raise InputError(
                f"The run {batch_id!r} is of another project or organization than this client's: connect with the "
                "project_id= and organization_id= that it was submitted with."
            ) from None
        raise InputError(
            f"There is no run or batch {batch_id!r} on {core.service.label}: check the id and the service, "
            "or list what there is with lb.history()."
        ) from None
    try:
        listing = core.directories.files.list(batch.source_directory_id, page_size=1000)
        listed = [file async for file in listing]
    except NotFoundError:
        listed = []  # expired; results still name the files' ids
    run = journal.add_run(
        name=None,
        label=batch.source_directory_id,
        source=batch.source_directory_id,  # so that its directory, submitted, is this run and not paid again
        kind="directory",
        options={},
        service=core.settings.base_url,
        owner=owner_of(core),
        fingerprint=f"batch {batch.id}",
        configuration_id=batch.config.job.configuration_id,
        job_type=batch.config.job.type,
        parent=None,
        parts=[
            NewPart(
                relation="first",
                files=listed_rows(listed),
                directory_id=batch.source_directory_id,
                batch_id=batch.id,
            )
        ],
        new=False,
    )
    return journal.run(run)


def owner_of(core: Core) -> str:
    """Organization and project, as far as they were given."""
    return f"{core.settings.organization_id} {core.settings.project_id}"


def listed_rows(listed: list[DirectoryFile]) -> list[FileRow]:
    """A directory's files under their display names, or unique ids where those are ambiguous."""
    names = Counter(name for file in listed for name in {file.display_name, file.unique_id})
    return [
        FileRow(
            name=next((name for name in (file.display_name, file.unique_id) if names[name] == 1), file.id),
            size=None,
            sha256=file.id,
            file_id=file.id,
            service_file_id=file.file_id,
            unique_id=file.unique_id,
            metadata=metadata_of(file),
        )
        for file in listed
    ]


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
