"""What every model of the contract shares: read tolerantly, write strictly (design.md, decision 8)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    model_validator,
)
from pydantic_core import PydanticCustomError

T = TypeVar("T")
#: A page of a list holds at most this many (contract.md sections 3 and 4).
MAX_PAGE_SIZE = 1000


class Response(BaseModel):
    """Something the service said. Unknown fields are kept, and enums are open (``Words | str``): new words survive."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())

    def lean(self) -> Self:
        """The same object, for being kept by the ten thousand: what says which fields were given, and that no unknown
        ones were, it shares with its like from now on.

        Measured over 20,000 jobs in a run: a set of five names or more takes 728 bytes, more than the values do. What
        is frozen does not change them, and copies get their own.
        """
        given = self.__pydantic_fields_set__
        object.__setattr__(self, "__pydantic_fields_set__", _GIVEN.setdefault(frozenset(given), given))
        if not self.__pydantic_extra__:
            object.__setattr__(self, "__pydantic_extra__", _NOTHING)
        for value in self.__dict__.values():
            if isinstance(value, Response):
                value.lean()
        return self


#: What `lean` shares.
_GIVEN: dict[frozenset[str], set[str]] = {}
_NOTHING: dict[str, object] = {}


def _halved(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


class Request(BaseModel):
    """Something we say. An unknown field is a mistake of ours and is refused before anything is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _whole_characters(cls, value: object) -> object:
        """JSON can escape half of a character, SQLite keeps it, and then no answer that has it can be sent."""
        rest = [value]
        while rest:
            one = rest.pop()
            if isinstance(one, dict):
                rest += (*one.keys(), *one.values())
            elif isinstance(one, (list, tuple)):
                rest += one
            elif isinstance(one, str) and _halved(one):
                raise PydanticCustomError("half_a_character", "half of a character is no text")
        return value


class Changes(Request):
    """The body of an update: what is left out stays as it is, so that at least one field has to be there."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "nothing to change was given")
        return self


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


def _json(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        raise PydanticCustomError("not_json", "JSON has no NaN, no infinity and no half of a character") from None
    return value


#: A parameter that is repeated, or a comma list.
Many = BeforeValidator(_one_or_many)
Repeated = Annotated[list[str], Many]
#: An id, a name, an address: an empty one would mean all of them, or none.
Filled = Annotated[str, Field(min_length=1)]
JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_json)]
#: What a user may attach to a directory file (contract.md section 2).
UserMetadata = dict[str, str | int | FiniteFloat | bool | list[str] | None]


class Query(Request):
    """Query parameters. None is left out; lists are repeated keys; booleans are true/false; times are ISO 8601."""

    organization_id: Filled | None = None
    project_id: Filled | None = None

    def pairs(self) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        for name, value in self:
            values = value if isinstance(value, list) else [value]
            pairs += [(name, _text(item)) for item in values if item is not None]
        return pairs


class PageQuery(Query):
    page_size: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] | None = None
    page_token: str | None = None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
