"""What runs inside a worker process: files in, outcomes out. Light to import; the parsers come with the first file.

Nothing here raises for a bad file. A file that cannot be read is data like any other, so that it never stops the files
beside it (design.md, decision 10).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from llamabatch_nb.engine.parsers import Unreadable, parse_file, write_payload
from llamabatch_nb.engine.parsers.door import DRAWN
from llamabatch_nb.engine.work.tasks import ExtractTask, Outcome, ParseTask, Task, failed

#: Bytes that a worker may take. The hungriest sound file takes half of it (`parsers.archive.XML_LIMITS`); a PDF whose
#: page is 2e9 points wide takes 3.9 GB in liteparse (measured), and would take the machine with it.
_MEMORY = 2 << 30
#: Seconds between two looks at whether the parent is still there.
_WATCH = 0.5


def start_worker(parent: int) -> None:
    """Prepare this process to work for the process `parent`, once, before its first task."""
    # Ctrl-C in a notebook or terminal goes to the whole process group, and so does the SIGTERM with which Jupyter ends
    # a kernel (seen: the files being read were then taken for ones that crash their worker). The parent decides what
    # they mean; workers end with it, by `_watch`.
    for sent_to_all in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent_to_all, signal.SIG_IGN)
    # What a library prints, in C or in Python, would land in the user's cell.
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    # PYTHONWARNINGS=error is inherited, and openpyxl warns of whatever it leaves out of a sound workbook.
    warnings.simplefilter("ignore")
    _limit_memory()
    threading.Thread(target=_watch, args=(parent,), name="llamabatch-watch", daemon=True).start()
    from llamabatch_nb.engine.parsers.pdf import warm_up

    warm_up()


def _limit_memory() -> None:
    """Beyond it allocations fail: a MemoryError in Python, this process's end in PDFium. Both fail the file alone."""
    if sys.platform == "linux":  # elsewhere data limits do not count what allocators map
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _watch(parent: int) -> None:
    """End this process soon after its parent's end: orphans were seen to live for minutes.

    Linux could do it (PR_SET_PDEATHSIG), but that signal comes when the *thread* ends that started the worker, and
    pools start workers from threads that come and go. An orphan gets another parent, on every POSIX system.
    """
    while os.getppid() == parent:
        time.sleep(_WATCH)
    os._exit(1)


def run_chunk(tasks: Sequence[Task]) -> list[Outcome]:
    """Do tasks one after the other. One outcome a task, in their order; an empty chunk only warms the worker."""
    return [_run(task) for task in tasks]


def _run(task: Task) -> Outcome:
    started = time.monotonic()
    try:
        outcome = _extract(task) if isinstance(task, ExtractTask) else _parse(task)
    except OSError as error:
        outcome = failed(task, "unavailable", f"It could not be read from the disk ({error.strerror}); retry it.")
    except Exception as error:
        outcome = failed(task, "crash", f"The engine failed on it ({type(error).__name__}); please report this file.")
    if (left := task.seconds - (time.monotonic() - started)) > 0:
        time.sleep(left)
    return outcome


def _parse(task: Task) -> Outcome:
    assert isinstance(task, ParseTask)
    path = Path(task.path)
    try:
        document = parse_file(path, task.name, task.options)
    except Unreadable as finding:
        return failed(task, finding.reason, str(finding))
    if task.options.screenshots and task.images and document.kind in DRAWN:
        from llamabatch_nb.engine.parsers.screens import draw

        try:
            document = replace(document, images=draw(path, document.pages, Path(task.images)))
        except OSError as error:
            return failed(task, "unavailable", f"The engine failed on its page images ({error.strerror}); retry it.")
    return Outcome(
        job_id=task.job_id,
        fence=task.fence,
        pages=len(document.pages),
        pages_failed=sum(not page.success for page in document.pages),
        characters=sum(len(page.text) for page in document.pages),
        payload=write_payload(document),
    )


def _extract(task: ExtractTask) -> Outcome:
    from llamabatch_nb.engine.extractors import Unextractable, extract

    try:
        pages, payload = extract(task.payload, Path(task.path), task.name, task.parameters, task.extractor)
    except Unextractable as finding:
        return failed(task, finding.reason, str(finding))
    return Outcome(job_id=task.job_id, fence=task.fence, pages=pages, payload=payload)
