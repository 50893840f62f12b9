"""Results of finished jobs: fetched as jobs end, kept on this machine, read from there."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.counts import counts
from llamabatch_nb.contract.extract import ExtractExpand
from llamabatch_nb.errors import InvalidRequestError, LlamaBatchError, NotFoundError, StateError
from llamabatch_nb.follow.state import trouble
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.tracked import Tracked
from llamabatch_nb.follow.watching.archive import Archive, JobResult, slim
from llamabatch_nb.follow.watching.each import each
from llamabatch_nb.follow.watching.jobs import EXPAND_EXTRACT, job
from llamabatch_nb.snapshot import Trouble

log = logging.getLogger("llamabatch_nb.follow")

#: Results fetched at once: as many as the client lets through at most (client/limits.py); this bounds memory.
CONCURRENT = 32
#: What is asked of a finished parse job. Presigned URLs are not: they expire and are never kept.
EXPAND = ("text", "markdown", "items", "metadata", "job_metadata", "usage")
#: Of a finished extract job: its schema too, which types its records. The saved configuration may have changed since.
EXPAND_EXTRACT_RESULT: tuple[ExtractExpand, ...] = (*EXPAND_EXTRACT, "configuration")
#: Without markdown: `markdown` and `items` are not available on tier `fast` (contract.md section 5).
EXPAND_FAST = ("text", "metadata", "job_metadata", "usage")
#: Waits before a result that could not be fetched is asked for again: some minutes, beside the tries of the client.
#: While the run goes on they begin anew. Seconds.
PAUSES = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 240.0)
#: The longest of these waits where the service says 404: replicas may differ for a moment, an expired result does not
#: come back. Seconds.
PATIENCE_GONE = 15.0


class Results:
    """The results of one run. `fetched` counts those that came, `learned` those of the archive that told more."""

    def __init__(self, core: Core, archive: Archive) -> None:
        self._core = core
        self._archive = archive
        self.fetched = 0
        self.learned = 0
        self._handed: set[str] = set()
        self._late: dict[str, tuple[Tracked, LlamaBatchError]] = {}  # by job id: those that could not be fetched
        self._waits: set[anyio.CancelScope] = set()  # of those of them that are asked for again
        self._unwritten: dict[str, JobResult] = {}
        self._unkept: set[str] = set()  # jobs whose results could not be written
        self._disk: Trouble | None = None  # why not
        self._late_since: datetime | None = None
        self._writing = anyio.Lock()
        self._limit = anyio.Semaphore(CONCURRENT)

    @property
    def trouble(self) -> Trouble | None:
        """Why results are missing on this machine; None when none is."""
        if self._unkept:
            return self._disk
        if not self._late:
            return None
        files = [file.name for file, _ in self._late.values()]
        _, error = next(reversed(self._late.values()))
        return trouble.unfetched(files, error, again=bool(self._waits), since=self._late_since)

    async def of(self, file: Tracked) -> JobResult | None:
        """A finished file's result: from the archive, else from the service, and then archived. None: it has none."""
        if not file.completed or file.job_id is None:
            return None
        kept = await anyio.to_thread.run_sync(self._archive.read, file.job_id, file.job_type)
        if kept is not None:
            if file.counts != (now := counts(kept)):  # an older journal does not have all of them
                file.counts = now
                self.learned += 1
            file.result_source = "archive"
            self._late.pop(file.job_id, None)
            self._unkept.discard(file.job_id)
            return kept
        return await self._fetched(file, file.job_id)

    async def all(self, files: Iterable[Tracked]) -> Mapping[str, JobResult]:
        """Results of those files that have one, by job id. One that has expired costs nobody the others.

        Raises:
            LlamaBatchError: one of them could not be fetched.

        """
        found: dict[str, JobResult] = {}

        async def read(file: Tracked) -> None:
            try:
                result = await self.of(file)
            except NotFoundError as error:
                log.warning("The result of %s is neither here nor there any more: %s", file.name, error)
                return
            if result is not None and file.job_id is not None:
                found[file.job_id] = result

        await each(files, read, at_once=CONCURRENT)
        return found

    async def credits(self, files: Iterable[Tracked]) -> None:
        """Ask again for credits that were not reported yet: null until billing is recorded (contract.md section 5).

        Raises:
            LlamaBatchError: one of them could not be asked for. Of a job that has expired nothing more will come.

        """

        async def ask(file: Tracked) -> None:
            assert file.job_id is not None
            try:
                file.job = await job(self._core, file.job_id, file.job_type)
            except NotFoundError:
                return

        await each([file for file in files if _owes(file)], ask, at_once=CONCURRENT)

    def hand_out(self, parts: Iterable[Part], queue: MemoryObjectSendStream[Tracked]) -> None:
        """Queue what has been finished since the last time; what is archived only has its counts noted."""
        new = [
            file
            for part in parts
            for file in part.sent
            if file.completed and file.job_id is not None and file.job_id not in self._handed
        ]
        gone = {file.job_id for part in parts if part.expired and not part.unseen for file in part.sent}
        known = self._archive.known(file.job_id for file in new if file.job_id)
        for file in new:
            assert file.job_id is not None
            self._handed.add(file.job_id)
            if file.job_id in known:
                file.counts, file.result_source = known[file.job_id], "archive"
            elif file.job_id in gone:
                file.lost = True  # it was finished, and forgotten before its result was fetched
            else:
                queue.send_nowait(file)

    async def collect(
        self, queue: MemoryObjectReceiveStream[Tracked], group: TaskGroup, tell: Callable[[], None]
    ) -> None:
        """Fetch what is queued. What cannot be fetched is tried again in tasks of `group`, at growing distances."""
        async with queue:
            async for file in queue:
                if not await self._fetched_or_late(file):
                    group.start_soon(self._again, file, tell)
                tell()

    def hurry(self) -> None:
        """Do not wait any more; what is missing is queued again by the next `hand_out`."""
        for scope in list(self._waits):
            scope.cancel()

    async def _again(self, file: Tracked, tell: Callable[[], None]) -> None:
        assert file.job_id is not None
        settled = False
        with anyio.CancelScope() as scope:
            self._waits.add(scope)
            try:
                settled = await self._waited_for(file, file.job_id)
            finally:
                self._waits.discard(scope)
        if not settled:
            self._handed.discard(file.job_id)  # as long as there are looks, it begins anew
        tell()

    async def _waited_for(self, file: Tracked, job_id: str) -> bool:
        """Whether it has come after all, or will not for certain."""
        for pause in PAUSES:
            await self._core.http.sleep(pause)
            async with self._limit:
                # Somebody may have read it meanwhile.
                if job_id not in self._late or await self._fetched_or_late(file):
                    return True
            if pause >= PATIENCE_GONE and isinstance(self._late[job_id][1], NotFoundError):
                return True
        return False

    async def _fetched_or_late(self, file: Tracked) -> bool:
        """Whether there is nothing more to try."""
        assert file.job_id is not None
        try:
            await self._fetched(file, file.job_id)
        except LlamaBatchError as error:
            level = logging.INFO if file.job_id in self._late else logging.WARNING  # once a file
            log.log(level, "The result of %s was not fetched: %s", file.name, error)
            self._late_since = self._late_since if self._late else self._core.now()
            self._late[file.job_id] = (file, error)
            return not (trouble.may_pass(error) or isinstance(error, NotFoundError))
        return True

    async def _fetched(self, file: Tracked, job_id: str) -> JobResult:
        fetched = await fetch(self._core, job_id, file.job_type)
        file.counts, file.result_source = counts(fetched), "service"
        file.job = slim(fetched).lean()
        self.fetched += 1
        self._late.pop(job_id, None)
        await self._keep(job_id, fetched)
        if job_id not in self._unkept:
            file.result_source = "archive"
        return fetched

    async def _keep(self, job_id: str, result: JobResult) -> None:
        """Archive it, with all that came while others were written: one thread and one transaction for all of them.

        Measured with 1,000 small results: a look whether it is there already, a thread and a transaction for each took
        1.1 s of processor time, this takes half of that.
        """
        self._unwritten[job_id] = result
        async with self._writing:
            if job_id not in self._unwritten:
                return  # written by whoever was here before
            results, self._unwritten = self._unwritten, {}
            try:
                await anyio.to_thread.run_sync(self._archive.add, results)
            except (OSError, sqlite3.Error, StateError) as error:
                # A full disk costs the copies on this machine, not the results.
                kept = self._archive.known(results) if isinstance(error, OSError) else {}
                self._unkept |= results.keys() - kept.keys()
                self._disk = trouble.disk(error, now=self._core.now())
                log.warning("The results of %s were not all archived: %s", ", ".join(results), error)
            else:
                self._unkept -= results.keys()


async def fetch(core: Core, job_id: str, job_type: str | None) -> JobResult:
    """A finished job with its result, from the service.

    Raises:
        NotFoundError: the service does not know it (any more).

    """
    if job_type == "extract_v2":
        return await core.extract.get(job_id, expand=EXPAND_EXTRACT_RESULT)
    try:
        return await core.parsing.get(job_id, expand=EXPAND)
    except InvalidRequestError:
        return await core.parsing.get(job_id, expand=EXPAND_FAST)


def _owes(file: Tracked) -> bool:
    """Its credits were not reported yet; a reported 0 is a report."""
    return file.completed and file.job is not None and (file.job.usage is None or file.job.usage.credits is None)
