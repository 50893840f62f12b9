"""Every error this package raises on purpose.

::

    LlamaBatchError                 the root: catch this one to catch all of them
    ├── InputError                  what was asked for cannot be done as it stands (also a ValueError)
    │   ├── NoKeyError              LlamaCloud was meant and there is no key
    │   ├── SourceError             the folder to submit: missing, nothing usable in it, too many files
    │   └── ExportError             the file to write: exists already, unknown suffix, folder missing
    ├── ServiceError                the service answered, and said no
    │   ├── InvalidRequestError     400, 413, 422: what we sent
    │   ├── AuthenticationError     401: the key, or its region
    │   ├── OutOfCreditsError       402
    │   ├── PermissionDeniedError   403: project, organization or role
    │   ├── NotFoundError           404: never was, or expired
    │   ├── ConflictError           409
    │   ├── RateLimitedError        429: `retry_after` says when
    │   └── ServerError             5xx: theirs
    ├── UnreachableError            no answer at all: refused, timed out, cut off
    ├── UnexpectedAnswerError       an answer, and not one of this API (a proxy's page, a captive portal)
    ├── RunError                    a run did not end as hoped; `batch_id` and `run_name` say which
    │   ├── BatchFailedError        the batch itself FAILED
    │   ├── BatchCancelledError     somebody cancelled it
    │   └── DeadlineError           it goes on, but the time given to wait has passed
    ├── EngineError                 the local engine cannot work: extra not installed, folder, port
    └── LoopThreadError             a blocking call on the loop thread, which would wait for itself

A message is one sentence that names the thing, and what to do next.
"""

from __future__ import annotations


class LlamaBatchError(Exception):
    """The root of all errors of this package."""


class InputError(LlamaBatchError, ValueError):
    """What was asked for cannot be done as it stands. Nothing has been sent."""


class NoKeyError(InputError):
    """LlamaCloud was meant and neither a key nor a session cookie is there."""


class SourceError(InputError):
    """The documents to submit: no such folder, nothing usable in it, too many files, an ambiguous name."""


class ExportError(InputError):
    """The file to write: it exists, its suffix is unknown, its folder is missing."""


class ServiceError(LlamaBatchError):
    """The service answered and said no. Nothing of a key is in here.

    `status_code`, the request's `method` and `path`, and `detail`: the reason in the service's own words, flattened to
    one sentence (it sends a string, a list of field errors or an object; contract.md section 8).
    """

    def __init__(self, message: str, *, status_code: int, detail: str, method: str, path: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.detail = detail
        self.method = method
        self.path = path


class InvalidRequestError(ServiceError):
    """400, 413 or 422: what we sent was not acceptable."""


class AuthenticationError(ServiceError):
    """401: no key, a wrong key, or a key of another region."""


class OutOfCreditsError(ServiceError):
    """402: the account has no credits left, or the project's cap is reached."""


class PermissionDeniedError(ServiceError):
    """403: wrong project, organization or role."""


class NotFoundError(ServiceError):
    """404: it never was, is another project's, or has expired."""


class ConflictError(ServiceError):
    """409: it exists already, or is in a state that does not allow this."""


class RateLimitedError(ServiceError):
    """429, and the wait that was asked for is too long to sit out in a call. `retry_after` is in seconds."""

    retry_after: float | None = None


class ServerError(ServiceError):
    """5xx, after all retries."""


class UnreachableError(LlamaBatchError):
    """No answer: connection refused, cut off, or timed out. `method` and `path` say what was asked."""

    def __init__(self, message: str, *, method: str, path: str) -> None:
        super().__init__(message)
        self.method = method
        self.path = path


class UnexpectedAnswerError(LlamaBatchError):
    """An answer that is not of this API: a proxy's page, a sign-in page, a body cut short."""


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


class DeadlineError(RunError):
    """The time given to wait has passed. The batch goes on."""


class EngineError(LlamaBatchError):
    """The local engine cannot work: its extra is not installed, its folder is not writable, its port is taken."""


class LoopThreadError(LlamaBatchError, RuntimeError):
    """A blocking call was made on the loop thread, where it would wait for itself for ever."""


#: Which class a status code becomes; other 4xx are plain `ServiceError`.
BY_STATUS: dict[int, type[ServiceError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: OutOfCreditsError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitedError,
}
