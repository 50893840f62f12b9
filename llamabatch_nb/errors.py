"""Every error this package raises on purpose.

::

    LlamaBatchError                 the root: catch this one to catch all of them
    ├── InputError                  what was asked for cannot be done as it stands (also a ValueError)
    │   ├── NoKeyError              LlamaCloud was meant and there is no key
    │   ├── SourceError             the documents to submit: missing, nothing usable in them, an ambiguous name
    │   ├── StateError              the journal on this machine cannot be read or written: disk, rights, damage
    │   ├── CostError               it would cost more than `max_credits`
    │   └── ExportError             the file to write: exists already, unknown suffix, folder missing
    ├── RequestError                a request that did not get what it asked for: `method`, `path`, `ids`, `file_name`
    │   ├── ServiceError            the service answered, and said no: `status_code`, `detail`
    │   │   ├── InvalidRequestError     400, 405, 411, 413, 414, 415, 422, 431: what we sent
    │   │   ├── AuthenticationError     401: the key, or its region
    │   │   ├── OutOfCreditsError       402
    │   │   ├── PermissionDeniedError   403: project, organization or role
    │   │   ├── NotFoundError           404, 410: never was, or expired
    │   │   ├── ConflictError           409
    │   │   ├── RateLimitedError        429: `retry_after` says when
    │   │   └── ServerError             5xx, 408, 425: theirs, and it may pass
    │   ├── UnreachableError        no answer at all: refused, timed out, cut off
    │   └── UnexpectedAnswerError   an answer, and not one of this API (a proxy's page, a captive portal, half a body)
    ├── FileReadError               a document vanished, cannot be read, or changed while it was sent (also an OSError)
    ├── RunError                    a run did not end as hoped; `batch_id` and `run_name` say which
    │   ├── BatchFailedError        the batch itself FAILED
    │   ├── BatchCancelledError     somebody cancelled it
    │   ├── FilesFailedError        it has ended, and some files failed (only with raise_on_failures=True)
    │   └── DeadlineError           it goes on, but the time given to wait has passed
    ├── EngineError                 the local engine cannot work: extra not installed, folder, port
    └── LoopThreadError             a blocking call on the loop thread, which would wait for itself

A message is one sentence that names the thing, and what to do next. All of them survive pickle and copy, since they
travel through futures and between processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # so that this module holds no classes but its own
    from collections.abc import Mapping
    from typing import Any


class LlamaBatchError(Exception):
    """The root of all errors of this package."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls the class with `args` alone, and most classes here take keywords too.
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[LlamaBatchError], args: tuple[object, ...], state: dict[str, object]) -> LlamaBatchError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InputError(LlamaBatchError, ValueError):
    """What was asked for cannot be done as it stands. Nothing has been sent."""


class NoKeyError(InputError):
    """LlamaCloud was meant and neither a key nor a session cookie is there."""


class SourceError(InputError):
    """The documents to submit: no such folder, nothing usable in it, an ambiguous or unknown name."""


class StateError(InputError):
    """The journal on this machine cannot be read or written: a full disk, missing rights, damage."""


class CostError(InputError):
    """It would cost more credits than `max_credits` allows, by the list price. `estimate` says what was counted."""

    def __init__(self, message: str, *, estimate: object) -> None:
        super().__init__(message)
        self.estimate = estimate


class ExportError(InputError):
    """The file to write: it exists, its suffix is unknown, its folder is missing."""


