"""The thread that moves batches: files to jobs, jobs to workers in chunks, outcomes back, a transaction a chunk.

Everything here runs on that thread, except `wake`. What is decided is in the store, so another engine, or this one
after a crash, goes on from there.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from llamabatch_nb.engine.clock import Clock, stamp
from llamabatch_nb.engine.extractors.plugins import Carried
from llamabatch_nb.engine.faults.schedule import Schedule
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.parsers.base import ParseOptions
from llamabatch_nb.engine.resources import batches, jobs
from llamabatch_nb.engine.resources.batches import Open
from llamabatch_nb.engine.resources.parameters import parse_options
from llamabatch_nb.engine.store import snapshots
from llamabatch_nb.engine.store.blobs import Blobs
from llamabatch_nb.engine.store.database import Db, Store, trouble
from llamabatch_nb.engine.work.flights import Chunk, Flights
from llamabatch_nb.engine.work.leases import Owner
from llamabatch_nb.engine.work.pool import Pool, PoolClosedError
from llamabatch_nb.engine.work.tasks import ExtractTask, Outcome, ParseTask, Task

log = logging.getLogger(__name__)

#: With one file a task two processes are 1.0 to 1.6 times as fast as one, with 20 they are 2.0 (parsing.md section 3).
CHUNK_FILES = 20
#: Of files, or of what travels to an extract job: what is claimed lies in memory, two such chunks a worker.
CHUNK_BYTES = 16 << 20
#: A chunk is cut so that it takes about this long, so that progress is seen and a cancel is prompt.
CHUNK_SECONDS = 0.25
#: What a file is taken to need before the first chunk of its batch is back: makes the first chunk 4 files.
FIRST_GUESS = CHUNK_SECONDS / 4
#: How often an idle dispatcher looks for what other processes have put into the store.
POLL_SECONDS = 1.0


class _ParseGoneError(Exception):
    """An extract job's parse job, or what it made, is not there any more."""


