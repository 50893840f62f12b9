"""Showing a run: the live panel, and beside it a static state that is saved with the notebook.

`text/html` inside a widget's own output is not shown by JupyterLab when the widget is gone, so the static state is an
output of its own (widgets.md section 3). The panel hides it while it is mounted.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from typing import Any

from IPython import display as ipython
from IPython.core.getipython import get_ipython

from llamabatch_nb.panels import views
from llamabatch_nb.panels.panel import RunPanel
from llamabatch_nb.panels.protocol import WatchedRun
from llamabatch_nb.render.html import render_html
from llamabatch_nb.render.text import render_text
from llamabatch_nb.snapshot import Snapshot

#: Seconds between two writes of the static state: each is up to 90 kB, and only a saved notebook ever shows it.
STATIC_EVERY = 10.0
ENDED_EVERY = 1.0

_states: weakref.WeakKeyDictionary[WatchedRun, list[_StaticState]] = weakref.WeakKeyDictionary()


def show(run: WatchedRun) -> RunPanel | None:
    """Display the live panel of a run and its static state; in a terminal, print the state as text and return None."""
    if not hasattr(get_ipython(), "kernel"):
        print(render_text(run.snapshot))  # noqa: T201  # this is what showing means in a terminal
        return None
    panel = RunPanel(run)
    ipython.display(panel)  # type: ignore[no-untyped-call]
    state = _StaticState(panel.static_class)
    panel.on_close(run.subscribe(state.update))
    panel.on_close(state.stop)
    _states.setdefault(run, []).append(state)
    state.show(run.snapshot)
    return panel


def settle(run: WatchedRun) -> None:
    """Write the static states of a run once more, from the cell that is running now.

    What a thread wrote while another cell ran counts as that other cell's: JupyterLab takes it, nbclient (papermill,
    `nbconvert --execute`) drops it and would keep the first state for ever.
    """
    for state in _states.get(run, ()):
        state.settle(run.snapshot)


class _StaticState:
    """The output that stays: rewritten when something changed, at most every `STATIC_EVERY` seconds, and at the end."""

    def __init__(self, css_class: str) -> None:
        self._class = css_class
        self._handle: Any = ipython.DisplayHandle()  # type: ignore[no-untyped-call]
        self._guard = threading.Lock()
        self._shown: Snapshot | None = None
        self._latest: Snapshot | None = None
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def show(self, snapshot: Snapshot) -> None:
        with self._guard:
            self._shown = self._latest = snapshot
            self._next = time.monotonic() + STATIC_EVERY
            self._handle.display(self._bundle(snapshot), raw=True)

    def update(self, snapshot: Snapshot) -> None:
        """Called on the loop thread for each new Snapshot."""
        with self._guard:
            if self._shown is None or views.same_but_for_time(self._shown, snapshot):
                return
            self._latest = snapshot
            wait = self._next - time.monotonic()
            if snapshot.ended:
                wait = min(wait, ENDED_EVERY)  # what still comes is the last of it, and people save now
            if wait <= 0 or (snapshot.ended and not self._shown.ended):
                self._write()
            else:
                loop = asyncio.get_running_loop()
                if self._timer is not None and self._timer.when() > loop.time() + wait:
                    self._timer.cancel()  # a retry's end comes while the write of its beginning is still due
                    self._timer = None
                self._timer = self._timer or loop.call_later(wait, self._due)

    def settle(self, snapshot: Snapshot) -> None:
        with self._guard:
            if self._shown is not None:
                self._latest = snapshot
                self._write()

    def stop(self) -> None:
        with self._guard:
            self._shown = None

    def _due(self) -> None:
        with self._guard:
            self._timer = None
            if self._shown is not None and self._latest is not self._shown:
                self._write()

    def _write(self) -> None:
        assert self._latest is not None
        self._shown, self._next = self._latest, time.monotonic() + STATIC_EVERY
        self._handle.update(self._bundle(self._latest), raw=True)

    def _bundle(self, snapshot: Snapshot) -> dict[str, Any]:
        return {"text/plain": render_text(snapshot), "text/html": render_html(snapshot, css_class=self._class)}
