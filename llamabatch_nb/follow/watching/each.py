"""Many things at once, but not too many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

T = TypeVar("T")


async def each(things: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """All of them, `at_once` at a time. The last failure is raised at the end, and a group never reaches a user."""
    limit = anyio.CapacityLimiter(at_once)
    failure: Exception | None = None

    async def one(thing: T) -> None:
        nonlocal failure
        async with limit:
            try:
                await work(thing)
            except Exception as error:
                failure = error

    async with anyio.create_task_group() as group:
        for thing in things:
            group.start_soon(one, thing)
    if failure is not None:
        raise failure
