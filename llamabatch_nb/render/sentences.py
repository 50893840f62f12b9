"""What a run's state amounts to, in sentences and bar segments: the same for terminal, saved notebook and panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llamabatch_nb.render import vocabulary as words
from llamabatch_nb.snapshot import UPLOADING, Snapshot

#: The texture of a bar segment. `estimated` are counted from job lists, `partial` are completed with failed pages.
SegmentKind = Literal[
    "completed", "partial", "failed", "cancelled", "running", "estimated", "pending", "uploaded", "waiting", "other"
]
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
    if words.is_silent(snapshot) and snapshot.estimated_done:
        # The estimate is of the same files that are still "submitted", so it is taken out of them.
        done = min(snapshot.estimated_done, counts["submitted"])
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
    if snapshot.phase == UPLOADING:
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
    parts += [f"{counts[status]:,} {status}" for status in ("failed", "cancelled") if status in counts]
    if snapshot.pages is not None:
        parts.append(words.count(snapshot.pages, "page"))
    if snapshot.credits is not None:
        parts.append(f"{snapshot.credits:,g} credits reported")
    return " · ".join(parts)


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
    if snapshot.rate and not snapshot.ended:
        parts.append(words.rate(snapshot.rate))
    ready = words.ready_at(snapshot)
    if ready is not None:
        parts.append(f"ready about {words.clock(ready, snapshot.taken_at)}")
    return " · ".join(parts)


def hint(snapshot: Snapshot) -> str:
    """What a person may want to know or do next in this state, in a sentence or two; empty when there is nothing."""
    again = words.open_call(snapshot)
    if snapshot.phase == UPLOADING:
        return "Uploading: leave this running until every file is there."
    if snapshot.phase == "FAILED":
        return "The service gives no reason when a batch fails, and no result per file. Submit it again with new=True."
    if snapshot.ended or again is None:
        return ""
    if snapshot.service.local:
        return f"The work pauses when this kernel or program ends; {again} takes it up again."
    silent = " What became of each file is reported at the end." if words.is_silent(snapshot) else ""
    return f"All submitted: this may be closed, {again} brings it back.{silent}"


def unfinished(snapshot: Snapshot) -> int:
    """How many files a cancel would leave without a result, as far as is known."""
    left = len(snapshot.files) - snapshot.done
    return max(left - (snapshot.estimated_done or 0), 0) if words.is_silent(snapshot) else left


def cancel_question(snapshot: Snapshot) -> str:
    """What a Cancel button asks before it does anything."""
    about = "about " if words.is_silent(snapshot) and snapshot.estimated_done else ""
    return f"Cancel {about}{words.count(unfinished(snapshot), 'unfinished file')}? Finished files keep their results."


def announcement(before: Snapshot | None, now: Snapshot) -> str:
    """What a screen reader is told of the step from `before` to `now`: quarters, first failure, throttling, the end.

    Empty when the step is none of these, so that nobody is talked to at every tick (panels.md).
    """
    if before is None or (before.ended and now.ended):
        return ""
    if now.ended:
        return f"{words.run_look(now).word}. {progress(now)}."
    if now.phase == "THROTTLED" != before.phase:
        return words.run_look(now).word
    if now.counts.get("failed", 0) and not before.counts.get("failed", 0):
        first = next(file for file in now.files if file.status == "failed")
        return f"First failure: {words.one_line(first.name, 80)}, {words.reason(first, 120)}"
    total = len(now.files)
    if total and before.files:
        quarter, old = 4 * now.done // total, 4 * before.done // len(before.files)
        if quarter > old:
            return f"{25 * quarter} % done. {progress(now)}."
    return ""
