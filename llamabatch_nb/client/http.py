"""One request: built from an endpoint, sent, sent again where that is right, read, or turned into an error."""

from __future__ import annotations

import functools
import json
import logging
import math
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast
from urllib.parse import quote

import anyio
import httpx

from llamabatch_nb._version import __version__
from llamabatch_nb.client.answers import Asked, Outcome, ids_in, plain, read
from llamabatch_nb.client.lanes import LIMITS, Lanes
from llamabatch_nb.client.limits import Limiter, Rate
from llamabatch_nb.client.loop import CLOSED
from llamabatch_nb.client.outgoing import Outgoing, Upload
from llamabatch_nb.client.retry import THROTTLED, delay_before_retry, holds_others, was_done_before
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.contract.base import Query, Request
from llamabatch_nb.contract.endpoints import Endpoint
from llamabatch_nb.errors import FileReadError, InputError

__all__ = ["TIMEOUT", "UPLOADS_PER_SECOND", "Http", "Upload", "Wait", "json_text"]

R = TypeVar("R")
log = logging.getLogger("llamabatch_nb.client")

#: As the official SDK's: 60 s to read and write, 5 s to connect (contract.md section 8).
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
#: LlamaCloud takes 50 uploads a second from a project, averaged over five seconds (contract.md section 8).
UPLOADS_PER_SECOND = 50.0
#: Every way in which an answer fails to come; TimeoutError is an OSError. The last three slip through httpx when a
#: connection dies at a bad moment.
_FAILURES = (
    httpx.TransportError,
    httpx.DecodingError,
    OSError,
    RuntimeError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
)


@dataclass(frozen=True, slots=True)
class Wait:
    """A request is waiting before it is sent again, or because another one was told to wait; panels show it.

    `seconds` in all, `until` by the monotonic clock (`Http.monotonic`). `status` is the answer that made it wait; None
    when there was none.
    """

    seconds: float
    status: int | None
    until: float


