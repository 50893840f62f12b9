"""The panel in a real JupyterLab, as a person meets it."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

SUBMIT = """import llamabatch_nb as lb
from llamabatch_nb.samples import write_samples
write_samples("{0}")
run = lb.submit("{0}", name="{0}", new=True)"""
PANEL = "from llamabatch_nb.panels.show import show\npanel = show(run)"


def open_file(panel: Locator, name: str) -> None:
    """As a person does in a long list: type a part of the name, click the row."""
    panel.get_by_role("searchbox", name="Search files").fill(name)
    panel.get_by_role("row").filter(has_text=name).click()


def done(page: Page) -> int:
    return int(page.get_by_role("progressbar", name="Files done").first.get_attribute("aria-valuenow") or 0)


def test_a_person_watches_clicks_a_row_and_reads_the_page(page: Page, lab: Lab) -> None:
    lab.write("read.ipynb", [SUBMIT.format("read"), "run", "run.wait().files()['status'].value_counts()"])
    notebook = Notebook.opened(page, lab, "read.ipynb").ready()
    notebook.run(0).run(1).run(2)
    expect(notebook.output(2)).to_contain_text("completed    26")
    panel = notebook.output(1)
    expect(panel).to_contain_text("COMPLETED, 3 files failed")
    open_file(panel, "invoice-006")
    reader = panel.get_by_role("tabpanel")
    expect(reader).to_contain_text("Invoice", ignore_case=True)
    panel.get_by_role("tab", name="Text").click()
    expect(reader).to_contain_text("Invoice", ignore_case=True)
    panel.get_by_role("button", name="Next page").click()
    expect(panel).to_contain_text("page 2 of 2")
    open_file(panel, "locked")
    expect(panel).to_contain_text("Needs a password")


def test_the_panel_goes_on_while_another_cell_is_busy(page: Page, lab: Lab) -> None:
    lab.write("busy.ipynb", [SUBMIT.format("busy"), "run", "import time\ntime.sleep(20)", PANEL, "panel.selected"])
    notebook = Notebook.opened(page, lab, "busy.ipynb").ready()
    notebook.run(0).run(1)
    notebook.start(2)
    seen: set[int] = set()
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and len(seen) < 4:
        seen.add(done(page))
        page.wait_for_timeout(250)
    busy = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.executionState")
    assert busy == "running"
    assert len(seen) >= 4, f"the panel stood still at {seen} while a cell was busy"
    expect(notebook.output(1)).to_contain_text("COMPLETED", timeout=30_000)


def test_selecting_a_row_is_a_python_value_and_the_other_way_round(page: Page, lab: Lab) -> None:
    lab.write(
        "value.ipynb",
        [SUBMIT.format("value"), PANEL, "run.wait()\nNone", "panel.selected", "panel.selected = 'orders.xlsx'"],
    )
    notebook = Notebook.opened(page, lab, "value.ipynb").ready()
    notebook.run(0).run(1).run(2)
    open_file(notebook.output(1), "truncated")
    expect(notebook.output(1)).to_contain_text("Damaged")
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("truncated.pdf")
    notebook.output(1).get_by_role("searchbox").fill("")
    notebook.run(4)
    expect(notebook.output(1).get_by_role("row", selected=True)).to_contain_text("orders.xlsx")


def test_a_saved_notebook_shows_its_last_state_without_a_kernel(page: Page, lab: Lab) -> None:
    lab.write("saved.ipynb", [SUBMIT.format("saved"), "run", "run.wait()\nNone"])
    notebook = Notebook.opened(page, lab, "saved.ipynb").ready()
    notebook.run(0).run(1).run(2)
    expect(notebook.output(1)).to_contain_text("COMPLETED, 3 files failed")
    page.wait_for_timeout(500)
    saved = notebook.save()
    html = "".join(output.get("data", {}).get("text/html", "") for output in saved.cells[1].outputs)
    assert "COMPLETED, 3 files failed" in html
    assert "Needs a password" in html
    notebook.shut_down()
    page.goto("about:blank")
    reopened = Notebook.opened(page, lab, "saved.ipynb")
    static = reopened.output(1).locator("[class*=llamabatch-static]").first
    expect(static).to_be_visible()
    expect(static).to_contain_text("COMPLETED, 3 files failed")
    expect(static.get_by_role("row").filter(has_text="locked.pdf")).to_contain_text("Needs a password")


def test_cancel_asks_first_and_keeps_what_was_done(page: Page, lab: Lab) -> None:
    lab.write("cancel.ipynb", [SUBMIT.format("cancel"), "run", "run.files()['status'].value_counts()"])
    notebook = Notebook.opened(page, lab, "cancel.ipynb").ready()
    notebook.run(0).run(1)
    panel = notebook.output(1)
    expect(panel.get_by_role("progressbar", name="Files done")).not_to_have_attribute("aria-valuenow", "0")
    panel.get_by_role("button", name=re.compile("^Cancel")).first.click()
    group = panel.get_by_role("group", name="Confirm the cancel")
    expect(group).to_contain_text(re.compile(r"\d+ files?"))
    group.get_by_role("button").first.click()
    expect(panel).to_contain_text("CANCELLED", timeout=30_000)
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("cancelled")
    expect(notebook.output(2)).to_contain_text("completed")
