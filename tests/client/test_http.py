from __future__ import annotations

import json
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from llamabatch_nb import errors
from llamabatch_nb.client.clients import AsyncClient, Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.http import Wait
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.contract.endpoints import Endpoint

KEY = "llx-secret-of-mine"
BATCH = {
    "id": "bat-1",
    "config": {"job": {"configuration_id": "cfg-PARSE_AGENTIC", "type": "parse_v2"}},
    "project_id": "p",
    "source_directory_id": "dir-1",
    "status": "PENDING",
}
Answer = Callable[[httpx.Request], httpx.Response]


class Service:
    """A scripted service: what the real engine never says (502s, proxies' pages, a wait that is too long)."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: list[httpx.Response | Exception] = []
        self.slept: list[float] = []
        self.now = 100.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        """Time passes when somebody sleeps."""
        self.slept.append(seconds)
        until = self.now + seconds
        await checkpoint()
        self.now = max(self.now, until)

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    core = Core(
        Settings.read(api_key=KEY, session="cookie-of-mine", organization_id="org", project_id="prj"),
        transport=httpx.MockTransport(service),
        sleep=service.sleep,
        monotonic=service.monotonic,
        jitter=lambda: 0.0,
    )
    with Client(core=core) as client:
        yield client


def ok(body: object = BATCH) -> httpx.Response:
    return httpx.Response(200, json=body)


def create(client: Client) -> None:
    client.batches.create(config={"job": {"type": "parse_v2", "configuration_id": "c"}}, source_directory_id="dir-1")


def test_create_is_what_the_page_says(service: Service, client: Client) -> None:
    service.answers = [ok()]
    batch = client.batches.create(
        config={"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}},
        source_directory_id="dir-1",
        organization_id="other-org",
    )
    (request,) = service.requests
    assert (request.method, request.url.path) == ("POST", "/api/v2/batches")
    assert dict(request.url.params) == {"organization_id": "other-org", "project_id": "prj"}
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["cookie"] == "session=cookie-of-mine"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "config": {"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}},
        "source_directory_id": "dir-1",
    }
    assert (batch.id, batch.status, batch.results) == ("bat-1", "PENDING", None)


def test_unknown_words_and_fields_survive(service: Service, client: Client) -> None:
    job = {"id": "x", "type": "sheet_v9"}
    results = [{"source_directory_file_id": "dfl-1", "job_reference": job, "shelf": 3}]
    service.answers = [ok({**BATCH, "status": "PAUSED", "mood": "fine", "results": results})]
    batch = client.batches.get("bat-1", expand=["results"])
    assert batch.status == "PAUSED"
    assert batch.model_dump()["mood"] == "fine"
    assert batch.results is not None
    assert batch.results[0].job_reference is not None
    assert batch.results[0].job_reference.type == "sheet_v9"
    assert str(service.requests[0].url.query, "ascii").startswith("expand=results")


def test_what_is_sent_is_checked_first(service: Service, client: Client) -> None:
    with pytest.raises(errors.InputError, match="nothing was sent"):
        client.batches.create(config={"job": {"type": "sheet_v9", "configuration_id": "c"}}, source_directory_id="d")
    with pytest.raises(errors.InputError, match="source_directory_id"):
        client.batches.create(config={"job": {"type": "parse_v2", "configuration_id": "c"}}, source_directory_id="")
    assert service.requests == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (402, errors.OutOfCreditsError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (410, errors.NotFoundError),
        (413, errors.InvalidRequestError),
        (418, errors.ServiceError),
        (422, errors.InvalidRequestError),
    ],
)
def test_a_refusal_has_a_class_and_a_reason(
    service: Service, client: Client, status: int, kind: type[errors.ServiceError]
) -> None:
    service.answers = [httpx.Response(status, json={"detail": [{"loc": ["body", "x"], "msg": "is odd"}]})]
    with pytest.raises(errors.ServiceError) as caught:
        client.batches.get("bat-1")
    assert type(caught.value) is kind
    assert (caught.value.status_code, caught.value.detail) == (status, "body.x: is odd")
    assert (caught.value.method, caught.value.path) == ("GET", "/api/v2/batches/bat-1")
    assert caught.value.ids == {"organization_id": "org", "project_id": "prj", "batch_id": "bat-1"}
    assert caught.value.file_name is None
    assert "GET /api/v2/batches/bat-1 was refused" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_read_goes_through_trouble_and_says_so(service: Service, client: Client) -> None:
    waits: list[Wait | None] = []
    client.core.http.listeners.append(waits.append)
    service.answers = [httpx.Response(503), httpx.Response(429, headers={"retry-after": "4"}), ok()]
    assert client.batches.get("bat-1").id == "bat-1"
    assert service.slept == [0.5, 4]
    assert waits == [Wait(0.5, 503, 100.5), None, Wait(4, 429, 104.5), None]


def test_a_create_is_sent_once(service: Service, client: Client) -> None:
    service.answers = [httpx.ReadTimeout("late"), ok()]
    with pytest.raises(errors.UnreachableError, match="may have been done") as caught:
        create(client)
    assert (caught.value.status_code, caught.value.detail) == (None, "did not answer in time")
    assert caught.value.ids["source_directory_id"] == "dir-1"
    assert len(service.requests) == 1


def test_a_long_wait_is_raised_with_its_time(service: Service, client: Client) -> None:
    service.answers = [httpx.Response(429, headers={"retry-after": "3600"}, json={"detail": "slow down"})]
    with pytest.raises(errors.RateLimitedError) as caught:
        client.batches.get("bat-1")
    assert caught.value.retry_after == 3600
    assert service.slept == []


def test_a_proxys_page_is_not_an_answer(service: Service, client: Client) -> None:
    service.answers = [httpx.Response(200, html="<html>Sign in</html>")]
    with pytest.raises(errors.UnexpectedAnswerError, match="text/html") as caught:
        client.batches.get("bat-1")
    assert (caught.value.status_code, caught.value.ids["batch_id"]) == (200, "bat-1")
    assert len(service.requests) == 1


def test_a_redirect_is_not_followed_with_the_key(service: Service, client: Client) -> None:
    service.answers = [httpx.Response(302, headers={"location": "https://elsewhere.example/sign-in"})]
    with pytest.raises(errors.UnexpectedAnswerError, match="redirect"):
        client.batches.get("bat-1")
    assert len(service.requests) == 1


def half() -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "application/json"}, content=json.dumps(BATCH)[:60])


def test_half_an_answer_is_worth_one_more_read(service: Service, client: Client) -> None:
    service.answers = [half(), ok()]
    assert client.batches.get("bat-1").id == "bat-1"
    service.answers = [half(), half(), ok()]
    with pytest.raises(errors.UnexpectedAnswerError, match="EOF"):
        client.batches.get("bat-1")
    assert len(service.answers) == 1


def test_half_an_answer_to_a_create_leaves_open_whether_it_was_done(service: Service, client: Client) -> None:
    service.answers = [half(), ok()]
    with pytest.raises(errors.UnexpectedAnswerError, match="may have been done") as caught:
        create(client)
    assert caught.value.ids["source_directory_id"] == "dir-1"
    assert "source_directory_id dir-1" in str(caught.value)
    assert len(service.requests) == 1


def test_a_body_cut_short_on_the_wire_is_read_again() -> None:
    body = json.dumps(BATCH).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            for answer in (head + body[:20], head + body):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        core = Core(Settings.read(api_key=KEY, base_url=url), sleep=lambda _: checkpoint())
        with Client(core=core) as client:
            assert client.batches.get("bat-1").id == "bat-1"
        thread.join()


def test_what_is_answered_with_nothing_is_not_read(service: Service, client: Client) -> None:
    delete: Endpoint[None] = Endpoint("DELETE", "/api/v1/beta/directories/{directory_id}", None)

    def run() -> None:
        client.core.loop.run(lambda: client.core.http.request(delete, ids={"directory_id": "dir-1"}))

    service.answers = [httpx.Response(204)]
    run()
    service.answers = [httpx.Response(502), httpx.Response(404)]  # the 502 had done it
    run()
    service.answers = [httpx.Response(404)]
    with pytest.raises(errors.NotFoundError):
        run()


def test_pages_are_fetched_as_they_are_read(service: Service, client: Client) -> None:
    service.answers = [
        ok({"items": [{**BATCH, "id": "bat-1"}], "next_page_token": "t2"}),
        ok({"items": [], "next_page_token": "t3"}),
        ok({"items": [{**BATCH, "id": "bat-2"}], "next_page_token": None}),
    ]
    found = client.batches.list(status="RUNNING", page_size=1)
    assert service.requests == []
    assert [batch.id for batch in found] == ["bat-1", "bat-2"]
    queries = [dict(request.url.params) for request in service.requests]
    base = {"status": "RUNNING", "page_size": "1", "organization_id": "org", "project_id": "prj"}
    assert queries == [base, {**base, "page_token": "t2"}, {**base, "page_token": "t3"}]


async def _create(client: AsyncClient) -> str:
    batch = await client.batches.create(
        config={"job": {"type": "parse_v2", "configuration_id": "c"}}, source_directory_id="dir-1"
    )
    listed = [item.id async for item in client.batches.list()]
    return f"{batch.id} {listed}"


def test_the_async_face_works_in_any_loop(service: Service) -> None:
    import asyncio

    async def main() -> str:
        core = Core(Settings.read(api_key=KEY), transport=httpx.MockTransport(service))
        async with AsyncClient(core=core) as client:
            return await _create(client)

    service.answers = [ok(), ok({"items": [BATCH]})]
    assert asyncio.run(main()) == "bat-1 ['bat-1']"


def test_a_blocking_call_works_inside_a_running_loop(service: Service, client: Client) -> None:
    """A notebook cell is one: no nest_asyncio, no patched loop."""
    import asyncio

    async def cell() -> str:
        return client.batches.get("bat-1").id

    service.answers = [ok()]
    assert asyncio.run(cell()) == "bat-1"


def test_a_blocking_call_on_the_loop_thread_raises(client: Client) -> None:
    async def on_the_loop() -> None:
        client.batches.get("bat-1")

    with pytest.raises(errors.LoopThreadError):
        client.core.loop.run(on_the_loop)


def test_a_closed_client_says_so(client: Client) -> None:
    client.close()
    client.close()
    with pytest.raises(errors.InputError, match="closed"):
        client.batches.get("bat-1")


def test_uploads_are_streamed_with_the_text_parts_first(service: Service, client: Client, tmp_path: Path) -> None:
    document = tmp_path / "a b.pdf"
    document.write_bytes(b"%PDF-1.7 not really")
    body = {"id": "dfl-1", "directory_id": "dir-1", "display_name": "x", "unique_id": "x", "project_id": "p"}
    service.answers = [httpx.Response(429, headers={"retry-after": "1"}), ok(body)]
    client.directories.files.upload("dir-1", upload_file=document, unique_id="in/a b.pdf", metadata={"year": 2026})
    sent = service.requests[-1].content
    assert sent.index(b'name="unique_id"') < sent.index(b'name="upload_file"')
    assert b'{"year": 2026}' in sent
    assert b'filename="a b.pdf"' in sent
    assert sent.count(b"%PDF-1.7 not really") == 1
    assert sent == service.requests[0].content


def test_the_key_is_in_no_repr_and_no_pickle(client: Client) -> None:
    for shown in (repr(client), repr(client.core.settings), str(client.core.settings), repr(vars(client))):
        assert KEY not in shown
        assert "cookie-of-mine" not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(client)


def test_a_service_in_this_process_that_hangs_is_given_up() -> None:
    """ASGITransport ignores timeouts, so the deadline is ours."""

    async def hangs(*_: object) -> None:
        await anyio.sleep_forever()

    core = Core(Settings.read(api_key=KEY), transport=in_process(hangs), timeout=None, deadline=0.05)
    with Client(core=core) as client, pytest.raises(errors.UnreachableError, match="did not answer in time"):
        client.batches.get("bat-1")


@pytest.mark.parametrize("failure", [RuntimeError("unable to perform operation"), anyio.ClosedResourceError()])
def test_what_slips_through_httpx_is_no_answer_either(service: Service, client: Client, failure: Exception) -> None:
    service.answers = [ok(), failure, ok()]
    client.batches.get("bat-1")
    assert client.batches.get("bat-1").id == "bat-1"


def test_a_broken_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy.example")
    with Client(api_key=KEY) as client, pytest.raises(errors.InputError, match="HTTPS_PROXY"):
        client.batches.get("bat-1")


UPLOADED = {"id": "dfl-1", "directory_id": "dir-1", "display_name": "x", "unique_id": "x", "project_id": "p"}
BIG = 3 * (1 << 20) + 7


def upload(client: Client, path: Path) -> None:
    client.directories.files.upload("dir-1", upload_file=path, display_name=f"in/{path.name}")


def test_an_error_of_an_upload_names_the_file(service: Service, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"x")
    service.answers = [httpx.Response(413)]
    with pytest.raises(errors.InvalidRequestError, match=r"file 'in/a\.pdf'") as caught:
        upload(client, path)
    assert caught.value.file_name == "in/a.pdf"
    assert caught.value.ids["directory_id"] == "dir-1"


def test_a_small_file_is_read_once(service: Service, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF")

    client.core.http.listeners.append(lambda _: path.unlink(missing_ok=True))  # while it waits
    service.answers = [httpx.Response(429), ok(UPLOADED)]
    upload(client, path)
    assert not path.exists()
    assert [b"%PDF" in request.content for request in service.requests] == [True, True]


def test_a_file_that_is_gone_is_named(client: Client, service: Service, tmp_path: Path) -> None:
    with pytest.raises(errors.FileReadError, match=r"'in/gone\.pdf' cannot be read \(No such file") as caught:
        upload(client, tmp_path / "gone.pdf")
    assert (caught.value.strerror, service.requests) == ("No such file or directory", [])


class Streamed(httpx.AsyncBaseTransport):
    """Reads uploads chunk by chunk, and does something to the file at a moment of one's choice."""

    def __init__(self) -> None:
        self.chunks: list[list[int]] = []
        self.at: dict[tuple[int, int], Callable[[], object]] = {}
        self.answers = [ok(UPLOADED)]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sizes: list[int] = []
        self.chunks.append(sizes)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for chunk in request.stream:
            sizes.append(len(chunk))
            self.at.get((len(self.chunks), len(sizes)), lambda: None)()
        assert sum(sizes) == int(request.headers["content-length"])
        return self.answers.pop(0)


