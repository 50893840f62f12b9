"""A run: what people hold. Thin: each method hands on to a room below."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import TracebackType
from typing import Self

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import InputError
from llamabatch_nb.follow import after
from llamabatch_nb.follow.sources.source import Source
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.run import further, waiting
from llamabatch_nb.run.frames import Framed
from llamabatch_nb.snapshot import UPLOADING, Snapshot

log = logging.getLogger("llamabatch_nb")


class Run(Framed):
    """A batch that is followed. As a cell's last line it is the live panel; `snapshot` is what is known right now.

    Nothing here stops the batch but `cancel`: closing a notebook, interrupting `wait` or restarting the kernel leaves
    it running, and `lb.open` brings it back.
    """

    def __init__(self, follower: Follower, source: Source | None = None) -> None:
        self._follower = follower
        self._source = source
        self._loop = follower.core.loop
        self._shown = False

    @property
    def id(self) -> str | None:
        """The batch's id, the first one's where there are several; None while files are uploaded."""
        return self.snapshot.batch_id

    @property
    def name(self) -> str | None:
        return self.snapshot.name

    @property
    def finished(self) -> bool:
        """The batch has ended and its results were fetched, as far as they could be; or following it has failed."""
        return self._follower.finished

    def wait(self, timeout: float | None = None, *, raise_on_failures: bool = False) -> Run:
        """Block until the run has ended and its results were fetched, as far as they could be. `timeout`: seconds.

        Files that failed raise nothing, unless `raise_on_failures`: they are rows of `files()`. An interrupt detaches
        and never cancels.

        Raises:
            DeadlineError: `timeout` has passed; the batch goes on.
            BatchFailedError, BatchCancelledError: how the batch ended.
            FilesFailedError: it ended and files failed, with `raise_on_failures`.
            LlamaBatchError: what made following it impossible, a refused key for one.

        """
        try:
            self._loop.run(lambda: waiting.ended(self._follower, timeout, raise_on_failures=raise_on_failures))
        except KeyboardInterrupt:
            uploading = self.snapshot.phase == UPLOADING
            goes_on = "the uploads go on" if uploading else "the batch goes on"
            how_long = "while this program runs" if uploading or self.snapshot.service.local else "without this program"
            print(f"Detached: {goes_on} {how_long}. {self.how_to_come_back()}", file=sys.stderr)  # noqa: T201
            raise
        finally:
            if self._shown:
                from llamabatch_nb.panels.show import settle

                settle(self)
        return self

    async def wait_async(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the same face as wait()
        *,
        raise_on_failures: bool = False,
    ) -> Run:
        """`wait`, awaitable from any event loop."""
        await self._loop.relay(lambda: waiting.ended(self._follower, timeout, raise_on_failures=raise_on_failures))
        return self

    def watch(self, timeout: float | None = None) -> Iterator[Snapshot]:
        """Each new Snapshot, the first at once, until the run has ended. `timeout`: seconds, of all of it.

        Raises:
            DeadlineError: `timeout` has passed; the batch goes on.
            LlamaBatchError: what made following it impossible, a refused key for one.

        """
        return waiting.each_snapshot(self._follower, timeout)

    def refresh(self, *, credits: bool = False) -> Snapshot:  # noqa: A002 - the API's word
        """Look now. `credits=True` also asks again for credits that were not reported yet, one request a file."""
        self._loop.run(self._follower.look)
        if credits:
            self._loop.run(self._follower.credits)
        return self.snapshot

    def cancel(self, file: str | None = None) -> None:
        """Ask the service to stop, all of it or one `file`'s job. What has finished is kept.

        CANCELLED appears when the work has stopped. Files are named by relative path, or by a name that is clear.

        Raises:
            RunError: it has ended already.
            InputError: the file has no job that could be stopped.

        """
        self._loop.run(self.request_cancel if file is None else lambda: self._follower.cancel_file(file))

    def retry_failed(self, *, all: bool = False, max_credits: float | None = None) -> Run:  # noqa: A002 - it reads well
        """Send the failed files again as another attempt of this run, in a batch of their own; returns at once.

        Only those for which trying again may help: no password and no repair comes with it. What was cancelled with its
        batch goes too. `all=True` sends the others as well. Files go by the service's own copy where it still has one,
        else they are uploaded again. The run then shows each file's best attempt, and its number. Where nothing is
        worth it, nothing is sent.

        Raises:
            CostError: it would cost more than `max_credits`.

        """
        further.retry_failed(self._follower, hopeless=all, max_credits=max_credits)
        return self

    def retry(self, replace: Mapping[str, str | os.PathLike[str]], *, max_credits: float | None = None) -> Run:
        """Send other files in the place of some, as another attempt: ``run.retry({"locked.pdf": "unlocked.pdf"})``.

        Rows keep their names. Files are named by relative path, or by a name that is clear. A file that has gone there
        before is not sent and paid again, so that the cell may be run again.

        Raises:
            SourceError: no such file in the run, or on this machine.
            InputError: a file is still on its way.
            CostError: it would cost more than `max_credits`.

        """
        if not isinstance(replace, Mapping) or not replace:
            raise InputError('retry() takes what goes in the place of what: run.retry({"locked.pdf": "unlocked.pdf"}).')
        further.retry(self._follower, after.replacements(replace), max_credits=max_credits)
        return self

    def rerun(self, *, configuration: str, name: str | None = None, max_credits: float | None = None) -> Run:
        """The same files with another configuration, as a run of its own. They are not uploaded again where the
        service still has them.

        Raises:
            InputError: the configuration does not exist, or is the one that this run has.
            CostError: it would cost more than `max_credits`.

        """
        follower, source = further.rerun(
            self._follower, configuration=configuration, name=name, max_credits=max_credits
        )
        return Run(follower, source)

    def rest(self, *, max_credits: float | None = None) -> Run:
        """Send the files of the source that are not in this run yet: those beside a sample, new and changed ones.

        They become further batches of this run; returns at once.

        Raises:
            InputError: the source is not known any more.
            CostError: they would cost more than `max_credits`.

        """
        further.rest(self._follower, self._source, max_credits=max_credits)
        return self

    def results_of(self, file: str) -> ParseResult | ExtractJob | None:
        """One file's parse or extract result; None where it has none (yet). Named by relative path, or a clear name.

        Raises:
            SourceError: no such file, or several.

        """
        return self._loop.run(lambda: self._follower.result_of(file))

    def how_to_come_back(self) -> str:
        """What to call to go on from here: another day, or after an interrupt."""
        return self._follower.how_to_come_back()

    def close(self) -> None:
        """Stop following it here, after its uploads. The batch goes on.

        Other runs over the same batch in this process share what follows it: it ends for them too.
        """
        if not self.finished:
            self._loop.run(self._follower.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What a panel needs of a run (llamabatch_nb.panels.protocol.WatchedRun).

    def subscribe(self, callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Call back on the loop thread with each new Snapshot; what comes back unsubscribes."""
        return self._follower.subscribe(callback)

    def hand(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run it on the loop thread; never blocks. What it raises is logged."""

        async def logged() -> None:
            try:
                await work()
            except Exception:
                log.exception("A panel's work failed")

        self._loop.spawn(logged)

    async def request_cancel(self) -> None:
        await self._follower.cancel()

    async def request_retry(self) -> None:
        await further.click(self._follower)

    async def document(self, name: str) -> ParseResult | None:
        """A finished file's parse result, from the archive where it is there; None where it has none."""
        result = await self._follower.result_of(name)
        return result if isinstance(result, ParseResult) else None

    def _ipython_display_(self) -> None:
        from llamabatch_nb.panels.show import show

        show(self)
        self._shown = True

    def __repr__(self) -> str:
        # Fixed, so that a notebook's outputs compare equal: ids and states are in the panel.
        return f"Run({(self.name or self.id or self.snapshot.source)!r})"
