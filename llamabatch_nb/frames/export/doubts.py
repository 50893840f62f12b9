"""Which values are doubtful, and what is known of them: the `evidence` of an extraction, at the cells it is of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from llamabatch_nb.frames.export.columns import values_of
from llamabatch_nb.frames.records.layout import OURS

#: What is shaded: a confidence below this. Of the values to which the local extractor gives less, fewer than half are
#: right; of those above it about nine in ten. The service documents no threshold of its own.
DOUBTFUL = 0.8
#: The frames whose `confidence` is the service's. In others a column of that name is a field of the documents.
_SCORED = frozenset({"files", "evidence", "pages", "items", "tables"})
#: The note of a null of the main records that was looked for.
NOT_FOUND = "not found"
_QUOTE = 300
_POSITION = re.compile(r"\[(\d+)\]\.?")
_ODD = re.compile(r'\.?\[("(?:[^"\\]|\\.)*")\]')


def not_found(evidence: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are nulls of a confidence below `DOUBTFUL`: looked for, and not surely absent."""
    return (evidence["type"].eq("null") & (evidence["confidence"] < DOUBTFUL)).fillna(value=False).astype(bool)


class Doubts:
    """Notes on doubtful values of those found, by frame, row and column: confidence, page, quote, as far as known."""

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        self._notes: dict[str, dict[tuple[int, int], str]] = {name: _own(frame) for name, frame in frames.items()}
        self._absent: frozenset[tuple[int, int]] = frozenset()
        evidence, main = frames.get("evidence"), frames.get("records")
        if evidence is not None and main is not None:
            values = {name: frame for name, frame in frames.items() if name.partition(".")[0] == "records"}
            for frame, row, column, note in _of_records(evidence, main, values):
                self._notes[frame][row, column] = note
            self._absent = _absent(evidence, main) if "type" in evidence and "confidence" in evidence else frozenset()

    def notes(self, name: str) -> Mapping[tuple[int, int], str]:
        """By row and column, both from 0."""
        return self._notes.get(name, {})

    def absent(self, name: str) -> frozenset[tuple[int, int]]:
        """Nulls of the main records that were looked for and not found: row and column, both from 0."""
        return self._absent if name == "records" else frozenset()


def _own(frame: pd.DataFrame) -> dict[tuple[int, int], str]:
    """Of a frame that says its own confidence: of evidence at the value; of pages and items at the number itself,
    beside which there is nothing to say.
    """
    if frame.attrs.get("schema") not in _SCORED:
        return {}
    if "value" in frame:
        return {(row, list(frame.columns).index("value")): _note(said) for row, said in _doubtful(frame)}
    return {(row, list(frame.columns).index("confidence")): "" for row, _ in _doubtful(frame)}


def _of_records(
    evidence: pd.DataFrame, main: pd.DataFrame, values: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, int, int, str]]:
    """Where in the records each doubtful value stands: frame, row and column, and the note."""
    places = {
        key: (name, row) for name, frame in values.items() if "key" in frame for row, key in enumerate(frame["key"])
    }
    ids = ["file_id", "name", "record"]
    keys = dict(zip(zip(*(values_of(main[name]) for name in ids), strict=True), main["key"], strict=True))
    for _, said in _doubtful(evidence):
        key = keys.get(tuple(said[name] for name in ids))
        if key is None or said["path"] is None:
            continue
        path = said["path"]
        while (found := _POSITION.search(path)) and (
            below := f"{key}/{path[: found.start()]}/{int(found[1]) + 1}"
        ) in places:
            key, path = below, path[found.end() :]
        name, row = places[key]
        column = _column(path, name, list(values[name].columns))
        if column is not None:
            yield name, row, column, _note(said)


def _absent(evidence: pd.DataFrame, main: pd.DataFrame) -> frozenset[tuple[int, int]]:
    ids = ["file_id", "name", "record"]
    rows = {key: row for row, key in enumerate(zip(*(values_of(main[name]) for name in ids), strict=True))}
    lost = evidence[not_found(evidence)]
    nulls = main.isna().to_numpy()
    found = set()
    for *key, path in zip(*(values_of(lost[name]) for name in [*ids, "path"]), strict=True):
        row = rows.get(tuple(key))
        column = _column(path, "records", list(main.columns)) if path is not None else None
        if row is not None and column is not None and nulls[row, column]:
            found.add((row, column))
    return frozenset(found)


def _column(path: str, frame: str, columns: list[Any]) -> int | None:
    """The column of a value, or of the JSON that it stands in."""
    called = _ODD.sub(lambda found: f".{json.loads(found[1])}", path).removeprefix(".")
    title = frame.removeprefix("records.") if frame != "records" else "main"
    while called:
        # A field that is called as one of the columns of every row has its frame before it.
        for name in (f"{title}.{called}", called):
            if name in columns and name not in OURS:
                return columns.index(name)
        called = called[: max(called.rfind("."), called.rfind("["), 0)]
    return None


def _doubtful(frame: pd.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    if "confidence" not in frame or not pd.api.types.is_numeric_dtype(frame["confidence"].dtype):
        return
    low = (frame["confidence"] < DOUBTFUL).fillna(value=False)
    if "value" in frame:
        low &= frame["value"].notna()
    rows = low.to_numpy(dtype=bool).nonzero()[0]
    found = frame.iloc[rows]
    columns = [values_of(found.iloc[:, position]) for position in range(found.shape[1])]
    for row, said in zip(rows, zip(*columns, strict=True), strict=True):
        yield int(row), dict(zip(frame.columns, said, strict=True))


def _note(said: Mapping[str, Any]) -> str:
    parts = [f"Confidence {said['confidence']:.2g}"]
    if said.get("page") is not None:
        parts.append(f"page {said['page']}")
    if quote := said.get("matching_text"):
        parts.append(f"“{quote if len(quote) <= _QUOTE else quote[:_QUOTE] + '…'}”")
    return ", ".join(parts)
