"""The three anywidgets of a panel: header, file grid, page inspector. Traits only; what they mean is in `panel.py`.

Traits rather than custom messages for everything: messages to a widget shown by an earlier cell were reported lost on
Colab (widgets.md section 7). What the browser sets is not echoed back to it (`echo_update=False`).
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from llamabatch_nb.panels.views import RowLedger

_STATIC = Path(__file__).parent / "static"


def _source(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


class _Part(anywidget.AnyWidget):
    """One widget of a panel.

    A front end's message may arrive on any thread while the loop thread sends (design.md, decision 2), and traitlets'
    `hold_trait_notifications` is not thread-safe; so both take the panel's one lock.
    """

    _css = ""
    #: What ties the parts of one panel together in the browser, whatever page element they end up in.
    panel = traitlets.Unicode().tag(sync=True)

    def __init__(self, guard: threading.RLock, **traits: Any) -> None:
        self._guard = guard
        super().__init__(**traits)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        with self._guard:
            super().set_state(sync_data)

    def tell(self, **traits: Any) -> bool:
        """Set the traits that differ, in one message, or none at all; returns whether any did."""
        news = {name: value for name, value in traits.items() if getattr(self, name) != value}
        if news:
            with self._guard, self.hold_sync():
                for name, value in news.items():
                    self.set_trait(name, value)
        return bool(news)

    def close(self) -> None:
        """Close the layout too, which ipywidgets leaves registered (ipywidgets#1902)."""
        layout = self.layout
        super().close()
        layout.close()

    def __repr__(self) -> str:
        # nbval compares text/plain: no address, no state.
        return f"{type(self).__name__}()"


class RunHeader(_Part):
    """Status, bar, counts, times, Cancel and Retry. Dict traits as `views.header` makes them."""

    _esm = _source("header.js")
    _css = _source("theme.css") + _source("header.css")

    identity = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)
    notes = traitlets.Dict().tag(sync=True)
    cancel = traitlets.Dict().tag(sync=True)
    retry = traitlets.Dict().tag(sync=True)
    looked = traitlets.Float(help="when the service was last looked at, seconds since the epoch").tag(sync=True)
    announcement = traitlets.Unicode(help="what a screen reader is told").tag(sync=True)
    notice = traitlets.Unicode(help="what went wrong with something the user asked for").tag(sync=True)
    static_class = traitlets.Unicode(help="class of the static state to hide while mounted").tag(sync=True)
    request = traitlets.Dict(help='from the browser: {"action": "cancel" or "retry", "n": 1}').tag(
        sync=True, echo_update=False
    )


def _first_rows(_value: object, grid: FileGrid) -> dict[str, Any]:
    return grid.ledger.first()


class FileGrid(_Part):
    """All files as rows in the browser, drawn as far as they are visible.

    `start` is made when it is asked for, so that a reloaded page starts from what is true then; the rest and every
    change come as `patch`.
    """

    _esm = _source("grid.js")
    _css = _source("theme.css") + _source("grid.css")

    start = traitlets.Dict().tag(sync=True, to_json=_first_rows)
    patch = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode(None, allow_none=True).tag(sync=True, echo_update=False)
    want = traitlets.Dict(help='from the browser: {"rows": "all", "n": 1}').tag(sync=True, echo_update=False)

    def __init__(self, guard: threading.RLock, ledger: RowLedger, **traits: Any) -> None:
        self.ledger = ledger
        super().__init__(guard, **traits)


class PageInspector(_Part):
    """One file: what is known of it, and its pages as reading text and as plain text."""

    _esm = _source("inspector.js")
    _css = _source("theme.css") + _source("inspector.css")

    file = traitlets.Dict(None, allow_none=True, help="views.file_facts, or null").tag(sync=True)
    content = traitlets.Dict(help="state, message, total, start and rendered pages").tag(sync=True)
    want = traitlets.Dict(help='from the browser: {"name", "page", "n"}').tag(sync=True, echo_update=False)
