"""What people hold: a run, and the ways to get one."""

from __future__ import annotations

from llamabatch_nb.run.doors import archive, history, open, submit  # noqa: A004 - reads as lb.open("Q3")
from llamabatch_nb.run.run import Run

__all__ = ["Run", "archive", "history", "open", "submit"]
