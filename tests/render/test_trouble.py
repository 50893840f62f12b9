"""Every kind of trouble, as text and as saved HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from llamabatch_nb.render import sentences, trouble
from llamabatch_nb.render.html import render_html
from llamabatch_nb.render.text import render_text
from llamabatch_nb.snapshot import Trouble, TroubleKind
from tests.render.build import NOW, TROUBLES, later, mixed, silent, snapshot

AMBER, RED = "#b7791f", "#d64545"
#: kind: mark, colour, line
SAID: dict[TroubleKind, tuple[str, str, str]] = {
    "throttled": ("◔", AMBER, "LlamaCloud asked us to slow down · next try 13:04:34 UTC"),
    "offline": ("⚠", AMBER, "LlamaCloud cannot be reached · since 12:51 UTC · next try 13:05:30 UTC"),
    "service": ("⚠", AMBER, "LlamaCloud has trouble of its own (503) · since 13:02 UTC"),
    "stalled": (
        "⚠",
        AMBER,
        "No change for 22 min: take what is finished, or cancel · slowest: a.pdf, b.pdf, c.pdf and 2 more",
    ),
    "asleep": ("⚠", AMBER, "This machine was asleep 41 min; looking at once."),
    "disk": ("✗", RED, "Results cannot be kept on this machine: make room in the state folder."),
    "key refused": ("✗", RED, "LlamaCloud refused the key (401): set LLAMA_CLOUD_API_KEY and open it again."),
    "out of credits": ("✗", RED, "The account has no credits left (402)."),
    "expired": (
        "✗",
        RED,
        "The service no longer knows this batch; what is shown was saved on this machine on 2026-11-20.",
    ),
    "failed": ("✗", RED, "LlamaCloud gives no reason; submit the files again."),
    "stopped": ("✗", RED, "Following it has ended: the answer was not of this API."),
}


def test_every_kind_is_here() -> None:
    assert set(SAID) == set(TROUBLES) == set(get_args(TroubleKind))


@pytest.mark.parametrize("kind", SAID)
def test_a_trouble_in_text(kind: TroubleKind) -> None:
    mark, _, line = SAID[kind]
    assert f"{mark} {line}" in render_text(silent(3, trouble=TROUBLES[kind]), width=300).splitlines()


@pytest.mark.parametrize("kind", SAID)
def test_a_trouble_in_the_saved_notebook(kind: TroubleKind) -> None:
    mark, colour, line = SAID[kind]
    [note] = re.findall(
        r'<p style="[^"]*border-left:3px solid (#\w+)[^"]*"><span style="color:(#\w+)[^"]*">(.)</span> (.*)</p>',
        render_html(silent(3, trouble=TROUBLES[kind]), css_class="x"),
    )
    assert note == (colour, colour, mark, line)


def test_a_try_that_is_far_off_is_told_to_the_minute_and_a_past_one_not_at_all() -> None:
    held = replace(TROUBLES["out of credits"], until=NOW + timedelta(minutes=10))
    assert trouble.line(held, NOW).endswith("(402) · next try 13:14 UTC")
    assert trouble.line(held, NOW + timedelta(hours=1)) == "The account has no credits left (402)."


def test_files_that_the_sentence_names_are_not_named_twice() -> None:
    said = Trouble(kind="stalled", text="No change for 22 min; the slowest: a.pdf.", files=("a.pdf",))
    assert trouble.text(said) == said.text


def test_a_trouble_is_one_line_whatever_it_holds() -> None:
    loud = Trouble(kind="stalled", text="a\n\nb\x1b" * 10_000, files=("x\ny\x07" * 1000,))
    line = trouble.line(loud, NOW)
    assert line.isprintable()
    assert len(line) < 400


def test_a_failed_batch_is_explained_once() -> None:
    run = silent(3, phase="FAILED")
    assert sentences.hint(run).startswith("The service gives no reason")
    assert sentences.hint(replace(run, trouble=TROUBLES["failed"])) == ""


def test_new_trouble_is_announced_once() -> None:
    run = silent(3)
    slow, off = (later(run, 1, trouble=TROUBLES[kind]) for kind in ("throttled", "offline"))
    assert sentences.announcement(run, slow).startswith("LlamaCloud asked us to slow down")
    assert sentences.announcement(slow, later(slow, 1)) == ""
    longer = replace(TROUBLES["throttled"], until=NOW + timedelta(seconds=60))
    assert sentences.announcement(slow, later(slow, trouble=longer)) == ""
    assert sentences.announcement(slow, run) == ""
    assert sentences.announcement(run, slow, {"throttled"}) == ""  # it was told a moment ago
    assert sentences.announcement(slow, off, {"throttled"}).startswith("LlamaCloud cannot be reached")
    # Also after the end: an archive that cannot be written.
    assert "make room" in sentences.announcement(mixed(), later(mixed(), trouble=TROUBLES["disk"]))
    # Throttling by the batch's own word is told by that word.
    both = snapshot(phase="THROTTLED", trouble=TROUBLES["throttled"])
    assert sentences.announcement(snapshot(), both) == "THROTTLED: waiting for capacity"


def test_while_nothing_is_seen_to_move_there_is_no_speed_and_no_end() -> None:
    run = silent(300, estimated_done=120, rate=0.5, eta=NOW + timedelta(minutes=9))
    assert sentences.timing(run).endswith("30 files/min · ready about 13:14 UTC")
    moving = {kind for kind in TROUBLES if "files/min" in sentences.timing(replace(run, trouble=TROUBLES[kind]))}
    ready = {kind for kind in TROUBLES if "ready" in sentences.timing(replace(run, trouble=TROUBLES[kind]))}
    assert moving == ready == {"throttled", "asleep", "disk", "out of credits", "failed"}


def test_a_watch_that_has_ended_says_how_to_go_on() -> None:
    for kind in ("key refused", "stopped"):
        hint = sentences.hint(silent(3, trouble=TROUBLES[kind]))
        assert hint == 'Nobody follows it here any more: lb.open("Q3") takes it up again.'
    assert sentences.hint(silent(3, trouble=TROUBLES["expired"])) == ""
    assert "may be closed" in sentences.hint(silent(3, trouble=TROUBLES["offline"]))
