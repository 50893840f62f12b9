from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine.parsers import ParsedDocument, ParseOptions, Unreadable, parse_file

Read = Callable[..., ParsedDocument]
Refuse = Callable[..., Unreadable]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Parse bytes as a file of a name; further arguments are those of `ParseOptions`."""

    def parse(data: bytes, name: str, *, tier: str = "agentic", **options: Any) -> ParsedDocument:
        path = tmp_path / "content"
        path.write_bytes(data)
        return parse_file(path, name, ParseOptions(tier, **options))

    return parse


@pytest.fixture
def refuse(read: Read) -> Refuse:
    """Parse bytes that cannot be read, and return the reason."""

    def parse(data: bytes, name: str, **options: Any) -> Unreadable:
        with pytest.raises(Unreadable) as caught:
            read(data, name, **options)
        return caught.value

    return parse
