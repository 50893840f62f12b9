"""Which pages of a document are wanted (``page_ranges`` of the API, contract.md section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from llamabatch_nb.engine.parsers.base import ParseOptions, Unreadable

#: Characters of a range: longer ones are no range that a person wrote, and reading them should cost nothing.
_LONGEST = 10_000
#: Digits of a page number: Python turns numbers of thousands of digits into integers slowly.
_PART = re.compile(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?")


def pages_of(text: str) -> tuple[range, ...]:
    """The pages that ``target_pages`` names, such as ``"1,3,5-8"``: counted from 1, sorted, as ranges apart.

    A range stays a range, however far it goes. Raises ValueError with one sentence: for what is no such list, for page
    0, for a range that runs backwards, and for a page that is named twice, which the SDK's doc string calls an error.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"The list of pages is longer than {_LONGEST} characters: name fewer ranges.")
    found = []
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part.strip()[:40]!r} is no page and no range: write pages as in '1,3,5-8'.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first == 0:
            raise ValueError("There is no page 0: pages are counted from 1.")
        if last < first:
            raise ValueError(f"The range {first}-{last} runs backwards: write it as {last}-{first}.")
        found.append(range(first, last + 1))
    found.sort(key=lambda pages: pages.start)
    for one, other in pairwise(found):
        if other.start < one.stop:
            raise ValueError(f"Page {other.start} is named twice: name each page once.")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Selection:
    """The pages of a document that are to be read, in their order. `ranges` is None for all of them."""

    ranges: tuple[range, ...] | None

    @classmethod
    def of(cls, options: ParseOptions) -> Selection:
        """``target_pages`` takes precedence over ``max_pages``, says the SDK. Raises `Unreadable` for a wrong list."""
        if options.target_pages is not None:
            try:
                return cls(pages_of(options.target_pages))
            except ValueError as error:
                raise Unreadable("no_pages", f"No pages to read: {error}") from error
        return cls(None if options.max_pages is None else (range(1, options.max_pages + 1),))

    def __contains__(self, number: int) -> bool:
        return self.ranges is None or any(number in pages for pages in self.ranges)

    def ended(self, number: int) -> bool:
        """Whether no page from `number` on is wanted, so that reading may stop."""
        return self.ranges is not None and number >= self.ranges[-1].stop

    def within(self, total: int) -> Iterator[int]:
        """The wanted pages of a document of `total`. What lies beyond its end is not there."""
        for pages in (range(1, total + 1),) if self.ranges is None else self.ranges:
            yield from range(pages.start, min(pages.stop, total + 1))


def nothing_selected() -> Unreadable:
    """The finding where a range leaves nothing of a document that has pages."""
    return Unreadable("no_pages", "No pages of it are in the page range: set another range and retry it.")
