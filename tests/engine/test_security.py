"""What an attacker on the line, a hostile document's name or a curious web page must not get from an engine."""

from __future__ import annotations

import logging
import socket
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import anyio
import httpx
import psutil
import pytest

from llamabatch_nb.engine.links import ROOT, to_image
from tests.engine.conftest import MakeApi
from tests.engine.server import Server
from tests.engine.support import PATIENCE, Api, create_body, files_of, pdf

CANARY = b"a canary that nobody may fetch"
#: What people put where a file's name belongs. Each is tried plain and quoted, as an image's name and as a whole path.
TRICKS = (
    *("../canary.txt", "../../canary.txt", "../../../../../../../../etc/passwd", "..", ".", "...", "", "/"),
    *("/etc/passwd", "//etc/passwd", "..\\canary.txt", "..\\..\\canary.txt", "C:\\canary.txt", "file:///etc/passwd"),
    *("%2e%2e/canary.txt", "%2e%2e%2fcanary.txt", "..%2fcanary.txt", "..%5ccanary.txt", "%252e%252e%252fcanary.txt"),
    *("\x00", "a.png\x00", "..\x00/canary.txt", "canary.txt\x00.png", "..;/canary.txt", "..\u2215canary.txt"),
    *("\uff0e\uff0e/canary.txt", ".hidden.txt", "link.txt", "folder/canary.txt", "folder", "a.png/../../canary.txt"),
    *("engine.db", "../engine.db", "../../engine.db", "../../engine.db-wal", "~/canary.txt", "$HOME", "a" * 5000),
)


def fetched(api: Api, path: bytes, query: bytes) -> tuple[int, bytes]:
    """One request whose path arrives as it is, which a client or a server in between would have mended."""
    status, body, asked = 0, b"", False

    async def ask() -> None:
        done = anyio.Event()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path.decode("utf-8", "replace"),
            "raw_path": path,
            "root_path": "",
            "query_string": query,
            "headers": [(b"host", b"engine"), (b"authorization", b"Bearer any")],
            "server": ("engine", 80),
            "client": ("127.0.0.1", 1),
        }

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked, before = True, asked
            if before:
                await done.wait()  # the other end stays until it has its answer
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body"):
                done.set()

        with anyio.fail_after(PATIENCE):
            await api.engine.app(scope, receive, send)

    anyio.run(ask)
    return status, body


@pytest.fixture
def treasure(idle: Api) -> Api:
    """An engine with an image that may be fetched, and canaries all around it, behind links too."""
    data = idle.engine.data
    folder = data / "images" / "pjb-1"
    (folder / "folder").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"picture")
    for path in (data.parent, data, data / "images", folder / "folder", data / "blobs", data / "owners"):
        (path / "canary.txt").write_bytes(CANARY)
    (folder / ".hidden.txt").write_bytes(CANARY)
    (folder / "link.txt").symlink_to(data.parent / "canary.txt")
    (data / "images" / "pjb-2").symlink_to(data.parent)
    (data / "images" / "pjb-3").symlink_to(data)
    return idle


def test_no_trick_fetches_what_is_no_image_of_the_job(treasure: Api) -> None:
    """Even with a good signature, which only the engine can make."""
    engine = treasure.engine

    def signed(path: str) -> tuple[str, bytes]:
        return path, urlsplit(engine.links.url("http://engine", path, engine.clock()).url).query.encode()

    path, query = signed(to_image("pjb-1", "a.png"))
    assert fetched(treasure, f"{ROOT}{path}".encode(), query) == (200, b"picture")
    tried = [signed(to_image("pjb-1", trick)) for trick in TRICKS]
    tried += [signed(to_image(trick, "canary.txt")) for trick in TRICKS]
    tried += [signed(to_image(job, name)) for job in ("pjb-2", "pjb-3") for name in ("canary.txt", "engine.db")]
    tried += [signed(f"/{trick}") for trick in TRICKS]
    tried += [signed(f"/files/{trick}") for trick in TRICKS] + [signed(f"/directory_files/{trick}") for trick in TRICKS]
    for path, query in tried:
        for sent in (path, quote(path), quote(path, safe="")):
            status, body = fetched(treasure, f"{ROOT}{sent}".encode("utf-8", "surrogatepass"), query)
            assert 400 <= status < 500, (sent[:200], status)
            assert CANARY not in body
            assert b"root:" not in body
            assert b"SQLite" not in body


def test_without_a_signature_nothing_is_fetched(treasure: Api) -> None:
    engine = treasure.engine
    path = to_image("pjb-1", "a.png")
    good = urlsplit(engine.links.url("http://engine", path, engine.clock()).url).query
    other = urlsplit(engine.links.url("http://engine", to_image("pjb-1", "b.png"), engine.clock()).url).query
    for query in (
        "",
        other,
        good.replace("signature=", "signature=0"),
        good.replace("expires=", "expires=9"),
        "expires=x&signature=\u00e9",
    ):
        assert fetched(treasure, f"{ROOT}{path}".encode(), query.encode())[0] == 403


def test_no_api_path_reaches_the_disk(treasure: Api) -> None:
    """Ids of paths are looked up in the store and nowhere else."""
    for root in ("batches", "parse", "extract", "projects", "webhook-configs"):
        for trick in TRICKS:
            for path in (f"/api/v2/{root}/{trick}", quote(f"/api/v2/{root}/{trick}")):
                status, body = fetched(treasure, path.encode(), b"expand=images_content_metadata")
                assert status < 500, (path[:200], status)
                assert CANARY not in body


