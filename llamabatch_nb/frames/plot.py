"""A run to look at: how it went, how long jobs took, why files failed, how sure the service is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.events import events
from llamabatch_nb.frames.evidence import evidence
from llamabatch_nb.frames.export.doubts import not_found
from llamabatch_nb.frames.files import files
from llamabatch_nb.frames.inputs import Job, jobs_of, snapshot_of
from llamabatch_nb.frames.pages import pages
from llamabatch_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["progress", "durations", "failures", "confidence"]


def plot(of: object, jobs: object = None, kind: Kind | None = None) -> Figure:
    """A matplotlib Figure of one kind, or of all that have something to show, beside and below each other.

    ``progress``: files that have ended over time, by outcome. ``durations``: a histogram of how long jobs took from
    creation to end, waiting included, by the service's clock, each job once. ``failures``: a bar a reason; texts that
    differ in names, ids or numbers alone are one. ``confidence``: a histogram of pages, of an extraction of values
    found, with those that are doubtful marked; how many were not found is said.

    `of` is a run, a Snapshot or a batch, ours or the official SDK's; `jobs` are its job results, by job id or one after
    the other. A run is asked for them, for `confidence` alone, which fetches those that are not on this machine. A kind
    that was asked for and has nothing to show is a panel that says so.

    The Figure shows itself as a cell's last line, belongs to no backend and need not be closed: pyplot is not touched.
    ``figure.savefig("run.svg")`` writes it, and its axes can be drawn on.

    Raises:
        InputError: matplotlib is not installed (the extra `plot` brings it), there is no such kind, or `of` or `jobs`
            are nothing that a frame is made of.

    """
    if kind is not None and kind not in get_args(Kind):
        raise InputError(f"There is no picture {kind!r}: kind= is one of {', '.join(get_args(Kind))}, or None for all.")
    try:
        import matplotlib as mpl  # noqa: F401 - whether it is there
    except ImportError as error:
        raise InputError(
            'Pictures are drawn by matplotlib, which is not installed: pip install "llamabatch-nb[plot]".'
        ) from error
    from llamabatch_nb.frames.plots import confidence, durations, failures, progress
    from llamabatch_nb.frames.plots.picture import picture

    given = jobs_of(None, jobs)
    snapshot = snapshot_of(of, given)
    table = files(snapshot)
    steps = progress.counts(events(snapshot), table, None if snapshot.ended else snapshot.taken_at)
    spans = durations.durations(table)
    groups = failures.failures(table)
    draws = {
        "progress": (len(steps) > 0, partial(progress.draw, counts=steps, total=len(table))),
        "durations": (len(spans) > 0, partial(durations.draw, jobs=spans)),
        "failures": (len(groups) > 0, partial(failures.draw, groups=groups)),
    }
    if kind in {None, "confidence"}:
        values, noun, missing = _confidences(snapshot, given if jobs is not None else jobs_of(of))
        draws["confidence"] = (
            len(values) + missing > 0,
            partial(confidence.draw, confidences=values, noun=noun, missing=missing),
        )
    if kind is not None:
        return picture([draws[kind][1]])
    shown = [draw for seen, draw in draws.values() if seen] or [draws["progress"][1]]
    return picture(shown, " · ".join(filter(None, (snapshot.name, snapshot.source, snapshot.service.label))))


def _confidences(snapshot: Snapshot, jobs: Mapping[str, Job]) -> tuple[pd.Series, str, int]:
    """All that are known of what was found, what they are of, and how many values were not found."""
    if snapshot.job_type == "extract_v2" or any(isinstance(job, ExtractJob) for job in jobs.values()):
        values = evidence(snapshot, jobs)
        missing = int(not_found(values).sum())
        return values.loc[values["value"].notna(), "confidence"].dropna(), "value", missing
    return pages(snapshot, jobs)["confidence"].dropna(), "page", 0
