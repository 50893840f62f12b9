"""`Engine`: a data folder, the API over it, and the work behind it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Self

from llamabatch_nb.engine import clock as clocks
from llamabatch_nb.engine import links
from llamabatch_nb.engine.clock import Clock, stamp
from llamabatch_nb.engine.errors import EngineError
from llamabatch_nb.engine.extractors.base import Extractor
from llamabatch_nb.engine.faults import Faults
from llamabatch_nb.engine.faults.schedule import Schedule
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.resources import batches, projects
from llamabatch_nb.engine.resources.billing import Billing
from llamabatch_nb.engine.store.blobs import Blobs
from llamabatch_nb.engine.store.database import Store
from llamabatch_nb.engine.work.dispatcher import Dispatcher
from llamabatch_nb.engine.work.leases import Owner
from llamabatch_nb.engine.work.pool import Pool

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Engine:
    """A local LlamaCloud over one data folder. `app` is its ASGI application; work goes on between start and close.

    Any number of engines, in one process or many, may share a folder: they share its batches and their work.

    Args:
        data: The folder for ``engine.db``, ``blobs/`` and ``owners/``; it is made if need be.
        workers: Worker processes, or how many tasks `executor` runs at once. Default: the processors we may use.
        executor: Where files are parsed, instead of worker processes of our own. It has to see `data` under the same
            path. It is never shut down here, and if it breaks it cannot be made again: what is left ends as FAILED.
        seed: Makes ids reproducible: two engines with this seed, asked for the same things, give the same ids.
        clock: The server time of everything, as aware datetimes. Default: the real time; with a seed, for ever
            2026-01-05T09:00:00Z.
        seconds_per_file: The least that a worker takes over a file, so that progress can be watched.
        file_timeout: Seconds after which a file is given up and its worker killed; its job is FAILED.
        results_while_running: Serve `results` as soon as files are mapped to jobs (the original Create Batch page),
            instead of at the end (the current SDK's words; contract.md section 10).
        latency: Seconds that every answer takes longer, as over a long line.
        uploads_per_second: More uploads than this, counted over five seconds, are answered 429 with ``Retry-After``.
            The cloud's limit is 50 (contract.md section 8). None: any number.
        credits_per_page: What ``usage.credits`` says that a page of a COMPLETED job cost. None: 0.
        credits_late: ``usage.credits`` is null the first time that a job's are asked for.
        faults: What is to go wrong. `schedule` tells what did.
        extractors: Plug-ins by the name that a configuration's ``extractor`` may give; None is the name of the one for
            configurations that give none.

    Raises:
        EngineError: the folder cannot be used.

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
        file_timeout: float = 600.0,
        results_while_running: bool = False,
        latency: float = 0.0,
        uploads_per_second: float | None = None,
        credits_per_page: float | None = None,
        credits_late: bool = False,
        faults: Faults | None = None,
        extractors: Mapping[str | None, Extractor] | None = None,
    ) -> None:
        self.data = Path(data).absolute()
        self.results_while_running = results_while_running
        self.latency = latency
        self.uploads_per_second = uploads_per_second
        self.billing = Billing(credits_per_page, late=credits_late)
        self.schedule = Schedule(faults or Faults())
        self.clock = clock or (clocks.real if seed is None else clocks.seeded)
        self.ids = Ids(seed)
        _make(self.data, "blobs", "images", "owners")
        self.store = Store(self.data)
        self.blobs = Blobs(self.data / "blobs")
        self.images = self.data / "images"
        self.extractors: dict[str | None, Extractor] = dict(extractors or {})
        with self.store.write() as db:
            self.project = projects.ensure(db, self.ids, stamp(self.clock()))
            self.links = links.ensure(db)
        self._dispatcher = Dispatcher(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            owner=Owner(self.data / "owners"),
            pool=Pool(workers, executor),
            ids=self.ids,
            clock=self.clock,
            schedule=self.schedule,
            seconds_per_file=seconds_per_file,
            file_timeout=file_timeout,
            extractors=self.extractors,
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

    def expire(self, batch_id: str, *, whole: bool = False) -> None:
        """Forget the jobs and results of a finished batch, as the service does in time; if `whole`, the batch as well.

        They are answered 404 then (contract.md section 8: "404 on an old job id = expired").

        Raises EngineError if the batch is not over, or not there.
        """
        with self.store.write() as db:
            batches.expire(db, batch_id, whole=whole)

    def start(self) -> None:
        """Begin to work, on what an earlier process left undone first. Starting twice is starting once."""
        with self._lock:
            if self._closed:
                raise EngineError("This engine is closed. Make a new one over the same data folder to go on.")
            if not self._started:
                self._started = True
                self._dispatcher.start()

    def close(self) -> None:
        """Stop: no thread, worker or open file stays. Unfinished batches go on at the next start over this folder."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._dispatcher.stop()
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