@pytest.fixture
def streamed() -> Iterator[tuple[Client, Streamed]]:
    transport = Streamed()
    core = Core(Settings.read(api_key=KEY), transport=transport, sleep=lambda _: checkpoint())
    with Client(core=core) as client:
        yield client, transport


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.pdf"
    path.write_bytes(bytes(BIG))
    return path


def test_a_large_file_is_streamed_for_every_attempt(streamed: tuple[Client, Streamed], big: Path) -> None:
    client, transport = streamed
    transport.answers = [httpx.Response(429), ok(UPLOADED)]
    upload(client, big)
    first, second = transport.chunks
    assert first == second
    assert sum(first) > BIG
    assert max(first) <= 65536


def replaced(path: Path, size: int) -> Callable[[], object]:
    return lambda: path.write_bytes(bytes(size))


@pytest.mark.parametrize(("chunk", "size"), [(8, BIG + 100_000), (8, BIG - 100_000), (8, 0)])
def test_a_large_file_that_changes_while_it_is_sent_is_named(
    streamed: tuple[Client, Streamed], big: Path, chunk: int, size: int
) -> None:
    client, transport = streamed
    transport.at = {(1, chunk): replaced(big, size)}
    with pytest.raises(errors.FileReadError, match=r"'in/big\.pdf' cannot be sent: it changed") as caught:
        upload(client, big)
    assert f"from {BIG:,} to {size:,} bytes" in str(caught.value)
    assert len(transport.chunks) == 1


def test_a_large_file_that_changes_or_goes_between_attempts_is_named(
    streamed: tuple[Client, Streamed], big: Path
) -> None:
    client, transport = streamed

    def last() -> int:
        return len(transport.chunks[-1])

    transport.answers = [httpx.Response(429), httpx.Response(429), ok(UPLOADED)]
    upload(client, big)
    end = last()
    for harm, says in ((replaced(big, BIG - 1), "changed"), (big.unlink, "cannot be read")):
        big.write_bytes(bytes(BIG))
        transport.chunks.clear()
        transport.at = {(1, end): harm}
        transport.answers = [httpx.Response(429), ok(UPLOADED)]
        with pytest.raises(errors.FileReadError, match=says):
            upload(client, big)
        assert len(transport.chunks) == 1
