"""What an application answers, kept back until it is known what becomes of it."""

from __future__ import annotations

import json
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send


class Answer:
    """The application's `send`. `content` is the body of a 2xx answer, which here is JSON; None: there is none."""

    def __init__(self) -> None:
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    @property
    def has_body(self) -> bool:
        return bool(self._body)

    @property
    def content(self) -> Any:
        if self._start["status"] // 100 != 2 or not self._body:
            return None
        return json.loads(self._body)

    async def send(self, send: Send, content: Any, *, half: bool = False) -> None:
        body = self._body if content is None else json.dumps(content, ensure_ascii=False).encode()
        headers = MutableHeaders(raw=list(self._start["headers"]))
        if "content-length" in headers:
            headers["content-length"] = str(len(body))
        await send({**self._start, "headers": headers.raw})
        part = body[: len(body) // 2] if half else body
        await send({"type": "http.response.body", "body": part, "more_body": half})
