"""The Snapshots of a run as they come, and who hears of them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from llamabatch_nb.snapshot import Snapshot

log = logging.getLogger("llamabatch_nb.follow")

#: Seconds between two Snapshots: nobody is told more than twice a second (design.md, decision 3).
SHORTEST = 0.5


class News:
    """`last` may be read from any thread; the rest is the loop's. `take` makes a Snapshot of what is known now."""

    def __init__(self, take: Callable[[], Snapshot], monotonic: Callable[[], float]) -> None:
        self.last = take()
        self._take = take
        self._monotonic = monotonic
        self._told_at = 0.0
        self._subscribers: list[Callable[[Snapshot], None]] = []

    def subscribe(self, callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Call back on the loop thread for each new Snapshot; what comes back unsubscribes."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def tell(self) -> None:
        self._told_at = self._monotonic()
        self.last = self._take()
        for callback in list(self._subscribers):
            try:
                callback(self.last)
            except Exception:
                log.exception("A subscriber of a run failed; the run goes on")

    def tell_seldom(self) -> None:
        if self._monotonic() - self._told_at >= SHORTEST:
            self.tell()
