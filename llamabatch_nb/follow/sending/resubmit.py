"""Documents that were submitted before: which run has them, and what submitting them again still sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llamabatch_nb.client.core import Core
from llamabatch_nb.follow.attach import owner_of, restore
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import RunRow
from llamabatch_nb.follow.sending.orders import Order
from llamabatch_nb.follow.sending.submit import add_rest, cost_of, rest_of
from llamabatch_nb.follow.sources.estimate import Estimate, check
from llamabatch_nb.follow.sources.source import SourceFile
from llamabatch_nb.follow.sources.source import sample as sampled
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A run that has files of an order, and what submitting them again sends. Nothing of it is noted yet."""

    state: RunState
    stopped: Sequence[int]  # parts that were cancelled before they had a batch, and are sent after all
    more: Sequence[SourceFile]  # by which a sample is larger than what was sent
    rest: int  # files that are sent by `run.rest()` alone
    missing: int  # files of the run that are not in the source any more

    def sent(self) -> list[SourceFile]:
        """The files that have no batch yet, and get one."""
        parts = [part for part in self.state.parts if part.unsent or part.id in self.stopped]
        waiting = [
            SourceFile(name=file.name, size=file.size, sha256=file.sha256, path=file.path)
            for part in parts
            for file in part.sent
        ]
        return [*waiting, *self.more]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reattached:
    """A run that was submitted before, as it goes on. `stopped` parts are to be sent after all by its follower."""

    state: RunState
    estimate: Estimate | None  # of what is sent now
    stopped: Sequence[int]
    more: int  # files by which a sample has grown
    missing: int
    renamed: str | None  # its name before

    @property
    def complete(self) -> bool:
        """All of it was sent."""
        return not self.state.unsent


def run_of(core: Core, journal: Journal, order: Order) -> RunRow | None:
    """The same files and configuration were submitted before; or the same source, of which files have changed since."""
    if order.new:
        return None
    same = journal.same(service=core.settings.base_url, fingerprint=order.fingerprint(core))
    if same is not None:
        return same
    wanted = {(file.name, file.sha256) for file in order.chosen().files}
    rows = journal.candidates(
        service=core.settings.base_url,
        owner=owner_of(core),
        configuration_id=order.configuration_id,
        source=order.source.key,
        variant=order.variant(core),
    )
    # The newest of those with the most files in common.
    shared = [(len(journal.contents(row.id) & wanted), row) for row in rows]
    most = max((count for count, _ in shared), default=0)
    return next((row for count, row in shared if count == most), None) if most else None


def known(core: Core, journal: Journal, order: Order, run: RunRow, *, revive: bool) -> Known:
    """What submitting an order again sends. `revive`: what was cancelled before it had a batch, too."""
    state = restore(journal, core.service, run)
    rest = rest_of(journal, state, order.source)
    more = _more(order, state, rest)
    there = {file.name for file in order.source.files}
    gone = {name for name, _ in journal.contents(run.id)} - there
    return Known(
        state=state,
        # Of mere copies there is no batch, and what another attempt has taken over is not paid by this one too.
        stopped=[part.id for part in state.parts if revive and _cancelled(part) and not _taken(state, part)],
        more=more,
        rest=len(rest) - len(more),
        missing=len(gone) if order.sample is None else 0,
    )


async def prepare_again(
    core: Core, journal: Journal, order: Order, run: RunRow, *, revive: bool, max_credits: float | None = None
) -> Reattached:
    """The run as it goes on: with its uploads, and with the files by which its sample has grown.

    Raises:
        CostError: what is not paid yet would cost more than `max_credits`.
        InputError: somebody else has added to the run meanwhile.

    """
    found = known(core, journal, order, run, revive=revive)
    state, sent, cost = found.state, found.sent(), None
    if sent:
        cost = await cost_of(core, journal, order.product, sent, wanted=max_credits is not None)
    if cost is not None:
        check(cost, max_credits)
    if found.more:
        order = replace(order, directory_type=state.parts[0].directory_type, directory_id=None)
        add_rest(journal, state, order, found.more, known=len(state.parts))
    renamed = None
    if order.name is not None and order.name != run.name:
        journal.renamed(run.id, order.name)
        renamed = run.name
    state = restore(journal, core.service, journal.run(run.id))
    for part in state.parts:
        part.stopped = part.stopped and part.id not in found.stopped
    state.rest = found.rest
    return Reattached(
        state=state,
        estimate=cost,
        stopped=found.stopped,
        more=sum(file.copy_of is None for file in found.more),
        missing=found.missing,
        renamed=renamed,
    )


def _more(order: Order, state: RunState, rest: Sequence[SourceFile]) -> list[SourceFile]:
    """What a larger sample has more: files that are new to the run, as many as it lacks; changed ones are its rest."""
    if order.sample is None:
        return []
    there = {file.name for file in order.source.files}
    sent = {file.name for part in state.parts if part.relation != "retry" for file in part.sent}
    names = {file.name for part in state.parts for file in part.files}
    lacking = order.sample - len(sent & there)
    new = [file for file in rest if file.name not in names]
    own = {file.name for file in new if file.copy_of is None}
    new = [file for file in new if file.copy_of is None or file.copy_of in own]
    return list(sampled(replace(order.source, files=tuple(new)), lacking).files) if lacking > 0 and new else []


def _cancelled(part: Part) -> bool:
    return part.stopped and part.batch_id is None and bool(part.sent)


def _taken(state: RunState, part: Part) -> bool:
    later = state.parts[state.parts.index(part) + 1 :]
    names = {file.name for other in later if other.relation == "retry" for file in other.files}
    return any(file.name in names for file in part.sent)
