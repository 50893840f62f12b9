from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.browser.lab import CHROMIUM
from tests.browser.thread import BrowserThread

#: Processes that a library keeps for the life of its process, by a word of their command line.
KEPT = ("loky.backend.resource_tracker", "multiprocessing.resource_tracker")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a state folder of its own, and no key or address from outside."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("LLAMABATCH_HOME", str(home))
    for name in (
        "LLAMA_CLOUD_API_KEY",
        "LLAMA_PARSE_API_KEY",
        "LLAMA_CLOUD_BASE_URL",
        "LLAMA_CLOUD_CUSTOM_HEADERS",
        "LLAMABATCH_ENGINE",
    ):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(autouse=True)
def nothing_outlives(request: pytest.FixtureRequest) -> Iterator[None]:
    """The leak guard (anchors.md, habit 7): no widget, thread or process of ours outlives a test."""
    if "lab" in request.fixturenames:  # its kernels belong to a server that a whole session shares
        yield
        return
    before = _alive()
    yield
    left = _alive() - before
    patience = time.monotonic() + 5
    while left and time.monotonic() < patience:
        time.sleep(0.05)
        gc.collect()
        left = _alive() - before
    assert not left, f"outlived its test: {sorted(left)}"


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


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that drives a browser runs on the browser's thread."""
    if "browser_thread" not in pyfuncitem.fixturenames:
        return None
    arguments: dict[str, Any] = pyfuncitem.funcargs
    wanted = {name: arguments[name] for name in pyfuncitem._fixtureinfo.argnames}
    arguments["browser_thread"].thread.submit(pyfuncitem.obj, **wanted).result()
    return True


def _alive() -> set[str]:
    threads = {f"thread {thread.name} {thread.ident}" for thread in threading.enumerate() if _ours(thread)}
    processes = set()
    for child in psutil.Process().children(recursive=True):
        try:
            command = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and not any(word in command for word in KEPT):
                processes.add(f"process {child.pid} {command[:120]}")
        except psutil.NoSuchProcess:
            continue
    return threads | processes | _widgets()


def _ours(thread: threading.Thread) -> bool:
    # anyio keeps idle worker threads for its loop, which ends with our loop thread; nobody else's are counted.
    return thread is not threading.main_thread() and not thread.name.startswith(("pydevd", "asyncio_", "AnyIO"))


def _widgets() -> set[str]:
    import sys

    if "ipywidgets" not in sys.modules:
        return set()
    from ipywidgets.widgets import widget

    return {f"widget {key}" for key in widget._instances}
