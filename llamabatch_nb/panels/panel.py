"""The run panel: header, file grid and page inspector over one run, kept true from the run's loop thread."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import ipywidgets
import traitlets

from llamabatch_nb.panels import reading, views
from llamabatch_nb.panels.parts import FileGrid, PageInspector, RunHeader
from llamabatch_nb.panels.protocol import WatchedRun
from llamabatch_nb.render import sentences
from llamabatch_nb.render import vocabulary as words
from llamabatch_nb.snapshot import FileState, Snapshot, TroubleKind

#: Seconds between two updates at least (design.md, decision 3).
TICK = 0.5
#: A trouble that comes back within this time is not told to a screen reader again.
QUIET = timedelta(minutes=5)


class RunPanel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A live panel over a run. `selected` is the name of the file under inspection or None, settable from Python.

    Snapshots arrive on the loop thread and go out at most twice a second, only what differs, nothing when nothing
    does. What the browser asks may arrive on any thread; it is handed to the loop thread and answered from there.

    Raises:
        traitlets.TraitError: `selected` was set to a name that the run does not have.

    """

    selected = traitlets.Unicode(None, allow_none=True)

    def __init__(self, run: WatchedRun) -> None:
        snapshot = run.snapshot
        self._run = run
        self._guard = threading.RLock()
        self._latest = self._sent = snapshot
        self._next_send = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._asked: set[str] = set()
        self._troubles: dict[TroubleKind, datetime] = {}
        self._reading: tuple[str, list[reading.Leaf]] | None = None
        self._ask = 0
        self._address = snapshot.name or snapshot.batch_id or snapshot.source
        self.static_class = views.static_class(snapshot)
        panel = uuid.uuid4().hex
        self.header = RunHeader(
            self._guard,
            panel=panel,
            static_class=self.static_class,
            looked=snapshot.taken_at.timestamp(),
            **views.header(snapshot),
        )
        self.grid = FileGrid(self._guard, views.RowLedger(snapshot.files), panel=panel)
        self.inspector = PageInspector(self._guard, panel=panel)
        self._body = ipywidgets.HBox([self.grid, self.inspector], _dom_classes=["lbn-body"])
        super().__init__([self.header, self._body], _dom_classes=["lbn-panel"])
        self.header.observe(self._on_request, "request")
        self.grid.observe(self._on_selected, "selected")
        self.grid.observe(self._on_rows_wanted, "want")
        self.inspector.observe(self._on_page_wanted, "want")
        self.observe(self._on_python_selected, "selected")
        # The rest of the rows right away, not when the browser has asked: an ipykernel 6 answers only after the cell.
        self._send_rows(snapshot)
        self._closing = contextlib.ExitStack()
        self._closing.callback(run.subscribe(self._on_snapshot))
        self._latest = run.snapshot  # one may have come between the first look and the subscription
        if self.grid.ledger.behind or self._latest is not snapshot:
            self._hand(self._pump)

    def __repr__(self) -> str:
        return f"RunPanel({words.one_line(self._address, 80)!r})"

    def on_close(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once when the panel is closed."""
        self._closing.callback(callback)

    def close(self) -> None:
        """Stop watching and close every widget, layout included; nothing stays registered."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
        self._closing.close()
        layouts = [self.layout, self._body.layout]
        for widget in (self.header, self.grid, self.inspector, self._body):
            widget.unobserve_all()
            widget.close()
        super().close()
        for layout in layouts:
            layout.close()

    # -- from the run, on the loop thread ---------------------------------------------------------------------------

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        with self._guard:
            self._latest = snapshot
            self._schedule()

    async def _pump(self) -> None:
        with self._guard:
            self._schedule()

    def _schedule(self) -> None:
        """Send now or, within a tick of the last time, when the tick is over. On the loop thread."""
        if self._closed or self._timer is not None:
            return
        wait = self._next_send - time.monotonic()
        if wait <= 0:
            self._flush()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait, self._due)

    def _due(self) -> None:
        with self._guard:
            self._timer = None
            if not self._closed:
                self._flush()

    def _flush(self) -> None:
        before, now = self._sent, self._latest
        self._sent = now
        self._next_send = time.monotonic() + TICK
        if not views.same_but_for_time(before, now):
            if now.ended:
                self._asked.discard("cancel")  # a run that is retried can be cancelled again
            said = self._announcement(before, now)
            traits = views.header(now, asked=self._asked) | ({"announcement": said} if said else {})
            if any(getattr(self.header, name) != value for name, value in traits.items()):
                self.header.tell(looked=now.taken_at.timestamp(), **traits)
            self._refresh_inspector(before, now)
        if not now.ended and now.taken_at.timestamp() - self.header.looked >= views.HEARTBEAT:
            self.header.tell(looked=now.taken_at.timestamp())
        self._send_rows(now)
        if self.grid.ledger.behind:
            self._schedule()

    def _announcement(self, before: Snapshot, now: Snapshot) -> str:
        if before.trouble is not None:
            self._troubles[before.trouble.kind] = now.taken_at
        recent = {kind for kind, seen in self._troubles.items() if now.taken_at - seen < QUIET}
        return sentences.announcement(before, now, recent)

    def _send_rows(self, snapshot: Snapshot) -> None:
        patch = self.grid.ledger.update(snapshot.files)
        if patch is not None:
            self.grid.tell(patch=patch)

    def _refresh_inspector(self, before: Snapshot, now: Snapshot) -> None:
        old, file = self._file(self.selected, before), self._file(self.selected, now)
        if file is None:
            return
        self.inspector.tell(file=views.file_facts(file))
        if file.ended and (old is None or not old.ended):
            self._read(file)

    # -- from the browser, on any thread ----------------------------------------------------------------------------

    def _hand(self, work: Callable[[], Awaitable[None]]) -> bool:
        try:
            self._run.hand(work)
        except Exception as error:  # the run was closed; its panel stays on the page
            self.header.tell(notice=_said(error))
            return False
        return True

    def _on_request(self, change: Any) -> None:
        action = change["new"].get("action")
        if action not in {"cancel", "retry"} or getattr(self.header, action)["state"] != "open":
            return
        self.header.tell(notice="")
        # Told before it is handed on: a second click must find it asked already, for a retry is billed.
        self._tell_asked(action, True)
        if not self._hand(functools.partial(self._ask_run, action)):
            self._tell_asked(action, False)

    async def _ask_run(self, action: str) -> None:
        try:
            await (self._run.request_cancel() if action == "cancel" else self._run.request_retry())
        except Exception as error:
            with self._guard:
                self._tell_asked(action, False)
                self.header.tell(notice=f"The {action} did not go through: {_said(error)}")
            return
        if action == "retry":  # under way; a cancel is only when the service says so
            with self._guard:
                self._latest = self._run.snapshot
                self._tell_asked(action, False)
                self._schedule()

    def _tell_asked(self, action: str, asked: bool) -> None:
        (self._asked.add if asked else self._asked.discard)(action)
        self.header.tell(**{action: views.header(self._latest, asked=self._asked)[action]})

    def _on_rows_wanted(self, _change: Any) -> None:
        self.grid.ledger.start_over()
        self._hand(self._pump)

    @traitlets.validate("selected")
    def _known(self, proposal: Any) -> str | None:
        name: str | None = proposal["value"]
        if name is not None and self._file(name, self._latest) is None:
            raise traitlets.TraitError(f"This run has no file named {name!r}; names are paths relative to its folder.")
        return name

    def _on_python_selected(self, change: Any) -> None:
        name = change["new"]
        self.grid.tell(selected=None if name is None else words.visible(name))

    def _on_selected(self, change: Any) -> None:
        file = self._file(change["new"], self._latest)
        self.selected = None if file is None else file.name
        if file is None:
            self._ask += 1
            self._reading = None
            self.inspector.tell(file=None, content={})
        else:
            self.inspector.tell(file=views.file_facts(file))
            self._read(file)

    def _on_page_wanted(self, change: Any) -> None:
        wanted, held = change["new"], self._reading
        file = self._file(wanted.get("name"), self._latest)
        page = wanted.get("page")
        if file is None or not isinstance(page, int) or file.name != self.selected:
            return
        if held is None or held[0] != file.name:
            self._read(file, page)
        else:
            self._show(file.name, held[1], page)

    # -- reading a document -----------------------------------------------------------------------------------------

    def _read(self, file: FileState, page: int = 0) -> None:
        """Fetch a file's document on the loop thread and show it, unless something else was asked for meanwhile."""
        self._ask += 1
        ask = self._ask
        self._reading = None
        if file.status != "completed":
            self._tell_content(file, "none", views.no_result(file))
            return
        self._tell_content(file, "loading", "")

        async def fetch() -> None:
            try:
                result = await self._run.document(file.name)
                pages = [] if result is None else reading.leaves(result)
            except Exception as error:
                with self._guard:
                    if ask == self._ask:
                        self._tell_content(file, "error", _said(error))
                return
            with self._guard:
                if ask != self._ask or self._closed:
                    return
                self._reading = (file.name, pages)
                if pages:
                    self._show(file.name, pages, page)
                else:
                    self._tell_content(file, "none", "This file has a result, but no pages to read.")

        self._hand(fetch)

    def _show(self, name: str, pages: list[reading.Leaf], page: int) -> None:
        start = min(max(page, 0), len(pages) - 1)
        views_ = reading.window(pages, start)
        self.inspector.tell(
            content={
                "name": words.visible(name),
                "state": "ready",
                "message": "",
                "total": len(pages),
                "start": start,
                "pages": views_,
            }
        )

    def _tell_content(self, file: FileState, state: str, message: str) -> None:
        self.inspector.tell(content={"name": words.visible(file.name), "state": state, "message": message})

    def _file(self, name: str | None, snapshot: Snapshot) -> FileState | None:
        if name is None:
            return None
        return next((file for file in snapshot.files if name in {file.name, words.visible(file.name)}), None)


def _said(error: Exception) -> str:
    return words.one_line(str(error) or type(error).__name__, 300)
