"""`make screenshots`: the pictures of the README, from a real run in a real JupyterLab, light and dark."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.lab import Lab, Notebook, launch

IMAGES = Path(__file__).parents[1] / "docs/images"
CELLS = [
    """import llamabatch_nb as lb
from llamabatch_nb.samples import write_samples
write_samples("invoices")
run = lb.submit("invoices", name="Q3").wait()""",
    "run",
]


def main() -> int:
    """Write docs/images/panel-light.png and panel-dark.png; seeded, so that they change only when the panel does."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for theme in ("light", "dark"):
            with tempfile.TemporaryDirectory() as folder:
                with Lab.started(Path(folder), dark=theme == "dark", LLAMABATCH_ENGINE="seed=pictures") as lab:
                    draw(browser, lab, IMAGES / f"panel-{theme}.png")
        browser.close()
    return 0


def draw(browser: Browser, lab: Lab, path: Path) -> None:
    # 1,500 wide, so that the panel is about 1,100: the width of a README's picture; drawn at twice the density.
    page = browser.new_page(viewport={"width": 1500, "height": 1000}, device_scale_factor=2)
    lab.write("picture.ipynb", CELLS)
    notebook = Notebook.opened(page, lab, "picture.ipynb").ready()
    notebook.run(0).run(1)
    panel = notebook.output(1)
    expect(panel).to_contain_text("COMPLETED, 3 files failed")
    panel.get_by_role("columnheader", name="status").get_by_role("button").click()  # what needs a look comes first
    panel.get_by_role("row").filter(has_text="invoice-001.pdf").click()
    expect(panel.get_by_role("tabpanel")).to_contain_text("Alder")
    page.mouse.move(5, 5)
    panel.locator(".lbn-panel").screenshot(path=path)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
