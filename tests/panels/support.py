"""A run to watch, with a real loop thread but no service; and a count of what goes over the wire."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

import comm
from comm.base_comm import BaseComm

from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.snapshot import Snapshot


class WatchedFake:
    """`panels.protocol.WatchedRun` over Snapshots that a test pushes. `documents` may hold an error to raise."""

    def __init__(
        self, snapshot: Snapshot, documents: Mapping[str, ParseResult | Exception | None] | None = None
    ) -> None:
        self.snapshot = snapshot
        self.documents = dict(documents or {})
        self.subscribers: list[Callable[[Snapshot], None]] = []
        self.cancels: list[int] = []
        self.read: list[tuple[str, int]] = []
        self.cancel_error: Exception | None = None
        self.retries: list[int] = []
        self.retry_error: Exception | None = None
        self.after_retry: Snapshot | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="watched-fake", daemon=True)
        self._thread.start()

    @property
    def thread(self) -> int | None:
        return self._thread.ident

    def subscribe(self, callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        self.subscribers.append(callback)
        return lambda: self.subscribers.remove(callback)

    def hand(self, work: Callable[[], Awaitable[None]]) -> None:
        if self._loop.is_closed():
            raise RuntimeError("This run is closed.")

        async def go() -> None:
            await work()

        asyncio.run_coroutine_threadsafe(go(), self._loop)

    async def request_cancel(self) -> None:
        self.cancels.append(threading.get_ident())
        if self.cancel_error is not None:
            raise self.cancel_error

    async def request_retry(self) -> None:
        """The retry is under way when this returns: `after_retry` is the state then; `gate` holds it up."""
        self.retries.append(threading.get_ident())
        await self.gate.wait()
        if self.retry_error is not None:
            raise self.retry_error
        if self.after_retry is not None:
            self.snapshot = self.after_retry
            for callback in list(self.subscribers):
                callback(self.snapshot)

    async def document(self, name: str) -> ParseResult | None:
        self.read.append((name, threading.get_ident()))
        await self.gate.wait()
        answer = self.documents.get(name)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def push(self, *snapshots: Snapshot) -> None:
        """Have the subscribers see these, one right after the other, on the loop thread."""

        async def go() -> None:
            for snapshot in snapshots:
                self.snapshot = snapshot
                for callback in list(self.subscribers):
                    callback(snapshot)

        asyncio.run_coroutine_threadsafe(go(), self._loop).result(10)

    def on_loop(self, act: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(act)

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Wire:
    """Everything that widgets sent: (kind, model id, state), in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, Any]]] = []

    def comm(self, **options: Any) -> BaseComm:
        wire = self

        class Recorded(comm.DummyComm):
            def publish_msg(
                self,
                msg_type: str,
                data: dict[str, Any] | None = None,
                metadata: dict[str, Any] | None = None,  # noqa: ARG002
                buffers: list[bytes] | None = None,  # noqa: ARG002
                **keys: Any,  # noqa: ARG002
            ) -> None:
                json.dumps(data, ensure_ascii=False, allow_nan=False).encode()  # as the kernel does, but strict
                kind = (data or {}).get("method", msg_type)
                wire.sent.append((kind, self.comm_id, (data or {}).get("state", {})))

        return Recorded(**options)

    def updates(self, widget: Any) -> list[dict[str, Any]]:
        return [state for kind, model, state in self.sent if kind == "update" and model == widget.model_id]

    def opened(self, widget: Any) -> dict[str, Any]:
        return next(state for kind, model, state in self.sent if kind == "comm_open" and model == widget.model_id)

    def clear(self) -> None:
        self.sent.clear()


def size(state: Mapping[str, Any]) -> int:
    """Bytes of a state on the wire, the front-end source aside."""
    return len(json.dumps({key: value for key, value in state.items() if key not in {"_esm", "_css"}}).encode())


def from_browser(widget: Any, **state: Any) -> None:
    """What arrives when the front end saves these traits."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


def until(holds: Callable[[], bool], patience: float = 10) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def parsed(*pages: str | None, texts: list[str] | None = None) -> ParseResult:
    """A parse result of these pages of markdown; None is a failed page."""
    return ParseResult.model_validate(
        {
            "job": {"id": "pjb-1", "project_id": "prj-1", "status": "COMPLETED"},
            "markdown": {
                "pages": [
                    {"page_number": number, "success": page is not None, "markdown": page}
                    | ({} if page is not None else {"error": "The model gave up."})
                    for number, page in enumerate(pages, 1)
                ]
            },
            "text": {"pages": [{"page_number": n, "text": text} for n, text in enumerate(texts or [], 1)]},
        }
    )
