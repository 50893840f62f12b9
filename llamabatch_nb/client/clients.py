"""`Client` and `AsyncClient`: two thin faces over one core (design.md, decision 1)."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Literal, Self

import anyio.to_thread
import httpx
from pydantic import SecretStr

from llamabatch_nb.client.core import Core
from llamabatch_nb.client.http import TIMEOUT
from llamabatch_nb.client.resources.batches import AsyncBatches, SyncBatches
from llamabatch_nb.client.resources.configurations import AsyncConfigurations, SyncConfigurations
from llamabatch_nb.client.resources.directories import AsyncDirectories, SyncDirectories
from llamabatch_nb.client.resources.extract import AsyncExtract, SyncExtract
from llamabatch_nb.client.resources.files import AsyncFiles, SyncFiles
from llamabatch_nb.client.resources.parsing import AsyncParsing, SyncParsing
from llamabatch_nb.client.resources.projects import AsyncProjects, AsyncV2Projects, SyncProjects, SyncV2Projects
from llamabatch_nb.client.resources.webhook_configurations import AsyncWebhookConfigurations, SyncWebhookConfigurations
from llamabatch_nb.client.settings import Settings


class Base:
    """What both clients share: how they are made and closed. The key is in no repr, and a client is not pickled."""

    def __init__(
        self,
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        session: str | SecretStr | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
        headers: dict[str, str] | None = None,
        timeout: httpx.Timeout | float | None = TIMEOUT,
        uploads_per_second: float | Literal["auto"] | None = "auto",
        transport: httpx.AsyncBaseTransport | None = None,
        core: Core | None = None,
    ) -> None:
        # Wrapped first of all: tracebacks with locals show this frame.
        api_key = SecretStr(api_key) if isinstance(api_key, str) else api_key
        session = SecretStr(session) if isinstance(session, str) else session
        self.core = core or Core(
            Settings.read(
                api_key=api_key,
                base_url=base_url,
                session=session,
                organization_id=organization_id,
                project_id=project_id,
                headers=headers,
            ),
            timeout=timeout,
            uploads_per_second=uploads_per_second,
            transport=transport,
        )
        self._bind(self.core)

    def _bind(self, core: Core) -> None:
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        return self.core.settings.base_url

    def __repr__(self) -> str:
        core = getattr(self, "core", None)  # there is none in the traceback of a failed construction
        return f"<{type(self).__name__}: {core.service.label if core else 'not made'}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError(
            "A client is not pickled, since it holds a key: make one where it is needed, from its environment."
        )


class Client(Base):
    """The API of LlamaCloud, blocking. Every argument is optional.

    `api_key` (else ``LLAMA_CLOUD_API_KEY``, ``LLAMA_PARSE_API_KEY``); `base_url`: an address or a region ``"na"``,
    ``"eu"`` (else ``LLAMA_CLOUD_BASE_URL``, else NA); `session`: the browser's login cookie in place of a key;
    `organization_id` and `project_id`: sent with every request. `uploads_per_second`: at most so many, averaged over
    five seconds; ``"auto"`` is LlamaCloud's own limit of 50, and none for a service on this machine. Proxies and
    certificates come from the environment, as httpx reads them. A context manager.

    Raises:
        NoKeyError: no key, no cookie and no address; `lb.connect()` runs the local engine then.

    """

    def _bind(self, core: Core) -> None:
        self.batches = SyncBatches(core.batches, core.loop)
        self.directories = SyncDirectories(core.directories, core.loop)
        self.files = SyncFiles(core.files, core.loop)
        self.parsing = SyncParsing(core.parsing, core.loop)
        self.extract = SyncExtract(core.extract, core.loop)
        self.configurations = SyncConfigurations(core.configurations, core.loop)
        self.projects = SyncProjects(core.projects, core.loop)
        self.v2_projects = SyncV2Projects(core.v2_projects, core.loop)
        self.webhook_configurations = SyncWebhookConfigurations(core.webhook_configurations, core.loop)

    def close(self) -> None:
        """Close it, and a local engine with it. Closing twice is fine."""
        self.core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(Base):
    """The API of LlamaCloud, awaitable from any event loop. Arguments as for `Client`; an async context manager."""

    def _bind(self, core: Core) -> None:
        self.batches = AsyncBatches(core.batches, core.loop)
        self.directories = AsyncDirectories(core.directories, core.loop)
        self.files = AsyncFiles(core.files, core.loop)
        self.parsing = AsyncParsing(core.parsing, core.loop)
        self.extract = AsyncExtract(core.extract, core.loop)
        self.configurations = AsyncConfigurations(core.configurations, core.loop)
        self.projects = AsyncProjects(core.projects, core.loop)
        self.v2_projects = AsyncV2Projects(core.v2_projects, core.loop)
        self.webhook_configurations = AsyncWebhookConfigurations(core.webhook_configurations, core.loop)

    async def aclose(self) -> None:
        """Close it, and a local engine with it. Closing twice is fine."""
        await anyio.to_thread.run_sync(self.core.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
