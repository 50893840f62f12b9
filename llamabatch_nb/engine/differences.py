"""In what the engine differs from the service: one table, made from the routes that there are.

``python -m llamabatch_nb.engine.differences README.md`` writes it into a file, between the lines `BEGIN` and `END`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from fastapi.routing import APIRoute

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.endpoints import Endpoint
from llamabatch_nb.engine import choices
from llamabatch_nb.engine.api.app import PARTS
from llamabatch_nb.engine.links import ROOT as LINKS

State = Literal["behaves", "shape only", "absent"]

BEGIN = "<!-- differences: made by `python -m llamabatch_nb.engine.differences README.md` -->"
END = "<!-- /differences -->"

#: What people call the things below a path, longest path first where one is below the other.
RESOURCES: Mapping[str, str] = {
    endpoints.BATCHES: "Batches",
    endpoints.DIRECTORY_FILES: "Directory files",
    endpoints.DIRECTORIES: "Directories",
    endpoints.FILES: "Files",
    endpoints.CONFIGURATIONS: "Configurations",
    endpoints.PARSE: "Parse",
    endpoints.EXTRACT: "Extract",
    endpoints.WEBHOOKS: "Webhook configurations",
    endpoints.V2_WEBHOOKS: "Webhook configurations, paged",
    endpoints.PROJECTS: "Projects",
    endpoints.V2_PROJECTS: "Projects, paged",
}
#: Endpoints that are answered in the service's shape, but not with what the service would say: why.
SHAPE_ONLY: Mapping[str, str] = {
    "generate_schema": "it checks the schema that it is given and gives it back; none is made from a prompt or a file",
    "list_parse_versions": "the dates that the official SDK names; which one is asked for changes nothing",
}
#: What the service has besides the contract, by the beginning of its paths, and nothing here answers.
ABSENT: Mapping[str, tuple[str, ...]] = {
    "Classify": ("/api/v2/classify",),
    "Split": ("/api/v1/split", "/api/v1/beta/split"),
    "Verify": ("/api/alpha/verify",),
    "Extract review": ("/api/v2/extract/{job_id}/review",),
    "Extraction agents": ("/api/v1/beta/extraction-agents",),
    "Agent data, attachments": ("/api/v1/beta/agent-data", "/api/v1/beta/attachments"),
    "Indexes, retrieval, chat": (
        "/api/v1/indexes",
        "/api/v1/retrieval",
        "/api/v1/retrievers",
        "/api/v1/beta/retrievers",
        "/api/v1/chat",
    ),
    "Pipelines": ("/api/v1/pipelines", "/api/v2/pipelines", "/api/v1/files"),
    "Data sources and sinks": ("/api/v1/data-sources", "/api/v1/data-sinks", "/api/v1/beta/data-sinks"),
    "Usage metrics": ("/api/v1/beta/usage-metrics",),
}


class Difference(NamedTuple):
    """What becomes of a request for `endpoint`, and why it is not what the service does with it."""

    name: str
    endpoint: Endpoint[object]
    state: State
    reason: str | None = None


def named() -> dict[str, Endpoint[object]]:
    """Every endpoint of the contract, by its name there."""
    return {name: value for name, value in vars(endpoints).items() if isinstance(value, Endpoint)}


def routes() -> set[tuple[str, str]]:
    """Method and path of what the engine answers for the API. What presigned links lead to is not of the API."""
    found = (route for part in PARTS for route in part.router.routes if isinstance(route, APIRoute))
    return {
        (method, route.path) for route in found if not route.path.startswith(LINKS) for method in route.methods or ()
    }


def differences() -> list[Difference]:
    """One for each endpoint of the contract, in its order."""
    there = routes()

    def one(name: str, endpoint: Endpoint[object]) -> Difference:
        if (endpoint.method, endpoint.path) not in there:
            return Difference(name, endpoint, "absent")
        if name in SHAPE_ONLY:
            return Difference(name, endpoint, "shape only", SHAPE_ONLY[name])
        return Difference(name, endpoint, "behaves")

    return [one(*item) for item in named().items()]


def markdown() -> str:
    """Endpoints by resource, what is absent, and in a fold every choice."""
    return "\n".join(
        [
            "| | Endpoints | The engine |",
            "|---|---|---|",
            *_rows(),
            *(f"| {name} | {_code(*paths)} | absent |" for name, paths in ABSENT.items()),
            "",
            f"<details><summary>Where the API is silent or says two things: {len(choices.CHOICES)} choices</summary>",
            "",
            choices.markdown(),
            "",
            "</details>",
        ]
    )


def write(text: str) -> str:
    """`text` with today's table between the two lines.

    Raises ValueError if it does not have each of the lines once, in this order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise ValueError(f"Put the lines {BEGIN} and {END} where the table is to be, each once.")
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


def _rows() -> Iterator[str]:
    """One a resource and state; what is said of an endpoint alone has a row of its own."""
    all_ = differences()
    for root, resource in RESOURCES.items():
        groups: dict[str, list[str]] = {}
        for _, endpoint, state, reason in all_:
            if _root(endpoint.path) == root:
                said = f"{state}: {reason}" if reason else state
                groups.setdefault(said, []).append(f"{endpoint.method} {endpoint.path.removeprefix(root)}".strip())
        for said, calls in groups.items():
            yield f"| {resource} `{root}` | {_code(*calls)} | {said} |"


def _root(path: str) -> str:
    return next(root for root in RESOURCES if path == root or path.startswith(f"{root}/"))


def _code(*words: str) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(write(path.read_text(encoding="utf-8")), encoding="utf-8")
