"""ParseResult -> pages to read, rendered a few at a time: a 1,200-page document opens as fast as a one-page one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.render.markdown import MAX_CHARACTERS, render_markdown

#: Bytes of pages in one message, about; turning a page within it needs no kernel, which may be busy (widgets.md 2).
WINDOW = 60_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page as it came: `markdown` or `error`, and `text`; either may be missing."""

    number: int
    markdown: str | None = None
    text: str | None = None
    error: str | None = None

    def rendered(self) -> dict[str, Any]:
        """The page as the front end takes it; `html` is sanitised, everything else is shown as text."""
        html = None if self.markdown is None else render_markdown(self.markdown)
        text = None if self.text is None else self.text[:MAX_CHARACTERS]
        return {"number": self.number, "html": html, "text": text, "error": self.error}


def leaves(result: ParseResult) -> list[Leaf]:
    """The pages of a result by number, from whatever of markdown and text was expanded."""
    markdown = {page.page_number: page for page in result.markdown.pages} if result.markdown else {}
    text = {page.page_number: page.text for page in result.text.pages} if result.text else {}
    if not markdown and not text:
        if result.markdown_full is None and result.text_full is None:
            return []
        return [Leaf(number=1, markdown=result.markdown_full, text=result.text_full)]
    pages = []
    for number in sorted(markdown.keys() | text.keys()):
        read = markdown.get(number)
        error = None if read is None or read.success else read.error or "This page failed, and no reason was given."
        pages.append(Leaf(number, read.markdown if read else None, text.get(number), error))
    return pages


def window(pages: list[Leaf], start: int) -> list[dict[str, Any]]:
    """The pages from index `start` on, rendered, as many as fit into `WINDOW` bytes and at least one."""
    shown: list[dict[str, Any]] = []
    room = WINDOW
    for page in pages[start:]:
        view = page.rendered()
        room -= len((view["html"] or "").encode()) + len((view["text"] or "").encode())
        if shown and room < 0:
            break
        shown.append(view)
    return shown
