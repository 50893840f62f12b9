"""Large uploads go to the disk as they come: the memory of a served engine does not follow their size."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.drills.support import FULL
from tests.engine.server import Server, serving
from tests.engine.support import wait_for

#: Mebibytes of the small and of the large upload.
SMALL, LARGE = (20, 200) if FULL else (8, 48)
#: What a process may grow by in between for other reasons: its allocator, a thread.
SLACK = 24
BOUNDARY = {"content-type": "multipart/form-data; boundary=B", "authorization": "Bearer any"}


def form(field: str, size: int) -> Iterator[bytes]:
    yield b'--B\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nparse\r\n' if field == "file" else b""
    yield f'--B\r\nContent-Disposition: form-data; name="{field}"; filename="{size}.bin"\r\n\r\n'.encode()
    for _ in range(size):
        yield bytes(1 << 20)
    yield b"\r\n--B--\r\n"


def peak(server: Server) -> float:
    """The most memory that the process ever had, in mebibytes."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the kernel tells no peak")


def test_nothing_is_left_of_an_upload_that_ends_early(tmp_path: Path) -> None:
    blobs = tmp_path / "data" / "blobs"
    with serving(tmp_path / "data") as server:
        made = server.post("/api/v1/beta/directories", json={"name": "a"})
        head = (
            f"POST /api/v1/beta/directories/{made['id']}/files/upload HTTP/1.1",
            *("Host: localhost", "Authorization: Bearer any", "Content-Length: 50000000"),
            "Content-Type: multipart/form-data; boundary=B",
            *("", "--B", 'Content-Disposition: form-data; name="upload_file"; filename="a"', "", ""),
        )
        with socket.create_connection(("127.0.0.1", urlsplit(server.url).port)) as connection:
            connection.sendall("\r\n".join(head).encode() + bytes(3 << 20))
            (part,) = wait_for(lambda: list(blobs.iterdir()))
            assert part.name.startswith(".")
        wait_for(lambda: not list(blobs.iterdir()))
        assert server.get(f"/api/v1/beta/directories/{made['id']}/files")["items"] == []
        assert server.stop(signal.SIGTERM) == (0, "", "")


@pytest.mark.drill
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of another process is told by Linux alone")
def test_memory_does_not_follow_the_size(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        made = server.post("/api/v1/beta/directories", json={"name": "a"})
        for path, field in (
            (f"/api/v1/beta/directories/{made['id']}/files/upload", "upload_file"),
            ("/api/v1/beta/files", "file"),
        ):
            peaks = []
            for size in (SMALL, LARGE):
                answer = httpx.post(server.url + path, content=form(field, size), headers=BOUNDARY, timeout=60)
                assert answer.status_code == 200, answer.text
                peaks.append(peak(server))
            assert peaks[1] - peaks[0] < SLACK, peaks
        link = server.get(f"/api/v1/beta/files/{answer.json()['id']}/content")
        with httpx.stream("GET", link["url"]) as download:
            assert sum(len(chunk) for chunk in download.iter_bytes()) == LARGE << 20
        assert peak(server) - peaks[0] < SLACK
        sizes = sorted(blob.stat().st_size >> 20 for blob in (tmp_path / "data" / "blobs").iterdir())
        assert sizes == [SMALL, LARGE]
