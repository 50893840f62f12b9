"""LlamaCloud Batches v2 in a notebook: a folder of documents in, a live panel to watch, DataFrames out.

::

    import llamabatch_nb as lb

    run = lb.submit("invoices/")          # returns at once; with no key the local engine reads the files
    run                                   # as a cell's last line: the live panel
    run.wait()                            # blocks; Ctrl-C detaches and says how to re-attach
    run.files(), run.pages()              # DataFrames with a fixed schema; lb.schema("files") prints it
    run.tables(), run.records()           # every table, and what was extracted, each a DataFrame of its own
    run.export("invoices.parquet")
    lb.open("bat-…")                      # re-attach from any kernel

    client = lb.connect()                 # LlamaCloud where LLAMA_CLOUD_API_KEY is set, else the local engine
    job = {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}
    client.batches.create(config={"job": job}, source_directory_id="dir-…")

Errors are one tree: `lb.errors`.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from llamabatch_nb._version import __version__

if TYPE_CHECKING:
    from llamabatch_nb import errors, frames
    from llamabatch_nb.client.clients import AsyncClient, Client
    from llamabatch_nb.connect import connect, connect_async, use
    from llamabatch_nb.follow.sources.estimate import Estimate
    from llamabatch_nb.frames.declared import schema
    from llamabatch_nb.run import Run, archive, history, open, submit  # noqa: A004 - reads as lb.open("Q3")
    from llamabatch_nb.snapshot import FileState, Snapshot

__all__ = [
    "AsyncClient",
    "Client",
    "Estimate",
    "FileState",
    "Run",
    "Snapshot",
    "__version__",
    "archive",
    "connect",
    "connect_async",
    "errors",
    "frames",
    "history",
    "open",
    "schema",
    "submit",
    "use",
]

#: Where each name lives. Imported when it is first used, so that `import llamabatch_nb` costs next to nothing.
_HOMES = {
    "AsyncClient": "llamabatch_nb.client.clients",
    "Client": "llamabatch_nb.client.clients",
    "Estimate": "llamabatch_nb.follow.sources.estimate",
    "FileState": "llamabatch_nb.snapshot",
    "Run": "llamabatch_nb.run",
    "Snapshot": "llamabatch_nb.snapshot",
    "archive": "llamabatch_nb.run",
    "connect": "llamabatch_nb.connect",
    "connect_async": "llamabatch_nb.connect",
    "history": "llamabatch_nb.run",
    "open": "llamabatch_nb.run",
    "schema": "llamabatch_nb.frames.declared",
    "submit": "llamabatch_nb.run",
    "use": "llamabatch_nb.connect",
}


class _Face(ModuleType):
    """The import system binds a submodule's name here when it is imported; `connect` must stay the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> Any:
    if name in {"errors", "frames"}:
        return importlib.import_module(f"llamabatch_nb.{name}")
    if name not in _HOMES:
        raise AttributeError(f"llamabatch_nb has no {name!r}; it has {', '.join(__all__)}.")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
