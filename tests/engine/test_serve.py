from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from llamabatch_nb.engine import EngineError
from llamabatch_nb.engine.serve import serve
from tests.engine.server import Server, serving
from tests.engine.support import create_body, files_of, pdf


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
