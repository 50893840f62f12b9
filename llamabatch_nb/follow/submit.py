"""From documents to a run in the journal: what is known already, what is new, what it costs. Uploads come later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import anyio.to_thread

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.batches import MAX_FILES
from llamabatch_nb.contract.directories import DirectoryType
from llamabatch_nb.errors import InputError, NotFoundError, SourceError
from llamabatch_nb.follow.attach import listed_rows, owner_of, restore
from llamabatch_nb.follow.counting import count_all
from llamabatch_nb.follow.estimate import Estimate, check, estimate
from llamabatch_nb.follow.journal import Journal
from llamabatch_nb.follow.products import Product
from llamabatch_nb.follow.rows import FileRow, NewPart, Relation, RunRow
from llamabatch_nb.follow.send import directory_name, make_directory
from llamabatch_nb.follow.source import Source, SourceFile
from llamabatch_nb.follow.source import sample as sampled
from llamabatch_nb.follow.state import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for. `directory_id`: the files are those of a directory of the service, and it is used as it is."""

    source: Source
    configuration_id: str
    product: Product
    name: str | None = None
    sample: int | None = None
    new: bool = False
    directory_type: DirectoryType = "ephemeral"
    directory_id: str | None = None
    rows: tuple[FileRow, ...] | None = None  # where they are not simply those of `source`
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that is in the journal. `missing` files of it are not in the source any more."""

    state: RunState
    estimate: Estimate | None
    reattached: bool  # it was submitted before
    complete: bool  # and all of it was sent
    missing: int = 0


async def prepare(core: Core, journal: Journal, order: Order, *, max_credits: float | None = None) -> Prepared:
    """The run of an order: the one that has these files already, else a new one with its first directory.

    Raises:
        CostError: a new one would cost more than `max_credits`.
        ServiceError, UnreachableError: from the service, before anything was uploaded.

    """
    chosen = order.source if order.sample is None else sampled(order.source, order.sample)
    known = None if order.new else _known(core, journal, order, chosen)
    if known is not None:
        return _again(core, journal, order, known)
    cost = await cost_of(core, journal, order.product, chosen.files, wanted=max_credits is not None)
    if cost is not None:
        check(cost, max_credits)
    if order.directory_id is not None and len(chosen.files) < len(order.source.files):
        order = _some_of(order)
    run = journal.add_run(
        name=order.name,
        label=order.source.label,
        source=order.source.key,
        again=order.source.again,
        options=order.source.options,
        service=core.settings.base_url,
        owner=owner_of(core),
        fingerprint=_fingerprint(core, order, chosen),
        configuration_id=order.configuration_id,
        job_type=order.product.job_type,
        parent=order.parent,
        parts=list(_parts(order, _rows(order, chosen))),
        new=order.new,
    )
    state = restore(journal, core.service, journal.run(run), resumed=False)
    state.rest = len(order.source.files) - len(chosen.files)
    # What is wrong with the key, the credits or the role is said before submit returns.
    await make_directory(core, journal, state, state.parts[0])
    return Prepared(state=state, estimate=cost, reattached=False, complete=False)


async def prepare_rest(
    core: Core, journal: Journal, state: RunState, source: Source, product: Product, *, max_credits: float | None
) -> Estimate | None:
    """Add the source's files that are not in the run to it, as more parts. Nothing is added where there are none.

    Raises:
        CostError: they would cost more than `max_credits`.
        InputError: somebody else has added to the run meanwhile.

    """
    known, rest = len(state.parts), rest_of(journal, state, source)
    cost = await cost_of(core, journal, product, rest, wanted=max_credits is not None)
    if cost is not None:
        check(cost, max_credits)
    if rest:
        order = Order(
            source=source,
            configuration_id=state.configuration_id,
            product=product,
            directory_type=state.parts[0].directory_type,
        )
        rows = [_row(file) for file in rest]
        parts = list(_parts(order, rows, relation="rest", name=state.name))
        if not journal.add_parts(state.id, parts, known=known):
            raise InputError("Another program has added files to this run just now: rest() again sends what is left.")
    state.rest = 0
    return cost


def rest_of(journal: Journal, state: RunState, source: Source) -> list[SourceFile]:
    """The source's files that are not in the run with their content of today; what it has is not sent again."""
    known = journal.contents(state.id)
    sent = {
        (file.sha256, PurePosixPath(file.name).suffix.lower()): file.name
        for part in state.parts
        if part.relation != "retry"
        for file in part.sent
    }
    return [
        replace(file, copy_of=sent.get((file.sha256, PurePosixPath(file.name).suffix.lower()), file.copy_of))
        for file in source.files
        if (file.name, file.sha256) not in known
    ]


async def cost_of(
    core: Core, journal: Journal, product: Product, files: Sequence[SourceFile], *, wanted: bool
) -> Estimate | None:
    """What these files cost at list price; None for the local engine, which costs nothing, unless it is `wanted`."""
    if core.service.local and not wanted:
        return None
    sent = [file for file in files if file.copy_of is None]
    known = journal.counted(file.sha256 for file in sent)
    pages = await anyio.to_thread.run_sync(count_all, sent, known)
    journal.pages_counted({sha256: count for sha256, count in pages.items() if sha256 not in known})
    return estimate(
        files,
        job_type=product.job_type,
        tier=product.tier,
        parse_tier=product.parse_tier,
        known_pages=pages,
        free=core.service.local,
    )


