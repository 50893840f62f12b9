"""What is wrong with a run, as people see it: a mark, a colour, one line, clock times."""

from __future__ import annotations

from datetime import datetime, timedelta

from llamabatch_nb.render import vocabulary as words
from llamabatch_nb.snapshot import Trouble, TroubleKind

#: Troubles that pass by themselves look like warnings; the others need somebody and look like errors.
_PASSING: frozenset[TroubleKind] = frozenset({"throttled", "offline", "service", "stalled", "asleep"})
#: Troubles whose beginning says more than their sentence does.
_DATED: frozenset[TroubleKind] = frozenset({"offline", "service"})
#: Nearer than this a next try is told to the second.
_SOON = timedelta(minutes=10)
#: Slow files that are named; the rest are counted.
_NAMED = 3


def look(trouble: Trouble) -> words.Look:
    """Mark and kind of a trouble: `warn` for those that pass by themselves, `bad` for those that need somebody."""
    if trouble.kind == "throttled":
        return words.Look("◔", trouble.kind, "warn")
    passing = trouble.kind in _PASSING
    return words.Look("⚠" if passing else "✗", trouble.kind, "warn" if passing else "bad")


def text(trouble: Trouble) -> str:
    """What is wrong in one line without clock times; of a stalled run also its slowest files."""
    said = words.one_line(trouble.text, 300)
    if not trouble.files or trouble.files[0] in trouble.text:  # the sentence names them itself
        return said
    names = ", ".join(words.one_line(name, 60) for name in trouble.files[:_NAMED])
    more = f" and {len(trouble.files) - _NAMED:,} more" if len(trouble.files) > _NAMED else ""
    return f"{said.removesuffix('.')} · slowest: {names}{more}"


def since(trouble: Trouble) -> datetime | None:
    """When it began, where that is worth a word."""
    return trouble.since if trouble.kind in _DATED else None


def line(trouble: Trouble, taken_at: datetime) -> str:
    """`text` and its clock times: `LlamaCloud cannot be reached · since 12:51 · next try 13:05:10`."""
    said, began = text(trouble), since(trouble)
    times = [f"since {words.clock(began, taken_at)}"] if began is not None else []
    if trouble.until is not None and trouble.until > taken_at:
        soon = trouble.until - taken_at < _SOON
        times.append(f"next try {words.clock(trouble.until, taken_at, seconds=soon)}")
    return " · ".join([said.removesuffix("."), *times]) if times else said
