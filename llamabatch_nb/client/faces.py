"""What makes a blocking and an awaitable face out of one resource: no method body is written twice (decision 1).

`blocking` and `awaitable` turn a coroutine method of a resource into a method of a face, with its signature and
docstring; `blocking_list` and `awaitable_list` do it for lists. Both faces only hand work to the loop thread, so both
work in a notebook cell, in a script, in any thread, and under any event loop.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from llamabatch_nb.client.loop import Loop
from llamabatch_nb.client.paging import Pages
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


def awaitable_list(method: Callable[Concatenate[S, P], Pages[T]]) -> Callable[Concatenate[Face[S], P], Pages[T]]:
    @functools.wraps(method)
    def call(self: Face[S], /, *args: P.args, **kwargs: P.kwargs) -> Pages[T]:
        pages = method(self._resource, *args, **kwargs)
        return Pages(lambda token: self._loop.relay(lambda: pages.fetch(token)))

    return call
