"""A served engine in a process of its own, as the command line starts it."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.engine.support import PATIENCE, wait_for

_KEY = {"authorization": "Bearer any"}
#: httpx makes one a request, of all certificates that there are: 20 ms, and nothing here is encrypted.
_TLS = ssl.create_default_context()


class Server:
    """`url` is what it printed once it listened. With `flags` it is the command that is started, not the function."""

    def __init__(self, data: Path, *flags: str, **options: Any) -> None:
        call = f"serve('127.0.0.1', 0, {str(data)!r}, **{ {'workers': 1} | options!r})"
        what = ["-c", f"from llamabatch_nb.engine.serve import serve; {call}"]
        if flags:
            what = ["-m", "llamabatch_nb.cli", "serve", "--port", "0", "--data", str(data), *flags]
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", *what],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert found, line + (self.process.stderr.read() if self.process.stderr else "")
        self.url = found[1]

    def get(self, path: str, **query: Any) -> Any:
        answer = httpx.get(self.url + path, params=query, headers=_KEY, verify=_TLS)
        return answer.raise_for_status().json()

    def post(self, path: str, **content: Any) -> Any:
        answer = httpx.post(self.url + path, headers=_KEY, verify=_TLS, **content)
        return answer.raise_for_status().json()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, signal: int) -> tuple[int, str, str]:
        """Its exit code and what it wrote since it listened. Nothing that it started may live on."""
        children = self.children()
        os.kill(self.process.pid, signal)
        out, err = self.process.communicate(timeout=PATIENCE)
        wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in children))
        return self.process.returncode, out, err


@contextmanager
def serving(data: Path, **options: Any) -> Iterator[Server]:
    server = Server(data, **options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
        server.process.communicate(timeout=PATIENCE)
