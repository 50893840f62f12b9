"""Each kind of fault, as a client sees it: in this process, and over a real socket."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import uvicorn

from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.engine import Engine, EngineError
from llamabatch_nb.engine.faults import Fault, Faults
from llamabatch_nb.engine.faults.middleware import Faulty
from llamabatch_nb.engine.faults.plan import DRAWN_VEILS, FAILING, PASSING, VEILING, WORKING
from llamabatch_nb.engine.faults.schedule import LONGEST_ROW, Schedule
from llamabatch_nb.engine.faults.veils import EXTRA_FIELD, UNKNOWN_STATUS
from tests.engine.support import create_body, files_of, wait_for

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
PARSE = "/api/v2/parse"
EXTRACT = "/api/v2/extract"
CONFIGURATIONS = "/api/v1/beta/configurations"
CONFIGURATION = '{"tier": "fast", "version": "latest"}'
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}
KEY = {"authorization": "Bearer any"}

Ask = Callable[..., httpx.Response]


@contextmanager
def over_a_socket(engine: Engine) -> Iterator[Ask]:
    server = uvicorn.Server(uvicorn.Config(engine.app, port=0, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=KEY) as client:
            yield client.request
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def in_this_process(engine: Engine) -> Iterator[Ask]:
    def ask(method: str, path: str, **content: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = in_process(engine.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers=KEY) as client:
                return await client.request(method, path, **content)

        return anyio.run(send)

    yield ask


class Service:
    """An engine with faults, and a plain way to it."""

    def __init__(self, engine: Engine, ask: Ask) -> None:
        self.engine = engine
        self.ask = ask

    def ok(self, method: str, path: str, **content: Any) -> Any:
        answer = self.ask(method, path, **content)
        assert answer.is_success, answer.text
        return answer.json()

    def directory(self, *names: str) -> str:
        directory_id = str(self.ok("POST", DIRECTORIES, json={"name": "documents"})["id"])
        for name in names:
            file = {"upload_file": (name, name.encode())}
            self.ok("POST", files_of(directory_id) + "/upload", files=file)
        return directory_id

    def batch(self, *names: str) -> str:
        return str(self.ok("POST", BATCHES, json=create_body(self.directory(*names)))["id"])

    def stored(self, batch_id: str) -> str:
        """The true status."""
        with self.engine.store.read() as db:
            row = db.execute("SELECT status FROM batches WHERE id = ?", (batch_id,)).fetchone()
        return str(row["status"])

    def done(self, batch_id: str) -> None:
        wait_for(lambda: self.stored(batch_id) not in {"PENDING", "RUNNING"})

    @property
    def kinds(self) -> list[str]:
        return [injected.kind for injected in self.engine.schedule.injected]


Serve = Callable[..., Service]


@pytest.fixture(params=[in_this_process, over_a_socket], ids=["in-process", "socket"])
def serve(request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Serve]:
    with ExitStack() as stack:

        def make(*script: Fault, faults: Faults | None = None) -> Service:
            executor = stack.enter_context(ThreadPoolExecutor(1))
            faults = faults or Faults(script=script)
            engine = stack.enter_context(Engine(tmp_path / "data", workers=1, executor=executor, faults=faults))
            return Service(engine, stack.enter_context(request.param(engine)))

        yield make
    # What is done on purpose is no error of the server's.
    assert [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("too_many", 429),
        ("too_many_bare", 429),
        ("server_error", 500),
        ("unavailable", 503),
        ("unauthorized", 401),
        ("out_of_credits", 402),
        ("not_found", 404),
    ],
)
def test_a_refusal_does_nothing(serve: Serve, kind: Any, status: int) -> None:
    service = serve(Fault(kind, "POST", DIRECTORIES, times=2, after=1, seconds=0.25))
    answers = [service.ask("POST", DIRECTORIES, json={"name": str(n)}) for n in range(4)]
    assert [answer.status_code for answer in answers] == [200, status, status, 200]
    assert answers[1].headers.get("retry-after") == ("0.25" if kind == "too_many" else None)
    assert isinstance(answers[1].json()["detail"], str)
    assert [made["name"] for made in service.ok("GET", DIRECTORIES)["items"]] == ["3", "0"]
    assert service.kinds == [kind] * 2


@pytest.mark.parametrize("size", [3, 3_000_000])
def test_a_refused_upload_is_read_to_its_end(serve: Serve, size: int) -> None:
    service = serve(Fault("unavailable", "POST", "*/upload"))
    upload = files_of(service.directory()) + "/upload"
    answer = service.ask("POST", upload, files={"upload_file": ("a.txt", b"x" * size)})
    assert answer.status_code == 503


@pytest.mark.parametrize("size", [3, 3_000_000])
def test_a_connection_dropped_before(serve: Serve, size: int) -> None:
    service = serve(Fault("drop_before", "POST", "*/upload"))
    directory_id = service.directory()
    file = {"upload_file": ("a.txt", b"x" * size)}
    with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)) as caught:
        service.ask("POST", files_of(directory_id) + "/upload", files=file)
    assert caught.value.request.url.path.endswith("/upload")
    assert service.ok("GET", files_of(directory_id))["items"] == []
    service.ok("POST", files_of(directory_id) + "/upload", files=file)


def test_a_connection_dropped_after(serve: Serve) -> None:
    service = serve(Fault("drop_after", "POST", DIRECTORIES))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        service.ask("POST", DIRECTORIES, json={"name": "a"})
    assert [made["name"] for made in service.ok("GET", DIRECTORIES)["items"]] == ["a"]


def test_an_error_after_it_was_done(serve: Serve) -> None:
    service = serve(Fault("error_after", "POST", DIRECTORIES))
    assert service.ask("POST", DIRECTORIES, json={"name": "a"}).status_code == 500
    assert [made["name"] for made in service.ok("GET", DIRECTORIES)["items"]] == ["a"]


def test_a_body_cut_short(serve: Serve) -> None:
    service = serve(Fault("truncated", "GET", "/api/v1/projects"))
    with pytest.raises(httpx.RemoteProtocolError):
        service.ask("GET", "/api/v1/projects")
    assert len(service.ok("GET", "/api/v1/projects")) == 1


def test_a_cut_over_a_socket_shows_the_headers_and_half_of_the_body(tmp_path: Path) -> None:
    half = Faults([Fault("truncated", times=9)])
    with Engine(tmp_path, faults=half) as engine, over_a_socket(engine) as ask:
        client: httpx.Client = ask.__self__  # type: ignore[attr-defined]
        with client.stream("GET", "/api/v1/projects") as answer:
            length = int(answer.headers["content-length"])
            got: list[bytes] = []
            with pytest.raises(httpx.RemoteProtocolError):
                got.extend(answer.iter_raw())
    assert (answer.status_code, len(b"".join(got))) == (200, length // 2)


def test_an_answer_to_a_refusal_without_a_body_is_cut_as_well(serve: Serve) -> None:
    service = serve(Fault("truncated", "GET", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        service.ask("GET", f"{DIRECTORIES}/dir-none")
    assert service.ask("GET", f"{DIRECTORIES}/dir-none").status_code == 404


def test_a_slow_answer_comes(serve: Serve) -> None:
    service = serve(Fault("slow", "GET", "/api/v1/projects", seconds=0.05))
    answers = [service.ask("GET", "/api/v1/projects") for _ in range(2)]
    assert answers[0].elapsed.total_seconds() >= 0.05
    assert answers[0].json() == answers[1].json()
    assert service.kinds == ["slow"]


def test_a_slow_answer_waits_as_long_as_asked(tmp_path: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    with Engine(tmp_path) as engine:
        app = Faulty(engine.app, Schedule(Faults([Fault("slow", seconds=3)])), sleep)

        async def ask() -> None:
            async with httpx.AsyncClient(transport=in_process(app), base_url="http://engine", headers=KEY) as client:
                for _ in range(2):
                    assert len((await client.get("/api/v1/projects")).json()) == 1

        anyio.run(ask)
    assert slept == [3]


def test_fields_that_nobody_knows(serve: Serve) -> None:
    service = serve(Fault("extra_fields", "GET", times=99))
    batch_id = service.batch("a.txt")
    service.done(batch_id)
    batch = service.ok("GET", f"{BATCHES}/{batch_id}", params={"expand": "results"})
    assert EXTRA_FIELD in batch
    (result,) = batch["results"]
    assert EXTRA_FIELD in result
    listed = service.ok("GET", BATCHES)
    assert EXTRA_FIELD in listed
    assert EXTRA_FIELD in listed["items"][0]
    job = service.ok("GET", f"{PARSE}/{result['job_reference']['id']}", params={"expand": "text"})
    assert EXTRA_FIELD in job["job"]
    assert job["text"]["pages"] == [{"page_number": 1, "text": "a.txt"}]
    assert EXTRA_FIELD in service.ok("GET", "/api/v1/projects")[0]


def test_a_new_batch_is_not_found_yet(serve: Serve) -> None:
    service = serve(Fault("not_yet", times=2))
    for path in ("/first", "/second"):
        body = create_body(service.ok("POST", DIRECTORIES, json={"name": path})["id"])
        service.ok("POST", files_of(body["source_directory_id"]) + "/upload", files={"upload_file": ("a.txt", b"a")})
        batch_id = service.ok("POST", BATCHES, json=body)["id"]
        assert batch_id in {batch["id"] for batch in service.ok("GET", BATCHES)["items"]}
        looks = [service.ask("GET", f"{BATCHES}/{batch_id}").status_code for _ in range(3)]
        assert looks == [404, 404, 200]


def test_a_batch_is_throttled_for_a_while(serve: Serve) -> None:
    service = serve(Fault("throttled", times=3))
    batch_id = service.batch("a.txt")
    service.done(batch_id)
    looks = [service.ok("GET", f"{BATCHES}/{batch_id}", params={"expand": "results"}) for _ in range(2)]
    looks += [service.ok("GET", BATCHES)["items"][0] for _ in range(2)]
    assert [look["status"] for look in looks] == ["THROTTLED"] * 3 + ["COMPLETED"]
    assert [look["results"] for look in looks] == [None] * 4


def test_a_status_that_nobody_knows(serve: Serve) -> None:
    service = serve(
        Fault("unknown_status", path=f"{BATCHES}/{{id}}"),
        Fault("unknown_status", path=f"{PARSE}*", times=2),
    )
    batch_id = service.batch("a.txt", "b.txt")
    service.done(batch_id)
    looks = [service.ok("GET", f"{BATCHES}/{batch_id}", params={"expand": "results"}) for _ in range(2)]
    assert [look["status"] for look in looks] == [UNKNOWN_STATUS, "COMPLETED"]
    job_id = looks[0]["results"][0]["job_reference"]["id"]
    assert service.ok("GET", f"{PARSE}/{job_id}")["job"]["status"] == UNKNOWN_STATUS
    seen = [{job["id"]: job["status"] for job in service.ok("GET", PARSE)["items"]} for _ in range(3)]
    assert [statuses.pop(job_id) for statuses in seen] == [UNKNOWN_STATUS, "COMPLETED", "COMPLETED"]
    assert [list(statuses.values()) for statuses in seen] == [[UNKNOWN_STATUS], [UNKNOWN_STATUS], ["COMPLETED"]]


def test_results_come_late(serve: Serve) -> None:
    service = serve(Fault("no_results", times=2))
    batch_id = service.batch("a.txt")
    service.done(batch_id)
    assert service.ok("GET", f"{BATCHES}/{batch_id}")["results"] is None  # not asked for, so it does not count
    looks = [service.ok("GET", f"{BATCHES}/{batch_id}", params={"expand": "results"}) for _ in range(3)]
    assert [look["status"] for look in looks] == ["COMPLETED"] * 3
    assert [look["results"] is None for look in looks] == [True, True, False]


def test_some_results_have_nothing_yet(serve: Serve) -> None:
    service = serve(Fault("partial_results", after=1))
    batch_id = service.batch("a.txt", "b.txt", "c.txt")
    service.done(batch_id)
    assert service.ok("GET", f"{BATCHES}/{batch_id}")["results"] is None  # no results, so it does not count
    looks = [service.ok("GET", f"{BATCHES}/{batch_id}", params={"expand": "results"})["results"] for _ in range(3)]
    shapes = [[result["job_reference"] is not None for result in results] for results in looks]
    assert shapes == [[True] * 3, [True, False, True], [True] * 3]
    assert [result["error_message"] for results in looks for result in results] == [None] * 9


def test_a_new_job_is_not_found_yet(serve: Serve) -> None:
    service = serve(Fault("not_yet", path=f"{PARSE}/{{id}}"), Fault("not_yet", path=f"{EXTRACT}/*", times=2))
    form = {"data": {"configuration": CONFIGURATION}, "files": {"file": ("a.txt", b"words")}}
    jobs = [service.ok("POST", f"{PARSE}/upload", **form)["id"] for _ in range(2)]
    looks = [[service.ask("GET", f"{PARSE}/{job}").status_code for _ in range(2)] for job in jobs]
    assert looks == [[404, 200]] * 2
    wait_for(lambda: service.ok("GET", f"{PARSE}/{jobs[0]}")["job"]["status"] == "COMPLETED")
    body = {"file_input": jobs[0], "configuration": {"data_schema": SCHEMA}}
    job = service.ok("POST", EXTRACT, json=body)["id"]
    assert [service.ask("GET", f"{EXTRACT}/{job}").status_code for _ in range(3)] == [404, 404, 200]


def test_extract_jobs_meet_the_same_faults(serve: Serve) -> None:
    service = serve(
        Fault("too_many", "POST", EXTRACT),
        Fault("unknown_status", path=f"{EXTRACT}*"),
        Fault("mapping_error", name="b.txt"),
    )
    parameters = {"product_type": "extract_v2", "data_schema": SCHEMA}
    saved = service.ok("POST", CONFIGURATIONS, json={"name": "mine", "parameters": parameters})["id"]
    directory_id = service.directory("a.txt", "b.txt")
    batch_id = service.ok("POST", BATCHES, json=create_body(directory_id, saved, "extract_v2"))["id"]
    service.done(batch_id)
    first, second = service.ok("GET", f"{BATCHES}/{batch_id}", params={"expand": "results"})["results"]
    assert (first["error_message"], first["job_reference"]["type"]) == (None, "extract_v2")
    assert second["error_message"]
    assert second["job_reference"] is None
    path = f"{EXTRACT}/{first['job_reference']['id']}"
    assert service.ok("GET", path)["status"] == UNKNOWN_STATUS
    assert {service.ok("GET", path)["status"], service.ok("GET", EXTRACT)["items"][0]["status"]} <= {
        "COMPLETED",
        "FAILED",
    }
    body = {"file_input": "dfl-none", "configuration": {"data_schema": SCHEMA}}
    assert [service.ask("POST", EXTRACT, json=body).status_code for _ in range(2)] == [429, 404]


def test_a_failed_batch(serve: Serve) -> None:
    service = serve(Fault("failed", after=1))
    first = service.batch("a.txt")
    service.done(first)
    directory_id = service.ok("GET", DIRECTORIES)["items"][0]["id"]
    second, third = (service.ok("POST", BATCHES, json=create_body(directory_id))["id"] for _ in range(2))
    for batch_id in (second, third):
        service.done(batch_id)
    assert [service.stored(batch_id) for batch_id in (first, second, third)] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert service.ok("GET", f"{BATCHES}/{second}", params={"expand": "results"})["results"] is None
    assert len(service.ok("GET", PARSE)["items"]) == 2


@pytest.mark.parametrize("refused", [["b.txt"], ["a.txt", "b.txt"]])
def test_a_file_that_gets_no_job(serve: Serve, refused: list[str]) -> None:
    service = serve(*(Fault("mapping_error", name=name) for name in refused))
    batch_id = service.batch("a.txt", "b.txt")
    service.done(batch_id)
    batch = service.ok("GET", f"{BATCHES}/{batch_id}", params={"expand": "results"})
    assert batch["status"] == "COMPLETED"
    files = service.ok("GET", files_of(batch["source_directory_id"]))["items"]
    names = {file["id"]: file["display_name"] for file in files}
    shapes = {
        names[result["source_directory_file_id"]]: (bool(result["error_message"]), result["job_reference"] is None)
        for result in batch["results"]
    }
    assert shapes == {name: (name in refused, name in refused) for name in ("a.txt", "b.txt")}
    again = service.ok("POST", BATCHES, json=create_body(batch["source_directory_id"]))["id"]
    service.done(again)
    results = service.ok("GET", f"{BATCHES}/{again}", params={"expand": "results"})["results"]
    assert all(result["job_reference"] for result in results)


def test_what_has_expired(serve: Serve) -> None:
    service = serve()
    with pytest.raises(EngineError, match="bat-none"):
        service.engine.expire("bat-none")
    batch_id = service.batch("a.txt")
    service.done(batch_id)
    (job,) = service.ok("GET", PARSE)["items"]
    service.engine.expire(batch_id)
    assert service.ask("GET", f"{PARSE}/{job['id']}").status_code == 404
    assert service.ok("GET", PARSE)["items"] == []
    (result,) = service.ok("GET", f"{BATCHES}/{batch_id}", params={"expand": "results"})["results"]
    assert result["job_reference"]["id"] == job["id"]
    service.engine.expire(batch_id, whole=True)
    assert service.ask("GET", f"{BATCHES}/{batch_id}").status_code == 404


def test_a_batch_under_way_does_not_expire(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    with in_this_process(engine) as ask:
        batch_id = Service(engine, ask).batch("a.txt")
        with pytest.raises(EngineError, match="PENDING"):
            engine.expire(batch_id)
        assert ask("GET", f"{BATCHES}/{batch_id}").status_code == 200
    engine.close()


def test_faults_of_a_script_befall_one_after_the_other(serve: Serve) -> None:
    service = serve(Fault("unavailable", times=2), Fault("server_error", "GET"), Fault("not_found", "POST"))
    statuses = [service.ask("GET", "/api/v1/projects").status_code for _ in range(4)]
    assert statuses == [503, 503, 500, 200]
    assert service.ask("POST", DIRECTORIES, json={"name": "a"}).status_code == 404


def test_a_repr_makes_the_same_again() -> None:
    script = [Fault("drop_after", "POST", "*/upload", times=3, after=2), Fault("mapping_error", name="a'b.pdf")]
    for faults in (Faults(), Faults(script), Faults.random(7), Faults.random("x", 0.25), Faults(script, 3, 0.5)):
        assert eval(repr(faults)) == faults
        assert hash(eval(repr(faults))) == hash(faults)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "nonsense"}, "no fault 'nonsense'; there are .*drop_after"),
        ({"kind": "slow", "times": -1}, "'slow' cannot be below zero"),
        ({"kind": "mapping_error"}, "takes name="),
        ({"kind": "slow", "name": "a"}, "takes name="),
    ],
)
def test_a_fault_that_cannot_be(wrong: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fault(**wrong)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("failed", Fault("failed")),
        ("throttled:times=3,after=1", Fault("throttled", times=3, after=1)),
        ("too_many:method=POST,path=*/upload,seconds=1.5", Fault("too_many", "POST", "*/upload", seconds=1.5)),
        ("mapping_error:name=in/a=b.pdf", Fault("mapping_error", name="in/a=b.pdf")),
    ],
)
def test_a_fault_in_words(words: str, fault: Fault) -> None:
    assert Fault.read(words) == fault


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("nonsense", "no fault 'nonsense'; there are .*too_many"),
        ("slow:seconds", "'seconds' of the fault 'slow' is not key=value .*seconds"),
        ("slow:rate=1", "'rate=1' of the fault 'slow'"),
        ("slow:times=many", "times of the fault 'slow' is a number, not 'many'"),
        ("mapping_error", "takes name="),
    ],
)
def test_words_that_are_no_fault(words: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fault.read(words)


REQUESTS = [
    *[("POST", f"{DIRECTORIES}/dir-{{}}/files/upload")] * 60,
    *[("GET", f"{PARSE}/pjb-{{}}{n}") for n in range(60)],
    *[("GET", f"{BATCHES}/bat-{{}}")] * 40,
    *[("POST", BATCHES)] * 10,
]


def befallen(seed: int, order: list[tuple[str, str]], run: str) -> Counter[tuple[str, str]]:
    """What befalls these requests, each one another, whatever the ids of this run are."""
    schedule = Schedule(Faults.random(seed, 0.3))
    for n, (method, path) in enumerate(order):
        schedule.befalls(method, path.format(run), f"{n}".encode())
    return Counter((fault.kind, fault.method) for fault in schedule.injected)


def test_the_same_seed_is_the_same_schedule_in_any_order() -> None:
    for seed in range(20):
        shuffled = REQUESTS.copy()
        random.Random(seed).shuffle(shuffled)
        first, second = befallen(seed, REQUESTS, "a"), befallen(seed, shuffled, "b")
        assert first == second
        assert first
    assert befallen(1, REQUESTS, "a") != befallen(2, REQUESTS, "a")


def test_the_nth_of_a_kind_is_befallen_whoever_it_is() -> None:
    """Reproducible to the request where requests of one kind do not race."""

    def kinds(other: int) -> list[str]:
        schedule = Schedule(Faults.random(11, 0.4))
        seen: list[str] = []
        for n in range(50):
            for m in range(other):
                schedule.befalls("GET", BATCHES, f"{n} {m}".encode())
            fault = schedule.befalls("POST", BATCHES, str(n).encode())
            seen.append("" if fault is None else fault.kind)
        return seen

    assert kinds(0) == kinds(3)
    assert len(set(kinds(0))) > 5


def test_a_random_schedule_lets_a_retry_end_and_draws_every_kind() -> None:
    drawn: set[str] = set()
    longest = 0
    for seed in range(200):
        schedule = Schedule(Faults.random(seed, 0.9))
        row = 0
        for _ in range(40):
            fault = schedule.befalls("POST", BATCHES, b"the same")
            drawn |= set() if fault is None else {fault.kind}
            row = row + 1 if fault is not None and fault.kind in FAILING else 0
            longest = max(longest, row)
    assert longest == LONGEST_ROW
    assert drawn == set(PASSING)
    assert not drawn & {"unauthorized", "out_of_credits", *VEILING, *WORKING}


def test_a_retried_upload_is_known_by_what_it_holds(tmp_path: Path) -> None:
    """Its path is that of every other upload, and its boundary another each time."""
    with Engine(tmp_path, faults=Faults.random(5, 1.0)) as engine, in_this_process(engine) as ask:
        with engine.store.write() as db:
            db.execute(
                "INSERT INTO directories (id, project_id, name, type, created_at, updated_at) "
                "VALUES ('dir-a', ?, 'a', 'user', '2026', '2026')",
                (engine.project.id,),
            )
        ended: set[str] = set()
        for _ in range(2 * LONGEST_ROW + 2):
            for name in ("a.txt", "b.txt", "c.txt"):
                try:
                    answer = ask("POST", files_of("dir-a") + "/upload", files={"upload_file": (name, b"x")})
                except httpx.TransportError:
                    continue
                if answer.status_code in {200, 409}:
                    ended.add(name)
        assert ended == {"a.txt", "b.txt", "c.txt"}


def test_drawn_veils_lift_after_a_few_looks() -> None:
    path = f"{BATCHES}/bat-1"

    def looks(seed: int, batch_id: str) -> dict[str, str]:
        schedule = Schedule(Faults.random(seed, 0.7))
        schedule.created(batch_id)
        label = schedule.label(batch_id)
        shown = {kind: [schedule.veils_look(kind, path, batch_id, label) for _ in range(8)] for kind in VEILING[1:]}
        shown["not_yet"] = [schedule.hides("GET", f"{BATCHES}/{batch_id}", b"") for _ in range(8)]
        return {kind: "".join("x" if veiled else "." for veiled in seen) for kind, seen in shown.items()}

    seen = [looks(seed, f"bat-{seed}") for seed in range(30)]
    assert seen == [looks(seed, "bat-other") for seed in range(30)]
    for kind in DRAWN_VEILS:
        assert {shown[kind] for shown in seen} == {"." * 8, "x" + "." * 7, "xx" + "." * 6, "xxx" + "." * 5}
    assert {shown["partial_results"] for shown in seen} == {"." * 8}, "not every client asks again"
    schedule = Schedule(Faults.random(0, 1.0))
    assert not any(schedule.hides("GET", f"{BATCHES}/bat-old", b"") for _ in range(8)), "not created through us"


@pytest.mark.parametrize("seed", range(6))
def test_a_patient_client_comes_through_a_random_schedule(tmp_path: Path, seed: int) -> None:
    """Twelve tries are enough for anything, and in the end the truth is seen."""
    names = [f"{n}.txt" for n in range(20)]
    with ThreadPoolExecutor(1) as executor:
        faults = Faults.random(seed, 0.3)
        with Engine(tmp_path, executor=executor, faults=faults) as engine, in_this_process(engine) as ask:

            def patient(method: str, path: str, *ends: int, **content: Any) -> httpx.Response:
                for _ in range(12):
                    try:
                        answer = ask(method, path, **content)
                    except httpx.TransportError:
                        continue
                    if answer.status_code in {200, *ends}:
                        return answer
                    assert answer.status_code in {404, 429, 500, 503}
                raise AssertionError(f"{method} {path} never ended: {faults}")

            made = patient("POST", DIRECTORIES, 409, json={"name": "a"}).json()
            directory_id = made.get("id") or made["detail"]["directory_id"]
            for name in names:
                file = {"upload_file": (name, name.encode())}
                patient("POST", files_of(directory_id) + "/upload", 409, files=file)
            batch_id = patient("POST", BATCHES, json=create_body(directory_id)).json()["id"]
            wait_for(lambda: Service(engine, ask).stored(batch_id) == "COMPLETED")
            path, expand = f"{BATCHES}/{batch_id}", {"expand": "results"}
            looks = [patient("GET", path, params=expand).json() for _ in range(12)]
            assert looks[-1]["status"] == "COMPLETED"
            texts = []
            for result in looks[-1]["results"]:
                job = f"{PARSE}/{result['job_reference']['id']}"
                looks = [patient("GET", job, params={"expand": "text_full"}).json() for _ in range(4)]
                assert looks[-1]["job"]["status"] == "COMPLETED"
                texts.append(looks[-1]["text_full"])
            assert sorted(texts) == sorted(names)
        assert engine.schedule.injected
