"""What runs inside a worker process: files in, outcomes out. Light to import; the parsers come with the first file.

Nothing here raises for a bad file. A file that cannot be read is data like any other, so that it never stops the files
beside it (design.md, decision 10).
"""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llamabatch_nb.engine.parsers import ParseOptions, Unreadable, parse_file, write_payload

#: Seconds between two looks at whether the parent is still there.
_WATCH = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseTask:
    """One file to read. `fence` comes back untouched, `name` is what people call the file, `path` where its bytes lie.

    `seconds` is the least that the file takes, reading included: time is a parameter of the engine (decision 13).
    """

    job_id: str
    fence: int
    path: str
    name: str
    options: ParseOptions
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseOutcome:
    """What became of a task: either `error` (a sentence, without the name) and `reason` (a code), or the other fields.

    `characters` counts those of the pages' text. `payload` is what `parsers.read_payload` reads.
    """

    job_id: str
    fence: int
    error: str | None
    reason: str | None
    pages: int | None
    pages_failed: int | None
    characters: int | None
    payload: bytes | None


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
    threading.Thread(target=_watch, args=(parent,), name="llamabatch-watch", daemon=True).start()
    from llamabatch_nb.engine.parsers.pdf import warm_up

    warm_up()


def _watch(parent: int) -> None:
    """End this process soon after its parent's end: orphans were seen to live for minutes.

    Linux could do it (PR_SET_PDEATHSIG), but that signal comes when the *thread* ends that started the worker, and
    pools start workers from threads that come and go. An orphan gets another parent, on every POSIX system.
    """
    while os.getppid() == parent:
        time.sleep(_WATCH)
    os._exit(1)


def parse_chunk(tasks: Sequence[ParseTask]) -> list[ParseOutcome]:
    """Read files one after the other. One outcome a task, in their order; an empty chunk only warms the worker."""
    return [_parse(task) for task in tasks]


def _parse(task: ParseTask) -> ParseOutcome:
    started = time.monotonic()
    try:
        document = parse_file(Path(task.path), task.name, task.options)
        outcome = ParseOutcome(
            job_id=task.job_id,
            fence=task.fence,
            error=None,
            reason=None,
            pages=len(document.pages),
            pages_failed=sum(not page.success for page in document.pages),
            characters=sum(len(page.text) for page in document.pages),
            payload=write_payload(document),
        )
    except Unreadable as finding:
        outcome = _failed(task, finding.reason, str(finding))
    except OSError as error:
        outcome = _failed(task, "unavailable", f"It could not be read from the disk ({error.strerror}); retry it.")
    except Exception as error:
        outcome = _failed(task, "crash", f"The engine failed on it ({type(error).__name__}); please report this file.")
    if (left := task.seconds - (time.monotonic() - started)) > 0:
        time.sleep(left)
    return outcome


def _failed(task: ParseTask, reason: str, message: str) -> ParseOutcome:
    return ParseOutcome(
        job_id=task.job_id,
        fence=task.fence,
        error=message,
        reason=reason,
        pages=None,
        pages_failed=None,
        characters=None,
        payload=None,
    )
