"""List prices in credits a page, of one date. They change without notice, and plans may differ.

Source: contract.md sections 5 and 6, written 2026-11 from the service's glossary and third-party summaries. An extract
job is billed its own tier and, on top, the parse tier it reads with; what the cache holds (the same file with the same
options within 48 hours) is free. 1,000 credits are about 1.25 US dollars.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Year and month of every number below.
PRICES_DATED = "2026-11"
#: US dollars.
PRICE_OF_1000_CREDITS = 1.25
PARSE: Mapping[str, int] = {"fast": 1, "cost_effective": 3, "agentic": 10, "agentic_plus": 45}
EXTRACT: Mapping[str, int] = {"cost_effective": 5, "agentic": 15, "agentic_plus": 50, "turbo": 35}


def credits_a_page(job_type: str, tier: str | None, parse_tier: str | None = None) -> int | None:
    """Credits for one page, with the parsing that an extract job pays as well where `parse_tier` is given.

    None where the job type or a tier is not in the table.
    """
    own = {"parse_v2": PARSE, "extract_v2": EXTRACT}.get(job_type, {}).get(tier or "")
    if own is None or job_type != "extract_v2" or parse_tier is None:
        return own
    parsing = PARSE.get(parse_tier)
    return None if parsing is None else own + parsing
