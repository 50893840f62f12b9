"""The ways to a run: submit documents, open what was submitted, look through what there was. Thin: follow/ does it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, overload

from llamabatch_nb.client.clients import Base
from llamabatch_nb.client.core import Core
from llamabatch_nb.connect import close_at_exit
from llamabatch_nb.contract.configurations import PARSE_AGENTIC
from llamabatch_nb.contract.directories import DirectoryType
from llamabatch_nb.errors import InputError
from llamabatch_nb.follow.attach import attach
from llamabatch_nb.follow.home import home
from llamabatch_nb.follow.sending.orders import Order
from llamabatch_nb.follow.sending.products import Product, product_of
from llamabatch_nb.follow.sending.schemas import PRODUCT, Schema, configuration_of
from llamabatch_nb.follow.sources.estimate import Estimate
from llamabatch_nb.follow.watching.archive import ArchiveFolder
from llamabatch_nb.run.reading import Documents, read
from llamabatch_nb.run.registry import core_of, follower_of, journal_of, lock
from llamabatch_nb.run.run import Run
from llamabatch_nb.run.starting import dry_run as dry_run_of
from llamabatch_nb.run.starting import start

if TYPE_CHECKING:
    import pandas as pd


@overload
def submit(
    source: Documents,
    *,
    dry_run: Literal[True],
    configuration: str | None = ...,
    schema: Schema | None = ...,
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
    configuration: str | None = ...,
    schema: Schema | None = ...,
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
    configuration: str | None = None,
    schema: Schema | None = None,
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
    Without one the pages are read (``"cfg-PARSE_AGENTIC"``). `schema` in its place is what to extract from each file: a
    pydantic model class or a JSON Schema, for which a configuration is saved, with tier agentic, citations and
    confidences; the same schema is the same configuration. `run.results_of(file).extract_result` has the values. What
    was not found is null, also where the schema does not say so: let a model's fields be ``str | None``, or
    ``Model.model_validate(extract_result)`` fails. (The local engine gives ``[]`` for a list that may not be null, and
    a field's default where it has one.)

    The same files (by content) with the same configuration on the same service are the same run: submitted again it is
    re-attached, or its uploads go on where they stopped, and nothing is paid twice. Files that are new or have changed
    since are left to `run.rest()`; `new=True` starts afresh. `name` is what `lb.open` finds it by; another one renames
    the run.

    `sample` sends only so many files, chosen the same way each time; a larger one later sends the difference, and
    `run.rest()` all others. `dry_run=True` sends nothing and returns an `Estimate` of what would be sent now:
    files, bytes, pages as counted here, credits at list price. Above `max_credits` nothing more is sent.
    `directory_type` is that of the directory that is made for the files: ``"ephemeral"`` ones expire.

    Raises:
        SourceError: no such source, nothing in it, a file that cannot be read.
        InputError: no such configuration, or one that no batch takes; a schema that is wrong, with the place in it.
        CostError: what is not paid yet would cost more than `max_credits`.
        ServiceError, UnreachableError: from the service, before anything was uploaded.

    """
    core = core_of(client)
    if sample is not None and (not isinstance(sample, int) or sample < 1):
        raise InputError(f"sample= is how many files to try, 1 or more, not {sample!r}.")
    documents, rows = read(core, source, recursive=recursive, include=include, exclude=exclude)
    close_at_exit(core)
    with lock:
        journal = journal_of(core)
        chosen, product = core.loop.run(lambda: _chosen(core, configuration, schema, type, save=not dry_run))
        order = Order(
            source=documents,
            configuration_id=chosen,
            product=product,
            name=name,
            sample=sample,
            new=new,
            directory_type=directory_type,
            directory_id=None if rows is None else documents.label,
            rows=rows,
        )
        if dry_run:
            return core.loop.run(lambda: dry_run_of(core, journal, order))
        return Run(start(core, journal, order, max_credits=max_credits), documents)


async def _chosen(
    core: Core, configuration: str | None, schema: Schema | None, given: str | None, *, save: bool
) -> tuple[str, Product]:
    """The configuration's id and what it makes of a file."""
    if schema is None:
        configuration = PARSE_AGENTIC if configuration is None else configuration
        return configuration, await product_of(core, configuration, given)
    if configuration is not None:
        raise InputError("schema= makes a configuration: leave configuration= out, or schema=. Nothing was sent.")
    if given not in {None, PRODUCT.job_type}:
        raise InputError(f"schema= is for {PRODUCT.job_type}, not for {given}: drop type=. Nothing was sent.")
    return await configuration_of(core, schema, save=save), PRODUCT


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
    from llamabatch_nb.follow.journal.history import entries

    core = core_of(client)
    journal = journal_of(core)
    return frames.batches(core.loop.run(lambda: entries(core, journal)))


def archive() -> ArchiveFolder:
    """The results that are kept on this machine, of every service: list, move or clear them."""
    return ArchiveFolder(home() / "journal.db")
