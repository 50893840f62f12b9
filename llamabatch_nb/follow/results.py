"""Results of finished jobs: fetched as jobs end, kept on this machine, read from there."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.extract import ExtractExpand
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import InvalidRequestError, LlamaBatchError, NotFoundError
from llamabatch_nb.follow import trouble
from llamabatch_nb.follow.archive import Archive, JobResult, counted
from llamabatch_nb.follow.each import each
from llamabatch_nb.follow.part import Part
from llamabatch_nb.follow.tracked import Job, Tracked
from llamabatch_nb.snapshot import Trouble

log = logging.getLogger("llamabatch_nb.follow")

#: Results fetched at once: as many as the client lets through at most (client/limits.py); this bounds memory.
CONCURRENT = 32
#: What is asked of a finished parse job. Presigned URLs are not: they expire and are never kept.
EXPAND = ("text", "markdown", "items", "metadata", "job_metadata", "usage")
#: Without markdown: `markdown` and `items` are not available on tier `fast` (contract.md section 5).
EXPAND_FAST = ("text", "metadata", "job_metadata", "usage")
EXPAND_EXTRACT: tuple[ExtractExpand, ...] = ("extract_metadata", "usage")


class _Queue(Protocol):
    def send_nowait(self, item: Tracked, /) -> None: ...


class Results:
    """The results of one run. `trouble` is why the last one could not be kept; `fetched` counts those that came."""

    def __init__(self, core: Core, archive: Archive) -> None:
        self.trouble: Trouble | None = None
        self._core = core
        self._archive = archive
        self.fetched = 0
        self._handed: set[str] = set()
        self._unwritten: dict[str, JobResult] = {}
        self._writing = anyio.Lock()

    async def of(self, file: Tracked) -> JobResult | None:
        """A finished file's result: from the archive, else from the service, and then archived. None: it has none."""
        if not file.completed or file.job_id is None:
            return None
        kept = await anyio.to_thread.run_sync(self._archive.read, file.job_id, file.job_type)
        if kept is not None:
            file.pages = file.pages or counted(kept)
            return kept
        return await self._fetched(file, file.job_id)

    async def all(self, files: Iterable[Tracked]) -> Mapping[str, JobResult]:
        """Results of those files that have one, by job id. One that has expired costs nobody the others.

        Raises:
            LlamaBatchError: one of them could not be fetched.

        """
        found: dict[str, JobResult] = {}

        async def fetch(file: Tracked) -> None:
            try:
                result = await self.of(file)
            except NotFoundError as error:
                log.warning("The result of %s is neither here nor there any more: %s", file.name, error)
                return
            if result is not None and file.job_id is not None:
                found[file.job_id] = result

        await each(files, fetch, at_once=CONCURRENT)
        return found

    async def credits(self, files: Iterable[Tracked]) -> None:
        """Ask again for credits that were not reported yet: null until billing is recorded (contract.md section 5).

        Raises:
            LlamaBatchError: one of them could not be asked for. Of a job that has expired nothing more will come.

        """

        async def ask(file: Tracked) -> None:
            assert file.job_id is not None
            try:
                if file.job_type == "extract_v2":
                    # Its metadata name the parse job whose cost is shared.
                    file.job = _slim(await self._core.extract.get(file.job_id, expand=EXPAND_EXTRACT))
                else:
                    file.job = _slim(await self._core.parsing.get(file.job_id, expand=["usage"]))
            except NotFoundError:
                return

        await each([file for file in files if _owes(file)], ask, at_once=CONCURRENT)

    def hand_out(self, parts: Iterable[Part], queue: _Queue) -> None:
        """Queue what has been finished since the last time; what is archived only has its pages noted."""
        new = [
            file
            for part in parts
            for file in part.sent
            if file.completed and file.job_id is not None and file.job_id not in self._handed
        ]
        gone = {file.job_id for part in parts if part.expired for file in part.sent}
        known = self._archive.known(file.job_id for file in new if file.job_id)
        for file in new:
            assert file.job_id is not None
            self._handed.add(file.job_id)
            if file.job_id in known:
                file.pages = known[file.job_id]
            elif file.job_id in gone:
                file.lost = True  # it was finished, and forgotten before its result was fetched
            else:
                queue.send_nowait(file)

    async def collect(self, queue: MemoryObjectReceiveStream[Tracked], tell: Callable[[], None]) -> None:
        async with queue:
            async for file in queue:
                try:
                    assert file.job_id is not None
                    await self._fetched(file, file.job_id)
                except LlamaBatchError as error:
                    # Not lost: the next reader of this file fetches it again.
                    log.warning("The result of %s was not fetched yet: %s", file.name, error)
                tell()

    async def _fetched(self, file: Tracked, job_id: str) -> JobResult:
        fetched = await self._fetch(file)
        file.pages = counted(fetched)
        file.job = _slim(fetched)
        self.fetched += 1
        await self._keep(job_id, fetched)
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
            except (OSError, sqlite3.Error) as error:
                # A full disk costs the copies on this machine, not the results.
                self.trouble = trouble.disk(error, now=self._core.now())
                log.warning("The results of %s were not all archived: %s", ", ".join(results), error)

    async def _fetch(self, file: Tracked) -> JobResult:
        assert file.job_id is not None
        if file.job_type == "extract_v2":
            return await self._core.extract.get(file.job_id, expand=EXPAND_EXTRACT)
        try:
            return await self._core.parsing.get(file.job_id, expand=EXPAND)
        except InvalidRequestError:
            return await self._core.parsing.get(file.job_id, expand=EXPAND_FAST)


def _owes(file: Tracked) -> bool:
    """Its credits were not reported yet; a reported 0 is a report."""
    return file.completed and file.job is not None and (file.job.usage is None or file.job.usage.credits is None)


def _slim(result: JobResult) -> Job:
    """The job without its result, which is read from the archive when it is wanted."""
    if isinstance(result, ParseResult):
        return result.job
    metadata = result.extract_metadata
    return result.model_copy(
        update={
            "extract_result": None,
            "configuration": None,
            "extract_metadata": None if metadata is None else metadata.model_copy(update={"field_metadata": None}),
        }
    )
