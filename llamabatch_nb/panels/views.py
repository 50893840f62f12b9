"""Snapshot -> what the front end is told, as JSON: pure, so that every tick can be counted in a test.

Times go out as seconds since the epoch: only the browser knows the reader's time zone, a hub's kernel runs in UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from llamabatch_nb.render import sentences, trouble
from llamabatch_nb.render import vocabulary as words
from llamabatch_nb.snapshot import TERMINAL_BATCH, UPLOADING, BatchState, FileState, Snapshot

Json = dict[str, Any]
#: name, mark, word, kind, pages, why
Row = list[Any]

#: Rows in the first message: 100 of them are about 10 kB, and a screen shows 15 (issue 6: first rows within 30 kB).
FIRST_ROWS = 100
#: Rows in one later message, about 200 kB: a server drops what exceeds 1 MB a second (`iopub_data_rate_limit`).
CHUNK = 2_000
#: Seconds between two heartbeats while nothing else changes.
HEARTBEAT = 5.0


def header(snapshot: Snapshot, *, asked: Container[str] = ()) -> Json:
    """The traits of `RunHeader`, each a dict that is sent when it differs from what was sent before.

    `asked` names the actions, ``cancel`` and ``retry``, that were asked of the run and have not shown yet.
    """
    look = words.run_look(snapshot)
    ready = words.ready_at(snapshot)
    ended = snapshot.ended
    return {
        "identity": {
            "title": words.title(snapshot),
            "configuration": words.configuration(snapshot),
            "where": words.where(snapshot.service),
            "open": words.open_call(snapshot),
            "details": _details(snapshot),
        },
        "status": {"mark": look.mark, "word": look.word, "kind": look.kind, "ended": ended},
        "progress": {
            "segments": [[part.kind, part.count, part.label] for part in sentences.segments(snapshot)],
            "done": None if words.is_silent(snapshot) and not snapshot.estimated_done else _done(snapshot),
            "total": len(snapshot.files),
            "text": sentences.progress(snapshot),
            "rate": words.pace(snapshot),
            "started": _epoch(snapshot.created_at),
            "ended": _epoch(snapshot.updated_at) if ended else None,
            "verb": {"COMPLETED": "finished", "CANCELLED": "stopped"}.get(snapshot.phase, "ended"),
            "ready": _epoch(ready),
        },
        "notes": {"hint": sentences.hint_parts(snapshot), "trouble": _trouble(snapshot)},
        "cancel": _cancel(snapshot, asked="cancel" in asked),
        "retry": _retry(snapshot, asked="retry" in asked),
    }


def row(file: FileState) -> Row:
    """One line of the grid. The name is its visible form, which is what the front end addresses a file by."""
    look = words.file_look(file)
    return [words.visible(file.name), look.mark, look.word, look.kind, file.pages, words.remark(file)]


def file_facts(file: FileState) -> Json:
    """What the inspector says of a file above its pages."""
    look = words.file_look(file)
    facts = [words.count(file.pages, "page")] if file.pages is not None else []
    facts += [words.size(file.size)] if file.size is not None else []
    facts += [words.duration(file.duration)] if file.duration is not None else []
    facts += words.origin(file)
    facts += [words.one_line(one, 60) for one in (file.job_id, file.batch_id) if one]
    return {
        "name": words.visible(file.name),
        "mark": look.mark,
        "word": look.word,
        "kind": look.kind,
        "facts": facts,
        # The whole reason, not the grid's one line of it.
        "why": words.why(file, 4_000) if look.kind in {"bad", "partial"} else "",
    }


def no_result(file: FileState) -> str:
    """What is said where a file's pages would be, of a file that has none."""
    if file.ended:
        return f"No pages: this file {'was cancelled' if file.status == 'cancelled' else 'failed'}."
    return "No pages yet: they appear here when the file is completed."


def static_class(snapshot: Snapshot) -> str:
    """The class of a run's static state: the same in every kernel, so that a committed notebook does not change."""
    # The directory is there from the first moment, the batch only after the uploads.
    run = snapshot.directory_id or snapshot.batch_id or snapshot.name or snapshot.source
    return f"llamabatch-static-{hashlib.sha256(run.encode(errors='replace')).hexdigest()[:10]}"


def same_but_for_time(one: Snapshot, other: Snapshot) -> bool:
    """Whether two looks saw the same thing."""
    return one is other or one == replace(other, taken_at=one.taken_at)