def test_it_listens_on_loopback_unless_told(tmp_path: Path) -> None:
    server = Server(tmp_path, "--latency", "0")
    try:
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(server.process.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == ["127.0.0.1"]
    finally:
        server.stop(15)


def test_no_other_web_page_may_read_or_ask(idle: Api) -> None:
    """A browser lets a page read what another host answers, and send it a key, only if that one says so."""
    headers = {"origin": "https://example.com", "access-control-request-method": "POST"}
    answer = idle.raw("OPTIONS", "/api/v2/batches", headers=headers)
    assert answer.status_code == 405
    seen = (
        answer,
        idle.raw("GET", "/api/v2/batches", headers=headers),
        idle.raw("GET", "/openapi.json", headers=headers),
    )
    assert not any(name.startswith("access-control-") for one in seen for name in one.headers)
    # The one kind of request that needs no asking is a form, and a form has no key.
    stranger = Api(idle.engine, {"origin": "https://example.com"})
    stranger.refused(401, "POST", files_of(idle.directory({})) + "/upload", files={"upload_file": ("a.txt", b"words")})


KEY = "llx-k3y0fNobody"
SECRETS = (KEY, "c00kie0fNobody", "h3ader0fNobody", "pr0xyOfNobody")


def test_keys_and_headers_are_kept_and_shown_nowhere(
    make_api: MakeApi, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    engine = make_api().engine
    headers = {"authorization": f"Bearer {KEY}", "cookie": f"session={SECRETS[1]}", "x-mine": SECRETS[2]}
    api = Api(engine, headers)
    batch = api.finished(api.batch(api.directory({"a.pdf": pdf("alpha")}))["id"])
    proxied = {
        "tier": "fast",
        "version": "latest",
        "http_proxy": f"http://u:{SECRETS[3]}@h",
        "source_url": "http://h/a",
    }
    shown = [
        api.raw("POST", "/api/v2/parse", json=proxied).text,
        api.raw("GET", f"/api/v2/batches/{batch['id']}", params={"expand": "results"}).text,
        api.raw("GET", "/api/v2/batches/none").text,
        api.raw("GET", "/openapi.json").text,
    ]
    shown += [
        repr(thing) for thing in (engine, engine.links, engine.store, engine.blobs, engine.schedule, vars(engine))
    ]
    with engine.store.write() as db:
        db.execute("DROP TABLE results")
    assert api.raw("GET", f"/api/v2/parse/{api.jobs(batch)[0]['id']}", params={"expand": "text"}).status_code == 500
    shown += [caplog.text, *capfd.readouterr()]
    for secret in SECRETS:
        told = [text for text in shown[1:] if secret in text]
        assert told == []
    assert not any(secret in shown[0] for secret in SECRETS[:3])
    engine.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in SECRETS), path


def test_the_key_that_signs_links_is_shown_nowhere(idle: Api) -> None:
    with sqlite3.connect(idle.engine.data / "engine.db") as db:
        (key,) = db.execute("SELECT value FROM secrets WHERE name = 'links'").fetchone()
    db.close()
    assert len(key) >= 32
    text = repr(idle.engine.links) + repr(vars(idle.engine))
    assert key.hex() not in text
    assert repr(key) not in text


@pytest.mark.parametrize("path", ["directories", "files", "parse"])
def test_uploads_are_bounded(make_api: MakeApi, path: str) -> None:
    """With a length and without, and what is too much is not kept."""
    api = make_api(max_file_bytes=1000)
    url, part = {
        "directories": (files_of(api.directory({})) + "/upload", "upload_file"),
        "files": ("/api/v1/beta/files", "file"),
        "parse": ("/api/v2/parse/upload", "file"),
    }[path]
    form = {"purpose": "parse"} if path == "files" else {}
    if path == "parse":
        form = {"configuration": '{"tier": "fast", "version": "latest"}'}
    request = httpx.Request("POST", "http://engine", data=form, files={part: ("a.txt", b"x" * 1001)})
    body, kind = request.read(), {"content-type": request.headers["content-type"]}

    async def pieces() -> Any:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    for content in (body, pieces()):
        assert "1000 bytes" in api.refused(413, "POST", url, content=content, headers=kind)
    assert list((api.engine.data / "blobs").iterdir()) == []
    api.ok("POST", url, data=form, files={part: ("a.txt", b"x" * 1000)})


def test_webhooks_are_told_on_this_machine_alone(make_api: MakeApi) -> None:
    api, free = make_api(), make_api("free", webhooks_anywhere=True)
    hosts = (
        "192.0.2.1",
        "example.com",
        "10.0.0.1",
        "169.254.169.254",
        "[2001:db8::1]",
        "0.0.0.0",
        "127.0.0.1.example.com",
    )
    for place in (api, free):
        directory_id = place.directory({"a.txt": b"words"})
        for host in hosts:
            hook = [{"webhook_url": f"http://{host}/x", "webhook_events": ["batch.cancelled"]}]
            answer = place.raw(
                "POST", "/api/v2/batches", json=create_body(directory_id) | {"webhook_configurations": hook}
            )
            assert answer.status_code == (422 if place is api else 200), (host, answer.text)


def test_a_port_of_this_machine_is_not_probed_by_parse(api: Api) -> None:
    """`source_url` would let anyone with a line to the engine ask hosts that only this machine can reach."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.pdf"
        api.refused(422, "POST", "/api/v2/parse", json={"tier": "fast", "version": "latest", "source_url": url})
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
