"""One Chromium for a whole session, on a thread of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from playwright.sync_api import Browser, sync_playwright

from tests.browser.lab import launch


class BrowserThread:
    """Playwright's sync face leaves an event loop running on its thread, where no test could start one of its own."""

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
