from __future__ import annotations

from datetime import timedelta

import pytest
from rich.cells import cell_len

from llamabatch_nb.render.text import render_text, summary_line
from llamabatch_nb.snapshot import Snapshot
from tests.render.build import NOW, TROUBLES, file, mixed, retried, silent, snapshot, triage
from tests.render.golden import assert_golden

STATES = {
    "ended": mixed(),
    "silent": silent(estimated_done=1240, rate=2.0, eta=NOW + timedelta(minutes=13), trouble=TROUBLES["throttled"]),
    "empty": snapshot(phase="UPLOADING", created_at=None, batch_id=None),
    "failed": silent(3, phase="FAILED"),
    "triage": triage(rest=20),
    "retried": retried(),
}


@pytest.mark.parametrize("state", STATES)
def test_the_text_of_a_state(state: str) -> None:
    assert_golden(f"{state}.txt", render_text(STATES[state]))


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize(
    "run", [*STATES.values(), mixed(name="日本語の請求書" * 20), silent(3, name="日本語の請求書" * 20)]
)
def test_no_line_is_wider_than_the_terminal(run: Snapshot, width: int) -> None:
    assert max(cell_len(line) for line in render_text(run, width).splitlines()) <= width


def test_failures_are_listed_with_their_reasons_up_to_a_bound() -> None:
    many = snapshot(*(file(f"f{n:04d}", "failed", error=f"reason {n}") for n in range(1000)), phase="COMPLETED")
    text = render_text(many, max_failures=3)
    assert "f0002  reason 2" in text
    assert "f0003" not in text
    assert "1,000 files to look at:" in text
    assert "… and 997 more" in text


def test_a_name_cannot_steer_the_terminal() -> None:
    text = render_text(snapshot(file("\x1b]0;owned\x07.pdf", "failed", error="\x1b[31mred"), name="a\nb"))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert '"a b"' in text


def test_one_line_says_status_progress_time_and_run() -> None:
    assert summary_line(mixed()) == (
        "✓ COMPLETED, 5 files failed · 24 of 29 files completed · 5 failed · 82 pages · "
        'finished 13:04 UTC after 4 min 30 s · invoices/ "Q3"'
    )
