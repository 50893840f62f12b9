"""Events find their way to those who subscribed, whatever becomes of processes and endpoints on the way."""

from __future__ import annotations

import json
import logging
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from llamabatch_nb.contract.webhooks import CreateWebhookConfiguration, WebhookParam
from llamabatch_nb.engine.resources import batches, jobs
from llamabatch_nb.engine.store import endpoint_lists, snapshots
from llamabatch_nb.engine.webhooks import deliveries, targets
from llamabatch_nb.engine.webhooks.courier import Courier
from llamabatch_nb.engine.webhooks.targets import TargetError
from llamabatch_nb.engine.work.tasks import Outcome
from tests.engine.conftest import MakeApi
from tests.engine.receiver import Receiver, receiving
from tests.engine.support import PATIENCE, Api, Json, create_body, files_of, pdf, wait_for

BATCHES = "/api/v2/batches"
NOW = "2026-01-01T00:00:00.000000Z"
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def batch(api: Api, *endpoints: Json, files: int = 1, name: str = "documents", **body: Any) -> Json:
    directory_id = api.directory({f"{n}.pdf": pdf(str(n)) for n in range(files)}, name)
    content = create_body(directory_id) | {"webhook_configurations": list(endpoints)} | body
    return dict(api.ok("POST", BATCHES, json=content))


def left(api: Api) -> int:
    """Events and deliveries that are on their way."""
    with api.engine.store.read() as db:
        counted = db.execute("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM deliveries)")
        return int(counted.fetchone()[0])


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "llamabatch-webhooks"]


def test_who_did_not_ask_pays_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        started.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted)
    api.finished(batch(api)["id"])
    assert "llamabatch-webhooks" not in started
    assert left(api) == 0


def test_the_thread_ends_when_all_has_arrived_and_comes_again(api: Api, receiver: Receiver) -> None:
    for n in range(3):
        api.finished(batch(api, {"webhook_url": receiver.url}, name=str(n))["id"])
        wait_for(lambda: not left(api))
        wait_for(lambda: not threads())
    assert receiver.events().count("batch.success") == 3
    assert len(receiver.told) == 18


def test_every_end_of_a_job_has_its_event(idle: Api, receiver: Receiver) -> None:
    """The store alone: whatever changes a status, triggers make the event of it."""
    engine = idle.engine
    hooks = json.dumps([{"webhook_url": receiver.url}])
    with engine.store.write() as db:
        told, list_id = snapshots.keep(db, {}), endpoint_lists.keep(db, hooks)

        def new(job_id: str, kind: str, parse_job_id: str | None = None) -> jobs.NewJob:
            common: Any = {
                "name": job_id,
                "blob": "b",
                "size": 1,
                "snapshot_id": told,
                "tier": None,
                "file_input": "dfl-1",
            }
            return jobs.NewJob(id=job_id, type=kind, webhooks=list_id, parse_job_id=parse_job_id, **common)

        outcomes: list[Outcome] = []
        for kind, prefix in ((jobs.PARSE, "pjb"), (jobs.EXTRACT, "ext")):
            names = ["good", "part", "bad", "cancelled"]
            made = [new(f"{prefix}-{name}", kind) for name in names]
            jobs.add(db, made, batch_id=None, project_id=engine.project.id, now=NOW)
            jobs.cancel(db, f"{prefix}-cancelled", kind, NOW)
        for claim in jobs.claim(db, None, "own-1", files=20, size=1000, now=NOW):
            end = claim.id.partition("-")[2]
            error = "It is bad." if end == "bad" else None
            failed = int(end == "part")
            outcomes.append(Outcome(job_id=claim.id, fence=claim.fence, error=error, pages=2, pages_failed=failed))
        jobs.settle(db, "own-1", outcomes, NOW)
        assert db.execute("SELECT count(webhooks) FROM jobs").fetchone()[0] == 0
    courier = Courier(engine.store, anywhere=False)
    courier.look()
    wait_for(lambda: not left(idle))
    courier.stop()
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    for each in receiver.told:
        data = each.json["data"]
        found.setdefault(data["id"], []).append((each.json["event_type"], data["status"], data["error_message"]))
    ends = {
        "good": ("success", "COMPLETED", None),
        "part": ("partial_success", "COMPLETED", None),
        "bad": ("error", "FAILED", "It is bad."),
        "cancelled": ("cancelled", "CANCELLED", None),
    }
    for prefix, family in (("pjb", "parse"), ("ext", "extract")):
        for name, (event, status, error) in ends.items():
            running = [("parse.running", "RUNNING", None)] if family == "parse" and name != "cancelled" else []
            expected = [(f"{family}.pending", "PENDING", None), *running, (f"{family}.{event}", status, error)]
            assert found.pop(f"{prefix}-{name}") == expected
    assert found == {}


