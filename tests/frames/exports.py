"""A small run of each kind, with everything that is hostile or odd in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from llamabatch_nb import frames
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.snapshot import FileState, Service, Snapshot

CREATED = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"
NAMES = ["sub/a.pdf", f"{HOSTILE}.pdf", "locked.pdf"]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "day": {"type": "string", "format": "date"},
        "total": {"type": "number"},
        "status": {"enum": ["paid", "open"]},
        "vendor": {"type": "object", "properties": {"name": {"type": "string"}}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "amount": {"type": "number"},
                    "parts": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
                },
            },
        },
    },
}


def snapshot(job_type: str, *, running: bool = False) -> Snapshot:
    def file(number: int, name: str) -> FileState:
        failed = name == "locked.pdf"
        return FileState(
            name=name,
            status="failed" if failed else "running" if running and number else "completed",
            file_id=f"dfl-{number}",
            job_id=f"job-{number}",
            job_type=job_type,
            error=f"It needs a password; {HOSTILE}" if failed else None,
            error_source="job" if failed else None,
            credits=None if failed else 2.5,
            created_at=CREATED,
            updated_at=CREATED + timedelta(seconds=3),
        )

    return Snapshot(
        name="Q3",
        source="invoices/",
        service=Service(label="LlamaCloud NA", base_url="https://api", local=False),
        configuration_id="cfg-1",
        job_type=job_type,
        phase="RUNNING" if running else "COMPLETED",
        taken_at=CREATED + timedelta(minutes=5),
        files=tuple(file(number, name) for number, name in enumerate(NAMES)),
        batch_id="bat-1",
        created_at=CREATED,
    )


def parsed(*, running: bool = False) -> tuple[Snapshot, dict[str, pd.DataFrame]]:
    taken = snapshot("parse_v2", running=running)
    jobs = {
        file.job_id: ParseResult.model_validate(
            {
                "job": {"id": file.job_id, "project_id": "prj", "status": "COMPLETED"},
                "markdown": {
                    "pages": [
                        {"page_number": 1, "success": True, "markdown": f"# {file.name}\n\n=1+1"},
                        {"page_number": 2, "success": False, "error": f"No text on it {HOSTILE}"},
                    ]
                },
                "text": {"pages": [{"page_number": 1, "text": "=1+1"}, {"page_number": 3, "text": "a   b\n```\nc"}]},
                "metadata": {"pages": [{"page_number": 1, "confidence": 0.5}, {"page_number": 3, "confidence": 0.9}]},
            }
        )
        for file in taken.files
        if file.status == "completed"
    }
    return taken, {"files": frames.files(taken, jobs), "pages": frames.pages(taken, jobs)}


def extracted() -> tuple[Snapshot, dict[str, pd.DataFrame]]:
    taken = snapshot("extract_v2")

    def said(confidence: float, page: int = 1, quote: str = "sum 12.50") -> dict[str, Any]:
        return {"confidence": confidence, "citation": [{"page": page, "matching_text": quote}]}

    lines = [{"amount": said(0.95), "parts": []}, {"amount": said(0.9), "parts": [{"id": said(0.2, 4, "p|1")}]}]
    told = {
        "number": said(0.99),
        "total": said(0.42),
        "status": said(0.7, 2, HOSTILE),
        "vendor": {"name": said(0.1)},
        "lines": lines,
    }
    jobs = {
        file.job_id: ExtractJob.model_validate(
            {
                "id": file.job_id,
                "file_input": file.file_id,
                "project_id": "prj",
                "status": "COMPLETED",
                "created_at": CREATED,
                "updated_at": CREATED,
                "configuration": {"data_schema": SCHEMA},
                "extract_result": {
                    "number": "=0042",
                    "day": "2026-10-01",
                    "total": 12.5,
                    "status": "paid",
                    "vendor": {"name": f"Müller {HOSTILE}"},
                    "lines": [{"amount": 10, "parts": []}, {"amount": 2.5, "parts": [{"id": "p|1"}]}],
                },
                "extract_metadata": {"field_metadata": {"document_metadata": told}},
            }
        )
        for file in taken.files
        if file.status == "completed"
    }
    records = {str(one.attrs["schema"]): one for one in frames.records(taken, jobs).values()}
    return taken, {"files": frames.files(taken, jobs), **records, "evidence": frames.evidence(taken, jobs)}
