"""A run: what people hold. Thin: each method hands on to a room below."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import anyio

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import DeadlineError, ExportError, InputError
from llamabatch_nb.follow import after
from llamabatch_nb.follow.follower import Follower
from llamabatch_nb.follow.products import product_of
from llamabatch_nb.follow.rows import FileRow
from llamabatch_nb.follow.source import Source
from llamabatch_nb.follow.submit import Order, prepare_rest, rest_of
from llamabatch_nb.run.registry import lock
from llamabatch_nb.snapshot import UPLOADING, Snapshot

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("llamabatch_nb")


class Run:
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
    def snapshot(self) -> Snapshot:
        """What was known at the last look. Immutable."""
        return self._follower.snapshot

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
            self._loop.run(lambda: self._wait(timeout, raise_on_failures=raise_on_failures))
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
        await self._loop.relay(lambda: self._wait(timeout, raise_on_failures=raise_on_failures))
        return self

    def watch(self, timeout: float | None = None) -> Iterator[Snapshot]:
        """Each new Snapshot, the first at once, until the run has ended. `timeout`: seconds, of all of it.

        Raises:
            DeadlineError: `timeout` has passed; the batch goes on.

        """
        monotonic = self._follower.core.http.monotonic
        end = None if timeout is None else monotonic() + timeout
        seen: Snapshot | None = None
        while True:
            left = None if end is None else max(end - monotonic(), 0.0)
            snapshot, finished = self._loop.run(functools.partial(self._within, left, timeout, seen))
            if snapshot is not seen:
                yield snapshot
            if finished:
                return
            seen = snapshot

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

    def retry_failed(self, *, all: bool = False) -> Run:  # noqa: A002 - reads as retry_failed(all=True)
        """Send the failed files again as another attempt of this run, in a batch of their own; returns at once.

        Only those for which trying again may help: no password and no repair comes with it. `all=True` sends the others
        too. Files go by the service's own copy where it still has one, else they are uploaded again. The run then shows
        each file's best attempt, and its number. Where nothing is worth it, nothing is sent.
        """
        self._retry(everything=all)
        return self

    def retry(self, replace: Mapping[str, str | os.PathLike[str]]) -> Run:
        """Send other files in the place of some, as another attempt: ``run.retry({"locked.pdf": "unlocked.pdf"})``.

        Rows keep their names. Files are named by relative path, or by a name that is clear.

        Raises:
            SourceError: no such file in the run, or on this machine.
            InputError: a file is still on its way.

        """
        if not isinstance(replace, Mapping) or not replace:
            raise InputError('retry() takes what goes in the place of what: run.retry({"locked.pdf": "unlocked.pdf"}).')
        files = after.replacements(replace)
        self._loop.run(lambda: self._send_again(lambda: after.replaced(self._follower.state, files)))
        print(f"{_are(len(files))} sent in the place of others.")  # noqa: T201
        return self

    def rerun(self, *, configuration: str, name: str | None = None, max_credits: float | None = None) -> Run:
        """The same files with another configuration, as a run of its own. They are not uploaded again where the
        service still has them.

        Raises:
            InputError: the configuration does not exist, or is the one that this run has.
            CostError: it would cost more than `max_credits`.

        """
        from llamabatch_nb.run.doors import start

        core, journal, state = self._follower.core, self._follower.journal, self._follower.state
        if configuration == state.configuration_id:
            raise InputError(
                f"This run has the configuration {configuration!r}: rerun() takes another one; lb.submit(…, new=True) "
                "submits the same again."
            )
        product = self._loop.run(lambda: product_of(core, configuration, None))
        source, rows = after.source_of(state, journal)
        order = Order(
            source=source,
            configuration_id=configuration,
            product=product,
            name=name,
            rows=rows,
            parent=self.id,
        )
        with lock:
            return start(core, journal, order, max_credits=max_credits)

    def rest(self, *, max_credits: float | None = None) -> Run:
        """Send the files of the source that are not in this run yet: those beside a sample, new and changed ones.

        They become further batches of this run; returns at once.

        Raises:
            InputError: the source is not known any more.
            CostError: they would cost more than `max_credits`.

        """
        core, journal, state = self._follower.core, self._follower.journal, self._follower.state
        product = self._loop.run(lambda: product_of(core, state.configuration_id, None))
        source = self._source_now()
        with lock:
            self._loop.run(self._follower.catch_up)
            rest = rest_of(journal, state, source)
            if not rest:
                print(f"Nothing to send: all {len(source.files):,} files are in this run.")  # noqa: T201
                return self
            cost = self._loop.run(lambda: prepare_rest(core, journal, state, source, product, max_credits=max_credits))
            sent = sum(file.copy_of is None for file in rest)
            said = f"{_are(sent)} sent. {cost or ''}" if sent else "Nothing is sent: it has identical files already."
            print(said.strip())  # noqa: T201 - what is paid for is said
            self._loop.run(self._follower.go_on)
        return self

    def results_of(self, file: str) -> ParseResult | ExtractJob | None:
        """One file's parse or extract result; None where it has none (yet). Named by relative path, or a clear name.

        Raises:
            SourceError: no such file, or several.

        """
        return self._loop.run(lambda: self._result(file))

    def files(self) -> pd.DataFrame:
        """One row a source file, in directory order, with status, reason, job, pages, credits and times.

        The schema is `lb.schema("files")`, the same for running, failed and finished runs.
        """
        from llamabatch_nb import frames

        return frames.files(self.snapshot)

    def pages(self) -> pd.DataFrame:
        """One row a page of every finished file, with its text and markdown. The schema is `lb.schema("pages")`.

        Results not on this machine yet are fetched first.
        """
        from llamabatch_nb import frames

        found = self._loop.run(self._follower.all_results)
        results = {job_id: result for job_id, result in found.items() if isinstance(result, ParseResult)}
        return frames.pages(self.snapshot, results)

    def export(
        self, path: str | os.PathLike[str], *, frame: Literal["files", "pages"] = "pages", overwrite: bool = False
    ) -> Path:
        """Write a frame to a file, by suffix: ``.csv`` or ``.parquet``. Whole or not at all.

        Raises:
            ExportError: the file exists and `overwrite` is not given, the suffix is unknown, the folder is missing.

        """
        from llamabatch_nb import frames

        if frame not in {"files", "pages"}:
            raise ExportError(f"There is no frame {frame!r}: frame= is 'files' or 'pages'.")
        frames.target(path, overwrite=overwrite)  # before the results are fetched
        return frames.export(self.files() if frame == "files" else self.pages(), path, overwrite=overwrite)

    def how_to_come_back(self) -> str:
        """What to call to go on from here: another day, or after an interrupt."""
        return self._follower.how_to_come_back()

    def close(self) -> None:
        """Stop following it here, after its uploads. The batch goes on; so do other runs over it in this process."""
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
        await self._send_again(self._failed)

    async def document(self, name: str) -> ParseResult | None:
        """A finished file's parse result, from the archive where it is there; None where it has none."""
        result = await self._result(name)
        return result if isinstance(result, ParseResult) else None

    def _ipython_display_(self) -> None:
        from llamabatch_nb.panels.show import show

        show(self)
        self._shown = True

    def __repr__(self) -> str:
        # Fixed, so that a notebook's outputs compare equal: ids and states are in the panel.
        return f"Run({(self.name or self.id or self.snapshot.source)!r})"

    async def _result(self, name: str) -> ParseResult | ExtractJob | None:
        return await self._follower.result_of(name)

    async def _wait(
        self,
        timeout: float | None,  # noqa: ASYNC109 - a deadline with a message of its own
        *,
        raise_on_failures: bool,
    ) -> Snapshot:
        ended = functools.partial(self._follower.wait_ended, raise_on_failures=raise_on_failures)
        if self.finished:
            return await ended()
        try:
            with anyio.fail_after(timeout):
                return await ended()
        except TimeoutError:
            raise self._late(timeout) from None

    async def _within(
        self,
        left: float | None,
        timeout: float | None,  # noqa: ASYNC109 - for its message
        seen: Snapshot | None,
    ) -> tuple[Snapshot, bool]:
        try:
            with anyio.fail_after(left):
                return await self._next(seen)
        except TimeoutError:
            raise self._late(timeout) from None

    async def _next(self, seen: Snapshot | None) -> tuple[Snapshot, bool]:
        news = anyio.Event()
        forget = self.subscribe(lambda _: news.set())
        try:
            if self.snapshot is seen and not self.finished:
                await news.wait()
        finally:
            forget()
        return self.snapshot, self.finished

    def _late(self, timeout: float | None) -> DeadlineError:
        last = self.snapshot
        return DeadlineError(
            f"{last.batch_id or 'The upload'} is {last.phase} after {timeout:g} s, {last.done} of "
            f"{len(last.files)} files done; it goes on. {self.how_to_come_back()}",
            batch_id=last.batch_id,
            run_name=last.name,
        )

    def _retry(self, *, everything: bool) -> None:
        state = self._follower.state
        sent = self._loop.run(lambda: self._send_again(lambda: self._failed(hopeless=everything)))
        if sent:
            print(f"{_are(sent)} sent again.")  # noqa: T201
            return
        hopeless = len(after.failed(state, hopeless=True))
        which = "the file that" if hopeless == 1 else f"the {hopeless:,} files that"
        print(  # noqa: T201 - people must see why nothing is sent
            f"Nothing is sent again: trying again does not help {which} failed (see run.files()['error']). "
            "run.retry({name: path}) sends others in their place; run.retry_failed(all=True) tries anyway."
            if hopeless
            else "Nothing to retry: no file of this run has failed, or they are under way already."
        )

    def _failed(self, *, hopeless: bool = False) -> list[FileRow]:
        state = self._follower.state
        return after.retried(state, after.failed(state, hopeless=hopeless))

    async def _send_again(self, chosen: Callable[[], list[FileRow]]) -> int:
        """Choose and add in one go on the loop, so that two clicks, or a click and a cell, do not send a file twice."""
        while True:
            await self._follower.catch_up()
            files = chosen()
            if not files or after.add_retry(self._follower.journal, self._follower.state, files):
                break
        await self._follower.go_on()
        return len(files)

    def _source_now(self) -> Source:
        """As it is today where it can be read again, else as it was submitted."""
        from llamabatch_nb.run.doors import read_again

        core = self._follower.core
        if self._source is not None:  # of this submit, which may have other options than the first one
            given = self._source
            return read_again(core, given.key, given.again, given.options) or given
        row = self._follower.journal.run(self._follower.state.id)
        again = read_again(core, row.source, row.again, row.options)
        if again is None:
            raise InputError(
                "What was submitted cannot be read again from here, as it was no folder or pattern: submit all of it "
                f"with configuration={row.configuration_id!r}; what comes back is this run, and its rest() sends what "
                "is not in it."
            )
        return again


def _are(files: int) -> str:
    return "1 file is" if files == 1 else f"{files:,} files are"