class RowLedger:
    """Which rows the front end has, and what it must be told: the first rows at once, then the rest, then changes.

    Patches carry rows by their index and a revision. A front end that misses one still shows true rows where it has
    them, sees the gap in the revisions and asks `start_over`.
    """

    def __init__(self, files: Sequence[FileState]) -> None:
        self._files = tuple(files)
        self._rows = [row(file) for file in files]
        self._sent = min(FIRST_ROWS, len(self._rows))
        self.revision = 0

    @property
    def behind(self) -> bool:
        """True while there are rows that have not been sent once."""
        return self._sent < len(self._rows)

    def first(self) -> Json:
        """What a front end that knows nothing starts from."""
        return {"revision": self.revision, "total": len(self._rows), "rows": self._rows[:FIRST_ROWS]}

    def start_over(self) -> None:
        """Send every row again, in chunks, with the next patches."""
        self._sent = 0

    def update(self, files: Sequence[FileState]) -> Json | None:
        """The next patch: changed rows among those sent, then unsent ones as many as fit; None when there are none."""
        old, total = self._files, len(self._rows)
        changed = []
        if files is not old:
            for index, file in enumerate(files):
                if index < len(old) and (file is old[index] or file == old[index]):
                    continue
                now = row(file)
                if index >= total:
                    self._rows.append(now)
                elif now != self._rows[index]:
                    self._rows[index] = now
                    if index < self._sent:
                        changed.append(index)
            del self._rows[len(files) :]
            self._files = tuple(files)
            self._sent = min(self._sent, len(files))
        if len(changed) > CHUNK:  # what is too much for one message counts as not sent
            self._sent = changed[CHUNK]
            del changed[CHUNK:]
        upto = min(self._sent + CHUNK - len(changed), len(self._rows))
        indices = [*changed, *range(self._sent, upto)]
        self._sent = upto
        if not indices and len(self._rows) == total:
            return None
        self.revision += 1
        return {
            "revision": self.revision,
            "total": len(self._rows),
            "rows": [[index, *self._rows[index]] for index in indices],
        }


def _done(snapshot: Snapshot) -> int:
    if snapshot.phase == UPLOADING:
        return sum(file.file_id is not None for file in snapshot.files)
    return max(snapshot.done, snapshot.estimated_done or 0)


def _cancel(snapshot: Snapshot, *, asked: bool) -> Json:
    if snapshot.ended or snapshot.phase in TERMINAL_BATCH:
        return {"state": "over", "question": "", "label": ""}
    if asked:
        return {"state": "asked", "question": "", "label": ""}
    files = words.count(sentences.unfinished(snapshot), "file")
    return {"state": "open", "question": sentences.cancel_question(snapshot), "label": f"Cancel {files}"}


def _retry(snapshot: Snapshot, *, asked: bool) -> Json:
    number = words.retryable(snapshot)
    if not number:
        return {"state": "over", "question": "", "label": "", "button": ""}
    return {
        "state": "asked" if asked else "open",
        "question": sentences.retry_question(snapshot),
        "label": f"Retry {words.count(number, 'file')}",
        "button": f"Retry {number:,}…",
    }


def _trouble(snapshot: Snapshot) -> Json | None:
    now = snapshot.trouble
    if now is None:
        return None
    look = trouble.look(now)
    return {
        "mark": look.mark,
        "kind": look.kind,
        "text": trouble.text(now),
        "since": _epoch(trouble.since(now)),
        "until": _epoch(now.until),
    }


def _details(snapshot: Snapshot) -> list[list[str]]:
    rows: list[tuple[str, str | None]] = [("Batch", snapshot.batch_id), ("Directory", snapshot.directory_id)]
    if len(snapshot.batches) > 1:
        rows = [(f"Batch {number}", _batch(batch)) for number, batch in enumerate(snapshot.batches, 1)]
    rows += [
        ("Configuration", snapshot.configuration_id),
        ("Job type", snapshot.job_type),
        ("Project", snapshot.project_id),
        ("Service", snapshot.service.base_url),
    ]
    return [[label, words.one_line(value, 200)] for label, value in rows if value]


def _batch(batch: BatchState) -> str:
    attempt = f"attempt {batch.attempt}" if batch.attempt > 1 else ""
    parts = (batch.batch_id, batch.phase, words.count(batch.files, "file"), attempt, batch.directory_id)
    return " · ".join(filter(None, parts))


def _epoch(when: datetime | None) -> float | None:
    return None if when is None else round(when.timestamp(), 3)
