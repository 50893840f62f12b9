"""Results as files to fetch: what the ``…_content_metadata`` words of ``expand`` link to (contract.md section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pydantic_core import to_json

from llamabatch_nb.engine.resources.parameters import part
from llamabatch_nb.engine.resources.views import Views
from llamabatch_nb.engine.store.database import Row

JSON, LINES, TEXT, MARKDOWN = "application/json", "application/jsonl", "text/plain", "text/markdown"
PDF, XLSX = "application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What such a word of `expand` ends in; what is before it is the key of ``result_content_metadata``.
SUFFIX = "_content_metadata"
#: Keys that show what the word of the same name shows.
_VIEWS = {"text": JSON, "text_full": TEXT, "markdown": JSON, "markdown_full": MARKDOWN}
_VIEWS |= {"items": JSON, "metadata": JSON, "forms": JSON}
#: Between pages, as the SDK's doc string of `additional_outputs` has it.
_RULE = "\n\n---\n\n"
KEYS = (*_VIEWS, "stripped_markdown", "concatenated_stripped_markdown", "raw_words", "xlsx", "output_pdf")
_ENDINGS = {JSON: "json", LINES: "jsonl", TEXT: "txt", MARKDOWN: "md", PDF: "pdf", XLSX: "xlsx"}


class Artifact(NamedTuple):
    """A file: its bytes, or the name of the blob that it is."""

    key: str
    media_type: str
    size: int
    body: bytes | None = None
    blob: str | None = None

    @property
    def filename(self) -> str:
        return f"{self.key}.{_ENDINGS[self.media_type]}"


def make(key: str, row: Row, views: Views) -> Artifact | None:
    """The file of this key, or None where the job has none: not asked for, not on its tier, or not of its format."""
    output = part(views.parameters, "output_options")
    more = output.get("additional_outputs") or ()
    if key in _VIEWS:
        view = views.get(key)
        return None if view is None else _artifact(key, _VIEWS[key], view)
    if key == "stripped_markdown" and "stripped_md" in more and row["tier"] != "fast":
        pages = [{"page_number": number, "text": text} for number, text in _stripped(views)]
        return _artifact(key, JSON, {"pages": pages})
    if key == "concatenated_stripped_markdown" and "concatenated_stripped_txt" in more and row["tier"] != "fast":
        return _artifact(key, TEXT, _RULE.join(text for _, text in _stripped(views)))
    if key == "raw_words" and "word_bbox" in more:
        return _artifact(key, LINES, b"".join(to_json(word) + b"\n" for word in _words(views)))
    if key == "xlsx" and part(output, "tables_as_spreadsheet").get("enable") and row["tier"] != "fast":
        from llamabatch_nb.engine.resources.workbook import workbook

        guess = bool(part(output, "tables_as_spreadsheet").get("guess_sheet_name"))
        body = workbook((page["items"] for page in views.pages), guess_names=guess)
        return None if body is None else _artifact(key, XLSX, body)
    if key == "output_pdf" and output.get("save_output_pdf") and row["blob"].endswith(".pdf"):
        return Artifact(key, PDF, row["size"], blob=row["blob"])
    return None


def _artifact(key: str, media_type: str, content: Any) -> Artifact:
    if isinstance(content, str):
        content = content.encode()
    body = content if isinstance(content, bytes) else to_json(content, inf_nan_mode="null")
    return Artifact(key, media_type, len(body), body)


def _words(views: Views) -> Iterator[dict[str, Any]]:
    """The words of the lines. A line's width is shared out by characters: only the line was measured."""
    for page in views.pages:
        for text, x, y, w, h, confidence in page["lines"]:
            for word in re.finditer(r"\S+", text):
                place = {"x": x + w * word.start() / len(text), "y": y, "w": w * len(word[0]) / len(text), "h": h}
                said = {"page": page["page_number"], "text": word[0], **place}
                yield said if confidence is None else {**said, "confidence": confidence}


def _stripped(views: Views) -> Iterator[tuple[int, str]]:
    """The pages' markdown without its marks, links, pictures and HTML."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    for page in views.pages:
        if page["success"]:
            yield page["page_number"], "\n".join(_texts(parser.parse(page["markdown"] or "")))


def _texts(tokens: Iterable[Any]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            said = (
                "\n" if part.type.endswith("break") else part.content for part in token.children or () if _says(part)
            )
            yield "".join(said)
        elif token.type in {"fence", "code_block"}:
            yield token.content.rstrip("\n")


def _says(token: Any) -> bool:
    return token.type in {"text", "code_inline", "softbreak", "hardbreak"}
