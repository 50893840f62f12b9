"""From an order to what follows it: what it costs and what is not sent is said before anything is."""

from __future__ import annotations

from llamabatch_nb.client.core import Core
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import RunRow
from llamabatch_nb.follow.sending.orders import Order
from llamabatch_nb.follow.sending.resubmit import known, prepare_again, run_of
from llamabatch_nb.follow.sending.submit import cost_of, prepare
from llamabatch_nb.follow.sources.estimate import Estimate
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.run import sentences
from llamabatch_nb.run.registry import follower_of, over

_told: set[str] = set()


def start(core: Core, journal: Journal, order: Order, *, max_credits: float | None = None) -> Follower:
    """Prepare an order and follow it; say what is sent and what is not. Call it with the registry's lock."""
    row = run_of(core, journal, order)
    if row is not None:
        return _go_on(core, journal, order, row, max_credits)
    prepared = core.loop.run(lambda: prepare(core, journal, order, max_credits=max_credits))
    if not core.service.local and core.service.label not in _told:
        _told.add(core.service.label)
        print(f"Documents are uploaded to {core.service.label} ({core.settings.base_url}).")  # noqa: T201
    if prepared.estimate is not None:
        print(prepared.estimate)  # noqa: T201 - what it costs is said before it is paid
    if prepared.state.rest:
        sent = len(order.source.files) - prepared.state.rest
        print(f"A sample of {sent:,} of {len(order.source.files):,} files; run.rest() sends the others.")  # noqa: T201
    return follower_of(core, journal, prepared.state)


def _go_on(core: Core, journal: Journal, order: Order, row: RunRow, max_credits: float | None) -> Follower:
    revive = core.loop.run(lambda: over(core, row.id))
    again = core.loop.run(lambda: prepare_again(core, journal, order, row, revive=revive, max_credits=max_credits))
    if again.estimate is not None:
        print(again.estimate)  # noqa: T201 - what it costs is said before it is paid
    follower = follower_of(core, journal, again.state, stopped=again.stopped)
    if again.complete and follower.snapshot.batch_id is not None:
        core.loop.run(follower.first_look)
    rest = again.state.rest or 0
    core.loop.run(lambda: follower.submitted_again(name=order.name, rest=rest))
    print(sentences.reattached(again, follower.snapshot, len(order.source.files)))  # noqa: T201 - why nothing is sent
    return follower


async def dry_run(core: Core, journal: Journal, order: Order) -> Estimate:
    """What would be sent now, priced; of a run that was submitted before, what is not paid yet."""
    row = run_of(core, journal, order)
    if row is None:
        files, before, rest = list(order.chosen().files), 0, 0
    else:
        found = known(core, journal, order, row, revive=True)
        files, rest = found.sent(), found.rest
        before = max(len(order.source.files) - rest - len(files), 0)
    cost = await cost_of(core, journal, order.product, files, wanted=True, known=before, rest=rest)
    assert cost is not None
    return cost
