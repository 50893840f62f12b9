"""What a panel asks of a run, so that panels import neither `run` nor `connect`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.snapshot import Snapshot


class WatchedRun(Protocol):
    """A run that can be watched. There is one loop thread behind it (design.md, decision 1)."""

    @property
    def snapshot(self) -> Snapshot:
        """What is known now; never blocks."""

    def subscribe(self, callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Have `callback` called on the loop thread for each new Snapshot; returns what ends that."""

    def hand(self, work: Callable[[], Awaitable[None]]) -> object:
        """Run `work` on the loop thread; called from any thread but that one, never blocks. Raises once closed."""

    async def request_cancel(self) -> None:
        """Ask the service to stop; CANCELLED arrives later, in a Snapshot."""

    async def request_retry(self) -> None:
        """Send the failed files that are worth it again, as another attempt of this run.

        When it returns, `snapshot` has the new attempt and has not ended; subscribers hear of it as of any other.
        """

    async def document(self, name: str) -> ParseResult | None:
        """The parse result of the file `name` with text and markdown, or None where there is none."""
