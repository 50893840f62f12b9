"""The local engine: an emulator of LlamaCloud's Batches v2 that really processes the files (design.md, decision 10).

>>> from llamabatch_nb.engine import Engine
>>> with Engine("data") as engine:      # doctest: +SKIP
...     engine.app                      # the ASGI application

Nothing is imported before it is used: FastAPI, loky and the parsers cost about half a second together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llamabatch_nb.engine.core import Engine
    from llamabatch_nb.engine.errors import EngineError

__all__ = ["Engine", "EngineError"]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        from llamabatch_nb.engine.core import Engine

        return Engine
    if name == "EngineError":
        from llamabatch_nb.engine.errors import EngineError

        return EngineError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
