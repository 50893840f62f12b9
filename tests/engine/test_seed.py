from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api, Json, files_of, pdf


def upload_all(api: Api, directory_id: str, order: random.Random) -> None:
    """Thirty uploads at once, in another order each time."""

    async def run() -> None:
        transport = httpx.ASGITransport(api.engine.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers=api.headers) as client:
            names = [f"{n:02}.pdf" for n in range(30)]
            order.shuffle(names)
            url = files_of(directory_id) + "/upload"
            answers = [client.post(url, files={"upload_file": (name, pdf(name))}) for name in names]
            for answer in await asyncio.gather(*answers):
                answer.raise_for_status()

    asyncio.run(run())


def everything(api: Api, order: random.Random) -> list[Json]:
    directory_ids = [api.directory({}, name) for name in ("a", "b")]
    for directory_id in directory_ids:
        upload_all(api, directory_id, order)
    batches = [api.finished(api.batch(directory_id)["id"]) for directory_id in directory_ids]
    return [
        *api.ok("GET", "/api/v1/projects"),
        *api.ok("GET", "/api/v1/beta/directories")["items"],
        *(file for directory_id in directory_ids for file in api.ok("GET", files_of(directory_id))["items"]),
        *batches,
        *(job for batch in batches for job in api.jobs(batch)),
    ]


def test_two_runs_are_the_same_to_the_letter(make_api: MakeApi) -> None:
    first, second = (everything(make_api(str(n), seed="notebook", workers=2), random.Random(n)) for n in range(2))
    assert first == second
    assert {entry["created_at"] for entry in first} == {"2026-01-05T09:00:00Z"}
    ids = [entry["id"] for entry in first]
    assert len(set(ids)) == len(ids) == 1 + 2 + 60 + 2 + 60


def test_other_seeds_and_none_are_other_ids(make_api: MakeApi) -> None:
    ids = {make_api(str(seed), seed=seed).directory({}) for seed in ("a", "b", None)}
    assert len(ids) == 3


@pytest.mark.parametrize("seed", [None, "s"])
def test_a_clock_tells_the_time_of_everything(make_api: MakeApi, seed: str | None) -> None:
    clock: Callable[[], datetime] = lambda: datetime(2031, 2, 3, 4, 5, 6, 7, UTC)  # noqa: E731 - it is an argument
    api = make_api(seed=seed, clock=clock)
    (job,) = api.run({"a.pdf": pdf("alpha")})
    assert job["created_at"] == job["updated_at"] == "2031-02-03T04:05:06.000007Z"
