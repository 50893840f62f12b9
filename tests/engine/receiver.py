"""An endpoint for webhooks: a real server on loopback, which keeps what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Told(NamedTuple):
    """One delivery. Header names are in lower case; `json` is what the body says, unpacked once more if it is text."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        content = json.loads(self.body)
        return json.loads(content) if isinstance(content, str) else content


class Receiver:
    """`answer` decides the status for each delivery; it may block or raise. `told` holds all that came, in order."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.answer: Callable[[Told], int] = lambda _: 200
        self.url = ""

    def events(self, subject: str | None = None) -> list[str]:
        """The types of the events that came, or of those about one thing."""
        payloads = [each.json for each in list(self.told)]
        return [each["event_type"] for each in payloads if subject in {None, each["data"]["id"]}]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = Told(self.path, headers, body)
            receiver.told.append(told)
            status = receiver.answer(told)
            self.send_response(status)
            self.send_header("content-length", "0")
            if status // 100 == 3:
                self.send_header("location", f"{receiver.url}/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = False
        block_on_close = True

        def handle_error(self, *_: Any) -> None:
            """A client that went away is what some tests are about."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
