"""From documents to a run in the journal: what is new of them, and what it costs. Uploads come later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import anyio.to_thread

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.batches import MAX_FILES
from llamabatch_nb.errors import InputError, NotFoundError, SourceError
from llamabatch_nb.follow.attach import listed_rows, owner_of, restore
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import FileRow
from llamabatch_nb.follow.sending.orders import Order, parts_of, row_of, rows_of, some_of
from llamabatch_nb.follow.sending.products import Product
from llamabatch_nb.follow.sending.send import make_directory
from llamabatch_nb.follow.sources.counting import count_all
from llamabatch_nb.follow.sources.estimate import Estimate, check, estimate
from llamabatch_nb.follow.sources.source import Source, SourceFile
from llamabatch_nb.follow.state.state import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A new run, which is in the journal."""

    state: RunState
    estimate: Estimate | None


async def prepare(core: Core, journal: Journal, order: Order, *, max_credits: float | None = None) -> Prepared:
    """A new run for an order, with its first directory.

    Raises:
        CostError: it would cost more than `max_credits`.
        ServiceError, UnreachableError: from the service, before anything was uploaded.

    """
    chosen = order.chosen()
    cost = await cost_of(core, journal, order.product, chosen.files, wanted=max_credits is not None)
    if cost is not None:
        check(cost, max_credits)
    if order.directory_id is not None and len(chosen.files) < len(order.source.files):
        order = some_of(order)
    run = journal.add_run(
        name=order.name,
        label=order.source.label,
        source=order.source.key,
        kind=order.source.kind,
        options=order.source.options,
        service=core.settings.base_url,
        owner=owner_of(core),
        fingerprint=order.fingerprint(core),
        configuration_id=order.configuration_id,
        job_type=order.product.job_type,
        parent=order.parent,
        parts=list(parts_of(order, rows_of(order, chosen))),
        new=order.new,
    )
    state = restore(journal, core.service, journal.run(run), resumed=False)
    state.rest = len(order.source.files) - len(chosen.files)
    # What is wrong with the key, the credits or the role is said before submit returns.
    await make_directory(core, journal, state, state.parts[0])
    return Prepared(state=state, estimate=cost)


async def prepare_rest(
    core: Core, journal: Journal, state: RunState, source: Source, product: Product, *, max_credits: float | None
) -> tuple[list[SourceFile], Estimate | None]:
    """Add the source's files that are not in the run to it, as more parts; return them, and what they cost.

    Raises:
        CostError: they would cost more than `max_credits`.
        InputError: somebody else has added to the run meanwhile.

    """
    known, rest = len(state.parts), rest_of(journal, state, source)
    if not rest:
        state.rest = 0
        return [], None
    cost = await cost_of(core, journal, product, rest, wanted=max_credits is not None)
    if cost is not None:
        check(cost, max_credits)
    order = Order(
        source=source,
        configuration_id=state.configuration_id,
        product=product,
        directory_type=state.parts[0].directory_type,
    )
    add_rest(journal, state, order, rest, known=known)
    state.rest = 0
    return rest, cost


def add_rest(journal: Journal, state: RunState, order: Order, files: Sequence[SourceFile], *, known: int) -> None:
    """Note the files as further parts of a run that has `known` so far.

    Raises:
        InputError: somebody else has added to the run meanwhile.

    """
    parts = list(parts_of(order, [row_of(file) for file in files], relation="rest", name=state.name))
    if not journal.add_parts(state.id, parts, known=known):
        raise InputError("Another program has added files to this run just now: do this again to send what is left.")


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
    core: Core,
    journal: Journal,
    product: Product,
    files: Sequence[SourceFile],
    *,
    wanted: bool,
    known: int = 0,
    rest: int = 0,
) -> Estimate | None:
    """What these files cost at list price; None for the local engine, which costs nothing, unless it is `wanted`."""
    if core.service.local and not wanted:
        return None
    sent = [file for file in files if file.copy_of is None]
    counted = journal.counted(file.sha256 for file in sent)
    pages = await anyio.to_thread.run_sync(count_all, sent, counted)
    journal.pages_counted({sha256: count for sha256, count in pages.items() if sha256 not in counted})
    return estimate(
        files,
        job_type=product.job_type,
        tier=product.tier,
        parse_tier=product.parse_tier,
        known_pages=pages,
        free=core.service.local,
        known=known,
        rest=rest,
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
    files = tuple(SourceFile(name=row.name, size=None, sha256=row.sha256, file_id=row.service_file_id) for row in rows)
    source = Source(label=directory_id, key=directory_id, files=files, kind="directory", options={})
    return source, tuple(rows)