def test_batches_tell_of_failures_and_cancels(make_api: MakeApi, receiver: Receiver) -> None:
    api = make_api(seconds_per_file=0.5)
    made = batch(api, {"webhook_url": receiver.url}, files=3)
    wait_for(lambda: "parse.running" in receiver.events())
    api.ok("POST", f"{BATCHES}/{made['id']}/cancel")
    wait_for(lambda: "batch.cancelled" in receiver.events())
    assert receiver.events(made["id"]) == ["batch.pending", "batch.running", "batch.cancelled"]
    assert {"parse.cancelled", "parse.success"} <= set(receiver.events())


def test_an_extract_batch_tells_of_its_extract_jobs(api: Api, receiver: Receiver) -> None:
    parameters = {"product_type": "extract_v2", "data_schema": SCHEMA}
    saved = api.ok("POST", "/api/v1/beta/configurations", json={"name": "mine", "parameters": parameters})["id"]
    config = {"job": {"type": "extract_v2", "configuration_id": saved}}
    made = batch(api, {"webhook_url": receiver.url, "webhook_output_format": "json"}, config=config)
    wait_for(lambda: "batch.success" in receiver.events())
    (job,) = api.ok("GET", "/api/v2/extract")["items"]
    ended = next(
        told.json
        for told in receiver.told
        if told.json["event_type"].startswith("extract.") and told.json["data"]["status"] != "PENDING"
    )
    assert set(receiver.events()) == {
        *("batch.pending", "batch.running", "batch.success", "extract.pending"),
        ended["event_type"],
    }
    beyond = ("extract_result", "metadata", "extract_metadata")
    assert ended["data"] == job | {"job_id": job["id"]} | dict.fromkeys(beyond)
    assert receiver.events(made["id"])[0] == "batch.pending"


def test_a_lone_job_tells_what_it_was_asked_to(api: Api, receiver: Receiver) -> None:
    hook = {"webhook_url": receiver.url, "webhook_events": ["parse.success"]}
    configuration = json.dumps({"tier": "fast", "version": "latest", "webhook_configurations": [hook]})
    form = {"data": {"configuration": configuration}, "files": {"file": ("a.txt", b"words")}}
    job = api.ok("POST", "/api/v2/parse/upload", **form)
    wait_for(lambda: receiver.events(job["id"]) == ["parse.success"])
    body = {
        "file_input": job["id"],
        "configuration": {"data_schema": SCHEMA},
        "webhook_configurations": [{"webhook_url": receiver.url}],
    }
    extract = api.ok("POST", "/api/v2/extract", json=body)
    wait_for(lambda: len(receiver.events(extract["id"])) == 2)
    assert receiver.events(extract["id"])[0] == "extract.pending"


def test_one_endpoint_that_hangs_keeps_nobody_waiting(api: Api, receiver: Receiver) -> None:
    hold = threading.Event()
    receiver.answer = lambda told: 200 if told.path == "/good" or hold.wait(PATIENCE) else 500
    try:
        made = batch(api, {"webhook_url": f"{receiver.url}/hangs"}, {"webhook_url": f"{receiver.url}/good"}, files=4)
        wait_for(lambda: "batch.success" in [told.json["event_type"] for told in receiver.told if told.path == "/good"])
        assert len([told for told in receiver.told if told.path == "/hangs"]) == 1
    finally:
        hold.set()
    wait_for(lambda: not left(api))
    assert receiver.events(made["id"]).count("batch.success") == 2


