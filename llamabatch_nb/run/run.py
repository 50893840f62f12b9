"""What people hold: a run, and the three ways to get one. Thin: each method hands on to a room below."""

from __future__ import annotations

import functools
import logging
import os
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import anyio

from llamabatch_nb.client.clients import Base
from llamabatch_nb.client.core import Core
from llamabatch_nb.connect import close_at_exit, default
from llamabatch_nb.contract.configurations import PARSE_AGENTIC
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import DeadlineError, ExportError, InputError
from llamabatch_nb.follow.archive import Archive
from llamabatch_nb.follow.attach import attach
from llamabatch_nb.follow.follower import Follower
from llamabatch_nb.follow.home import home
from llamabatch_nb.follow.journal import Journal
from llamabatch_nb.follow.source import read_source
from llamabatch_nb.follow.submit import prepare
from llamabatch_nb.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("llamabatch_nb")
_journals: weakref.WeakKeyDictionary[Core, Journal] = weakref.WeakKeyDictionary()
_followers: weakref.WeakKeyDictionary[Core, dict[int | str | None, Follower]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()
_told: set[str] = set()


def submit(
    source: str | os.PathLike[str],
    *,
    configuration: str = PARSE_AGENTIC,
    name: str | None = None,
    type: Literal["parse_v2", "extract_v2"] | None = None,  # noqa: A002 - the API's own name
    new: bool = False,
    client: Base | None = None,
) -> Run:
    """Submit the files of a folder (at most 1,000) as one batch, and return at once; uploads go on behind.

    `configuration` is a saved configuration's id or a preset's; the job type comes from it. The same files (by content)
    with the same configuration on the same service are the same run: submitted again it is re-attached, or its uploads
    go on where they stopped, and nothing is paid twice; `new=True` starts afresh. `name` is what `lb.open` finds it by.

    Raises:
        SourceError: no such folder, nothing in it, more than 1,000 files, a file that cannot be read.
        InputError: no such configuration, or one of another product.
        ServiceError, UnreachableError: from the service, before anything was uploaded.

    """
    files = read_source(source)
    core = _core(client)
    close_at_exit(core)
    with _lock:  # two cells, or two threads, submit one after the other
        journal = _journal(core)
        state, submission = core.loop.run(
            lambda: prepare(core, journal, files, configuration_id=configuration, name=name, job_type=type, new=new)
        )
        follower = _follower(
            core, submission.run, lambda: Follower(core, journal, _archive(core, journal), state, submission)
        )
    label, count = core.service.label, len(files.files)
    if submission.reattached:
        core.loop.run(follower.first_look)
        if name is not None:
            core.loop.run(lambda: follower.rename(name))
        how = f", which is {follower.snapshot.phase}" if follower.snapshot.phase in {"FAILED", "CANCELLED"} else ""
        print(  # noqa: T201 - people must see why nothing is sent
            f"These {count} files were submitted before: re-attached to {state.batch_id}{how}; nothing was sent. "
            "new=True submits them again."
        )
    elif not core.service.local and label not in _told:
        _told.add(label)
        print(f"Documents are uploaded to {label} ({core.settings.base_url}).")  # noqa: T201
    return Run(follower)


def open(name_or_id: str, *, client: Base | None = None) -> Run:  # noqa: A001 - reads as lb.open("Q3")
    """A run again, by the name it was given or by its batch's id; from any kernel, any folder, any day.

    Raises:
        InputError: nothing of that name or id on this service.

    """
    if not isinstance(name_or_id, str) or not name_or_id.strip():
        raise InputError(f"A run is opened by its name or its batch's id, not by {name_or_id!r}.")
    core = _core(client)
    with _lock:
        journal = _journal(core)
        state, run = core.loop.run(lambda: attach(core, journal, name_or_id))
        key = state.batch_id if run is None else run
        follower = _follower(core, key, lambda: Follower(core, journal, _archive(core, journal), state))
    core.loop.run(follower.first_look)
    return Run(follower)


class Run:
    """A batch that is followed. As a cell's last line it is the live panel; `snapshot` is what is known right now.

    Nothing here stops the batch but `cancel`: closing a notebook, interrupting `wait` or restarting the kernel leaves
    it running, and `lb.open` brings it back.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._loop = follower.core.loop
        self._shown = False

    @property
    def id(self) -> str | None:
        """The batch's id; None while files are uploaded."""
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

    def wait(self, timeout: float | None = None) -> Run:
        """Block until the batch has ended and its results were fetched, as far as they could be. `timeout`: seconds.

        Files that failed raise nothing: they are rows of `files()`. An interrupt detaches and never cancels.

        Raises:
            DeadlineError: `timeout` has passed; the batch goes on.
            BatchFailedError, BatchCancelledError: how the batch ended.
            LlamaBatchError: what made following it impossible, a refused key for one.

        """
        try:
            self._loop.run(lambda: self._wait(timeout))
        except KeyboardInterrupt:
            goes_on = "while this program runs" if self.snapshot.service.local else "without this program"
            print(f"Detached: the batch goes on {goes_on}. {self.how_to_come_back()}", file=sys.stderr)  # noqa: T201
            raise
        finally:
            if self._shown:
                from llamabatch_nb.panels.show import settle

                settle(self)
        return self

    async def wait_async(self, timeout: float | None = None) -> Run:  # noqa: ASYNC109 - the same face as wait()
        """`wait`, awaitable from any event loop."""
        await self._loop.relay(lambda: self._wait(timeout))
        return self

    def watch(self) -> Iterator[Snapshot]:
        """Each new Snapshot, the first at once, until the run has ended."""
        seen: Snapshot | None = None
        while True:
            snapshot, finished = self._loop.run(functools.partial(self._next, seen))
            if snapshot is not seen:
                yield snapshot
            if finished:
                return
            seen = snapshot

    def cancel(self) -> None:
        """Ask the service to stop. What has finished is kept; CANCELLED appears when the work has stopped.

        Raises:
            RunError: it has ended already.

        """
        self._loop.run(self.request_cancel)

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

        results = self._loop.run(self._follower.results)
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

    async def document(self, name: str) -> ParseResult | None:
        """A finished file's result, from the archive where it is there; None where it has none."""
        return await self._follower.result(self._follower.file_named(name))

    def _ipython_display_(self) -> None:
        from llamabatch_nb.panels.show import show

        show(self)
        self._shown = True

    def __repr__(self) -> str:
        # Fixed, so that a notebook's outputs compare equal: ids and states are in the panel.
        return f"Run({(self.name or self.id or self.snapshot.source)!r})"

    async def _wait(self, timeout: float | None) -> Snapshot:  # noqa: ASYNC109 - a deadline with a message of its own
        if self.finished:
            return await self._follower.wait_ended()
        try:
            with anyio.fail_after(timeout):
                return await self._follower.wait_ended()
        except TimeoutError:
            last = self.snapshot
            raise DeadlineError(
                f"{last.batch_id or 'The upload'} is {last.phase} after {timeout:g} s, {last.done} of "
                f"{len(last.files)} files done; it goes on. {self.how_to_come_back()}",
                batch_id=last.batch_id,
                run_name=last.name,
            ) from None

    async def _next(self, seen: Snapshot | None) -> tuple[Snapshot, bool]:
        news = anyio.Event()
        forget = self.subscribe(lambda _: news.set())
        try:
            if self.snapshot is seen and not self.finished:
                await news.wait()
        finally:
            forget()
        return self.snapshot, self.finished


def _core(client: Base | None) -> Core:
    core = getattr(client or default(), "core", None)
    if not isinstance(core, Core):
        raise InputError(f"client= takes what lb.connect(), lb.Client() or lb.AsyncClient() made, not {client!r}.")
    return core


def _journal(core: Core) -> Journal:
    if core not in _journals:
        journal = Journal(home() / "journal.db")

        async def close() -> None:
            journal.close()

        core.before_close.append(close)
        _journals[core] = journal
    return _journals[core]


def _archive(core: Core, journal: Journal) -> Archive:
    return Archive(home() / "archive", journal, core.settings.base_url)


def _follower(core: Core, key: int | str | None, make: Callable[[], Follower]) -> Follower:
    """One watcher a run, however often it is submitted or opened: two would upload twice, and create two batches."""
    known = _followers.setdefault(core, {})
    follower = known.get(key)
    if follower is None or (follower.finished and not follower.state.ended):
        follower = known[key] = make()
        follower.start()
    return follower
