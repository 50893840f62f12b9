"""A key is nowhere: in no repr, log, traceback, file, notebook, widget state or pickle."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import socket
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import anyio
import httpx
import nbformat
import pytest
from anyio.lowlevel import checkpoint
from nbclient import NotebookClient
from rich.console import Console
from rich.traceback import Traceback

from llamabatch_nb import errors
from llamabatch_nb.client.clients import AsyncClient, Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.settings import Settings

ROOT = Path(__file__).parents[1]
SECRETS = ("llx-d1st1nct1ve-key", "c00k1e-of-the-session", "t0ken-of-an-extra-header")
KEY, COOKIE, TOKEN = SECRETS


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys come from the environment here, so that no frame of the caller's holds one."""
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    monkeypatch.setenv("LLAMA_CLOUD_CUSTOM_HEADERS", f"X-Token: {TOKEN}")


def no_secret_in(*texts: str | bytes) -> None:
    for text in texts:
        plain = text.decode(errors="replace") if isinstance(text, bytes) else text
        for secret in SECRETS:
            assert secret not in plain, plain[max(plain.find(secret) - 500, 0) : plain.find(secret) + 60]


def everything_of(error: BaseException) -> Iterator[str]:
    """All that a person or a tool might show of an error."""
    yield repr(error)
    yield str(error)
    yield repr(vars(error))
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    shown = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_length=200, locals_max_string=500
    )
    console = Console(file=io.StringIO(), width=400, record=True)
    console.print(shown)
    yield console.export_text()
    yield repr(pickle.dumps(error))
    chain: BaseException | None = error
    while chain is not None:  # those that `raise … from None` hides as well
        trace: TracebackType | None = chain.__traceback__
        while trace is not None:
            for name, value in trace.tb_frame.f_locals.items():
                with suppress(AttributeError):  # an object whose making has just failed
                    yield f"{name} = {value!r}"
            trace = trace.tb_next
        chain = chain.__cause__ or chain.__context__


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing on the terminal of the tests."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        told = f"I do not know {self.headers['Authorization']}, {self.headers['Cookie']} or {self.headers['X-Token']}"
        known = self.path.startswith("/api/v1/projects")
        body = json.dumps([] if known else {"detail": told}).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as http.server has it


@pytest.fixture
def server() -> Iterator[str]:
    """A service on a socket, which is where httpcore logs; it repeats what it was sent."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()
        thread.join()


@contextmanager
def client_of(url: str | None = None, **http: Any) -> Iterator[Client]:
    core = Core(Settings.read(base_url=url, session=COOKIE), sleep=lambda _: checkpoint(), **http)
    with Client(core=core) as client:
        yield client


def get(client: Client) -> None:
    client.batches.get("bat-1")


def scripted(answer: httpx.Response | Exception) -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with client_of(transport=httpx.MockTransport(handle)) as client:
        get(client)


def on_a_socket(behaviour: bytes | None) -> None:
    """A server that answers these bytes and hangs up, or at once (None) while the request is still being sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            listener.settimeout(5)
            connection, _ = listener.accept()
            with connection:
                if behaviour is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    return
                connection.recv(65536)
                connection.sendall(behaviour)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with (
                tempfile.NamedTemporaryFile() as document,
                client_of(f"http://127.0.0.1:{listener.getsockname()[1]}") as client,
            ):
                document.truncate(30 << 20)
                client.directories.files.upload("dir-1", upload_file=Path(document.name))
        finally:
            thread.join()


def refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with client_of(url) as client:
        get(client)


def too_long_an_address() -> None:
    with client_of() as client:
        client.batches.list(source_directory_id="d" * 70_000).first()


