"""Where the API is silent or says two things, and what this engine does: one table, which the tests hold it to.

`CHOICES` can be printed as Markdown with `markdown()`. The sections are those of the contract notes: 1 batches,
2 directories, 3 files, 4 configurations, 5 parse, 7 projects, 8 cross-cutting, 10 the Create Batch page and the SDK.
"""

from __future__ import annotations

from llamabatch_nb.engine.choices import batches, configurations, directories, extract, parsing, service, webhooks
from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    *batches.CHOICES,
    *webhooks.CHOICES,
    *directories.CHOICES,
    *configurations.CHOICES,
    *parsing.CHOICES,
    *extract.CHOICES,
    *service.CHOICES,
)


def markdown() -> str:
    """The table, for a README."""
    lines = ["| Topic | The engine | Contract |", "|---|---|---|"]
    lines += (f"| {choice.topic} | {choice.engine} | {choice.section} |" for choice in CHOICES)
    return "\n".join(lines)
