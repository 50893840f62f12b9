"""The `pages` frame: what was read on each page of a parse batch."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from llamabatch_nb.contract.parse import ItemsPage, MarkdownPage, ParseResult
from llamabatch_nb.frames.declared import PAGES
from llamabatch_nb.frames.inputs import Unfit
from llamabatch_nb.frames.parsed import Parsed, item_pages


def pages(of: object, jobs: object = None) -> pd.DataFrame:
    """One row a page: files in the order of the directory, pages by number. Columns: ``schema("pages")``.

    `of` is a run, a Snapshot or a batch, ours or the official SDK's; `jobs` are its parse results, by job id or one
    after the other, each with whatever was expanded. A run is asked for them where they are not given.

    A page is listed if any expanded part (text, markdown, items, metadata) names it, and what the others do not tell is
    NA. A file without a result has no rows; one whose result cannot be read has one, with `error` and no page. A copy
    has rows of its own, from the job that read the identical file. Complete (``attrs["complete"]``) once the run has
    ended and every completed file has its result here.
    """
    parsed = Parsed.of(of, jobs)
    frame = PAGES.frame(names | page for names, result in parsed.files() for page in _pages(result))
    return parsed.stamp(frame, PAGES)


def _pages(result: ParseResult | Unfit) -> Iterator[dict[str, object]]:
    if isinstance(result, Unfit):
        yield {"error": result.error}
        return
    text = {page.page_number: page for page in result.text.pages} if result.text else {}
    markdown = {page.page_number: page for page in result.markdown.pages} if result.markdown else {}
    items = {page.page_number: page for page in item_pages(result)}
    metadata = {page.page_number: page for page in result.metadata.pages} if result.metadata else {}
    for number in sorted({*text, *markdown, *items, *metadata}):
        said = [part for part in (markdown.get(number), items.get(number)) if part is not None]
        yield {
            "page": number,
            "text": text[number].text if number in text else None,
            "markdown": markdown[number].markdown if number in markdown else None,
            "success": _success(said),
            "error": next((part.error for part in said if part.error), None),
            "confidence": metadata[number].confidence if number in metadata else None,
            "width": items[number].page_width if number in items else None,
            "height": items[number].page_height if number in items else None,
        }


def _success(said: list[MarkdownPage | ItemsPage]) -> bool | None:
    """Text pages carry no flag (contract.md section 5), so a page that only text names has none either."""
    return all(part.success for part in said) if said else None