class Http:
    """An httpx client that lives on the loop thread, made there at the first request.

    `deadline` bounds a whole attempt in seconds, for transports that ignore httpx timeouts (`ASGITransport` does).
    `uploads_per_second`, averaged over five seconds: "auto" is LlamaCloud's own limit, and none for a service on this
    machine or in this process; None is none. `requests` counts those sent so far, retries included. `listeners` are
    told on the loop thread, each time `wait` changes.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout | float | None = TIMEOUT,
        deadline: float | None = None,
        uploads_per_second: float | Literal["auto"] | None = "auto",
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if uploads_per_second == "auto":
            uploads_per_second = None if settings.local or transport is not None else UPLOADS_PER_SECOND
        self.settings = settings
        self.requests = 0
        self.listeners: list[Callable[[Wait | None], None]] = []
        self.sleep = sleep
        self.monotonic = monotonic
        # Two, so that the looks of a watcher do not queue behind a thousand uploads.
        self.uploads, self.others = Limiter(), Limiter()
        self._rate = None if uploads_per_second is None else Rate(uploads_per_second)
        self._transport = transport
        self._timeout = timeout
        self._deadline = deadline
        self._jitter = jitter
        self._lanes: Lanes | None = None
        self._reached = False
        self._closed = False
        self._waits: dict[object, Wait] = {}
        self._told: Wait | None = None

    @property
    def wait(self) -> Wait | None:
        """Of the requests that are waiting now, the wait that ends last; None when none waits."""
        return max(tuple(self._waits.values()), key=lambda wait: wait.until, default=None)

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
        """Send and read one request. Of an endpoint that answers nothing (`answers` is None) no body is read.

        Raises:
            ServiceError: the service said no; its subclass by status code.
            UnreachableError: no answer.
            UnexpectedAnswerError: an answer that this API does not give.
            FileReadError: the file to upload is gone, cannot be read, or changed while it was sent.

        """
        path = endpoint.path.format(**{name: quote(value, safe="") for name, value in (ids or {}).items()})
        asked = Asked(
            endpoint.method,
            path,
            creates=endpoint.creates,
            ids=self._everywhere | ids_in(query) | ids_in(body) | ids_in(form) | dict(ids or {}),
            file_name=None if upload is None else getattr(form, "display_name", None) or upload.name,
            settings=self.settings,
        )
        outgoing = Outgoing(functools.partial(self._build, asked, query, body, form), upload, asked.file_name or "")
        limiter = self.others if upload is None else self.uploads
        attempt, until = None, -math.inf
        while True:
            async with limiter.slot() as taken:
                await self._turn(limiter, until, paced=upload is not None)
                async with outgoing.ready() as request:
                    got = await self._attempt(endpoint, request)
                if got.response is not None and got.response.status_code not in THROTTLED:
                    limiter.answered(taken)
            if got.whole:
                return cast("R", got.value)
            attempt = got.attempt(attempt, idempotent=not endpoint.creates, reached=self._reached)
            if endpoint.answers is None and was_done_before(endpoint.method, attempt):
                return cast("R", None)
            delay = delay_before_retry(attempt, random=self._jitter)
            until = self.monotonic() + (delay or 0.0)
            if attempt.status in THROTTLED:
                limiter.refused(taken, attempt.status, until if delay is not None and holds_others(attempt) else None)
            if delay is None:
                raise got.error(asked, sent=attempt.sent)
            log.info("%s: %s; again in %.1f s", asked.words, self.settings.without_secrets(got.why), delay)
            with self._waiting(Wait(delay, attempt.status, until)):
                await self.sleep(delay)

    @property
    def closed(self) -> bool:
        return self._closed

    async def sit_out(self, seconds: float, status: int | None) -> None:
        """Wait before something is asked for again, where all can see it. `status`: of the answer that was no good."""
        with self._waiting(Wait(seconds, status, self.monotonic() + seconds)):
            await self.sleep(seconds)

    async def aclose(self) -> None:
        self._closed = True
        if self._lanes is not None:
            lanes, self._lanes = self._lanes, None
            await lanes.aclose()

    async def _turn(self, limiter: Limiter, waited: float, *, paced: bool) -> None:
        """Wait for what all requests of this kind wait for, except for what this one has sat out (till `waited`)."""
        if paced and self._rate is not None:
            seconds = self._rate.delay(self.monotonic())
            if seconds > 0:
                await self.sleep(seconds)
        while limiter.not_before > waited:
            waited = limiter.not_before
            seconds = waited - self.monotonic()
            if seconds > 0:
                with self._waiting(Wait(seconds, limiter.status, waited)):
                    await self.sleep(seconds)

    async def _attempt(self, endpoint: Endpoint[R], request: httpx.Request) -> Outcome:
        lanes = self._open()
        self.requests += 1
        try:
            # A cancel scope is a twentieth of what a request costs here; httpx bounds the others itself.
            with nullcontext() if self._deadline is None else anyio.fail_after(self._deadline):
                async with lanes.one() as client:
                    response = await client.send(request, stream=True)
                    self._reached = True
                    try:
                        await response.aread()
                    finally:
                        await response.aclose()
        except _FAILURES as error:
            # Without its traceback, which would keep the frames of two libraries alive, and in them the headers.
            failure = error.with_traceback(None)
        else:
            return read(endpoint, response)
        if self._closed:
            raise InputError(CLOSED)
        if isinstance(failure, FileReadError):
            raise failure
        return Outcome(failure=failure)

    def _build(
        self, asked: Asked, query: Query | None, body: Request | None, form: Request | None, **files: Any
    ) -> httpx.Request:
        template = self._open().template
        try:
            return template.build_request(
                asked.method,
                # Whole: httpx would read a path, the whole URL, and it with its query, one after the other.
                httpx.URL(self.settings.base_url + asked.path, params=self._pairs(query) or None),
                content=None if body is None else body.model_dump_json(exclude_none=True).encode(),
                data=None if form is None else form.model_dump(exclude_none=True),
                headers=None if body is None else {"Content-Type": "application/json"},
                **files,
            )
        except httpx.InvalidURL as error:
            fault = str(error)
        raise InputError(f"{asked.words} cannot be sent ({fault}): give fewer or shorter values; nothing was sent.")

    def _open(self) -> Lanes:
        if self._closed:
            raise InputError(CLOSED)
        if self._lanes is not None:
            return self._lanes
        try:
            # Certificates are read once, for all lanes.
            verify = True if self._transport is not None else httpx.create_ssl_context()
            self._lanes = Lanes(functools.partial(self._lane, verify), shared=self._transport is not None)
        except Exception as error:
            fault = self.settings.without_secrets(plain(str(error) or type(error).__name__))
        else:
            return self._lanes
        # Raised out here, since the frames of that failure hold the headers.
        raise InputError(
            f"No connection can be set up to {self.settings.base_url} ({fault}): check HTTPS_PROXY, HTTP_PROXY, "
            "ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR, which httpx reads."
        )

    def _lane(self, verify: ssl.SSLContext | bool) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.settings.base_url,
            headers={
                "User-Agent": f"llamabatch-nb/{__version__}",
                "Accept": "application/json",
                **self.settings.wire_headers(),
            },
            verify=verify,
            transport=self._transport,
            timeout=self._timeout,
            limits=LIMITS,
            follow_redirects=False,  # a redirect would carry the key to another host
        )

    @property
    def _everywhere(self) -> dict[str, str | int]:
        """What goes with every request that does not name another."""
        settings = self.settings
        ids = {"organization_id": settings.organization_id, "project_id": settings.project_id}
        return {name: value for name, value in ids.items() if value is not None}

    def _pairs(self, query: Query | None) -> list[tuple[str, str | int | float | bool | None]]:
        pairs = [] if query is None else query.pairs()
        given = {name for name, _ in pairs}
        return [*pairs, *((name, value) for name, value in self._everywhere.items() if name not in given)]

    @contextmanager
    def _waiting(self, wait: Wait) -> Iterator[None]:
        key = object()
        self._waits[key] = wait
        self._tell()
        try:
            yield
        finally:
            del self._waits[key]
            self._tell()

    def _tell(self) -> None:
        wait = self.wait
        if wait != self._told:
            self._told = wait
            for listener in list(self.listeners):
                listener(wait)


def json_text(value: Mapping[str, object]) -> str:
    """A JSON object in a string, which is how upload metadata travels (contract.md section 2)."""
    return json.dumps(value, ensure_ascii=False)
