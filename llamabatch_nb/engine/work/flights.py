"""Claimed files on their way through the workers, and what becomes of them when a worker dies or hangs."""

from __future__ import annotations

import logging
import queue
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass

from llamabatch_nb.engine.work.pool import Outcomes, Pool, PoolClosedError
from llamabatch_nb.engine.work.tasks import Outcome, Task, failed, plugged

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Chunk:
    """Claimed jobs of one batch (None: of no batch). `alone`: a suspect, one file.

    `since`: when a worker began with it, by time.monotonic(); None while it waits for one.
    """

    batch_id: str | None
    tasks: list[Task]
    since: float | None = None
    alone: bool = False


class Flights:
    """Used by the dispatcher's thread alone; only `done` is put into from others.

    A claimed file is in exactly one of these until its outcome is in the store, whatever fails on the way: `ready` (not
    handed out yet), `flying` (with a worker), `suspects` (of a chunk that was lost, to be tried alone), `settled` (an
    outcome to be written, with its batch) or `dropped` (a job id to be given back).
    """

    def __init__(self, pool: Pool, *, file_timeout: float, seconds_per_file: float) -> None:
        self.ready: deque[Chunk] = deque()
        self.flying: dict[Outcomes, Chunk] = {}
        self.suspects: deque[Chunk] = deque()
        self.settled: list[tuple[str | None, list[Outcome]]] = []
        self.dropped: list[str] = []
        #: Futures that are done, and None for whatever else is to be looked at.
        self.done: queue.SimpleQueue[Outcomes | None] = queue.SimpleQueue()
        #: Seconds a file, by batch, as seen so far.
        self.pace: dict[str | None, float] = {}
        self._pool = pool
        self._file_timeout = file_timeout
        self._seconds_per_file = seconds_per_file

    @property
    def busy(self) -> int:
        """Chunks that the main workers have or will have, suspects not counted."""
        return len(self.ready) + sum(not chunk.alone for chunk in self.flying.values())

    @property
    def holds(self) -> bool:
        """Whether any file is claimed and not settled."""
        return bool(self.ready or self.flying or self.suspects)

    def launch(self) -> None:
        """Hand out what is ready, and one suspect if none is being tried.

        Raises PoolClosedError when the interpreter ends.
        """
        while self.ready:
            self._fly(self.ready, self._pool.submit)
        if any(chunk.alone for chunk in self.flying.values()):
            return
        if self.suspects:
            self._fly(self.suspects, self._pool.submit_alone)
        else:
            self._pool.end_quarantine()

    def wait(self, seconds: float) -> None:
        """Until there is something to do; takes in every future that is done."""
        try:
            while True:
                future = self.done.get(timeout=seconds)
                seconds = 0.0
                if future is not None:
                    self._land(future)
        except queue.Empty:
            pass

    def give_up_late(self) -> None:
        """Kill workers that sit on a file. Of a chunk of several the culprit is not known: each gets its time alone.

        Workers of an executor that was given cannot be killed from here; Dask's end themselves (see `pool`).
        """
        if self._pool.watched:
            return
        late = [future for future, chunk in self.flying.items() if self._is_late(chunk)]
        if not late:
            return
        log.info("A worker took longer than %g s", self._file_timeout)
        shared = [future for future in late if not self.flying[future].alone]
        if shared and self._pool.own:
            # The workers are killed, and all that is with them is lost, late or not.
            shared = [future for future, chunk in self.flying.items() if not chunk.alone]
        for future in {*late, *shared}:
            chunk = self.flying.pop(future)
            future.cancel()
            # A worker of our own may have been starting all the while; one that was given is lost by another try, too.
            if chunk.alone or (len(chunk.tasks) == 1 and not self._pool.own):
                if chunk.alone:
                    self._pool.end_quarantine()
                self._fail_late(chunk)
            else:
                self._suspect(chunk)
        if shared:
            self._pool.kill()
        self._begin()

    def drop(self, cancelled: set[str | None]) -> None:
        """What waits for its turn has not started: the cancel of its batch stops it."""
        dropped = [chunk for chunk in (*self.ready, *self.suspects) if chunk.batch_id in cancelled]
        self.ready = deque(chunk for chunk in self.ready if chunk.batch_id not in cancelled)
        self.suspects = deque(chunk for chunk in self.suspects if chunk.batch_id not in cancelled)
        for future, chunk in list(self.flying.items()):
            # Dask and ipyparallel say that they cancelled what runs, and run on (parsing.md section 4).
            if chunk.batch_id in cancelled and chunk.since is None and future.cancel():
                dropped.append(self.flying.pop(future))
        self.dropped += [task.job_id for chunk in dropped for task in chunk.tasks]

    def _fly(self, chunks: deque[Chunk], submit: Callable[[Sequence[Task]], Outcomes]) -> None:
        """Hand the first of `chunks` to a worker. If that fails it stays where it is, for the next time."""
        chunk = chunks[0]
        try:
            future = submit(chunk.tasks)
        except PoolClosedError as error:
            if self._pool.own:
                raise
            message = f"The executor given to the engine takes no more work ({error}); retry it with a new one."
            self._fail(chunk, "executor", message)
            self.done.put(None)
        else:
            self.flying[future] = chunk
            if chunk.alone and self._pool.warming is not None:
                self._pool.warming.add_done_callback(self.done.put)
            self._begin()
            future.add_done_callback(self.done.put)
        chunks.popleft()

    def _begin(self) -> None:
        """Note which chunks are with a worker now: the first that were handed out, as many as there are workers.

        A suspect has a worker to itself where the workers are our own; elsewhere it queues with the others.
        """
        now = time.monotonic()
        busy = 0
        for chunk in self.flying.values():
            apart = chunk.alone and self._pool.own
            busy += not apart
            # The start of its worker is not the file's time: on a busy machine it takes seconds.
            started = self._pool.warming is None if apart else busy <= self._pool.workers
            if chunk.since is None and started:
                chunk.since = now

    def _land(self, future: Outcomes) -> None:
        chunk = self.flying.pop(future, None)
        if chunk is None:  # a warm-up, or a chunk that was given up
            self._begin()
            return
        # Whoever gave an executor may shut it down and have it cancel what waits.
        error = CancelledError("it was cancelled") if future.cancelled() else future.exception()
        if error is None:
            if chunk.since is not None:
                spent = (time.monotonic() - chunk.since) / len(chunk.tasks)
                self.pace[chunk.batch_id] = (self.pace.get(chunk.batch_id, spent) + spent) / 2
            self.settled.append((chunk.batch_id, future.result()))
        elif chunk.alone:
            self._pool.end_quarantine()
            if self._pool.watched and self._is_late(chunk):
                self._fail_late(chunk)
            else:
                blamed = plugged(chunk.tasks[0])
                crashed = (
                    f"It crashed the process that read it ({_told(error)}); please report this file."
                    if blamed is None
                    else f"On it {blamed} crashed the process ({_told(error)}); mend that and retry it."
                )
                self._fail(chunk, "crash", crashed)
        else:
            log.info("A worker was lost (%s); trying its files one at a time", _told(error))
            self._suspect(chunk)
        self._begin()

    def _suspect(self, chunk: Chunk) -> None:
        self.suspects += (Chunk(chunk.batch_id, [task], alone=True) for task in chunk.tasks)

    def _fail_late(self, chunk: Chunk) -> None:
        blamed = plugged(chunk.tasks[0])  # it is one file by now
        late = (
            f"It took longer than {self._file_timeout:g} s; split it and retry the parts."
            if blamed is None
            else f"On it {blamed} took longer than {self._file_timeout:g} s; mend that, or give it more time with "
            "engine={'file_timeout': …}, and retry it."
        )
        self._fail(chunk, "timeout", late)

    def _fail(self, chunk: Chunk, reason: str, message: str) -> None:
        outcomes = [failed(task, reason, message) for task in chunk.tasks]
        self.settled.append((chunk.batch_id, outcomes))

    def _is_late(self, chunk: Chunk) -> bool:
        if chunk.since is None:
            return False
        return time.monotonic() - chunk.since > self._file_timeout + self._seconds_per_file * len(chunk.tasks)


def _told(error: BaseException) -> str:
    """An error in a few words: how the worker ended if loky says it, else the first of what may be many lines."""
    text = str(error).strip()
    if ended := re.search(r"exit codes of the workers are \{(.+?)\}", text):
        return ended[1]
    return text.splitlines()[0] if text else type(error).__name__
