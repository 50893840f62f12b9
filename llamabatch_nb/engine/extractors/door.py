"""From a parse payload to an extract payload, or to the reason why there is none."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llamabatch_nb.engine.extractors.base import Extractor


class Unextractable(Exception):  # noqa: N818 - it is a finding about a file, not a fault of the program
    """Nothing can be extracted. `str()` is one sentence for an analyst: the problem and the next step, not the name."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return self.message


def extract(
    payload: bytes, path: Path, name: str, parameters: Mapping[str, Any], extractor: Extractor | str | None
) -> tuple[int, bytes]:
    """How many pages were read, and the packed result.

    Raises Unextractable.
    """
    del payload, path, parameters, extractor
    raise Unextractable("unsupported", f"{name}: the engine does not extract yet.")


def read_payload(payload: bytes) -> dict[str, Any]:
    """What `extract` packed: ``{"result": …, "field_metadata": …}``."""
    content: dict[str, Any] = json.loads(zlib.decompress(payload))
    return content
