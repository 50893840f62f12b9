"""What the resources share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from llamabatch_nb.client.answers import plain
from llamabatch_nb.client.http import Http, Upload, json_text
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.contract.base import JsonObject, Page, PageQuery, Query, Request
from llamabatch_nb.contract.endpoints import Endpoint
from llamabatch_nb.errors import InputError

T = TypeVar("T")
M = TypeVar("M", bound=Request)
#: A document to upload: a path, which is read when its turn comes, or the name to send it under, and its bytes.
FileInput = Path | tuple[str, bytes]
_object: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)


class Resource:
    def __init__(self, http: Http) -> None:
        self._http = http

    def _pages(self, endpoint: Endpoint[Page[T]], query: PageQuery, ids: Mapping[str, str] | None = None) -> Pages[T]:
        async def fetch(token: str | None) -> Page[T]:
            asked = query if token is None else query.model_copy(update={"page_token": token})
            return await self._http.request(endpoint, query=asked, ids=ids)

        return Pages(fetch)


def checked(model: type[M], **values: Any) -> M:
    """Validate what is about to be sent, so that a mistake is named before anything is. None is not given.

    Raises:
        InputError: a field is missing, unknown, of the wrong kind, or a list of nothing but empty strings, which would
            go out as no list at all and ask for everything.

    """
    given = {name: value for name, value in values.items() if value is not None}
    try:
        made = model(**given)
    except ValidationError as error:
        raise InputError(f"{model.__name__}: {plain(error.errors())}; nothing was sent.") from None
    for name, value in given.items():
        if getattr(made, name) == [] and value not in ([], ()):
            raise InputError(f"{model.__name__}: {name} names nothing; nothing was sent.")
    return made


def scope(organization_id: str | None, project_id: str | None = None) -> Query:
    """The two ids that every endpoint takes."""
    return checked(Query, organization_id=organization_id, project_id=project_id)


def named(**ids: str) -> dict[str, str]:
    """The ids of a path, none of them empty: ``GET /batches/`` would be the list, and ``..`` another endpoint.

    Raises:
        InputError: one of them is not an id.

    """
    for name, value in ids.items():
        if not isinstance(value, str):
            raise InputError(f"{name} has to be a string, not {type(value).__name__}; nothing was sent.")
        if value.strip() in {"", ".", ".."}:
            raise InputError(f"{name} is {value!r}, which is no id; nothing was sent.")
    return ids


def part(field: str, file: FileInput) -> Upload:
    """The file part of a form.

    Raises:
        InputError: neither a path nor a name with bytes.

    """
    match file:
        case Path():
            return Upload(field, file.name, file)
        case (str() as name, bytes() as content) if name.strip():
            return Upload(field, name, content)
        case (str(), bytes()):
            raise InputError(f"{field}: the name of the file is empty; nothing was sent.")
    raise InputError(
        f"{field} has to be a pathlib.Path or a tuple of a name and bytes, not {type(file).__name__}; nothing was sent."
    )


def json_part(field: str, value: Mapping[str, Any] | None) -> str | None:
    """A JSON object as the string that a form carries.

    Raises:
        InputError: not an object, or something in it is not JSON.

    """
    if value is None:
        return None
    try:
        return json_text(_object.validate_python(value))
    except ValidationError as error:
        raise InputError(f"{field}: {plain(error.errors())}; nothing was sent.") from None
