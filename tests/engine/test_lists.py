"""What all lists have in common: whose page tokens they take, and times that no calendar has."""

from __future__ import annotations

from typing import Any

import pytest

from llamabatch_nb.contract import endpoints
from tests.engine.support import Api, files_of, pdf

BATCHES = "/api/v2/batches"
CONFIGURATIONS = "/api/v1/beta/configurations"
DIRECTORIES = "/api/v1/beta/directories"
EXTRACT = "/api/v2/extract"
FILES = "/api/v1/beta/files"
PARSE = "/api/v2/parse"
WEBHOOKS = endpoints.list_v2_webhooks.path


def test_a_page_token_is_good_for_its_own_list(idle: Api) -> None:
    names = ("a.pdf", "b.pdf")
    directories = [idle.directory({name: pdf(name) for name in names}, folder) for folder in ("one", "two")]
    files = [file["id"] for file in idle.ok("GET", FILES)["items"][:2]]
    for n, (directory_id, file_id) in enumerate(zip(directories, files, strict=True)):
        idle.batch(directory_id)
        idle.ok("POST", PARSE, json={"file_id": file_id, "tier": "fast", "version": "latest"})
        schema: Any = {"type": "object", "properties": {"total": {"type": "number"}}}
        idle.ok("POST", EXTRACT, json={"file_input": file_id, "configuration": {"data_schema": schema}})
        idle.ok("POST", endpoints.create_webhook.path, json={"webhook_url": f"http://localhost/{n}"})
    lists = [BATCHES, CONFIGURATIONS, DIRECTORIES, EXTRACT, FILES, PARSE, WEBHOOKS, *map(files_of, directories)]
    tokens = {path: idle.ok("GET", path, params={"page_size": 1})["next_page_token"] for path in lists}
    for path in lists:
        for other, token in tokens.items():
            query = {"page_size": 1, "page_token": token}
            if path == other:
                assert len(idle.ok("GET", path, params=query)["items"]) == 1
            else:
                assert "page_token" in idle.refused(422, "GET", path, params=query)


@pytest.mark.parametrize(
    ("moment", "after", "before"), [("0001-01-01T00:00:00+02:00", 1, 0), ("9999-12-31T23:59:59.999999-02:00", 0, 1)]
)
def test_times_beyond_the_calendar(idle: Api, moment: str, after: int, before: int) -> None:
    """In UTC they are in the year 0 or 10,000."""
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    idle.batch(directory_id)

    def found(path: str, **query: str) -> int:
        return len(idle.ok("GET", path, params=query)["items"])

    assert found(BATCHES, created_at_on_or_after=moment) == after
    assert found(BATCHES, created_at_on_or_before=moment) == before
    assert found(files_of(directory_id), updated_at_on_or_after=moment) == after
    assert found(files_of(directory_id), updated_at_on_or_before=moment) == before