async def directory_source(core: Core, directory_id: str) -> tuple[Source, tuple[FileRow, ...]]:
    """The files of a directory of the service, as something to submit.

    Raises:
        SourceError: there is no such directory, or nothing in it.

    """
    try:
        rows = listed_rows([file async for file in core.directories.files.list(directory_id, page_size=1000)])
    except NotFoundError:
        raise SourceError(
            f"There is no directory {directory_id!r} on {core.service.label}, and no folder of that name: list "
            "directories with client.directories.list()."
        ) from None
    if not rows:
        raise SourceError(f"The directory {directory_id!r} holds no files: upload some into it first.")
    if len(rows) > MAX_FILES:
        # A batch takes a whole directory, so these files go into several of our own.
        if any(row.service_file_id is None for row in rows):
            raise SourceError(
                f"The directory {directory_id!r} holds {len(rows):,} files, a batch takes {MAX_FILES:,}, and the "
                "service names no files behind them: submit the documents from this machine."
            )
        rows = [replace(row, source_file_id=row.service_file_id, file_id=None) for row in rows]
    files = tuple(SourceFile(name=row.name, size=0, sha256=row.sha256, file_id=row.service_file_id) for row in rows)
    source = Source(label=directory_id, key=directory_id, files=files, again=repr(directory_id), options={})
    return source, tuple(rows)


def _known(core: Core, journal: Journal, order: Order, chosen: Source) -> RunRow | None:
    """The same files and configuration were submitted before; or the same source, of which files have changed since."""
    same = journal.same(service=core.settings.base_url, fingerprint=_fingerprint(core, order, chosen))
    if same is not None:
        return same
    wanted = {(file.name, file.sha256) for file in chosen.files}
    rows = journal.candidates(
        service=core.settings.base_url,
        owner=owner_of(core),
        configuration_id=order.configuration_id,
        source=order.source.key,
    )
    # The newest of those with the most files in common.
    shared = [(len(journal.contents(row.id) & wanted), row) for row in rows]
    most = max((count for count, _ in shared), default=0)
    return next((row for count, row in shared if count == most), None) if most else None


def _again(core: Core, journal: Journal, order: Order, known: RunRow) -> Prepared:
    if order.name is not None and order.name != known.name:
        journal.renamed(known.id, order.name)
        known = replace(known, name=order.name)
    state = restore(journal, core.service, known)
    for part in state.parts:
        # Cancelled before there was a batch: nothing was paid. Of mere copies there will be none.
        if part.stopped and part.batch_id is None and part.sent:
            part.stopped = False
            journal.part_stopped(part.id, stopped=False)
    state.rest = len(rest_of(journal, state, order.source))
    there = {file.name for file in order.source.files}
    gone = {name for name, _ in journal.contents(known.id)} - there
    return Prepared(
        state=state,
        estimate=None,
        reattached=True,
        complete=not state.unsent,
        missing=len(gone) if order.sample is None else 0,
    )


def _rows(order: Order, chosen: Source) -> list[FileRow]:
    if order.rows is None:
        return [_row(file) for file in chosen.files]
    names = {file.name for file in chosen.files}
    return [row for row in order.rows if row.name in names]


def _some_of(order: Order) -> Order:
    """A batch takes a whole directory, so some of its files go into one of our own.

    Raises:
        SourceError: the service names no files behind them.

    """
    assert order.rows is not None
    if any(row.service_file_id is None for row in order.rows):
        raise SourceError(
            f"A batch takes all {len(order.rows):,} files of {order.directory_id!r}, and the service names no files "
            "behind them that could be sent alone: submit all of it, or the documents from this machine."
        )
    rows = (replace(row, source_file_id=row.service_file_id, file_id=None) for row in order.rows)
    return replace(order, rows=tuple(rows), directory_id=None)


def _row(file: SourceFile) -> FileRow:
    return FileRow(
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        path=None if file.path is None else str(file.path.absolute()),
        source_file_id=file.file_id,
        copy_of=file.copy_of,
    )


def _parts(
    order: Order, rows: Sequence[FileRow], *, relation: Relation = "first", name: str | None = None
) -> Iterator[NewPart]:
    """At most 1,000 files a batch (contract.md 1.4); copies are not sent and do not count."""
    directory_id = order.directory_id if len(rows) <= MAX_FILES else None
    for chunk in chunks(rows):
        yield NewPart(
            relation=relation,
            files=chunk,
            directory_name=None if directory_id else directory_name(name or order.name or order.source.label),
            directory_type=order.directory_type,
            directory_id=directory_id,
        )


def chunks(rows: Sequence[FileRow]) -> Iterator[list[FileRow]]:
    chunk: list[FileRow] = []
    count = 0
    for row in rows:
        if row.copy_of is None and count == MAX_FILES:
            yield chunk
            chunk, count = [], 0
        chunk.append(row)
        count += row.copy_of is None
    if chunk:
        yield chunk


def _fingerprint(core: Core, order: Order, chosen: Source) -> str:
    return chosen.fingerprint(order.configuration_id, f"{core.settings.base_url} {owner_of(core)}")
