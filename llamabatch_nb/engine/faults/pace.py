"""Time as a parameter: how far a batch or job is shown to have come (design.md, decision 13)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llamabatch_nb.contract.parse import TERMINAL
from llamabatch_nb.engine.faults import veils
from llamabatch_nb.engine.faults.answer import Answer

#: The longest that a look waits for the end: below the 60 s after which the official SDK gives a request up.
PATIENCE_SECONDS = 45.0
_AGAIN_SECONDS = 0.02
#: What looks before the last one show.
_STEPS = ("PENDING", "RUNNING")
#: What a batch or job has when it has ended and not before: its own fields, and those beside a parse job.
_OUTCOME = ("error_message", "usage", "extract_result", "extract_metadata")


class Paced:
    """ASGI middleware for any other time than ``timed``. A look is a GET of a batch or job, alone or in a list.

    Args:
        app: What knows how far things have come.
        steps: How many looks show less than the end: 2 for ``per_read``, 0 for ``immediate``.
        results_while_running: Whether a batch that is shown RUNNING may have results.
        sleep: How a look waits for the end.
        monotonic: By which it gives up waiting, and shows what is true.

    """

    def __init__(
        self,
        app: ASGIApp,
        steps: int,
        *,
        results_while_running: bool,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._steps = steps
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
            waits = [each for each in things if self._looks[each["id"]] >= self._steps and not _ended(each)]
            if not waits or self._monotonic() > until:
                break
            await self._sleep(_AGAIN_SECONDS)
        if content is not None:
            for thing in veils.things(content, scope["path"]):
                self._look(thing, content)
        await answer.send(send, content)

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
