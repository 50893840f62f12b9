"""`Client` and `AsyncClient`: two thin faces over one core, no method body written twice (design.md, decision 1).

`blocking` and `awaitable` turn a coroutine method of a resource into a method of a face, with its signature and
docstring; `blocking_list` and `awaitable_list` do it for lists. Both faces only hand work to the loop thread, so both
work in a notebook cell, in a script, in any thread, and under any event loop.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

import anyio.to_thread
import httpx
from pydantic import SecretStr

from llamabatch_nb.client import resources
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.http import TIMEOUT
from llamabatch_nb.client.loop import Loop
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.contract.base import Page

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Face(Generic[S]):
    def __init__(self, resource: S, loop: Loop) -> None:
        self._resource = resource
        self._loop = loop


class SyncPages(Generic[T]):
    """A list that fetches its pages as it is iterated: ``for item in …``, ``.pages()``, ``.first()``."""

    def __init__(self, pages: Pages[T], loop: Loop) -> None:
        self._pages = pages
        self._loop = loop

    def pages(self) -> Iterator[Page[T]]:
        pages = self._pages.pages()
        while True:
            page = self._loop.run(functools.partial(_next, pages))
            if page is None:
                return
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def first(self) -> T | None:
        return next(iter(self), None)


class AsyncPages(Generic[T]):
    """A list that fetches its pages as it is iterated: ``async for item in …``, ``.pages()``, ``await .first()``."""

    def __init__(self, pages: Pages[T], loop: Loop) -> None:
        self._pages = pages
        self._loop = loop

    async def pages(self) -> AsyncIterator[Page[T]]:
        pages = self._pages.pages()
        while (page := await self._loop.relay(functools.partial(_next, pages))) is not None:
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def first(self) -> T | None:
        async for item in self:
            return item
        return None


async def _next(pages: AsyncIterator[Page[T]]) -> Page[T] | None:
    return await anext(pages, None)


def blocking(method: Callable[Concatenate[S, P], Coroutine[Any, Any, R]]) -> Callable[Concatenate[Face[S], P], R]:
    @functools.wraps(method)
    def call(self: Face[S], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._loop.run(lambda: method(self._resource, *args, **kwargs))

    return call


def awaitable(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Face[S], P], Coroutine[Any, Any, R]]:
    @functools.wraps(method)
    async def call(self: Face[S], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._loop.relay(lambda: method(self._resource, *args, **kwargs))

    return call


def blocking_list(method: Callable[Concatenate[S, P], Pages[T]]) -> Callable[Concatenate[Face[S], P], SyncPages[T]]:
    @functools.wraps(method)
    def call(self: Face[S], /, *args: P.args, **kwargs: P.kwargs) -> SyncPages[T]:
        return SyncPages(method(self._resource, *args, **kwargs), self._loop)

    return call


def awaitable_list(method: Callable[Concatenate[S, P], Pages[T]]) -> Callable[Concatenate[Face[S], P], AsyncPages[T]]:
    @functools.wraps(method)
    def call(self: Face[S], /, *args: P.args, **kwargs: P.kwargs) -> AsyncPages[T]:
        return AsyncPages(method(self._resource, *args, **kwargs), self._loop)

    return call


class SyncBatches(Face[resources.Batches]):
    __doc__ = resources.Batches.__doc__
    create = blocking(resources.Batches.create)
    get = blocking(resources.Batches.get)
    list = blocking_list(resources.Batches.list)
    cancel = blocking(resources.Batches.cancel)


class AsyncBatches(Face[resources.Batches]):
    __doc__ = resources.Batches.__doc__
    create = awaitable(resources.Batches.create)
    get = awaitable(resources.Batches.get)
    list = awaitable_list(resources.Batches.list)
    cancel = awaitable(resources.Batches.cancel)


class SyncDirectoryFiles(Face[resources.DirectoryFiles]):
    __doc__ = resources.DirectoryFiles.__doc__
    upload = blocking(resources.DirectoryFiles.upload)
    list = blocking_list(resources.DirectoryFiles.list)


class AsyncDirectoryFiles(Face[resources.DirectoryFiles]):
    __doc__ = resources.DirectoryFiles.__doc__
    upload = awaitable(resources.DirectoryFiles.upload)
    list = awaitable_list(resources.DirectoryFiles.list)


class SyncDirectories(Face[resources.Directories]):
    __doc__ = resources.Directories.__doc__

    def __init__(self, resource: resources.Directories, loop: Loop) -> None:
        super().__init__(resource, loop)
        self.files = SyncDirectoryFiles(resource.files, loop)

    create = blocking(resources.Directories.create)
    get = blocking(resources.Directories.get)
    list = blocking_list(resources.Directories.list)


class AsyncDirectories(Face[resources.Directories]):
    __doc__ = resources.Directories.__doc__

    def __init__(self, resource: resources.Directories, loop: Loop) -> None:
        super().__init__(resource, loop)
        self.files = AsyncDirectoryFiles(resource.files, loop)

    create = awaitable(resources.Directories.create)
    get = awaitable(resources.Directories.get)
    list = awaitable_list(resources.Directories.list)


class SyncParsing(Face[resources.Parsing]):
    __doc__ = resources.Parsing.__doc__
    get = blocking(resources.Parsing.get)
    list = blocking_list(resources.Parsing.list)


class AsyncParsing(Face[resources.Parsing]):
    __doc__ = resources.Parsing.__doc__
    get = awaitable(resources.Parsing.get)
    list = awaitable_list(resources.Parsing.list)


class SyncConfigurations(Face[resources.Configurations]):
    __doc__ = resources.Configurations.__doc__
    get = blocking(resources.Configurations.get)
    list = blocking_list(resources.Configurations.list)


class AsyncConfigurations(Face[resources.Configurations]):
    __doc__ = resources.Configurations.__doc__
    get = awaitable(resources.Configurations.get)
    list = awaitable_list(resources.Configurations.list)


class SyncProjects(Face[resources.Projects]):
    __doc__ = resources.Projects.__doc__
    list = blocking(resources.Projects.list)


class AsyncProjects(Face[resources.Projects]):
    __doc__ = resources.Projects.__doc__
    list = awaitable(resources.Projects.list)


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
        transport: httpx.AsyncBaseTransport | None = None,
        core: Core | None = None,
    ) -> None:
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
            transport=transport,
        )
        self._bind(self.core)

    def _bind(self, core: Core) -> None:
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        return self.core.settings.base_url

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.core.service.label}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError(
            "A client is not pickled, since it holds a key: make one where it is needed, from its environment."
        )


class Client(Base):
    """The API of LlamaCloud, blocking. Every argument is optional.

    `api_key` (else ``LLAMA_CLOUD_API_KEY``, ``LLAMA_PARSE_API_KEY``); `base_url`: an address or a region ``"na"``,
    ``"eu"`` (else ``LLAMA_CLOUD_BASE_URL``, else NA); `session`: the browser's login cookie in place of a key;
    `organization_id` and `project_id`: sent with every request. Proxies and certificates come from the environment, as
    httpx reads them. A context manager.

    Raises:
        NoKeyError: no key, no cookie and no address; `lb.connect()` runs the local engine then.

    """

    def _bind(self, core: Core) -> None:
        self.batches = SyncBatches(core.batches, core.loop)
        self.directories = SyncDirectories(core.directories, core.loop)
        self.parsing = SyncParsing(core.parsing, core.loop)
        self.configurations = SyncConfigurations(core.configurations, core.loop)
        self.projects = SyncProjects(core.projects, core.loop)

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
        self.parsing = AsyncParsing(core.parsing, core.loop)
        self.configurations = AsyncConfigurations(core.configurations, core.loop)
        self.projects = AsyncProjects(core.projects, core.loop)

    async def aclose(self) -> None:
        """Close it, and a local engine with it. Closing twice is fine."""
        await anyio.to_thread.run_sync(self.core.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
