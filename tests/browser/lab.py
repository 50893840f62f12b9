"""A real JupyterLab in a real Chromium, acted on as a person would: by what things are called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import nbformat
from playwright.sync_api import Browser, Locator, Page, Playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
#: No look-up of Google's hosts at every start; no GPU and no sandbox in a container.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
READY = 120  # seconds until JupyterLab answers, on a slow machine


def launch(playwright: Playwright) -> Browser:
    assert CHROMIUM is not None
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))


class Lab:
    """A JupyterLab server over a folder, with settings of its own."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = url

    @classmethod
    @contextmanager
    def started(cls, folder: Path, *, dark: bool = False, **environment: str) -> Iterator[Self]:
        root = folder / "work"
        root.mkdir(parents=True)
        settings = folder / "config/lab/user-settings/@jupyterlab"
        (settings / "apputils-extension").mkdir(parents=True)
        # The news pop-up would cover a corner; the theme is a setting.
        (settings / "apputils-extension/notification.jupyterlab-settings").write_text(
            '{"fetchNews": "false", "checkForUpdates": false}'
        )
        theme = "JupyterLab Dark" if dark else "JupyterLab Light"
        (settings / "apputils-extension/themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
        # Browsing through the tree is not tested; the room is the notebook's.
        log = (folder / "lab.log").open("wb")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"),
                *("--IdentityProvider.token=", "--ServerApp.password=", "--LabApp.expose_app_in_browser=True"),
                f"--ServerApp.root_dir={root}",
            ],
            env={
                **os.environ,
                "JUPYTER_CONFIG_DIR": str(folder / "config"),
                "JUPYTERLAB_SETTINGS_DIR": str(folder / "config/lab/user-settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(folder / "config/lab/workspaces"),
                "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
                "LLAMABATCH_HOME": str(folder / "home"),
                **environment,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield cls(root, _address(process, folder))
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()

    def write(self, name: str, cells: Sequence[str]) -> None:
        new = nbformat.v4
        notebook = new.new_notebook(cells=[new.new_code_cell(cell) for cell in cells])  # type: ignore[no-untyped-call]
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.root / name)  # type: ignore[no-untyped-call]

    def read(self, name: str) -> Any:
        return nbformat.read(self.root / name, as_version=4)  # type: ignore[no-untyped-call]


def _address(process: subprocess.Popen[bytes], folder: Path) -> str:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        for file in (folder / "runtime").glob("jpserver-*.json"):
            url = str(json.loads(file.read_text() or "{}").get("url", "")).rstrip("/")
            if url and _answers(url):
                return url
        assert process.poll() is None, (folder / "lab.log").read_text()
        time.sleep(0.1)
    raise AssertionError((folder / "lab.log").read_text())


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/status", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Notebook:
    """One notebook in a page."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        self.lab = lab
        self.name = name

    @classmethod
    def opened(cls, page: Page, lab: Lab, name: str) -> Self:
        workspace = name.replace("/", "-").removesuffix(".ipynb")
        page.goto(f"{lab.url}/lab/workspaces/{workspace}/tree/{name}?reset")
        notebook = cls(page, lab, name)
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        return notebook

    def ready(self) -> Self:
        """The kernel is there and idle."""
        self.page.wait_for_function(
            """() => {
                const context = window.jupyterapp.shell.currentWidget?.sessionContext;
                return context?.isReady && context.session?.kernel?.status === 'idle';
            }""",
            timeout=60_000,
        )
        return self

    def start(self, index: int) -> None:
        """Run one cell and do not wait."""
        self.page.evaluate(
            """async (index) => {
                const panel = window.jupyterapp.shell.currentWidget;
                panel.content.activeCellIndex = index;
                panel.content.deselectAll();
                window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )

    def run(self, index: int) -> Self:
        """Run one cell and wait for its end."""
        self.start(index)
        self.page.wait_for_function(
            """(index) => {
                const cell = window.jupyterapp.shell.currentWidget.content.widgets[index];
                return cell.model.executionState === 'idle' && cell.model.executionCount !== null;
            }""",
            arg=index,
            timeout=60_000,
        )
        return self

    def output(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    def save(self) -> Any:
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
        return self.lab.read(self.name)

    def shut_down(self) -> None:
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
