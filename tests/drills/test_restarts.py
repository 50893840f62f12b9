"""What a service may say of a batch at the first looks of a new process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest

import llamabatch_nb as lb
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.faults import Fault, Faults
from llamabatch_nb.snapshot import Service
from tests.drills.support import texts


async def soon(seconds: float) -> None:
    await anyio.sleep(min(seconds, 0.01))


def client_of(engine: Engine) -> lb.Client:
    service = Service(label="LlamaCloud NA", base_url="http://engine.localhost", local=False)
    settings = Settings.read(api_key="k", base_url=service.base_url)
    return lb.Client(core=Core(settings, service=service, transport=in_process(engine.app), sleep=soon))


@pytest.mark.parametrize("kind", ["not_found", "throttled", "unknown_status", "no_results"])
def test_a_batch_that_is_known_survives_an_odd_first_look(tmp_path: Path, kind: str) -> None:
    """Replicas of a service differ for a moment, after a restart of the kernel as well as before it."""
    folder = texts(tmp_path / "documents", 5)
    with ThreadPoolExecutor(1) as executor:
        options: dict[str, Any] = {"executor": executor, "results_while_running": True}
        with Engine(tmp_path / "data", seconds_per_file=0.2, **options) as engine, client_of(engine) as client:
            run = lb.submit(folder, name="known", client=client)
            for snapshot in run.watch():
                if snapshot.phase == "RUNNING" and snapshot.mapped:
                    break
        faults = Faults([Fault(kind, "GET", "/api/v2/batches/{id}", times=2)])  # type: ignore[arg-type]
        with Engine(tmp_path / "data", faults=faults, **options) as engine, client_of(engine) as client:
            run = lb.open("known", client=client).wait()
            assert engine.schedule.injected
            assert run.files()["status"].tolist() == ["completed"] * 5
            assert run.pages()["text"].tolist() == [f"text {number}" for number in range(5)]
