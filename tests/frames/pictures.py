"""What a picture shows, as SVG that can be compared: fixed ids, no date, texts as texts.

Run a test with LLAMABATCH_GOLDEN=write to write the golden files anew, and look at the difference.
"""

from __future__ import annotations

import os
import re
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

GOLDEN = Path(__file__).parent / "golden"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SVG = "{http://www.w3.org/2000/svg}"


def svg(figure: Figure) -> str:
    buffer = StringIO()
    with mpl.rc_context({"svg.hashsalt": "golden", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def texts(figure: Figure) -> list[str]:
    """What can be read in it."""
    return [text for node in ET.fromstring(svg(figure)).iter(f"{_SVG}text") if (text := "".join(node.itertext()))]


def assert_golden(name: str, figure: Figure) -> None:
    path = GOLDEN / f"{name}.svg"
    drawn = svg(figure)
    if os.environ.get("LLAMABATCH_GOLDEN") == "write":
        path.write_text("".join(f"{line.rstrip()}\n" for line in drawn.splitlines()), encoding="utf-8")
    for had, has in zip_longest(_shapes(path.read_text(encoding="utf-8")), _shapes(drawn)):
        assert has is not None, f"gone: {had}"
        assert had is not None, f"new: {has}"
        assert has[0] == had[0]
        # Two points: versions of matplotlib measure texts otherwise, and the panels give way to them.
        assert has[1] == pytest.approx(had[1], abs=2), has[0]


def _shapes(text: str) -> list[tuple[str, list[float]]]:
    """Every path, use and text, with its style and words; and its coordinates, apart, for they may differ a little."""
    found = []
    for node in ET.fromstring(text).iter():
        if node.tag in {f"{_SVG}path", f"{_SVG}use", f"{_SVG}text"}:
            style = node.get("style", "")
            where = " ".join(node.get(key, "") for key in ("d", "x", "y", "transform"))
            look = " ".join(re.findall(r"(?:fill|stroke|text-anchor|font)[-a-z]*: ?[^;]+", style))
            what = "".join(node.itertext()).strip()
            letters = re.sub(_NUMBER, "", where)
            found.append(
                (f"{node.tag} {what} {look} {' '.join(letters.split())}", [float(n) for n in _NUMBER.findall(where)])
            )
    return found
