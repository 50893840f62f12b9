"""How files came to an end, over time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from llamabatch_nb.frames.plots.picture import GREEN, GREY, MUTED, RED, TEXT, nothing, numbers
from llamabatch_nb.frames.plots.words import count, span, unit

#: Outcomes from the bottom up, with the colour of each.
_OUTCOMES = {"completed": GREEN, "failed": RED, "cancelled": GREY}
#: More points than the picture has dots across would only make its file large.
_POINTS = 400
#: Least distance of two names, as a part of the panel's height.
_APART = 0.085


def counts(events: pd.DataFrame, files: pd.DataFrame, now: datetime | None) -> pd.DataFrame:
    """`time`, and how many files were `completed`, `failed` and `cancelled` from then on, from the first event on.

    The last row is the end of the last file; of a run that goes on, `now`. No rows where no file has ended.

    `events` tell of jobs. Files that ended without one, refused or not mapped, end with their batch, and which of
    these failed only `files` tell.
    """
    known = events[events["time"].notna()]
    by_job = known["event"].eq("job ended")
    untimed = files[files["updated_at"].isna()]
    found: dict[str, Any] = {"time": known["time"]}
    for outcome in _OUTCOMES:
        own = untimed.loc[untimed["status"].eq(outcome).fillna(value=False), "batch_id"].value_counts()
        with_batch = known["batch_id"].map(own).fillna(0).where(known["event"].eq("batch ended"), 0)
        found[outcome] = (with_batch.astype(int) + (by_job & known["status"].eq(outcome)).astype(int)).cumsum()
    table = pd.DataFrame(found).reset_index(drop=True)
    ended = table[list(_OUTCOMES)].sum(axis=1)
    if not len(table) or not ended.iloc[-1]:
        return table.iloc[:0]
    table = table.iloc[: int(ended.searchsorted(ended.iloc[-1])) + 1]
    if now is not None:
        # Two clocks: the service's may be ahead of this machine's.
        last = table.iloc[[-1]].assign(time=max(pd.Timestamp(now), table["time"].iloc[-1]))
        table = pd.concat([table, last.astype(table.dtypes)], ignore_index=True)
    return table


def draw(axes: Axes, counts: pd.DataFrame, total: int) -> str:
    """Areas on top of each other, one an outcome, each named at its end; all files are a dashed line above."""
    if not len(counts):
        return nothing(axes, "No file has ended yet, or none says when.")
    start = counts["time"].iloc[0]
    elapsed = (counts["time"] - start).dt.total_seconds().to_numpy(dtype=float)
    lasted = float(elapsed[-1])
    name, size = unit(lasted)
    right = (lasted * 1.02 or 1.0) / size  # beyond the last step, which would not be seen
    kept = _thinned(elapsed)
    times = np.append(elapsed[kept] / size, right)
    base: NDArray[np.float64] = np.zeros(len(times))
    ends: list[tuple[float, str, str]] = []
    for outcome, color in _OUTCOMES.items():
        own = counts[outcome].to_numpy(dtype=float)[kept]
        if not own.any():
            continue
        top = base + np.append(own, own[-1])
        axes.fill_between(times, base, top, step="post", color=color, linewidth=0)
        ends.append(((base[-1] + top[-1]) / 2, f"{own[-1]:,.0f} {outcome}", TEXT[color]))
        base = top
    ended = int(base[-1])
    if ended < total:
        axes.axhline(total, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        ends.append((total, f"{count(total, 'file')} in all", MUTED))
    highest = max(total, ended) * 1.04
    axes.set_xlim(0, right)
    axes.set_ylim(0, highest)
    _name(axes, ends, highest)
    numbers(axes, both=True)
    axes.set_xlabel(f"time since {start:%Y-%m-%d %H:%M:%S} UTC ({name})")
    axes.set_ylabel("files ended")
    failed = int(counts["failed"].iloc[-1])
    of = f"{ended:,} of {count(total, 'file')}"
    what = of if ended < total else "The only file" if ended == 1 else f"All {ended:,} files"
    return f"{what} ended in {span(lasted)}" + (f", {failed:,} failed" if failed else "")


def _thinned(elapsed: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions of the last row of each of `_POINTS` equal spans of time, the first and the last row always."""
    last = len(elapsed) - 1
    spans = (elapsed / (elapsed[-1] or 1) * _POINTS).astype(int)
    return np.unique(np.append(np.flatnonzero(np.diff(spans)), [0, last]))


def _name(axes: Axes, ends: list[tuple[float, str, str]], highest: float) -> None:
    """Names beside the ends of the areas, moved up where they would touch."""
    lowest = 0.0
    for height, text, color in ends:
        place = max(height / highest, lowest)
        lowest = place + _APART
        axes.annotate(
            text,
            (1, place),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=color,
            annotation_clip=False,
        )
