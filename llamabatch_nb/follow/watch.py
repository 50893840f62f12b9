"""Looking at a batch, again and again, until nothing more will change: an async stream of Snapshots."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import anyio

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.batches import TERMINAL
from llamabatch_nb.contract.parse import ParseJob
from llamabatch_nb.errors import (
    NotFoundError,
    RateLimitedError,
    ServerError,
    ServiceError,
    UnexpectedAnswerError,
    UnreachableError,
)
from llamabatch_nb.follow.state import RunState
from llamabatch_nb.snapshot import Snapshot

#: Job ids in one URL: 80 of 32 characters keep it under 4 kB (design.md, decision 4).
CHUNK = 80
#: Chunks a look asks LlamaCloud for, in rotation; the local engine is asked for all.
CHUNKS_A_LOOK = 4
#: A batch that was just created may not be found for a while (anthropic-sdk-python#1432 saw it on a sister API). Looks.
NOT_YET_FOUND = 10


@dataclass(slots=True)
class Pace:
    """How long to wait between looks: short while things change, longer while nothing does, capped. Seconds."""

    shortest: float
    longest: float
    growth: float = 1.5
    current: float = 0.0

    @classmethod
    def of(cls, *, local: bool) -> Pace:
        return cls(0.5, 2.0) if local else cls(1.0, 15.0)

    def next(self, *, changed: bool) -> float:
        self.current = self.shortest if changed else min(max(self.current, self.shortest) * self.growth, self.longest)
        return self.current


async def watch(
    core: Core,
    state: RunState,
    *,
    recall: Callable[[Sequence[str]], Iterable[ParseJob]] = lambda _: (),
    pace: Pace | None = None,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Snapshot]:
    """A `Snapshot` after every look at the batch of `state`, the first before any sleep, the last when it has ended.

    An outage does not end it: the Snapshot says so in `trouble`, and the next look comes later. What no waiting mends
    (a refused key, no credits, a batch that does not exist) is raised. `recall` gives those of the jobs that were seen
    to end another day: they are not asked for again.
    """
    pace = pace or Pace.of(local=core.service.local)
    turn = 0
    before: object = None
    while True:
        trouble, asked = None, 0.0
        try:
            await _look(core, state, turn, recall)
        except NotFoundError:
            if turn >= NOT_YET_FOUND:
                raise
        except (UnreachableError, UnexpectedAnswerError, ServiceError) as error:
            if not _may_pass(error):
                raise
            asked = getattr(error, "retry_after", None) or 0.0
            trouble = _in_words(error, core)
        turn += 1
        state.saw(monotonic())
        yield state.snapshot(taken_at=core.now(), at=monotonic(), trouble=trouble)
        if state.ended:
            return
        now = (state.batch and state.batch.status, state.done(), state.estimated_done)
        await sleep(max(pace.next(changed=now != before), asked))
        before = now


async def _look(core: Core, state: RunState, turn: int, recall: Callable[[Sequence[str]], Iterable[ParseJob]]) -> None:
    assert state.batch is not None
    batch = await core.batches.get(state.batch.id, expand=["results"])
    if not state.files and turn == 0:
        directory = core.directories.files.list(batch.source_directory_id, page_size=1000)
        try:
            state.take_listing([file async for file in directory])
        except NotFoundError:
            state.listed = True  # expired; results still name the files' ids
    state.take_batch(batch)
    state.take_jobs(recall(state.open_jobs()))
    wanted = state.open_jobs()
    found = await _jobs(core, wanted, turn, whole=batch.status in TERMINAL)
    state.take_jobs(found)
    if batch.status in TERMINAL:
        state.take_missing(set(wanted) - {job.id for job in found})
    if batch.results is None and batch.status == "RUNNING" and state.job_type == "parse_v2":
        state.estimated_done = await _estimate(core, state)


async def _jobs(core: Core, wanted: Sequence[str], turn: int, *, whole: bool) -> list[ParseJob]:
    """`whole`: of an ended batch all at once, so that one look tells what there is; in rotation while it runs."""
    chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
    if not (whole or core.service.local) and len(chunks) > CHUNKS_A_LOOK:
        start = (turn * CHUNKS_A_LOOK) % len(chunks)
        chunks = (chunks[start:] + chunks[:start])[:CHUNKS_A_LOOK]
    jobs: list[ParseJob] = []
    for chunk in chunks:
        jobs += [job async for job in core.parsing.list(job_ids=chunk, page_size=CHUNK)]
    return jobs


async def _estimate(core: Core, state: RunState) -> int:
    """How many have ended, while the service tells nothing of single files: jobs made since, named as in the directory.

    A parse job's list entry has no file id, so this is a count and never shown as a file's own job (decision 4).
    """
    assert state.batch is not None
    since = state.batch.created_at
    names = {file.name for file in state.files}
    if since is None or not names:
        return 0
    # The two clocks of a service may differ by a little. Jobs of another batch over files of the same names count too,
    # which is why this is only ever shown as an estimate.
    jobs = core.parsing.list(created_at_on_or_after=since - timedelta(seconds=1), status="COMPLETED", page_size=1000)
    found = set()
    async for job in jobs:
        if job.name in names:
            found.add(job.name)
    return len(found)


def _may_pass(error: Exception) -> bool:
    """Whether waiting may mend it: an outage, a proxy's page, trouble of the service's own, a limit."""
    if isinstance(error, (UnreachableError, UnexpectedAnswerError, ServerError, RateLimitedError)):
        return True
    return isinstance(error, ServiceError) and error.status_code == 408


def _in_words(error: Exception, core: Core) -> str:
    who = core.service.label
    if isinstance(error, RateLimitedError):
        when = f"in {error.retry_after:,.0f} s" if error.retry_after else "soon"
        return f"{who} asked us to slow down; looking again {when}."
    if isinstance(error, ServiceError):
        return f"{who} has trouble of its own ({error.status_code}); looking again soon."
    if isinstance(error, UnexpectedAnswerError):
        return f"Something else answers in place of {who}, a proxy or a sign-in page; looking again soon."
    return f"{who} cannot be reached; the batch goes on there, looking again soon."
