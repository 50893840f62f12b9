"""The private loop thread that all async work of this package lives on (design.md, decision 1).

Measured there: in three seconds of a busy cell a task on the kernel's own loop updated a panel once, a thread sixteen
times. So nothing here touches the loop of a notebook: one daemon thread runs one loop, the sync face submits to it and
waits, the async face submits to it and awaits. The thread starts with the first `Loop` and ends with the last.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, BlockingPortalProvider

from llamabatch_nb.errors import InputError, LoopThreadError

R = TypeVar("R")
#: How long an interrupted call may take to clean up before the interrupt is raised all the same. Seconds.
CLEAN_UP = 2.0
CLOSED = "This client is closed: make a new one with lb.connect() or lb.Client()."

_provider = BlockingPortalProvider()


class Loop:
    """A share in the loop thread. Close it when done; the last one stops the thread."""

    def __init__(self) -> None:
        self._portal: BlockingPortal | None = _provider.__enter__()
        self._thread = self._portal.call(threading.get_ident)
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def here(self) -> bool:
        """Whether the caller is on the loop thread."""
        return threading.get_ident() == self._thread

    def start(self, work: Callable[[], Awaitable[R]]) -> Future[R]:
        """Run `work` on the loop thread; never blocks. Cancelling the future cancels the work."""
        if self._portal is None:
            raise InputError(CLOSED)
        return self._portal.start_task_soon(work)

    def run(self, work: Callable[[], Awaitable[R]]) -> R:
        """Run `work` on the loop thread and wait for it.

        An interrupt cancels the work before it is raised: `portal.call` would leave it running (parsing.md section 8).

        Raises:
            LoopThreadError: called on the loop thread itself.

        """
        if self.here:
            raise LoopThreadError(
                "A blocking call was made on the loop thread, where it would wait for itself; use the async form there."
            )
        future = self.start(work)
        try:
            return future.result()
        except CancelledError:
            raise
        except BaseException:
            if not future.done():
                future.cancel()
                wait([future], timeout=CLEAN_UP)
            raise

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `work` on the loop thread, from any thread and from that one too; nobody waits for it."""
        if not self.here:
            self.start(work)
            return
        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)  # a loop holds its tasks weakly
        task.add_done_callback(self._tasks.discard)

    async def relay(self, work: Callable[[], Awaitable[R]]) -> R:
        """Run `work` on the loop thread and await it from any other loop."""
        if self.here:
            return await work()
        return await asyncio.wrap_future(self.start(work))

    def close(self) -> None:
        with self._lock:
            portal, self._portal = self._portal, None
        if portal is None:
            return
        if self.here:
            # The last share cannot join its own thread; a thread that belongs to nobody does it.
            threading.Thread(target=_provider.__exit__, args=(None, None, None), daemon=True).start()
        else:
            _provider.__exit__(None, None, None)
