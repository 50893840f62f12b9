"""Where files are read: worker processes of our own, or any ``concurrent.futures.Executor`` that somebody hands us.

Own workers are loky's: never forked (fork hangs PDFium, 6 of 6 pools: parsing.md section 2), and they never run the
user's ``__main__`` again, so a script needs no guard and may come from stdin.

An executor's workers need three things: this package with the extra ``local``, the engine's data folder under the same
path (a shared disk, when they are other machines), and one task at a time each. On Dask (extra ``dask``)::

    import llamabatch_nb as lb
    from distributed import Client, LocalCluster

    if __name__ == "__main__":
        client = Client(LocalCluster(n_workers=4, threads_per_worker=1))
        lb.connect(data="data", engine={"workers": 4, "executor": client.get_executor(pure=False)})
        lb.submit("documents").wait()

A script needs the guard here, for Dask's and ipyparallel's own processes run it again; a cell of a notebook does not.

Dask starts workers that die anew. ``distributed.scheduler.allowed-failures`` says how many of them a file may take with
it each time it is tried; 0 is best here, for a suspect is tried again alone anyway. A worker that sits on a file for
too long ends itself, if it has a nanny; without one (``processes=False``) nothing ends it.

On ipyparallel (extra ``ipyparallel``)::

    import ipyparallel
    import llamabatch_nb as lb

    if __name__ == "__main__":
        cluster = ipyparallel.Cluster(n=4).start_and_connect_sync()
        lb.connect(data="data", engine={"workers": 4, "executor": cluster.load_balanced_view().executor})
        lb.submit("documents").wait()

There a worker that dies or hangs stays away: the engine goes on as long as one is left. The same holds for hanging
files in a pool of threads or processes; a process pool that breaks takes no more work, and what is left ends as FAILED.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from functools import partial
from typing import TYPE_CHECKING

from llamabatch_nb.engine.work.elsewhere import run_watched
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

    def __init__(self, workers: int | None, executor: Executor | None, *, file_timeout: float) -> None:
        from loky import cpu_count

        self.workers = workers or cpu_count()
        self._given = executor
        self._run: Callable[[Sequence[Task]], list[Outcome]] = run_chunk
        #: Whether workers end themselves when a file takes too long: only they know when they began with it.
        self.watched = type(executor).__module__.partition(".")[0] == "distributed"
        if self.watched:
            self._run = partial(run_watched, file_timeout=file_timeout)
        self._main: ProcessPoolExecutor | None = None
        self._quarantine: ProcessPoolExecutor | None = None
        self._warm_up: Outcomes | None = None

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
                return self._given.submit(self._run, tasks)
            except Exception as error:
                # Broken, shut down, without workers, or unable to send a task: each library has errors of its own.
                raise PoolClosedError(str(error) or type(error).__name__) from error
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
        if self._quarantine is None:
            self._quarantine = _processes(1)
            self._warm_up = _submit(self._quarantine, [])
        return _submit(self._quarantine, tasks)

    @property
    def warming(self) -> Outcomes | None:
        """What is done once the worker for single files has started; None if it has, or there is none."""
        return None if self._warm_up is None or self._warm_up.done() else self._warm_up

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
            self._quarantine = self._warm_up = None

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
