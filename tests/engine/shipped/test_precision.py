"""The promise of the shipped extractor: what it says is right nine times in ten, on papers it was not tuned for."""

from __future__ import annotations

from llamabatch_nb.engine.extractors.shipped import extract
from tests.engine.shipped.papers import corpus
from tests.engine.shipped.support import INVOICE, Tally


def test_values_given_are_right_nine_times_in_ten_in_seven_languages() -> None:
    tally = Tally()
    for paper in corpus():
        tally.add(paper.name, paper.truth, extract(paper.pages, INVOICE))
    assert tally.precision >= 0.95, tally.wrong
    assert tally.recall >= 0.85, tally.counts
    for kind, (right, wrong, _) in tally.counts.items():
        assert right >= 9 * wrong, (kind, right, wrong, tally.wrong)
