from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from llamabatch_nb.render import sentences
from llamabatch_nb.snapshot import Snapshot
from tests.render.build import CLOUD, NOW, file, later, mixed, silent, snapshot


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
    assert "88.5 credits reported" in sentences.progress(snapshot(file("a", credits=88.5)))


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
    assert "new=True" in sentences.hint(silent(phase="FAILED"))
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
