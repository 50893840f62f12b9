"""The one place for words, marks and numbers: terminal, saved notebook and live panel speak alike.

A status is a mark and a word, never colour alone. The words are the API's own, capitals for the batch and lower case
for a file; a word nobody has seen before is shown as it came. Numbers are honest: no estimated end before three files
have ended or while the service throttles, and an end is a rounded clock time.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from llamabatch_nb.snapshot import TERMINAL_BATCH, UPLOADING, FileState, Service, Snapshot, TroubleKind

#: What a mark's colour and texture say; never shown as a word.
Kind = Literal["good", "partial", "bad", "active", "waiting", "warn", "neutral"]

#: While one of these lasts nothing is seen to move, so a speed and an end would be of another time.
_UNSEEN: frozenset[TroubleKind] = frozenset({"offline", "service", "stalled", "key refused", "expired", "stopped"})
#: Fewer ended files than this tell nothing of when the rest will be ready (panels.md).
ETA_AFTER = 3


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown: `mark` is one character, `word` what people read, `kind` picks colour and texture."""

    mark: str
    word: str
    kind: Kind


_FILE_LOOKS: dict[str, tuple[str, Kind]] = {
    "completed": ("✓", "good"),
    "failed": ("✗", "bad"),
    "cancelled": ("⊘", "neutral"),
    "running": ("●", "active"),
    "pending": ("○", "waiting"),
    "submitted": ("○", "waiting"),
    "uploaded": ("↑", "waiting"),
    "waiting": ("◌", "waiting"),
}


_RUN_LOOKS = {
    UPLOADING: Look("↑", UPLOADING, "active"),
    "PENDING": Look("○", "PENDING", "waiting"),
    "THROTTLED": Look("◔", "THROTTLED: waiting for capacity", "warn"),
    "RUNNING": Look("●", "RUNNING", "active"),
    "FAILED": Look("✗", "FAILED", "bad"),
}


def file_look(file: FileState) -> Look:
    """The look of one file; completed with failed pages, and failed but worth a retry, are cases of their own."""
    if file.status == "failed" and file.retryable:
        return Look("✗", "failed, worth a retry", "bad")
    if file.status == "completed" and file.pages_failed:
        return Look("◐", f"completed, {count(file.pages_failed, 'page')} failed", "partial")
    mark, kind = _FILE_LOOKS.get(file.status, ("?", "neutral"))
    return Look(mark, one_line(file.status, 40), kind)


def run_look(snapshot: Snapshot) -> Look:
    """The look of the whole run. COMPLETED means mapped, not succeeded, so what failed is said beside it."""
    if snapshot.phase == "COMPLETED":
        return _completed_look(snapshot)
    if snapshot.phase == "CANCELLED":
        return Look("⊘", f"CANCELLED, {count(snapshot.counts.get('completed', 0), 'file')} kept", "neutral")
    return _RUN_LOOKS.get(snapshot.phase) or Look("?", one_line(snapshot.phase, 40), "neutral")


def _completed_look(snapshot: Snapshot) -> Look:
    phase, failed = snapshot.phase, snapshot.counts.get("failed", 0)
    if not snapshot.ended:
        left = sum(file.job_id is not None and not file.ended for file in snapshot.files)
        return Look("●", f"COMPLETED, {count(left, 'job')} still running", "active")
    if failed and failed == len(snapshot.files):
        return Look("✗", f"COMPLETED, {'the only file' if failed == 1 else f'all {failed:,} files'} failed", "bad")
    if failed:
        return Look("✓", f"COMPLETED, {count(failed, 'file')} failed", "good")
    partial = sum(bool(file.pages_failed) for file in snapshot.files)
    if partial:
        return Look("✓", f"COMPLETED, {count(partial, 'file')} with failed pages", "good")
    return Look("✓", phase, "good")


def reason(file: FileState, limit: int = 300) -> str:
    """Why a file is not simply completed, in one line of about `limit` characters; empty when there is no why.

    Of a failed file it ends in whether trying again may help, where that is known.
    """
    worth = "; worth a retry" if file.status == "failed" and file.retryable else ""
    return why(file, limit).removesuffix("." if worth else "") + worth


