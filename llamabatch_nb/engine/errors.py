"""What goes wrong: with the engine itself (`EngineError`), and in one request (`ApiError`)."""

from __future__ import annotations

from typing import Any

from llamabatch_nb.errors import EngineError

__all__ = ["ApiError", "EngineError"]


class ApiError(Exception):
    """A request is refused.

    `detail` becomes the body ``{"detail": …}``. `final` adds the header ``x-should-retry: false``: the official SDK
    retries a 409 five times over some 13 seconds unless it is told that this is useless (contract.md section 8).
    """

    def __init__(self, status: int, detail: Any, *, final: bool = False) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.final = final
