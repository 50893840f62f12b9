"""What runs in the workers of an executor that was given, where our own way to end a worker does not reach."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Sequence

from llamabatch_nb.engine.work.tasks import Outcome, Task
from llamabatch_nb.engine.work.worker import run_chunk


def run_watched(tasks: Sequence[Task], *, file_timeout: float) -> list[Outcome]:
    """`run_chunk` in a worker of Dask, which is ended if its files take too long, and started anew by its nanny.

    Dask cannot stop a task that runs ("the function runs on to its end", parsing.md section 4), so a file that hangs
    would keep its worker for ever. faulthandler's watchdog is in C: it needs no interpreter lock, which a library that
    hangs may hold.
    """
    from distributed import get_worker

    if get_worker().nanny is None:  # perhaps the user's own process; and nobody would start another worker
        return run_chunk(tasks)
    seconds = file_timeout + sum(task.seconds for task in tasks)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device is no path of ours
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            return run_chunk(tasks)
        finally:
            faulthandler.cancel_dump_traceback_later()
