"""Where files are parsed: worker processes of our own, or any executor that somebody hands us.

Own workers are loky's: never forked (fork hangs PDFium, 6 of 6 pools: parsing.md section 2), and they never run the
user's ``__main__`` again, so a script needs no guard and may come from stdin.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TYPE_CHECKING

from llamabatch_nb.engine.work.tasks import Outcome, Task
from llamabatch_nb.engine.work.worker import run_chunk, start_worker

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

Outcomes = Future[list[Outcome]]


class PoolClosedError(Exception):
    """No task can be handed out any more: the interpreter ends, or a given executor is broken or shut down."""


class Pool:
    """Runs chunks of files.

    Of a lost chunk nobody knows which file broke its worker, so its files go, one at a time, to `submit_alone`: a pool
    of a single worker, beside the main one, where a file that breaks or blocks its worker harms nobody.
    """

    def __init__(self, workers: int | None, executor: Executor | None) -> None:
        from loky import cpu_count

        self.workers = workers or cpu_count()
        self._given = executor
        self._main: ProcessPoolExecutor | None = None
        self._quarantine: ProcessPoolExecutor | None = None

    @property
    def own(self) -> bool:
        """Whether the workers are our own processes, which can be killed and made again."""
        return self._given is None

    def warm(self) -> None:
        """Start the workers if there are none, and let them import what they need (0.3 s), without waiting."""
        if self.own and self._main is None:
            for _ in range(self.workers):
                self.submit([])

    def submit(self, tasks: Sequence[Task]) -> Outcomes:
        if self._given is not None:
            try:
                return _submit(self._given, tasks)
            except BrokenExecutor as error:
                raise PoolClosedError(str(error)) from error
        try:
            return self._submit_own(tasks)
        except BrokenExecutor:
            # It broke under another chunk, which is being seen to; a new pool takes this one.
            self.kill()
            return self._submit_own(tasks)

    def submit_alone(self, tasks: Sequence[Task]) -> Outcomes:
        """One file, when no other is there."""
        if self._given is not None:
            return self.submit(tasks)
        self._quarantine = self._quarantine or _processes(1)
        return _submit(self._quarantine, tasks)

    def _submit_own(self, tasks: Sequence[Task]) -> Outcomes:
        self._main = self._main or _processes(self.workers)
        return _submit(self._main, tasks)

    def kill(self) -> None:
        """Kill the main workers, whatever they do; their futures end with an error. The next submit starts new ones."""
        if self._main is not None:
            self._main.shutdown(wait=True, kill_workers=True)
            self._main = None

    def end_quarantine(self) -> None:
        """Kill the worker for single files, if there is one."""
        if self._quarantine is not None:
            self._quarantine.shutdown(wait=True, kill_workers=True)
            self._quarantine = None

    def close(self) -> None:
        """An executor that was given stays as it is: it is its giver's."""
        self.kill()
        self.end_quarantine()


def _submit(executor: Executor, tasks: Sequence[Task]) -> Outcomes:
    try:
        return executor.submit(run_chunk, tasks)
    except BrokenExecutor:
        raise
    except RuntimeError as error:  # shut down, or the interpreter is ending
        raise PoolClosedError(str(error)) from error


def _processes(workers: int) -> ProcessPoolExecutor:
    from loky import ProcessPoolExecutor
    from loky.backend import get_context

    return ProcessPoolExecutor(
        max_workers=workers,
        context=get_context("loky"),
        initializer=start_worker,
        initargs=(os.getpid(),),
        # loky has workers print a trace when they crash, into the user's cell. Set and empty means no: to Python any
        # text means yes.
        env={"PYTHONFAULTHANDLER": ""},
    )