class RequestError(LlamaBatchError):
    """A request did not get what it asked for. Nothing of a key is in here.

    `method` and `path` as they were sent. `ids`: what the request named, by the API's own field names, such as
    ``{"batch_id": "bat-…"}``; of a list of ids the number, such as ``{"job_ids": 80}``. `file_name`: the document of an
    upload, else None. `status_code`: None where there was no answer. `detail`: the reason in one sentence; of an answer
    it is the service's own words, flattened (it sends a string, a list of field errors or an object; contract.md
    section 8).
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        path: str,
        status_code: int | None = None,
        detail: str = "",
        ids: Mapping[str, str | int] | None = None,
        file_name: str | None = None,
    ) -> None:
        super().__init__(message)
        self.method = method
        self.path = path
        self.status_code = status_code
        self.detail = detail
        self.ids: Mapping[str, str | int] = dict(ids or {})
        self.file_name = file_name


class ServiceError(RequestError):
    """The service answered and said no: `status_code` and `detail`."""

    status_code: int


class InvalidRequestError(ServiceError):
    """400, 405, 411, 413, 414, 415, 422 or 431: what we sent was not acceptable."""


class AuthenticationError(ServiceError):
    """401: no key, a wrong key, or a key of another region."""


class OutOfCreditsError(ServiceError):
    """402: the account has no credits left, or the project's cap is reached."""


class PermissionDeniedError(ServiceError):
    """403: wrong project, organization or role."""


class NotFoundError(ServiceError):
    """404 or 410: it never was, is another project's, or has expired."""


class ConflictError(ServiceError):
    """409: it exists already, or is in a state that does not allow this."""


class RateLimitedError(ServiceError):
    """429, and the wait that was asked for is too long to sit out in a call. `retry_after` is in seconds."""

    retry_after: float | None = None


class ServerError(ServiceError):
    """5xx, 408 or 425, after all retries: trouble of the service's own, which may pass."""


class UnreachableError(RequestError):
    """No answer: connection refused, cut off, or timed out."""


class UnexpectedAnswerError(RequestError):
    """An answer that is not of this API: a proxy's page, a redirect to a sign-in page, half a body."""


class FileReadError(LlamaBatchError, OSError):
    """A document vanished, cannot be read, or changed while it was sent. `file_name` names it; also an `OSError`.

    `strerror` is the reason alone, for a table that has the name in another column. What had been sent of the file was
    not taken by the service.
    """

    def __init__(self, message: str, *, file_name: str, reason: str) -> None:
        super().__init__(message)
        self.file_name = file_name
        self.reason = reason

    @property
    def strerror(self) -> str:  # type: ignore[override] # a slot of OSError, which pickle would not carry
        return self.reason

    def __str__(self) -> str:
        return str(self.args[0])


class RunError(LlamaBatchError):
    """A run did not end as hoped. Carries `batch_id` and `run_name` (either may be None before it exists)."""

    def __init__(self, message: str, *, batch_id: str | None, run_name: str | None = None) -> None:
        super().__init__(message)
        self.batch_id = batch_id
        self.run_name = run_name


class BatchFailedError(RunError):
    """The batch is FAILED: the orchestration itself failed and there is no reliable per-file result."""


class BatchCancelledError(RunError):
    """The batch is CANCELLED. What had finished is kept."""


class FilesFailedError(RunError):
    """The run has ended and some of its files failed. `files` maps their names to the reasons."""

    def __init__(
        self, message: str, *, batch_id: str | None, run_name: str | None = None, files: dict[str, str | None]
    ) -> None:
        super().__init__(message, batch_id=batch_id, run_name=run_name)
        self.files = files


class DeadlineError(RunError):
    """The time given to wait has passed. The batch goes on."""


class EngineError(LlamaBatchError):
    """The local engine cannot work: its extra is not installed, its folder is not writable, its port is taken."""


class LoopThreadError(LlamaBatchError, RuntimeError):
    """A blocking call was made on the loop thread, where it would wait for itself for ever."""


#: Which class a status code becomes; 5xx are `ServerError`, other 4xx plain `ServiceError`.
BY_STATUS: dict[int, type[ServiceError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: OutOfCreditsError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: InvalidRequestError,
    408: ServerError,  # of a gateway: whether it was done is as open as after a 504
    409: ConflictError,
    410: NotFoundError,
    411: InvalidRequestError,
    413: InvalidRequestError,
    414: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    425: ServerError,
    429: RateLimitedError,
    431: InvalidRequestError,
}
