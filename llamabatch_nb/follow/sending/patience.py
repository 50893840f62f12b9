"""How long an answer is waited for: what may pass is sat out, what will not is raised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from llamabatch_nb.client.core import Core
from llamabatch_nb.errors import (
    RateLimitedError,
    RequestError,
    ServerError,
    UnexpectedAnswerError,
    UnreachableError,
)
from llamabatch_nb.follow.state.part import Part

R = TypeVar("R")

#: Waits before what may have been done is looked up and, if it was not, sent again; in an outage the last one is
#: repeated until it is over. Seconds.
PAUSES = (1.0, 4.0, 15.0)
#: What leaves open whether a request was done, or asks for it later.
UNCERTAIN = (UnreachableError, ServerError, UnexpectedAnswerError, RateLimitedError)


class Patience:
    """Of one thing that is to be done for a part: an outage is sat out, as the watcher does, and shown as a trouble.

    A plain 500 is no outage: of a document that breaks the service there would be no end. Nor is one sat out where
    somebody waits for it: without a `part`, or while whoever follows it leaves.
    """

    def __init__(self, core: Core, part: Part | None) -> None:
        self._core = core
        self._part = part
        self._tries = 0

    @property
    def over(self) -> bool:
        return self._tries >= len(PAUSES)

    async def wait(self, error: RequestError) -> None:
        """Wait before the next try, or raise `error` if that is enough."""
        outage = error.status_code != 500 and self._part is not None and not self._part.leaving
        if self.over and not outage:
            raise error
        seconds = max(PAUSES[min(self._tries, len(PAUSES) - 1)], getattr(error, "retry_after", None) or 0.0)
        self._tries += 1
        await self._core.http.sit_out(seconds, error.status_code)


async def patiently(core: Core, part: Part, work: Callable[[], Awaitable[R]]) -> R:
    """Do what may be done twice, until there is an answer."""
    patience = Patience(core, part)
    while True:
        try:
            return await work()
        except UNCERTAIN as error:
            await patience.wait(error)
