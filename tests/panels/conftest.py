from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import comm
import pytest

from llamabatch_nb.panels.panel import RunPanel
from llamabatch_nb.snapshot import Snapshot
from tests.browser.thread import BrowserThread
from tests.panels.front import Front
from tests.panels.support import WatchedFake, Wire


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(comm, "create_comm", wire.comm)
    return wire


@pytest.fixture
def watched() -> Iterator[Callable[[Snapshot], tuple[WatchedFake, RunPanel]]]:
    """A run over a Snapshot, and its panel; both are closed after the test."""
    with ExitStack() as stack:

        def watch(snapshot: Snapshot) -> tuple[WatchedFake, RunPanel]:
            run = stack.enter_context(WatchedFake(snapshot))
            panel = RunPanel(run)
            stack.callback(panel.close)
            return run, panel

        yield watch


@pytest.fixture
def front(browser_thread: BrowserThread) -> Iterator[Front]:
    """A bare page with the real front-end source and a fake model behind it."""
    made = browser_thread.thread.submit(Front, browser_thread.browser).result()
    yield made
    browser_thread.thread.submit(made.close).result()
