"""Parse jobs of no batch."""

from __future__ import annotations

import json
from typing import Any

from tests.engine.support import Api, Json, wait_for

PARSE = "/api/v2/parse"


def uploaded(api: Api, content: bytes, name: str = "a.pdf", **options: Any) -> Json:
    """A new job over this content."""
    configuration = json.dumps({"tier": "agentic", "version": "latest"} | options)
    form = {"data": {"configuration": configuration}, "files": {"file": (name, content)}}
    return dict(api.ok("POST", f"{PARSE}/upload", **form))


def ended(api: Api, job_id: str) -> Json:
    def look() -> Json | None:
        job: Json = api.ok("GET", f"{PARSE}/{job_id}")["job"]
        return job if job["status"] in {"COMPLETED", "FAILED", "CANCELLED"} else None

    return dict(wait_for(look))


def parsed(api: Api, content: bytes, name: str = "a.pdf", **options: Any) -> Json:
    """The same, once it is terminal."""
    return ended(api, uploaded(api, content, name, **options)["id"])


def shown(api: Api, job: Json, *expand: str, **query: Any) -> Json:
    return dict(api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": expand, **query}))


def linked(api: Api, job: Json, *keys: str) -> dict[str, bytes]:
    """The results of these keys as their links lead to them, without a key."""
    found = shown(api, job, *(f"{key}_content_metadata" for key in keys))["result_content_metadata"]
    stranger = Api(api.engine, headers={})
    files = {}
    for key, link in found.items():
        answer = stranger.raw("GET", link["presigned_url"])
        assert answer.status_code == 200
        assert link == {"size_bytes": len(answer.content), "exists": True, "presigned_url": link["presigned_url"]}
        files[key] = answer.content
    return files
