"""A process dies at each write of its journal in turn, just before it and just after; the next one pays for nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import llamabatch_nb as lb
from llamabatch_nb.engine.faults import Fault, Faults
from tests.drills.support import FULL, Store, mixed

#: Every write in full, every fourth in the sample.
STEP = 1 if FULL else 7

DIES = """
import os, signal, sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
import llamabatch_nb as lb
from llamabatch_nb.follow.journal.journal import Journal

left, when = int(sys.argv[1]), sys.argv[2]
whole = Journal._transaction

def count():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

@contextmanager
def counted(self):
    with whole(self) as db:
        yield db
        if when == "before":
            count()
    if when == "after":
        count()

Journal._transaction = counted
lb.connect(engine={"executor": ThreadPoolExecutor(1)})
folder = sys.argv[3]
"""


@dataclass(frozen=True)
class Scenario:
    """`first` is done before; `script` is what is killed, and then done again."""

    script: str
    first: str = ""
    batches: int = 1
    attempts: tuple[int, ...] = (1,)


SUBMIT = "run = lb.submit(folder, name='drill').wait()\n"
SCENARIOS = {
    "submit": Scenario(SUBMIT),
    "retry": Scenario(SUBMIT + "run.retry_failed().wait()", first=SUBMIT, batches=2, attempts=(1, 2)),
    "rest": Scenario("run = lb.submit(folder, sample=3).wait()\nrun.rest().wait()", batches=2),
    "rerun": Scenario(SUBMIT + "run = run.rerun(configuration='cfg-PARSE_FAST').wait()", first=SUBMIT, batches=2),
}
FILES = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mixed(tmp_path_factory.mktemp("writes") / "documents", FILES)


@pytest.fixture(scope="module")
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, "asyncio_parser") as executor:  # the module's own, not to be taken for a leak
        executor.submit(int).result()
        yield executor


def _do(script: str, folder: Path, home: Path, executor: ThreadPoolExecutor, **engine: object) -> lb.Run:
    """Here, in this process: the same as a notebook that was started anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLAMABATCH_HOME", str(home))
        with lb.connect(engine={"executor": executor, **engine}):
            names = {"lb": lb, "folder": str(folder)}
            exec(script, names)
            run = names["run"]
            assert isinstance(run, lb.Run)
            run.pages()
            return run


def _die(number: int, when: str, script: str, folder: Path, home: Path) -> bool:
    """Whether it did."""
    command = [sys.executable, "-c", DIES + script, str(number), when, str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LLAMABATCH_HOME": str(home)}
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


@pytest.mark.drill
@pytest.mark.parametrize(
    ("what", "when"),
    [(what, when) for what in SCENARIOS for when in ("before", "after")] if FULL else [("submit", "after")],
)
def test_killed_at_each_write(tmp_path: Path, folder: Path, executor: ThreadPoolExecutor, what: str, when: str) -> None:
    scenario = SCENARIOS[what]
    template = tmp_path / "template"
    template.mkdir()
    faulty = Faults([Fault("mapping_error", name="one.pdf"), Fault("mapping_error", name="000.txt")])  # and so its copy
    if scenario.first:
        _do(scenario.first, folder, template, executor, faults=faulty if what == "retry" else Faults())
    number = 1
    dies = True
    while dies:
        home = tmp_path / str(number)
        shutil.copytree(template, home)
        dies = _die(number, when, scenario.script, folder, home)
        run = _do(scenario.script, folder, home, executor)
        _check(run, Store(home / "engine"), scenario, f"killed {when} write {number}")
        shutil.rmtree(home)
        number += STEP
    assert number > 15  # so many writes there are at least


def _check(run: lb.Run, store: Store, scenario: Scenario, where: str) -> None:
    files = run.files().set_index("name")
    assert files["status"].value_counts().to_dict() == {"completed": FILES - 2, "failed": 2}, where
    assert set(files.index[files["status"] == "failed"]) == {"empty.pdf", "half.pdf"}, where
    assert sorted(set(files["attempt"])) == list(scenario.attempts), where
    assert store.batches == ["COMPLETED"] * scenario.batches, where
    assert len(store.directories) == scenario.batches, where
    assert set(store.uploads.values()) == {1}, (where, store.uploads)
    assert len(store.uploads) == FILES - 1, where
    assert max(max(one.values()) for one in store.directories) == 1, where
