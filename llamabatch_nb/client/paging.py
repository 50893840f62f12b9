"""Lists that fetch their pages as they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

from llamabatch_nb.contract.base import Page

T = TypeVar("T")


class Pages(Generic[T]):
    """`async for item in pages`; `pages.pages()` by page; `await pages.first()`. Nothing is sent before it is read.

    The next request repeats the query with `page_token`, until the token is missing or empty (contract.md section 8).
    """

    def __init__(self, fetch: Callable[[str | None], Awaitable[Page[T]]]) -> None:
        self.fetch = fetch

    async def pages(self) -> AsyncIterator[Page[T]]:
        token: str | None = None
        while True:
            page = await self.fetch(token)
            yield page
            # A service that repeats its token would be read for ever.
            if not page.next_page_token or page.next_page_token == token:
                return
            token = page.next_page_token

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def first(self) -> T | None:
        async for item in self:
            return item
        return None
