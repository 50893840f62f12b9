"""The `pages` frame: what was read on each page of a parse batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from llamabatch_nb.contract.parse import ItemsPage, MarkdownPage, ParseResult
from llamabatch_nb.frames.attrs import stamp
from llamabatch_nb.frames.declared import PAGES
from llamabatch_nb.frames.files import batch_of
from llamabatch_nb.snapshot import FileState, Snapshot


def pages(snapshot: Snapshot, results: Mapping[str, ParseResult]) -> pd.DataFrame:
    """One row a page: files in the order of the directory, pages by number. Columns: ``schema("pages")``.

    `results` holds parse results by job id, each with whatever was expanded. A page is listed if any expanded part
    (text, markdown, items, metadata) names it, and what the others do not tell is NA. A file without a result has no
    rows; a copy has rows of its own, from the job that read the identical file. Complete (``attrs["complete"]``) once
    the run has ended and every completed file has its result here.
    """
    frame = PAGES.frame(
        {"batch_id": batch_of(snapshot, file), "file_id": file.file_id, "name": file.name, "job_id": file.job_id} | page
        for file, result in _read(snapshot, results)
        for page in _pages(result)
    )
    missing = any(file.status == "completed" and file.job_id not in results for file in snapshot.files)
    return stamp(frame, snapshot, PAGES, complete=snapshot.ended and not missing)


def _read(snapshot: Snapshot, results: Mapping[str, ParseResult]) -> Iterator[tuple[FileState, ParseResult]]:
    for file in snapshot.files:
        if file.job_id is not None and (result := results.get(file.job_id)) is not None:
            yield file, result


def _pages(result: ParseResult) -> Iterator[dict[str, object]]:
    text = {page.page_number: page for page in result.text.pages} if result.text else {}
    markdown = {page.page_number: page for page in result.markdown.pages} if result.markdown else {}
    items = {page.page_number: page for page in result.items.pages} if result.items else {}
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
