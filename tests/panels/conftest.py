from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import comm
import pytest
from playwright.sync_api import Browser, sync_playwright

from llamabatch_nb.panels.panel import RunPanel
from llamabatch_nb.snapshot import Snapshot
from tests.browser.lab import CHROMIUM, launch
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


class BrowserThread:
    """A browser with a thread of its own: Playwright's sync face takes one a thread, and a neighbour has one."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, "browser")
        self._stack = ExitStack()
        self.browser: Browser = self.thread.submit(self._start).result()

    def _start(self) -> Browser:
        browser = launch(self._stack.enter_context(sync_playwright()))
        # Chromium's own helpers start with its first page and stay; the leak guard must see them from the start.
        browser.new_page().goto("data:text/html,")
        return browser

    def close(self) -> None:
        self.thread.submit(self.browser.close).result()
        self.thread.submit(self._stack.close).result()
        self.thread.shutdown()


@pytest.fixture(scope="session")
def browser_thread() -> Iterator[BrowserThread]:
    if CHROMIUM is None:
        reason = "NO CHROMIUM: the panels were not tried in a browser. Install it (Debian: apt install chromium)."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    own = BrowserThread()
    yield own
    own.close()


@pytest.fixture
def front(browser_thread: BrowserThread) -> Iterator[Front]:
    """A bare page with the real front-end source and a fake model behind it."""
    made = browser_thread.thread.submit(Front, browser_thread.browser).result()
    yield made
    browser_thread.thread.submit(made.close).result()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test of the front end runs on the browser's thread."""
    arguments: dict[str, Any] = pyfuncitem.funcargs
    if "front" not in arguments:
        return None
    wanted = {name: arguments[name] for name in pyfuncitem._fixtureinfo.argnames}
    arguments["browser_thread"].thread.submit(pyfuncitem.obj, **wanted).result()
    return True
