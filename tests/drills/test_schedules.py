"""A thousand schedules of faults: each ends with the same rows as a good line, and one batch is paid for.

`LLAMABATCH_SEEDS` names the seeds to run, "7" or "0-99", and a failure names the one that failed.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import anyio
import pandas as pd
import pytest
import uvicorn

import llamabatch_nb as lb
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.faults import Fault, Faults
from llamabatch_nb.snapshot import Service
from tests.drills.support import FULL, Store, mixed

FILES = 60
RATES = (0.05, 0.15, 0.3)
#: What a fault must not change. Ids and times are those of one run.
OWN = ["batch_id", "job_id", "parse_job_id", "file_id", "created_at", "updated_at", "duration", "attempt"]
_URL = "http://engine.localhost"


def chosen(full: range, sample: range) -> range:
    asked = os.environ.get("LLAMABATCH_SEEDS")
    if asked is None:
        return full if FULL else sample
    first, _, last = asked.partition("-")
    return range(int(first), int(last or first) + 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mixed(tmp_path_factory.mktemp("schedules") / "documents", FILES)


@pytest.fixture(scope="module")
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, "asyncio_parser") as executor:  # the module's own, not to be taken for a leak
        executor.submit(int).result()
        yield executor


@pytest.fixture
def client_with(
    executor: ThreadPoolExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Faults], tuple[lb.Client, Engine]]]:
    """A client of an engine with these faults, both with a folder of their own."""
    clients: list[lb.Client] = []

    def make(faults: Faults) -> tuple[lb.Client, Engine]:
        monkeypatch.setenv("LLAMABATCH_HOME", str(tmp_path / "home"))
        engine = Engine(tmp_path / "data", executor=executor, results_while_running=True, faults=faults)
        engine.start()
        clients.append(lb.Client(core=_core(_URL, transport=in_process(engine.app), on_close=engine.close)))
        return clients[-1], engine

    yield make
    for client in clients:
        client.close()
    shutil.rmtree(tmp_path)  # a thousand of them fill a disk


async def soon(seconds: float) -> None:
    """Waits are tested where they are decided; here they only let others go on."""
    await anyio.sleep(min(seconds, 0.002))


def _core(url: str, **options: object) -> Core:
    service = Service(label="LlamaCloud NA", base_url=url, local=False)
    return Core(Settings.read(api_key="k", base_url=url), service=service, sleep=soon, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def expected(
    folder: Path, executor: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory
) -> list[pd.DataFrame]:
    """Both frames of a good line."""
    home = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLAMABATCH_HOME", str(home))
        engine = Engine(home / "data", executor=executor, results_while_running=True)
        engine.start()
        with lb.Client(core=_core(_URL, transport=in_process(engine.app), on_close=engine.close)) as client:
            run = lb.submit(folder, client=client).wait()
            assert run.files()["status"].value_counts().to_dict() == {"completed": FILES - 2, "failed": 2}
            return _shown(run)


def _shown(run: lb.Run) -> list[pd.DataFrame]:
    return [frame.drop(columns=OWN, errors="ignore") for frame in (run.files(), run.pages())]


def _check(run: lb.Run, engine: Engine, expected: list[pd.DataFrame], log: pytest.LogCaptureFixture) -> None:
    for found, good in zip(_shown(run), expected, strict=True):
        pd.testing.assert_frame_equal(found, good)
    assert engine.schedule.injected
    store = Store(engine.data)
    assert store.batches == ["COMPLETED"]
    assert [(max(files.values()), len(files)) for files in store.directories] == [(1, FILES - 1)]
    assert store.uploads.most_common(1)[0][1] == 1
    assert len(store.jobs) == FILES - 1
    assert not [record.getMessage() for record in log.records if record.levelno >= logging.ERROR]


@pytest.mark.drill
@pytest.mark.parametrize("seed", chosen(range(1000), range(6)))
def test_a_schedule_of_faults_changes_nothing(
    client_with: Callable[[Faults], tuple[lb.Client, Engine]],
    folder: Path,
    expected: list[pd.DataFrame],
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    client, engine = client_with(Faults.random(seed, rate=RATES[seed % len(RATES)]))
    run = lb.submit(folder, name="drill", client=client).wait()
    _check(run, engine, expected, caplog)


@pytest.mark.drill
@pytest.mark.parametrize("seed", chosen(range(200), range(2)))
def test_a_sample_its_rest_and_a_retry_end_as_if_all_had_been_sent_at_once(
    client_with: Callable[[Faults], tuple[lb.Client, Engine]],
    folder: Path,
    expected: list[pd.DataFrame],
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    refused = Fault("mapping_error", name="000.txt")  # of which there is a copy
    client, engine = client_with(Faults([refused], seed=seed, rate=RATES[seed % len(RATES)]))
    run = lb.submit(folder, sample=20, client=client).wait()
    run.rest().wait()
    run.retry_failed().wait()
    for found, good in zip(_shown(run), expected, strict=True):
        pd.testing.assert_frame_equal(found, good)
    assert run.files()["attempt"].value_counts().to_dict() == {1: FILES - 2, 2: 2}
    store = Store(engine.data)
    assert store.batches == ["COMPLETED"] * 3
    assert sorted(sum(files.values()) for files in store.directories) == [1, 20, FILES - 21]
    assert set(store.uploads.values()) == {1}
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@contextmanager
def served(engine: Engine) -> Iterator[str]:
    """The engine on a socket, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(engine.app, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.drill
@pytest.mark.parametrize("seed", chosen(range(50), range(1)))
def test_over_a_socket_it_changes_nothing_either(
    folder: Path,
    executor: ThreadPoolExecutor,
    tmp_path: Path,
    expected: list[pd.DataFrame],
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    """There connections really end, some in the middle of a body."""
    faults = Faults.random(seed, rate=0.15)
    with (
        Engine(tmp_path / "data", executor=executor, results_while_running=True, faults=faults) as engine,
        served(engine) as url,
        lb.Client(core=_core(url)) as client,
    ):
        run = lb.submit(folder, client=client).wait()
        _check(run, engine, expected, caplog)
