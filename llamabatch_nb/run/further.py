"""What a run still sends: its failures once more, other files in their place, its rest, all of it otherwise.

What is read and noted of a run is so on the loop thread alone; what is said is said by the caller's, before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from llamabatch_nb.errors import InputError
from llamabatch_nb.follow import after
from llamabatch_nb.follow.journal.rows import FileRow
from llamabatch_nb.follow.sending.orders import Order
from llamabatch_nb.follow.sending.products import product_of
from llamabatch_nb.follow.sending.submit import cost_of, prepare_rest
from llamabatch_nb.follow.sources.estimate import Estimate, check
from llamabatch_nb.follow.sources.source import Source
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.run.reading import read_again
from llamabatch_nb.run.registry import lock
from llamabatch_nb.run.sentences import are
from llamabatch_nb.run.starting import start


async def click(follower: Follower) -> None:
    """The failed files once more, as the panel's button does it."""
    if (await _add(follower, lambda: _failed(follower, hopeless=False), None))[0]:
        await follower.go_on()


def retry_failed(follower: Follower, *, hopeless: bool, max_credits: float | None) -> None:
    loop = follower.core.loop
    sent, cost = loop.run(lambda: _add(follower, lambda: _failed(follower, hopeless=hopeless), max_credits))
    if sent:
        print(f"{are(sent)} sent again. {cost or ''}".strip())  # noqa: T201 - what is paid for is said
        loop.run(follower.go_on)
        return
    print(loop.run(lambda: _why_nothing(follower)))  # noqa: T201 - people must see why nothing is sent


def retry(follower: Follower, replacements: Mapping[str, FileRow], *, max_credits: float | None) -> None:
    loop = follower.core.loop
    sent, cost = loop.run(
        lambda: _add(follower, lambda: after.replaced(follower.state, replacements), max_credits),
    )
    if sent:
        print(f"{are(sent)} sent in the place of others. {cost or ''}".strip())  # noqa: T201
    if sent < len(replacements):
        print(f"{are(len(replacements) - sent)} not sent: sent in that place before.")  # noqa: T201
    if sent:
        loop.run(follower.go_on)


def rest(follower: Follower, given: Source | None, *, max_credits: float | None) -> None:
    core, journal, state = follower.core, follower.journal, follower.state
    product = core.loop.run(lambda: product_of(core, state.configuration_id, None))
    source = read_again(core, journal, state.id, given)

    async def add() -> tuple[int, int, Estimate | None]:
        await follower.catch_up()
        files, cost = await prepare_rest(core, journal, follower.state, source, product, max_credits=max_credits)
        return len(files), sum(file.copy_of is None for file in files), cost

    with lock:
        files, sent, cost = core.loop.run(add)
        if not files:
            print(f"Nothing to send: all {len(source.files):,} files are in this run.")  # noqa: T201
            return
        said = f"{are(sent)} sent. {cost or ''}" if sent else "Nothing is sent: it has identical files already."
        print(said.strip())  # noqa: T201 - what is paid for is said
        core.loop.run(follower.go_on)


def rerun(
    follower: Follower, *, configuration: str, name: str | None, max_credits: float | None
) -> tuple[Follower, Source]:
    core, journal = follower.core, follower.journal
    if configuration == follower.state.configuration_id:
        raise InputError(
            f"This run has the configuration {configuration!r}: rerun() takes another one; lb.submit(…, new=True) "
            "submits the same again."
        )

    async def order() -> Order:
        product = await product_of(core, configuration, None)
        source, rows = after.source_of(follower.state, journal)
        return Order(
            source=source,
            configuration_id=configuration,
            product=product,
            name=name,
            rows=rows,
            parent=follower.state.id,
        )

    made = core.loop.run(order)
    with lock:
        return start(core, journal, made, max_credits=max_credits), made.source


async def _add(
    follower: Follower, chosen: Callable[[], list[FileRow]], max_credits: float | None
) -> tuple[int, Estimate | None]:
    """Choose and note what is sent, so that two clicks, or a click and a cell, do not send a file twice.

    Where others have added to the run meanwhile it is chosen anew.
    """
    core, cost = follower.core, None
    while True:
        await follower.catch_up()
        known, files = len(follower.state.parts), chosen()
        if files and max_credits is not None:
            product = await product_of(core, follower.state.configuration_id, None)
            cost = await cost_of(core, follower.journal, product, after.files_of(files), wanted=True)
            assert cost is not None
            check(cost, max_credits)
        if not files or after.add_retry(follower.journal, follower.state, files, known=known):
            return len(files), cost


def _failed(follower: Follower, *, hopeless: bool) -> list[FileRow]:
    return after.retried(follower.state, after.failed(follower.state, hopeless=hopeless))


async def _why_nothing(follower: Follower) -> str:
    left = after.failed(follower.state, hopeless=True)
    failed = sum(row.state.status == "failed" for row in left)
    if failed:
        which = "the file that" if failed == 1 else f"the {failed:,} files that"
        return (
            f"Nothing is sent again: trying again does not help {which} failed (see run.files()['error']). "
            "run.retry({name: path}) sends others in their place; run.retry_failed(all=True) tries anyway."
        )
    said = "Nothing to retry: no file of this run has failed, or they are under way already."
    return f"{said} run.retry_failed(all=True) sends what was cancelled on its own." if left else said
