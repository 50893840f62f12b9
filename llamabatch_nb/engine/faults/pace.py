"""Time as a parameter: how far a batch or job is shown to have come (design.md, decision 13)."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import anyio
import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llamabatch_nb.contract.parse import TERMINAL
from llamabatch_nb.engine.errors import EngineError
from llamabatch_nb.engine.faults import veils
from llamabatch_nb.engine.faults.answer import Answer

#: The longest that a look waits for the end: below the 60 s after which the official SDK gives a request up.
PATIENCE_SECONDS = 45.0
#: Between two looks at the store while one waits: each is half as long again as the one before, up to the longest.
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.02, 0.5, 1.5
#: What looks before the last one show.
_STEPS = ("PENDING", "RUNNING")
#: What a batch or job has when it has ended and not before: its own fields, and those beside a parse job.
_OUTCOME = ("error_message", "usage", "extract_result", "extract_metadata", "metadata")


class Paced:
    """ASGI middleware for any other time than ``timed``. A look is a GET of a batch or job, alone or in a list.

    Args:
        app: What knows how far things have come.
        steps: How many looks show less than the end: 2 for ``per_read``, 0 for ``immediate``.
        any_open: Whether one of the batches and jobs with these ids has not ended; it is asked in a thread. Answers of
            `app` may be large, so that they are not made again and again to find that out.
        results_while_running: Whether a batch that is shown RUNNING may have results.
        sleep: How a look waits for the end.
        monotonic: By which it gives up waiting, and shows what is true.

    """

    def __init__(
        self,
        app: ASGIApp,
        steps: int,
        any_open: Callable[[Collection[str]], bool],
        *,
        results_while_running: bool,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._steps = steps
        self._any_open = any_open
        self._results_while_running = results_while_running
        self._sleep = sleep
        self._monotonic = monotonic
        self._looks: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not veils.concern("GET", scope["path"]):
            await self._app(scope, receive, send)
            return

        async def empty() -> Message:  # a GET has no body, and is asked for again
            return {"type": "http.request"}

        until = self._monotonic() + PATIENCE_SECONDS
        while True:
            answer = Answer()
            await self._app(scope, empty, answer)
            content = answer.content
            things = [] if content is None else veils.things(content, scope["path"])
            waits = [each["id"] for each in things if self._looks[each["id"]] >= self._steps and not _ended(each)]
            if not waits or self._monotonic() > until:
                break
            if not await self._wait(waits, until, receive):
                return
        if content is not None:
            for thing in veils.things(content, scope["path"]):
                self._look(thing, content)
        await answer.send(send, content)

    async def _wait(self, ids: Collection[str], until: float, receive: Receive) -> bool:
        """Until all of these have ended, or it is time. Returns whether the client is still there."""
        pause = _FIRST_PAUSE
        while self._monotonic() <= until:
            if await self._gone_within(pause, receive):
                return False
            try:
                if not await anyio.to_thread.run_sync(self._any_open, ids):
                    break
            except (EngineError, sqlite3.Error):  # `app` says what is the matter
                break
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        return True

    async def _gone_within(self, seconds: float, receive: Receive) -> bool:
        """Sleep, unless the client goes away meanwhile: returns whether it has."""
        gone = False
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                nonlocal gone
                while (await receive())["type"] != "http.disconnect":
                    pass
                gone = True
                group.cancel_scope.cancel()

            group.start_soon(watch)
            await self._sleep(seconds)
            group.cancel_scope.cancel()
        return gone

    def _look(self, thing: dict[str, Any], content: Any) -> None:
        look = self._looks[thing["id"]]
        self._looks[thing["id"]] += 1
        # What was cancelled is shown so at once: it was asked for.
        if look >= self._steps or thing["status"] == "CANCELLED":
            return
        thing["status"] = _STEPS[look]
        thing |= {name: None for name in _OUTCOME if name in thing}
        if thing.get("results") is not None and not (look and self._results_while_running):
            thing["results"] = None
        if content.get("job") is thing:
            content |= {name: None for name in content if name != "job"}


def _ended(thing: dict[str, Any]) -> bool:
    return thing["status"] in TERMINAL
