"""One core for both faces: the resources over one httpx client that lives on the loop thread."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from llamabatch_nb.client.http import Http
from llamabatch_nb.client.loop import Loop
from llamabatch_nb.client.resources.batches import Batches
from llamabatch_nb.client.resources.configurations import Configurations
from llamabatch_nb.client.resources.directories import Directories
from llamabatch_nb.client.resources.extract import Extract
from llamabatch_nb.client.resources.files import Files
from llamabatch_nb.client.resources.parsing import Parsing
from llamabatch_nb.client.resources.projects import Projects, V2Projects
from llamabatch_nb.client.resources.webhook_configurations import WebhookConfigurations
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.errors import LoopThreadError
from llamabatch_nb.snapshot import Service


class Core:
    """What everything that follows a run talks through. All its methods are coroutines of the loop thread.

    `service` is how people read where this goes. `on_close` is called once, after the last request: the local engine
    hangs there. `now` is the clock of Snapshots: the engine's own where its time is made up. `wall` counts seconds as
    clocks on walls do, which go on while the machine sleeps; `http.monotonic` counts those awake.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        service: Service | None = None,
        on_close: Callable[[], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wall: Callable[[], float] = time.time,
        **http: Any,
    ) -> None:
        self.settings = settings
        self.service = service or settings.service
        self.http = Http(settings, **http)
        self.batches = Batches(self.http)
        self.directories = Directories(self.http)
        self.files = Files(self.http)
        self.parsing = Parsing(self.http)
        self.extract = Extract(self.http)
        self.configurations = Configurations(self.http)
        self.projects = Projects(self.http)
        self.v2_projects = V2Projects(self.http)
        self.webhook_configurations = WebhookConfigurations(self.http)
        self.loop = Loop()
        self.now = now
        self.wall = wall
        #: What decides, besides the configuration, what becomes of a document here, by type of job: another word makes
        #: another run of the same files. The local engine's options do; LlamaCloud has none.
        self.variants: Mapping[str, str] = {}
        self.sending = 0  # parts of runs that are on their way to their batches now
        self._on_close = on_close
        self.closed = False
        self.before_close: list[Callable[[], Awaitable[None]]] = []

    def close(self) -> None:
        """Stop what is followed, close the connections, leave the loop thread. Closing twice is fine."""
        if self.closed:
            return
        if self.loop.here:
            raise LoopThreadError("A client is closed from another thread than the loop's, for which it waits.")
        self.closed = True
        try:
            self.loop.run(self._finish)
        finally:
            try:
                self.loop.close()
            finally:
                if self._on_close is not None:
                    self._on_close()

    async def _finish(self) -> None:
        try:
            for stop in reversed(list(self.before_close)):
                await stop()
        finally:
            await self.http.aclose()