def test_several_engines_on_one_folder_tell_each_thing_once(make_api: MakeApi, receiver: Receiver) -> None:
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        apis = [make_api(executor=executor, seconds_per_file=0.02) for executor in (first, second)]
        made = [batch(api, {"webhook_url": receiver.url}, files=15, name=str(n)) for n, api in enumerate(apis * 2)]
        for each in made:
            apis[0].finished(each["id"])
        wait_for(lambda: not left(apis[0]))
        for api in apis:
            api.engine.close()
    ids = [told.json["event_id"] for told in receiver.told]
    assert len(ids) == len(set(ids)) == 4 * (3 + 3 * 15)


def test_engines_on_one_folder_take_turns_with_an_endpoint(idle: Api, receiver: Receiver) -> None:
    """Each claims several deliveries: what the second one took would else come before what the first one still has."""
    hold = threading.Event()
    receiver.answer = lambda _: 200 if len(receiver.told) > 1 or hold.wait(PATIENCE) else 500
    names = [f"pjb-{n}" for n in range(40)]
    with idle.engine.store.write() as db:
        told = snapshots.keep(db, {})
        list_id = endpoint_lists.keep(db, json.dumps([{"webhook_url": receiver.url}]))
        new = [jobs.NewJob(name, jobs.PARSE, name, "b", 1, told, None, webhooks=list_id) for name in names]
        jobs.add(db, new, batch_id=None, project_id=idle.engine.project.id, now=NOW)
    first, second = (Courier(idle.engine.store, anywhere=False) for _ in range(2))
    first.look()
    wait_for(lambda: receiver.told)
    try:
        second.look()
        second.stop()  # it has seen what is due, and would have sent it
        assert len(receiver.told) == 1
    finally:
        hold.set()
    wait_for(lambda: not left(idle))
    first.stop()
    assert [told.json["data"]["id"] for told in receiver.told] == names


def test_a_claim_keeps_others_from_an_endpoint_until_it_runs_out(idle: Api) -> None:
    with idle.engine.store.write() as db:
        endpoint_id = endpoint_lists.keep(db, json.dumps([{"webhook_url": "http://localhost/"}]))
        rows = [(str(n), endpoint_id) for n in range(4)]
        db.executemany(
            "INSERT INTO deliveries (event_id, type, body, endpoint_id, due) VALUES (?, 'parse.success', '', ?, 0)",
            rows,
        )
        lease = deliveries.LEASE_SECONDS
        taken = deliveries.claim(db, endpoint_id, 1.0, 2)
        assert [each.event_id for each in taken] == ["0", "1"]
        assert deliveries.claim(db, endpoint_id, 2.0, 2) == []
        assert deliveries.dues(db, 2.0) == {endpoint_id: 1.0 + lease}  # a courier sleeps until then
        deliveries.give_back(db, taken, 2.0)
        assert deliveries.dues(db, 2.0) == {endpoint_id: 0.0}
        taken = deliveries.claim(db, endpoint_id, 2.0, 2)
        deliveries.arrived(db, taken[0])
        deliveries.postpone(db, taken[1], 50.0)  # waits, and keeps nobody waiting
        assert [each.event_id for each in deliveries.claim(db, endpoint_id, 3.0, 1)] == ["2"]
        later = deliveries.claim(db, endpoint_id, 3.0 + lease, 9)  # whoever had it is gone
        assert [(each.event_id, each.attempts) for each in later] == [("2", 2), ("3", 1)]


