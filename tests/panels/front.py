"""The real front-end source on a bare page in Chromium, with a fake anywidget model (widgets.md, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from llamabatch_nb.panels import views
from llamabatch_nb.panels.parts import FileGrid, PageInspector, RunHeader
from llamabatch_nb.snapshot import Snapshot

#: The variables a theme of JupyterLab 4.6 sets, as far as panels read them.
THEMES: dict[str, dict[str, str]] = {
    "light": {"--jp-ui-font-color1": "rgba(0,0,0,.87)", "--jp-layout-color1": "white", "--jp-brand-color1": "#1976d2"},
    "dark": {
        "--jp-ui-font-color1": "rgba(255,255,255,.87)",
        "--jp-layout-color1": "#212121",
        "--jp-brand-color1": "#2196f3",
    },
    "none": {},
}
_PAGE = """
<html lang="en" style="VARIABLES"><body style="margin:20px;background:var(--jp-layout-color1, Canvas)">
<div class="jp-OutputArea">
  <div class="jp-OutputArea-child">
    <div class="lbn-panel"><div id="header"></div><div class="lbn-body" id="body" style="display:flex"></div></div>
  </div>
  <div class="jp-OutputArea-child" id="saved"><div class="static-x">saved state</div></div>
</div>
<p style="height:3000px">below</p></body></html>
"""
_HARNESS = """
class Model {
  constructor(state) { this.state = state; this.handlers = []; this.saved = []; this.pending = {}; }
  get(name) { return this.state[name]; }
  set(name, value) {
    if (JSON.stringify(this.state[name]) === JSON.stringify(value)) return;
    this.state[name] = value;
    this.pending[name] = value;
    this.fire(name);
  }
  fire(name) { for (const [event, act] of this.handlers) if (event === `change:${name}`) act(); }
  save_changes() { if (Object.keys(this.pending).length) this.saved.push(this.pending); this.pending = {}; }
  on(event, act) { this.handlers.push([event, act]); }
  off() { this.handlers = []; }
}
window.models = {};
window.cleanups = {};
window.mount = async (name, host, source, css, state) => {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const widget = (await import(url)).default;
  const el = document.createElement("div");
  window.models[name] = new Model(state);
  window.cleanups[name] = await widget.render({ model: window.models[name], el });
  document.querySelector(host).append(el);
};
window.ran = [];
window.alert = (what) => window.ran.push(what);
null;
"""


def _defaults(part: type[Any]) -> dict[str, Any]:
    """The synced traits of a widget class that are ours, with their defaults."""
    own = {name: trait for name, trait in part.class_traits(sync=True).items() if trait.this_class in part.__mro__[:2]}
    return {name: trait.default() for name, trait in own.items() if name != "start"}


class Front:
    """A page with a panel, or parts of one, and what a person does there."""

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context(viewport={"width": 1200, "height": 900})
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(5_000)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda asked: self.requests.append(asked.url))
        self.ledger = views.RowLedger([])

    def show(self, snapshot: Snapshot, *, theme: str = "light", **header: Any) -> None:
        """A whole panel over a Snapshot, all its rows there."""
        variables = ";".join(f"{name}:{value}" for name, value in THEMES[theme].items())
        self.page.set_content(_PAGE.replace("VARIABLES", variables))
        self.page.evaluate(_HARNESS)
        self.ledger = views.RowLedger(snapshot.files)
        told = views.header(snapshot) | {"looked": snapshot.taken_at.timestamp()} | header
        self.mount(RunHeader, "header", "#header", told | {"static_class": "static-x"})
        self.mount(FileGrid, "grid", "#body", {"start": self.ledger.first()})
        self.mount(PageInspector, "inspector", "#body", {})
        patch = self.ledger.update(snapshot.files)
        if patch is not None:
            self.tell("grid", patch=patch)

    def mount(self, part: type[Any], name: str, host: str, state: Mapping[str, Any]) -> None:
        self.page.evaluate(
            "([name, host, source, css, state]) => mount(name, host, source, css, state)",
            [name, host, str(part._esm), str(part._css), _defaults(part) | {"panel": "p"} | dict(state)],
        )

    def tell(self, name: str, **state: Any) -> None:
        """What Python sends: these traits changed."""
        self.page.evaluate(
            "([name, state]) => { Object.assign(models[name].state, state);"
            " for (const key of Object.keys(state)) models[name].fire(key); }",
            [name, state],
        )

    def update(self, snapshot: Snapshot) -> None:
        patch = self.ledger.update(snapshot.files)
        self.tell("header", **views.header(snapshot))
        if patch is not None:
            self.tell("grid", patch=patch)

    def saved(self, name: str) -> list[dict[str, Any]]:
        """What the front end saved to Python, in order."""
        said: list[dict[str, Any]] = self.page.evaluate("(name) => models[name].saved", name)
        return said

    def get(self, name: str, trait: str) -> Any:
        return self.page.evaluate("([name, trait]) => models[name].get(trait)", [name, trait])

    def open(self, name: str, *pages: tuple[str | None, str | None], total: int | None = None, start: int = 0) -> None:
        """Python's answer to a selection: (html, text) a page."""
        made = [
            {"number": start + n, "html": html, "text": text, "error": None} for n, (html, text) in enumerate(pages, 1)
        ]
        content = {"name": name, "state": "ready", "message": "", "total": total or len(pages), "start": start}
        self.tell("inspector", content=content | {"pages": made})

    # -- what a person sees and does ---------------------------------------------------------------------------------

    @property
    def grid(self) -> Locator:
        return self.page.get_by_role("grid", name="Files")

    def row(self, name: str) -> Locator:
        return self.grid.get_by_role("row").filter(has=self.page.get_by_role("rowheader", name=name, exact=True))

    def names(self) -> list[str]:
        """The file names that are drawn, from top to bottom."""
        cells: list[list[Any]] = self.grid.get_by_role("rowheader").evaluate_all(
            "(all) => all.map((one) => [one.parentNode.offsetTop, one.textContent])"
        )
        return [name for _, name in sorted(cells)]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def close(self) -> None:
        self._context.close()
