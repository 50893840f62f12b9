"""How sure the service is of what it read."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from llamabatch_nb.frames.export.doubts import DOUBTFUL
from llamabatch_nb.frames.plots.picture import BLUE, INK, MUTED, RED, TEXT, nothing, numbers

#: Width of a bar. The threshold is a multiple of it, so that no bar is doubtful in part.
_STEP = 0.025


def draw(axes: Axes, confidences: pd.Series, noun: str, missing: int = 0) -> str:
    """A histogram from 0 to 1 of values found, cut on the left where nothing is; the doubtful are hatched.

    `missing` values were looked for and not found: they are said in the title, and not drawn.
    """
    known = confidences.dropna().to_numpy(dtype=float).clip(0, 1)
    if not len(known):
        said = f"None of {missing:,} {noun}s was found." if missing else f"No {noun} has a confidence."
        return nothing(axes, said)
    edges = np.arange(0, round(1 / _STEP) + 1) * _STEP
    # A hair added: 0.85 / 0.025 is a little under 34 in floating point.
    tall = np.bincount((known / _STEP + 1e-9).astype(int).clip(0, len(edges) - 2), minlength=len(edges) - 1)
    doubtful = edges[1:] <= DOUBTFUL + 1e-9
    for own, color, hatch in ((~doubtful, BLUE, None), (doubtful, RED, "////")):
        axes.bar(
            edges[:-1][own],
            tall[own],
            _STEP,
            align="edge",
            color=color,
            edgecolor="white",
            linewidth=0.5,
            hatch=hatch,
        )
    few = int((known < DOUBTFUL).sum())
    axes.axvline(DOUBTFUL, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        f"{few:,} below {DOUBTFUL:g} " if few else f"doubtful below {DOUBTFUL:g} ",
        (DOUBTFUL, 1),
        xycoords=("data", "axes fraction"),
        ha="right",
        va="top",
        fontsize=9,
        color=TEXT[RED] if few else MUTED,
    )
    left = min(float(known.min()), DOUBTFUL - 0.2)
    axes.set_xlim(max(np.floor(left * 10) / 10, 0), 1)
    axes.set_ylim(0, tall.max() * 1.2)
    numbers(axes, both=False)
    axes.xaxis.set_major_locator(MultipleLocator(0.1))
    axes.set_xlabel("confidence (0 to 1)")
    axes.set_ylabel(f"{noun}s")
    if missing:
        rest = f"{few:,} doubtful" if few else "none doubtful"
        return f"{missing:,} of {len(known) + missing:,} {noun}s not found, {rest}"
    if len(known) == 1:
        return f"The only {noun} is {'' if few else 'not '}doubtful"
    if not few:
        return f"None of {len(known):,} {noun}s is doubtful"
    return f"{few:,} of {len(known):,} {noun}s {'is' if few == 1 else 'are'} doubtful"
