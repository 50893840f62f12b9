"""Waiting for a run: for its end, or for what is new of it, not longer than was asked for."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import anyio

from llamabatch_nb.errors import DeadlineError
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.snapshot import Snapshot


async def ended(
    follower: Follower,
    timeout: float | None,  # noqa: ASYNC109 - a deadline with a message of its own
    *,
    raise_on_failures: bool,
) -> Snapshot:
    """The last Snapshot, or what `Follower.wait_ended` raises."""
    end = functools.partial(follower.wait_ended, raise_on_failures=raise_on_failures)
    if follower.finished:
        return await end()
    try:
        with anyio.fail_after(timeout):
            return await end()
    except TimeoutError:
        raise _late(follower.snapshot, follower.how_to_come_back(), timeout) from None


def each_snapshot(follower: Follower, timeout: float | None) -> Iterator[Snapshot]:
    """Each new Snapshot until the run has ended, or following it has: that is raised."""
    monotonic = follower.core.http.monotonic
    end = None if timeout is None else monotonic() + timeout
    seen: Snapshot | None = None
    while True:
        left = None if end is None else max(end - monotonic(), 0.0)
        snapshot, finished = follower.core.loop.run(functools.partial(_within, follower, left, timeout, seen))
        if snapshot is not seen:
            yield snapshot
        if finished:
            if follower.failure is not None:
                raise follower.failure
            return
        seen = snapshot


async def _within(
    follower: Follower,
    left: float | None,
    timeout: float | None,  # noqa: ASYNC109 - for its message
    seen: Snapshot | None,
) -> tuple[Snapshot, bool]:
    try:
        with anyio.fail_after(left):
            return await _next(follower, seen)
    except TimeoutError:
        raise _late(follower.snapshot, follower.how_to_come_back(), timeout) from None


async def _next(follower: Follower, seen: Snapshot | None) -> tuple[Snapshot, bool]:
    news = anyio.Event()
    forget = follower.subscribe(lambda _: news.set())
    try:
        if follower.snapshot is seen and not follower.finished:
            await news.wait()
    finally:
        forget()
    return follower.snapshot, follower.finished


def _late(last: Snapshot, how_to_come_back: str, timeout: float | None) -> DeadlineError:
    return DeadlineError(
        f"{last.batch_id or 'The upload'} is {last.phase} after {timeout:g} s, {last.done} of "
        f"{len(last.files)} files done; it goes on. {f'{last.trouble} ' if last.trouble else ''}{how_to_come_back}",
        batch_id=last.batch_id,
        run_name=last.name,
    )