def stored(api: Api) -> tuple[int, int]:
    """The bytes of the store without what is free in it, and how many lists of endpoints are in it."""
    with api.engine.store.read() as db:
        pages, free, size = (
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size, db.execute("SELECT count(*) FROM endpoint_lists").fetchone()[0]


def test_endpoints_are_stored_once_and_deleted_with_the_last_who_tells_them(idle: Api) -> None:
    files, size = 40, 15_000
    hooks = [{"webhook_url": f"http://localhost/{n}", "webhook_headers": {"x-key": "k" * size}} for n in range(20)]
    made = batch(idle, *hooks, files=files)
    once = len(hooks) * size
    before, _ = stored(idle)
    with idle.engine.store.write() as db:
        batches.map_files(db, made["id"], idle.engine.ids, NOW, idle.engine.schedule)
    after, lists = stored(idle)
    assert lists == 1
    assert after - before < once  # jobs and events: they would be 80 times that much
    idle.ok("POST", f"{BATCHES}/{made['id']}/cancel")
    with idle.engine.store.write() as db:
        assert db.execute("SELECT count(webhooks) FROM jobs").fetchone()[0] == 0
        assert deliveries.spread(db, 0.0) is False
        count = db.execute("SELECT count(*) FROM deliveries").fetchone()[0]
    assert count == len(hooks) * (3 + 2 * files)
    after, lists = stored(idle)
    assert lists == len(hooks)  # each alone, and the list of all is gone
    assert after - before < 10 * once  # bodies, and not 83 times the endpoints
    with idle.engine.store.write() as db:
        for endpoint_id in deliveries.dues(db, 0.0):
            deliveries.drop_endpoint(db, endpoint_id)
    assert stored(idle)[1] == 0


def test_endpoints_of_what_is_deleted_are_deleted(idle: Api) -> None:
    """A job that is deleted before its end forgets them as well, and others keep them."""
    file = {"data": {"purpose": "extract"}, "files": {"file": ("a.txt", b"words")}}
    file_id = idle.ok("POST", "/api/v1/beta/files", **file)["id"]
    body = {"file_input": file_id, "configuration": {"data_schema": SCHEMA}}
    hooks = {"webhook_configurations": [{"webhook_url": "http://localhost/", "webhook_events": ["extract.success"]}]}
    ids = [idle.ok("POST", "/api/v2/extract", json=body | hooks)["id"] for _ in range(2)]
    for job_id, lists in zip(ids, (1, 0), strict=True):
        with idle.engine.store.write() as db:
            deliveries.spread(db, 0.0)  # nobody wants extract.pending
        idle.ok("DELETE", f"/api/v2/extract/{job_id}", params={"force": "true"})
        assert stored(idle)[1] == lists


def test_what_a_killed_process_was_about_to_tell_is_told(tmp_path: Path, receiver: Receiver) -> None:
    hold = threading.Event()
    first: list[str] = []

    def answer(told: Any) -> int:
        if not first:
            first.append(told.json["event_id"])
            hold.wait(PATIENCE)
        return 200

    receiver.answer = answer
    # Leases as short as this let the test wait no longer; the claim of the dead process has to run out.
    code = (
        "from llamabatch_nb.engine.webhooks import deliveries; deliveries.LEASE_SECONDS = 1.5\n"
        "from llamabatch_nb.engine.serve import serve\n"
        f"serve('127.0.0.1', 0, {str(tmp_path / 'data')!r}, workers=1)"
    )

    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return process, process.stdout.readline().split()[-1]

    process, url = start()
    try:
        with httpx.Client(base_url=url, headers={"authorization": "Bearer any"}, timeout=PATIENCE) as client:
            directory_id = client.post("/api/v1/beta/directories", json={"name": "a"}).json()["id"]
            client.post(files_of(directory_id) + "/upload", files={"upload_file": ("a.pdf", pdf("alpha"))})
            hook = {"webhook_url": receiver.url, "webhook_events": ["batch.pending", "batch.running", "batch.success"]}
            batch_id = client.post(BATCHES, json=create_body(directory_id) | {"webhook_configurations": [hook]}).json()[
                "id"
            ]
            wait_for(lambda: first)
            wait_for(lambda: client.get(f"{BATCHES}/{batch_id}").json()["status"] == "COMPLETED")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        hold.set()
        process, _ = start()
        wait_for(lambda: "batch.success" in receiver.events())
    finally:
        hold.set()
        process.terminate()
        process.communicate(timeout=PATIENCE)
    ids = [told.json["event_id"] for told in receiver.told]
    assert receiver.events() == ["batch.pending", "batch.pending", "batch.running", "batch.success"]
    assert ids[0] == ids[1] == first[0]


def test_a_target_that_is_not_this_machine_any_more(make_api: MakeApi, receiver: Receiver, caplog: Any) -> None:
    """The engine that took it was told otherwise, or its name led here then."""
    free = make_api(webhooks_anywhere=True)
    free.engine._courier.stop()  # what there is to tell is left to the next engine
    free.finished(batch(free, {"webhook_url": "http://192.0.2.1/k3y", "webhook_events": ["batch.success"]})["id"])
    free.engine.close()
    api = make_api()
    api.engine._courier._pause = lambda _: 0.0
    wait_for(lambda: not left(api))
    wait_for(lambda: caplog.records)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "http://192.0.2.1 " in warning
    assert "not this machine any more" in warning
    assert receiver.told == []


def test_addresses() -> None:
    async def found(host: str, *, anywhere: bool = False) -> list[str]:
        return await targets.addresses(host, 80, anywhere=anywhere)

    assert anyio.run(found, "localhost")[0] in {"127.0.0.1", "::1"}
    assert anyio.run(found, "::1") == ["::1"]
    assert anyio.run(lambda: found("192.0.2.1", anywhere=True)) == ["192.0.2.1"]
    for host in ("192.0.2.1", "0.0.0.0", "::ffff:192.0.2.1", "name.invalid"):
        with pytest.raises(TargetError):
            anyio.run(found, host)
    here = ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"]
    there = ["", "example.com", "localhost.example.com", "0.0.0.0", "127.0.0.1.example.com", "2130706433", "0x7f.1"]
    assert [targets.is_here(host) for host in here + there] == [True] * len(here) + [False] * len(there)


def test_no_secret_is_left_behind(api: Api, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"webhook_signing_secret": "s3cret", "webhook_headers": {"authorization": "Bearer k3y"}}
    url = receiver.url.replace("://", "://me:pass@") + "/t0ken"
    receiver.answer = lambda told: 500 if told.json["event_type"] == "parse.success" else 200
    api.engine._courier._pause = lambda _: 0.0
    made = batch(api, {"webhook_url": url} | secrets)
    api.finished(made["id"])
    wait_for(lambda: not left(api))
    wait_for(lambda: not threads())
    words = ("s3cret", "k3y", "pass@", "t0ken")
    ours = [record.getMessage() for record in caplog.records]
    assert any("is not told" in message for message in ours)
    assert [message for message in ours for word in words if word in message] == []
    with api.engine.store.read() as db:
        kept = "\n".join(db.iterdump())
    assert made["id"] in kept
    assert [word for word in words if word in kept] == []
    endpoint = {"webhook_url": url} | secrets
    for shown in (repr(WebhookParam(**endpoint)), repr(CreateWebhookConfiguration(**endpoint))):
        assert [word for word in words if word in shown] == []


def test_a_disk_that_is_full_for_a_while_loses_no_event(api: Api, receiver: Receiver, caplog: Any) -> None:
    caplog.set_level(logging.CRITICAL, "llamabatch_nb")  # it says that it tries again, which is not looked at here
    api.engine._courier.stop()
    api.finished(batch(api, {"webhook_url": receiver.url, "webhook_events": ["batch.success"]})["id"])
    courier = Courier(api.engine.store, anywhere=False)
    spread = courier._spread
    failed: list[int] = []

    def once() -> dict[str, float]:
        if not failed:
            failed.append(1)
            raise sqlite3.OperationalError("database or disk is full")
        return spread()

    courier._spread = once  # type: ignore[method-assign]
    courier.look()
    wait_for(lambda: receiver.events() == ["batch.success"])
    courier.stop()
