from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from loky import ProcessPoolExecutor
from loky.backend import get_context

from llamabatch_nb.engine.parsers import ParseOptions, read_payload
from llamabatch_nb.engine.work import worker
from llamabatch_nb.engine.work.tasks import Outcome, ParseTask
from llamabatch_nb.engine.work.worker import run_chunk, start_worker
from tests.parsers import build

OPTIONS = ParseOptions("agentic")
LINE = "The quick brown fox jumps over the lazy dog"


def _task(path: Path, *, fence: int = 1, seconds: float = 0.0) -> ParseTask:
    return ParseTask(
        job_id=f"pjb-{path.stem}", fence=fence, path=str(path), name=path.name, options=OPTIONS, seconds=seconds
    )


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.pdf"
    path.write_bytes(build.pdf(build.words(LINE), build.scan))
    return path


@pytest.fixture
def pool() -> Iterator[ProcessPoolExecutor]:
    workers = ProcessPoolExecutor(
        max_workers=1, context=get_context("loky"), initializer=start_worker, initargs=(os.getpid(),)
    )
    yield workers
    workers.shutdown(kill_workers=True)


def test_a_file_becomes_an_outcome(good: Path) -> None:
    (outcome,) = run_chunk([_task(good, fence=7)])
    assert (outcome.job_id, outcome.fence, outcome.error, outcome.reason) == ("pjb-good", 7, None, None)
    assert (outcome.pages, outcome.pages_failed) == (2, 1)
    assert outcome.payload is not None
    content = read_payload(outcome.payload)
    first, second = content["pages"]
    assert first["text"].strip() == first["markdown"] == LINE
    assert first == {**first, "page_number": 1, "success": True, "page_width": 400, "page_height": 300, "error": None}
    assert (second["page_number"], second["success"], second["text"], second["markdown"]) == (2, False, "", None)
    assert "OCR" in second["error"]
    assert content["facts"]["kind"] == "pdf"
    assert outcome.characters == len(first["text"])


def test_bad_files_stop_no_others(good: Path, tmp_path: Path) -> None:
    empty, noise, missing = (tmp_path / name for name in ("empty.pdf", "noise.pdf", "missing.pdf"))
    empty.write_bytes(b"")
    noise.write_bytes(b"%PDF-1.4\n" + build.noise(2000))
    outcomes = run_chunk([_task(path) for path in (empty, missing, noise, good)])
    assert [outcome.reason for outcome in outcomes] == ["empty", "unavailable", "damaged", None]
    for outcome in outcomes[:3]:
        assert outcome.error is not None
        assert outcome.error.endswith(".")
        assert ".pdf" not in outcome.error  # the job has the name, and every table a column for it
        assert str(tmp_path) not in outcome.error
        assert (outcome.pages, outcome.pages_failed, outcome.characters, outcome.payload) == (None, None, None, None)


def test_a_fault_of_ours_is_data_too(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "write_payload", lambda _: 1 / 0)
    (outcome,) = run_chunk([_task(good)])
    assert outcome.reason == "crash"
    assert outcome.error is not None
    assert "ZeroDivisionError" in outcome.error


def test_time_is_a_parameter(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    run_chunk([_task(good), _task(good, seconds=500), _task(tmp_path / "missing.pdf", seconds=500)])
    assert len(slept) == 2
    assert all(400 < seconds < 500 for seconds in slept)


def test_twice_the_same(good: Path) -> None:
    assert run_chunk([_task(good)]) == run_chunk([_task(good)])


def test_in_a_real_pool(pool: ProcessPoolExecutor, good: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Silent, deaf to Ctrl-C, and the same result as here."""
    here = run_chunk([_task(good)])
    pid = pool.submit(os.getpid).result()
    os.kill(pid, signal.SIGINT)
    assert pool.submit(run_chunk, [_task(good)]).result() == here
    pool.submit(print, "printed").result()
    pool.submit(os.write, 1, b"written").result()
    pool.submit(os.write, 2, b"complained").result()
    pool.submit(os.system, "echo from a child").result()
    assert pool.submit(os.getpid).result() == pid
    assert pool.submit(signal.getsignal, signal.SIGINT).result() is signal.SIG_IGN
    # Jupyter ends a kernel by a SIGTERM to its group; the files being read are not to blame for it.
    assert pool.submit(signal.getsignal, signal.SIGTERM).result() is signal.SIG_IGN
    assert capfd.readouterr() == ("", "")


def test_warnings_made_errors_do_not_reach_workers(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error::UserWarning")
    styles = re.compile(rb"<cellStyles.*</cellStyles>", re.DOTALL)
    book = build.changed(build.xlsx(Sheet=[["a", "b"]]), "xl/styles.xml", lambda xml: styles.sub(b"", xml))
    path = tmp_path / "book.xlsx"
    path.write_bytes(book)
    with pytest.warns(UserWarning, match="no default style"):
        run_chunk([_task(path)])
    pool: ProcessPoolExecutor = request.getfixturevalue("pool")
    (outcome,) = pool.submit(run_chunk, [_task(path)]).result()
    assert outcome.error is None


PARENT = """
import os, sys, time
from loky import ProcessPoolExecutor
from loky.backend import get_context
from llamabatch_nb.engine.parsers import ParseOptions
from llamabatch_nb.engine.work.tasks import ParseTask
from llamabatch_nb.engine.work.worker import run_chunk, start_worker
context = get_context("loky")
pool = ProcessPoolExecutor(max_workers=2, context=context, initializer=start_worker, initargs=(os.getpid(),))
pids = set()
while len(pids) < 2:
    pids |= set(pool.map(lambda _: (time.sleep(0.1), os.getpid())[1], range(4)))
task = ParseTask(job_id="j", fence=1, path=sys.argv[1], name="a.pdf", options=ParseOptions("agentic"), seconds=600)
pool.submit(run_chunk, [task])  # one worker is busy, the other idle
time.sleep(0.3)
print(*pids, flush=True)
time.sleep(600)
"""


def test_workers_end_with_their_parent(good: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(good)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(_runs, pids))
    finally:
        parent.kill()
        parent.communicate()
    patience = time.monotonic() + 60
    while any(map(_runs, pids)) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    """Whether it does: where nobody reaps orphans, a dead one stays as a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_importing_is_light_and_a_pdf_needs_only_liteparse(good: Path) -> None:
    script = (
        "import sys\n"
        "from llamabatch_nb.engine.work.tasks import ParseTask\n"
        "from llamabatch_nb.engine.work.worker import run_chunk\n"
        "from llamabatch_nb.engine.parsers import ParseOptions\n"
        "heavy = {'liteparse', 'docx', 'openpyxl', 'pptx', 'selectolax', 'charset_normalizer', 'pandas', 'lxml'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "task = ParseTask(job_id='', fence=0, path=sys.argv[1], name='a.pdf', options=ParseOptions('agentic'))\n"
        "assert run_chunk([task])[0].error is None\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(good)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['liteparse']"]


def test_outcomes_are_plain_data() -> None:
    fields = {"job_id", "fence", "error", "reason", "pages", "pages_failed", "characters", "payload"}
    assert set(Outcome.__dataclass_fields__) == fields
