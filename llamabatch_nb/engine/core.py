"""`Engine`: a data folder, the API over it, and the work behind it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from llamabatch_nb.engine import clock as clocks
from llamabatch_nb.engine import links, options
from llamabatch_nb.engine.clock import Clock, stamp
from llamabatch_nb.engine.errors import EngineError
from llamabatch_nb.engine.extractors import plugins
from llamabatch_nb.engine.extractors.base import Extractor
from llamabatch_nb.engine.faults import Faults
from llamabatch_nb.engine.faults.plan import Time
from llamabatch_nb.engine.faults.schedule import Schedule
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.resources import batches, leftovers, projects
from llamabatch_nb.engine.resources.billing import Billing
from llamabatch_nb.engine.resources.jobs import EXTRACT
from llamabatch_nb.engine.store.blobs import Blobs
from llamabatch_nb.engine.store.database import Store, trouble
from llamabatch_nb.engine.webhooks.courier import Courier
from llamabatch_nb.engine.work.dispatcher import Dispatcher
from llamabatch_nb.engine.work.leases import Owner
from llamabatch_nb.engine.work.pool import Pool

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Engine:
    """A local LlamaCloud over one data folder. `app` is its ASGI application; work goes on between start and close.

    Any number of engines, in one process or many, may share a folder: they share its batches and their work. What a
    batch or job was created under holds whichever of them does it: its configuration, `ocr`, and its extractor, without
    which an engine leaves it to one that has it.

    Args:
        data: The folder for ``engine.db``, ``blobs/`` and ``owners/``; it is made if need be.
        workers: Worker processes, or how many tasks `executor` runs at once. Default: the processors we may use.
        executor: Where files are read, instead of worker processes of our own: any ``concurrent.futures.Executor``,
            also Dask's or ipyparallel's (``help("llamabatch_nb.engine.work.pool")`` shows how). Its workers have to see
            `data` under the same path. It is never shut down here, and if it breaks it cannot be made again: what is
            left ends as FAILED.
        seed: Makes ids reproducible: two engines with this seed, asked for the same things, give the same ids.
        clock: The server time of everything, as aware datetimes. Default: the real time; with a seed, for ever
            2026-01-05T09:00:00Z.
        seconds_per_file: The least that a worker takes over a file, so that progress can be watched.
        time: How batches and jobs get on, for those who look. ``"timed"``: as their work does. ``"per_read"``: each GET
            of one, alone or in a list, shows it one step further: PENDING, RUNNING, and its end, for which it waits.
            ``"immediate"``: the first GET waits for the end. The work is the same, and is really done.
        file_timeout: Seconds after which a file is given up and its worker killed; its job is FAILED.
        results_while_running: Serve `results` as soon as files are mapped to jobs (the original Create Batch page),
            instead of at the end, as the documentation of the current official SDK has it.
        latency: Seconds that every answer takes longer, as over a long line.
        uploads_per_second: More uploads than this, counted over five seconds, are answered 429 with ``Retry-After``.
            LlamaCloud's documented limit is 50. None: any number.
        max_file_bytes: An upload of more bytes is answered 413. Default: LlamaCloud's documented limit, 512 MB a file.
        credits_per_page: What ``usage.credits`` says that a page of a COMPLETED job cost. None: 0.
        credits_late: ``usage.credits`` is null the first time that a job's are asked for.
        faults: What is to go wrong. `schedule` tells what did.
        ocr: Recognise text in scans and pictures of every batch and job that is created here, not only of those whose
            configuration has ``ocr_parameters``. The extra ``ocr`` brings English.
        webhooks_anywhere: Webhook endpoints may be on other machines than this one.
        extractors: Plug-ins (`extractors.base.Extractor`) by the name that a configuration's ``extractor`` may give;
            None is the name of the one for configurations that give none. A job that was created under one is done by
            engines that have the same code; when none of them is left it ends as FAILED, to be retried.

    Raises:
        EngineError: the folder cannot be used, or an extractor cannot be called or sent to a worker.
        ValueError: an option that is none of what it may be.

    """

    def __init__(
        self,
        data: Path | str,
        *,
        workers: int | None = None,
        executor: Executor | None = None,
        seed: str | None = None,
        clock: Clock | None = None,
        seconds_per_file: float = 0.0,
        time: Time = "timed",
        file_timeout: float = 600.0,
        results_while_running: bool = False,
        latency: float = 0.0,
        uploads_per_second: float | None = None,
        max_file_bytes: int = 512 << 20,
        credits_per_page: float | None = None,
        credits_late: bool = False,
        faults: Faults | None = None,
        ocr: bool = False,
        webhooks_anywhere: bool = False,
        extractors: Mapping[str | None, Extractor] | None = None,
    ) -> None:
        given: dict[str, Any] = {name: value for name, value in locals().items() if name not in {"self", "data"}}
        options.check(given)
        self.data = Path(data).absolute()
        self.results_while_running = results_while_running
        self.time = time
        self.latency = latency
        self.uploads_per_second = uploads_per_second
        self.max_file_bytes = max_file_bytes
        self.billing = Billing(credits_per_page, late=credits_late)
        self.ocr = ocr
        self.webhooks_anywhere = webhooks_anywhere
        self.schedule = Schedule(faults or Faults())
        self.clock = clock or (clocks.real if seed is None else clocks.seeded)
        self.ids = Ids(seed)
        _make(self.data, "blobs", "images", "owners")
        self.store = Store(self.data)
        self.blobs = Blobs(self.data / "blobs")
        self.images = self.data / "images"
        self.extractors = plugins.carried(extractors)
        self._digests = {name: one.digest for name, one in self.extractors.items()}
        try:
            with self.store.write() as db:
                self.project = projects.ensure(db, self.ids, stamp(self.clock()))
                self.links = links.ensure(db)
        except sqlite3.Error as error:
            self.store.close()
            known = trouble(error)
            said = known.sentence if known else f"The store cannot be used ({error}): choose another data folder."
            raise EngineError(f"{self.data}: {said}") from error
        self._courier = Courier(self.store, anywhere=webhooks_anywhere)
        self._dispatcher = Dispatcher(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            owner=Owner(self.data / "owners", self._digests.values()),
            pool=Pool(workers, executor, file_timeout=file_timeout),
            ids=self.ids,
            clock=self.clock,
            schedule=self.schedule,
            seconds_per_file=seconds_per_file,
            file_timeout=file_timeout,
            extractors=self.extractors.values(),
            look=self._courier.look,
        )
        self._app: ASGIApp | None = None
        self._lock = threading.Lock()
        self._started = self._closed = False

    @property
    def app(self) -> ASGIApp:
        """The ASGI application. It has no lifespan: start and close the engine."""
        with self._lock:
            if self._app is None:
                from llamabatch_nb.engine.api.app import make_app

                self._app = make_app(self)
            return self._app

    def wake(self) -> None:
        """There is something to do. The API says so after a change; other processes' changes are seen within 1 s."""
        self._dispatcher.wake()

    def digest_of(self, parameters: Mapping[str, Any]) -> str | None:
        """Of the plug-in that is meant by the parameters of ``extract_v2``; None: the shipped one, or an installed one.

        For those of ``parse_v2`` it is None, too.
        """
        return self._digests.get(parameters.get("extractor")) if parameters["product_type"] == EXTRACT else None

    def unfinished(self) -> str | None:
        """A batch, or else a job without one, that has not ended yet, whichever engine of this folder does it."""
        with self.store.read() as db:
            for row in reversed(batches.open_batches(db)):  # the jobs without a batch come first
                if row.id is not None:
                    return row.id
            job = db.execute(
                "SELECT id FROM jobs WHERE batch_id IS NULL AND status IN ('PENDING', 'RUNNING') ORDER BY type LIMIT 1"
            ).fetchone()
        return None if job is None else str(job["id"])

    def expire(self, batch_id: str, *, whole: bool = False) -> None:
        """Forget the jobs and results of a finished batch, as the service does in time; if `whole`, the batch as well.

        They are answered 404 then, as LlamaCloud answers for jobs that have expired.

        Raises EngineError if the batch is not over, or not there.
        """
        with self.store.write() as db:
            batches.expire(db, batch_id, whole=whole)
        self.clear()

    def clear(self) -> None:
        """Remove from the disk what nothing needs any more: blobs, page images. After whatever deletes or expires."""
        leftovers.clear(self.store, self.blobs, self.images)

    def start(self) -> None:
        """Begin to work, on what an earlier process left undone first. Starting twice is starting once."""
        with self._lock:
            if self._closed:
                raise EngineError("This engine is closed. Make a new one over the same data folder to go on.")
            if not self._started:
                self._started = True
                leftovers.sweep(self.store, self.blobs, self.images, stamp(self.clock()))
                self._dispatcher.start()

    def close(self) -> None:
        """Stop: no thread, worker or open file stays. Unfinished batches go on at the next start over this folder."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._dispatcher.stop()
        if self._started:
            self._courier.stop()
        self.store.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _make(data: Path, *folders: str) -> None:
    try:
        for folder in folders:
            (data / folder).mkdir(parents=True, exist_ok=True)
        probe = data / "blobs" / ".probe"
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)  # another engine may be at the same point
    except OSError as error:
        raise EngineError(
            f"The data folder {data} cannot be written ({error.strerror or error}). Choose another one."
        ) from error
