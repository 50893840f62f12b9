"""What goes into an extractor and what comes out of it. This is the interface of plug-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Box:
    """Where something stands on its page: PDF points from the top left corner."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Line:
    """A run of text that was drawn together: a word, a cell or a whole line, as the document has it.

    `box` is None where the format has no places (a text file). `confidence` (0 to 1) is OCR's; None: not recognised but
    read.
    """

    text: str
    box: Box | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells as text, the header first where there is one."""

    rows: Sequence[Sequence[str]]
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was read, counted from 1 as in the document. Sizes are PDF points, None where the format has none.

    `lines` are in reading order. Pages that failed are not handed to extractors.
    """

    number: int
    text: str
    markdown: str
    width: float | None = None
    height: float | None = None
    lines: Sequence[Line] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value stands. `matching_text` is the document's own words; `boxes` may be empty."""

    page: int
    matching_text: str
    boxes: Sequence[Box] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """Values, and what is known of them by JSON Pointer (RFC 6901), such as ``"/items/0/price"``.

    Args:
        values: What the schema asks for; None where there is no value.
        citations: Where a value was found. A value may have none.
        confidences: 0 to 1. A value without one is taken as certain.

    """

    values: Any
    citations: Mapping[str, Sequence[Citation]] = field(default_factory=dict)
    confidences: Mapping[str, float] = field(default_factory=dict)


@runtime_checkable
class Extractor(Protocol):
    """A plug-in: any callable of this shape. Bare values stand for an `Extraction` without citations.

    ::

        def totals(pages, schema):
            for page in pages:
                for line in page.lines:
                    if line.text.startswith("Total"):
                        amount = float(line.text.split()[-1].replace(",", ""))
                        citation = Citation(page.number, line.text, [line.box] if line.box else [])
                        return Extraction({"total": amount}, {"/total": [citation]}, {"/total": 0.99})
            return {"total": None}

        lb.connect(engine={"extractors": {"totals": totals}})    # for configurations with "extractor": "totals"
        lb.connect(engine={"extractors": {None: totals}})        # for all that name none

    `schema` comes with its references written out. Under extraction target ``per_page`` it is called once a page; for
    ``per_table_row`` the schema is an object whose one property ``rows`` is the array of what was asked for.

    Values may hold None for what was not found, or leave it out: its `default` stands there then with confidence 0, an
    empty array or object where the schema takes no null for one, else null. Dates, Decimals and pydantic models become
    JSON. What does not fit the schema fails the file. It runs in a worker process, so it has to be picklable
    (cloudpickle: a function of a notebook is) or an entry point. What it raises fails its file alone, with the error's
    text as the reason.
    """

    def __call__(self, pages: Sequence[Page], schema: Mapping[str, Any], /) -> Extraction | Mapping[str, Any]: ...


class Unextractable(Exception):  # noqa: N818 - it is a finding about a file, not a fault of the program
    """Nothing can be extracted. `str()` is one sentence for an analyst: the problem and the next step, not the name.

    A plug-in may raise it, to choose the words.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return self.message