class Dispatcher:
    """One an engine. Start it once, stop it once. It closes `pool`. `look` is called after each step, on its thread."""

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
        extractors: Iterable[Carried],
        look: Callable[[], None],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._images = images
        self._extractors = {one.digest: one for one in extractors}
        self._look = look
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
        if self._owner.due:
            # Before anybody can ask for a job of our plug-ins: another engine would find nobody who has them.
            with suppress(sqlite3.Error), self._store.write() as db:  # what is wrong is said by the first step
                self._owner.renew(db)
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
        halted = False
        try:
            while not self._stopping:
                try:
                    self._pool.warm()
                    self._step()
                    self._look()
                    halted = False
                    self._flights.wait(POLL_SECONDS)
                except PoolClosedError:
                    break  # the interpreter is ending
                except Exception as error:
                    # A full disk or a store that another process keeps locked: nothing is lost, so try again.
                    if not halted:  # said once, not every second
                        known = trouble(error)
                        log.warning(
                            "The engine could not go on, and tries again every second: %s",
                            known.sentence if known else error,
                            exc_info=None if known else error,
                        )
                    halted = True
                    time.sleep(POLL_SECONDS)
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
        if rows or holds or flights.settled or flights.dropped or self._owner.due:
            with self._store.write() as db:
                touched = self._settle(db, now) | self._owner.take_over(db, now)
                for row in rows:
                    if row.id is not None and row.status == "PENDING" and not row.cancel_requested:
                        batches.map_files(db, row.id, self._ids, now, self._schedule)
                touched |= jobs.forsake(db, self._owner.living(db), now)
                claimed, idle = self._claim(db, rows, now)
                # Those of which nothing could be claimed too: the API cancels and deletes single jobs.
                for batch_id in touched | idle:
                    batches.finish(db, batch_id, now)
                if claimed or holds or self._owner.due:
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

    def _claim(self, db: Db, rows: Sequence[Open], now: str) -> tuple[list[Chunk], set[str | None]]:
        """As many chunks as keep the workers busy, from the open batches in turn; and those that had nothing left."""
        chunks: list[Chunk] = []
        idle = {row.id for row in rows if row.cancel_requested}
        waiting = [row for row in rows if not row.cancel_requested]
        while waiting:
            row = waiting[self._turn % len(waiting)]
            pace = self._flights.pace.get(row.id, FIRST_GUESS + self._seconds_per_file)
            # A second chunk a worker hides the way to us and back, which matters only while chunks are short.
            depth = 1 if pace * CHUNK_FILES > CHUNK_SECONDS else 2
            if self._flights.busy + len(chunks) >= depth * self._pool.workers:
                break
            parts = 2 * self._pool.workers  # towards the end every worker gets some
            ours = self._owner.extractors
            share = -(-jobs.pending(db, row.id, parts * CHUNK_FILES, ours) // parts)
            files = min(CHUNK_FILES, max(1, int(CHUNK_SECONDS / pace)), share)
            claims: list[jobs.Claim] = []
            if files:
                claims = jobs.claim(db, row.id, self._owner.id, files=files, size=CHUNK_BYTES, now=now, extractors=ours)
            if claims:
                self._turn += 1
                if tasks := self._tasks(db, claims, now):
                    chunks.append(Chunk(row.id, tasks))
            else:
                waiting.remove(row)
                idle.add(row.id)
        return chunks, idle

    def _tasks(self, db: Db, claims: Iterable[jobs.Claim], now: str) -> list[Task]:
        """What workers are to do. A job of which no task can be made fails alone: it must not stop all others."""
        told: dict[str, dict[str, Any]] = {}
        reading: dict[str, ParseOptions] = {}  # one object for all of a chunk, which is pickled once
        tasks: list[Task] = []
        hopeless: list[Outcome] = []
        for claim in claims:
            try:
                if claim.snapshot_id not in told:
                    told[claim.snapshot_id] = snapshots.load(db, claim.snapshot_id)
                parameters = told[claim.snapshot_id]
                if claim.type == jobs.PARSE:
                    if claim.snapshot_id not in reading:
                        reading[claim.snapshot_id] = parse_options(parameters)
                    tasks.append(self._parse_task(claim, reading[claim.snapshot_id]))
                else:
                    tasks.append(self._extract_task(db, claim, parameters))
            except _ParseGoneError:
                message = "Its parse job was deleted; retry it."
                hopeless.append(Outcome(job_id=claim.id, fence=claim.fence, error=message, reason="parse_gone"))
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                log.warning("Job %s was told what makes no sense", claim.id, exc_info=error)
                message = "Its configuration makes no sense to this engine; check it and retry."
                hopeless.append(Outcome(job_id=claim.id, fence=claim.fence, error=message, reason="configuration"))
        if hopeless:
            jobs.settle(db, self._owner.id, hopeless, now)
        return tasks

    def _parse_task(self, claim: jobs.Claim, options: ParseOptions) -> Task:
        return ParseTask(
            job_id=claim.id,
            fence=claim.fence,
            path=f"{self._blobs.folder}{os.sep}{claim.blob}",
            name=claim.name,
            seconds=self._seconds_per_file,
            options=options,
            images=f"{self._images}{os.sep}{claim.id}",
        )

    def _extract_task(self, db: Db, claim: jobs.Claim, parameters: dict[str, Any]) -> Task:
        payload = None if claim.parse_job_id is None else jobs.payload(db, claim.parse_job_id)
        if payload is None:
            raise _ParseGoneError
        # What a plug-in is called here may have changed since the job was asked for; its code has not.
        name = parameters.get("extractor")
        extractor = name if claim.extractor is None else replace(self._extractors[claim.extractor], name=name)
        return ExtractTask(
            job_id=claim.id,
            fence=claim.fence,
            path=f"{self._blobs.folder}{os.sep}{claim.blob}",
            name=claim.name,
            payload=payload,
            parameters=parameters,
            extractor=extractor,
        )

    def _give_back(self) -> None:
        """Whatever goes wrong here is mended by the lease, which nobody renews any more."""
        now = stamp(self._clock())
        for part in (self._settle, self._owner.leave):  # apart: claims are given back even if outcomes are lost
            try:
                with self._store.write() as db:
                    for batch_id in part(db, now):
                        batches.finish(db, batch_id, now)
            except Exception as error:
                log.exception("The engine could not give back its work")
                if trouble(error):
                    break  # of a store that is locked, the next try would wait as long again
