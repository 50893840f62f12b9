"""`make drills`: a program that submits a folder is killed again and again, and in the end has paid for one batch."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import llamabatch_nb as lb

FULL = os.environ.get("LLAMABATCH_DRILLS") == "full"
SEEDS = range(20) if FULL else range(1)
KILLS = 8 if FULL else 3
FILES = 60

PROGRAM = """
import sys
import llamabatch_nb as lb
lb.connect(engine={"workers": 2, "seconds_per_file": 0.03})
print(len(lb.submit(sys.argv[1], name="drill").wait().pages()), flush=True)
"""


@pytest.mark.drill
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_one_batch_is_made_and_no_result_is_lost(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:02}.txt").write_text(f"text {number}")
    moments = random.Random(seed)
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.2, 2.5))
        process.kill()
        process.wait()
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == str(FILES), done.stderr
    with lb.connect() as client:
        batches = list(client.batches.list())
        assert len(batches) == 1
        jobs = list(client.parsing.list(page_size=1000))
        assert [job.status for job in jobs] == ["COMPLETED"] * FILES
        pages = lb.open(batches[0].id).wait().pages()
        assert pages["text"].tolist() == [f"text {number}" for number in range(FILES)]
