"""A report to hand to a colleague: one file of HTML, with no script and nothing to load, for screens and paper.

A policy in its head forbids both, whatever slips through: everything that comes from a document or the API is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import IO, Any

import pandas as pd

from llamabatch_nb.frames.declared import SCHEMAS
from llamabatch_nb.frames.export.about import About
from llamabatch_nb.frames.export.columns import KEYS, values_of
from llamabatch_nb.frames.export.doubts import DOUBTFUL, Doubts
from llamabatch_nb.frames.export.look import STYLE
from llamabatch_nb.frames.export.shown import counted, cut, even, fact_written, written
from llamabatch_nb.frames.export.steps import Steps
from llamabatch_nb.frames.records.layout import OURS
from llamabatch_nb.frames.schema import storable

#: Rows of one frame; of files more are shown, as they are what the report is about.
_ROWS, _FILES = 100, 500
#: Characters from which a text's column is a wide one.
_LONG = 40
#: Columns of files that the table above all others has.
_OF_FILES = ("name", "status", "error", "pages", "credits", "duration")
#: What a person sees in the document itself.
_HIDDEN = frozenset({"x", "y", "width", "height", "page_width", "page_height", "boxes", "json"})
#: What the confidence is made of, and how many places there are: beside them page and quote would be off the screen.
_OF_EVIDENCE = frozenset({"parsing_confidence", "extraction_confidence", "citations"})
#: What stands for a value that a document does not have.
_NOTHING = "\u2013"
#: Reasons, in which services mark names with backticks.
_REASONS = frozenset({"error", "problems"})
_CODE = re.compile("`([^`]+)`")
_MARKS = {"completed": "✓", "failed": "✗", "cancelled": "⊘", "running": "●"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_html(frames: Mapping[str, pd.DataFrame], about: About, file: IO[bytes], steps: Steps) -> None:
    shown = _ordered({name: _readable(frame) for name, frame in frames.items()})
    for part in _parts(shown, about, Doubts(shown), steps):
        file.write(storable(part).encode() + b"\n")


def _ordered(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Records before all else: they are what an extraction was for."""
    first = {name: frame for name, frame in frames.items() if _is_records(_schema(frame))}
    return first | {name: frame for name, frame in frames.items() if name not in first}


def _schema(frame: pd.DataFrame) -> str:
    return str(frame.attrs.get("schema"))


