"""What an export says of its run: the first sheet of a workbook, the head of a report, the manifest of a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from llamabatch_nb._version import __version__
from llamabatch_nb.snapshot import FILE_ORDER, Snapshot

#: A fact is a text, a number or a time; the format that shows it says how.
Fact = str | int | float | datetime
#: Batches are named up to here; a run of 100,000 files has 100.
_BATCHES = 5


@dataclass(frozen=True, slots=True)
class About:
    """`title` says which run it is, how large and of what type; `facts` are labelled, in order.

    `partial` says why this is not all, else None.
    """

    title: str
    facts: tuple[tuple[str, Fact], ...]
    counts: tuple[tuple[str, int], ...]
    partial: str | None
    taken_at: datetime | None

    @property
    def state(self) -> str:
        return f"PARTIAL: {self.partial}" if self.partial else "complete"

    def manifest(self) -> dict[str, object]:
        """The same as JSON."""
        facts = {label: value.isoformat() if isinstance(value, datetime) else value for label, value in self.facts}
        return {"complete": self.partial is None, "about": facts}


def about_of(frames: Mapping[str, pd.DataFrame], snapshot: Snapshot | None) -> About:
    """What is known of the run: by its Snapshot, and without one by what the frames say of themselves."""
    partial = why_partial(frames, snapshot)
    state = f"PARTIAL: {partial}" if partial else "complete"
    if snapshot is None:
        return _by_attrs(frames, partial, state)
    known: list[tuple[str, Fact | None]] = [
        ("run", snapshot.name),
        ("source", snapshot.source),
        ("service", snapshot.service.label),
        ("configuration", snapshot.configuration_id),
        ("job type", snapshot.job_type),
        ("batches", _batches(snapshot)),
        ("status", snapshot.phase),
        ("files", len(snapshot.files)),
        *((f"files {status}", number) for status, number in snapshot.counts.items()),
        ("pages", snapshot.pages),
        ("credits", snapshot.credits),
        ("files whose credits are not reported yet", snapshot.credits_missing or None),
        ("created", snapshot.created_at),
        ("last change", snapshot.updated_at),
        ("as of", snapshot.taken_at),
        ("state", state),
        ("written by", f"llamabatch-nb {__version__}"),
    ]
    return About(
        title=_title(snapshot),
        facts=tuple((label, value) for label, value in known if value is not None),
        counts=tuple(snapshot.counts.items()),
        partial=partial,
        taken_at=snapshot.taken_at,
    )


def why_partial(frames: Mapping[str, pd.DataFrame], snapshot: Snapshot | None) -> str | None:
    """Why the export is not all there will be, in a sentence; None where nothing will change any more."""
    if snapshot is not None and not snapshot.ended:
        done, files = snapshot.done, len(snapshot.files)
        return f"{done:,} of {files:,} file{'' if files == 1 else 's'} had ended when it was taken."
    missing = [name for name, frame in frames.items() if frame.attrs.get("complete") == "false"]
    return f"not all of {', '.join(missing)} was there when it was taken." if missing else None


def _by_attrs(frames: Mapping[str, pd.DataFrame], partial: str | None, state: str) -> About:
    said: dict[str, str] = {}
    for frame in frames.values():
        for key in ("run", "batch_id", "service", "taken_at"):
            if value := str(frame.attrs.get(key) or ""):
                said.setdefault(key, value)
    taken_at = _time(said.get("taken_at"))
    counts = _counts(frames.get("files"))
    known: list[tuple[str, Fact | None]] = [
        ("run", said.get("run")),
        ("service", said.get("service")),
        ("batches", said.get("batch_id")),
        *((f"files {status}", number) for status, number in counts.items()),
        ("as of", taken_at),
        ("state", state),
        ("written by", f"llamabatch-nb {__version__}"),
    ]
    return About(
        title=said.get("run") or said.get("batch_id") or "Frames",
        facts=tuple((label, value) for label, value in known if value is not None),
        counts=tuple(counts.items()),
        partial=partial,
        taken_at=taken_at,
    )


def _title(snapshot: Snapshot) -> str:
    count = len(snapshot.files)
    kind = f", {snapshot.job_type.partition('_')[0]}" if snapshot.job_type else ""
    called = snapshot.name or snapshot.batch_id or snapshot.source
    return f"{called} \u2013 {count:,} file{'' if count == 1 else 's'}{kind}"


def _batches(snapshot: Snapshot) -> str | None:
    ids = [batch.batch_id for batch in snapshot.batches if batch.batch_id] or list(filter(None, [snapshot.batch_id]))
    more = f" and {len(ids) - _BATCHES:,} more" if len(ids) > _BATCHES else ""
    return ", ".join(ids[:_BATCHES]) + more or None


def _counts(files: pd.DataFrame | None) -> dict[str, int]:
    if files is None or "status" not in files:
        return {}
    seen = Counter(str(status) for status in files["status"].dropna())
    return {word: seen.pop(word) for word in FILE_ORDER if word in seen} | dict(sorted(seen.items()))


def _time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
