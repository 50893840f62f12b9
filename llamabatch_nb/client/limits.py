"""How many requests at once, and how many a second: learnt from what the service says (design.md, decision 5).

Nothing is published on how many requests LlamaCloud takes at once (contract.md section 8), so it is found out: the
number grows while all goes well, is halved by a refusal, and grows slowly after the first. No clock and no sleep in
here: `Http` waits, and these say how long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from llamabatch_nb.errors import InputError

#: Requests at once: at the start, and at most. Measured with 1,000 uploads over a latency of 50 ms on two busy cores:
#: 7.1 s with at most 16 at once, 4.2 s with 32, 4.1 s with 64.
START, MOST = 8, 32
#: The service counts uploads over windows of five seconds (contract.md section 8).
WINDOW = 5.0


class Limiter:
    """Requests of one kind that may be under way at once. First come, first served; safe to cancel at any moment.

    `not_before` (by the monotonic clock) is when the next one may be sent: a refusal of one request speaks to all of
    its kind, which would otherwise each fetch a refusal of their own. `status` is the code of that refusal.
    """

    def __init__(self, *, start: int = START, most: int = MOST) -> None:
        self.not_before = float("-inf")
        self.status: int | None = None
        self._most = most
        self._limit = float(start)
        self._refusals = 0
        self._slots = anyio.CapacityLimiter(start)

    @property
    def limit(self) -> int:
        """How many may be under way at once, now."""
        return int(self._limit)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[int]:
        """A place among those under way. Yields what `answered` and `refused` are told: when it was taken."""
        borrower = object()
        await self._slots.acquire_on_behalf_of(borrower)
        try:
            yield self._refusals
        finally:
            self._slots.release_on_behalf_of(borrower)

    def answered(self, taken: int) -> None:
        """A request was answered, and not refused for its rate; called while its slot is held.

        One more for every answer until the first refusal (8, 16, 32 in two round trips), then one more a round trip.
        """
        # What was sent before a refusal says nothing of the limit since; nor does one of few, when more were allowed.
        if taken == self._refusals and self._slots.borrowed_tokens >= self._slots.total_tokens:
            self._set(min(self._limit + (1.0 if self._refusals == 0 else 1.0 / self._limit), self._most))

    def refused(self, taken: int, status: int | None, until: float | None) -> None:
        """A request was refused for its rate: half as many from now on, and none before `until`."""
        if taken == self._refusals:  # the others that were under way then are refused for the same reason
            self._refusals += 1
            self._set(max(self._limit / 2, 1.0))
        if until is not None and until > self.not_before:
            self.not_before, self.status = until, status

    def _set(self, limit: float) -> None:
        self._limit = limit
        if int(limit) != self._slots.total_tokens:
            self._slots.total_tokens = int(limit)


class Rate:
    """At most `per_second`, averaged over any five seconds: a burst is allowed, as the service allows it."""

    def __init__(self, per_second: float) -> None:
        if not 0 < per_second < float("inf"):
            raise InputError(f"uploads_per_second is {per_second!r}: give a number above 0, or None for no limit.")
        places = max(1, int(per_second * WINDOW))
        self._window = places / per_second
        self._starts: deque[float] = deque(maxlen=places)

    def delay(self, now: float) -> float:
        """Seconds that the next one has to wait. Its place is taken with this call, so that all keep their order."""
        start = now
        if len(self._starts) == self._starts.maxlen:
            start = max(now, self._starts[0] + self._window)
        self._starts.append(start)
        return start - now
