"""What goes into a parser and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: `damaged` covers whatever a library cannot open, `too_large` what would not fit into a worker's memory.
Reason = Literal["empty", "encrypted", "damaged", "needs_ocr", "no_text", "no_pages", "too_large", "unsupported"]

#: Bytes. A text, table or web page above this is refused, a PDF is read from its path instead of from memory. 32 MB of
#: text are some ten thousand pages, and its markdown, JSON and copies have to fit into a worker several times.
LARGE = 32 << 20


@dataclass(frozen=True, slots=True)
class ParseOptions:
    """How to read. `tier` is the configuration's; ``fast`` makes no markdown (contract.md section 5)."""

    tier: str
    ocr: bool = False


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One page, counted from 1. Sizes are PDF points, None where the format has none.

    A page that failed has `success` False and says why in `error`, one sentence. `markdown` is None on tier ``fast``.
    """

    page_number: int
    success: bool
    text: str
    markdown: str | None
    width: float | None = None
    height: float | None = None
    error: str | None = None


#: What the parser of a format returns: pages, and facts for ``job_metadata``.
Parsed = tuple[list[ParsedPage], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A file that was read: `kind` is what its content is (a key of `sniff.KINDS`), `facts` go to ``job_metadata``."""

    kind: str
    pages: tuple[ParsedPage, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


class Unreadable(Exception):  # noqa: N818 - it is a finding about a file, not a fault of the program
    """The file cannot be read. `str()` is one sentence for an analyst: the problem and the next step, not the name."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return self.message
