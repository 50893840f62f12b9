"""What a run would cost by the list price, counted on this machine before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from llamabatch_nb.contract.prices import PRICES_DATED, credits_a_page
from llamabatch_nb.errors import CostError, InputError
from llamabatch_nb.follow.sources.counting import count_all
from llamabatch_nb.follow.sources.source import SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """As a string it is one sentence. What is not known is None."""

    files: int  # that are sent, copies not counted
    bytes: int | None  # of those files; None where the sizes of some are not known
    copies: int  # files that are identical to one that is sent
    pages: int  # counted in the files that say how many they have
    uncounted: int  # files that say nothing of pages: taken as one page each, and may be more
    credits: float | None  # by the list price; None for a tier without one, and on this machine, which bills nothing
    job_type: str
    tier: str | None
    parse_tier: str | None = None  # of an extract job: its parsing is in `credits` where this is known
    free: bool = False  # on this machine
    known: int = 0  # files that were submitted before and are not paid again
    rest: int = 0  # files that are not in the run, and that only `run.rest()` sends
    prices_dated: str = PRICES_DATED

    @property
    def at_least(self) -> bool:
        """Whether it may be more: a file says nothing of its pages, or nobody said how an extract job parses."""
        return self.uncounted > 0 or (self.job_type == "extract_v2" and self.parse_tier is None)

    def __str__(self) -> str:
        if not self.files:
            return self._nothing()
        pages = self.pages + self.uncounted
        about = f"at least {_counted(pages, 'page')}" if self.uncounted else f"about {_counted(pages, 'page')}"
        size = "" if self.bytes is None else f"{_size(self.bytes)}, "
        sentence = f"{_counted(self.files, 'file')}, {size}{about}: {self._cost()}"
        if self.uncounted:
            do, has = ("does", "it has") if self.uncounted == 1 else ("do", "they have")
            sentence += f"; {_counted(self.uncounted, 'file')} {do} not say how many pages {has}"
        if self.copies:
            are = "is" if self.copies == 1 else "are"
            plural = "y" if self.copies == 1 else "ies"
            sentence += f"; {self.copies:,} identical cop{plural} {are} not sent"
        if self.known:
            sentence += f"; {_counted(self.known, 'file')} {'was' if self.known == 1 else 'were'} submitted before"
        return f"{sentence}.{self._left()}"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """A cell's last line shows the sentence."""
        printer.text(str(self))

    def _nothing(self) -> str:
        what = (
            f"all of it was submitted before ({_counted(self.known, 'file')})" if self.known else "there are no files"
        )
        return f"Nothing to send, no credits: {what}.{self._left()}"

    def _left(self) -> str:
        if not self.rest:
            return ""
        are, them = ("is", "it") if self.rest == 1 else ("are", "them")
        return f" {_counted(self.rest, 'file')} more {are} not in that run: run.rest() sends {them}."

    def _cost(self) -> str:
        if self.free:
            return "no credits, as they stay on this machine"
        if self.credits is None:
            return f"no list price is known for {self._tiers()}"
        rate = credits_a_page(self.job_type, self.tier, self.parse_tier)
        about = "at least" if self.at_least else "about"
        cost = f"{about} {_counted(round(self.credits), 'credit')}"
        cost += f" at the list price of {self.prices_dated} ({self._tiers()}, {rate} a page)"
        if self.job_type == "extract_v2" and self.parse_tier is None:
            cost += ", and the parsing on top"
        return cost

    def _tiers(self) -> str:
        own = f"tier {self.tier}" if self.tier and self.credits is None else self.tier or "an unknown tier"
        return own if self.parse_tier is None else f"{own} over {self.parse_tier} parsing"


def estimate(
    files: Iterable[SourceFile],
    *,
    job_type: str,
    tier: str | None,
    parse_tier: str | None = None,
    known_pages: Mapping[str, int | None] | None = None,
    free: bool,
    known: int = 0,
    rest: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Estimate:
    """Count the pages of `files` and price them. `free`: the service is on this machine and bills nothing.

    `known_pages` has pages by SHA-256 that were counted before; what is missing there is counted now, and
    `on_progress(done, total)` called after each such file. Nothing is sent. `known` files were submitted before, and
    `rest` more are not in their run.
    """
    every = list(files)
    sent = [file for file in every if file.copy_of is None]
    counted = count_all(sent, known_pages, on_progress)
    said = [pages for file in sent if (pages := counted.get(file.sha256)) is not None]
    uncounted = len(sent) - len(said)
    sizes = [file.size for file in sent]
    rate = None if free else credits_a_page(job_type, tier, parse_tier)
    return Estimate(
        files=len(sent),
        bytes=None if None in sizes else sum(size for size in sizes if size is not None),
        copies=len(every) - len(sent),
        pages=sum(said),
        uncounted=uncounted,
        credits=None if rate is None else float((sum(said) + uncounted) * rate),
        job_type=job_type,
        tier=tier,
        parse_tier=parse_tier,
        free=free,
        known=known,
        rest=rest,
    )


def check(estimate: Estimate, max_credits: float | None) -> None:
    """Nothing where the estimate is within `max_credits`, or there is no limit.

    Raises:
        CostError: it costs more, or nobody knows whether it does; nothing was sent.
        InputError: a limit that is no number of credits.

    """
    if max_credits is None:
        return
    if isinstance(max_credits, bool) or not isinstance(max_credits, (int, float)) or not max_credits >= 0:
        raise InputError(f"max_credits= is a number of credits, not {max_credits!r}. Nothing was sent.")
    if estimate.free:
        return
    if estimate.credits is None:
        raise CostError(
            f"Whether it costs more than max_credits={max_credits:,} cannot be told: {estimate} Leave max_credits= out "
            "to send it all the same. Nothing was sent.",
            estimate=estimate,
        )
    if estimate.credits > max_credits:
        raise CostError(
            f"It would cost more than max_credits={max_credits:,}: {estimate} Send fewer files (sample=, include=), "
            "use a cheaper tier, or raise the limit. Nothing was sent.",
            estimate=estimate,
        )


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _size(size: int) -> str:
    """Decimal units, as file managers and the service show them."""
    value = float(size)
    for unit in ("bytes", "kB", "MB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if value >= 9.95 or unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"
