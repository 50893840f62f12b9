"""The thread that moves batches: files to jobs, jobs to workers in chunks, outcomes back, a transaction a chunk.

Everything here runs on that thread, except `wake`. What is decided is in the store, so another engine, or this one
after a crash, goes on from there.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from llamabatch_nb.engine.clock import Clock, stamp
from llamabatch_nb.engine.extractors.base import Extractor
from llamabatch_nb.engine.faults.schedule import Schedule
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.resources import batches, jobs
from llamabatch_nb.engine.resources.batches import Open
from llamabatch_nb.engine.resources.parameters import parse_options
from llamabatch_nb.engine.store import snapshots
from llamabatch_nb.engine.store.blobs import Blobs
from llamabatch_nb.engine.store.database import Db, Store
from llamabatch_nb.engine.work.flights import Chunk, Flights
from llamabatch_nb.engine.work.leases import Owner
from llamabatch_nb.engine.work.pool import Pool, PoolClosedError
from llamabatch_nb.engine.work.tasks import ExtractTask, ParseTask, Task

log = logging.getLogger(__name__)

#: With one file a task two processes are 1.0 to 1.6 times as fast as one, with 20 they are 2.0 (parsing.md section 3).
CHUNK_FILES = 20
CHUNK_BYTES = 16 << 20
#: A chunk is cut so that it takes about this long, so that progress is seen and a cancel is prompt.
CHUNK_SECONDS = 0.25
#: What a file is taken to need before the first chunk of its batch is back: makes the first chunk 4 files.
FIRST_GUESS = CHUNK_SECONDS / 4
#: How often an idle dispatcher looks for what other processes have put into the store.
POLL_SECONDS = 1.0


class Dispatcher:
    """One an engine. Start it once, stop it once. It closes `pool`."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        images: Path,
        owner: Owner,
        pool: Pool,
        ids: Ids,
        clock: Clock,
        schedule: Schedule,
        seconds_per_file: float,
        file_timeout: float,
        extractors: Mapping[str | None, Extractor],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._images = images
        self._extractors = extractors
        self._owner = owner
        self._pool = pool
        self._ids = ids
        self._clock = clock
        self._schedule = schedule
        self._seconds_per_file = seconds_per_file
        self._flights = Flights(pool, file_timeout=file_timeout, seconds_per_file=seconds_per_file)
        self._thread = threading.Thread(target=self._run, name="llamabatch-engine", daemon=True)
        self._stopping = False
        self._turn = 0

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something has changed in the store. Any thread may call it."""
        self._flights.done.put(None)

    def stop(self) -> None:
        """Stop working now. What was with workers is given back, to be done by whoever comes next."""
        self._stopping = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping:
                try:
                    self._pool.warm()
                    self._step()
                except PoolClosedError:
                    break  # the interpreter is ending
                except Exception:
                    # A full disk or a store that another process keeps locked: nothing is lost, so try again.
                    log.exception("The engine could not go on; trying again in a second")
                    time.sleep(POLL_SECONDS)
                self._flights.wait(POLL_SECONDS)
        finally:
            self._pool.close()
            self._give_back()

    def _step(self) -> None:
        flights = self._flights
        flights.give_up_late()
        now = stamp(self._clock())
        with self._store.read() as db:
            rows = batches.open_batches(db)
        flights.pace = {row.id: flights.pace[row.id] for row in rows if row.id in flights.pace}
        flights.drop({row.id for row in rows if row.cancel_requested})
        holds = flights.holds
        if rows or holds or flights.settled or flights.dropped:
            with self._store.write() as db:
                for batch_id in self._settle(db, now) | self._owner.take_over(db, now):
                    batches.finish(db, batch_id, now)
                for row in rows:
                    if row.id is not None and row.status == "PENDING":
                        batches.map_files(db, row.id, self._ids, now, self._schedule)
                claimed = self._claim(db, rows, now)
                if claimed or holds:
                    self._owner.renew(db)
            flights.settled.clear()
            flights.dropped.clear()
            flights.ready += claimed
        flights.launch()

    def _settle(self, db: Db, now: str) -> set[str | None]:
        """Write what has come back and what was dropped. Returns the batches concerned."""
        for _, outcomes in self._flights.settled:
            jobs.settle(db, self._owner.id, outcomes, now)
        touched = {batch_id for batch_id, _ in self._flights.settled}
        if self._flights.dropped:
            touched |= jobs.release(db, self._owner.id, now, self._flights.dropped)
        return touched

    def _claim(self, db: Db, rows: Sequence[Open], now: str) -> list[Chunk]:
        """As many chunks as keep the workers busy, from the open batches in turn."""
        chunks: list[Chunk] = []
        waiting = [row for row in rows if not row.cancel_requested]
        while waiting:
            row = waiting[self._turn % len(waiting)]
            pace = self._flights.pace.get(row.id, FIRST_GUESS + self._seconds_per_file)
            # A second chunk a worker hides the way to us and back, which matters only while chunks are short.
            depth = 1 if pace * CHUNK_FILES > CHUNK_SECONDS else 2
            if self._flights.busy + len(chunks) >= depth * self._pool.workers:
                break
            share = -(-jobs.pending(db, row.id) // (2 * self._pool.workers))
            files = min(CHUNK_FILES, max(1, int(CHUNK_SECONDS / pace)), share)
            claims = jobs.claim(db, row.id, self._owner.id, files=files, size=CHUNK_BYTES, now=now) if files else []
            if claims:
                self._turn += 1
                chunks.append(Chunk(row.id, self._tasks(db, claims)))
            else:
                waiting.remove(row)
        return chunks

    def _tasks(self, db: Db, claims: Iterable[jobs.Claim]) -> list[Task]:
        told: dict[str, dict[str, Any]] = {}
        tasks: list[Task] = []
        for claim in claims:
            if claim.snapshot_id not in told:
                told[claim.snapshot_id] = snapshots.load(db, claim.snapshot_id)
            parameters = told[claim.snapshot_id]
            path = f"{self._blobs.folder}{os.sep}{claim.blob}"
            if claim.type == jobs.PARSE:
                task: Task = ParseTask(
                    job_id=claim.id,
                    fence=claim.fence,
                    path=path,
                    name=claim.name,
                    seconds=self._seconds_per_file,
                    options=parse_options(parameters),
                    images=f"{self._images}{os.sep}{claim.id}",
                )
            else:
                assert claim.parse_job_id is not None
                task = ExtractTask(
                    job_id=claim.id,
                    fence=claim.fence,
                    path=path,
                    name=claim.name,
                    payload=jobs.payload(db, claim.parse_job_id) or b"",
                    parameters=parameters,
                    extractor=self._extractors.get(parameters.get("extractor"), parameters.get("extractor")),
                )
            tasks.append(task)
        return tasks

    def _give_back(self) -> None:
        """Whatever goes wrong here is mended by the lease, which nobody renews any more."""
        now = stamp(self._clock())
        try:
            with self._store.write() as db:
                for batch_id in self._settle(db, now) | self._owner.leave(db, now):
                    batches.finish(db, batch_id, now)
        except Exception:
            log.exception("The engine could not give back its work")
