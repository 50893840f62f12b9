from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from ipywidgets.widgets import widget as registry
from traitlets import TraitError

from llamabatch_nb.panels import panel as module
from llamabatch_nb.panels import views
from llamabatch_nb.panels.panel import RunPanel
from llamabatch_nb.render import trouble
from llamabatch_nb.snapshot import FileState, Snapshot, TroubleKind
from tests.panels.support import WatchedFake, Wire, from_browser, parsed, size, until
from tests.render.build import TROUBLES, batch, file, later, mixed, retried, silent, snapshot, triage

Watch = Callable[[Snapshot], tuple[WatchedFake, RunPanel]]


def running(number: int, done: int = 0) -> Snapshot:
    """A run of so many files with names as people have them."""
    files = [
        file(f"2026/quarter 3/invoice-{n:05d}.pdf", "completed" if n < done else "pending", job_id=f"pjb-{n}")
        for n in range(number)
    ]
    return snapshot(*files)


def with_file(run: Snapshot, index: int, now: FileState) -> Snapshot:
    files = list(run.files)
    files[index] = now
    return later(run, files=tuple(files))


# -- what goes over the wire ----------------------------------------------------------------------------------------


def test_the_first_rows_of_a_thousand_come_within_30_kb_and_all_within_250_kb(wire: Wire, watched: Watch) -> None:
    _, panel = watched(running(1000))
    first = sum(size(state) for kind, _, state in wire.sent if kind == "comm_open")
    assert len(wire.opened(panel.grid)["start"]["rows"]) == views.FIRST_ROWS
    assert first < 30_000
    rest = wire.updates(panel.grid)
    assert [len(state["patch"]["rows"]) for state in rest] == [900]
    assert first + sum(map(size, rest)) < 250_000
    assert len(wire.sent) == 11  # five widgets, a layout each, and the rest of the rows


def test_a_look_that_sees_nothing_new_sends_nothing(wire: Wire, watched: Watch) -> None:
    run, _ = watched(running(50))
    wire.clear()
    run.push(later(run.snapshot, 1))
    run.push(later(run.snapshot, 1))
    assert wire.sent == []


