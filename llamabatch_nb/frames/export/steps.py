"""How far an export is, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable

#: Called with how much is done, how much there is to do, and what is written at the moment.
Progress = Callable[[int, int, str], None]
#: Rows between two calls: what is told of each row would cost more than the row.
_EVERY = 500


class Steps:
    """Counts rows up to `total`, and tells `progress` now and then."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._told = 0

    def step(self, rows: int, what: str) -> None:
        self._done += rows
        if self._progress is not None and self._done - self._told >= _EVERY:
            self._told = self._done
            self._progress(self._done, self._total, what)

    def all_done(self, what: str = "") -> None:
        if self._progress is not None:
            self._progress(self._total, self._total, what)
