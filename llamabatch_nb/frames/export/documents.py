"""A folder of one markdown file a document: what was read of it, or what was extracted from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames.export.columns import KEYS, values_of
from llamabatch_nb.frames.export.paths import paths
from llamabatch_nb.frames.export.steps import Steps
from llamabatch_nb.frames.schema import storable

#: What says which document a row is of: its file's id, else its name (a copy, which was never sent, has no id), else
#: its job's id; empty is what was not asked. One frame may know a name that another does not.
_Document = tuple[str, str, str]
#: The rows of one document, by column.
_Values = Mapping[str, Sequence[Any]]
#: What is said of a document once, and not of each of its values.
_SHARED = frozenset({"name", "record", "number", "status", "error"})
_TICKS = re.compile(r"`{3,}")
_MARKUP = re.compile(r"[\\`*\[\]<>|#~]|(?<![^\W_])_|_(?![^\W_])")


def write_documents(frames: Mapping[str, pd.DataFrame], folder: Path, steps: Steps) -> list[dict[str, Any]]:
    """Writes a file a document, and returns what the manifest says of each, of those without one too.

    Raises:
        ExportError: there is nothing to write documents of: neither pages nor records.

    """
    parts = _parts(frames)
    rows = {name: _rows(frame) for name, frame in parts.items()}
    known = _documents(frames.get("files"), rows)
    names = _names([frame for frame in (frames.get("files"), *parts.values()) if frame is not None])
    said = []
    read = {name: {str(column): values_of(frame[column]) for column in frame} for name, frame in parts.items()}
    for place, (document, facts) in zip(paths(names[document] for document in known), known.items(), strict=True):
        mine = {
            name: {column: [values[row] for row in found] for column, values in read[name].items()}
            for name in parts
            if (found := rows[name].get(document))
        }
        if mine:
            text = _of_pages(mine["pages"]) if "pages" in mine else _of_values(names[document], mine)
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        steps.step(sum(len(rows[name].get(document, ())) for name in parts), names[document])
        said.append(
            {"name": names[document], "file_id": document[0] or None, **facts, "document": place if mine else None}
        )
    return said


def _parts(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    values = {name: frame for name, frame in frames.items() if name.partition(".")[0] == "records"}
    # A file without a record is a row of the records all the same, and has no number there.
    values = {name: frame[frame["record"].notna()] for name, frame in values.items()}
    parts = values or {name: frame for name, frame in frames.items() if name == "pages"}
    if not parts:
        raise ExportError("A folder holds a .md a document, of pages or of records, and there are none: name a file.")
    return parts


def _rows(frame: pd.DataFrame) -> dict[_Document, list[int]]:
    rows: dict[_Document, list[int]] = {}
    for position, document in enumerate(_keys(frame)):
        rows.setdefault(document, []).append(position)
    return rows


def _keys(frame: pd.DataFrame) -> list[_Document]:
    ids = zip(*(values_of(frame[name]) for name in ("file_id", "name", "job_id")), strict=True)
    return [
        (file_id, "", "") if file_id else ("", name, "") if name else ("", "", job_id or "")
        for file_id, name, job_id in ids
    ]


def _names(frames: Iterable[pd.DataFrame]) -> dict[_Document, str]:
    """What each document is called: by the first frame that has its name, else by its id."""
    names: dict[_Document, str] = {}
    for frame in frames:
        for document, name in zip(_keys(frame), values_of(frame["name"]), strict=True):
            if name and not names.get(document):
                names[document] = name
            names.setdefault(document, "")
    return {document: name or "".join(document) or "document" for document, name in names.items()}


def _documents(
    files: pd.DataFrame | None, rows: Mapping[str, Mapping[_Document, list[int]]]
) -> dict[_Document, dict[str, Any]]:
    """All documents in the order of the directory, with what became of them."""
    others: dict[_Document, dict[str, Any]] = {document: {} for found in rows.values() for document in found}
    if files is None:
        return others
    told = ("job_id", "status", "error")
    facts = zip(*(values_of(files[name]) for name in told), strict=True)
    known = {key: dict(zip(told, row, strict=True)) for key, row in zip(_keys(files), facts, strict=True)}
    return known | {document: {} for document in others if document not in known}


def _of_pages(pages: _Values) -> str:
    """The markdown of all pages, each behind a comment with its number; where there is none the text as it is laid
    out, and where that is missing too the reason.
    """
    columns = ("page", "markdown", "text", "error")
    parts = []
    for number, markdown, text, error in zip(*(pages[name] for name in columns), strict=True):
        if number is not None:
            parts.append(f"<!-- page {number} -->")
        if markdown is None and text is None and error is not None:
            parts.append(f"*Not read: {_escaped(error)}*")
        else:
            parts.append((markdown if markdown is not None else _fenced(text or "")).strip("\n"))
    return "\n\n".join(parts) + "\n"


def _fenced(text: str) -> str:
    if not text.strip():
        return ""
    fence = "`" * (max(map(len, _TICKS.findall(text)), default=2) + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _of_values(name: str, frames: Mapping[str, _Values]) -> str:
    """The values of a document: a table of fields where it is one record, else a row a record."""
    parts = [f"# {_escaped(name)}"]
    for part, frame in frames.items():
        hidden = KEYS | _SHARED | ({"problems"} if not any(frame["problems"]) else set())
        columns = [column for column in frame if column not in hidden]
        if part != "records":
            parts.append(f"## {_escaped(part.removeprefix('records.'))}")
        rows = list(zip(*(frame[column] for column in columns), strict=True))
        if part == "records" and len(rows) == 1:
            rows = [(column, value) for column, value in zip(columns, rows[0], strict=True)]
            columns = ["field", "value"]
        parts.append(_table(columns, rows))
    return "\n\n".join(parts) + "\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [_line(columns), "|" + " --- |" * len(columns), *map(_line, rows)]
    return "\n".join(lines) if columns else ""


def _line(row: Sequence[object]) -> str:
    return "|" + "".join(f" {_escaped(_shown(value))} |" for value in row)


def _shown(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat().removesuffix("T00:00:00")
    return "" if value is None else str(value)


def _escaped(text: str) -> str:
    return "<br>".join(_MARKUP.sub(r"\\\g<0>", storable(text)).splitlines())
