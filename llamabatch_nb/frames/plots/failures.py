"""Why files failed."""

from __future__ import annotations

import re
from textwrap import wrap

import pandas as pd
from matplotlib.axes import Axes

from llamabatch_nb.frames.plots.picture import AMBER, MUTED, RED, nothing
from llamabatch_nb.frames.plots.words import count, printable

#: Reasons with a bar of their own; the rest share one.
_BARS = 7
#: Characters of a line of a reason, which has two at most.
_LINE = 72
#: What varies within a reason: ids and numbers. A status of HTTP (the first branch) does not.
_VARIES = re.compile(
    r"(?P<kept>\b(?:HTTP|status|code|error)[ :=]{1,3}\d{3}\b)"
    r"|\b[a-z]{2,5}-(?=[a-z-]*\d)[\da-z-]{6,}|\b[\da-f]{8}-[\da-f-]{20,}|\b(?=[a-f]*\d)[\da-f]{16,}|\d(?:[\d.,:]*\d)?",
    re.IGNORECASE,
)
_WHERE = {"upload": "not uploaded: ", "mapping": "no job: "}


def failures(files: pd.DataFrame) -> pd.DataFrame:
    """`reason`, `files` and `retryable` (how many of them are worth another try), the most frequent reason first.

    Texts that differ in the file's own name, in ids or in numbers alone are one reason, where those read ``…``.
    """
    failed = files[files["status"].eq("failed").fillna(value=False)]
    groups: dict[str, list[tuple[str, bool]]] = {}
    for name, error, source, again in failed[["name", "error", "error_source", "retryable"]].itertuples(index=False):
        said = _said(error, source, name)
        groups.setdefault(_pattern(said).casefold(), []).append((said, bool(again is not pd.NA and again)))
    found = [
        (said[0] if len(set(said)) == 1 else _pattern(said[0]), len(said), sum(again))
        for said, again in (zip(*members, strict=True) for members in groups.values())
    ]
    found.sort(key=lambda group: (-group[1], group[0]))
    return pd.DataFrame(found, columns=["reason", "files", "retryable"])


def draw(axes: Axes, groups: pd.DataFrame) -> str:
    """A bar a reason, as long as its number of files; the part that is worth another try is of another colour."""
    if groups.empty:
        return nothing(axes, "No file has failed.")
    total, again = int(groups["files"].sum()), int(groups["retryable"].sum())
    shown = list(groups.itertuples(index=False, name=None))
    if len(shown) > _BARS + 1:
        rest = shown[_BARS:]
        others = (f"{len(rest):,} other reasons", sum(row[1] for row in rest), sum(row[2] for row in rest))
        shown = [*shown[:_BARS], others]
    lines = [wrap(printable(row[0], 2 * _LINE), _LINE, max_lines=2, placeholder="…") for row in shown]
    size = 9 if sum(map(len, lines)) <= 2 * _BARS - 3 else 7.5
    line = -1.0
    for said, (_, files, retryable) in zip(lines, shown, strict=True):
        line += 1 + 0.7 * (len(said) - 1)
        axes.barh(line, retryable, 0.3, color=AMBER)
        axes.barh(line, files - retryable, 0.3, left=retryable, color=RED)
        worth = "" if not retryable else " worth a retry" if retryable == files else f", {retryable:,} worth a retry"
        axes.text(0, line - 0.2, "\n".join(said), va="bottom", fontsize=size)
        axes.text(files, line, f" {files:,}{worth}", va="center_baseline", fontsize=9, color=MUTED)
    most = max(row[1] for row in shown)
    axes.set_xlim(0, most * 1.4)  # room for what is said behind the longest
    axes.set_ylim(max(line + 1, 5) - 0.7, -0.7)  # a bar alone is no thicker than one of many
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    worth = "none" if not again else "all" if again == total else f"{again:,}"
    if total == 1:
        return f"1 file failed, {'worth a retry' if again else 'not worth a retry unchanged'}"
    return f"{count(total, 'file')} failed, {worth} worth a retry{'' if again else ' unchanged'}"


def _said(error: object, source: object, name: object) -> str:
    text = str(error) if isinstance(error, str) and error.strip() else "no reason given"
    if isinstance(name, str):
        text = text.removeprefix(f"{name}: ")
        for own in (name, name.rpartition("/")[2]):
            if "." in own.strip("."):  # else it may be any word of the sentence
                text = text.replace(own, "…")
    text = " ".join(f"{_WHERE.get(str(source), '')}{text}".split()).removesuffix(".")
    return text[:1].upper() + text[1:]


def _pattern(said: str) -> str:
    return _VARIES.sub(lambda found: found["kept"] or "…", said)