def why(file: FileState, limit: int = 300) -> str:
    """`reason` beside `file_look`, whose word says already that a file is worth a retry."""
    if file.error:
        said = one_line(file.error.removeprefix(f"{file.name}: "), limit)
        said = {"upload": "not uploaded: ", "mapping": "no job: "}.get(file.error_source or "job", "") + said
        hopeless = file.status == "failed" and file.retryable is False
        return f"{said.removesuffix('.')}; as it is, a retry will not help" if hopeless else said
    if file.status == "failed":
        return "no reason given"
    if file.pages_failed:
        return f"{file.pages_failed:,} of {count(file.pages, 'page')} failed" if file.pages else ""
    return ""


def origin(file: FileState) -> list[str]:
    """How a row came about where that is not plain: `attempt 2`, `same as a.pdf`."""
    said = [f"attempt {file.attempt}"] if file.attempt > 1 else []
    return said + ([f"same as {one_line(file.copy_of, 80)}"] if file.copy_of is not None else [])


def remark(file: FileState, limit: int = 300) -> str:
    """What a row says of a file beside its status: `why`, then its `origin`; empty for most."""
    return " · ".join(filter(None, (why(file, limit), *origin(file))))


def retry(snapshot: Snapshot) -> tuple[int, int] | None:
    """The attempt that is under way and how many files were sent in it; None in the first attempt and after the end."""
    latest = max((batch.attempt for batch in snapshot.batches), default=1)
    if latest == 1 or snapshot.ended:
        return None
    return latest, sum(batch.files for batch in snapshot.batches if batch.attempt == latest)


def retryable(snapshot: Snapshot) -> int:
    """How many files a retry of an ended run would send; copies go with the file they are the same as.

    Failed ones that are worth it, and all of which nothing is known though their batch has ended, as in a FAILED one.
    """
    sent = (file for file in snapshot.files if file.copy_of is None and file.status not in {"completed", "cancelled"})
    return sum(file.status != "failed" or file.retryable is True for file in sent) if snapshot.ended else 0


def estimated(snapshot: Snapshot) -> int:
    """About how many files have ended beyond those that are known to: by job lists, for parts that tell nothing."""
    more = (snapshot.estimated_done or 0) - snapshot.done
    return max(min(more, snapshot.counts.get("submitted", 0)), 0)


def is_silent(snapshot: Snapshot) -> bool:
    """True while the service tells nothing of single files, as LlamaCloud does until the end (contract.md 1.2)."""
    return (
        snapshot.phase not in TERMINAL_BATCH
        and snapshot.phase != UPLOADING
        and any(file.status == "submitted" for file in snapshot.files)
        and not any(file.job_id for file in snapshot.files)
    )


def ready_at(snapshot: Snapshot) -> datetime | None:
    """The estimated end, rounded up to 1, 5 or 15 minutes by how far it is, or None where it would be a guess."""
    ended = max(snapshot.done, snapshot.estimated_done or 0)
    if snapshot.eta is None or snapshot.phase == "THROTTLED" or ended < ETA_AFTER or _stands(snapshot):
        return None
    left = (snapshot.eta - snapshot.taken_at).total_seconds() / 60
    step = 60 * (1 if left < 20 else 5 if left < 120 else 15)
    rounded = math.ceil(snapshot.eta.timestamp() / step) * step
    return datetime.fromtimestamp(rounded, tz=snapshot.taken_at.tzinfo)


def pace(snapshot: Snapshot) -> str | None:
    """How fast files end, `3.4 files/min`, or None where nothing ends or nobody sees it."""
    return rate(snapshot.rate) if snapshot.rate and not _stands(snapshot) else None


def _stands(snapshot: Snapshot) -> bool:
    return snapshot.ended or (snapshot.trouble is not None and snapshot.trouble.kind in _UNSEEN)


def clock(when: datetime, taken_at: datetime, *, seconds: bool = False) -> str:
    """A time of day in the zone of `taken_at`, with the day when it is another one and `UTC` when it is that."""
    local = when.astimezone(taken_at.tzinfo)
    day = "" if local.date() == taken_at.date() else local.strftime("%Y-%m-%d ")
    return f"{day}{local:{'%H:%M:%S' if seconds else '%H:%M'}}{' UTC' if taken_at.tzinfo == UTC else ''}"


