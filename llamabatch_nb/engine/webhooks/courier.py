"""The thread that delivers events. There is none until there is something to deliver, and none when all has arrived.

An endpoint is told one event after the other, in their order; one that failed is told again later, between the others.
Endpoints do not wait for each other: each has a task of its own on the thread's event loop, so that a hundred of them
that hang cost a hundred sockets and nobody's time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import httpx

from llamabatch_nb.engine.store.database import Store
from llamabatch_nb.engine.webhooks import attempts, deliveries, targets
from llamabatch_nb.engine.webhooks.deliveries import Delivery

log = logging.getLogger(__name__)

#: Attempts, seconds before the second (doubled before each further one), and the longest pause: the numbers that the
#: service's page on webhooks gives.
ATTEMPTS = 3
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
#: Deliveries to one endpoint that were given up one after the other, after which the rest is not tried any more.
DEAD_AFTER = 3
#: Deliveries that a task claims at a time: a transaction each would be as slow as sending them.
_CLAIMED_AT_ONCE = 16
#: How long what is due may still be sent when the engine is closed. The rest goes out at the next start.
GRACE_SECONDS = 3.0


def backoff(attempts: int, draw: Callable[[], float] = random.random) -> float:
    """Seconds until the next attempt after `attempts` of them: up to a quarter more than the exponential pause."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempts - 1) * (1 + draw() / 4))


