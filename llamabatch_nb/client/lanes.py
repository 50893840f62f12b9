"""Connections, each in a pool of its own.

Measured with 1,000 uploads over one pool of httpcore 1.0: 2.0 s of processor time with 8 connections, 5.7 s with 32,
7.9 s with 64, since for every request it looks at every connection several times, with system calls; with these lanes
1.5 s with any number. A request takes the connection that was used last.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

#: An idle connection is left after 4 s, since many servers close it after 5, and of a create on a connection that is
#: just being closed nobody knows whether it was done.
IDLE = 4.0
LIMITS = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE)


class Lanes:
    """As many httpx clients as there are requests at once. `make` makes one; `shared`: one will do for all.

    `template` builds requests; any lane sends them.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, shared: bool) -> None:
        self._make = make
        self._shared = shared
        self.template = make()
        self._all = {self.template}
        self._idle = deque([(time.monotonic(), self.template)])

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncClient]:
        if self._shared:
            yield self.template
            return
        client = self._idle.pop()[1] if self._idle else self._make()
        self._all.add(client)
        try:
            await self._leave()
            yield client
        finally:
            self._idle.append((time.monotonic(), client))

    async def aclose(self) -> None:
        while self._all:
            await self._all.pop().aclose()

    async def _leave(self) -> None:
        """Close what has not been used for long: a pool notices only when it is asked for a connection."""
        if self._idle and time.monotonic() - self._idle[0][0] > IDLE:
            _, client = self._idle.popleft()
            self._all.discard(client)
            await client.aclose()
