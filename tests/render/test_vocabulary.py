from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from llamabatch_nb.render import vocabulary as words
from tests.render.build import CLOUD, LOCAL, NOW, batch, file, mixed, silent, snapshot, triage


@pytest.mark.parametrize(
    ("facts", "mark", "word", "kind"),
    [
        ({"status": "completed"}, "✓", "completed", "good"),
        ({"status": "completed", "pages_failed": 2}, "◐", "completed, 2 pages failed", "partial"),
        ({"status": "completed", "pages_failed": 1}, "◐", "completed, 1 page failed", "partial"),
        ({"status": "failed"}, "✗", "failed", "bad"),
        ({"status": "failed", "retryable": False}, "✗", "failed", "bad"),
        ({"status": "failed", "retryable": True}, "✗", "failed, worth a retry", "bad"),
        ({"status": "cancelled"}, "⊘", "cancelled", "neutral"),
        ({"status": "running"}, "●", "running", "active"),
        ({"status": "hibernating"}, "?", "hibernating", "neutral"),
    ],
)
def test_a_file_is_a_mark_and_the_apis_word(facts: dict[str, object], mark: str, word: str, kind: str) -> None:
    assert words.file_look(file("a.pdf", **facts)) == words.Look(mark, word, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("phase", "word"),
    [
        ("UPLOADING", "UPLOADING"),
        ("PENDING", "PENDING"),
        ("THROTTLED", "THROTTLED: waiting for capacity"),
        ("RUNNING", "RUNNING"),
        ("FAILED", "FAILED"),
        ("CANCELLED", "CANCELLED, 1 file kept"),
        ("COMPLETED", "COMPLETED, 1 file failed"),
        ("SLEEPING", "SLEEPING"),
    ],
)
def test_a_batch_keeps_the_apis_capitals(phase: str, word: str) -> None:
    assert words.run_look(snapshot(file("a"), file("b", "failed"), phase=phase)).word == word


def test_completed_says_what_it_does_not_mean() -> None:
    assert words.run_look(snapshot(file("a"), phase="COMPLETED")).word == "COMPLETED"
    still = snapshot(file("a"), file("b", "running", job_id="pjb-1"), phase="COMPLETED")
    assert words.run_look(still) == words.Look("●", "COMPLETED, 1 job still running", "active")
    none = snapshot(file("a", "failed"), file("b", "failed"), phase="COMPLETED")
    assert words.run_look(none) == words.Look("✗", "COMPLETED, all 2 files failed", "bad")
    partial = snapshot(file("a", pages_failed=1), phase="COMPLETED")
    assert words.run_look(partial).word == "COMPLETED, 1 file with failed pages"


def test_a_reason_says_whose_it_is_and_is_one_line() -> None:
    failed = file("a", "failed", error="HTTP 500:\n\n  try\tlater", error_source="upload")
    assert words.reason(failed) == "not uploaded: HTTP 500: try later"
    assert words.reason(file("a", "failed", error="no mapping", error_source="mapping")) == "no job: no mapping"
    assert words.reason(file("a", "failed")) == "no reason given"
    assert words.reason(file("a", pages=5, pages_failed=2)) == "2 of 5 pages failed"
    assert words.reason(file("a")) == ""
    assert words.reason(file("a", "failed", error="a: is damaged")) == "is damaged"  # the name stands beside it
    assert len(words.reason(file("a", "failed", error="x" * 10_000_000), 100)) == 100


def test_a_failed_file_says_whether_another_try_may_help() -> None:
    locked = file("a", "failed", error="Needs a password.", retryable=False)
    assert words.reason(locked) == "Needs a password; as it is, a retry will not help"
    assert words.reason(file("a", "failed", error="HTTP 503", retryable=True)) == "HTTP 503; worth a retry"
    assert words.reason(file("a", "failed", retryable=True)) == "no reason given; worth a retry"
    assert words.reason(file("a", "failed", error="x" * 1000, retryable=True), 100).endswith("…; worth a retry")
    assert words.reason(file("a", retryable=None)) == ""
    # A row says it in its status, where no long reason pushes it out of sight.
    assert words.remark(file("a", "failed", error="HTTP 503", retryable=True)) == "HTTP 503"
    assert words.remark(locked) == words.reason(locked)


def test_a_row_says_where_it_comes_from() -> None:
    assert words.remark(file("a")) == ""
    assert words.remark(file("a", attempt=2)) == "attempt 2"
    assert words.remark(file("b", copy_of="a\u202e.pdf")) == "same as a\\u202e.pdf"
    assert words.remark(file("b", "failed", error="locked", attempt=3, copy_of="a")) == "locked · attempt 3 · same as a"
    assert words.reason(file("b", copy_of="a", attempt=2)) == ""  # nothing to look at


