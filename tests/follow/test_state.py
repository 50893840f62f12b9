from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.contract.directories import DirectoryFile
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseJob
from llamabatch_nb.follow.attach import listed_rows
from llamabatch_nb.follow.journal.rows import Relation
from llamabatch_nb.follow.state.part import PATIENCE, Part
from llamabatch_nb.follow.state.state import RunState
from llamabatch_nb.follow.state.tracked import Tracked
from llamabatch_nb.snapshot import Service, Snapshot

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def part(*names: str, number: int = 1, relation: Relation = "first", **copies: str) -> Part:
    """Files in a directory; `copies` are names and those of the files that are sent in their place."""
    key = f"{number}-" if number > 1 else ""
    files = [Tracked(name=name, sha256=f"content of {name}", file_id=f"dfl-{key}{name}") for name in names]
    files += [Tracked(name=name, sha256=f"content of {of}", copy_of=of) for name, of in copies.items()]
    return Part(id=number, relation=relation, directory_name="ours", directory_id=f"dir-{number}", files=files)


def state(*parts: Part) -> RunState:
    return RunState(
        source="folder",
        service=Service(label="Test", base_url="http://test", local=False),
        configuration_id="cfg-PARSE_AGENTIC",
        job_type="parse_v2",
        parts=list(parts),
    )