def _is_records(schema: str) -> bool:
    return schema.partition(".")[0] == "records"


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows and columns in the order in which people read them."""
    schema = _schema(frame)
    if schema == "records" and "record" in frame:
        # Of files that have none the files themselves say why.
        return frame[frame["record"].notna()].drop(columns=["status", "error"], errors="ignore")
    if schema in {"pages", "items"} and {"text", "markdown"} <= {*frame.columns}:
        return frame.assign(text=frame["text"].fillna(frame["markdown"])).drop(columns="markdown")
    scored = {"value", "confidence"} <= {*frame.columns}
    if schema == "evidence" and scored and pd.api.types.is_numeric_dtype(frame["confidence"]):
        known = frame["value"].notna()
        doubtful = (frame["confidence"] < DOUBTFUL).fillna(value=False) & known
        return pd.concat([frame[doubtful], frame[~known], frame[known & ~doubtful]])
    return frame


def _parts(frames: Mapping[str, pd.DataFrame], about: About, doubts: Doubts, steps: Steps) -> Iterator[str]:
    title = escape(about.title)
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{'PARTIAL: ' if about.partial else ''}{title}</title><style>{STYLE}</style></head><body>"
    )
    yield f"<header><h1>{title}</h1>"
    if about.partial:
        yield f'<p class="alarm" role="note"><strong>PARTIAL</strong>: {escape(about.partial)}</p>'
    yield _bar(about)
    facts = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(fact_written(value))}</dd>"
        for label, value in about.facts
        if _is_told(label)
    )
    failed = _failed(frames)
    links = "".join(f'<a href="#frame-{number}">{escape(name)}</a>' for number, name in enumerate(frames))
    yield f"<dl>{facts}</dl><nav>{links}</nav></header><main>"
    if failed is not None:
        yield f'<section id="failed"><h2>What failed</h2>{failed}</section>'
    for number, (name, frame) in enumerate(frames.items()):
        yield f'<section id="frame-{number}"><h2>{escape(name)}</h2>'
        yield _files(frame) if name == "files" else _frame(name, frame, doubts.notes(name))
        yield "</section>"
        steps.step(len(frame), name)
    by = dict(about.facts).get("written by", "")
    yield (
        f"</main><footer>Written by {escape(str(by))}. Times are UTC. Long texts are cut here; ids, boxes, and "
        "columns without a value are left out: exports to .xlsx and .parquet have them.</footer></body></html>"
    )


def _is_told(label: str) -> bool:
    return not label.startswith("files") and label not in {"run", "state", "written by"}


def _bar(about: About) -> str:
    total = sum(number for _, number in about.counts)
    if not total:
        return ""
    # Statuses come from the service, and are classes only where they are known.
    parts = "".join(
        f'<span class="{status if status in _MARKS else ""}" style="flex:{number} 1 0"></span>'
        for status, number in about.counts
    )
    said = " · ".join(f"{number:,} {escape(status)}" for status, number in about.counts)
    return (
        f'<div class="bar" aria-hidden="true">{parts}</div>'
        f'<p class="counts">{total:,} file{"" if total == 1 else "s"}: {said}</p>'
    )


def _failed(frames: Mapping[str, pd.DataFrame]) -> str | None:
    files = frames.get("files")
    if files is None or "status" not in files:
        return None
    failed = files[files["status"].eq("failed").fillna(value=False)]
    return None if failed.empty else _listed(failed, "file")


def _files(files: pd.DataFrame) -> str:
    """Those that have not failed, in the order of the directory; the completed ones are folded away."""
    if "status" not in files:
        return _listed(files, "file")
    completed = files["status"].eq("completed").fillna(value=False)
    failed = files["status"].eq("failed").fillna(value=False)
    done, others = files[completed], files[~completed & ~failed]
    parts = [_listed(others, "file" if files.empty else "other file")] if len(others) or files.empty else []
    if len(done):
        said = counted(min(len(done), _FILES), len(done), "completed file")
        parts.append(f"<details><summary>{said}</summary>{_listed(done, None)}</details>")
    return "".join(parts) or '<p class="muted">All of them failed: they are listed above.</p>'


def _listed(files: pd.DataFrame, thing: str | None) -> str:
    shown = files.loc[:, [name for name in _OF_FILES if name in files]].head(_FILES)
    shown = shown.loc[:, [name for name in shown if _says(shown, str(name), shown[name])]]
    table = _table(shown, "files", {})
    return (
        f'<div class="wide">{table}</div>'
        if thing is None
        else _captioned(counted(len(shown), len(files), thing), table)
    )


def _frame(name: str, frame: pd.DataFrame, notes: Mapping[tuple[int, int], str]) -> str:
    schema = str(frame.attrs.get("schema") or name)
    shown = frame.head(_ROWS)
    kept = [position for position, column in enumerate(shown.columns) if _is_kept(shown, str(column), position, schema)]
    places = {position: place for place, position in enumerate(kept)}
    # Of evidence the columns beside a value say what its note would.
    marked = {
        (row, places[column]): "" if schema == "evidence" else note
        for (row, column), note in notes.items()
        if column in places and row < _ROWS
    }
    said = counted(len(shown), len(frame), "row")
    if marked:
        said += f"; confidence below {DOUBTFUL:g} is marked"
    if schema == "evidence":
        said += "; doubtful and missing values come first"
    if frame.attrs.get("complete") == "false":
        said += "; PARTIAL"
    return _captioned(said, _table(shown.iloc[:, kept], schema, marked))


def _is_kept(frame: pd.DataFrame, name: str, position: int, schema: str) -> bool:
    if _is_records(schema) and name not in OURS:
        return True
    if name in KEYS | _HIDDEN or (schema == "evidence" and name in _OF_EVIDENCE):
        return False
    return _says(frame, name, frame.iloc[:, position])


def _says(frame: pd.DataFrame, name: str, values: pd.Series[Any]) -> bool:
    """Whether a column tells anything here: empty ones do not, nor a `record` that is 1 in each row."""
    known = values.dropna()
    if name == "record":
        return bool((known != 1).any())
    if name == "success":
        return not bool(known.all())
    if name == "last_page" and "page" in frame:
        return bool((known != frame["page"].loc[known.index]).any())
    return bool((known != "").any()) if name in _REASONS else len(known) > 0


def _captioned(said: str, table: str) -> str:
    return f'<p class="muted">{escape(said)}</p><div class="wide">{table}</div>'


def _table(frame: pd.DataFrame, schema: str, notes: Mapping[tuple[int, int], str]) -> str:
    if frame.empty:
        return ""
    columns = [values_of(frame.iloc[:, position]) for position in range(frame.shape[1])]
    declared = {column.name: column for column in SCHEMAS[schema].columns} if schema in SCHEMAS else {}
    names = [str(name) for name in frame.columns]
    kinds = [_kind(name, values) for name, values in zip(names, columns, strict=True)]
    columns = [
        even(values, measured=schema in SCHEMAS) if kind == "number" else values
        for values, kind in zip(columns, kinds, strict=True)
    ]
    told = [_is_records(schema) and name not in OURS for name in names]
    heads = []
    for name, kind in zip(names, kinds, strict=True):
        column = declared.get(name)
        meaning = f' title="{escape(column.meaning)}"' if column else ""
        unit = (
            f' <span class="muted">{escape(str(column.unit))}</span>'
            if column and column.unit not in {None, name}
            else ""
        )
        heads.append(f'<th scope="col" class="{kind}"{meaning}>{escape(name)}{unit}</th>')
    rows = []
    for number, row in enumerate(zip(*columns, strict=True)):
        cells = (
            _cell(_NOTHING if value is None and told[place] else value, kind, notes.get((number, place)), names[place])
            for place, (value, kind) in enumerate(zip(row, kinds, strict=True))
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"


def _cell(value: Any, kind: str, note: str | None, name: str) -> str:
    if value is None:
        return f'<td class="{kind}"></td>'
    if kind == "status":
        word = str(value)
        look = word if word in _MARKS else ""
        return f'<td class="status {look}"><b>{_MARKS.get(word, "·")}</b> {escape(cut(word))}</td>'
    said = escape(written(value))
    if name in _REASONS:
        said = _CODE.sub(r"<code>\1</code>", said)
    if note is not None:
        said += f"<small>{escape(cut(note))}</small>" if note else ""
        return f'<td class="{kind} doubt">{said}</td>'
    return f'<td class="{kind}">{said}</td>'


def _kind(name: str, values: list[Any]) -> str:
    """How a column is set: its class."""
    known = [value for value in values if value is not None]
    if name == "status":
        return "status"
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return "number"
    if known and all(isinstance(value, pd.Timestamp) for value in known):
        return "time"
    return "long" if any(len(str(value)) > _LONG for value in known) else "text"