def test_what_is_worth_sending_again_is_counted_once_a_copy() -> None:
    assert words.retryable(triage()) == 2
    twice = triage(files=(*triage().files, file("z", "failed", retryable=True, copy_of="slow.pdf")))
    assert words.retryable(twice) == 2
    assert words.retryable(mixed()) == 0  # unknown is no reason to be billed
    assert words.retryable(silent(3, phase="FAILED")) == 3  # nothing came of any
    assert words.retryable(triage(phase="RUNNING", batches=(batch(1, 5, "RUNNING"),))) == 0  # not before the end


def test_several_batches_are_counted_beside_the_configuration() -> None:
    assert words.configuration(snapshot(batches=(batch(1, 5),))) == "Agentic (parse)"
    several = snapshot(batches=tuple(batch(n, 1000) for n in (1, 2, 3)))
    assert words.configuration(several) == "Agentic (parse) · 3 batches"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "under 1 s"),
        (1, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (250, "4 min 10 s"),
        (46 * 60 + 59, "46 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86400 * 3 + 3600 * 4, "3 d 4 h"),
        (86400, "1 d"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: int, said: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("left", "ready"),
    [
        (timedelta(seconds=10), "13:05"),  # to the minute below twenty
        (timedelta(minutes=19), "13:24"),
        (timedelta(minutes=22), "13:30"),  # to five below two hours
        (timedelta(minutes=150), "15:45"),  # to a quarter of an hour beyond
    ],
)
def test_an_eta_is_rounded_up_the_coarser_the_farther(left: timedelta, ready: str) -> None:
    ended = [file(str(n)) for n in range(3)]
    at = words.ready_at(snapshot(*ended, file("d", "running"), eta=NOW + left))
    assert at is not None
    assert words.clock(at, NOW) == f"{ready} UTC"


def test_there_is_no_eta_where_it_would_be_a_guess() -> None:
    eta = NOW + timedelta(minutes=5)
    done = [file(str(n)) for n in range(3)]
    assert words.ready_at(snapshot(*done[:2], eta=eta)) is None
    assert words.ready_at(snapshot(*done, eta=eta, phase="THROTTLED")) is None
    assert words.ready_at(snapshot(*done, eta=eta, phase="COMPLETED")) is None
    assert words.ready_at(silent(estimated_done=2, eta=eta)) is None
    assert words.ready_at(silent(estimated_done=3, eta=eta)) is not None


def test_a_clock_time_is_in_the_zone_of_the_look() -> None:
    berlin = timezone(timedelta(hours=1), "CET")
    here = NOW.astimezone(berlin)
    assert words.clock(NOW, here) == "14:04"
    assert words.clock(NOW - timedelta(days=1), here) == "2026-11-23 14:04"


@pytest.mark.parametrize(
    ("rate", "said"),
    [(12.4, "12 files/s"), (1.0, "1 file/s"), (0.057, "3.4 files/min"), (0.011, "40 files/h"), (250.2, "250 files/s")],
)
def test_rates_come_in_a_readable_unit(rate: float, said: str) -> None:
    assert words.rate(rate) == said


def test_sizes() -> None:
    assert [words.size(n) for n in (0, 999, 1_000, 380_000_000, 2_500_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1 kB",
        "380 MB",
        "2.5 GB",
    ]


def test_configurations_have_names() -> None:
    assert words.configuration_name("cfg-PARSE_AGENTIC", "parse_v2") == "Agentic (parse)"
    assert words.configuration_name("cfg-PARSE_COST_EFFECTIVE", "parse_v2") == "Cost effective (parse)"
    assert words.configuration_name("cfg-8fj3", "extract_v2") == "cfg-8fj3 (extract)"


def test_where_the_documents_go_is_said() -> None:
    assert words.where(LOCAL) == "Local engine: files stay on this machine"
    assert words.where(CLOUD) == "LlamaCloud NA"


def test_the_call_that_brings_a_run_back() -> None:
    assert words.open_call(mixed()) == 'lb.open("Q3")'
    assert words.open_call(mixed(name=None)) == 'lb.open("bat-1")'
    assert words.open_call(mixed(name='a"b')) == r'lb.open("a\"b")'
    assert words.open_call(snapshot(name=None, batch_id=None)) is None


def test_nothing_hides_in_a_name() -> None:
    assert words.visible("invoice\u202efdp.exe") == "invoice\\u202efdp.exe"
    assert words.visible("\x1b[2Jgone\r\n") == "\\x1b[2Jgone\\x0d\\x0a"
    assert words.visible("a\udc80b") == "a\\udc80b"  # a lone surrogate breaks the JSON of a message
    assert words.visible("résumé 日本\u200d.pdf") == "résumé 日本\u200d.pdf"
    assert words.visible("a\u200db") != words.visible("a\u2066b") != words.visible("ab")
