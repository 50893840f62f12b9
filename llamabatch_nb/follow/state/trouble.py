"""Trouble by name: what an error or a long silence means for a run, in a sentence with what happens next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from llamabatch_nb.errors import (
    AuthenticationError,
    LlamaBatchError,
    NotFoundError,
    OutOfCreditsError,
    PermissionDeniedError,
    RateLimitedError,
    RunError,
    ServerError,
    ServiceError,
    StateError,
    UnexpectedAnswerError,
    UnreachableError,
)
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.snapshot import Service, Trouble, TroubleKind

#: No change for this long is worth saying; an upload or a look that takes longer than usual is not. Seconds.
STALLED_AFTER = 600.0
#: A clock on the wall that went on this much longer than we were awake: the machine slept. Seconds.
SLEPT = 30.0
#: How many of the slowest files are named.
SLOWEST = 3


def may_pass(error: Exception) -> bool:
    """Whether waiting may mend it: an outage, a proxy's page, trouble of the service's own, a limit."""
    if isinstance(error, (UnreachableError, UnexpectedAnswerError, ServerError, RateLimitedError)):
        return True
    return isinstance(error, ServiceError) and error.status_code in {408, 425}


def passing(error: Exception, service: Service, *, now: datetime, since: datetime | None, asked: float) -> Trouble:
    """Of an error after which the run is looked at again."""
    who = service.label
    until = now + timedelta(seconds=asked) if asked else None
    kind: TroubleKind = "offline"
    if isinstance(error, RateLimitedError):
        kind, text = "throttled", f"{who} asked us to slow down{_again(asked)}."
    elif isinstance(error, ServiceError):
        kind, text = "service", f"{who} has trouble of its own ({error.status_code}){_again(asked)}."
    elif isinstance(error, UnexpectedAnswerError):
        text = f"Something else answers in place of {who}, a proxy or a sign-in page; looking again soon."
    else:
        goes_on = "looking again soon" if service.local else "the batch goes on there, looking again soon"
        text = f"{who} cannot be reached; {goes_on}."
    return Trouble(kind=kind, text=text, since=since or now, until=until)


def missing(batch_id: str, service: Service) -> Trouble:
    """A batch is not known at this look; before it is given up it is looked for again for a while."""
    return Trouble(
        kind="expired", text=f"{service.label} does not know {batch_id} at the moment: looking again for some minutes."
    )


def waiting(service: Service, *, seconds: float, status: int | None, now: datetime) -> Trouble:
    """A request waits before it is sent again."""
    what: dict[int | None, tuple[TroubleKind, str]] = {
        None: ("offline", "does not answer"),
        429: ("throttled", "asked us to slow down"),
    }
    kind, said = what.get(status, ("service", f"has trouble of its own ({status})"))
    return Trouble(
        kind=kind,
        text=f"{service.label} {said}.",
        since=now,
        until=now + timedelta(seconds=seconds),
    )


def final(error: Exception, *, now: datetime) -> Trouble:
    """Of an error that ended the following: somebody has to do something."""
    kind: TroubleKind = "stopped"
    if isinstance(error, (AuthenticationError, PermissionDeniedError)):
        kind = "key refused"
    elif isinstance(error, OutOfCreditsError):
        kind = "out of credits"
    elif isinstance(error, StateError):
        kind = "disk"
    elif isinstance(error, (NotFoundError, RunError)):  # `ends.lost_sight`
        kind = "expired"
    text = str(error) if isinstance(error, LlamaBatchError) else f"{type(error).__name__}: {error}"
    return Trouble(kind=kind, text=text, since=now)


def of_state(state: RunState, *, now: datetime, quiet: float) -> Trouble | None:
    """What the run itself shows; `quiet` is for how many seconds nothing has changed."""
    who = state.service.label
    if any(part.expired for part in state.parts) and any(row.part.expired for row in state.rows()):
        return Trouble(
            kind="expired",
            text=f"{who} no longer knows this batch (things expire): what is shown was saved on this machine.",
        )
    phase = state.phase
    if phase == "FAILED":
        return Trouble(
            kind="failed",
            text=f"{who} FAILED the batch and gives no reason: run.retry_failed() sends every file without a result.",
        )
    if state.ended:
        return None
    if phase == "THROTTLED":
        return Trouble(
            kind="throttled", text=f"{who} has THROTTLED the batch: it waits for capacity, and goes on then."
        )
    if quiet >= STALLED_AFTER:
        return _stalled(state, now=now, quiet=quiet)
    return None


def asleep(seconds: float, *, now: datetime) -> Trouble:
    return Trouble(
        kind="asleep", text=f"This machine was asleep for {_span(seconds)}; looked at once after that.", since=now
    )


def disk(error: Exception, *, now: datetime) -> Trouble:
    return Trouble(
        kind="disk",
        text=f"Results cannot be kept on this machine ({error}): make room in the state folder.",
        since=now,
    )


def unfetched(files: Sequence[str], error: Exception, *, again: bool, since: datetime | None) -> Trouble:
    """Results of finished `files` that could not be fetched; `again`: somebody is at it."""
    count = "The result of 1 finished file" if len(files) == 1 else f"The results of {len(files):,} finished files"
    if isinstance(error, NotFoundError):
        goes_on = "run.pages() asks for it again, and run.retry({name: path}) sends a file again"
    else:
        goes_on = "run.pages() and run.results_of(name) fetch what is missing"
    kind: TroubleKind = "service" if isinstance(error, ServiceError) else "offline"
    named = ", ".join(map(repr, files[:SLOWEST])) + (", …" if len(files) > SLOWEST else "")
    why = error.status_code if isinstance(error, ServiceError) else "no answer"
    return Trouble(
        kind=kind,
        text=f"{count} could not be fetched ({named}: {why}); {'trying again soon' if again else goes_on}.",
        since=since,
        files=tuple(files[:SLOWEST]),
    )


def _stalled(state: RunState, *, now: datetime, quiet: float) -> Trouble:
    slowest = _slowest(state, now)
    named = f"; the slowest: {', '.join(slowest)}" if slowest else ""
    return Trouble(
        kind="stalled",
        text=f"No change for {_span(quiet)}{named}. Finished files can be read now, and run.cancel() stops the rest.",
        since=now - timedelta(seconds=quiet),
        files=tuple(slowest),
    )


def _slowest(state: RunState, now: datetime) -> Sequence[str]:
    running = [row.file for row in state.rows() if row.file.job is not None and not row.file.ended]
    running.sort(key=lambda file: (file.job and file.job.created_at) or now)
    return [file.name for file in running[:SLOWEST]]


def _again(asked: float) -> str:
    """Where `until` says when, the sentence need not."""
    return "" if asked else "; looking again soon"


def _span(seconds: float) -> str:
    return f"{seconds / 60:,.0f} min" if seconds >= 60 else f"{seconds:,.0f} s"
