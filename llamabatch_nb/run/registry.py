"""One journal a client, one watcher a run: what the doors and the runs of this process share."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress

import anyio

from llamabatch_nb.client.clients import Base
from llamabatch_nb.client.core import Core
from llamabatch_nb.connect import default
from llamabatch_nb.errors import InputError, LoopThreadError
from llamabatch_nb.follow.home import home
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.watching.follower import Follower

#: How long uploads that were cancelled may take to stop before a submit no longer waits for that. Seconds.
PATIENCE = 5.0
#: Two cells, or two threads, submit one after the other.
lock = threading.RLock()
_journals: weakref.WeakKeyDictionary[Core, Journal] = weakref.WeakKeyDictionary()
_followers: weakref.WeakKeyDictionary[Core, dict[int, Follower]] = weakref.WeakKeyDictionary()


def core_of(client: Base | None) -> Core:
    """Whose loop thread may be waited for.

    Raises:
        InputError: it is no client.
        LoopThreadError: called on that thread, before any lock is taken: whoever holds it may wait for the thread.

    """
    core = getattr(client or default(), "core", None)
    if not isinstance(core, Core):
        raise InputError(f"client= takes what lb.connect(), lb.Client() or lb.AsyncClient() made, not {client!r}.")
    if core.loop.here:
        raise LoopThreadError(
            "Runs are submitted, opened and listed by calls that block, and this one was made on the loop thread, "
            "where it would wait for itself: make it in another thread."
        )
    return core


def journal_of(core: Core) -> Journal:
    with lock:
        if core not in _journals:
            journal = Journal(home() / "journal.db")

            async def close() -> None:
                _followers.pop(core, None)  # each of them holds the core, which would never be freed
                journal.close()

            core.before_close.append(close)
            _journals[core] = journal
        return _journals[core]


async def over(core: Core, run: int) -> bool:
    """Whether what was cancelled of the run may be sent after all: nothing here follows it, or not any more.

    Where its uploads were cancelled and are winding down, that is waited for, not longer than `PATIENCE`: until then
    what was cancelled stays so. Called on the loop.
    """
    follower = _followers.get(core, {}).get(run)
    if follower is None or follower.finished:
        return True
    if not follower.state.ended:
        return False
    if any(part.stopped for part in follower.state.parts):
        with suppress(Exception), anyio.move_on_after(PATIENCE):  # how it ended is not asked here
            await follower.wait_ended()
    return follower.finished


def follower_of(core: Core, journal: Journal, state: RunState, *, stopped: Sequence[int] = ()) -> Follower:
    """The run's watcher, however often it is submitted or opened: two would upload twice, and create two batches.

    `stopped` parts are sent after all, which the journal is told together with the watcher, never behind it.
    """

    async def again(follower: Follower) -> None:
        if follower.finished:
            _unstop(journal, stopped)
            await follower.revive(state)

    with lock:
        known = _followers.setdefault(core, {})
        follower = known.get(state.id)
        if follower is None:
            _unstop(journal, stopped)
            follower = known[state.id] = Follower(core, journal, state)
            follower.start()
        elif follower.finished and (state.unsent or follower.failure is not None or not follower.state.ended):
            core.loop.run(lambda: again(follower))  # there is something to go on with
        else:  # with parts that others have added, and with those that could not be sent
            core.loop.run(follower.catch_up)
        return follower


def _unstop(journal: Journal, parts: Sequence[int]) -> None:
    for part in parts:
        journal.part_stopped(part, stopped=False)
