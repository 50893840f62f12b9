from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest

from llamabatch_nb.engine import EngineError
from llamabatch_nb.engine.serve import serve
from tests.engine.server import Server, serving
from tests.engine.support import create_body, files_of, pdf, wait_for

KEY = {"authorization": "Bearer any"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_quietly(tmp_path: Path, number: int) -> None:
    server = Server(tmp_path)
    assert server.get("/api/v1/projects")[0]["name"] == "Default"
    assert server.stop(number) == (0, "", "")


def test_it_ends_quietly_in_the_middle_of_a_batch_and_goes_on_later(tmp_path: Path) -> None:
    server = Server(tmp_path, seconds_per_file=0.1)
    directory_id = server.post("/api/v1/beta/directories", json={"name": "a"})["id"]
    for n in range(20):
        server.post(files_of(directory_id) + "/upload", files={"upload_file": (f"{n}.pdf", pdf(str(n)))})
    batch = server.post("/api/v2/batches", json=create_body(directory_id))
    while not server.get("/api/v2/parse", status="COMPLETED")["items"]:
        pass
    assert server.stop(signal.SIGTERM) == (0, "", "")
    with serving(tmp_path) as again:
        while again.get(f"/api/v2/batches/{batch['id']}")["status"] != "COMPLETED":
            pass
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
        for n in range(60):
            try:
                answer = httpx.get(f"{server.url}/api/v1/projects", params={"nonsense": n}, headers=KEY)
                seen.append(answer.status_code)
            except httpx.TransportError:
                seen.append("cut")
        assert server.stop(signal.SIGTERM) == (0, "", "")
        return seen

    first = befallen("7", "a")
    assert first == befallen("7", "b")
    assert first != befallen("8", "c")
    assert {200, "cut"} < set(first)


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EngineError, match=rf"127\.0\.0\.1:{port} .*[Cc]hoose another port"):
            serve("127.0.0.1", port, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_an_address_of_others(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"Cannot listen on 192\.0\.2\.1:0"):
        serve("192.0.2.1", 0, tmp_path)
    with pytest.raises(EngineError, match=r"Cannot listen on 127\.0\.0\.1:99999"):
        serve("127.0.0.1", 99999, tmp_path)


def test_a_data_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(EngineError, match=r"file/data cannot be written .*[Cc]hoose another"):
        serve("127.0.0.1", 0, tmp_path / "file" / "data")
