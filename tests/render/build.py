"""Snapshots to render: every state a run can be in, with a fixed clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from llamabatch_nb.snapshot import FileState, Service, Snapshot

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


def later(before: Snapshot, seconds: float = 1, **facts: Any) -> Snapshot:
    return replace(before, taken_at=before.taken_at + timedelta(seconds=seconds), **facts)
