"""Answers that are no success, as errors of ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from llamabatch_nb.client.retry import asked_delay
from llamabatch_nb.errors import BY_STATUS, RateLimitedError, ServerError, ServiceError, UnreachableError

_NEXT_STEP = {
    401: "check LLAMA_CLOUD_API_KEY, and that the key is of this region.",
    402: "add credits to the account, or lift the project's cap.",
    403: "check the project and organization ids, and your role there.",
    404: "check the id; things expire, and other projects' things are not found.",
}


def error_of(response: httpx.Response, method: str, path: str) -> ServiceError:
    status = response.status_code
    detail = plain(_body(response))
    step = _NEXT_STEP.get(status, "")
    message = f"{method} {path} was refused ({status}): {detail.rstrip('.')}{'; ' + step if step else '.'}"
    kind = BY_STATUS.get(status, ServerError if status >= 500 else ServiceError)
    error = kind(message, status_code=status, detail=detail, method=method, path=path)
    if isinstance(error, RateLimitedError):
        error.retry_after = asked_delay(response.headers, now=lambda: datetime.now(UTC))
    return error


def unreachable(failure: Exception, base_url: str, method: str, path: str) -> UnreachableError:
    if isinstance(failure, (httpx.TimeoutException, TimeoutError)):
        why = "did not answer in time"
    elif isinstance(failure, httpx.ConnectError):
        why = "does not answer (nothing listens there, or the network is down)"
    else:
        why = f"cut the connection ({str(failure) or type(failure).__name__})"
    step = (
        "it may have been done all the same: look before you do it again."
        if method == "POST" and not isinstance(failure, (httpx.ConnectError, httpx.ConnectTimeout))
        else "check the address and the network, then run this again."
    )
    return UnreachableError(f"{base_url} {why} on {method} {path}; {step}", method=method, path=path)


def plain(detail: Any) -> str:
    """The reason in one line: `detail` is a string, a list of field errors, or an object (contract.md section 8)."""
    if isinstance(detail, dict) and "detail" in detail:
        return plain(detail["detail"])
    if isinstance(detail, list):
        return "; ".join(plain(item) for item in detail) or "no reason given"
    if isinstance(detail, dict) and "msg" in detail:
        where = ".".join(str(part) for part in detail.get("loc", ()))
        return f"{where}: {detail['msg']}" if where else str(detail["msg"])
    if isinstance(detail, dict):
        return ", ".join(f"{name}: {value}" for name, value in detail.items()) or "no reason given"
    text = " ".join(str(detail or "").split())
    return text[:500] or "no reason given"


def _body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        # A page of HTML from a proxy says nothing that a person could use.
        return response.reason_phrase if "<" in response.text[:200] else response.text
