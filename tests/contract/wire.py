"""One recording service under both clients, ours and the official SDK: what each of them puts on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from functools import reduce
from typing import Any, cast

import anyio
import httpx
from llama_cloud import LlamaCloud

from llamabatch_nb.client.clients import AsyncClient, Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.faces import SyncPages
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.settings import Settings

SERVICE = "http://service"
#: Where the SDK has what our clients have; elsewhere the names are the same.
SDK_NAMES = {
    "directories": "beta.directories",
    "directories.files": "beta.directories.files",
    "webhook_configurations": "webhook_configs",
    "webhook_configurations.get": "webhook_configs.retrieve",
    "configurations.get": "configurations.retrieve",
}
Call = Callable[..., Any]


@dataclass(frozen=True)
class Sent:
    """A request, as far as a service would tell two of them apart. Parts of a form are (name, file name, content)."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: object = None

    @classmethod
    def of(cls, request: httpx.Request) -> Sent:
        path = request.url.raw_path.decode().partition("?")[0]
        return cls(request.method, path, tuple(sorted(request.url.params.multi_items())), _body(request))


def _body(request: httpx.Request) -> object:
    kind = request.headers.get("content-type", "")
    if not request.content:
        return None
    if kind == "application/json":
        return json.loads(request.content)
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.content)
    parts = [_part(part) for part in whole.get_payload() if isinstance(part, Message)]
    # A service reads text parts in any order, but the file last.
    return [*sorted(parts[:-1], key=str), parts[-1]]


def _part(part: Message) -> tuple[object, object, object]:
    return part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True)


class Recorder:
    """Answers every request with `answer`; a list of answers one after the other."""

    def __init__(self, answer: object, status: int = 200) -> None:
        self.sent: list[Sent] = []
        self._answers = list(answer) if isinstance(answer, tuple) else [answer]
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(Sent.of(request))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return httpx.Response(self._status) if answer is None else httpx.Response(self._status, json=answer)


def by_sdk(name: str, arguments: Mapping[str, Any], answer: object) -> list[Sent]:
    """What the SDK sends for a call, by our name for it; all pages of a list."""
    service = Recorder(answer)
    transport = httpx.MockTransport(service)
    with LlamaCloud(
        api_key="k", base_url=SERVICE, max_retries=0, http_client=httpx.Client(transport=transport)
    ) as client:
        result = sdk_method(client, name)(**arguments)
        if hasattr(result, "iter_pages"):
            list(result)
    return service.sent


def sdk_method(client: object, name: str) -> Call:
    resource, _, method = name.rpartition(".")
    path = SDK_NAMES.get(name) or f"{SDK_NAMES.get(resource, resource)}.{method}"
    return cast("Call", reduce(getattr, path.split("."), client))


def by_us(face: str, name: str, arguments: Mapping[str, Any], answer: object) -> tuple[list[Sent], Any]:
    """What our client of this face sends for the same call, and what it returns; lists read to their end."""
    service = Recorder(answer)
    with our_core(service) as core:
        if face == "sync":
            result = our_method(Client(core=core), name)(**arguments)
            return service.sent, list(result) if isinstance(result, SyncPages) else result

        async def call() -> Any:
            result = our_method(AsyncClient(core=core), name)(**arguments)
            return [item async for item in result] if isinstance(result, Pages) else await result

        result = anyio.run(call)
        return service.sent, result


def our_method(client: object, name: str) -> Call:
    return cast("Call", reduce(getattr, name.split("."), client))


@contextmanager
def our_core(service: Callable[[httpx.Request], httpx.Response]) -> Iterator[Core]:
    core = Core(Settings.read(api_key="k", base_url=SERVICE), transport=httpx.MockTransport(service))
    try:
        yield core
    finally:
        core.close()