def batch(status: str, results: list[dict[str, Any]] | None = None, number: int = 1) -> Batch:
    return Batch.model_validate(
        {
            "id": f"bat-{number}",
            "config": {"job": {"configuration_id": "cfg-PARSE_AGENTIC", "type": "parse_v2"}},
            "project_id": "p",
            "source_directory_id": f"dir-{number}",
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


def job(name: str, status: str, error: str | None = None, **more: Any) -> ParseJob:
    return ParseJob(id=f"pjb-{name}", project_id="p", status=status, error_message=error, **more)


def taken(run: RunState, at: float = 0.0) -> Snapshot:
    return run.snapshot(taken_at=NOW, at=at)


def rows(run: RunState) -> dict[str, tuple[str, int]]:
    return {file.name: (file.status, file.attempt) for file in taken(run).files}


def retried(first: Part, *names: str, number: int = 2) -> Part:
    """Another attempt at some files of a part."""
    contents = {file.name: file.sha256 for file in first.files}
    again = part(*names, number=number, relation="retry")
    for file in again.files:
        file.sha256 = contents[file.name]
    return again


def test_completed_means_mapped_and_the_run_goes_on_until_its_jobs_end() -> None:
    one = part("a", "b")
    run = state(one)
    one.take_batch(batch("COMPLETED", [mapped("a"), mapped("b")]))
    one.take_jobs([job("a", "COMPLETED"), job("b", "RUNNING")])
    assert (run.ended, taken(run).ended, one.open_jobs()) == (False, False, ["pjb-b"])
    assert taken(run).phase == "COMPLETED"
    one.take_jobs([job("b", "FAILED", "no")])
    assert (run.ended, taken(run).ended, one.open_jobs()) == (True, True, [])


def test_null_results_with_completed_means_ask_again() -> None:
    one = part("a")
    one.take_batch(batch("COMPLETED"))
    assert not state(one).ended
    assert not taken(state(one)).ended


def test_the_three_shapes_of_a_result() -> None:
    one = part("a", "b", "c")
    one.take_batch(
        batch(
            "COMPLETED",
            [
                mapped("a"),
                {"source_directory_file_id": "dfl-b", "error_message": "no room"},
                {"source_directory_file_id": "dfl-c"},
            ],
        )
    )
    one.take_jobs([job("a", "FAILED", "damaged")])
    assert [(file.status, file.error, file.error_source, file.retryable) for file in taken(state(one)).files] == [
        ("failed", "damaged", "job", False),
        ("failed", "no room", "mapping", True),
        ("submitted", None, None, None),
    ]


def test_a_file_the_directory_lost_is_still_a_row() -> None:
    one = part("a")
    one.take_batch(batch("COMPLETED", [mapped("a"), mapped("gone")]))
    assert [file.name for file in taken(state(one)).files] == ["a", "dfl-gone"]


def test_what_came_into_a_directory_after_the_batch_is_not_of_it() -> None:
    """Of a directory of ours nothing is dropped: a file that it was given is a row, whatever the batch says."""
    theirs, ours = part("a", "late"), part("a", "late")
    theirs.directory_name = None
    for one in (theirs, ours):
        one.take_batch(batch("COMPLETED", [mapped("a")]))
    assert [file.name for file in taken(state(theirs)).files] == ["a"]
    assert [file.name for file in taken(state(ours)).files] == ["a", "late"]


def test_unknown_statuses_are_kept_and_are_not_the_end() -> None:
    one = part("a")
    run = state(one)
    one.take_batch(batch("PAUSED", [mapped("a")]))
    one.take_jobs([job("a", "NAPPING")])
    assert (taken(run).phase, taken(run).files[0].status, run.ended) == ("PAUSED", "NAPPING", False)


def test_names_that_are_ambiguous_become_unique_ids() -> None:
    listed = [
        DirectoryFile(id=f"dfl-{key}", directory_id="d", display_name=name, unique_id=key, project_id="p")
        for key, name in [("x/a.pdf", "a.pdf"), ("y/a.pdf", "a.pdf"), ("k3", "b.pdf")]
    ]
    assert [file.name for file in listed_rows(listed)] == ["x/a.pdf", "y/a.pdf", "b.pdf"]


def test_no_rate_and_no_eta_before_three_files_were_seen_to_end() -> None:
    one = part(*"abcdefgh")
    run = state(one)
    results = [mapped(name) for name in "abcdefgh"]
    one.take_batch(batch("RUNNING", results))
    run.saw(10.0)
    one.take_jobs([job("a", "COMPLETED"), job("b", "COMPLETED")])
    run.saw(12.0)
    assert taken(run, 12.0).rate is None
    one.take_jobs([job("c", "COMPLETED"), job("d", "COMPLETED")])
    run.saw(14.0)
    now = taken(run, 14.0)
    assert now.rate == 1.0
    assert now.eta is not None
    assert (now.eta - NOW).total_seconds() == 4
    one.take_batch(batch("THROTTLED", results))
    assert taken(run, 15.0).eta is None


def test_several_parts_are_one_table_and_one_phase() -> None:
    one, two = part("a", "c"), part("b", number=2)
    run = state(one, two)
    assert taken(run).phase == "UPLOADING"
    one.take_batch(batch("COMPLETED", [mapped("a"), mapped("c")]))
    one.take_jobs([job("a", "COMPLETED"), job("c", "COMPLETED")])
    assert taken(run).phase == "UPLOADING"
    two.take_batch(batch("RUNNING", [mapped("2-b")], number=2))
    assert (taken(run).phase, taken(run).ended) == ("RUNNING", False)
    two.take_jobs([job("2-b", "COMPLETED")])
    two.take_batch(batch("COMPLETED", [mapped("2-b")], number=2))
    last = taken(run)
    assert (last.phase, last.ended, last.done) == ("COMPLETED", True, 3)
    assert [file.name for file in last.files] == ["a", "b", "c"]
    assert [file.batch_id for file in last.files] == ["bat-1", "bat-2", "bat-1"]
    assert [(one.batch_id, one.files, one.attempt) for one in last.batches] == [("bat-1", 2, 1), ("bat-2", 1, 1)]


def test_the_best_attempt_is_shown_with_its_number() -> None:
    one = part("a", "b", "c")
    run = state(one)
    one.take_batch(batch("COMPLETED", [mapped("a"), mapped("b"), mapped("c")]))
    one.take_jobs([job("a", "COMPLETED"), job("b", "FAILED"), job("c", "FAILED")])
    two = retried(one, "b", "c")
    run.parts.append(two)
    assert rows(run) == {"a": ("completed", 1), "b": ("uploaded", 2), "c": ("uploaded", 2)}
    two.take_batch(batch("COMPLETED", [mapped("2-b"), mapped("2-c")], number=2))
    two.take_jobs([job("2-b", "COMPLETED"), job("2-c", "FAILED")])
    assert rows(run) == {"a": ("completed", 1), "b": ("completed", 2), "c": ("failed", 2)}
    three = retried(one, "c", number=3)
    run.parts.append(three)
    three.take_batch(batch("COMPLETED", [mapped("3-c")], number=3))
    three.take_jobs([job("3-c", "COMPLETED")])
    assert rows(run)["c"] == ("completed", 3)
    assert [one.attempt for one in taken(run).batches] == [1, 2, 3]


def test_a_failed_batch_of_which_everything_was_retried_is_not_the_end_of_the_run() -> None:
    one = part("a", "b")
    run = state(one)
    one.take_batch(batch("FAILED"))
    assert (taken(run).phase, taken(run).ended) == ("FAILED", True)
    two = retried(one, "a", "b")
    run.parts.append(two)
    two.take_batch(batch("COMPLETED", [mapped("2-a"), mapped("2-b")], number=2))
    two.take_jobs([job("2-a", "COMPLETED"), job("2-b", "COMPLETED")])
    assert (taken(run).phase, taken(run).ended) == ("COMPLETED", True)


def test_a_part_of_which_nothing_was_accepted_did_not_cancel_the_run() -> None:
    one, two = part("a"), part("b", number=2, relation="rest")
    one.take_batch(batch("COMPLETED", [mapped("a")]))
    one.take_jobs([job("a", "COMPLETED")])
    two.files[0].file_id, two.files[0].upload_error, two.stopped = None, "too large", True
    run = state(one, two)
    assert (taken(run).phase, taken(run).ended) == ("COMPLETED", True)
    two.files[0].upload_error = None  # but one that somebody stopped did
    assert (taken(run).phase, rows(run)["b"][0]) == ("CANCELLED", "cancelled")


def test_a_copy_shows_the_job_of_the_file_that_was_sent() -> None:
    one = part("a", "c", b="a")
    run = state(one)
    one.take_batch(batch("COMPLETED", [mapped("a"), mapped("c")]))
    one.take_jobs([job("a", "FAILED"), job("c", "COMPLETED")])
    files = {file.name: file for file in taken(run).files}
    assert (files["b"].job_id, files["b"].copy_of, files["b"].status) == ("pjb-a", "a", "failed")
    two = retried(one, "a")
    run.parts.append(two)
    two.take_batch(batch("COMPLETED", [mapped("2-a")], number=2))
    two.take_jobs([job("2-a", "COMPLETED")])
    assert (rows(run)["b"], rows(run)["a"]) == (("completed", 2), ("completed", 2))
    replaced = part("b", number=3, relation="retry")  # another file in the copy's place, and only there
    run.parts.append(replaced)
    replaced.take_batch(batch("COMPLETED", [mapped("3-b")], number=3))
    replaced.take_jobs([job("3-b", "COMPLETED")])
    jobs = {file.name: file.job_id for file in taken(run).files}
    assert (jobs["a"], jobs["b"]) == ("pjb-2-a", "pjb-3-b")


def test_a_copy_keeps_its_result_when_the_original_changes() -> None:
    one, two = part("a", b="a"), part("a", number=2, relation="rest")
    two.files[0].sha256 = "another content"
    one.take_batch(batch("COMPLETED", [mapped("a")]))
    two.take_batch(batch("COMPLETED", [mapped("2-a")], number=2))
    jobs = {file.name: file.job_id for file in taken(state(one, two)).files}
    assert jobs == {"a": "pjb-2-a", "b": "pjb-a"}


def test_mere_copies_are_no_batch() -> None:
    one, two = part("a"), part(number=2, relation="rest", b="a")
    two.stopped = True
    one.take_batch(batch("COMPLETED", [mapped("a")]))
    one.take_jobs([job("a", "COMPLETED")])
    last = taken(state(one, two))
    assert (last.phase, last.ended, len(last.batches)) == ("COMPLETED", True, 1)
    assert [file.status for file in last.files] == ["completed", "completed"]


def test_credits_of_copies_attempts_and_shared_parse_jobs_count_once() -> None:
    one = part("a", "b", c="a")
    run = state(one)
    run.job_type = "extract_v2"

    def extracted(name: str, status: str, total: float, parse: float, parse_job: str) -> ExtractJob:
        return ExtractJob.model_validate(
            {
                "id": f"pjb-{name}",
                "file_input": f"dfl-{name}",
                "project_id": "p",
                "status": status,
                "created_at": NOW,
                "updated_at": NOW,
                "usage": {"credits": total, "parse_credits": parse, "extract_credits": total - parse},
                "extract_metadata": {"parse_job_id": parse_job},
            }
        )

    def ext(name: str) -> dict[str, Any]:
        return {"source_directory_file_id": f"dfl-{name}", "job_reference": {"id": f"pjb-{name}", "type": "extract_v2"}}

    one.take_batch(batch("COMPLETED", [ext("a"), ext("b")]))
    one.take_jobs([extracted("a", "COMPLETED", 15, 10, "pjb-x"), extracted("b", "FAILED", 12, 10, "pjb-x")])
    assert taken(run).credits == 10 + 5 + 2
    two = retried(one, "b")
    run.parts.append(two)
    two.take_batch(batch("COMPLETED", [ext("2-b")], number=2))
    two.take_jobs([extracted("2-b", "COMPLETED", 15, 10, "pjb-x")])
    assert taken(run).credits == 10 + 5 + 5 + 2  # the attempt that failed is paid too; its parsing is the same one


def test_a_job_that_an_ended_batch_does_not_list_is_asked_for_in_the_end() -> None:
    one = part("a")
    one.take_batch(batch("COMPLETED", [mapped("a")]))
    for _ in range(PATIENCE):
        assert one.take_missing({"pjb-a"}) == []
    assert one.take_missing({"pjb-a"}) == ["pjb-a"]
    assert not one.ended
    one.lose("pjb-a")
    last = taken(state(one))
    assert last.ended
    assert (last.files[0].status, last.files[0].retryable) == ("failed", True)
    assert "no longer knows" in str(last.files[0].error)
    one.take_jobs([job("a", "COMPLETED")])  # it has turned up after all
    assert taken(state(one)).files[0].status == "completed"


@pytest.mark.parametrize(("remembered", "status"), [("RUNNING", "submitted"), ("COMPLETED", "failed")])
def test_an_expired_batch_has_ended_with_what_was_seen_of_it(remembered: str, status: str) -> None:
    """What was open when it was last seen is not called failed: it would be sent, and paid, again."""
    one = part("a", "b")
    one.batch_id, one.remembered = "bat-1", remembered
    one.files[0].job = job("a", "COMPLETED")
    one.expire()
    last = taken(state(one))
    assert (last.ended, last.phase) == (True, remembered)
    assert [file.status for file in last.files] == ["completed", status]
    assert last.files[1].retryable is (True if status == "failed" else None)


def test_what_has_not_changed_is_the_same_object_in_the_next_snapshot() -> None:
    one = part("a", "b", copy="a")
    one.take_batch(batch("RUNNING", [mapped("a"), mapped("b")]))
    run = state(one)
    first = taken(run)
    assert all(new is old for new, old in zip(taken(run).files, first.files, strict=True))
    one.take_jobs([job("a", "COMPLETED")])
    second = taken(run)
    assert [file.status for file in second.files] == ["completed", "submitted", "completed"]
    assert second.files[1] is first.files[1]


def test_files_that_come_into_the_directory_later_are_not_of_the_batch_and_those_of_a_cancelled_one_stay() -> None:
    one = part("a", "new")
    one.directory_name = None
    one.take_batch(batch("CANCELLED", []))
    assert set(rows(state(one))) == {"a", "new"}
    one.take_batch(batch("COMPLETED", []))
    assert set(rows(state(one))) == {"a", "new"}
    one.take_batch(batch("COMPLETED", [mapped("a")]))
    assert set(rows(state(one))) == {"a"}
    assert one.dropped == ["new"]
