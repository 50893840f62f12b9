from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from IPython.lib.pretty import pretty

from llamabatch_nb.contract.prices import EXTRACT, PARSE, credits_a_page
from llamabatch_nb.errors import CostError, InputError
from llamabatch_nb.follow.sources.estimate import Estimate, check, estimate
from llamabatch_nb.follow.sources.source import SourceFile
from tests.parsers import build


def files(*sizes: int, copies: int = 0) -> list[SourceFile]:
    made = [SourceFile(f"{number}.pdf", size, str(number), Path("x")) for number, size in enumerate(sizes)]
    return made + [SourceFile(f"copy{number}.pdf", 5, "0", Path("x"), copy_of="0.pdf") for number in range(copies)]


def of(
    *pages: int | None, copies: int = 0, job_type: str = "parse_v2", tier: str | None = "agentic", **more: Any
) -> Estimate:
    known = {str(number): count for number, count in enumerate(pages)}
    return estimate(
        files(*[1_000_000] * len(pages), copies=copies),
        job_type=job_type,
        tier=tier,
        known_pages=known,
        **{"free": False} | more,
    )


def test_pages_are_counted_and_priced(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(build.pdf(build.words("one"), build.words("two")))
    told: list[tuple[int, int]] = []
    found = estimate(
        [SourceFile("a.pdf", 1200, "aa", path), SourceFile("b.pdf", 300, "", file_id="dfl-1")],
        job_type="parse_v2",
        tier="fast",
        free=False,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert (found.files, found.bytes, found.pages, found.uncounted, found.credits) == (2, 1500, 2, 1, 3.0)
    assert told == [(1, 1)]


def test_the_sentences() -> None:
    assert str(of(600, 580, copies=6)) == (
        "2 files, 2.0 MB, about 1,180 pages: about 11,800 credits at the list price of 2026-11 (agentic, 10 a page); "
        "6 identical copies are not sent."
    )
    assert str(of(3, None, copies=1)) == (
        "2 files, 2.0 MB, at least 4 pages: at least 40 credits at the list price of 2026-11 (agentic, 10 a page); "
        "1 file does not say how many pages it has; 1 identical copy is not sent."
    )
    assert str(of(1, tier="fast")) == (
        "1 file, 1.0 MB, about 1 page: about 1 credit at the list price of 2026-11 (fast, 1 a page)."
    )
    assert str(of(2, free=True)) == "1 file, 1.0 MB, about 2 pages: no credits, as they stay on this machine."
    assert str(of(2, tier="new")) == "1 file, 1.0 MB, about 2 pages: no list price is known for tier new."
    assert str(of(2, tier=None)) == "1 file, 1.0 MB, about 2 pages: no list price is known for an unknown tier."
    assert str(of(2, job_type="extract_v2", tier="turbo")) == (
        "1 file, 1.0 MB, about 2 pages: at least 70 credits at the list price of 2026-11 (turbo, 35 a page), and the "
        "parsing on top."
    )
    assert str(of(2, job_type="extract_v2", parse_tier="fast")) == (
        "1 file, 1.0 MB, about 2 pages: about 32 credits at the list price of 2026-11 (agentic over fast parsing, 16 a "
        "page)."
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (380_000_000, "380 MB"), (2_345_000_000_000, "2,345.0 GB")],
)
def test_sizes(size: int, text: str) -> None:
    found = estimate(files(size), job_type="parse_v2", tier="fast", known_pages={"0": 1}, free=True)
    assert f", {text}, " in str(found)


def test_credits_are_of_the_tier() -> None:
    assert (of(10, 5).credits, of(10, free=True).credits, of(10, tier="new").credits) == (150.0, None, None)
    assert PARSE == {"fast": 1, "cost_effective": 3, "agentic": 10, "agentic_plus": 45}
    assert EXTRACT == {"cost_effective": 5, "agentic": 15, "agentic_plus": 50, "turbo": 35}
    assert credits_a_page("parse_v2", "agentic", "fast") == 10
    assert credits_a_page("extract_v2", "agentic", "cost_effective") == 18
    assert credits_a_page("extract_v2", "agentic", "new") is None
    assert credits_a_page("split_v1", "agentic") is None


def test_nothing_is_sent_that_costs_more_than_allowed() -> None:
    found = of(600, None)
    for enough in (None, 6010, 1e9, float("inf")):
        check(found, enough)
    with pytest.raises(
        CostError, match=r"more than max_credits=6,000: .*at least 6,010 credits.*Nothing was sent"
    ) as no:
        check(found, 6000)
    assert no.value.estimate is found
    with pytest.raises(CostError, match=r"more than max_credits=0: .*about 10 credits"):
        check(of(1), 0)


def test_what_has_no_price_is_not_sent_under_a_limit_and_what_is_free_is() -> None:
    check(of(1000, free=True), 0)
    check(of(1000, tier="new"), None)
    with pytest.raises(CostError, match=r"cannot be told: .*tier new.*Leave max_credits= out"):
        check(of(1000, tier="new"), 1e9)


@pytest.mark.parametrize("wrong", [-1, float("nan"), "5", True])
def test_a_limit_is_a_number_of_credits(wrong: Any) -> None:
    with pytest.raises(InputError, match="max_credits= is a number of credits"):
        check(of(1), wrong)


def test_a_cell_shows_the_sentence() -> None:
    assert pretty(of(1)) == str(of(1))  # type: ignore[no-untyped-call]
