from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.lab import Lab
from tests.browser.thread import BrowserThread


@pytest.fixture(scope="session")
def lab(browser_thread: BrowserThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    del browser_thread  # no JupyterLab where there is no browser to look at it
    with Lab.started(tmp_path_factory.mktemp("lab"), LLAMABATCH_ENGINE="seconds_per_file=0.4") as lab:
        yield lab


@pytest.fixture
def page(browser_thread: BrowserThread) -> Iterator[Page]:
    page = browser_thread.thread.submit(_new_page, browser_thread).result()
    yield page
    browser_thread.thread.submit(page.context.close).result()


def _new_page(browser_thread: BrowserThread) -> Page:
    page = browser_thread.browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(30_000)
    return page
