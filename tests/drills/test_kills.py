"""A program that submits a folder is killed at any moment, and run again: it has paid for one batch in the end."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.drills.support import FULL, Store, texts

FILES = 200 if FULL else 60
#: The last moment, in seconds after the connection, at which it is killed: about as long as all of it takes.
LATEST = 4.0 if FULL else 2.0

PROGRAM = f"""
import json, sys
import llamabatch_nb as lb
lb.connect(engine={{"workers": {2 if FULL else 1}, "seconds_per_file": 0.01, "latency": 0.01}})
print("connected", flush=True)
run = lb.submit(sys.argv[1], name="drill").wait()
pages = run.pages()
files = run.files()
print(json.dumps([files["name"].tolist(), files["status"].tolist(), pages["text"].tolist(), files["job_id"].tolist()]))
"""
EXPECTED = [
    [f"{number:03}.txt" for number in range(FILES)],
    ["completed"] * FILES,
    [f"text {number}" for number in range(FILES)],
]


def command(folder: Path) -> list[str]:
    return [sys.executable, "-c", PROGRAM, str(folder)]


def killed_after(folder: Path, seconds: float) -> None:
    """SIGKILL, that many seconds after it has connected."""
    with subprocess.Popen(command(folder), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "connected" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(seconds)
        process.kill()


def run_to_the_end(folder: Path) -> list[list[str]]:
    """Names, statuses, texts and jobs."""
    done = subprocess.run(command(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def check(store: Store) -> None:
    """Of what there is to pay for."""
    assert store.batches == ["COMPLETED"]
    assert [(len(files), max(files.values())) for files in store.directories] == [(FILES, 1)]
    assert set(store.uploads.values()) == {1}
    assert sorted(store.jobs) == [(name, "COMPLETED") for name in EXPECTED[0]]


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(20) if FULL else range(2))
def test_killed_at_a_random_moment_it_goes_on(tmp_path: Path, own_home: Path, seed: int) -> None:
    folder = texts(tmp_path / "documents", FILES)
    moments = random.Random(seed)
    for _ in range(3 if FULL else 1):
        killed_after(folder, moments.uniform(0, LATEST))
    assert run_to_the_end(folder)[:3] == EXPECTED
    check(Store(own_home / "engine"))


@pytest.mark.drill
def test_restarted_and_run_to_the_end_it_is_one_batch(tmp_path: Path, own_home: Path) -> None:
    folder = texts(tmp_path / "documents", FILES)
    ends = [run_to_the_end(folder) for _ in range(10 if FULL else 2)]
    assert ends[0][:3] == EXPECTED
    assert all(end == ends[0] for end in ends)
    check(Store(own_home / "engine"))
