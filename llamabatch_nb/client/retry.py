"""The one place that decides whether a request is sent again, and when (design.md, decision 5).

Directed by the service where it says anything, capped, with jitter; `random` and the clock are parameters, so that
all of it is tested without sleeping. The numbers are the official SDK's (contract.md section 8); its blind retry of
POSTs is not: users have been billed twice by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRIES = 5
#: Back-off without directions: 0.5 s, 1, 2, 4, 8, less up to a quarter of jitter.
FIRST_DELAY, LONGEST_DELAY, JITTER = 0.5, 8.0, 0.25
#: A refusal for the rate alone is waited out for longer, about a minute and a half: the free tier counts by the minute
#: (contract.md section 8), and nothing was done that could be done twice.
MAX_REFUSALS, LONGEST_REFUSED = 8, 30.0
#: A wait that the service asks for is sat out up to this long; beyond it the call raises with the time. Seconds.
LONGEST_ASKED = 60.0

#: Refused for the rate, before anything was done (429), or because the service has too much to do (503).
THROTTLED = frozenset({429, 503})
_MAY_PASS = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that did not succeed. `status` is None when there was no answer.

    `idempotent`: a second one does no more than the first: reads, PUT, DELETE, a cancel; not what creates. `sent` says
    whether the request may have reached the service; `reached_before` whether this client has ever had an answer from
    it: a wrong address must fail at once, a restart be survived. `cut_off`: a success by its status, with JSON that
    ends too early; `cut_offs` counts those of this request before it. `done_before`: an earlier attempt may have done
    what was asked.
    """

    number: int  # 0 for the first
    idempotent: bool
    status: int | None = None
    headers: Mapping[str, str] | None = None
    sent: bool = True
    reached_before: bool = True
    cut_off: bool = False
    cut_offs: int = 0
    done_before: bool = False

    @property
    def may_be_done(self) -> bool:
        """Whether this attempt may have done what was asked, though no answer says so."""
        return self.sent if self.status is None else self.status == 408 or self.status >= 500 or self.cut_off


def delay_before_retry(
    attempt: Attempt, *, random: Callable[[], float], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> float | None:
    """Seconds to wait before sending again; None means: do not."""
    retries, longest = (MAX_REFUSALS, LONGEST_REFUSED) if attempt.status == 429 else (MAX_RETRIES, LONGEST_DELAY)
    if attempt.number >= retries or not _worth_it(attempt):
        return None
    asked = asked_delay(attempt.headers or {}, now=now)
    if asked is not None:
        return asked if asked <= LONGEST_ASKED else None
    delay = min(FIRST_DELAY * 2.0**attempt.number, longest)
    return delay * (1 - JITTER * random())


def was_done_before(method: str, attempt: Attempt) -> bool:
    """Whether a refusal means success: what is to be deleted is gone, and an earlier attempt may have done it."""
    return method == "DELETE" and attempt.status in {404, 410} and attempt.done_before


def holds_others(attempt: Attempt) -> bool:
    """Whether its wait is one for all requests of its kind: it is after a 429, and after a 503 that says how long."""
    headers = attempt.headers or {}
    return attempt.status == 429 or (
        attempt.status == 503 and ("retry-after" in headers or "retry-after-ms" in headers)
    )


def asked_delay(headers: Mapping[str, str], *, now: Callable[[], datetime]) -> float | None:
    """What the service asks for: `retry-after-ms`, else `Retry-After` in seconds or as a date. None: nothing usable."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            delay = float(value) * unit
        except ValueError:
            try:
                delay = (parsedate_to_datetime(value) - now()).total_seconds()
            except (ValueError, TypeError):
                continue
        if 0 < delay < float("inf"):
            return delay
    return None


def _worth_it(attempt: Attempt) -> bool:
    if attempt.status is None:
        return attempt.reached_before and (attempt.idempotent or not attempt.sent)
    if attempt.status < 400:
        # Something between us and the service may mangle every answer, so one more is enough.
        return attempt.cut_off and attempt.idempotent and not attempt.cut_offs
    said = (attempt.headers or {}).get("x-should-retry")
    if said == "false":
        return False
    if attempt.status == 429:
        return True  # refused before anything was done, so even a create may be sent again
    return attempt.idempotent and (attempt.status in _MAY_PASS or attempt.status >= 500 or said == "true")
