"""What only a process of its own can show: scripts that end, interrupts, a service over a socket, no extra."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import UnreachableError
from llamabatch_nb.follow.sending import patience
from tests.drills.support import Store, texts


def script(text: str, *, stdin: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-"] if stdin else [sys.executable, "-c", text]
    return subprocess.run(
        command,
        input=text if stdin else None,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("stdin", [True, False])
def test_a_script_that_ends_after_submit_finishes_its_uploads(documents: Path, stdin: bool) -> None:
    """Without a __main__ guard, too: workers never run the user's script again (design.md, decision 10)."""
    text = f"import llamabatch_nb as lb\nlb.submit({str(documents)!r}, name='left')\nprint('end')"
    done = script(text, stdin=stdin, LLAMABATCH_ENGINE="latency=0.3")  # or they are finished before its end
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("end") == 1
    assert "Finishing the uploads" in done.stderr
    with lb.connect() as client:
        run = lb.open("left").wait()
        assert run.files()["status"].value_counts().to_dict() == {"completed": 3, "failed": 3}
        assert [batch.id for batch in client.batches.list()] == [run.id]


def test_an_interrupt_detaches_and_says_how_to_come_back(documents: Path) -> None:
    text = (
        "import llamabatch_nb as lb\n"
        "lb.connect(engine={'workers': 1, 'seconds_per_file': 0.5})\n"
        f"run = lb.submit({str(documents)!r}, name='mine')\n"
        "print('waiting', flush=True)\n"
        "try:\n    run.wait()\nexcept KeyboardInterrupt:\n    pass\n"
        "print(run.wait().files()['status'].tolist(), flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    while "waiting" not in process.stdout.readline():
        pass
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches the whole group: workers must be deaf to it
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Detached: the batch goes on while this program runs." in err
    assert out.count("completed") == 3


def test_an_interrupt_stops_no_upload(tmp_path: Path, own_home: Path) -> None:
    folder = texts(tmp_path / "many", 40)
    text = (
        "import llamabatch_nb as lb\n"
        "lb.connect(engine={'workers': 1, 'latency': 0.3})\n"
        f"run = lb.submit({str(folder)!r}, name='mine')\n"
        "print('waiting', flush=True)\n"
        "try:\n    run.wait()\nexcept KeyboardInterrupt:\n    pass\n"
        "print(run.snapshot.phase, flush=True)\n"
        "print(run.wait().files()['status'].tolist(), flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    while "waiting" not in process.stdout.readline():
        pass
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert out.splitlines()[0] == "UPLOADING"
    assert out.count("completed") == 40
    store = Store(own_home / "engine")
    assert (store.batches, set(store.uploads.values())) == (["COMPLETED"], {1})


def test_a_killed_process_leaves_nothing_behind_and_loses_nothing(documents: Path) -> None:
    text = (
        "import llamabatch_nb as lb, time\n"
        "lb.connect(engine={'workers': 2, 'seconds_per_file': 0.4})\n"
        f"run = lb.submit({str(documents)!r}, name='killed')\n"
        "for snapshot in run.watch():\n"
        "    if snapshot.done: break\n"
        "print(run.id, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while not (line := process.stdout.readline()).startswith("bat-"):
        pass
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    with lb.connect():
        run = lb.open(line.strip()).wait()
        assert run.files()["status"].value_counts().to_dict() == {"completed": 3, "failed": 3}


def test_serve_is_the_same_over_a_socket(documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "llamabatch_nb.cli", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        url = line.removeprefix("listening on ").strip()
        try:
            with lb.Client(base_url=url, api_key="any") as client:
                run = lb.submit(documents, client=client).wait()
                assert run.files()["status"].value_counts().to_dict() == {"completed": 3, "failed": 3}
                assert len(run.pages()) == 4
        finally:
            server.terminate()
        assert server.wait(20) == 0
    monkeypatch.setattr(patience, "PAUSES", (0.1, 0.1, 0.1))  # seconds before it is given up: else 20 in all
    with lb.Client(base_url=url, api_key="any") as client, pytest.raises(UnreachableError, match="does not answer"):
        lb.submit(documents, client=client, new=True)


def test_without_the_extra_the_client_works_and_the_engine_says_what_to_install() -> None:
    text = """
import importlib.util, sys
real = importlib.util.find_spec
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'fastapi', 'loky', 'liteparse', 'uvicorn', 'reportlab'}:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Missing())
importlib.util.find_spec = lambda name, *a: None if name in {'fastapi', 'loky', 'liteparse'} else real(name, *a)
import llamabatch_nb as lb
print(lb.Client(api_key='x'), lb.schema('files').shape[0] > 5)
try:
    lb.connect()
except lb.errors.EngineError as error:
    print(error)
"""
    done = script(text)
    assert "LlamaCloud NA> True" in done.stdout, done.stderr
    assert "pip install 'llamabatch-nb[local]'" in done.stdout


def test_importing_is_cheap_and_needs_no_extra() -> None:
    heavy = ("pandas", "httpx", "ipywidgets", "fastapi", "pydantic")
    done = script(f"import llamabatch_nb, sys; print([name for name in {heavy!r} if name in sys.modules])")
    assert done.stdout.strip() == "[]"
