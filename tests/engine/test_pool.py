"""Workers that die, hang or are not ours."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest

from tests.engine.conftest import MakeApi
from tests.engine.damaged.monsters import vast_page
from tests.engine.support import PATIENCE, pdf, statuses, wait_for

#: Found by every Python that starts with its folder on PYTHONPATH: workers that really die of a file, or hang on it.
POISON = """
import os, signal, time
from llamabatch_nb.engine.work import worker

# Bound here: Dask loads this twice.
def parse_file(path, name, options, real=worker.parse_file):
    if name.startswith("poison"):
        os.kill(os.getpid(), signal.SIGSEGV)
    while name.startswith("hang"):
        time.sleep(60)
    return real(path, name, options)

worker.parse_file = parse_file
"""


@pytest.fixture
def poison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "poison").mkdir()
    (tmp_path / "poison" / "sitecustomize.py").write_text(POISON)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path / "poison"), os.environ.get("PYTHONPATH", ""))))


def documents(count: int) -> dict[str, bytes]:
    return {f"{n:02}.pdf": pdf(str(n)) for n in range(count)}


def workers() -> list[psutil.Process]:
    """Those that live: one may end between two looks."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if "loky.backend.popen" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.mark.usefixtures("poison")
def test_a_file_that_kills_its_worker_ends_alone(make_api: MakeApi) -> None:
    files = documents(40) | {f"poison-{n}.pdf": pdf("poison") for n in range(2)} | {"last.pdf": pdf("last")}
    jobs = {job["name"]: job for job in make_api(workers=2).run(files)}
    assert {name for name, job in jobs.items() if job["status"] != "COMPLETED"} == {"poison-0.pdf", "poison-1.pdf"}
    assert jobs["poison-0.pdf"]["status"] == "FAILED"
    assert "crashed" in jobs["poison-0.pdf"]["error_message"]
    assert "SIGSEGV" in jobs["poison-0.pdf"]["error_message"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process may take")
def test_a_file_that_takes_too_much_memory_ends_alone(make_api: MakeApi) -> None:
    """Without a limit liteparse takes 3.9 GB for this page."""
    vast = vast_page(2_000_000_000)
    jobs = {job["name"]: job for job in make_api(workers=1).run({"vast.pdf": vast, **documents(2)})}
    assert statuses([*jobs.values()]) == ["FAILED", "COMPLETED", "COMPLETED"]
    assert jobs["vast.pdf"]["error_message"]


@pytest.mark.usefixtures("poison")
def test_a_file_that_hangs_is_given_up_alone(make_api: MakeApi) -> None:
    jobs = make_api(file_timeout=1).run({"hang.pdf": pdf("hang"), **documents(20)})
    assert statuses(jobs) == ["FAILED", *["COMPLETED"] * 20]
    assert "longer than 1 s" in jobs[0]["error_message"]


@pytest.mark.usefixtures("poison")
def test_a_cancel_is_not_held_up_by_what_waits_to_be_tried_alone(make_api: MakeApi) -> None:
    api = make_api(file_timeout=3, workers=1)
    batch = api.batch(api.directory({f"hang-{n}.pdf": pdf("hang") for n in range(4)}))
    # All four were in one chunk; now the first is tried alone, and three wait for it.
    wait_for(lambda: len(workers()) == 2)
    api.ok("POST", f"/api/v2/batches/{batch['id']}/cancel")
    jobs = api.jobs(api.finished(batch["id"]))
    assert sorted(statuses(jobs)) == ["CANCELLED"] * 3 + ["FAILED"]


def test_a_worker_killed_from_outside_loses_no_file(make_api: MakeApi) -> None:
    api = make_api(workers=2, seconds_per_file=0.1)
    batch = api.batch(api.directory(documents(20)))
    wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "COMPLETED"})["items"])
    os.kill(workers()[0].pid, signal.SIGKILL)
    assert statuses(api.jobs(api.finished(batch["id"]))) == ["COMPLETED"] * 20


def test_an_executor_of_somebody_else(make_api: MakeApi) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        api = make_api(executor=executor, workers=2)
        assert statuses(api.run(documents(20))) == ["COMPLETED"] * 20
        api.engine.close()
        assert executor.submit(len, [1]).result() == 1  # it is not shut down


def test_an_executor_that_is_shut_down_fails_its_files(make_api: MakeApi) -> None:
    executor = ThreadPoolExecutor(1)
    api = make_api(executor=executor)
    executor.shutdown()
    jobs = api.run(documents(3))
    assert statuses(jobs) == ["FAILED"] * 3
    assert "executor" in jobs[0]["error_message"]


@pytest.mark.usefixtures("poison")
def test_an_executor_that_breaks_fails_what_is_left(make_api: MakeApi) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        api = make_api(executor=executor)
        jobs = api.run({**documents(8), "poison.pdf": pdf("x"), "z.pdf": pdf("z")})
        assert statuses(jobs)[0] == "COMPLETED"
        assert statuses(jobs)[-2:] == ["FAILED", "FAILED"]
        assert "executor" in jobs[-1]["error_message"]
        api.engine.close()


SCRIPT = """
import asyncio, sys, time
import httpx
from llamabatch_nb.engine import Engine

print("main")

async def run(engine):
    signed = {"authorization": "Bearer any"}
    transport = httpx.ASGITransport(engine.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers=signed) as client:
        directory = (await client.post("/api/v1/beta/directories", json={"name": "a"})).json()
        files = f"/api/v1/beta/directories/{directory['id']}/files/upload"
        for n in range(20):
            await client.post(files, files={"upload_file": (f"{n}.txt", b"words")})
        job = {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}
        body = {"source_directory_id": directory["id"], "config": {"job": job}}
        batch = (await client.post("/api/v2/batches", json=body)).json()
        while batch["status"] in WHILE:
            await asyncio.sleep(0.02)
            batch = (await client.get(f"/api/v2/batches/{batch['id']}")).json()
        print(batch["status"])

engine = Engine(sys.argv[1], workers=2)
engine.start()
asyncio.run(run(engine))
"""


def script(text: str, data: Path) -> str:
    """What a script prints that has no main guard and is not even a file."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-", str(data)],
        input=textwrap.dedent(text),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_script_from_stdin_is_not_run_again_by_workers(tmp_path: Path) -> None:
    text = SCRIPT.replace("WHILE", "{'PENDING', 'RUNNING'}") + "engine.close()\n"
    assert script(text, tmp_path / "data") == "main\nCOMPLETED\n"


def test_a_script_may_end_without_closing(tmp_path: Path, make_api: MakeApi) -> None:
    text = SCRIPT.replace("WHILE", "{'PENDING'}")
    assert script(text, tmp_path / "engine").startswith("main\n")
    api = make_api()
    (batch,) = api.ok("GET", "/api/v2/batches")["items"]
    assert statuses(api.jobs(api.finished(batch["id"]))) == ["COMPLETED"] * 20
