from __future__ import annotations

import argparse
import inspect
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from llamabatch_nb.engine import Engine, EngineError, flags
from llamabatch_nb.engine.faults import Fault, Faults
from llamabatch_nb.engine.serve import serve
from tests.engine.server import Server, serving
from tests.engine.support import PATIENCE, create_body, files_of, pdf, wait_for

KEY = {"authorization": "Bearer any"}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server to which a test does no harm."""
    with serving(tmp_path_factory.mktemp("local") / "data") as server:
        yield server


def test_it_ends_quietly_on_an_interrupt_too(tmp_path: Path) -> None:
    server = Server(tmp_path)  # on SIGTERM all others do
    assert server.get("/api/v1/projects")[0]["name"] == "Default"
    assert server.stop(signal.SIGINT) == (0, "", "")


def test_it_ends_quietly_in_the_middle_of_a_batch_and_goes_on_later(tmp_path: Path) -> None:
    server = Server(tmp_path, seconds_per_file=0.1)
    directory_id = server.post("/api/v1/beta/directories", json={"name": "a"})["id"]
    for n in range(20):
        server.post(files_of(directory_id) + "/upload", files={"upload_file": (f"{n}.pdf", pdf(str(n)))})
    batch = server.post("/api/v2/batches", json=create_body(directory_id))
    wait_for(lambda: server.get("/api/v2/parse", status="COMPLETED")["items"])
    assert server.stop(signal.SIGTERM) == (0, "", "")
    with serving(tmp_path) as again:
        wait_for(lambda: again.get(f"/api/v2/batches/{batch['id']}")["status"] == "COMPLETED")
        assert len(again.get("/api/v2/parse", status="COMPLETED")["items"]) == 20


def test_the_commands_line_is_long_and_narrow(tmp_path: Path) -> None:
    flags = ("--latency", "0.05", "--uploads-per-second", "0.2", "--credits-per-page", "3", "--credits-late")
    server = Server(tmp_path, *flags)
    answer = httpx.get(server.url + "/api/v1/projects", headers=KEY)
    assert answer.elapsed.total_seconds() >= 0.05
    directory_id = server.post("/api/v1/beta/directories", json={"name": "a"})["id"]
    url = f"{server.url}{files_of(directory_id)}/upload"
    files = [{"upload_file": (name, pdf("alpha", "beta"))} for name in ("a.pdf", "b.pdf")]
    assert [httpx.post(url, files=file, headers=KEY).status_code for file in files] == [200, 429]
    server.post("/api/v2/batches", json=create_body(directory_id))
    (job,) = wait_for(lambda: server.get("/api/v2/parse", status="COMPLETED")["items"])
    looks = [server.get(f"/api/v2/parse/{job['id']}", expand="usage")["job"]["usage"]["credits"] for _ in range(2)]
    assert looks == [None, 6]
    assert server.stop(signal.SIGTERM) == (0, "", "")


def test_the_commands_faults_are_those_of_the_seed_and_nothing_is_printed(tmp_path: Path) -> None:
    def befallen(seed: str, run: str) -> list[int | str]:
        server = Server(tmp_path / run, "--faults", seed)
        seen: list[int | str] = []
        with httpx.Client(headers=KEY) as client:
            for n in range(60):
                try:
                    seen.append(client.get(f"{server.url}/api/v1/projects", params={"nonsense": n}).status_code)
                except httpx.TransportError:
                    seen.append("cut")
        assert server.stop(signal.SIGTERM) == (0, "", "")
        return seen

    with ThreadPoolExecutor(3) as at_once:  # some requests are slow, which is all that takes time here
        first, again, other = at_once.map(befallen, "778", "abc")
    assert first == again != other
    assert {200, "cut"} < set(first)


def test_every_option_of_the_engine_that_words_can_say_is_a_flag() -> None:
    parser = argparse.ArgumentParser()
    flags.add(parser)
    given: dict[str, dict[str, Any]] = {
        "--workers 3": {"workers": 3},
        "--seconds-per-file 0.5": {"seconds_per_file": 0.5},
        "--file-timeout 7": {"file_timeout": 7.0},
        "--ocr": {"ocr": True},
        "--seed s": {"seed": "s"},
        "--time per_read": {"time": "per_read"},
        "--results-while-running": {"results_while_running": True},
        "--credits-per-page 3": {"credits_per_page": 3.0},
        "--credits-late": {"credits_late": True},
        "--latency 0.1": {"latency": 0.1},
        "--uploads-per-second 2": {"uploads_per_second": 2.0},
        "--max-file-bytes 1000": {"max_file_bytes": 1000},
        "--webhooks-anywhere": {"webhooks_anywhere": True},
        "--faults 7": {"faults": Faults.random("7")},
        "--fault failed --fault slow:seconds=2": {"faults": Faults([Fault("failed"), Fault("slow", seconds=2)])},
        "--faults 7 --fault failed": {"faults": Faults([Fault("failed")], "7", 0.1)},
    }
    for words, options in given.items():
        assert flags.options(parser.parse_args(words.split())) == options
    assert flags.options(parser.parse_args([])) == {}
    engine = set(inspect.signature(Engine).parameters)
    # A Python object has no words; folder and address are the command's own.
    unsayable = {"data", "executor", "clock", "extractors"}
    assert {name for options in given.values() for name in options} == engine - unsayable


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--time soon", r"'timed', 'per_read', 'immediate'"),
        ("--workers 0", r"'0' is not a whole number from 1 on"),
        ("--workers many", r"'many' is not a whole number"),
        ("--seconds-per-file -1", r"'-1' is not a number from 0 on"),
        ("--latency nan", r"'nan' is not a number"),
        ("--fault nonsense", r"no fault 'nonsense'; there are drop_after, .*throttled"),
        ("--fault slow:seconds=-3", r"seconds of the fault 'slow' is a number from 0 on, not -3"),
        ("--fault slow:seconds=nan", r"seconds of the fault 'slow' is a number from 0 on, not nan"),
        ("--fault slow:a=1", r"'a=1' of the fault 'slow' is not key=value with a key of method, path, times"),
    ],
)
def test_a_wrong_flag_says_what_is_allowed(words: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    flags.add(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(words.split())
    assert re.search(says, capsys.readouterr().err)


def test_a_malformed_form_is_told_to_its_sender_alone(tmp_path: Path) -> None:
    server = Server(tmp_path)
    directory_id = server.post("/api/v1/beta/directories", json={"name": "a"})["id"]
    kind = KEY | {"content-type": "multipart/form-data; boundary=B"}
    url = f"{server.url}{files_of(directory_id)}/upload"
    for body in (b"junk", b"--B junk", b"--B\r\nno header", b"--B\r\n: x\r\n\r\n"):
        assert httpx.post(url, content=body, headers=kind).status_code == 400
    assert server.stop(signal.SIGTERM) == (0, "", "")


def test_time_and_faults_of_the_command(tmp_path: Path) -> None:
    flag = ("--workers", "1", "--time", "per_read", "--fault", "too_many:method=POST,path=/api/v2/batches,seconds=0.1")
    server = Server(tmp_path, *flag)
    directory_id = server.post("/api/v1/beta/directories", json={"name": "a"})["id"]
    server.post(files_of(directory_id) + "/upload", files={"upload_file": ("a.pdf", pdf("alpha"))})
    body = create_body(directory_id)
    assert httpx.post(f"{server.url}/api/v2/batches", json=body, headers=KEY).headers["retry-after"] == "0.1"
    path = f"/api/v2/batches/{server.post('/api/v2/batches', json=body)['id']}"
    assert [server.get(path)["status"] for _ in range(3)] == ["PENDING", "RUNNING", "COMPLETED"]
    assert server.stop(signal.SIGTERM) == (0, "", "")


def test_a_page_whose_name_leads_here_reads_nothing(local: Server) -> None:
    """DNS rebinding: to a browser it would be of one origin with us, and could say any header."""
    port = local.url.rpartition(":")[2]
    with httpx.Client(base_url=local.url, headers=KEY) as client:
        for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "192.0.2.1", "0.0.0.0", "[", ""):
            answer = client.get("/api/v1/projects", headers={"host": host})
            assert (answer.status_code, answer.headers["content-type"]) == (421, "application/json"), host
            assert "--host" in answer.json()["detail"]
        for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", "[::1]:1", "a.localhost"):
            assert client.get("/api/v1/projects", headers={"host": host}).status_code == 200


def test_a_page_of_elsewhere_can_send_nothing_that_counts(local: Server) -> None:
    """What a browser sends without asking has no Authorization; and when it asks, nobody says yes."""
    url, origin = f"{local.url}/api/v1/beta/directories", {"origin": "https://evil.example"}
    plain = origin | {"content-type": "text/plain"}
    assert httpx.post(url, content='{"name": "a"}', headers=plain).status_code == 401
    asked = origin | {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    preflight = httpx.options(url, headers=asked)
    assert preflight.status_code in {401, 405}
    assert not [name for name in preflight.headers if name.startswith("access-control-")]
    assert local.get("/api/v1/beta/directories")["items"] == []


def test_another_host_than_this_one_is_warned_of(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "llamabatch_nb.cli", "serve", "--host", "0.0.0.0", "--port", "0", "--data", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip().rpartition(":")[2]
    named = KEY | {"host": "my-machine"}
    assert httpx.get(f"http://127.0.0.1:{port}/api/v1/projects", headers=named).status_code == 200
    process.terminate()
    _, err = process.communicate(timeout=PATIENCE)
    assert err.count("\n") == 1
    assert "anybody who can reach 0.0.0.0 can read" in err


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EngineError, match=rf"127\.0\.0\.1:{port} .*[Cc]hoose another port"):
            serve("127.0.0.1", port, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_an_address_of_others(tmp_path: Path) -> None:
    for host in ("192.0.2.1", "nosuch.invalid"):
        with pytest.raises(EngineError, match=rf"Cannot listen on {re.escape(host)}:0 .*as the host\.$"):
            serve(host, 0, tmp_path)
    with pytest.raises(EngineError, match=r"Cannot listen on 127\.0\.0\.1:99999"):
        serve("127.0.0.1", 99999, tmp_path)


def test_a_data_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(EngineError, match=r"file/data cannot be written .*[Cc]hoose another"):
        serve("127.0.0.1", 0, tmp_path / "file" / "data")
