"""Snapshots to render: every state a run can be in, with a fixed clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from llamabatch_nb.snapshot import BatchState, FileState, Service, Snapshot, Trouble, TroubleKind

NOW = datetime(2026, 11, 24, 13, 4, 30, tzinfo=UTC)
LOCAL = Service(label="Local engine", base_url="http://local.invalid", local=True)
CLOUD = Service(label="LlamaCloud NA", base_url="https://api.cloud.llamaindex.ai", local=False)


def file(name: str, status: str = "completed", **facts: Any) -> FileState:
    facts.setdefault("file_id", f"dfl-{name}")
    return FileState(name=name, status=status, **facts)


def snapshot(*files: FileState, **facts: Any) -> Snapshot:
    """A running local run of 4 minutes 30 seconds, unless told otherwise."""
    known: dict[str, Any] = {
        "name": "Q3",
        "source": "invoices/",
        "service": LOCAL,
        "configuration_id": "cfg-PARSE_AGENTIC",
        "job_type": "parse_v2",
        "phase": "RUNNING",
        "taken_at": NOW,
        "files": files,
        "batch_id": "bat-1",
        "directory_id": "dir-1",
        "created_at": NOW - timedelta(minutes=4, seconds=30),
        "updated_at": NOW,
    }
    return Snapshot(**(known | facts))


def mixed(**facts: Any) -> Snapshot:
    """24 of 29 files read, one of them in part, five failed for reasons of their own; ended."""
    why = (
        "This PDF needs a password.",
        "Timed out after 120 s.",
        "The file is damaged: it ends early.",
        None,
        "Empty.",
    )
    files = []
    for number in range(1, 30):
        name = f"invoice-{number:03d}.pdf"
        if number % 6 == 5:
            reason = why[number // 6]
            files.append(file(name, "failed", job_id=f"pjb-{number}", error=reason, error_source="job"))
        else:
            bad = 2 if number == 9 else None
            files.append(file(name, pages=number % 4 + 2, pages_failed=bad, job_id=f"pjb-{number}", size=number * 1000))
    return snapshot(*files, **({"phase": "COMPLETED"} | facts))


def silent(total: int = 3000, **facts: Any) -> Snapshot:
    """LlamaCloud while a batch runs: no job of any file is known (contract.md 1.2)."""
    files = [file(f"invoice-{number:04d}.pdf", "submitted") for number in range(1, total + 1)]
    return snapshot(*files, **({"service": CLOUD} | facts))


def batch(number: int, files: int, phase: str = "COMPLETED", **facts: Any) -> BatchState:
    facts.setdefault("ended", phase == "COMPLETED")
    return BatchState(batch_id=f"bat-{number}", directory_id=f"dir-{number}", phase=phase, files=files, **facts)


def triage(**facts: Any) -> Snapshot:
    """LlamaCloud, ended: two copies of one file, two failures worth another try, one that is not; credits of most."""
    files = (
        file("a.pdf", pages=2, credits=20.0, job_id="pjb-1", batch_id="bat-1"),
        file("b.pdf", pages=2, credits=20.0, job_id="pjb-1", batch_id="bat-1", copy_of="a.pdf"),
        file("late.pdf", pages=3, job_id="pjb-2", batch_id="bat-1"),
        file("slow.pdf", "failed", job_id="pjb-3", batch_id="bat-1", error="Timed out after 120 s.", retryable=True),
        file("busy.pdf", "failed", job_id="pjb-4", batch_id="bat-1", error="HTTP 503", retryable=True),
        file("locked.pdf", "failed", job_id="pjb-5", batch_id="bat-1", error="Needs a password.", retryable=False),
    )
    return snapshot(*files, **({"phase": "COMPLETED", "service": CLOUD, "batches": (batch(1, 5),)} | facts))


def retried(**facts: Any) -> Snapshot:
    """The same run while its retry runs: one of the two is read by now."""
    first = triage().files
    files = (
        *first[:3],
        file("slow.pdf", pages=9, credits=90.0, job_id="pjb-6", batch_id="bat-2", attempt=2),
        file("busy.pdf", "running", job_id="pjb-7", batch_id="bat-2", attempt=2),
        first[5],
    )
    batches = (batch(1, 5), batch(2, 2, "RUNNING", attempt=2))
    return triage(**({"phase": "RUNNING", "files": files, "batches": batches} | facts))


#: Every kind of trouble as a follower may say it.
TROUBLES: dict[TroubleKind, Trouble] = {
    trouble.kind: trouble
    for trouble in (
        Trouble(
            kind="throttled", text="LlamaCloud asked us to slow down.", since=NOW, until=NOW + timedelta(seconds=4)
        ),
        Trouble(
            kind="offline",
            text="LlamaCloud cannot be reached.",
            since=NOW - timedelta(minutes=13),
            until=NOW + timedelta(minutes=1),
        ),
        Trouble(kind="service", text="LlamaCloud has trouble of its own (503).", since=NOW - timedelta(minutes=2)),
        Trouble(
            kind="stalled",
            text="No change for 22 min: take what is finished, or cancel.",
            files=("a.pdf", "b.pdf", "c.pdf", "d.pdf", "e.pdf"),
        ),
        Trouble(kind="asleep", text="This machine was asleep 41 min; looking at once."),
        Trouble(kind="disk", text="Results cannot be kept on this machine: make room in the state folder."),
        Trouble(
            kind="key refused", text="LlamaCloud refused the key (401): set LLAMA_CLOUD_API_KEY and open it again."
        ),
        Trouble(kind="out of credits", text="The account has no credits left (402)."),
        Trouble(
            kind="expired",
            text="The service no longer knows this batch; what is shown was saved on this machine on 2026-11-20.",
        ),
        Trouble(kind="failed", text="LlamaCloud gives no reason; submit the files again."),
        Trouble(kind="stopped", text="Following it has ended: the answer was not of this API."),
    )
}


def later(before: Snapshot, seconds: float = 1, **facts: Any) -> Snapshot:
    return replace(before, taken_at=before.taken_at + timedelta(seconds=seconds), **facts)
