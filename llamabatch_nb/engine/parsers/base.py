"""What goes into a parser and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

#: `damaged` covers whatever a library cannot open, `too_large` what would not fit into a worker's memory.
Reason = Literal[
    "empty", "encrypted", "damaged", "needs_ocr", "no_text", "no_pages", "pages_failed", "too_large", "unsupported"
]

#: Bytes. A text, table or web page above this is refused, a PDF is read from its path instead of from memory. 32 MB of
#: text are some ten thousand pages, and its markdown, JSON and copies have to fit into a worker several times.
LARGE = 32 << 20


@dataclass(frozen=True, slots=True)
class ParseOptions:
    """How to read.

    Args:
        tier: The configuration's; ``fast`` makes no markdown and no items (contract.md section 5).
        ocr: Recognise text in pictures, if the data for it is on this machine.
        languages: Of the text that is to be recognised, as the API names them.
        max_pages: Read no more pages than this.
        target_pages: Read these pages alone: ``"1,3,5-8"``, counted from 1.
        screenshots: Write an image of each page.
        positions: Keep where each run of text stands, in `ParsedPage.lines`.
        allowed_page_failure_ratio: A document of whose pages a larger part fails (0 to 1) fails as a whole. None: it
            is kept for whatever was read.

    """

    tier: str
    ocr: bool = False
    languages: tuple[str, ...] = ()
    max_pages: int | None = None
    target_pages: str | None = None
    screenshots: bool = False
    positions: bool = False
    allowed_page_failure_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One page, counted from 1. Sizes are PDF points, None where the format has none.

    A page that failed has `success` False and says why in `error`, one sentence. `markdown` and `items` are None and
    empty on tier ``fast``; `markdown` None beside items is what these make, which `read_payload` writes out. `items`
    are in the short form of `parsers.items`. A line is ``[text, x, y, w, h, confidence]``, in points from the top left
    corner; confidence, 0 to 1, is OCR's and None otherwise. `metadata` are further keys of the page in
    ``metadata.pages``.
    """

    page_number: int
    success: bool
    text: str
    markdown: str | None
    width: float | None = None
    height: float | None = None
    error: str | None = None
    items: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[Sequence[str | float | None]] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


#: What the parser of a format returns: pages, and facts for ``job_metadata``.
Parsed = tuple[list[ParsedPage], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A file that was read: `kind` is what its content is (a key of `sniff.KINDS`), `facts` go to ``job_metadata``.

    `images` are entries of ``images_content_metadata`` without their links.
    """

    kind: str
    pages: tuple[ParsedPage, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    images: Sequence[Mapping[str, Any]] = ()


class Unreadable(Exception):  # noqa: N818 - it is a finding about a file, not a fault of the program
    """The file cannot be read. `str()` is one sentence for an analyst: the problem and the next step, not the name."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return self.message
