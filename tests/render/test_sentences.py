from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from llamabatch_nb.render import sentences
from llamabatch_nb.snapshot import Snapshot
from tests.render.build import CLOUD, LOCAL, NOW, batch, file, later, mixed, retried, silent, snapshot, triage


def kinds(run: Snapshot) -> list[tuple[str, int]]:
    return [(part.kind, part.count) for part in sentences.segments(run)]


def test_the_bar_has_a_segment_a_kind_in_the_order_of_being_done() -> None:
    run = snapshot(
        file("a", "waiting"),
        file("b", "pending"),
        file("c"),
        file("d", "failed"),
        file("e", pages_failed=1),
        file("f", "running"),
        file("g", "dreaming"),
        file("h", "cancelled"),
    )
    assert kinds(run) == [
        ("completed", 1),
        ("partial", 1),
        ("failed", 1),
        ("cancelled", 1),
        ("running", 1),
        ("pending", 1),
        ("waiting", 1),
        ("other", 1),
    ]
    assert kinds(snapshot()) == []


def test_the_estimate_is_of_the_batches_that_tell_nothing() -> None:
    known = [file(f"k{n}", job_id=f"pjb-{n}") for n in range(10)]
    run = snapshot(*known, *(file(f"s{n}", "submitted") for n in range(20)), service=CLOUD, estimated_done=14)
    assert kinds(run) == [("completed", 10), ("estimated", 4), ("pending", 16)]
    assert sentences.progress(run).startswith("10 of 30 files done, about 4 more (estimated from job lists)")
    assert sentences.cancel_question(run).startswith("Cancel about 16 unfinished files?")
    assert kinds(replace(run, estimated_done=9)) == [("completed", 10), ("pending", 20)]


def test_while_the_service_is_silent_the_bar_shows_the_estimate_as_one() -> None:
    assert kinds(silent(3000, estimated_done=1240)) == [("estimated", 1240), ("pending", 1760)]
    assert kinds(silent(30)) == [("pending", 30)]
    assert kinds(silent(30, estimated_done=99)) == [("estimated", 30)]


def test_progress_in_words() -> None:
    assert sentences.progress(mixed()) == "24 of 29 files completed · 5 failed · 82 pages"
    running = replace(mixed(), phase="RUNNING", files=(*mixed().files, file("z", "running", job_id="pjb-z")))
    assert sentences.progress(running) == "29 of 30 files done · 5 failed · 82 pages"
    assert sentences.progress(silent()) == "3,000 files submitted"
    assert sentences.progress(silent(estimated_done=1240)) == (
        "3,000 files submitted; about 1,240 done (estimated from job lists)"
    )
    waiting = file("b", "waiting", file_id=None)
    assert sentences.progress(snapshot(file("a", "uploaded"), waiting, phase="UPLOADING")) == "1 of 2 files uploaded"
    assert sentences.progress(snapshot(phase="UPLOADING")) == "no files yet"
    assert "unknown" in sentences.progress(silent(3, phase="FAILED"))


def test_credits_as_far_as_they_are_reported() -> None:
    def said(*billed: float | None, **facts: Any) -> str:
        files = (file(str(n), credits=one) for n, one in enumerate(billed))
        return sentences.progress(snapshot(*files, **({"service": CLOUD} | facts))).partition(" done · ")[2]

    assert said(88.5) == "88.5 credits reported"
    assert said(1_234_567.0) == "1,234,567 credits reported"
    assert said(88_700.0, None, None, None) == "88,700 credits reported, 3 files not yet"
    assert said(0.0) == "0 credits reported"
    assert said(None) == ""
    assert "credits not reported yet" in sentences.progress(
        snapshot(file("a", job_id="pjb-1"), phase="COMPLETED", service=CLOUD)
    )
    assert said(0.0, None, service=LOCAL) == ""  # nothing is billed, so there is nothing to report
    assert said(12.0, service=LOCAL) == "12 credits reported"
    assert "20 credits reported, 1 file not yet" in sentences.progress(triage())  # copies share a price


def test_a_retry_says_its_number_and_its_files_while_it_runs() -> None:
    assert sentences.progress(retried()) == (
        "5 of 6 files done · attempt 2: 2 files · 1 failed · 16 pages · 110 credits reported, 1 file not yet"
    )
    assert "attempt" not in sentences.progress(triage())
    over = (batch(1, 5), batch(2, 2, attempt=2))
    assert "attempt" not in sentences.progress(retried(phase="COMPLETED", batches=over))
    sending = retried(phase="UPLOADING", batches=(batch(1, 5), batch(2, 2, "UPLOADING", attempt=2)))
    assert sentences.progress(sending).startswith("5 of 6 files done · attempt 2: 2 files")
    assert sentences.announcement(triage(), retried()) == "Attempt 2 has begun: 2 files."
    assert sentences.announcement(retried(), retried(phase="COMPLETED", batches=over)).startswith("COMPLETED")


