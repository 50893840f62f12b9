"""The dated versions of the parse tiers, and what ``latest`` is now (SDK 2.19, `ParsingListVersionsResponse`).

They name stages of the service's models. Here they are taken and kept, and change nothing.
"""

from __future__ import annotations

from llamabatch_nb.contract.parse import LatestVersions, ParseVersions

LATEST = "latest"

#: Newest first, by tier.
VERSIONS: dict[str, tuple[str, ...]] = {
    tier: tuple(dates.split())
    for tier, dates in {
        "fast": "2026-06-15 2025-12-11",
        "cost_effective": """
            2026-09-28 2026-08-19 2026-08-11 2026-08-08 2026-07-23 2026-06-26 2026-06-18 2026-06-17 2026-06-11
            2026-06-08 2026-06-05 2026-05-28 2026-04-09 2026-03-31 2026-03-27 2026-03-25""",
        "agentic": """
            2026-10-16 2026-10-15 2026-09-29 2026-09-28 2026-09-24 2026-09-13 2026-09-09 2026-09-07 2026-08-19
            2026-07-24 2026-07-23 2026-07-15 2026-06-18 2026-06-11 2026-06-04 2026-06-01 2026-05-26 2026-05-21
            2026-05-20 2026-05-19 2026-05-13 2026-05-11 2026-05-06 2026-05-04 2026-04-27 2026-04-22 2026-04-09
            2026-04-06 2026-04-02 2026-03-31 2026-03-30 2026-03-27 2026-03-25 2026-03-23 2026-03-22 2026-03-20
            2026-03-11 2026-03-10 2026-03-09 2026-03-03 2026-03-02 2026-02-26 2026-02-24 2026-01-30 2026-01-22
            2026-01-21 2026-01-16 2026-01-08 2025-12-31 2025-12-18 2025-12-11""",
        "agentic_plus": """
            2026-09-28 2026-09-24 2026-09-11 2026-08-19 2026-07-08 2026-06-18 2026-06-11 2026-06-04 2026-06-01
            2026-05-26 2026-05-21 2026-05-20 2026-05-19 2026-05-11 2026-05-06 2026-05-04 2026-05-01 2026-04-27
            2026-04-19 2026-04-14 2026-04-09 2026-04-02 2026-03-31 2026-03-26 2026-03-25 2026-03-22 2026-03-20
            2026-03-17 2026-03-12 2026-03-10 2026-03-09 2026-03-02 2026-02-26 2026-02-24 2026-01-30 2026-01-29
            2026-01-24 2026-01-22 2026-01-21 2026-01-16 2025-12-31 2025-12-18 2025-12-11""",
    }.items()
}


def shown() -> ParseVersions:
    """As ``GET /api/v2/parse/versions`` answers."""
    lists = {tier: list(dates) for tier, dates in VERSIONS.items()}
    latest = LatestVersions(**{tier: dates[0] for tier, dates in VERSIONS.items()})
    return ParseVersions(**lists, latest=latest)
