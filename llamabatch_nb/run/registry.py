"""One journal a client, one watcher a run: what the doors and the runs of this process share."""

from __future__ import annotations

import functools
import threading
import weakref

from llamabatch_nb.client.clients import Base
from llamabatch_nb.client.core import Core
from llamabatch_nb.connect import default
from llamabatch_nb.errors import InputError
from llamabatch_nb.follow.follower import Follower
from llamabatch_nb.follow.home import home
from llamabatch_nb.follow.journal import Journal
from llamabatch_nb.follow.state import RunState

#: Two cells, or two threads, submit one after the other.
lock = threading.RLock()
_journals: weakref.WeakKeyDictionary[Core, Journal] = weakref.WeakKeyDictionary()
_followers: weakref.WeakKeyDictionary[Core, dict[int, Follower]] = weakref.WeakKeyDictionary()


def core_of(client: Base | None) -> Core:
    core = getattr(client or default(), "core", None)
    if not isinstance(core, Core):
        raise InputError(f"client= takes what lb.connect(), lb.Client() or lb.AsyncClient() made, not {client!r}.")
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


def follower_of(core: Core, journal: Journal, state: RunState) -> Follower:
    """The run's watcher, however often it is submitted or opened: two would upload twice, and create two batches."""
    with lock:
        known = _followers.setdefault(core, {})
        follower = known.get(state.id)
        if follower is None:
            follower = known[state.id] = Follower(core, journal, state)
            follower.start()
        elif follower.finished and (state.unsent or follower.failure is not None or not follower.state.ended):
            core.loop.run(functools.partial(follower.revive, state))  # there is something to go on with
        elif len(state.parts) > len(follower.state.parts):
            core.loop.run(follower.catch_up)
        return follower