def test_the_heartbeat_is_one_small_message_in_five_seconds(
    wire: Wire, watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(running(50))
    wire.clear()
    for _ in range(12):
        run.push(later(run.snapshot, 1))
    assert [list(state) for state in wire.updates(panel.header)] == [["looked"], ["looked"]]
    assert len(wire.sent) == 2
    assert max(size(state) for _, _, state in wire.sent) < 50


def test_a_tick_is_one_message_a_widget_with_the_changed_rows_only(wire: Wire, watched: Watch) -> None:
    run, panel = watched(running(1000))
    wire.clear()
    run.push(later(running(1000, done=50), 1))
    [told] = wire.updates(panel.header)
    assert set(told) == {"progress", "cancel", "looked"}  # what this is and where it runs did not change
    [grid] = wire.updates(panel.grid)
    assert [row[0] for row in grid["patch"]["rows"]] == list(range(50))
    assert len(wire.sent) == 2
    assert size(told) + size(grid) < 6_000


def test_a_burst_of_looks_is_two_updates_and_the_last_one_wins(wire: Wire, watched: Watch) -> None:
    run, panel = watched(running(100))
    wire.clear()
    run.push(*(later(running(100, done=n), n) for n in range(1, 41)))
    until(lambda: panel.header.progress["done"] == 40)
    assert [state["progress"]["done"] for state in wire.updates(panel.header)] == [1, 40]
    assert len(wire.sent) == 4


def test_after_the_end_there_is_silence(wire: Wire, watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(running(29))
    run.push(later(mixed(), 60))
    assert panel.header.status["word"] == "COMPLETED, 5 files failed"
    assert panel.header.announcement.startswith("COMPLETED")
    wire.clear()
    for _ in range(20):
        run.push(later(run.snapshot, 60))
    assert wire.sent == []


def test_what_becomes_known_after_the_end_is_still_told(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(snapshot(file("a.pdf"), phase="COMPLETED"))
    run.push(later(snapshot(file("a.pdf", pages=7), phase="COMPLETED"), 1))
    assert panel.grid.patch["rows"] == [[0, "a.pdf", "✓", "completed", "good", 7, ""]]
    assert "7 pages" in panel.header.progress["text"]


def test_more_rows_than_one_message_holds_follow_by_themselves(
    wire: Wire, watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)
    _, panel = watched(silent(5000))
    until(lambda: len(wire.updates(panel.grid)) == 3)
    assert [len(state["patch"]["rows"]) for state in wire.updates(panel.grid)] == [2000, 2000, 900]


def test_a_reloaded_page_starts_from_now(wire: Wire, watched: Watch) -> None:
    run, panel = watched(running(150))
    run.push(later(running(150, done=1), 1))
    start = panel.grid.get_state()["start"]
    assert start["revision"] == panel.grid.patch["revision"] == 2
    assert start["rows"][0][2] == "completed"
    wire.clear()
    from_browser(panel.grid, want={"rows": "all", "n": 1})
    until(lambda: bool(wire.updates(panel.grid)))
    assert len(wire.updates(panel.grid)[0]["patch"]["rows"]) == 150


def test_a_snapshot_that_comes_while_the_panel_is_made_is_not_missed(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def subscribe(self: WatchedFake, _callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        self.snapshot = mixed()
        return lambda: None

    monkeypatch.setattr(WatchedFake, "subscribe", subscribe)
    _, panel = watched(running(29))
    until(lambda: panel.header.status["ended"])


def test_names_that_are_not_text_survive_the_wire(wire: Wire, watched: Watch) -> None:
    run, panel = watched(snapshot(file("a\udc80\x00b.pdf"), name="\udc80", source="x\u202e"))
    assert wire.opened(panel.grid)["start"]["rows"][0][0] == "a\\udc80\\x00b.pdf"
    run.documents["a\udc80\x00b.pdf"] = parsed("# found")
    from_browser(panel.grid, selected="a\\udc80\\x00b.pdf")
    until(lambda: panel.inspector.content["state"] == "ready")
    assert panel.selected == "a\udc80\x00b.pdf"


# -- looking into a file --------------------------------------------------------------------------------------------


def test_a_click_on_a_row_reads_its_document_on_the_loop_thread(wire: Wire, watched: Watch) -> None:
    run, panel = watched(mixed())
    run.documents["invoice-001.pdf"] = parsed("# One", "Two", texts=["one", "two"])
    run.gate.clear()
    wire.clear()
    from_browser(panel.grid, selected="invoice-001.pdf")
    assert panel.selected == "invoice-001.pdf"
    assert panel.inspector.content == {"name": "invoice-001.pdf", "state": "loading", "message": ""}
    run.on_loop(run.gate.set)
    until(lambda: panel.inspector.content["state"] == "ready")
    assert run.read == [("invoice-001.pdf", run.thread)]
    assert panel.inspector.file["facts"] == ["3 pages", "1 kB", "pjb-1"]
    assert panel.inspector.content["total"] == 2
    assert panel.inspector.content["pages"][0] == {"number": 1, "html": "<h1>One</h1>\n", "text": "one", "error": None}
    assert wire.updates(panel.grid) == []  # the browser is not told what it said


def test_a_later_choice_wins_over_a_slow_answer(watched: Watch) -> None:
    run, panel = watched(mixed())
    run.documents |= {"invoice-001.pdf": parsed("# One"), "invoice-002.pdf": parsed("# Two")}
    run.gate.clear()
    from_browser(panel.grid, selected="invoice-001.pdf")
    from_browser(panel.grid, selected="invoice-002.pdf")
    run.on_loop(run.gate.set)
    until(lambda: len(run.read) == 2 and panel.inspector.content["state"] == "ready")
    assert panel.inspector.content["name"] == "invoice-002.pdf"
    from_browser(panel.grid, selected=None)
    assert panel.selected is None
    assert panel.inspector.file is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("invoice-005.pdf", "No pages: this file failed."),
        ("slow.pdf", "No pages yet: they appear here when the file is completed."),
        ("invoice-001.pdf", "This file has a result, but no pages to read."),
    ],
)
def test_a_file_without_pages_says_why(watched: Watch, name: str, message: str) -> None:
    _, panel = watched(replace(mixed(), files=(*mixed().files, file("slow.pdf", "running"))))
    panel.selected = name
    until(lambda: panel.inspector.content.get("state") == "none")
    assert panel.inspector.content == {"name": name, "state": "none", "message": message}


def test_an_error_is_shown_and_may_be_tried_again(watched: Watch) -> None:
    run, panel = watched(mixed())
    run.documents["invoice-001.pdf"] = ConnectionError("LlamaCloud cannot be reached.\x1b")
    panel.selected = "invoice-001.pdf"
    until(lambda: panel.inspector.content["state"] == "error")
    assert panel.inspector.content["message"] == "LlamaCloud cannot be reached.\\x1b"
    run.documents["invoice-001.pdf"] = parsed("# One")
    from_browser(panel.inspector, want={"name": "invoice-001.pdf", "page": 0, "n": 1})
    until(lambda: panel.inspector.content["state"] == "ready")


def test_pages_beyond_the_first_message_are_asked_for(watched: Watch) -> None:
    run, panel = watched(mixed())
    run.documents["invoice-001.pdf"] = parsed(*["x" * 20_000] * 40)
    panel.selected = "invoice-001.pdf"
    until(lambda: panel.inspector.content["state"] == "ready")
    assert len(panel.inspector.content["pages"]) < 5
    from_browser(panel.inspector, want={"name": "invoice-001.pdf", "page": 30, "n": 1})
    assert panel.inspector.content["start"] == 30
    assert panel.inspector.content["pages"][0]["number"] == 31
    assert len(run.read) == 1
    # What a front end of an older state asks for is not an error.
    for odd in (
        {},
        {"name": "nobody"},
        {"name": "invoice-002.pdf", "page": 0},
        {"name": "invoice-001.pdf", "page": "x"},
    ):
        from_browser(panel.inspector, want=odd)
    assert panel.inspector.content["start"] == 30


def test_a_file_that_ends_while_it_is_looked_at_opens_itself(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(running(3))
    name = run.snapshot.files[1].name
    panel.selected = name
    run.documents[name] = parsed("# Done")
    run.push(with_file(run.snapshot, 1, file(name, "running", job_id="pjb-1")))
    assert panel.inspector.file["word"] == "running"
    run.push(with_file(run.snapshot, 1, file(name, pages=1, job_id="pjb-1")))
    until(lambda: panel.inspector.content["state"] == "ready")
    assert panel.inspector.file["word"] == "completed"


def test_the_selection_is_set_from_python_and_an_unknown_name_is_refused(wire: Wire, watched: Watch) -> None:
    _, panel = watched(mixed())
    wire.clear()
    panel.selected = "invoice-005.pdf"
    assert wire.updates(panel.grid) == [{"selected": "invoice-005.pdf"}]
    with pytest.raises(TraitError, match="no file named 'nope'"):
        panel.selected = "nope"
    assert panel.selected == "invoice-005.pdf"


# -- cancel ---------------------------------------------------------------------------------------------------------


def test_cancel_is_handed_to_the_loop_thread(watched: Watch) -> None:
    run, panel = watched(running(3))
    from_browser(panel.header, request={"action": "cancel", "n": 1})
    until(lambda: bool(run.cancels))
    assert run.cancels == [run.thread]
    assert run.thread != threading.get_ident()
    assert panel.header.cancel["state"] == "asked"
    from_browser(panel.header, request={"action": "cancel", "n": 2})
    run.push(later(replace(run.snapshot, phase="CANCELLED"), 1))
    until(lambda: panel.header.cancel["state"] == "over")
    assert len(run.cancels) == 1


def test_a_cancel_that_fails_says_so_and_may_be_tried_again(watched: Watch) -> None:
    run, panel = watched(running(3))
    run.cancel_error = ConnectionError("The service cannot be reached.")
    from_browser(panel.header, request={"action": "cancel", "n": 1})
    until(lambda: panel.header.notice != "")
    assert panel.header.notice == "The cancel did not go through: The service cannot be reached."
    assert panel.header.cancel["state"] == "open"


def test_a_click_on_the_panel_of_a_closed_run_is_answered(watched: Watch) -> None:
    run, panel = watched(running(3))
    run.close()
    from_browser(panel.header, request={"action": "cancel", "n": 1})
    assert panel.header.notice == "This run is closed."
    assert panel.header.cancel["state"] == "open"


# -- retry ----------------------------------------------------------------------------------------------------------


def test_retry_is_handed_to_the_loop_thread_and_the_panel_goes_on(
    wire: Wire, watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(triage())
    run.after_retry = later(retried(), 1)
    run.gate.clear()
    wire.clear()
    assert panel.header.retry["state"] == "open"
    from_browser(panel.header, request={"action": "retry", "n": 1})
    from_browser(panel.header, request={"action": "retry", "n": 2})  # it would be billed twice
    until(lambda: bool(run.retries))
    assert panel.header.retry["state"] == "asked"
    run.on_loop(run.gate.set)
    until(lambda: panel.header.retry["state"] == "over")
    assert run.retries == [run.thread]
    assert run.thread != threading.get_ident()
    assert panel.header.status["word"] == "RUNNING"
    assert panel.header.announcement == "Attempt 2 has begun: 2 files."
    assert "attempt 2: 2 files" in panel.header.progress["text"]
    assert panel.header.cancel["state"] == "open"
    assert [row[0] for row in panel.grid.patch["rows"]] == [3, 4]
    states = [state["retry"]["state"] for state in wire.updates(panel.header) if "retry" in state]
    assert states == ["asked", "over"]  # at no moment is a second one offered
    # The heartbeat beats again, and the second end is told as the first was.
    wire.clear()
    run.push(later(run.snapshot, 6))
    assert [list(state) for state in wire.updates(panel.header)] == [["looked"]]
    over = (batch(1, 5), batch(2, 2, attempt=2))
    run.push(later(retried(phase="COMPLETED", batches=over, files=triage().files[:3]), 20))
    assert panel.header.status["ended"]
    assert panel.header.announcement.startswith("COMPLETED")


def test_a_run_that_was_cancelled_and_retried_can_be_cancelled_again(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(retried())
    from_browser(panel.header, request={"action": "cancel", "n": 1})
    until(lambda: bool(run.cancels))
    run.push(later(triage(phase="CANCELLED"), 1))
    run.push(later(retried(), 2))
    assert panel.header.cancel["state"] == "open"


def test_a_retry_that_fails_says_so_and_may_be_tried_again(watched: Watch) -> None:
    run, panel = watched(triage())
    run.retry_error = ConnectionError("The service cannot be reached.")
    from_browser(panel.header, request={"action": "retry", "n": 1})
    until(lambda: panel.header.notice != "")
    assert panel.header.notice == "The retry did not go through: The service cannot be reached."
    assert panel.header.retry["state"] == "open"
    run.close()
    from_browser(panel.header, request={"action": "retry", "n": 2})
    assert panel.header.notice == "This run is closed."
    assert panel.header.retry["state"] == "open"


def test_a_retry_that_is_not_offered_is_not_done(watched: Watch) -> None:
    run, panel = watched(running(3))
    from_browser(panel.header, request={"action": "retry", "n": 1})
    from_browser(panel.header, request={"action": "static_class", "n": 2})
    run.push(later(running(3, done=1), 1))
    assert run.retries == []
    assert panel.header.retry["state"] == "over"


# -- trouble --------------------------------------------------------------------------------------------------------


def test_trouble_that_comes_and_goes_is_told_once(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(running(3))
    told: list[str] = []
    panel.header.observe(lambda change: told.append(change["new"]), "announcement")
    for seconds in range(0, 60, 10):
        run.push(later(running(3), seconds, trouble=TROUBLES["throttled"]), later(running(3), seconds + 5))
    assert len(told) == 1
    run.push(later(running(3), 70, trouble=TROUBLES["offline"]))
    assert len(told) == 2
    run.push(later(running(3), 80))
    run.push(later(running(3), 500, trouble=TROUBLES["throttled"]))  # long after, it is news again
    assert told[2].startswith("LlamaCloud asked us to slow down")
    assert len(told) == 3


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_trouble_is_one_small_message_and_goes_again(
    wire: Wire, watched: Watch, monkeypatch: pytest.MonkeyPatch, kind: TroubleKind
) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(running(50))
    wire.clear()
    run.push(later(running(50), 1, trouble=TROUBLES[kind]))
    [told] = wire.updates(panel.header)
    assert set(told) == {"notes", "looked", "announcement"}
    assert len(wire.sent) == 1
    assert size(told) < 600
    assert panel.header.notes["trouble"]["kind"] == ("bad" if trouble.look(TROUBLES[kind]).mark == "✗" else "warn")
    run.push(later(running(50), 2))
    assert panel.header.notes["trouble"] is None


# -- life -----------------------------------------------------------------------------------------------------------


def test_callbacks_may_come_from_any_thread_while_the_loop_thread_sends(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    run, panel = watched(running(40))
    run.documents |= {one.name: parsed("# x") for one in run.snapshot.files}
    names = [one.name for one in run.snapshot.files]
    failures: list[BaseException] = []

    def click() -> None:
        try:
            for turn in range(60):
                from_browser(panel.grid, selected=names[turn % len(names)])
        except BaseException as error:
            failures.append(error)

    clickers = [threading.Thread(target=click) for _ in range(4)]
    for clicker in clickers:
        clicker.start()
    for done in range(1, 41):
        run.push(later(running(40, done=done), done))
    for clicker in clickers:
        clicker.join(30)
    assert failures == []
    until(lambda: panel.header.progress["done"] == 40)
    panel.selected = names[0]
    until(lambda: panel.inspector.content.get("state") == "ready")
    assert panel.inspector.content["name"] == panel.grid.selected == names[0]


def test_close_leaves_nothing_behind(wire: Wire) -> None:
    before = set(registry._instances)
    with WatchedFake(running(1000)) as run:
        panel = RunPanel(run)
        closed: list[str] = []
        panel.on_close(lambda: closed.append("x"))
        assert len(registry._instances) > len(before)
        run.push(later(running(1000, done=1), 1), later(running(1000, done=2), 2))  # a send is due
        panel.close()
        panel.close()
        assert set(registry._instances) == before
        assert run.subscribers == []
        assert closed == ["x"]
        assert sum(kind == "comm_close" for kind, _, _ in wire.sent) == sum(
            kind == "comm_open" for kind, _, _ in wire.sent
        )
        wire.clear()
        run.push(later(mixed(), 3))
        assert wire.sent == []


def test_its_text_is_the_same_whatever_it_shows(watched: Watch) -> None:
    run, panel = watched(running(3))
    assert repr(panel) == "RunPanel('Q3')"
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "RunPanel('Q3')"
    run.push(later(mixed(), 3))
    assert repr(panel) == "RunPanel('Q3')"
    assert repr(panel.grid) == "FileGrid()"


def test_the_static_class_is_the_same_in_every_kernel() -> None:
    assert views.static_class(running(3)) == views.static_class(mixed()) == "llamabatch-static-733ab989ac"
    assert views.static_class(replace(mixed(), batch_id=None)) == views.static_class(mixed())  # while it uploads
    assert views.static_class(replace(mixed(), directory_id="dir-2")) != views.static_class(mixed())
