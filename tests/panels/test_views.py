from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from llamabatch_nb.panels import views
from llamabatch_nb.panels.views import CHUNK, FIRST_ROWS, RowLedger
from tests.render.build import NOW, TROUBLES, batch, file, later, mixed, retried, silent, snapshot, triage


class FrontEnd:
    """What grid.js makes of start and patches, in Python."""

    def __init__(self, ledger: RowLedger) -> None:
        start = ledger.first()
        self.rows: list[list[Any] | None] = start["rows"] + [None] * (start["total"] - len(start["rows"]))

    def take(self, patch: dict[str, Any] | None) -> None:
        if patch is not None:
            del self.rows[patch["total"] :]
            self.rows += [None] * (patch["total"] - len(self.rows))
            for index, *row in patch["rows"]:
                self.rows[index] = row


def test_first_a_hundred_rows_then_the_rest_then_nothing() -> None:
    files = [file(f"{n}") for n in range(250)]
    ledger = RowLedger(files)
    front = FrontEnd(ledger)
    assert front.rows.index(None) == FIRST_ROWS
    behind = [ledger.behind]
    front.take(ledger.update(files))
    assert front.rows == [views.row(one) for one in files]
    assert [*behind, ledger.behind] == [True, False]
    assert ledger.update(files) is None


def test_a_patch_holds_only_what_changed() -> None:
    files = [file(f"{n}", "running") for n in range(50)]
    ledger = RowLedger(files)
    files[7] = file("7", "failed", error="locked")
    patch = ledger.update(files)
    assert patch == {"revision": 1, "total": 50, "rows": [[7, "7", "✗", "failed", "bad", None, "locked"]]}
    # What a row does not show is no reason to send it.
    files[8] = replace(files[8], updated_at=NOW)
    assert ledger.update(files) is None


def test_more_rows_than_a_message_may_hold_come_in_chunks() -> None:
    files = [file(f"{n}") for n in range(3 * CHUNK)]
    ledger = RowLedger(files)
    front = FrontEnd(ledger)
    sizes = []
    while ledger.behind:
        patch = ledger.update(files)
        assert patch is not None
        sizes.append(len(patch["rows"]))
        front.take(patch)
    assert max(sizes) == CHUNK
    assert front.rows == [views.row(one) for one in files]


def test_more_changes_than_a_message_may_hold_come_in_chunks() -> None:
    ledger = RowLedger(before := [file(f"{n}", "running") for n in range(3 * CHUNK)])
    front = FrontEnd(ledger)
    while ledger.behind:
        front.take(ledger.update(before))
    after = [file(f"{n}") for n in range(3 * CHUNK)]
    sizes = []
    for _ in range(3):
        patch = ledger.update(after)
        assert patch is not None
        sizes.append(len(patch["rows"]))
        front.take(patch)
    assert sizes == [CHUNK] * 3
    assert front.rows == [views.row(one) for one in after]
    assert ledger.update(after) is None


def test_rows_may_come_go_and_move() -> None:
    files = [file(f"{n}") for n in range(120)]
    ledger = RowLedger(files)
    front = FrontEnd(ledger)
    for now in (files[5:], files[:30], [file("new"), *files], [], files):
        front.take(ledger.update(now))
        assert front.rows == [views.row(one) for one in now]


def test_a_changed_row_that_was_never_sent_comes_once() -> None:
    files = [file(f"{n}", "running") for n in range(150)]
    ledger = RowLedger(files)
    files[140] = file("140")
    patch = ledger.update(files)
    assert patch is not None
    assert [row[0] for row in patch["rows"]] == list(range(100, 150))


def test_starting_over_sends_everything() -> None:
    files = [file(f"{n}") for n in range(20)]
    ledger = RowLedger(files)
    ledger.start_over()
    patch = ledger.update(files)
    assert patch is not None
    assert len(patch["rows"]) == 20