def duration(span: timedelta) -> str:
    """A time span in at most two units, as people say it: `42 s`, `4 min 10 s`, `46 min`, `2 h 5 min`, `3 d 4 h`."""
    seconds = int(span.total_seconds())
    if seconds < 1:
        return "under 1 s"
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 10 and seconds:
        return f"{minutes} min {seconds} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def rate(files_a_second: float) -> str:
    """A speed in the unit that gives a readable number: `12 files/s`, `3.4 files/min`, `40 files/h`."""
    unit, factor = next(
        ((unit, factor) for unit, factor in (("s", 1), ("min", 60)) if files_a_second * factor >= 1), ("h", 3600)
    )
    number = _two_digits(files_a_second * factor)
    return f"{number} file{'' if number == '1' else 's'}/{unit}"


def size(bytes_: int) -> str:
    """Bytes in decimal units: `380 MB`."""
    value, units = float(bytes_), ["bytes", "kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{bytes_:,} bytes" if units[0] == "bytes" else f"{_two_digits(value)} {units[0]}"


def count(number: int, noun: str) -> str:
    """`1 file`, `3,000 files`, `2 batches`."""
    plural = "es" if noun.endswith("ch") else "s"
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def amount(number: float) -> str:
    """`88,700`, `88.5`: never as a power of ten."""
    return f"{number:,.2f}".rstrip("0").rstrip(".")


_PRESET = re.compile(r"cfg-(PARSE|EXTRACT)_([A-Z_]+)")


def configuration_name(configuration_id: str, job_type: str) -> str:
    """What people read for a configuration: presets by name, `Agentic (parse)`; saved ones by their id and job."""
    preset = _PRESET.fullmatch(configuration_id)
    if preset:
        return f"{preset[2].replace('_', ' ').capitalize()} ({preset[1].lower()})"
    return f"{one_line(configuration_id, 40)} ({one_line(job_type, 20).split('_')[0]})"


def configuration(snapshot: Snapshot) -> str:
    """What the run does, and in how many batches: `Agentic (parse) · 3 batches`."""
    name = configuration_name(snapshot.configuration_id, snapshot.job_type)
    return f"{name} · {count(len(snapshot.batches), 'batch')}" if len(snapshot.batches) > 1 else name


def title(snapshot: Snapshot) -> str:
    """The run's source and, in quotes, its name: `invoices/ "Q3"`."""
    source = one_line(snapshot.source, 120)
    return f'{source} "{one_line(snapshot.name, 80)}"' if snapshot.name else source


def where(service: Service) -> str:
    """Which service, and for the local engine what that means."""
    label = one_line(service.label, 80)
    return f"{label}: files stay on this machine" if service.local else label


def open_call(snapshot: Snapshot) -> str | None:
    """The Python that brings this run back, or None before it has a name or an id."""
    key = snapshot.name or snapshot.batch_id
    return f"lb.open({json.dumps(visible(key), ensure_ascii=False)})" if key else None


def visible(text: str) -> str:
    r"""The same text on one line with nothing hidden in it.

    Control characters, direction overrides and lone surrogates are written as escapes: a file name must neither steer
    a terminal nor read as another one (`invoice\u202efdp.exe`), nor break the JSON of a widget message. The joiners
    U+200C and U+200D stay: scripts and emoji need them.
    """
    return "".join(map(_shown, text))


def one_line(text: str, limit: int) -> str:
    """`visible` text with white space collapsed, cut to `limit` characters with an ellipsis."""
    # Escapes only grow, so what lies beyond the limit is never looked at: error texts may be megabytes.
    flat = visible(" ".join(text[: 4 * limit].split()))
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def _shown(char: str) -> str:
    if char.isprintable() or char in " \u200c\u200d" or unicodedata.category(char) == "Zs":
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _two_digits(value: float) -> str:
    """Two significant digits below 100, whole numbers above: a shown rate must not flicker."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
