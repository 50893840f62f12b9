"""What the resources share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from llamabatch_nb.client.answers import plain
from llamabatch_nb.client.http import Http
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.contract.base import Page, PageQuery, Request
from llamabatch_nb.contract.endpoints import Endpoint
from llamabatch_nb.errors import InputError

T = TypeVar("T")
M = TypeVar("M", bound=Request)


class Resource:
    def __init__(self, http: Http) -> None:
        self._http = http

    def _pages(self, endpoint: Endpoint[Page[T]], query: PageQuery, ids: Mapping[str, str] | None = None) -> Pages[T]:
        async def fetch(token: str | None) -> Page[T]:
            asked = query if token is None else query.model_copy(update={"page_token": token})
            return await self._http.request(endpoint, query=asked, ids=ids)

        return Pages(fetch)


def checked(model: type[M], **values: Any) -> M:
    """Validate what is about to be sent, so that a mistake is named before anything is.

    Raises:
        InputError: a field is missing, unknown or of the wrong kind.

    """
    try:
        return model(**values)
    except ValidationError as error:
        raise InputError(f"{model.__name__}: {plain(error.errors())}; nothing was sent.") from None
