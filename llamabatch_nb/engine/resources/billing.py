"""What a job is said to have cost. Nothing is paid here: the numbers are there to be summed and shown."""

from __future__ import annotations

import threading


class Billing:
    """Credits as ``expand=usage`` reports them (contract.md section 5).

    Args:
        credits_per_page: What a page of a COMPLETED job costs. None: everything is free.
        late: A job's credits are null the first time they are asked for, as long as the service has not recorded them.

    """

    def __init__(self, credits_per_page: float | None, *, late: bool) -> None:
        self._price = credits_per_page or 0.0
        self._late = late
        self._asked: set[str] = set()
        self._lock = threading.Lock()

    def credits(self, job_id: str, pages: int) -> float | None:
        """What the COMPLETED job `job_id` with `pages` pages cost; None means that it is not recorded yet."""
        with self._lock:
            first = job_id not in self._asked
            self._asked.add(job_id)
        return None if self._late and first else pages * self._price
