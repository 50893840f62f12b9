"""Where the API is silent or says two things, and what this engine does: one table, which the tests hold it to.

`CHOICES` can be printed as Markdown with `markdown()`. The sections are those of the contract notes: 1 batches,
2 directories, 3 files, 4 configurations, 5 parse, 6 extract, 7 projects, 8 cross-cutting, 10 the Create Batch page and
the SDK.
"""

from __future__ import annotations

from collections.abc import Mapping

from llamabatch_nb.engine.choices import batches, configurations, directories, extract, parsing, service, webhooks
from llamabatch_nb.engine.choices.base import Choice

AREAS: Mapping[str, tuple[Choice, ...]] = {
    "Batches": batches.CHOICES,
    "Webhooks": webhooks.CHOICES,
    "Directories and files": directories.CHOICES,
    "Configurations": configurations.CHOICES,
    "Parse": parsing.CHOICES,
    "Extract": extract.CHOICES,
    "Everywhere": service.CHOICES,
}
CHOICES: tuple[Choice, ...] = tuple(choice for choices in AREAS.values() for choice in choices)


def markdown() -> str:
    """The table, an area after the other."""
    lines = ["| | Topic | The engine |", "|---|---|---|"]
    for area, choices in AREAS.items():
        lines += (
            f"| {'' if number else f'**{area}**'} | {_cell(choice.topic)} | {_cell(choice.engine)} |"
            for number, choice in enumerate(choices)
        )
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
