"""Snapshot -> what the front end is told, as JSON: pure, so that every tick can be counted in a test.

Times go out as seconds since the epoch: only the browser knows the reader's time zone, a hub's kernel runs in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from llamabatch_nb.render import sentences
from llamabatch_nb.render import vocabulary as words
from llamabatch_nb.snapshot import TERMINAL_BATCH, UPLOADING, FileState, Snapshot

Json = dict[str, Any]
#: name, mark, word, kind, pages, why
Row = list[Any]

#: Rows in the first message: 100 of them are about 10 kB, and a screen shows 15 (issue 6: first rows within 30 kB).
FIRST_ROWS = 100
#: Rows in one later message, about 200 kB: a server drops what exceeds 1 MB a second (`iopub_data_rate_limit`).
CHUNK = 2_000
#: Seconds between two heartbeats while nothing else changes.
HEARTBEAT = 5.0


def header(snapshot: Snapshot, *, cancelling: bool) -> Json:
    """The traits of `RunHeader`, each a dict that is sent when it differs from what was sent before."""
    look = words.run_look(snapshot)
    ready = words.ready_at(snapshot)
    ended = snapshot.ended
    return {
        "identity": {
            "title": words.title(snapshot),
            "configuration": words.configuration_name(snapshot.configuration_id, snapshot.job_type),
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
            "rate": words.rate(snapshot.rate) if snapshot.rate and not ended else None,
            "started": _epoch(snapshot.created_at),
            "ended": _epoch(snapshot.updated_at) if ended else None,
            "verb": {"COMPLETED": "finished", "CANCELLED": "stopped"}.get(snapshot.phase, "ended"),
            "ready": _epoch(ready),
        },
        "notes": {"hint": sentences.hint(snapshot), "trouble": words.one_line(snapshot.trouble or "", 300)},
        "cancel": _cancel(snapshot, cancelling=cancelling),
    }


def row(file: FileState) -> Row:
    """One line of the grid. The name is its visible form, which is what the front end addresses a file by."""
    look = words.file_look(file)
    return [words.visible(file.name), look.mark, look.word, look.kind, file.pages, words.reason(file)]


def file_facts(file: FileState) -> Json:
    """What the inspector says of a file above its pages."""
    look = words.file_look(file)
    facts = [words.count(file.pages, "page")] if file.pages is not None else []
    facts += [words.size(file.size)] if file.size is not None else []
    facts += [words.duration(file.duration)] if file.duration is not None else []
    facts += [words.one_line(file.job_id, 60)] if file.job_id else []
    return {
        "name": words.visible(file.name),
        "mark": look.mark,
        "word": look.word,
        "kind": look.kind,
        "facts": facts,
        # The whole reason, not the grid's one line of it.
        "why": words.reason(file, 4_000) if look.kind in {"bad", "partial"} else "",
    }


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


def _cancel(snapshot: Snapshot, *, cancelling: bool) -> Json:
    if snapshot.phase in TERMINAL_BATCH:
        return {"state": "over", "question": "", "label": ""}
    if cancelling:
        return {"state": "asked", "question": "", "label": ""}
    files = words.count(sentences.unfinished(snapshot), "file")
    return {"state": "open", "question": sentences.cancel_question(snapshot), "label": f"Cancel {files}"}


def _details(snapshot: Snapshot) -> list[list[str]]:
    rows = [
        ("Batch", snapshot.batch_id),
        ("Directory", snapshot.directory_id),
        ("Configuration", snapshot.configuration_id),
        ("Job type", snapshot.job_type),
        ("Project", snapshot.project_id),
        ("Service", snapshot.service.base_url),
    ]
    return [[label, words.one_line(value, 200)] for label, value in rows if value]


def _epoch(when: datetime | None) -> float | None:
    return None if when is None else round(when.timestamp(), 3)
