from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from llamabatch_nb.panels.show import show
from tests.panels.support import WatchedFake
from tests.render.build import mixed

ROOT = Path(__file__).parents[2]
CELLS = [
    """
from dataclasses import replace
from llamabatch_nb.panels import show as module
from tests.panels.support import WatchedFake
from tests.render.build import file, later, mixed, snapshot
run = WatchedFake(snapshot(file("a.pdf", "running"), file("b.pdf", "running")))
panel = module.show(run)
""",
    # Within ten seconds of the first writing nothing is written, except the end.
    """
run.push(later(snapshot(file("a.pdf"), file("b.pdf", "running")), 1))
run.push(later(snapshot(file("a.pdf"), file("b.pdf", "failed", error="locked"), phase="COMPLETED"), 2))
""",
    # A retry: what is written at its beginning is due in ten seconds, and its end is not kept waiting for that.
    """
from tests.panels.support import until
from tests.render.build import retried, triage
other = WatchedFake(triage())
second = module.show(other)
other.push(later(retried(), 1), later(triage(phase="CANCELLED"), 2))
until(lambda: module._states[other][0]._shown.phase == "CANCELLED", 8)
second.close()
other.close()
""",
    """
from ipywidgets.widgets import widget
panel.close()
print(len(widget._instances), run.subscribers)
run.push(later(mixed(), 3))
run.close()
""",
]


@pytest.fixture(scope="module")
def outputs() -> list[list[Any]]:
    """What a real kernel displayed, as it would be saved."""
    make: Any = nbformat.v4
    notebook = make.new_notebook(cells=[make.new_code_cell(cell.strip()) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_shown_run_is_the_panel_and_beside_it_the_state_that_is_saved(outputs: list[list[Any]]) -> None:
    live, saved = (output.data for output in outputs[0])
    assert live["text/plain"] == "RunPanel('Q3')"
    assert "application/vnd.jupyter.widget-view+json" in live
    assert set(saved) == {"text/plain", "text/html"}
    assert re.search(r'class="llamabatch-static llamabatch-static-[0-9a-f]{10}"', saved["text/html"])


def test_the_saved_state_is_the_end(outputs: list[list[Any]]) -> None:
    _, saved = (output.data for output in outputs[0])
    assert "COMPLETED, 1 file failed" in saved["text/html"]
    assert "locked" in saved["text/html"]
    assert saved["text/plain"].startswith("✓ COMPLETED, 1 file failed")
    assert outputs[1] == []


def test_the_saved_state_goes_on_with_a_retry(outputs: list[list[Any]]) -> None:
    _, saved = (output.data for output in outputs[2])
    assert "CANCELLED, 3 files kept" in saved["text/html"]


def test_closing_ends_the_saved_state_too(outputs: list[list[Any]]) -> None:
    assert outputs[3][0].text == "0 []\n"
    _, saved = (output.data for output in outputs[0])
    assert "24 of 29" not in saved["text/html"]


def test_in_a_terminal_a_run_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    with WatchedFake(mixed()) as run:
        assert show(run) is None
    assert "24 of 29 files completed" in capsys.readouterr().out
