"""The ways to a run: submit documents, open what was submitted, look through what there was. Thin: follow/ does it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, overload

from llamabatch_nb.client.clients import Base
from llamabatch_nb.client.core import Core
from llamabatch_nb.connect import close_at_exit
from llamabatch_nb.contract.configurations import PARSE_AGENTIC
from llamabatch_nb.contract.directories import DirectoryType
from llamabatch_nb.errors import InputError
from llamabatch_nb.follow.archive import ArchiveFolder
from llamabatch_nb.follow.attach import attach
from llamabatch_nb.follow.estimate import Estimate
from llamabatch_nb.follow.home import home
from llamabatch_nb.follow.journal import Journal
from llamabatch_nb.follow.products import product_of
from llamabatch_nb.follow.source import Source, read_source
from llamabatch_nb.follow.submit import Order, Prepared, cost_of, directory_source, prepare
from llamabatch_nb.run.registry import core_of, follower_of, journal_of, lock
from llamabatch_nb.run.run import Run

if TYPE_CHECKING:
    import pandas as pd

#: What `submit` takes: a folder, a file, a glob, a directory's id; or several paths, open files, (name, bytes) pairs.
Documents = (
    str
    | os.PathLike[str]
    | IO[bytes]
    | Iterable[str | os.PathLike[str]]
    | Iterable[IO[bytes]]
    | Iterable[tuple[str, bytes]]
    | Iterable[tuple[str, IO[bytes]]]
)
_told: set[str] = set()


@overload
def submit(
    source: Documents,
    *,
    dry_run: Literal[True],
    configuration: str = ...,
    name: str | None = ...,
    type: Literal["parse_v2", "extract_v2"] | None = ...,
    recursive: bool = ...,
    include: str | Iterable[str] | None = ...,
    exclude: str | Iterable[str] | None = ...,
    sample: int | None = ...,
    max_credits: float | None = ...,
    new: bool = ...,
    directory_type: DirectoryType = ...,
    client: Base | None = ...,
) -> Estimate: ...
@overload
def submit(
    source: Documents,
    *,
    configuration: str = ...,
    name: str | None = ...,
    type: Literal["parse_v2", "extract_v2"] | None = ...,
    recursive: bool = ...,
    include: str | Iterable[str] | None = ...,
    exclude: str | Iterable[str] | None = ...,
    sample: int | None = ...,
    max_credits: float | None = ...,
    dry_run: Literal[False] = ...,
    new: bool = ...,
    directory_type: DirectoryType = ...,
    client: Base | None = ...,
) -> Run: ...
def submit(
    source: Documents,
    *,
    configuration: str = PARSE_AGENTIC,
    name: str | None = None,
    type: Literal["parse_v2", "extract_v2"] | None = None,  # noqa: A002 - the API's own name
    recursive: bool = True,
    include: str | Iterable[str] | None = None,
    exclude: str | Iterable[str] | None = None,
    sample: int | None = None,
    max_credits: float | None = None,
    dry_run: bool = False,
    new: bool = False,
    directory_type: DirectoryType = "ephemeral",
    client: Base | None = None,
) -> Run | Estimate:
    """Submit documents, and return at once; uploads go on behind. More than 1,000 files make several batches.

    `source`: a folder (`recursive` or not), a file, a glob such as ``"invoices/**/*.pdf"``, a list of paths, a
    directory's id (``"dir-…"``), open binary files or ``(name, bytes)`` pairs. Hidden files are skipped; `include` and
    `exclude` are patterns on the path or the name, and exclude wins. Identical files are sent once; each has its row.

    `configuration` is a saved configuration's id or a preset's; the job type comes from it, and `type` only checks it.
    The same files (by content) with the same configuration on the same service are the same run: submitted again it is
    re-attached, or its uploads go on where they stopped, and nothing is paid twice. Files that are new or have changed
    since are left to `run.rest()`; `new=True` starts afresh. `name` is what `lb.open` finds it by.

    `sample` sends only so many files, chosen the same way each time; `run.rest()` sends the others. `dry_run=True`
    sends nothing and returns an `Estimate`: files, bytes, pages as counted here, credits at list price. Above
    `max_credits` nothing is sent. `directory_type` is that of the directory that is made for the files: ``"ephemeral"``
    ones expire.

    Raises:
        SourceError: no such source, nothing in it, a file that cannot be read.
        InputError: no such configuration, or one that no batch takes.
        CostError: it would cost more than `max_credits`.
        ServiceError, UnreachableError: from the service, before anything was uploaded.

    """
    core = core_of(client)
    if sample is not None and sample < 1:
        raise InputError(f"sample= is how many files to try, 1 or more, not {sample!r}.")
    read, rows = _read(core, source, recursive=recursive, include=include, exclude=exclude)
    close_at_exit(core)
    with lock:
        journal = journal_of(core)
        product = core.loop.run(lambda: product_of(core, configuration, type))
        order = Order(
            source=read,
            configuration_id=configuration,
            product=product,
            name=name,
            sample=sample,
            new=new,
            directory_type=directory_type,
            directory_id=None if rows is None else read.label,
            rows=rows,
        )
        if dry_run:
            return core.loop.run(lambda: _dry(core, journal, order))
        return start(core, journal, order, max_credits=max_credits)


def start(core: Core, journal: Journal, order: Order, *, max_credits: float | None = None) -> Run:
    """Prepare an order and follow it; say what is sent and what is not."""
    prepared = core.loop.run(lambda: prepare(core, journal, order, max_credits=max_credits))
    follower = follower_of(core, journal, prepared.state)
    run = Run(follower, order.source)
    if prepared.reattached:
        if prepared.complete:
            core.loop.run(follower.first_look)
        rest = prepared.state.rest
        core.loop.run(lambda: follower.submitted_again(name=order.name, rest=rest))
        print(_again(prepared, run, order.source))  # noqa: T201 - people must see why nothing is sent
        return run
    if not core.service.local and core.service.label not in _told:
        _told.add(core.service.label)
        print(f"Documents are uploaded to {core.service.label} ({core.settings.base_url}).")  # noqa: T201
    if prepared.estimate is not None:
        print(prepared.estimate)  # noqa: T201 - what it costs is said before it is paid
    if prepared.state.rest:
        sent = len(order.source.files) - prepared.state.rest
        print(f"A sample of {sent:,} of {len(order.source.files):,} files; run.rest() sends the others.")  # noqa: T201
    return run


def open(name_or_id: str, *, client: Base | None = None) -> Run:  # noqa: A001 - reads as lb.open("Q3")
    """A run again, by the name it was given or by a batch's id; from any kernel, any folder, any day.

    Uploads that were not finished go on. A batch that was made elsewhere is opened by its id.

    Raises:
        InputError: nothing of that name or id on this service.

    """
    if not isinstance(name_or_id, str) or not name_or_id.strip():
        raise InputError(f"A run is opened by its name or its batch's id, not by {name_or_id!r}.")
    core = core_of(client)
    close_at_exit(core)
    with lock:
        journal = journal_of(core)
        state = core.loop.run(lambda: attach(core, journal, name_or_id))
        follower = follower_of(core, journal, state)
    core.loop.run(follower.first_look)
    return Run(follower)


def history(*, client: Base | None = None) -> pd.DataFrame:
    """What ran: the service's batches joined with the runs of this machine's journal, newest first, one row a run.

    The schema is `lb.schema("batches")`; ``frame.attrs["credits"]`` sums the credits that were reported.

    Raises:
        ServiceError, UnreachableError: from the service.

    """
    from llamabatch_nb import frames
    from llamabatch_nb.follow.history import entries

    core = core_of(client)
    journal = journal_of(core)
    return frames.batches(core.loop.run(lambda: entries(core, journal)))


def archive() -> ArchiveFolder:
    """The results that are kept on this machine, of every service: list, move or clear them."""
    return ArchiveFolder(home() / "journal.db")


def _read(core: Core, source: Documents, **options: Any) -> tuple[Source, tuple[Any, ...] | None]:
    if isinstance(source, str) and source.startswith("dir-") and not Path(source).exists():
        directory_id = source
        return core.loop.run(lambda: directory_source(core, directory_id))
    return read_source(source, spool=home() / "spool", **options), None


def read_again(core: Core, key: str | None, again: str, options: Mapping[str, Any]) -> Source | None:
    """A source as it is today; None where it was a list or open files, which nobody else can name."""
    if key is None or again.startswith(("[", "(")):
        return None
    return _read(core, key, **options)[0]


async def _dry(core: Core, journal: Journal, order: Order) -> Estimate:
    from llamabatch_nb.follow.source import sample as sampled

    chosen = order.source if order.sample is None else sampled(order.source, order.sample)
    cost = await cost_of(core, journal, order.product, chosen.files, wanted=True)
    assert cost is not None
    return cost


def _again(prepared: Prepared, run: Run, source: Source) -> str:
    """Why what was asked for is not sent (again)."""
    state, count = prepared.state, len(source.files)
    shown = run.snapshot
    which = shown.batch_id or "its uploads"
    if len(shown.batches) > 1:
        which += f" and {len(shown.batches) - 1} more"
    phase = f", which is {shown.phase}" if shown.phase in {"FAILED", "CANCELLED"} else ""
    known = count - state.rest
    files = f"{known:,} of these {count:,} files {'was' if known == 1 else 'were'}"
    if known == count:
        files = "This file was" if count == 1 else f"These {count:,} files were"
    said = f"{files} submitted before: re-attached to {which}{phase}; "
    said += "nothing was sent." if prepared.complete else "the uploads go on."
    if state.rest:
        are = "one is" if state.rest == 1 else f"{state.rest:,} are"
        said += (
            f" The other {are} not in it yet (new, changed, or left out of a sample): run.rest() sends what is missing."
        )
    if prepared.missing:
        are = "1 file of the run is" if prepared.missing == 1 else f"{prepared.missing:,} files of the run are"
        said += f" {are} not among them."
    return f"{said} new=True submits them again."
