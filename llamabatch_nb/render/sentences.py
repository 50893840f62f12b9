"""What a run's state amounts to, in sentences and bar segments: the same for terminal, saved notebook and panel."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from llamabatch_nb.render import trouble
from llamabatch_nb.render import vocabulary as words
from llamabatch_nb.snapshot import UPLOADING, Snapshot, TroubleKind

#: The texture of a bar segment. `estimated` are counted from job lists, `partial` are completed with failed pages.
SegmentKind = Literal[
    "completed", "partial", "failed", "cancelled", "running", "estimated", "pending", "uploaded", "waiting", "other"
]
#: Python that a hint may quote, beside the call that opens the run.
CALLS = (REST, RETRY) = ("run.rest()", "run.retry_failed()")
_SEGMENT: dict[str, SegmentKind] = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "running": "running",
    "pending": "pending",
    "submitted": "pending",
    "uploaded": "uploaded",
    "waiting": "waiting",
}


#: Troubles that end the watch: only opening the run again goes on, where the service still knows it.
_UNWATCHED: frozenset[TroubleKind] = frozenset({"key refused", "expired", "stopped"})


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the bar: `count` files, drawn as `kind`, read as `label`."""

    kind: SegmentKind
    count: int
    label: str


def segments(snapshot: Snapshot) -> list[Segment]:
    """The bar from left to right, what is finished first; empty while there are no files."""
    counts = dict(snapshot.counts)
    bar = []
    partial = sum(file.status == "completed" and bool(file.pages_failed) for file in snapshot.files)
    if partial:
        counts["completed"] -= partial
        bar.append(Segment("partial", partial, f"{partial:,} completed with failed pages"))
    done = words.estimated(snapshot)
    if done:
        # The estimate is of the same files that are still "submitted", so it is taken out of them.
        counts["submitted"] -= done
        bar.append(Segment("estimated", done, f"about {done:,} done"))
    for status, number in counts.items():
        bar.append(Segment(_SEGMENT.get(status, "other"), number, f"{number:,} {words.one_line(status, 40)}"))
    order = ("completed", "partial", "failed", "cancelled", "estimated", "running", "pending", "uploaded", "waiting")
    rank = {kind: place for place, kind in enumerate(order)}
    return sorted((part for part in bar if part.count), key=lambda part: rank.get(part.kind, len(rank)))


def progress(snapshot: Snapshot) -> str:
    """How far it is: `24 of 29 files · 5 failed`, or what is known while the service tells nothing of single files."""
    total, counts = len(snapshot.files), snapshot.counts
    if not total:
        return "no files yet" if snapshot.phase == UPLOADING else "no files"
    again = words.retry(snapshot)
    if snapshot.phase == UPLOADING and again is None:
        there = sum(file.file_id is not None for file in snapshot.files)
        parts = [f"{there:,} of {words.count(total, 'file')} uploaded"]
    elif words.is_silent(snapshot):
        parts = [f"{words.count(total, 'file')} submitted"]
        if snapshot.estimated_done:
            parts = [f"{parts[0]}; about {snapshot.estimated_done:,} done (estimated from job lists)"]
    elif snapshot.phase == "FAILED" and not snapshot.done:
        parts = [f"{words.count(total, 'file')}, what became of them is unknown"]
    elif snapshot.ended:
        parts = [f"{counts.get('completed', 0):,} of {words.count(total, 'file')} completed"]
    else:
        parts = [f"{snapshot.done:,} of {words.count(total, 'file')} done"]
        more = words.estimated(snapshot)
        if more:
            parts = [f"{parts[0]}, about {more:,} more (estimated from job lists)"]
    if again is not None:
        parts.append(f"attempt {again[0]}: {words.count(again[1], 'file')}")
    parts += [f"{counts[status]:,} {status}" for status in ("failed", "cancelled") if status in counts]
    if snapshot.pages is not None:
        parts.append(words.count(snapshot.pages, "page"))
    return " · ".join(filter(None, (*parts, _credits(snapshot))))


def _credits(snapshot: Snapshot) -> str:
    """What was billed as far as the service has said so; the local engine bills nothing, which needs no words."""
    billed, missing = snapshot.credits, snapshot.credits_missing
    if snapshot.service.local and not billed:
        return ""
    if billed is None:
        return "credits not reported yet" if missing and snapshot.ended else ""
    rest = f", {words.count(missing, 'file')} not yet" if missing else ""
    return f"{words.amount(billed)} credits reported{rest}"


