"""The one watcher of a run: sends, watches, archives, and tells whoever listens. Lives on the loop thread."""

from __future__ import annotations

import logging
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream

from llamabatch_nb.client.core import Core
from llamabatch_nb.client.http import Wait
from llamabatch_nb.contract.parse import TERMINAL, ParseJob, ParseResult
from llamabatch_nb.errors import (
    BatchCancelledError,
    BatchFailedError,
    InvalidRequestError,
    LlamaBatchError,
    RunError,
    SourceError,
)
from llamabatch_nb.follow.archive import EXPAND, EXPAND_FAST, Archive, counted
from llamabatch_nb.follow.journal import Journal
from llamabatch_nb.follow.state import RunState, Tracked
from llamabatch_nb.follow.submit import Submission, send
from llamabatch_nb.follow.watch import watch
from llamabatch_nb.snapshot import Snapshot

log = logging.getLogger("llamabatch_nb.follow")

#: Results fetched at once, while the batch goes on.
CONCURRENT_RESULTS = 6
#: Seconds between two Snapshots: nobody is told more than twice a second (design.md, decision 3).
SHORTEST_NEWS = 0.5


class Follower:
    """One a run, however many panels look at it. `snapshot` may be read from any thread; the rest is the loop's.

    `failure` is what ended the following before the run had ended; `wait_ended` raises it.
    """

    def __init__(
        self, core: Core, journal: Journal, archive: Archive, state: RunState, submission: Submission | None = None
    ) -> None:
        self.core = core
        self.state = state
        self.failure: Exception | None = None
        self.sending = submission is not None and not submission.reattached
        self._sent = anyio.Event()
        self._looked = anyio.Event()
        self._journal = journal
        self._archive = archive
        self._submission = submission
        self.source = str(submission.source.root) if submission is not None else None
        self._subscribers: list[Callable[[Snapshot], None]] = []
        self._finished = anyio.Event()
        self._told_at = 0.0
        self._trouble: str | None = None
        self._task: Future[None] | None = None
        self._scope: anyio.CancelScope | None = None  # made on the loop, where alone it can be
        self._stopping = False
        self._recalled: set[str] = set()  # jobs looked up in the journal
        self._remembered: set[str] = set()  # jobs whose end is in the journal
        self.snapshot = self._taken()

    def start(self) -> None:
        """Begin; may be called from any thread, and never blocks."""
        self.core.before_close.append(self.stop)
        self._task = self.core.loop.start(self._run)

    async def stop(self) -> None:
        """Stop following. Uploads are finished first; the batch goes on."""
        if self.sending:
            print(f"Finishing the uploads of {self.snapshot.source} before leaving.", file=sys.stderr)  # noqa: T201
            await self._sent.wait()
        self._stopping = True
        if self._scope is not None:
            self._scope.cancel()
        await self._finished.wait()
        if self.failure is not None and self.state.batch is None:
            print(f"{self.failure} {self.how_to_come_back()}", file=sys.stderr)  # noqa: T201
        elif not self.state.ended and self.core.service.local:
            print(  # noqa: T201
                f"The local engine stops here, with the batch not at its end. {self.how_to_come_back()}",
                file=sys.stderr,
            )

    def how_to_come_back(self) -> str:
        """The call that goes on from here, in a sentence."""
        last = self.snapshot
        if last.batch_id is not None:
            return f"lb.open({(last.name or last.batch_id)!r}) brings it back."
        folder = self.source or last.source
        name = f", name={last.name!r}" if last.name else ""
        return f"lb.submit({folder!r}, configuration={last.configuration_id!r}{name}) goes on with the uploads."

    @property
    def finished(self) -> bool:
        """The run has ended and its results are archived, or following it has failed."""
        return self._finished.is_set()

    async def first_look(self) -> None:
        """Until the service was asked once (or could not be): before that nothing is known of a run that was opened."""
        await self._looked.wait()

    async def rename(self, name: str) -> None:
        """It was submitted again under another name, which the journal has already."""
        if name != self.state.name:
            self.state.name = name
            self._tell()

    def subscribe(self, callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Call back on the loop thread for each new Snapshot; what comes back unsubscribes."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    async def wait_ended(self) -> Snapshot:
        """The last Snapshot.

        Raises:
            BatchFailedError, BatchCancelledError: how the batch ended. Files that failed raise nothing: they are rows.
            LlamaBatchError: what ended the following: a refused key, no credits, a folder of nothing but refusals.

        """
        await self._finished.wait()
        if self.failure is not None:
            raise self.failure
        last = self.snapshot
        if not self.state.ended:
            raise RunError(
                f"The client was closed while {last.batch_id or 'the upload'} went on: follow it with a new client.",
                batch_id=last.batch_id,
                run_name=last.name,
            )
        if last.phase == "FAILED":
            raise BatchFailedError(
                f"The batch {last.batch_id} FAILED and {last.service.label} gives no reason: no file has a reliable "
                "result; submit the folder again with new=True.",
                batch_id=last.batch_id,
                run_name=last.name,
            )
        if last.phase == "CANCELLED":
            raise BatchCancelledError(
                f"The batch {last.batch_id or '(not created yet)'} was cancelled with {last.done} of {len(last.files)} "
                "files done, which are kept: read them with run.files() and run.pages().",
                batch_id=last.batch_id,
                run_name=last.name,
            )
        return last

    async def cancel(self) -> None:
        """Stop the batch, or the uploads before it. What has finished is kept.

        Raises:
            RunError: it has ended already.

        """
        if self.state.ended:
            raise RunError(
                f"The batch {self.snapshot.batch_id} is {self.snapshot.phase} already: there is nothing to cancel.",
                batch_id=self.snapshot.batch_id,
                run_name=self.snapshot.name,
            )
        if self.state.batch is None:
            self.state.stopped = True
            self._tell()
        else:
            # The answer has no results; what became of the batch is what the next look says.
            await self.core.batches.cancel(self.state.batch.id)

    async def result(self, file: Tracked) -> ParseResult | None:
        """A finished file's result: from the archive, else from the service, and then archived. None: it has none."""
        if file.job is None or file.job.status != "COMPLETED" or file.job_id is None:
            return None
        kept = await anyio.to_thread.run_sync(self._archive.read, file.job_id)
        if kept is not None:
            return kept
        try:
            fetched = await self.core.parsing.get(file.job_id, expand=EXPAND)
        except InvalidRequestError:
            fetched = await self.core.parsing.get(file.job_id, expand=EXPAND_FAST)
        file.pages = counted(fetched)
        try:
            await anyio.to_thread.run_sync(self._archive.add, file.job_id, fetched)
        except (OSError, sqlite3.Error) as error:
            # A full disk costs the copy on this machine, not the result.
            self._trouble = f"Results cannot be kept on this machine ({error}): make room in the state folder."
            log.warning("The result of %s was not archived: %s", file.name, error)
        return fetched

    async def results(self) -> Mapping[str, ParseResult]:
        """Results of all files that have one, by job id."""
        found: dict[str, ParseResult] = {}
        limit = anyio.CapacityLimiter(CONCURRENT_RESULTS)
        failure: Exception | None = None

        async def fetch(file: Tracked) -> None:
            nonlocal failure
            async with limit:
                try:
                    result = await self.result(file)
                except Exception as error:  # one is raised below; a group never reaches a user
                    failure = error
                    return
            if result is not None and file.job_id is not None:
                found[file.job_id] = result

        async with anyio.create_task_group() as group:
            for file in self.state.files:
                group.start_soon(fetch, file)
        if failure is not None:
            raise failure
        return found

    def file_named(self, name: str) -> Tracked:
        """By relative path; a bare name where only one file has it.

        Raises:
            SourceError: no such file, or several.

        """
        for file in self.state.files:
            if file.name == name:
                return file
        candidates = [file for file in self.state.files if file.name.rsplit("/", 1)[-1] == name]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            names = ", ".join(repr(file.name) for file in candidates[:5])
            raise SourceError(f"{name!r} is the name of {len(candidates)} files: give the path, one of {names}.")
        raise SourceError(f"The run has no file {name!r}: run.files()['name'] lists them.")

    async def _run(self) -> None:
        self.core.http.listeners.append(self._waiting)
        try:
            with anyio.CancelScope() as self._scope:
                if not self._stopping:
                    await self._follow()
        except Exception as error:  # kept for whoever waits; a group never reaches a user (design.md, decision 1)
            self.failure = _first(error)
            self._trouble = str(self.failure)
        finally:
            self.sending = False
            self._sent.set()
            self.core.http.listeners.remove(self._waiting)
            self._finished.set()
            self._looked.set()
            self._tell()
            if self.stop in self.core.before_close:
                self.core.before_close.remove(self.stop)

    async def _follow(self) -> None:
        if self.sending:
            assert self._submission is not None
            self._tell()
            await send(self.core, self._journal, self._submission, self.state, on_progress=self._tell_seldom)
            self.sending = False
            self._sent.set()
        if self.state.batch is None:  # cancelled before there was one
            return
        out, waiting = anyio.create_memory_object_stream[Tracked](float("inf"))
        handed: set[str] = set()
        async with anyio.create_task_group() as group, out:
            for _ in range(CONCURRENT_RESULTS):
                group.start_soon(self._collect, waiting.clone())
            waiting.close()
            async for snapshot in watch(self.core, self.state, recall=self._recall):
                self._trouble = snapshot.trouble
                self._remember()
                self._hand_out(out.send_nowait, handed)
                self._tell()
                self._looked.set()

    def _recall(self, job_ids: Sequence[str]) -> list[ParseJob]:
        """Jobs that were seen to end before are not asked for again, and outlive the service's memory of them."""
        new = [job_id for job_id in job_ids if job_id not in self._recalled]
        self._recalled |= set(new)
        ended = self._journal.jobs(self.core.settings.base_url, new)
        self._remembered |= ended.keys()
        return [ParseJob.model_validate_json(text) for text in ended.values()]

    def _remember(self) -> None:
        new = {
            file.job.id: file.job.model_dump_json()
            for file in self.state.files
            if file.job is not None and file.job.status in TERMINAL and file.job.id not in self._remembered
        }
        if new:
            self._journal.jobs_ended(self.core.settings.base_url, new)
            self._remembered |= new.keys()

    def _hand_out(self, send_nowait: Callable[[Tracked], None], handed: set[str]) -> None:
        new = [
            file
            for file in self.state.files
            if file.job_id and file.job_id not in handed and file.job and file.job.status == "COMPLETED"
        ]
        known = self._archive.known(file.job_id for file in new if file.job_id)
        for file in new:
            assert file.job_id is not None
            handed.add(file.job_id)
            if file.job_id in known:
                file.pages = known[file.job_id]
            else:
                send_nowait(file)

    async def _collect(self, waiting: MemoryObjectReceiveStream[Tracked]) -> None:
        async with waiting:
            async for file in waiting:
                try:
                    await self.result(file)
                except LlamaBatchError as error:
                    # Not lost: the next reader of this file fetches it again.
                    self._trouble = f"The result of {file.name} could not be fetched yet ({error})"
                self._tell_seldom()

    def _waiting(self, wait: Wait | None) -> None:
        if wait is None:
            self._tell()
            return
        what = {None: "does not answer", 429: "asked us to slow down"}.get(
            wait.status, f"has trouble of its own ({wait.status})"
        )
        self._tell(f"{self.core.service.label} {what}; trying again in {max(wait.seconds, 1):.0f} s")

    def _tell_seldom(self) -> None:
        if time.monotonic() - self._told_at >= SHORTEST_NEWS:
            self._tell()

    def _tell(self, trouble: str | None = None) -> None:
        self._told_at = time.monotonic()
        self.snapshot = self._taken(trouble)
        for callback in list(self._subscribers):
            try:
                callback(self.snapshot)
            except Exception:
                log.exception("A subscriber of a run failed; the run goes on")

    def _taken(self, trouble: str | None = None) -> Snapshot:
        return self.state.snapshot(taken_at=self.core.now(), at=time.monotonic(), trouble=trouble or self._trouble)


def _first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
