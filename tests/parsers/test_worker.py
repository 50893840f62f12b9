from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from llama_cloud.types.parsing_get_response import ImagesContentMetadataImage
from loky import ProcessPoolExecutor
from loky.backend import get_context
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

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


LONG = """
import re, sys
from pathlib import Path
from llamabatch_nb.engine.parsers import ParseOptions
from llamabatch_nb.engine.work.tasks import ParseTask
from llamabatch_nb.engine.work.worker import run_chunk
options = ParseOptions("agentic", positions=True)
(outcome,) = run_chunk([ParseTask(job_id="j", fence=1, path=sys.argv[1], name="long.pdf", options=options)])
# The peak that getrusage tells begins with what the parent had when it started this process.
print(outcome.error, outcome.pages, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's own files")
def test_memory_for_1200_pages(tmp_path: Path) -> None:
    """Far under 400 MB, with items and the places of all lines: read at once they take 290 without those."""

    def full(number: int) -> build.Draw:
        def draw(canvas: Canvas) -> None:
            canvas.setFont("Helvetica", 5)
            for line in range(12):
                for column in range(2):
                    canvas.drawString(20 + 180 * column, 290 - 20 * line, f"{number} {line} {column} {LINE[:30]}")

        return draw

    path = tmp_path / "long.pdf"
    path.write_bytes(build.pdf(*map(full, range(1200))))
    done = subprocess.run([sys.executable, "-c", LONG, str(path)], capture_output=True, text=True, check=True)
    error, pages, peak = done.stdout.split()
    assert (error, pages) == ("None", "1200")
    assert int(peak) < 250 << 10


def _drawn(path: Path, folder: Path, **options: Any) -> dict[str, Any]:
    task = ParseTask(
        job_id="j",
        fence=1,
        path=str(path),
        name=path.name,
        options=ParseOptions("agentic", screenshots=True, **options),
        images=str(folder),
    )
    (outcome,) = run_chunk([task])
    assert outcome.payload is not None, outcome.error
    return read_payload(outcome.payload)


def test_page_images(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(build.pdf(*(build.words(f"{LINE} {number}") for number in range(1, 9))))
    folder = tmp_path / "images" / "job"
    content = _drawn(path, folder, target_pages="2,4-9")
    numbers = [2, 4, 5, 6, 7, 8]
    assert content["images"] == [
        {
            "filename": f"page_{number}.jpg",
            "index": index,
            "category": "screenshot",
            "content_type": "image/jpeg",
            "bbox": {"x": 0, "y": 0, "w": 400, "h": 300},
        }
        for index, number in enumerate(numbers)
    ]
    for image in content["images"]:
        ImagesContentMetadataImage.model_validate(image)
    assert {file.name for file in folder.iterdir()} == {f"page_{number}.jpg" for number in numbers}
    with Image.open(folder / "page_4.jpg") as drawn:
        assert (drawn.format, drawn.size) == ("JPEG", (800, 600))
        dark = drawn.convert("L").point(lambda level: 255 if level < 128 else 0).getbbox()
    assert dark is not None
    assert dark[0] == pytest.approx(80, abs=4)  # the words start 40 points from the left, 2 pixels each
    assert dark[3] == pytest.approx(200, abs=10)  # and stand 100 below the top
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert _drawn(path, folder, target_pages="2,4-9") == content  # a task may run twice
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_images_of_huge_pages_are_small(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(build.pdf(build.words(LINE)).replace(b"/MediaBox [ 0 0 400 300 ]", b"/MediaBox [0 0 9000 6000]"))
    content = _drawn(path, tmp_path / "images")
    assert content["images"][0]["bbox"] == {"x": 0, "y": 0, "w": 9000, "h": 6000}
    with Image.open(tmp_path / "images" / "page_1.jpg") as drawn:
        assert drawn.size == (2400, 1600)


def test_images_of_pictures_and_of_nothing_else(tmp_path: Path) -> None:
    photo, table = tmp_path / "photo.png", tmp_path / "a.csv"
    photo.write_bytes(build.photographed("Invoice number 4711"))
    table.write_bytes(b"a,b\n")
    content = _drawn(photo, tmp_path / "images", ocr=True)
    assert [image["filename"] for image in content["images"]] == ["page_1.jpg"]
    content = _drawn(table, tmp_path / "others")
    assert content["images"] == []
    assert "PDFs and of pictures alone" in content["facts"]["screenshots"]
    assert not (tmp_path / "others").exists()


def test_images_that_cannot_be_written_fail_their_file(good: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    options = ParseOptions("agentic", screenshots=True)
    task = ParseTask(
        job_id="j", fence=1, path=str(good), name="a.pdf", options=options, images=str(tmp_path / "file" / "folder")
    )
    (outcome,) = run_chunk([task])
    assert outcome.reason == "unavailable"
    assert str(tmp_path) not in (outcome.error or "")


def test_outcomes_are_plain_data() -> None:
    fields = {"job_id", "fence", "error", "reason", "pages", "pages_failed", "characters", "payload"}
    assert set(Outcome.__dataclass_fields__) == fields
