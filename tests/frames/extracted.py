"""A run of extract jobs as it is when it has ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from llamabatch_nb.snapshot import FileState, Service, Snapshot


def taken(*files: FileState, **said: Any) -> Snapshot:
    return Snapshot(
        name="Q3",
        source="invoices",
        service=Service(label="the local engine", base_url="http://engine", local=True),
        configuration_id="cfg-1",
        job_type="extract_v2",
        phase="COMPLETED",
        taken_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        batch_id="bat-1",
        files=files,
        **said,
    )


def state(number: int, **said: Any) -> FileState:
    known: dict[str, Any] = {"name": f"{number}.pdf", "file_id": f"dfl-{number}", "job_id": f"ext-{number}"}
    return FileState(**(known | {"job_type": "extract_v2", "status": "completed"} | said))