def test_a_retry_asks_with_the_number_of_files_that_are_sent() -> None:
    assert sentences.retry_question(triage()) == "Retry 2 files as a new batch? They are billed again."
    assert sentences.retry_question(triage(service=LOCAL)) == "Retry 2 files as a new batch?"
    one = triage(files=triage().files[3:4])
    assert sentences.retry_question(one) == "Retry 1 file as a new batch? It is billed again."


def test_the_next_step_after_failures_is_said() -> None:
    assert sentences.hint(triage()) == "2 failed files are worth a retry: run.retry_failed() sends them again."
    one = triage(files=triage().files[3:4])
    assert sentences.hint(one) == "1 failed file is worth a retry: run.retry_failed() sends it again."
    assert "retry" not in sentences.hint(retried())


def test_what_is_not_in_the_run_yet_is_offered() -> None:
    assert sentences.hint(mixed(rest=20)) == ("20 new or changed files are not in this run: run.rest() sends them.")
    assert sentences.hint(mixed(rest=1)) == "1 new or changed file is not in this run: run.rest() sends it."
    both = sentences.hint(silent(3, rest=2))
    assert both.startswith("All submitted")
    assert both.endswith("run.rest() sends them.")


def test_the_python_in_a_hint_stands_apart() -> None:
    assert sentences.hint_parts(silent(3, rest=1)) == [
        "All submitted: this may be closed, ",
        'lb.open("Q3")',
        " brings it back. What became of each file is reported at the end. 1 new or changed file is not in this run: ",
        "run.rest()",
        " sends it.",
    ]
    assert sentences.hint_parts(triage(phase="FAILED"))[1] == "run.retry_failed()"
    assert sentences.hint_parts(mixed()) == []


def test_timing_in_words() -> None:
    run = snapshot(*(file(str(n)) for n in range(3)), file("d", "running"), rate=0.05, eta=NOW + timedelta(minutes=9))
    assert sentences.timing(run) == "4 min 30 s elapsed · 3 files/min · ready about 13:14 UTC"
    assert sentences.timing(mixed()) == "finished 13:04 UTC after 4 min 30 s"
    assert sentences.timing(mixed(phase="CANCELLED")).startswith("stopped 13:04")
    assert sentences.timing(snapshot(created_at=None)) == ""


def test_a_hint_says_what_closing_the_notebook_means() -> None:
    assert "may be closed" in sentences.hint(silent())
    assert "reported at the end" in sentences.hint(silent())
    assert "pauses" in sentences.hint(snapshot(file("a", "running")))
    assert "leave this running" in sentences.hint(snapshot(phase="UPLOADING", service=CLOUD))
    assert "run.retry_failed()" in sentences.hint(silent(phase="FAILED"))
    assert sentences.hint(mixed()) == ""


def test_a_cancel_asks_with_the_number_of_files() -> None:
    assert sentences.cancel_question(snapshot(file("a"), file("b", "running"))).startswith("Cancel 1 unfinished file?")
    assert sentences.cancel_question(silent(30, estimated_done=10)).startswith("Cancel about 20 unfinished files?")


def test_only_milestones_are_announced() -> None:
    files = [file(str(n), "pending") for n in range(8)]
    start = snapshot(*files)

    def with_done(number: int, status: str = "completed") -> Snapshot:
        return replace(start, files=tuple(file(f.name, status) if n < number else f for n, f in enumerate(files)))

    assert sentences.announcement(None, start) == ""
    assert sentences.announcement(start, with_done(1)) == ""
    assert sentences.announcement(with_done(1), with_done(2)).startswith("25 % done")
    assert sentences.announcement(with_done(1), with_done(6)).startswith("75 % done")
    assert sentences.announcement(start, with_done(1, "failed")) == "First failure: 0, no reason given"
    assert sentences.announcement(with_done(1, "failed"), with_done(1, "failed")) == ""
    assert sentences.announcement(start, replace(start, phase="THROTTLED")) == "THROTTLED: waiting for capacity"
    assert sentences.announcement(replace(start, phase="THROTTLED"), later(replace(start, phase="THROTTLED"))) == ""
    assert sentences.announcement(start, mixed()).startswith("COMPLETED, 5 files failed. 24 of 29 files completed")
    assert sentences.announcement(mixed(), mixed()) == ""
