"""One served engine a module, and the official SDK before it.

- `server`: the process (tests/engine/server.py), over a data folder of its own; a module's tests share it, so they look
  for what they made themselves and never count what else is there.
- `sdk`: `LlamaCloud` before it.
- `async_sdk`: `AsyncLlamaCloud` before it, for ``async def`` tests marked ``pytest.mark.anyio``.
- `server_options`: what `server` is started with. A module that needs others overrides it (same name, module scope).

Retries are off, so that a 5xx or 429 is an error in a test and not a second try.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from llama_cloud import AsyncLlamaCloud, LlamaCloud

from tests.engine.server import Server, serving


@pytest.fixture(scope="module")
def server_options() -> dict[str, Any]:
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, server_options: dict[str, Any]) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served") / "data", **server_options) as server:
        yield server


@pytest.fixture(scope="module")
def sdk(server: Server) -> Iterator[LlamaCloud]:
    with LlamaCloud(base_url=server.url, api_key="x", max_retries=0) as sdk:
        yield sdk


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def async_sdk(server: Server, anyio_backend: str) -> AsyncIterator[AsyncLlamaCloud]:  # noqa: ARG001 - the loop's
    async with AsyncLlamaCloud(base_url=server.url, api_key="x", max_retries=0) as sdk:
        yield sdk
