"""One choice."""

from __future__ import annotations

from typing import NamedTuple


class Choice(NamedTuple):
    """`key` names the test that shows it; `section` is where the contract is silent; `engine` is what happens here."""

    key: str
    section: str
    topic: str
    engine: str
