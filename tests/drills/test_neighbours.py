"""Several who want the same thing at the same moment: two processes, two clients, two batches with the same names."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest

import llamabatch_nb as lb
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.faults import Fault, Faults
from llamabatch_nb.errors import OutOfCreditsError
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import NewPart
from llamabatch_nb.snapshot import Service, Snapshot
from tests.drills.support import FULL, Store, mixed, texts
from tests.engine.server import serving

PROGRAM = """
import json, os, sys
from concurrent.futures import ThreadPoolExecutor
import llamabatch_nb as lb
if os.environ.get("LLAMA_CLOUD_BASE_URL"):
    lb.connect()
else:
    lb.connect(engine={"executor": ThreadPoolExecutor(1)})
print("ready", flush=True)
sys.stdin.readline()
run = lb.submit(sys.argv[1], name="same").wait()
files = run.files()
print(json.dumps([files["name"].tolist(), files["status"].tolist(), files["file_id"].tolist(), len(run.pages())]))
"""
FILES = 30


def both(folder: Path, *, killed_after: float | None = None) -> list[list[object]]:
    """What two processes say that submit the folder at the same moment; the first may be killed, seconds after."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        while "ready" not in process.stdout.readline():
            if process.poll() is not None:
                for one in processes:
                    one.kill()
                pytest.fail("; ".join(one.communicate()[1] for one in processes))
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    if killed_after is not None:
        time.sleep(killed_after)
        processes[0].kill()
        processes.pop(0).communicate()
    said = [process.communicate(timeout=120) for process in processes]
    assert {process.returncode for process in processes} == {0}, said
    return [json.loads(out.splitlines()[-1]) for out, _ in said]


def check(store: Store) -> None:
    assert len(store.batches) == 1
    assert [(len(files), max(files.values())) for files in store.directories] == [(FILES - 1, 1)]
    assert len(store.jobs) == FILES - 1


@pytest.mark.drill
@pytest.mark.parametrize("turn", range(10 if FULL else 1))
def test_two_processes_over_one_engine_folder(tmp_path: Path, own_home: Path, turn: int) -> None:
    folder = mixed(tmp_path / f"documents {turn}", FILES)
    one, other = both(folder)
    assert one == other
    assert one[3] == FILES - 1
    check(Store(own_home / "engine"))


