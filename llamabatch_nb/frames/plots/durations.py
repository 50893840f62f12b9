"""How long jobs took, from creation to end: waiting included, as all jobs of a batch are created at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from llamabatch_nb.frames.plots.picture import GREEN, GREY, INK, MUTED, RED, nothing, numbers
from llamabatch_nb.frames.plots.words import count, span, unit

#: Beyond this many medians the slowest job would press all others into the first bars of a linear axis.
_LONG_TAIL = 12
#: Ticks of an axis of powers, in seconds: round numbers of each unit.
_ROUND = (0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36_000, 86_400, 864_000)


def durations(files: pd.DataFrame) -> pd.DataFrame:
    """`status` and `duration` (s) of each job that has ended: copies of a file share one."""
    seconds = files["duration"]
    ended = files.loc[(seconds >= 0).fillna(value=False), ["job_id", "status", "duration"]]
    return ended[ended["job_id"].isna() | ~ended["job_id"].duplicated()]


def draw(axes: Axes, jobs: pd.DataFrame) -> str:
    """A histogram, failed and cancelled jobs on top of the completed, the middle one marked."""
    if jobs.empty:
        return nothing(axes, "No job has ended yet, or none says how long it took.")
    seconds = jobs["duration"].to_numpy(dtype=float)
    median, slowest = float(np.median(seconds)), float(seconds.max())
    edges = _scaled(axes, seconds, median)
    placed = seconds.clip(edges[0], edges[-1])
    below = np.zeros(len(edges) - 1)
    ended = {status: jobs["status"].eq(status).to_numpy(dtype=bool) for status in ("completed", "failed")}
    ended["cancelled"] = ~(ended["completed"] | ended["failed"])
    for (status, own), color in zip(ended.items(), (GREEN, RED, GREY), strict=True):
        tall, _ = np.histogram(placed[own], edges)
        if tall.any():
            axes.bar(
                edges[:-1],
                tall,
                np.diff(edges),
                below,
                align="edge",
                color=color,
                edgecolor="white",
                linewidth=0.5,
                hatch="////" if status == "failed" else None,
                label=status,
            )
        below += tall
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, below.max() * 1.35)  # room for the legend
    axes.set_ylabel("jobs")
    if len(axes.containers) > 1 or ended["failed"].any():
        axes.legend(fontsize=9, labelcolor=MUTED, handlelength=1.2, loc="upper right", ncols=3, frameon=False)
    if len(seconds) == 1:
        return f"The only job took {span(slowest)}, waiting included"
    axes.axvline(median, 0, 0.8, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        "median", (median, 0.81), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=9, color=MUTED
    )
    if slowest == seconds.min():
        return f"Each of {count(len(seconds), 'job')} took {span(slowest)}, waiting included"
    return f"Median {span(median)} of {count(len(seconds), 'job')}, waiting included"


def _scaled(axes: Axes, seconds: NDArray[np.float64], median: float) -> NDArray[np.float64]:
    """The edges of the bars, on an axis that has its scale, ticks and unit: of powers where the tail is long."""
    slowest = float(seconds.max())
    # A job of no time at all has no place on an axis of powers: it is drawn with the fastest of the others.
    fastest = float(seconds[seconds > 0].min(initial=slowest))
    bars = int(np.clip(2 * np.sqrt(len(seconds)), 10, 40))
    if slowest <= _LONG_TAIL * max(median, fastest):
        name, size = unit(slowest)
        numbers(axes, both=True)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick / size:,.4g}"))
        axes.set_xlabel(f"time from creation to end ({name})")
        edges = np.linspace(0, slowest * 1.02 or 1.0, bars + 1)
        if size > 1:  # ticks at round numbers of the unit, not of seconds
            step = max(round(slowest / size / 5), 1) * size
            axes.xaxis.set_major_locator(FixedLocator(list(np.arange(0, edges[-1], step))))
        return edges
    numbers(axes, both=False)
    edges = np.geomspace(fastest / 1.1, slowest * 1.1, bars + 1)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in _ROUND if edges[0] <= tick <= edges[-1]]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: span(tick, short=True)))
    axes.set_xlabel("time from creation to end, on a logarithmic axis")
    return edges
