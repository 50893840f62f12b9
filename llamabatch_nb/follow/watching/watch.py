"""Looking at a run, again and again, until nothing more will change: an async stream of news."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anyio

from llamabatch_nb.client.core import Core
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.contract.batches import TERMINAL
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseJob
from llamabatch_nb.errors import NotFoundError
from llamabatch_nb.follow.state import trouble
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.state.tracked import Job, Tracked
from llamabatch_nb.follow.watching.each import each
from llamabatch_nb.follow.watching.jobs import job as asked_for
from llamabatch_nb.snapshot import Trouble

#: Job ids in one URL: 80 of 32 characters keep it under 4 kB (design.md, decision 4).
CHUNK = 80
#: Chunks a look asks LlamaCloud for, in rotation; the local engine is asked for all.
CHUNKS_A_LOOK = 4
#: A batch is gone when the service has not known it for this long: one that was just created may not be found for a
#: while (anthropic-sdk-python#1432 saw it on a sister API), and replicas of a service may differ for a moment. Seconds.
GONE_AFTER = 300.0
#: The local engine is one process. Seconds.
GONE_AFTER_LOCAL = 5.0
#: Parts that are looked at at once.
AT_ONCE = 4


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


Recall = Callable[[Sequence[str]], Iterable[Job]]
Mapped = Callable[[Part, list[Tracked]], None]


class Watch:
    """The looks at one run. `wake` makes the next one come at once: a batch has been created, a machine woke up.

    An outage does not end it: `trouble` says so, and the next look comes later. What no waiting mends (a refused key,
    no credits) is raised. `recall` gives those of the jobs that were seen to end another day, which are not asked for
    again; `mapped` is told what is new of a batch.
    """

    def __init__(
        self,
        core: Core,
        state: RunState,
        *,
        recall: Recall = lambda _: (),
        mapped: Mapped = lambda _part, _files: None,
        pace: Pace | None = None,
    ) -> None:
        self.trouble: Trouble | None = None
        self.begun = 0  # looks
        self._core = core
        self._state = state
        self._recall = recall
        self._mapped = mapped
        self._pace = pace or Pace.of(local=core.service.local)
        self._wake = anyio.Event()
        self._changed_at = core.http.monotonic()
        self._asked = 0.0  # seconds that the service asked us to stay away
        self._slept: Trouble | None = None  # said with the next look
        self._waited = 0.0  # seconds between the looks so far, of waits that nobody cut short

    def wake(self) -> None:
        self._wake.set()

    def stir(self) -> None:
        """There is something new to watch: what was quiet till now was so for a reason."""
        self._changed_at = self._core.http.monotonic()

    async def looks(self) -> AsyncIterator[None]:
        """After every look, the first before any sleep, the last when the run has ended."""
        before: object = None
        while True:
            self.begun += 1
            await self._look_at_all()
            now = self._core.http.monotonic()
            self._state.saw(now)
            seen = self._seen()
            if changed := seen != before:
                self._changed_at, before = now, seen
            yield
            if self._state.settled:
                return
            await self._pause(max(self._pace.next(changed=changed), self._asked))

    @property
    def quiet(self) -> float:
        """For how many seconds nothing has changed."""
        return self._core.http.monotonic() - self._changed_at

    async def _look_at_all(self) -> None:
        found: list[Exception] = []
        limit = anyio.CapacityLimiter(AT_ONCE)

        async def look(part: Part) -> None:
            async with limit:
                try:
                    await self._look(part)
                except Exception as error:  # raised below, one of them; a group never reaches a user
                    found.append(error)

        async with anyio.create_task_group() as group:
            for part in self._state.parts:
                if part.batch_id is not None and not part.ended:
                    group.start_soon(look, part)
        for error in found:
            if not trouble.may_pass(error):
                raise error
        self._asked = max((getattr(error, "retry_after", None) or 0.0 for error in found), default=0.0)
        since = self.trouble.since if self.trouble is not None else None
        self.trouble = (
            trouble.passing(found[0], self._core.service, now=self._core.now(), since=since, asked=self._asked)
            if found
            else self._slept or self._missing()
        )
        self._slept = None

    async def _look(self, part: Part) -> None:
        assert part.batch_id is not None
        try:
            batch = await self._core.batches.get(part.batch_id, expand=["results"])
        except NotFoundError:
            self._not_found(part)
            return
        part.missing_since = None
        self._state.project_id = batch.project_id
        self._mapped(part, part.take_batch(batch))
        part.take_jobs(self._recall(part.open_jobs()))
        wanted = part.open_jobs()
        found = await self._jobs(wanted, whole=batch.status in TERMINAL)
        part.take_jobs(found)
        if batch.status in TERMINAL:
            await self._by_itself(part, part.take_missing(set(wanted) - {job.id for job in found}))
        if batch.results is None and batch.status == "RUNNING":
            part.estimated_done = await self._estimate(part)

    def _not_found(self, part: Part) -> None:
        """Not found yet, or not any more: what the journal has seen of it is what is left then."""
        part.take_jobs(self._recall(part.open_jobs()))
        if part.missing_since is None:
            part.missing_since = self._waited
        nothing_to_learn = part.remembered in TERMINAL and not part.open_jobs()
        patience = GONE_AFTER_LOCAL if self._core.service.local else GONE_AFTER
        if nothing_to_learn or self._waited - part.missing_since >= patience:
            part.expire()

    def _missing(self) -> Trouble | None:
        missing = [part for part in self._state.parts if part.missing_since is not None and not part.expired]
        return trouble.missing(str(missing[0].batch_id), self._core.service) if missing else None

    async def _by_itself(self, part: Part, job_ids: Sequence[str]) -> None:
        """A list may leave a job out that runs: that nobody knows it any more is said by its own address alone."""

        async def ask(job_id: str) -> None:
            try:
                part.take_jobs([await asked_for(self._core, job_id, self._state.job_type)])
            except NotFoundError:
                part.lose(job_id)

        await each(job_ids[:CHUNK], ask, at_once=AT_ONCE)

    async def _jobs(self, wanted: Sequence[str], *, whole: bool) -> list[Job]:
        """`whole`: of an ended batch all at once, so that one look tells what there is; in rotation while it runs."""
        chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
        if not (whole or self._core.service.local) and len(chunks) > CHUNKS_A_LOOK:
            start = ((self.begun - 1) * CHUNKS_A_LOOK) % len(chunks)
            chunks = (chunks[start:] + chunks[:start])[:CHUNKS_A_LOOK]
        jobs: list[Job] = []

        async def ask(chunk: Sequence[str]) -> None:
            async for page in self._list(job_ids=chunk, page_size=CHUNK).pages():
                jobs.extend(page.items)

        # At once: one after the other, the 13 chunks of 1,000 jobs take a quarter of the time that their results take.
        await each(chunks, ask, at_once=AT_ONCE)
        return jobs

    async def _estimate(self, part: Part) -> int:
        """How many have ended, while the service tells nothing of single files: jobs made since over the same files.

        A parse job's list entry has a name and no file id, so this is a count, and never shown as a file's own job
        (decision 4). The two clocks of a service may differ by a little; jobs of another batch over files of the same
        names count too, which is why it is only ever shown as an estimate. One page: a look stays small.
        """
        if part.created_at is None:
            return 0
        since = part.created_at - timedelta(seconds=1)
        names = {file.name for file in part.sent}
        ids = {file.file_id for file in part.sent} | {file.service_file_id for file in part.sent}
        listed = self._list(created_at_on_or_after=since, status="COMPLETED", page_size=1000)
        async for page in listed.pages():
            seen = {_input_of(job) for job in page.items}
            return len(seen & names) or len(seen & ids)
        return 0

    def _list(self, **query: Any) -> Pages[ParseJob] | Pages[ExtractJob]:
        if self._state.job_type == "extract_v2":
            return self._core.extract.list(**query)
        return self._core.parsing.list(**query)

    def _seen(self) -> object:
        state = self._state
        parts = [
            (part.phase, part.estimated_done, sum(bool(file.file_id) for file in part.files)) for part in state.parts
        ]
        return state.phase, state.done(), parts

    async def _pause(self, seconds: float) -> None:
        """Sleep, unless woken; and notice when the machine slept instead of us."""
        wall, awake = self._core.wall(), self._core.http.monotonic()
        async with anyio.create_task_group() as group:

            async def sleep() -> None:
                await self._core.http.sleep(seconds)
                self._waited += seconds
                group.cancel_scope.cancel()

            group.start_soon(sleep)
            await self._wake.wait()
            group.cancel_scope.cancel()
        self._wake = anyio.Event()
        slept = (self._core.wall() - wall) - (self._core.http.monotonic() - awake)
        if slept > trouble.SLEPT:
            self._slept = trouble.asleep(slept, now=self._core.now())
            self._pace.current = 0.0
            self._state.seen_done.clear()  # a rate over a sleep says nothing


def _input_of(job: Job) -> str | None:
    """What a listed job is of: an extract job's file id, a parse job's name."""
    return getattr(job, "file_input", None) or getattr(job, "name", None)
