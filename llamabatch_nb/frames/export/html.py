"""A report to hand to a colleague: one file of HTML, with no script and nothing to load, for screens and paper.

A policy in its head forbids both, whatever slips through: everything that comes from a document or the API is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import IO, Any

import pandas as pd

from llamabatch_nb.frames.declared import SCHEMAS
from llamabatch_nb.frames.export.about import About, Fact
from llamabatch_nb.frames.export.columns import KEYS, values_of
from llamabatch_nb.frames.export.doubts import DOUBTFUL, Doubts
from llamabatch_nb.frames.export.look import STYLE
from llamabatch_nb.frames.export.steps import Steps
from llamabatch_nb.frames.schema import storable

#: Rows of one frame; of files more are shown, as they are what the report is about.
_ROWS, _FILES = 100, 500
#: Characters of one text, and those from which its column is a wide one.
_CHARACTERS, _LONG = 240, 40
#: Columns of files that the table above all others has.
_OF_FILES = ("name", "status", "error", "pages", "credits", "duration")
#: What a person sees in the document itself.
_HIDDEN = frozenset({"x", "y", "width", "height", "page_width", "page_height", "boxes", "json"})
_MARKS = {"completed": "✓", "failed": "✗", "cancelled": "⊘", "running": "●"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_html(frames: Mapping[str, pd.DataFrame], about: About, file: IO[bytes], steps: Steps) -> None:
    shown = {name: _without_empty(frame) for name, frame in frames.items()}
    for part in _parts(shown, about, Doubts(shown), steps):
        file.write(storable(part).encode() + b"\n")


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Records without the rows of files that have none, of which the files say why."""
    if str(frame.attrs.get("schema")) != "records" or "record" not in frame:
        return frame
    return frame[frame["record"].notna()].drop(columns=["status", "error"], errors="ignore")


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
        f"<dt>{escape(label)}</dt><dd>{escape(_fact(value))}</dd>" for label, value in about.facts if _is_told(label)
    )
    links = "".join(f'<a href="#frame-{number}">{escape(name)}</a>' for number, name in enumerate(frames))
    yield f"<dl>{facts}</dl><nav>{links}</nav></header><main>"
    for number, (name, frame) in enumerate(frames.items()):
        yield f'<section id="frame-{number}"><h2>{escape(name)}</h2>'
        yield _files(frame) if name == "files" else _frame(name, frame, doubts.notes(name))
        yield "</section>"
        steps.step(len(frame), name)
    written = dict(about.facts).get("written by", "")
    yield (
        f"</main><footer>Written by {escape(str(written))}. Times are UTC. Long texts are cut here; ids, boxes, and "
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


def _files(files: pd.DataFrame) -> str:
    """What failed first, then the others in the order of the directory."""
    failed = files["status"].eq("failed").fillna(value=False)
    odd = ~files["status"].eq("completed").fillna(value=False) & ~failed
    ordered = pd.concat([files[failed], files[odd], files[~failed & ~odd]])
    shown = ordered.loc[:, [name for name in _OF_FILES if name in files]].head(_FILES)
    count = int(failed.sum())
    said = f"{_of(len(shown), len(files), 'file')}{f'; the {count:,} that failed come first' if count else ''}"
    return _captioned(said, _table(shown, "files", {}))


def _frame(name: str, frame: pd.DataFrame, notes: Mapping[tuple[int, int], str]) -> str:
    shown = frame.head(_ROWS)
    kept = [
        position
        for position, column in enumerate(shown.columns)
        if str(column) not in KEYS | _HIDDEN and shown.iloc[:, position].notna().any()
    ]
    places = {position: place for place, position in enumerate(kept)}
    marked = {(row, places[column]): note for (row, column), note in notes.items() if column in places and row < _ROWS}
    said = _of(len(shown), len(frame), "row")
    if marked:
        said += f"; confidence below {DOUBTFUL:g} is marked"
    if frame.attrs.get("complete") == "false":
        said += "; PARTIAL"
    return _captioned(said, _table(shown.iloc[:, kept], str(frame.attrs.get("schema") or name), marked))


def _captioned(said: str, table: str) -> str:
    return f'<p class="muted">{escape(said)}</p><div class="wide">{table}</div>'


def _table(frame: pd.DataFrame, schema: str, notes: Mapping[tuple[int, int], str]) -> str:
    if frame.empty:
        return ""
    columns = [values_of(frame.iloc[:, position]) for position in range(frame.shape[1])]
    declared = {column.name: column for column in SCHEMAS[schema].columns} if schema in SCHEMAS else {}
    names = [str(name) for name in frame.columns]
    kinds = [_kind(name, values) for name, values in zip(names, columns, strict=True)]
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
            _cell(value, kind, notes.get((number, place)))
            for place, (value, kind) in enumerate(zip(row, kinds, strict=True))
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"


def _cell(value: Any, kind: str, note: str | None) -> str:
    if value is None:
        return f'<td class="{kind}"></td>'
    if kind == "status":
        word = str(value)
        look = word if word in _MARKS else ""
        return f'<td class="status {look}"><b>{_MARKS.get(word, "·")}</b> {escape(_cut(word))}</td>'
    said = escape(_shown(value))
    if note is not None:
        said += f"<small>{escape(_cut(note))}</small>" if note else ""
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


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".") if 0.01 <= abs(value) < 10**15 else f"{value:.3g}"
    if isinstance(value, pd.Timestamp):
        moment = value.tz_convert("UTC") if value.tzinfo else value
        return (
            f"{moment:%Y-%m-%d}"
            if value.tzinfo is None and moment == moment.normalize()
            else f"{moment:%Y-%m-%d %H:%M:%S}"
        )
    return _cut(str(value))


def _cut(text: str) -> str:
    """One line: white space folded, and an ellipsis where it is long."""
    flat = " ".join(text[: 4 * _CHARACTERS].split())
    return flat if len(flat) <= _CHARACTERS and len(text) <= 4 * _CHARACTERS else flat[: _CHARACTERS - 1].rstrip() + "…"


def _fact(value: Fact) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else _shown(value)


def _of(shown: int, there: int, thing: str) -> str:
    things = f"{there:,} {thing}{'' if there == 1 else 's'}"
    return things if shown == there else f"{shown:,} of {things}; {there - shown:,} are not shown"