def test_the_header_of_a_running_batch() -> None:
    ended = [file(str(n)) for n in range(3)]
    run = snapshot(*ended, file("d", "running"), rate=0.05, eta=NOW + timedelta(minutes=9), project_id="prj-1")
    told = views.header(run)
    assert told["status"] == {"mark": "●", "word": "RUNNING", "kind": "active", "ended": False}
    assert told["progress"]["segments"] == [["completed", 3, "3 completed"], ["running", 1, "1 running"]]
    assert (told["progress"]["done"], told["progress"]["total"]) == (3, 4)
    assert told["progress"]["started"] == (NOW - timedelta(minutes=4, seconds=30)).timestamp()
    assert told["progress"]["ready"] == (NOW + timedelta(minutes=9, seconds=30)).timestamp()
    assert told["cancel"]["label"] == "Cancel 1 file"
    assert ["Project", "prj-1"] in told["identity"]["details"]
    assert views.header(run, asked={"cancel"})["cancel"]["state"] == "asked"


def test_the_header_of_an_ended_batch_has_nothing_that_ticks() -> None:
    told = views.header(mixed(rate=3.0, eta=NOW), asked={"cancel"})
    assert told["progress"]["rate"] is None
    assert told["progress"]["ready"] is None
    assert told["progress"]["ended"] == NOW.timestamp()
    assert told["cancel"]["state"] == "over"


def test_a_silent_service_gives_no_number_done() -> None:
    assert views.header(silent())["progress"]["done"] is None
    assert views.header(silent(estimated_done=7))["progress"]["done"] == 7


def test_only_time_passing_changes_no_trait() -> None:
    run = silent(3, estimated_done=1)
    assert views.header(run) == views.header(later(run, 60))
    assert views.same_but_for_time(run, later(run, 60))
    assert not views.same_but_for_time(run, later(run, 60, phase="THROTTLED"))


def test_what_the_service_no_longer_knows_cannot_be_cancelled() -> None:
    assert views.header(silent(3, batches=(batch(1, 3, "RUNNING"),)))["cancel"]["state"] == "open"
    gone = silent(3, trouble=TROUBLES["expired"], batches=(batch(1, 3, "RUNNING", ended=True),))
    assert views.header(gone)["cancel"]["state"] == "over"


def test_a_retry_is_offered_at_the_end_only() -> None:
    assert views.header(triage())["retry"] == {
        "state": "open",
        "question": "Retry 2 files as a new batch? They are billed again.",
        "label": "Retry 2 files",
        "button": "Retry 2…",
    }
    assert views.header(triage(), asked={"retry"})["retry"]["state"] == "asked"
    for run in (mixed(), retried(), silent(), triage(files=triage().files[:3])):
        assert views.header(run)["retry"]["state"] == "over"


def test_the_details_list_several_batches() -> None:
    assert views.header(retried())["identity"]["details"][:2] == [
        ["Batch 1", "bat-1 · COMPLETED · 5 files · dir-1"],
        ["Batch 2", "bat-2 · RUNNING · 2 files · attempt 2 · dir-2"],
    ]
    assert views.header(triage())["identity"]["details"][:2] == [["Batch", "bat-1"], ["Directory", "dir-1"]]


def test_a_trouble_goes_out_as_seconds_since_the_epoch() -> None:
    told = views.header(silent(3, trouble=TROUBLES["offline"]))["notes"]["trouble"]
    assert told == {
        "mark": "⚠",
        "kind": "warn",
        "text": "LlamaCloud cannot be reached.",
        "since": (NOW - timedelta(minutes=13)).timestamp(),
        "until": (NOW + timedelta(minutes=1)).timestamp(),
    }
    assert views.header(silent(3))["notes"]["trouble"] is None


def test_the_inspector_says_attempt_copy_and_batch() -> None:
    again = file("b.pdf", attempt=2, copy_of="a.pdf", job_id="pjb-9", batch_id="bat-2", pages=1)
    assert views.file_facts(again)["facts"] == ["1 page", "attempt 2", "same as a.pdf", "pjb-9", "bat-2"]
    locked = file("l.pdf", "failed", error="Needs a password.", retryable=False)
    assert views.file_facts(locked)["why"] == "Needs a password; as it is, a retry will not help"


def test_the_inspector_is_told_the_whole_reason() -> None:
    facts = views.file_facts(file("a.pdf", "failed", error="word " * 200, size=380_000, job_id="pjb-1"))
    assert len(facts["why"]) > 900
    assert facts["facts"] == ["380 kB", "pjb-1"]
    assert views.file_facts(file("a.pdf", pages=1))["facts"] == ["1 page"]
