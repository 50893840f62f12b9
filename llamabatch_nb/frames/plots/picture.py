"""A matplotlib Figure that shows itself in a notebook, and whose panels all look alike.

Nothing here knows pyplot, so no backend is chosen and no figure is kept: the Figure is the caller's alone, and is gone
when they let go of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from llamabatch_nb.frames.plots.words import printable

#: Of the palette of Okabe and Ito, which people with any colour vision tell apart.
GREEN, RED, AMBER, BLUE, GREY = "#009e73", "#d55e00", "#e69f00", "#0072b2", "#8a8f98"
INK, MUTED, HAIR = "#22272e", "#5d6672", "#dfe3e8"
#: The same as words on white, at 4.5:1 or more.
TEXT = {GREEN: "#007a58", RED: "#b04d00", GREY: MUTED}

#: What draws one panel: what is seen, as its title, comes back.
Draw = Callable[[Axes], str]

#: A panel alone, and each of several, in inches.
_ALONE, _SHARED = (7.2, 3.6), (5.2, 3.3)
_STYLE: dict[str, Any] = {
    # A card of its own: on a transparent one, tones that read on white and on black alike are weak on both.
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": HAIR,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.titlepad": 10,
    "axes.labelsize": 9,
    "axes.labelcolor": MUTED,
    "text.color": INK,
    "text.parse_math": False,  # a dollar in a name or a reason is a dollar
    "xtick.color": HAIR,
    "ytick.color": HAIR,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "ytick.left": False,
    "grid.color": HAIR,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.6,
}


class Picture(Figure):
    """A Figure that a notebook shows as a cell's last line, once, whether or not pyplot is in use there."""

    def _repr_mimebundle_(self, **_asked: object) -> tuple[dict[str, Any], dict[str, Any]]:
        # IPython draws a bare Figure only after pyplot was imported. Twice the dots, shown at half their size: sharp.
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=2 * self.dpi)
        width, height = (round(inches * self.dpi) for inches in self.get_size_inches())
        bundle = {"image/png": buffer.getvalue(), "text/plain": repr(self)}
        return bundle, {"image/png": {"width": width, "height": height}}

    def draw(self, renderer: RendererBase) -> None:
        # A letter that no font here has is drawn as a box, and a folder's name in Chinese is no reason for warnings.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
            super().draw(renderer)

    def __repr__(self) -> str:
        """What is seen, for those who cannot see it."""
        return "\n".join(axes.get_title(loc="left") or axes.texts[0].get_text() for axes in self.axes)


def picture(panels: Sequence[Draw], heading: str = "") -> Picture:
    """One panel, or several beside and below each other; of an odd number, the first has a line to itself."""
    # Of the notebook's own settings the font alone is taken: it may be there for letters that others lack.
    with style.context(["default", _STYLE, {"font.family": mpl.rcParams["font.family"]}]):
        alone = len(panels) == 1
        odd = len(panels) % 2
        lines = (len(panels) + 1) // 2
        size = _ALONE if alone else (2 * _SHARED[0], lines * _SHARED[1] + 0.3)
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, wspace=0.04, hspace=0.06)
        made = Picture(figsize=size, dpi=100, layout=layout)
        grid = made.add_gridspec(lines, 1 if alone else 2)
        for number, draw in enumerate(panels):
            place = number + odd if number else 0
            line, column = divmod(place, 2)
            spot = grid[0, :] if odd and not number else grid[line, column]
            axes = made.add_subplot(spot)
            axes.set_title(draw(axes))
        if heading:
            made.suptitle(printable(heading, 110), x=0.012, ha="left", fontsize=9, color=MUTED)
    return made


def numbers(axes: Axes, *, both: bool) -> None:
    """Round numbers on the y axis, whole ones, with hair lines to read them by; `both`: round ones on the x axis."""
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))
    if both:
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.4g}"))
    axes.grid(visible=True, axis="y")
    axes.tick_params(axis="both", length=0)


def nothing(axes: Axes, said: str) -> str:
    """An empty panel that says why it is empty."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_facecolor("#f6f7f9")
    axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center", va="center", color=MUTED, fontsize=10)
    return ""