@pytest.mark.drill
@pytest.mark.parametrize("turn", range(10 if FULL else 1))
def test_two_processes_over_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: int) -> None:
    folder = mixed(tmp_path / f"documents {turn}", FILES)
    with serving(tmp_path / "data") as server:
        monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", server.url)
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "any")
        one, other = both(folder)
    assert one == other
    assert one[3] == FILES - 1
    check(Store(tmp_path / "data"))


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(20) if FULL else range(1))
def test_one_of_two_processes_is_killed(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("LLAMABATCH_ENGINE", "seconds_per_file=0.02")
    [other] = both(mixed(tmp_path / "documents", FILES), killed_after=random.Random(seed).uniform(0, 1.5))
    assert other[3] == FILES - 1
    check(Store(own_home / "engine"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with ThreadPoolExecutor(1) as executor, Engine(tmp_path / "data", executor=executor, latency=0.005) as engine:
        yield engine


class SlowCreate(httpx.AsyncBaseTransport):
    """A line on which the creation of a batch takes so long that everybody has looked for one before."""

    def __init__(self, engine: Engine) -> None:
        self._inner = in_process(engine.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == ("POST", "/api/v2/batches"):
            await anyio.sleep(1)
        return await self._inner.handle_async_request(request)


def core(engine: Engine) -> Core:
    service = Service(label="LlamaCloud NA", base_url="http://engine.localhost", local=False)
    return Core(Settings.read(api_key="k", base_url=service.base_url), service=service, transport=SlowCreate(engine))


def test_two_clients_of_one_process(engine: Engine, tmp_path: Path) -> None:
    """A cell with lb.connect() is run again while the uploads of the first one go on."""
    folder = mixed(tmp_path / "documents", FILES)
    with lb.Client(core=core(engine)) as one, lb.Client(core=core(engine)) as other:
        runs = [lb.submit(folder, client=client) for client in (one, other)]
        files = [run.wait().files() for run in runs]
        assert files[0]["file_id"].equals(files[1]["file_id"])
        assert len(runs[1].pages()) == FILES - 1
    check(Store(engine.data))


def test_a_create_that_failed_holds_nobody_up(tmp_path: Path) -> None:
    folder = texts(tmp_path / "documents", 3)
    faults = Faults([Fault("out_of_credits", "POST", "/api/v2/batches")])
    with (
        ThreadPoolExecutor(1) as executor,
        Engine(tmp_path / "data", executor=executor, faults=faults) as engine,
        lb.Client(core=core(engine)) as one,
        lb.Client(core=core(engine)) as other,
    ):
        with pytest.raises(OutOfCreditsError):
            lb.submit(folder, client=one).wait()
        assert len(lb.submit(folder, client=other).wait(60).pages()) == 3
        assert len(Store(engine.data).batches) == 1


def test_of_two_directories_for_one_part_the_first_one_counts(tmp_path: Path) -> None:
    """Where a service lets two have one name, two processes must not fill one each."""
    journals = [Journal(tmp_path / "journal.db") for _ in range(2)]
    run = journals[0].add_run(
        name=None,
        label="a",
        source=None,
        kind="contents",
        options={},
        service="s",
        owner="",
        fingerprint="f",
        configuration_id="c",
        job_type="parse_v2",
        parent=None,
        parts=[NewPart(relation="first", files=[], directory_name="a")],
        new=False,
    )
    [part] = journals[1].parts(run)
    assert [journal.directory_made(part.id, f"dir-{n}") for n, journal in enumerate(journals)] == ["dir-0", "dir-0"]
    for journal in journals:
        journal.close()


@pytest.mark.parametrize("while_running", [True, False])
def test_two_batches_with_the_same_names(tmp_path: Path, while_running: bool) -> None:
    """No row ever shows the other's job or text, also where the service is silent until the end (contract.md 10)."""
    folders = [texts(tmp_path / name, 12) for name in ("one", "other")]
    for number, file in enumerate(sorted(folders[1].iterdir())):
        file.write_text(f"other {number}")
    with (
        ThreadPoolExecutor(2) as executor,
        Engine(
            tmp_path / "data", executor=executor, results_while_running=while_running, seconds_per_file=0.1
        ) as engine,
        lb.Client(core=core(engine)) as client,
    ):
        runs = [lb.submit(folder, client=client) for folder in folders]
        shown: list[list[Snapshot]] = [[], []]
        for run, snapshots in zip(runs, shown, strict=True):
            run.subscribe(snapshots.append)
        for run in runs:
            run.wait()
        for text, run, snapshots in zip(("text", "other"), runs, shown, strict=True):
            assert run.pages()["text"].tolist() == [f"{text} {number}" for number in range(12)]
            own = dict(zip(run.files()["name"], run.files()["job_id"], strict=True))
            seen = [file for snapshot in snapshots for file in snapshot.files if file.job_id is not None]
            assert all(file.job_id == own[file.name] for file in seen)
            silent = [file for one in snapshots if one.phase == "RUNNING" and not while_running for file in one.files]
            assert all(file.job_id is None and file.status == "submitted" for file in silent)
        jobs = [set(run.files()["job_id"]) for run in runs]
        assert all(map(len, jobs))
        assert not jobs[0] & jobs[1]


def test_two_notebooks_that_retry_the_same_run_pay_once(tmp_path: Path) -> None:
    folder = mixed(tmp_path / "documents", FILES)
    faults = Faults([Fault("mapping_error", name="000.txt")])
    with (
        ThreadPoolExecutor(1) as executor,
        Engine(tmp_path / "data", executor=executor, faults=faults) as engine,
        lb.Client(core=core(engine)) as one,
        lb.Client(core=core(engine)) as other,
    ):
        first = lb.submit(folder, name="same", client=one).wait()
        second = lb.open("same", client=other).wait()
        assert second.files()["status"].value_counts().to_dict() == {"completed": FILES - 4, "failed": 4}
        first.retry_failed().wait()
        second.retry_failed().wait()
        assert second.files()["status"].value_counts().to_dict() == {"completed": FILES - 2, "failed": 2}
        assert second.files()["attempt"].value_counts().to_dict() == {1: FILES - 2, 2: 2}
        assert lb.open("same", client=other).pages().equals(first.pages())
        assert len(Store(engine.data).batches) == 2


def test_a_notebook_that_opens_the_run_again_sees_the_other_s_retry(tmp_path: Path) -> None:
    folder = mixed(tmp_path / "documents", FILES)
    faults = Faults([Fault("mapping_error", name="000.txt")])
    with (
        ThreadPoolExecutor(1) as executor,
        Engine(tmp_path / "data", executor=executor, faults=faults) as engine,
        lb.Client(core=core(engine)) as one,
        lb.Client(core=core(engine)) as other,
    ):
        first = lb.submit(folder, name="same", client=one).wait()
        lb.open("same", client=other).wait()
        first.retry_failed().wait()
        assert lb.open("same", client=other).wait().files().equals(first.files())
