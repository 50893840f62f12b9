"""One request: built from an endpoint, sent, sent again where that is right, read, or turned into an error."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import quote

import anyio
import httpx
from pydantic import ValidationError

from llamabatch_nb._version import __version__
from llamabatch_nb.client.answers import error_of, unreachable
from llamabatch_nb.client.loop import CLOSED
from llamabatch_nb.client.retry import Attempt, delay_before_retry
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.contract.base import Query, Request
from llamabatch_nb.contract.endpoints import Endpoint
from llamabatch_nb.errors import InputError, UnexpectedAnswerError

R = TypeVar("R")
log = logging.getLogger("llamabatch_nb.client")

#: As the official SDK's: 60 s to read and write, 5 s to connect (contract.md section 8).
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
#: Failures after which the request cannot have reached the service.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Upload:
    """The file part of a multipart request. A path is opened anew for every attempt and streamed, never read whole."""

    field: str
    name: str
    content: Path | bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """A request is waiting before it is sent again; panels show it."""

    seconds: float
    status: int | None


class Http:
    """An httpx client that lives on the loop thread, made there at the first request.

    `deadline` bounds a whole attempt in seconds, for transports that ignore httpx timeouts (`ASGITransport` does).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout | float | None = TIMEOUT,
        deadline: float | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.requests = 0  # sent so far, retries included: what tests and benchmarks count
        self.listeners: list[Callable[[Wait | None], None]] = []
        self._transport = transport
        self._timeout = timeout
        self._deadline = deadline
        self.sleep = sleep
        self._jitter = jitter
        self._client: httpx.AsyncClient | None = None
        self._reached = False
        self._closed = False

    async def request(
        self,
        endpoint: Endpoint[R],
        *,
        query: Query | None = None,
        body: Request | None = None,
        form: Request | None = None,
        upload: Upload | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> R:
        """Send and read one request.

        Raises:
            ServiceError: the service said no; its subclass by status code.
            UnreachableError: no answer.
            UnexpectedAnswerError: an answer that this API does not give.

        """
        path = endpoint.path.format(**{name: quote(value, safe="") for name, value in (ids or {}).items()})
        number = 0
        while True:
            response, failure = await self._attempt(endpoint.method, path, query, body=body, form=form, upload=upload)
            if response is not None and response.is_success:
                return self._read(endpoint, path, response)
            attempt = Attempt(
                number,
                not endpoint.creates,
                status=None if response is None else response.status_code,
                headers=None if response is None else response.headers,
                sent=not isinstance(failure, _NOT_SENT),
                reached_before=self._reached,
            )
            delay = delay_before_retry(attempt, random=self._jitter)
            if delay is None:
                if response is not None:
                    raise error_of(response, endpoint.method, path)
                assert failure is not None
                # Seventy lines of two libraries' insides tell a person nothing; the log has the cause.
                raise unreachable(failure, self.settings.base_url, endpoint.method, path) from None
            number += 1
            log.info("%s %s: %s; again in %.1f s", endpoint.method, path, failure or attempt.status, delay)
            self._tell(Wait(delay, attempt.status))
            await self.sleep(delay)
            self._tell(None)

    async def aclose(self) -> None:
        self._closed = True
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _attempt(
        self,
        method: str,
        path: str,
        query: Query | None,
        *,
        body: Request | None,
        form: Request | None,
        upload: Upload | None,
    ) -> tuple[httpx.Response | None, Exception | None]:
        content: IO[bytes] | None = None
        headers = {}
        try:
            files = None
            if upload is not None:
                raw = upload.content if isinstance(upload.content, bytes) else upload.content.open("rb")
                content = None if isinstance(raw, bytes) else raw
                files = {upload.field: (upload.name, raw, "application/octet-stream")}
            elif body is not None:
                headers = {"Content-Type": "application/json"}
            with anyio.fail_after(self._deadline):
                response = await self._http().request(
                    method,
                    path,
                    params=self._query(query),
                    content=None if body is None else body.model_dump_json(exclude_none=True).encode(),
                    data=None if form is None else form.model_dump(exclude_none=True),
                    files=files,
                    headers=headers,
                )
        except (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError, TimeoutError) as failure:
            return None, failure
        else:
            self._reached = True
            return response, None
        finally:
            self.requests += 1
            if content is not None:
                content.close()

    def _http(self) -> httpx.AsyncClient:
        if self._closed:
            raise InputError(CLOSED)
        if self._client is None:
            self._client = httpx.AsyncClient(
                base_url=self.settings.base_url,
                headers={
                    "User-Agent": f"llamabatch-nb/{__version__}",
                    "Accept": "application/json",
                    **self.settings.wire_headers(),
                },
                transport=self._transport,
                timeout=self._timeout,
                limits=LIMITS,
                follow_redirects=False,  # a redirect would carry the key to another host
            )
        return self._client

    def _query(self, query: Query | None) -> list[tuple[str, str | int | float | bool | None]]:
        pairs = list((query or Query()).pairs())
        given = {name for name, _ in pairs}
        for name in ("organization_id", "project_id"):
            value: str | None = getattr(self.settings, name)
            if value is not None and name not in given:
                pairs.append((name, value))
        return list(pairs)

    def _read(self, endpoint: Endpoint[R], path: str, response: httpx.Response) -> R:
        try:
            return endpoint.answers.validate_json(response.content)
        except ValidationError as error:
            raise UnexpectedAnswerError(
                f"{endpoint.method} {path} was answered {response.status_code} with something that is not of this API "
                f"({response.headers.get('content-type', 'no content type')}): check the base URL "
                f"{self.settings.base_url} and any proxy before it. First fault: {error.errors()[0]['msg']}."
            ) from None

    def _tell(self, wait: Wait | None) -> None:
        for listener in list(self.listeners):
            listener(wait)


def json_text(value: Mapping[str, object]) -> str:
    """A JSON object in a string, which is how upload metadata travels (contract.md section 2)."""
    return json.dumps(value, ensure_ascii=False)
