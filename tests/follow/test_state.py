from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.contract.directories import DirectoryFile
from llamabatch_nb.contract.parse import ParseJob
from llamabatch_nb.follow.state import RunState, Tracked
from llamabatch_nb.snapshot import Service, Snapshot

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def state(*names: str) -> RunState:
    return RunState(
        source="folder",
        service=Service(label="Test", base_url="http://test", local=False),
        configuration_id="cfg-PARSE_AGENTIC",
        job_type="parse_v2",
        files=[Tracked(name=name, file_id=f"dfl-{name}") for name in names],
    )


def batch(status: str, results: list[dict[str, Any]] | None = None) -> Batch:
    return Batch.model_validate(
        {
            "id": "bat-1",
            "config": {"job": {"configuration_id": "cfg-PARSE_AGENTIC", "type": "parse_v2"}},
            "project_id": "p",
            "source_directory_id": "dir-1",
            "status": status,
            "created_at": NOW,
            "results": results,
        }
    )


def mapped(name: str) -> dict[str, Any]:
    return {
        "source_directory_file_id": f"dfl-{name}",
        "job_reference": {"id": f"pjb-{name}", "type": "parse_v2"},
    }


def job(name: str, status: str, error: str | None = None) -> ParseJob:
    return ParseJob(id=f"pjb-{name}", project_id="p", status=status, error_message=error)


def taken(run: RunState, at: float = 0.0) -> Snapshot:
    return run.snapshot(taken_at=NOW, at=at)


def test_completed_means_mapped_and_the_run_goes_on_until_its_jobs_end() -> None:
    run = state("a", "b")
    run.take_batch(batch("COMPLETED", [mapped("a"), mapped("b")]))
    run.take_jobs([job("a", "COMPLETED"), job("b", "RUNNING")])
    assert (run.ended, taken(run).ended, run.open_jobs()) == (False, False, ["pjb-b"])
    run.take_jobs([job("b", "FAILED", "no")])
    assert (run.ended, taken(run).ended, run.open_jobs()) == (True, True, [])


def test_null_results_with_completed_means_ask_again() -> None:
    run = state("a")
    run.take_batch(batch("COMPLETED"))
    assert not run.ended


def test_the_three_shapes_of_a_result() -> None:
    run = state("a", "b", "c")
    run.take_batch(
        batch(
            "COMPLETED",
            [
                mapped("a"),
                {"source_directory_file_id": "dfl-b", "error_message": "no room"},
                {"source_directory_file_id": "dfl-c"},
            ],
        )
    )
    run.take_jobs([job("a", "FAILED", "damaged")])
    assert [(file.status, file.error, file.error_source) for file in taken(run).files] == [
        ("failed", "damaged", "job"),
        ("failed", "no room", "mapping"),
        ("submitted", None, None),
    ]


def test_a_file_the_directory_lost_is_still_a_row() -> None:
    run = state("a")
    run.take_batch(batch("COMPLETED", [mapped("a"), mapped("gone")]))
    assert [file.name for file in taken(run).files] == ["a", "dfl-gone"]


def test_unknown_statuses_are_kept_and_are_not_the_end() -> None:
    run = state("a")
    run.take_batch(batch("PAUSED", [mapped("a")]))
    run.take_jobs([job("a", "NAPPING")])
    assert (taken(run).phase, taken(run).files[0].status, run.ended) == ("PAUSED", "NAPPING", False)


def test_names_that_are_ambiguous_become_unique_ids() -> None:
    run = state()
    listed = [
        DirectoryFile(id=f"dfl-{key}", directory_id="d", display_name=name, unique_id=key, project_id="p")
        for key, name in [("x/a.pdf", "a.pdf"), ("y/a.pdf", "a.pdf"), ("k3", "b.pdf")]
    ]
    run.take_listing(listed)
    assert [file.name for file in run.files] == ["x/a.pdf", "y/a.pdf", "b.pdf"]


def test_no_rate_and_no_eta_before_three_files_were_seen_to_end() -> None:
    run = state(*"abcdefgh")
    results = [mapped(name) for name in "abcdefgh"]
    run.take_batch(batch("RUNNING", results))
    run.saw(10.0)
    run.take_jobs([job("a", "COMPLETED"), job("b", "COMPLETED")])
    run.saw(12.0)
    assert taken(run, 12.0).rate is None
    run.take_jobs([job("c", "COMPLETED"), job("d", "COMPLETED")])
    run.saw(14.0)
    now = taken(run, 14.0)
    assert now.rate == 1.0
    assert now.eta is not None
    assert (now.eta - NOW).total_seconds() == 4
    run.take_batch(batch("THROTTLED", results))
    assert taken(run, 15.0).eta is None
