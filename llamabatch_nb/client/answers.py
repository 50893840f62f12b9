"""What came of an attempt: an answer as a model, or an error of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import ValidationError

from llamabatch_nb.client.retry import Attempt, asked_delay
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.contract.base import Request
from llamabatch_nb.contract.endpoints import Endpoint
from llamabatch_nb.errors import (
    BY_STATUS,
    RateLimitedError,
    RequestError,
    ServerError,
    ServiceError,
    UnexpectedAnswerError,
    UnreachableError,
)

_NEXT_STEP = {
    401: "check LLAMA_CLOUD_API_KEY, and that the key is of this region.",
    402: "add credits to the account, or lift the project's cap.",
    403: "check the project and organization ids, and your role there.",
    404: "check the id; things expire, and other projects' things are not found.",
    405: "check the base URL: what answers there does not know this request.",
    409: "look at what is there before you do it again.",
}
_LOOK = "it may have been done all the same: look before you do it again."
#: Failures after which the request cannot have reached the service.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
#: Ids that go with every request and name nothing that was asked for.
_EVERYWHERE = frozenset({"project_id", "organization_id"})
#: The longest reason we repeat, in characters; and how deep we look into an object for it.
_LONGEST, _DEEPEST = 500, 6


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request was, as its errors tell it."""

    method: str
    path: str
    creates: bool
    ids: Mapping[str, str | int]
    file_name: str | None
    settings: Settings

    @property
    def words(self) -> str:
        """The request in one phrase, with what its path does not name."""
        of = [f"file {self.file_name!r}"] if self.file_name else []
        of += [
            f"{value} {name}" if isinstance(value, int) else f"{name} {value[:80]}"
            for name, value in self.ids.items()
            if name not in _EVERYWHERE and (isinstance(value, int) or value not in self.path)
        ]
        return f"{self.method} {self.path}" + (f" ({', '.join(of)})" if of else "")

    def facts(self, status: int | None, detail: str) -> dict[str, Any]:
        return {
            "method": self.method,
            "path": self.path,
            "status_code": status,
            "detail": detail,
            "ids": self.ids,
            "file_name": self.file_name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attempt gave. `value` is the answer where it is `whole`.

    Else there is a `failure` (no answer), or a `response` that is no success, or one that is no answer of this API:
    then `fault` says why, and `cut_off` whether it is JSON that ends too early.
    """

    whole: bool = False
    value: Any = None
    response: httpx.Response | None = None
    failure: Exception | None = field(default=None, repr=False)  # its words are others'
    fault: str = ""
    cut_off: bool = False

    @property
    def why(self) -> str:
        if self.response is None:
            return str(self.failure) or type(self.failure).__name__
        return self.fault or str(self.response.status_code)

    def attempt(self, before: Attempt | None, *, idempotent: bool, reached: bool) -> Attempt:
        """In the terms in which it is decided whether there is another one."""
        return Attempt(
            number=0 if before is None else before.number + 1,
            idempotent=idempotent,
            status=None if self.response is None else self.response.status_code,
            headers=None if self.response is None else self.response.headers,
            sent=not isinstance(self.failure, NOT_SENT),
            reached_before=reached,
            cut_off=self.cut_off,
            cut_offs=0 if before is None else before.cut_offs + before.cut_off,
            done_before=before is not None and (before.done_before or before.may_be_done),
        )

    def error(self, asked: Asked, *, sent: bool) -> RequestError:
        if self.response is None:
            assert self.failure is not None
            return unreachable(self.failure, asked, sent=sent)
        if self.fault:
            return unexpected(self.response, asked, self.fault)
        return error_of(self.response, asked)


def read(endpoint: Endpoint[Any], response: httpx.Response) -> Outcome:
    if not response.is_success:
        return Outcome(response=response)
    if endpoint.answers is None:
        return Outcome(response=response, whole=True)
    try:
        return Outcome(response=response, whole=True, value=endpoint.answers.validate_json(response.content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return Outcome(
        response=response,
        fault=f"{where}: {first['msg']}" if where else first["msg"],
        cut_off=first["type"] == "json_invalid" and "json" in response.headers.get("content-type", ""),
    )


def ids_in(part: Request | None) -> dict[str, str | int]:
    """The ids among the fields of a query, a body or a form; of a list of them how many."""
    found: dict[str, str | int] = {}
    for name, value in part or ():
        if name.endswith("_id") and isinstance(value, str):
            found[name] = value
        elif name.endswith("_ids") and isinstance(value, (list, tuple)) and value:
            found[name] = len(value)
    return found


def error_of(response: httpx.Response, asked: Asked) -> ServiceError | UnexpectedAnswerError:
    status = response.status_code
    if status < 400:
        return redirected(response, asked)
    detail = asked.settings.without_secrets(plain(_body(response)))
    kind = BY_STATUS.get(status, ServerError if status >= 500 else ServiceError)
    wait = asked_delay(response.headers, now=lambda: datetime.now(UTC))
    step = _NEXT_STEP.get(status, "")
    if status == 404 and not asked.ids.keys() - _EVERYWHERE:  # no id was asked for, so none is wrong
        step = _NEXT_STEP[405]
    if kind is ServerError:
        step = _LOOK if asked.creates else "run this again later."
    elif kind is RateLimitedError:
        step = f"run this again in {wait:,.0f} s." if wait else "run this again later."
    message = f"{asked.words} was refused ({status}): {detail.rstrip('.')}{'; ' + step if step else '.'}"
    error = kind(message, **asked.facts(status, detail))
    if isinstance(error, RateLimitedError):
        error.retry_after = wait
    return error


def redirected(response: httpx.Response, asked: Asked) -> UnexpectedAnswerError:
    """Not followed, since it would carry the key to another host."""
    detail = f"a redirect ({response.status_code})"
    return UnexpectedAnswerError(
        f"{asked.words} was answered with {detail}, which this API never does: check the base URL "
        f"{asked.settings.base_url} (http or https?) and any sign-in page before it.",
        **asked.facts(response.status_code, detail),
    )


def unexpected(response: httpx.Response, asked: Asked, fault: str) -> UnexpectedAnswerError:
    settings = asked.settings
    kind = plain(response.headers.get("content-type", "no content type"))
    detail = settings.without_secrets(f"{plain(fault)} ({kind})")
    step = _LOOK if asked.creates else f"check the base URL {settings.base_url} and any proxy before it."
    return UnexpectedAnswerError(
        f"{asked.words} was answered {response.status_code} with something that is not of this API: {detail}; {step}",
        **asked.facts(response.status_code, detail),
    )


def unreachable(failure: Exception, asked: Asked, *, sent: bool) -> UnreachableError:
    if isinstance(failure, (httpx.TimeoutException, TimeoutError)):
        detail = "did not answer in time"
    elif isinstance(failure, httpx.ConnectError):
        detail = "does not answer (nothing listens there, or the network is down)"
    else:
        why = plain(str(failure) or type(failure).__name__)
        detail = asked.settings.without_secrets(f"cut the connection ({why})")
    step = _LOOK if asked.creates and sent else "check the address and the network, then run this again."
    return UnreachableError(f"{asked.settings.base_url} {detail} on {asked.words}; {step}", **asked.facts(None, detail))


def plain(detail: Any) -> str:
    """The reason in one line: `detail` is a string, a list of field errors, or an object (contract.md section 8)."""
    text = "".join(c if c.isprintable() else " " for c in _flat(detail, 0))
    text = " ".join(text.split())
    return (text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…") or "no reason given"


def _flat(detail: Any, depth: int) -> str:
    if depth > _DEEPEST:
        return "…"
    if isinstance(detail, dict):
        if "detail" in detail:
            return _flat(detail["detail"], depth + 1)
        if "msg" in detail:
            loc = detail.get("loc")
            where = ".".join(str(part) for part in loc) if isinstance(loc, (list, tuple)) else ""
            return f"{where}: {detail['msg']}" if where else str(detail["msg"])
        return ", ".join(f"{name}: {_flat(value, depth + 1)}" for name, value in detail.items())
    if isinstance(detail, list):
        return "; ".join(_flat(item, depth + 1) for item in detail[:20])
    return "" if detail is None else str(detail)


def _body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        # A page of HTML from a proxy says nothing that a person could use.
        return response.reason_phrase if "<" in response.text[:200] else response.text[:_LONGEST]