class Courier:
    """One an engine. `look` starts it whenever there is something to deliver.

    Args:
        store: Where events and deliveries are.
        anywhere: Whether hosts other than this machine may be told.
        pause: Seconds before the next attempt, by how many there were.
        now: The time by which deliveries are due: not the engine's clock, which may stand still.

    """

    def __init__(
        self,
        store: Store,
        *,
        anywhere: bool,
        pause: Callable[[int], float] = backoff,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._anywhere = anywhere
        self._pause = pause
        self._now = now
        self._lock = threading.Lock()
        # These are changed under the lock. `_looked`: there may be more than the running thread has seen.
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running = self._looked = self._stopping = False
        # These are the running thread's own.
        self._awake = asyncio.Event()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._held: dict[int, Delivery] = {}
        self._given_up: Counter[str] = Counter()
        self._told: set[str] = set()

    def look(self) -> None:
        """See whether there is something to deliver, and if so see to it. Any thread may call it, as often as it likes.

        Where nobody asked for webhooks this is one query of some microseconds.
        """
        with self._store.read() as db:
            if not deliveries.any_due(db, self._now()):
                return
        with self._lock:
            if self._stopping:
                return
            self._looked = True
            if self._running:
                self._wake()
            else:
                self._running = True
                self._thread = threading.Thread(
                    target=self._run, args=(self._thread,), name="llamabatch-webhooks", daemon=True
                )
                self._thread.start()

    def stop(self) -> None:
        """Send what is due now, for at most `GRACE_SECONDS`, and end. The rest is sent by whoever comes next."""
        with suppress(sqlite3.Error):
            self.look()  # the last events come with the end of the work
        with self._lock:
            self._stopping = True
            self._wake()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._awake.set)

    def _run(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # it had nothing left to do, but may not have ended
        asyncio.run(self._deliver())

    async def _deliver(self) -> None:
        with self._lock:
            self._awake = asyncio.Event()
            self._loop = asyncio.get_running_loop()
        renewing = asyncio.create_task(self._renew())
        try:
            # No proxies of the environment: what those connect to is out of our hands. No client around it: that would
            # follow redirects if told so, and logs URLs, which hold keys.
            async with httpx.AsyncHTTPTransport(trust_env=False) as transport:
                while await self._turn(transport):
                    pass
                # Only when the engine is closed there are lanes left: what they send has its grace.
                if self._lanes:
                    await asyncio.wait(set(self._lanes.values()), timeout=GRACE_SECONDS)
        finally:
            await _cancel(renewing, *self._lanes.values())
            self._give_back()
            with self._lock:
                if self._thread is threading.current_thread():
                    self._loop, self._running = None, False

    async def _turn(self, transport: httpx.AsyncHTTPTransport) -> bool:
        """Give a lane to each endpoint that is to be told something, and wait. Returns False when all is done."""
        with self._lock:
            self._looked = False
            self._awake.clear()
        try:
            dues = self._spread()
        except Exception:
            log.exception("The engine could not read its webhook deliveries; trying again in a second")
            dues = {"": self._now() + 1.0}
        now = self._now()
        for endpoint, due in dues.items():
            if due <= now and endpoint not in self._lanes:
                lane = self._lanes[endpoint] = asyncio.create_task(self._lane(transport, endpoint))
                lane.add_done_callback(partial(self._end, endpoint))
        pause = min((due - now for endpoint, due in dues.items() if endpoint not in self._lanes), default=None)
        with self._lock:
            if self._stopping:
                return False
            if pause is None and not self._lanes and not self._looked:
                self._loop, self._running = None, False  # under the lock: whoever looks now starts another thread
                return False
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._awake.wait()
        return True

    def _spread(self) -> dict[str, float]:
        more = True
        while more:
            with self._store.write() as db:
                more = deliveries.spread(db, self._now())
        with self._store.read() as db:
            return deliveries.dues(db, self._now())

    def _end(self, endpoint: str, _lane: asyncio.Task[None]) -> None:
        del self._lanes[endpoint]
        self._awake.set()

    async def _lane(self, transport: httpx.AsyncHTTPTransport, endpoint: str) -> None:
        """Tell one endpoint all that is due."""
        try:
            while claimed := self._claim(endpoint):
                for delivery in claimed:
                    if delivery.seq in self._held:  # else the endpoint was found to be dead
                        self._settle(delivery, await attempts.attempt(transport, delivery, anywhere=self._anywhere))
        except Exception:
            # A store that is locked, or its disk full: what is claimed is due again when the claim has run out.
            log.exception("The engine could not go on with a webhook delivery")
            self._forget(endpoint)
            await asyncio.sleep(1)

    def _claim(self, endpoint: str) -> list[Delivery]:
        with self._store.write() as db:
            claimed = deliveries.claim(db, endpoint, self._now(), _CLAIMED_AT_ONCE)
        self._held |= {each.seq: each for each in claimed}
        return claimed

    def _settle(self, delivery: Delivery, trouble: str | None) -> None:
        endpoint = delivery.endpoint_id
        dropped = 0
        with self._store.write() as db:
            if trouble is None:
                deliveries.arrived(db, delivery)
                self._given_up.pop(endpoint, None)
            elif delivery.attempts < ATTEMPTS:
                deliveries.postpone(db, delivery, self._now() + self._pause(delivery.attempts))
            else:
                deliveries.arrived(db, delivery)
                dropped = 1
                self._given_up[endpoint] += 1
                if self._given_up[endpoint] >= DEAD_AFTER:
                    dropped += deliveries.drop_endpoint(db, endpoint)
        self._held.pop(delivery.seq, None)
        if dropped > 1 or self._given_up[endpoint] >= DEAD_AFTER:
            self._forget(endpoint)
        if dropped and endpoint not in self._told:
            self._told.add(endpoint)
            where = targets.origin(json.loads(delivery.endpoint)["webhook_url"])
            log.warning("The webhook endpoint at %s is not told of some events: %s", where, trouble)

    def _forget(self, endpoint: str) -> None:
        for seq in [seq for seq, each in self._held.items() if each.endpoint_id == endpoint]:
            del self._held[seq]

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(deliveries.LEASE_SECONDS / 3)
            if self._held:
                with suppress(Exception), self._store.write() as db:
                    deliveries.renew(db, list(self._held.values()), self._now())

    def _give_back(self) -> None:
        if self._held:
            with suppress(Exception), self._store.write() as db:
                deliveries.give_back(db, list(self._held.values()), self._now())
            self._held.clear()


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
