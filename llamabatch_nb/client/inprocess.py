"""A service in this process: HTTP semantics without a socket."""

from __future__ import annotations

from typing import Any

import httpx


def in_process(app: Any) -> httpx.AsyncBaseTransport:
    """A transport into an ASGI app. An exception in the app is a 500, as it would be over a socket."""
    return httpx.ASGITransport(app=app, raise_app_exceptions=False)
