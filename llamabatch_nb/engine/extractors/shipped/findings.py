"""What was found for a field, and how a decision is made between several findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llamabatch_nb.engine.extractors.base import Citation
from llamabatch_nb.engine.extractors.shipped.layout import Cell

#: Candidates this close to the best contradict it if they say something else.
_RIVAL = 0.12
#: What a rival takes off.
_DOUBT = 0.25


@dataclass(frozen=True, slots=True)
class Finding:
    """A value with its confidence, 0 to 1, and where it stands."""

    value: Any
    confidence: float
    text: str
    cells: tuple[Cell, ...]

    def citations(self) -> tuple[Citation, ...]:
        """One for each page."""
        pages = list(dict.fromkeys(cell.page for cell in self.cells))
        return tuple(
            Citation(page, self.text, tuple(box for cell in self.cells if cell.page == page for box in cell.boxes))
            for page in pages
        )


def best_of(findings: Iterable[Finding]) -> Finding | None:
    """The best, less sure where another value is nearly as good, surer where it is said twice."""
    ranked: Sequence[Finding] = sorted(findings, key=lambda finding: -finding.confidence)
    if not ranked:
        return None
    best = ranked[0]
    same = [finding for finding in ranked[1:] if finding.value == best.value]
    rivals = [
        finding for finding in ranked if not _same(finding, best) and best.confidence - finding.confidence < _RIVAL
    ]
    confidence = best.confidence + (0.02 if same else 0) - (_DOUBT if rivals else 0)
    return replace(best, confidence=min(confidence, 0.99))


def _same(one: Finding, other: Finding) -> bool:
    if isinstance(one.value, str) and isinstance(other.value, str):
        # The same words, or the same words with more behind them.
        return one.value.casefold() == other.value.casefold()
    return bool(one.value == other.value)
