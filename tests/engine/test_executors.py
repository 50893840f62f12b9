"""Workers elsewhere: Dask, ipyparallel, and executors that do not behave."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine.parsers import parse_file as real
from tests.drills.support import FULL
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, Json, pdf, statuses, wait_for
from tests.engine.test_pool import POISON, documents


@pytest.fixture(scope="module", autouse=True)
def dask_keeps_a_thread() -> None:
    """For as long as its process lives; here it is, before the leak guard looks."""
    from distributed.utils import _offload_executor

    _offload_executor.submit(int).result()


@contextmanager
def dask_client(preload: Path) -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster

    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.worker.preload": [str(preload)],
        "distributed.admin.log-format": "%(message)s",
    }
    with (
        dask.config.set(settings),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1", silence_logs=50
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


def of(api: Api, files: dict[str, bytes]) -> dict[str, Json]:
    batch = api.finished(api.batch(api.directory(files, name="others"))["id"])
    return {job["name"]: job for job in api.jobs(batch)}


def test_dask(tmp_path: Path, make_api: MakeApi) -> None:
    """A worker is killed, a file kills its worker, another hangs: whatever can be read is read."""
    preload = tmp_path / "preload.py"
    preload.write_text(POISON)
    with dask_client(preload) as client:
        options: dict[str, Any] = {"executor": client.get_executor(pure=False), "workers": 2, "file_timeout": 5}
        api = make_api(**options, seconds_per_file=0.02)
        batch = api.batch(api.directory(documents(40)))
        wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "COMPLETED"})["items"])
        victim, *_ = client.run(os.getpid).values()
        os.kill(victim, signal.SIGKILL)
        jobs = api.jobs(api.finished(batch["id"]))
        assert statuses(jobs) == ["COMPLETED"] * 40
        texts = [api.ok("GET", f"/api/v2/parse/{job['id']}", params={"expand": "text_full"}) for job in jobs]
        assert [text["text_full"].strip() for text in texts] == [str(n) for n in range(40)]

        wait_for(lambda: len(client.run(os.getpid)) == 2)
        files = documents(6) | {"poison.pdf": pdf("poison"), "hang.pdf": pdf("hang"), "last.pdf": pdf("last")}
        jobs_by_name = of(api, files)
        failed = {name for name, job in jobs_by_name.items() if job["status"] != "COMPLETED"}
        assert failed == {"poison.pdf", "hang.pdf"}
        assert "crashed" in jobs_by_name["poison.pdf"]["error_message"]
        assert "longer than 5 s" in jobs_by_name["hang.pdf"]["error_message"]
        api.engine.close()
        assert client.submit(len, [1]).result() == 1  # it is its giver's


@pytest.mark.drill
@pytest.mark.skipif(not FULL, reason="starting a cluster takes seven seconds or more; `make drills` does")
def test_ipyparallel(tmp_path: Path, make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine of its cluster is killed, and stays away: the other one goes on."""
    import ipyparallel  # type: ignore[import-untyped]

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    cluster = ipyparallel.Cluster(
        n=2, controller_ip="127.0.0.1", profile_dir=str(tmp_path / "profile"), log_level=logging.CRITICAL
    )
    with cluster as client:
        client.wait_for_engines(2)
        api = make_api(executor=client.load_balanced_view().executor, workers=2, seconds_per_file=0.05)
        batch = api.batch(api.directory(documents(40)))
        wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "COMPLETED"})["items"])
        os.kill(client[0].apply_sync(os.getpid), signal.SIGKILL)
        assert statuses(api.jobs(api.finished(batch["id"]))) == ["COMPLETED"] * 40
        api.engine.close()


class Cancelling(ThreadPoolExecutor):
    """Cancels what it was given, as one does that is shut down with ``cancel_futures``."""

    def __init__(self, times: int) -> None:
        super().__init__(1)
        self.times = times

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.times == 0:
            return super().submit(fn, *args, **kwargs)
        self.times -= 1
        future: Future[Any] = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_an_executor_that_cancels_loses_no_file(make_api: MakeApi) -> None:
    with Cancelling(1) as executor:
        api = make_api(executor=executor)
        assert statuses(api.run(documents(3))) == ["COMPLETED"] * 3
        api.engine.close()


def test_a_file_that_is_cancelled_again_fails(make_api: MakeApi) -> None:
    with Cancelling(99) as executor:
        api = make_api(executor=executor)
        (job,) = api.run(documents(1))
        assert job["status"] == "FAILED"
        assert "cancelled" in job["error_message"]
        api.engine.close()


class Refusing(ThreadPoolExecutor):
    def submit(self, _fn: Any, /, *_args: Any, **_kwargs: Any) -> Future[Any]:
        raise LookupError("no engines are registered")


def test_an_executor_with_errors_of_its_own_fails_its_files(make_api: MakeApi) -> None:
    with Refusing(1) as executor:
        (job,) = make_api(executor=executor).run(documents(1))
        assert job["status"] == "FAILED"
        assert "no engines are registered" in job["error_message"]


class Slow(ThreadPoolExecutor):
    """Each task takes a while longer; says nothing of when it begins."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        def later(*given: Any) -> Any:
            time.sleep(0.3)
            return fn(*given)

        return super().submit(later, *args, **kwargs)


def test_a_file_that_queues_in_a_given_executor_is_not_late(make_api: MakeApi) -> None:
    with Slow(1) as executor:
        api = make_api(executor=executor, workers=1, file_timeout=1)
        assert statuses(api.run(documents(12))) == ["COMPLETED"] * 12
        api.engine.close()


def test_a_file_that_hangs_in_a_thread_leaves_the_others(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread is lost, as nothing can end it; another one goes on."""
    ends = time.monotonic() + 4

    def parse_file(path: Path, name: str, options: Any) -> Any:
        while name.startswith("hang") and time.monotonic() < ends:
            time.sleep(0.05)
        return real(path, name, options)

    monkeypatch.setattr("llamabatch_nb.engine.work.worker.parse_file", parse_file)
    with ThreadPoolExecutor(4) as executor:
        api = make_api(executor=executor, workers=4, file_timeout=1)
        jobs = of(api, {"hang.pdf": pdf("hang"), **documents(8)})
        assert {name for name, job in jobs.items() if job["status"] != "COMPLETED"} == {"hang.pdf"}
        assert "longer than 1 s" in jobs["hang.pdf"]["error_message"]
        api.engine.close()
