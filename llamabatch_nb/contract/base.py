"""What every model of the contract shares: read tolerantly, write strictly (design.md, decision 8)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

T = TypeVar("T")


class Response(BaseModel):
    """Something the service said. Unknown fields are kept, statuses are plain strings so that new words survive."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class Request(BaseModel):
    """Something we say. An unknown field is a mistake of ours and is refused before anything is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Page(Response, Generic[T]):
    """One page of a list (contract.md section 8). The next request repeats the query with `page_token`."""

    items: list[T]
    next_page_token: str | None = None
    total_size: int | None = None


def _one_or_many(value: object) -> object:
    """`expand=a&expand=b` and `expand=a,b` are both in use (contract.md section 5)."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, (list, tuple)):
        return [part for item in value for part in (item.split(",") if isinstance(item, str) else [item]) if part]
    return value


Repeated = Annotated[list[str], BeforeValidator(_one_or_many)]


class Query(Request):
    """Query parameters. None is left out; lists are repeated keys; booleans are true/false; times are ISO 8601."""

    organization_id: str | None = None
    project_id: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        for name, value in self:
            values = value if isinstance(value, list) else [value]
            pairs += [(name, _text(item)) for item in values if item is not None]
        return pairs


class PageQuery(Query):
    page_size: int | None = None
    page_token: str | None = None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
