"""The one watcher of a run: sends, watches, archives, and tells whoever listens. Lives on the loop thread."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future

import anyio
from anyio.abc import TaskGroup

from llamabatch_nb.client.core import Core
from llamabatch_nb.client.http import Wait
from llamabatch_nb.errors import RunError
from llamabatch_nb.follow.after import new_parts, row_named
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.memory import Memory
from llamabatch_nb.follow.sending.sending import Sending, first
from llamabatch_nb.follow.state import ends, trouble
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.state.tracked import Tracked
from llamabatch_nb.follow.watching import cancellation
from llamabatch_nb.follow.watching.archive import Archive, JobResult
from llamabatch_nb.follow.watching.news import News
from llamabatch_nb.follow.watching.results import CONCURRENT, Results
from llamabatch_nb.follow.watching.watch import Watch
from llamabatch_nb.snapshot import Snapshot, Trouble


class Follower:
    """One a run, however many panels look at it. `snapshot` may be read from any thread; the rest is the loop's.

    `failure` is what ended the following before the run had ended; `wait_ended` raises it.
    """

    def __init__(self, core: Core, journal: Journal, state: RunState) -> None:
        self.core = core
        self.journal = journal
        self.failure: Exception | None = None
        self._looks = 0  # that have ended
        self._looked = anyio.Event()
        self._finished = anyio.Event()
        self._task: Future[None] | None = None
        self._scope: anyio.CancelScope | None = None  # made on the loop, where alone it can be
        self._group: TaskGroup | None = None  # while it watches
        self._stopping = False
        self._take(state)
        self._news = News(self._taken, core.http.monotonic)

    @property
    def snapshot(self) -> Snapshot:
        """What was known at the last look."""
        return self._news.last

    def start(self) -> None:
        """Begin; may be called from any thread, and never blocks."""
        self.core.before_close.append(self.stop)
        self._task = self.core.loop.start(self._run)

    async def go_on(self, *, resumed: bool = False) -> None:
        """Where the journal has further parts of the run, send and watch them too. Called on the loop.

        What could not be sent before is tried again. `resumed`: the further parts are of another notebook, which may
        have begun with them.
        """
        new = new_parts(self.journal, self.state, resumed=resumed)
        if not self._sending.try_again() and not new:
            return
        if self._stopping:  # it starts again after that
            await self._finished.wait()
        if self._finished.is_set():
            if self.core.closed:
                return  # the journal has it
            self._again()
        elif self._group is not None:
            self._sending.start(self._group)
            self._watch.wake()
        else:  # it fetches the last results; the parts are sent in the next round
            self.results.hurry()
        self._news.tell()

    async def catch_up(self) -> None:
        """Take in what another notebook has added to the run since: what it retries must not be sent again here."""
        await self.go_on(resumed=True)

    async def revive(self, state: RunState) -> None:
        """Follow again what was left before its end; `state` is the run as the journal has it. Called on the loop.

        The watcher stays the same, so that the runs and panels over it see what comes: two would send twice.
        """
        if self._finished.is_set():
            state.rest = self.state.rest if state.rest is None else state.rest  # the journal does not know it
            self._take(state)
            self._again()
            self._news.tell()

    def _take(self, state: RunState) -> None:
        service = self.core.settings.base_url
        self.state = state
        self.results = Results(self.core, Archive(self.journal, service))
        self._memory = Memory(self.journal, service, state.job_type)
        self._watch = Watch(self.core, state, recall=self._memory.recall, mapped=self._memory.mapped)
        self._sending = Sending(self.core, self.journal, state, progress=self._progress, sent=self._part_sent)

    def _again(self) -> None:
        self._finished = anyio.Event()
        self._stopping = False
        self.failure = None
        self._looks = 0
        self.state.seen_done.clear()  # a rate over the time in between says nothing
        self._watch.stir()
        self.core.before_close.append(self.stop)
        self.core.loop.spawn(self._run)

    async def stop(self) -> None:
        """Stop following. Uploads are finished first; the batch goes on."""
        if self.state.unsent and not self._finished.is_set():
            print(f"Finishing the uploads of {self.snapshot.source} before leaving.", file=sys.stderr)  # noqa: T201
            await self._sending.finish()
        self._stopping = True
        if self._scope is not None:
            self._scope.cancel()
        await self._finished.wait()
        failure = self.failure or self._sending.failure
        if failure is not None and self.snapshot.batch_id is None:
            print(f"{failure} {self.how_to_come_back()}", file=sys.stderr)  # noqa: T201
        elif not self.state.ended and self.core.service.local:
            print(  # noqa: T201
                f"The local engine stops here, with the batch not at its end. {self.how_to_come_back()}",
                file=sys.stderr,
            )

    def how_to_come_back(self) -> str:
        """The call that goes on from here, in a sentence."""
        last = self.snapshot
        # The directory is there before `submit` returns, and its id can be pasted, which not every source can.
        key = last.name or last.batch_id or last.directory_id
        if key is None:
            return "Submitting the same documents again goes on with the uploads."
        return f"lb.open({key!r}) {'goes on with the uploads' if last.phase == 'UPLOADING' else 'brings it back'}."

    @property
    def finished(self) -> bool:
        """The run has ended and its results are archived, or following it has failed."""
        return self._finished.is_set()

    async def first_look(self) -> None:
        """Until the service was asked once (or could not be): before that only the journal speaks."""
        await self._until(1)

    async def submitted_again(self, *, name: str | None, rest: int) -> None:
        """Under another `name`, perhaps, which the journal has already, and with `rest` files that are not in it."""
        self.state.name = name or self.state.name
        self.state.rest = rest
        self._news.tell()

    def subscribe(self, callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Call back on the loop thread for each new Snapshot; what comes back unsubscribes."""
        return self._news.subscribe(callback)

    async def wait_ended(self, *, raise_on_failures: bool = False) -> Snapshot:
        """The last Snapshot.

        Raises:
            LlamaBatchError: what `ends.check` raises, or what ended the following: a refused key, no credits, a folder
                of nothing but refusals.

        """
        while not self._finished.is_set():  # it may have been taken up again before this task had its turn
            await self._finished.wait()
        if self.failure is not None:
            raise self.failure
        ends.check(self.snapshot, raise_on_failures=raise_on_failures)
        return self.snapshot

    async def cancel(self) -> None:
        """Stop every batch, and the uploads before it. What has finished is kept.

        Raises:
            RunError: it has ended already, or some of the batches could not be cancelled; it names them.

        """
        if self.state.ended:
            raise RunError(
                f"{self.snapshot.batch_id or 'The upload'} is {self.snapshot.phase} already: nothing can be cancelled.",
                batch_id=self.snapshot.batch_id,
                run_name=self.snapshot.name,
            )
        try:
            await cancellation.cancel(self.core, self.journal, self.state)
        finally:
            self._watch.wake()
            self._news.tell()

    async def cancel_file(self, name: str) -> None:
        """Stop one file's job.

        Raises:
            InputError: it has no job, or that has ended.

        """
        await cancellation.cancel_file(self.core, self.state, name)
        self._watch.wake()

    async def credits(self) -> None:
        """Ask again for the credits that were not reported yet, of all finished files."""
        try:
            await self.results.credits(file for part in self.state.parts for file in part.sent)
        finally:
            self._memory.remember(self.state)
            self._news.tell()

    async def look(self) -> None:
        """Look now, not at the next turn; returns when the news are in `snapshot`."""
        if self._group is not None:
            # A look that is under way may have asked before now.
            wanted = self._watch.begun + 1
            self._watch.wake()
            await self._until(wanted)

    async def all_results(self) -> Mapping[str, JobResult]:
        """Results of all files that have one, by job id."""
        return await self.results_for(row.file for row in self.state.rows())

    async def results_for(self, files: Iterable[Tracked]) -> Mapping[str, JobResult]:
        """Results of those of the files that have one, by job id.

        Raises:
            LlamaBatchError: one of them could not be fetched.

        """
        before = self._of_results
        try:
            return await self.results.all(files)
        finally:
            self._fetched(before)

    async def result_of(self, name: str) -> JobResult | None:
        """One file's result, by its name.

        Raises:
            SourceError: no such file, or several.
            LlamaBatchError: it could not be fetched.

        """
        before = self._of_results
        try:
            return await self.results.of(row_named(self.state, name).file)
        finally:
            self._fetched(before)

    @property
    def _of_results(self) -> tuple[int, int, Trouble | None]:
        return self.results.fetched, self.results.learned, self.results.trouble

    def _fetched(self, before: tuple[int, int, Trouble | None]) -> None:
        """Pages and credits come with results, also after the last look; and a trouble may have passed."""
        if self._of_results != before:
            self._memory.remember(self.state)
            self._news.tell()

    async def _run(self) -> None:
        self.core.http.listeners.append(self._waiting)
        try:
            with anyio.CancelScope() as self._scope:
                while not self._stopping:
                    await self._follow()
                    if self.state.ended:
                        break
        except Exception as error:  # kept for whoever waits; a group never reaches a user (design.md, decision 1)
            self.failure = first(error)
        finally:
            self.core.http.listeners.remove(self._waiting)
            self._finished.set()
            self._sending.end()
            self._looked.set()
            self._looked = anyio.Event()
            self._news.tell()
            if self.stop in self.core.before_close:
                self.core.before_close.remove(self.stop)

    async def _follow(self) -> None:
        for part in self.state.parts:
            part.take_jobs(self._memory.recall(part.open_jobs()))
        out, waiting = anyio.create_memory_object_stream[Tracked](float("inf"))
        async with anyio.create_task_group() as group, out:
            for _ in range(CONCURRENT):
                group.start_soon(self.results.collect, waiting.clone(), group, self._news.tell_seldom)
            waiting.close()
            self._group = group
            self._sending.start(group)
            try:
                async for _ in self._watch.looks():
                    self._memory.remember(self.state)
                    self.results.hand_out(self.state.parts, out)
                    self._news.tell()
                    self._looks = self._watch.begun
                    self._looked.set()
                    self._looked = anyio.Event()
            finally:
                self._group = None
        self._memory.remember(self.state)  # credits have come with the results
        if self.state.settled:
            failure = self._sending.failure or ends.nothing_accepted(self.state) or ends.lost_sight(self.state)
            if failure is not None:
                raise failure

    async def _until(self, looks: int) -> None:
        while self._looks < looks and not self._finished.is_set():
            await self._looked.wait()

    def _progress(self) -> None:
        self._news.tell_seldom()

    def _part_sent(self) -> None:
        self._watch.wake()
        self._news.tell()

    def _waiting(self, _: Wait | None) -> None:
        self._news.tell()

    def _taken(self) -> Snapshot:
        return self.state.snapshot(taken_at=self.core.now(), at=self.core.http.monotonic(), trouble=self._trouble())

    def _trouble(self) -> Trouble | None:
        now, wait = self.core.now(), self.core.http.wait
        failure = self.failure or self._sending.failure
        if failure is not None:
            return trouble.final(failure, now=now)
        if wait is not None and not self._finished.is_set():
            return trouble.waiting(self.core.service, seconds=wait.seconds, status=wait.status, now=now)
        return (
            self._watch.trouble
            or self.results.trouble
            or trouble.of_state(self.state, now=now, quiet=self._watch.quiet)
        )
