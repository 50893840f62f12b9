"""A served engine and its workers are killed at any moment: the table in the end is the undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.drills.support import FULL
from tests.engine.server import Server, serving
from tests.engine.support import PATIENCE, Json, create_body, files_of, pdf, wait_for

FILES = 200 if FULL else 30
KILLS = 30 if FULL else 3
#: The least that a file takes: at twice the pace that was seen the last kill still meets a batch at work.
SECONDS_PER_FILE = 0.6
#: The longest that an engine may work before it is killed, in seconds.
LATEST = 0.8
#: An orphan may live no longer (issue: "no worker process lives 5 s longer than its parent").
ORPHAN_SECONDS = 5.0

OPTIONS: dict[str, Any] = {"workers": 2 if FULL else 1, "seed": "drill"}


#: Some are FAILED in any case.
EMPTY = range(9, FILES, 50)


def client_of(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"authorization": "Bearer any"}, timeout=PATIENCE)


def upload(server: Server, count: int = FILES) -> str:
    """A directory with PDFs and texts."""
    with client_of(server) as client:
        directory_id = str(client.post("/api/v1/beta/directories", json={"name": "drill"}).json()["id"])
        for n in range(count):
            name, data = (f"{n:03}.pdf", pdf(f"text {n}")) if n % 4 == 0 else (f"{n:03}.txt", f"text {n}".encode())
            file = (name, b"" if n in EMPTY else data)
            client.post(files_of(directory_id) + "/upload", files={"upload_file": file}).raise_for_status()
    return directory_id


def begin(server: Server, directory_id: str) -> str:
    return str(server.post("/api/v2/batches", json=create_body(directory_id))["id"])


def table(server: Server, batch_id: str) -> list[Json]:
    """What a user sees of it in the end, file by file."""
    wait_for(lambda: server.get(f"/api/v2/batches/{batch_id}")["status"] == "COMPLETED")
    found = []
    with client_of(server) as client:
        for result in client.get(f"/api/v2/batches/{batch_id}", params={"expand": "results"}).json()["results"]:
            path = f"/api/v2/parse/{result['job_reference']['id']}"
            body = client.get(path, params={"expand": "text_full,markdown_full"}).json()
            shown = ("id", "name", "status", "error_message", "tier")
            found.append(
                {name: body["job"][name] for name in shown}
                | {name: body[name] for name in ("text_full", "markdown_full")}
                | {"file": result["source_directory_file_id"]}
            )
    return found


def check_store(data: Path) -> None:
    """No job and no result twice, and nobody holds anything."""
    db = sqlite3.connect(data / "engine.db")
    try:
        (jobs,) = db.execute("SELECT count(*) FROM jobs").fetchone()
        (results,) = db.execute("SELECT count(*) FROM results").fetchone()
        (done,) = db.execute("SELECT count(*) FROM jobs WHERE status = 'COMPLETED'").fetchone()
        assert (jobs, results) == (FILES, done)
        assert db.execute("SELECT count(*) FROM jobs WHERE owner IS NOT NULL").fetchone() == (0,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        db.close()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    found = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def kill(server: Server) -> None:
    """SIGKILL to the engine alone; its workers have to notice."""
    children = server.children()
    server.process.kill()
    server.process.communicate(timeout=PATIENCE)
    end = time.monotonic() + ORPHAN_SECONDS
    while alive(children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(children), f"orphans: {alive(children)}"


def kill_worker(server: Server, chance: random.Random) -> None:
    workers = [child for child in server.children() if "loky.backend.popen" in " ".join(child.cmdline())]
    if workers:
        chance.choice(workers).kill()


@pytest.mark.drill
def test_killed_at_random_moments_the_table_is_the_undisturbed_one(tmp_path: Path) -> None:
    with serving(tmp_path / "calm", **OPTIONS) as server:
        expected = table(server, begin(server, upload(server)))
    assert [row["status"] for row in expected].count("FAILED") == len(EMPTY)

    chance = random.Random(7)
    data, batch_id, met = tmp_path / "killed", "", 0
    for number in range(KILLS):
        server = Server(data, **OPTIONS, seconds_per_file=SECONDS_PER_FILE)
        batch_id = batch_id or begin(server, upload(server))
        time.sleep(chance.uniform(0, LATEST))
        if number % 3 == 2:
            kill_worker(server, chance)
            time.sleep(chance.uniform(0, LATEST))
        met += server.get(f"/api/v2/batches/{batch_id}")["status"] in {"PENDING", "RUNNING"}
        kill(server)
    assert met == KILLS, "it was over before the last kill"
    with serving(data, **OPTIONS) as server:
        assert table(server, batch_id) == expected
    check_store(data)


PROGRAM = """
import sys
from llamabatch_nb.engine.work import leases
leases.LEASE_SECONDS = 1.0
from llamabatch_nb.engine.serve import serve
serve("127.0.0.1", 0, sys.argv[1], workers=1, seed="drill", seconds_per_file=float(sys.argv[2]))
"""


class Neighbour(Server):
    """One whose lease is short."""

    def __init__(self, data: Path, seconds_per_file: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, str(data), str(seconds_per_file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        self.process.communicate(timeout=PATIENCE)


def owners(data: Path) -> list[tuple[str, str, int]]:
    """Of each job that is RUNNING: its id, who has it, and the fence."""
    db = sqlite3.connect(data / "engine.db", timeout=30)
    try:
        return db.execute("SELECT id, owner, fence FROM jobs WHERE status = 'RUNNING'").fetchall()
    finally:
        db.close()


@pytest.mark.drill
def test_an_owner_stopped_past_its_lease_writes_nothing_twice(tmp_path: Path) -> None:
    first = Neighbour(tmp_path, 1.0)
    try:
        batch_id = begin(first, upload(first, 6))
        held = wait_for(lambda: owners(tmp_path))
        os.kill(first.process.pid, signal.SIGSTOP)  # its worker goes on, and brings its outcome to nobody
        second = Neighbour(tmp_path, 0.0)
        try:
            wait_for(lambda: second.get(f"/api/v2/batches/{batch_id}")["status"] == "COMPLETED")
            before = jobs_of(tmp_path)
            os.kill(first.process.pid, signal.SIGCONT)
            first.get(f"/api/v2/batches/{batch_id}")  # it is there again
            wait_for(lambda: not owners(tmp_path))
            time.sleep(2.5)  # it has taken in what its worker brought, and has looked around twice
            assert jobs_of(tmp_path) == before
            fences = {row[0]: row[2] for row in before}
            assert all(fences[job_id] == fence + 1 for job_id, _, fence in held)
            texts = [job_text(first, job) for job in first.get("/api/v2/parse", page_size=10)["items"]]
            assert sorted(text.strip() for text in texts) == [f"text {n}" for n in range(6)]
        finally:
            second.close()
    finally:
        first.close()


def jobs_of(data: Path) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(data / "engine.db", timeout=30)
    try:
        return db.execute(
            "SELECT id, status, fence, updated_at, (SELECT payload FROM results WHERE job_id = jobs.id) FROM jobs"
        ).fetchall()
    finally:
        db.close()


def job_text(server: Server, job: Json) -> str:
    return str(server.get(f"/api/v2/parse/{job['id']}", expand="text_full")["text_full"])


@pytest.mark.drill
def test_of_two_processes_on_one_folder_one_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, workers=1, seed="drill", seconds_per_file=0.05) as survivor:
        victim = Server(tmp_path, workers=1, seed="drill", seconds_per_file=0.05)
        batch_id = begin(survivor, upload(survivor, 40))
        wait_for(lambda: len({owner for _, owner, _ in owners(tmp_path)}) == 2)
        kill(victim)
        rows = table(survivor, batch_id)
        expected = [None if n in EMPTY else f"text {n}" for n in range(40)]
        assert [row["text_full"] and row["text_full"].strip() for row in rows] == expected
        assert len(jobs_of(tmp_path)) == 40