def hangs() -> None:
    async def handle(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    with client_of(transport=httpx.MockTransport(handle), deadline=0.02) as client:
        get(client)


def with_environment(name: str, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, value)
        with client_of() as client:
            get(client)


def no_file() -> None:
    with client_of() as client:
        client.directories.files.upload("dir-1", upload_file=Path("no such file.pdf"))


def closed() -> None:
    with client_of() as client:
        client.close()
        get(client)


def no_key() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LLAMA_CLOUD_API_KEY")
        Settings.read()


def awaited() -> None:
    async def main() -> None:
        core = Core(Settings.read(), transport=httpx.MockTransport(lambda _: httpx.Response(403)))
        async with AsyncClient(core=core) as client:
            await client.batches.get("bat-1")

    anyio.run(main)


def a_bug_of_the_transport() -> None:
    scripted(ZeroDivisionError("of a transport"))


HALF = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
TROUBLE: dict[str, tuple[Callable[[], None], type[Exception]]] = {
    "refused": (lambda: scripted(httpx.Response(401, json={"detail": f"Bad key {KEY}"})), errors.AuthenticationError),
    "limited": (lambda: scripted(httpx.Response(429, headers={"retry-after": "999"})), errors.RateLimitedError),
    "theirs": (lambda: scripted(httpx.Response(500, text=f"Bearer {KEY}; {COOKIE}; {TOKEN}")), errors.ServerError),
    "redirected": (lambda: scripted(httpx.Response(302)), errors.UnexpectedAnswerError),
    "a proxy's page": (lambda: scripted(httpx.Response(200, html=f"<p>{KEY}")), errors.UnexpectedAnswerError),
    "timeout": (lambda: scripted(httpx.ReadTimeout(f"with {KEY}")), errors.UnreachableError),
    "deadline": (hangs, errors.UnreachableError),
    "nothing listens": (refused_connection, errors.UnreachableError),
    "hung up": (lambda: on_a_socket(None), errors.UnreachableError),
    "cut short": (lambda: on_a_socket(HALF), errors.UnreachableError),
    "no HTTP": (lambda: on_a_socket(b"SSH-2.0-OpenSSH\r\n"), errors.UnreachableError),
    "InvalidURL": (too_long_an_address, errors.InputError),
    "a key that cannot be sent": (lambda: with_environment("LLAMA_CLOUD_API_KEY", f"{KEY}é"), errors.InputError),
    "a header that cannot be sent": (
        lambda: with_environment("LLAMA_CLOUD_CUSTOM_HEADERS", f"X-Token: {TOKEN}é"),
        errors.InputError,
    ),
    "no address": (lambda: with_environment("LLAMA_CLOUD_BASE_URL", "ftp://x"), errors.InputError),
    "a broken proxy": (lambda: with_environment("HTTPS_PROXY", "gopher://x"), errors.InputError),
    "no certificates": (lambda: with_environment("SSL_CERT_FILE", "no such file"), errors.InputError),
    "no key": (no_key, errors.NoKeyError),
    "no file": (no_file, errors.FileReadError),
    "closed": (closed, errors.InputError),
    "awaited": (awaited, errors.PermissionDeniedError),
    "a bug": (a_bug_of_the_transport, ZeroDivisionError),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_no_error_shows_it(name: str) -> None:
    act, kind = TROUBLE[name]
    try:
        act()
    except kind as caught:
        # The frames of this file are not ours to keep clean: they are the caller's, and some script the key.
        error = caught.with_traceback(_below_this_file(caught.__traceback__))
    no_secret_in(*everything_of(error))


def _below_this_file(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def test_no_log_shows_it(server: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("llamabatch_nb", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
    with client_of(server) as client:
        client.projects.list()
        for act in (get, lambda c: c.directories.files.upload("dir-1", upload_file=("a.pdf", b"x"))):
            with pytest.raises(errors.AuthenticationError, match=r"I do not know Bearer \[secret\]"):
                act(client)
    names = {record.name for record in caplog.records}
    assert {"httpx", "httpcore.http11"} <= names
    assert any("send_request_headers" in record.getMessage() for record in caplog.records)
    no_secret_in(caplog.text, *(repr(vars(record)) for record in caplog.records))


def test_a_retry_is_logged_without_it(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[httpx.Response | Exception] = [httpx.Response(200, json=[])]
    answers += [httpx.ReadError(f"reset {KEY}"), httpx.Response(200, json=[])]

    def handle(_: httpx.Request) -> httpx.Response:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    caplog.set_level(logging.DEBUG)
    with client_of(transport=httpx.MockTransport(handle)) as client:
        client.projects.list()
        client.projects.list()
    assert "again in" in caplog.text
    no_secret_in(caplog.text)


def test_no_object_shows_it_or_carries_it_away() -> None:
    with client_of() as client:
        core = client.core
        client.core.http._open()
        lane = core.http._lanes
        for shown in (client, core, core.settings, core.service, core.http, client.batches, core.batches, lane):
            no_secret_in(repr(shown), str(shown), f"{shown!a}")
            console = Console(file=io.StringIO(), width=400, record=True)
            console.print(shown)
            no_secret_in(console.export_text())
        no_secret_in(repr(vars(client)), repr(vars(core)), repr(vars(core.http)))
        for kept in (client, core, core.settings, core.http, client.batches, core.batches):
            for act in (pickle.dumps, copy.deepcopy):
                with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
                    act(kept)
        no_secret_in(pickle.dumps(core.service))


CELLS = (
    "%xmode Verbose",
    """
import pathlib
import pickle
import llamabatch_nb as lb
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.engine import Engine
engine = Engine(pathlib.Path("data"), workers=1).__enter__()
client = lb.Client(core=Core(Settings.read(base_url="http://engine.localhost"), transport=in_process(engine.app)))
run = lb.submit("documents", client=client, name="keys", configuration="cfg-PARSE_FAST")
run
""",
    "run.wait()",
    "client, client.core.settings, vars(client), vars(client.core.http), run.snapshot, run.files().attrs",
    "pathlib.Path('pickled').write_bytes(pickle.dumps((run.snapshot, run.files(), run.pages())))",
    "run.pages()",
    "client.batches.get('bat-none')",
    "lb.open('no such run', client=client)",
    "client.close()\nengine.close()",
)


def test_no_notebook_and_no_file_holds_it(tmp_path: Path, own_home: Path) -> None:
    """A real kernel, as it would be saved: outputs, tracebacks with variables, widget state and the static state."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "note.txt").write_text("Nothing secret.\n")
    make: Any = nbformat.v4
    notebook = make.new_notebook(cells=[make.new_code_cell(cell.strip()) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    saved = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    errors_seen = [o.ename for cell in notebook.cells for o in cell.get("outputs", ()) if o.output_type == "error"]
    assert errors_seen[:1] == ["NotFoundError"], [
        o.get("evalue") for cell in notebook.cells for o in cell.get("outputs", ()) if o.output_type == "error"
    ]
    state = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert any("note.txt" in json.dumps(model) for model in state.values())
    assert "llamabatch-static" in saved
    no_secret_in(saved)
    for folder in (own_home, tmp_path):
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        for path in files:
            no_secret_in(str(path), path.read_bytes())
    assert (own_home / "journal.db").exists()
    assert (tmp_path / "pickled").exists()
