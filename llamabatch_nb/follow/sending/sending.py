"""The parts of a run on their way to their batches, some at once. One that fails stops no other."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from llamabatch_nb.client.core import Core
from llamabatch_nb.errors import AuthenticationError, OutOfCreditsError, PermissionDeniedError
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.sending.send import send
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState

#: Parts that are sent at once: while one waits for its batch to be created, the next is uploaded.
PARTS_AT_ONCE = 2
#: Of a key, of credits and of a role: the parts that wait for their turn would fare no better.
_OF_ALL = (AuthenticationError, OutOfCreditsError, PermissionDeniedError)


class Sending:
    """Of one run. `progress` is called as files arrive, `sent` after each part, whatever became of it."""

    def __init__(
        self, core: Core, journal: Journal, state: RunState, *, progress: Callable[[], None], sent: Callable[[], None]
    ) -> None:
        self._core = core
        self._journal = journal
        self._state = state
        self._progress = progress
        self._told = sent
        self._busy: set[int] = set()  # parts that are sent, or wait for their turn
        self._begun: set[int] = set()  # those whose turn it is
        self._changed = anyio.Event()
        self._ended = False
        self._limit: anyio.CapacityLimiter | None = None  # made on the loop, where alone it can be

    def start(self, group: TaskGroup) -> None:
        """Send, in tasks of `group`, what is not sent yet and has not failed to be."""
        self._ended = False
        self._limit = self._limit or anyio.CapacityLimiter(PARTS_AT_ONCE)
        for part in self._left():
            if part.id not in self._busy:
                self._busy.add(part.id)
                part.leaving = False
                group.start_soon(self._send, part, self._limit)

    def try_again(self) -> bool:
        """What could not be sent may be now. Whether there is such a part; `start` sends it."""
        failed = [part for part in self._state.unsent if part.failure is not None and part.id not in self._busy]
        for part in failed:
            part.failure, part.resumed = None, True  # some of it may have arrived
        return bool(failed)

    async def finish(self) -> None:
        """Until each part is sent, or has failed to be, or nobody sends any more. No outage is sat out from now on."""
        for part in self._left():
            part.leaving = True
        while self._left() and not self._ended:
            await self._changed.wait()

    def end(self) -> None:
        """Nobody sends any more."""
        self._ended = True
        self._wake()

    @property
    def failure(self) -> Exception | None:
        """Why the first of the parts that could not be sent was not."""
        return next((part.failure for part in self._state.unsent if part.failure is not None), None)

    def _left(self) -> list[Part]:
        return [part for part in self._state.unsent if part.failure is None]

    async def _send(self, part: Part, limit: anyio.CapacityLimiter) -> None:
        self._core.sending += 1
        try:
            async with limit:
                self._begun.add(part.id)
                if part.failure is None:
                    await send(self._core, self._journal, self._state, part, self._progress)
        except Exception as error:
            part.failure = first(error)
            if isinstance(part.failure, _OF_ALL):
                for other in self._left():
                    if other.id not in self._begun:
                        other.failure = part.failure
        finally:
            self._core.sending -= 1
            self._busy.discard(part.id)
            self._begun.discard(part.id)
            self._wake()
        self._told()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


def first(error: Exception) -> Exception:
    """A group never reaches a user (design.md, decision 1)."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