def timing(snapshot: Snapshot) -> str:
    """How long, until when: `4 min elapsed · 3.2 files/min · ready about 13:15`, `finished 13:12 after 46 min`."""
    parts = []
    if snapshot.elapsed is not None:
        if snapshot.ended and snapshot.updated_at:
            verb = {"COMPLETED": "finished", "CANCELLED": "stopped"}.get(snapshot.phase, "ended")
            when = words.clock(snapshot.updated_at, snapshot.taken_at)
            parts.append(f"{verb} {when} after {words.duration(snapshot.elapsed)}")
        else:
            parts.append(f"{words.duration(snapshot.elapsed)} elapsed")
    speed = words.pace(snapshot)
    if speed is not None:
        parts.append(speed)
    ready = words.ready_at(snapshot)
    if ready is not None:
        parts.append(f"ready about {words.clock(ready, snapshot.taken_at)}")
    return " · ".join(parts)


def hint(snapshot: Snapshot) -> str:
    """What a person may want to know or do next in this state, in a sentence or two; empty when there is nothing."""
    rest = ""
    if snapshot.rest:
        are, them = ("is", "it") if snapshot.rest == 1 else ("are", "them")
        rest = f"{words.count(snapshot.rest, 'new or changed file')} {are} not in this run: {REST} sends {them}."
    return " ".join(filter(None, (_next_step(snapshot), rest)))


def hint_parts(snapshot: Snapshot) -> list[str]:
    """`hint` cut where it quotes Python: text and code by turns, text first."""
    calls = filter(None, (words.open_call(snapshot), *CALLS))
    text = hint(snapshot)
    return re.split(f"({'|'.join(map(re.escape, calls))})", text) if text else []


def _next_step(snapshot: Snapshot) -> str:
    again = words.open_call(snapshot)
    if snapshot.phase == UPLOADING:
        return "Uploading: leave this running until every file is there."
    if snapshot.phase == "FAILED":
        if snapshot.trouble is not None and snapshot.trouble.kind == "failed":
            return ""  # that line says so already
        return f"The service gives no reason when a batch fails: {RETRY} sends the files without a result again."
    worth = words.retryable(snapshot)
    if worth:
        are, them = ("is", "it") if worth == 1 else ("are", "them")
        return f"{words.count(worth, 'failed file')} {are} worth a retry: {RETRY} sends {them} again."
    if snapshot.ended or again is None:
        return ""
    if snapshot.trouble is not None and snapshot.trouble.kind in _UNWATCHED:
        return (
            "" if snapshot.trouble.kind == "expired" else f"Nobody follows it here any more: {again} takes it up again."
        )
    if snapshot.service.local:
        return f"The work pauses when this kernel or program ends; {again} takes it up again."
    silent = " What became of each file is reported at the end." if words.is_silent(snapshot) else ""
    return f"All submitted: this may be closed, {again} brings it back.{silent}"


def unfinished(snapshot: Snapshot) -> int:
    """How many files a cancel would leave without a result, as far as is known."""
    return len(snapshot.files) - snapshot.done - words.estimated(snapshot)


def cancel_question(snapshot: Snapshot) -> str:
    """What a Cancel button asks before it does anything."""
    about = "about " if words.estimated(snapshot) else ""
    return f"Cancel {about}{words.count(unfinished(snapshot), 'unfinished file')}? Finished files keep their results."


def retry_question(snapshot: Snapshot) -> str:
    """What a Retry button asks before it does anything."""
    files = words.count(words.retryable(snapshot), "file")
    billed = "" if snapshot.service.local else f" {'It is' if files == '1 file' else 'They are'} billed again."
    return f"Retry {files} as a new batch?{billed}"


def announcement(before: Snapshot | None, now: Snapshot, recent: Container[TroubleKind] = ()) -> str:
    """What a screen reader is told of the step from `before` to `now`.

    Quarters, first failure, throttling, new trouble, a retry's beginning, the end; empty when the step is none of
    these, so that nobody is talked to at every tick (panels.md). `recent` are the kinds of trouble that were told a
    moment ago: one that comes and goes is told once.
    """
    if before is None:
        return ""
    if now.ended and not before.ended:
        return f"{words.run_look(now).word}. {progress(now)}."
    if now.phase == "THROTTLED" != before.phase:
        return words.run_look(now).word
    known = None if before.trouble is None else before.trouble.kind
    if now.trouble is not None and now.trouble.kind != known and now.trouble.kind not in recent:
        return trouble.line(now.trouble, now.taken_at)
    if now.ended:
        return ""
    if before.ended:
        again = words.retry(now)
        return f"Attempt {again[0]} has begun: {words.count(again[1], 'file')}." if again else ""
    if now.counts.get("failed", 0) and not before.counts.get("failed", 0):
        first = next(file for file in now.files if file.status == "failed")
        return f"First failure: {words.one_line(first.name, 80)}, {words.reason(first, 120)}"
    total = len(now.files)
    if total and before.files:
        quarter, old = 4 * now.done // total, 4 * before.done // len(before.files)
        if quarter > old:
            return f"{25 * quarter} % done. {progress(now)}."
    return ""
