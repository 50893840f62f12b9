"""Webhooks (contract.md section 1.4). Each choice is shown by the test of its name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from llamabatch_nb.engine.webhooks import attempts, courier
from tests.engine.conftest import MakeApi
from tests.engine.receiver import Receiver, receiving
from tests.engine.support import Api, Json, create_body, pdf, wait_for

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
CONFIGS = "/api/v1/beta/webhook-configs"
ENDED = {"batch.success", "batch.error", "batch.cancelled"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def run(api: Api, receiver: Receiver, *endpoints: Json, files: dict[str, bytes] | None = None, **more: Any) -> Json:
    """A batch with these endpoints, of which the first is told of its end."""
    name = f"documents {len(api.ok('GET', DIRECTORIES)['items'])}"
    body = create_body(api.directory(files or {"a.pdf": pdf("alpha")}, name))
    inline = [{"webhook_url": receiver.url} | each for each in endpoints]
    batch: Json = api.ok("POST", BATCHES, json=body | {"webhook_configurations": inline} | more)
    wait_for(lambda: ENDED & set(receiver.events(batch["id"])))
    return batch


def impatient(api: Api) -> None:
    """Retries come at once."""
    api.engine._courier._pause = lambda _: 0.0


def test_webhook_payload(api: Api, receiver: Receiver) -> None:
    batch = run(api, receiver, {"webhook_output_format": "json"}, files={"a.pdf": pdf("alpha"), "b.pdf": b""})
    told = {(each.json["event_type"], each.json["data"]["id"]): each for each in receiver.told}
    ended = told["batch.success", batch["id"]]
    assert set(ended.json) == {"event_id", "event_type", "timestamp", "data"}
    assert ended.headers["x-webhook-event-id"] == ended.json["event_id"]
    assert ended.headers["x-webhook-event-type"] == "batch.success"
    assert isinstance(ended.json["timestamp"], float)
    assert ended.json["data"] == api.get(batch["id"])
    assert told["batch.pending", batch["id"]].json["data"] == batch
    for job in api.ok("GET", "/api/v2/parse")["items"]:
        event = "parse.success" if job["status"] == "COMPLETED" else "parse.error"
        assert told[event, job["id"]].json["data"] == job | {"job_id": job["id"]}
        running = told["parse.running", job["id"]].json["data"]
        assert (running["status"], running["error_message"]) == ("RUNNING", None)


def test_webhook_output_format(api: Api, receiver: Receiver) -> None:
    secret = {"webhook_signing_secret": "s3cret", "webhook_events": ["batch.success"]}
    run(api, receiver, *(secret | {"webhook_output_format": form} for form in ("json", "string")), secret)
    wait_for(lambda: len(receiver.told) == 3)
    kinds = []
    for told in receiver.told:
        kinds.append(type(json.loads(told.body)))
        assert told.headers["content-type"] == "application/json"
        digest = hmac.new(b"s3cret", told.body, hashlib.sha256).hexdigest()
        assert told.headers["lc-signature"] == f"sha256={digest}"
    assert sorted(map(str, kinds)) == sorted(map(str, [dict, str, str]))


def test_webhook_job_events(api: Api, receiver: Receiver) -> None:
    ends = ["batch.success", "parse.error"]
    batch = run(api, receiver, {"webhook_events": ends}, files={"a.pdf": b"", "b.pdf": pdf("beta")})
    assert receiver.events() == ["parse.error", "batch.success"]
    run(api, receiver, {"webhook_events": ["batch.success"]})
    assert receiver.events()[2:] == ["batch.success"]
    every = run(api, receiver, {})
    assert sorted(receiver.events()[3:]) == sorted(
        ["batch.pending", "batch.running", "parse.pending", "parse.running", "parse.success", "batch.success"]
    )
    assert batch["id"] != every["id"]


def test_webhook_of_a_configuration(api: Api, receiver: Receiver) -> None:
    hook = {"webhook_url": f"{receiver.url}/configuration", "webhook_signing_secret": "s3cret"}
    parameters = {"product_type": "parse_v2", "tier": "fast", "version": "latest", "webhook_configurations": [hook]}
    saved = api.ok("POST", "/api/v1/beta/configurations", json={"name": "mine", "parameters": parameters})
    body = create_body(api.directory({"a.pdf": pdf("alpha")}), saved["id"])
    batch = api.ok("POST", BATCHES, json=body)
    wait_for(lambda: "parse.success" in receiver.events())
    api.finished(batch["id"])
    api.engine.close()  # what there is to tell has been told
    assert receiver.events() == ["parse.pending", "parse.running", "parse.success"]
    assert all("lc-signature" in told.headers for told in receiver.told)


def test_webhook_order(api: Api, receiver: Receiver) -> None:
    impatient(api)
    failed: list[str] = []

    def answer(told: Any) -> int:
        if told.json["event_type"] == "batch.running" and not failed:
            failed.append(told.json["event_id"])
            return 500
        return 200

    receiver.answer = answer
    batch = run(api, receiver, {"webhook_events": ["batch.pending", "batch.running", "batch.success"]})
    wait_for(lambda: len(receiver.told) == 4)
    assert receiver.events(batch["id"])[:2] == ["batch.pending", "batch.running"]
    running = [told for told in receiver.told if told.json["event_type"] == "batch.running"]
    assert [told.json["event_id"] for told in running] == failed * 2
    assert running[0].body == running[1].body


@pytest.mark.parametrize("status", [500, 404, 307])
def test_webhook_retries(api: Api, receiver: Receiver, status: int) -> None:
    impatient(api)
    receiver.answer = lambda told: status if told.json["event_type"] == "batch.running" else 200
    run(api, receiver, {"webhook_events": ["batch.running", "batch.success"]})
    wait_for(lambda: receiver.events().count("batch.running") == 3)
    assert {told.path for told in receiver.told} == {"/"}
    assert [courier.backoff(attempts, lambda: 0.0) for attempts in (1, 2, 3)] == [1, 2, 4]
    assert [courier.backoff(attempts, lambda: 1.0) for attempts in (1, 2, 9)] == [1.25, 2.5, 60]
    assert (courier.ATTEMPTS, attempts.TIMEOUT.read) == (3, 30)


def test_webhook_dead_endpoint(api: Api, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    impatient(api)
    files = {f"{n}.pdf": pdf(str(n)) for n in range(8)}
    receiver.answer = lambda told: 500 if told.path == "/dead/k3y" else 200
    address = receiver.url.removeprefix("http://")
    dead = {"webhook_url": f"http://me:pass@{address}/dead/k3y", "webhook_events": ["parse.pending"]}
    run(api, receiver, {"webhook_events": ["batch.success"]}, dead, files=files)
    with api.engine.store.read() as db:
        wait_for(lambda: db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0)
    tries = [told.json["event_id"] for told in receiver.told if told.path == "/dead/k3y"]
    given_up = [event for event in set(tries) if tries.count(event) == 3]
    assert len(given_up) == 3
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert f"http://{address} is" in warning
    assert not any(word in caplog.text for word in ("pass", "k3y"))
    receiver.answer = lambda _: 200
    run(api, receiver, {"webhook_events": ["batch.success"]}, dead)
    wait_for(lambda: len([told for told in receiver.told if told.path == "/dead/k3y"]) == len(tries) + 1)


def test_webhook_targets(make_api: MakeApi, receiver: Receiver) -> None:
    with ThreadPoolExecutor(1) as executor:
        api = make_api(executor=executor)
        body = create_body(api.directory({"a.pdf": pdf("alpha")}))
        for url in (
            "http://192.0.2.1/x",
            "https://example.com",
            "http://localhost.example.com:80",
            "http://[2001:db8::1]/",
        ):
            (problem,) = api.refused(
                422, "POST", BATCHES, json=body | {"webhook_configurations": [{"webhook_url": url}]}
            )
            assert problem["loc"] == ["body", "webhook_configurations", 0, "webhook_url"]
            assert "--webhooks-anywhere" in problem["msg"]
        saved = api.ok("POST", CONFIGS, json={"webhook_url": "https://example.com/hook"})
        refusal = api.refused(422, "POST", BATCHES, json=body | {"webhook_configuration_ids": [saved["id"]]})
        assert saved["id"] in refusal
        for url in (
            "ftp://localhost/x",
            "localhost:80/x",
            "http:///x",
            "http://local host/",
            "http://localhost:99999/",
        ):
            (problem,) = api.refused(422, "POST", CONFIGS, json={"webhook_url": url})
            assert problem["loc"] == ["body", "webhook_url"]
        assert api.ok("GET", BATCHES)["items"] == []
        port = receiver.url.rpartition(":")[2]
        run(api, receiver, {"webhook_url": f"http://localhost:{port}/here"})
        assert {told.headers["host"] for told in receiver.told} == {f"localhost:{port}"}
        free = make_api("free", executor=executor, webhooks_anywhere=True)
        body = create_body(free.directory({"a.pdf": pdf("alpha")}))
        anywhere = [{"webhook_url": "http://192.0.2.1/x", "webhook_events": ["batch.error"]}]
        free.finished(free.ok("POST", BATCHES, json=body | {"webhook_configurations": anywhere})["id"])
        for made in (api, free):
            made.engine.close()


def test_webhook_endpoints_at_create(make_api: MakeApi, receiver: Receiver) -> None:
    api = make_api(seconds_per_file=0.3)
    saved = api.ok("POST", CONFIGS, json={"webhook_url": f"{receiver.url}/before", "webhook_events": ["batch.success"]})
    body = create_body(api.directory({"a.pdf": pdf("alpha")}))
    assert "whc-none" in api.refused(404, "POST", BATCHES, json=body | {"webhook_configuration_ids": ["whc-none"]})
    batch = api.ok("POST", BATCHES, json=body | {"webhook_configuration_ids": [saved["id"]]})
    api.ok("PUT", f"{CONFIGS}/{saved['id']}", json={"webhook_url": f"{receiver.url}/after"})
    assert api.raw("DELETE", f"{CONFIGS}/{saved['id']}").status_code == 204
    wait_for(lambda: receiver.events(batch["id"]))
    assert [told.path for told in receiver.told] == ["/before"]
    many = {"webhook_configurations": [{"webhook_url": receiver.url}] * 21}
    assert "20 at most" in api.refused(422, "POST", BATCHES, json=body | many)


def test_webhook_fields(idle: Api) -> None:
    body = create_body(idle.directory({"a.pdf": pdf("alpha")}))
    url = {"webhook_url": "http://localhost/"}
    for wrong, where in (
        ({}, "webhook_url"),
        ({"webhook_url": None}, "webhook_url"),
        (url | {"webhook_events": []}, "webhook_events"),
        (url | {"webhook_events": ["nonsense"]}, "webhook_events"),
        (url | {"webhook_headers": {"Host": "x"}}, "webhook_headers"),
        (url | {"webhook_headers": {"a b": "x"}}, "webhook_headers"),
        (url | {"webhook_headers": {"a": "x\r\ny: z"}}, "webhook_headers"),
        (url | {"webhook_headers": {"a": "é"}}, "webhook_headers"),
        (url | {"webhook_output_format": "xml"}, "webhook_output_format"),
        (url | {"webhook_signing_secret": ""}, "webhook_signing_secret"),
    ):
        (problem, *_) = idle.refused(422, "POST", CONFIGS, json={"webhook_url": None} | wrong)
        assert problem["loc"][:2] == ["body", where]
        (problem, *_) = idle.refused(422, "POST", BATCHES, json=body | {"webhook_configurations": [url, wrong]})
        assert problem["loc"][:4] == ["body", "webhook_configurations", 1, where]
    large = url | {"webhook_headers": {f"h{n}": "x" * 1000 for n in range(17)}}
    (problem,) = idle.refused(422, "POST", CONFIGS, json=large)
    assert "16,384" in problem["msg"]
    idle.refused(422, "POST", CONFIGS, json={"webhook_url": "http://localhost/" + "x" * 2048})
    # None and nothing are the same.
    idle.ok("POST", BATCHES, json=body | {"webhook_configuration_ids": [], "webhook_configurations": None})


def test_webhook_headers(api: Api, receiver: Receiver) -> None:
    own = {"Content-Type": "text/plain", "x-webhook-event-id": "mine", "X-Own": "kept", "User-Agent": "me"}
    address = receiver.url.removeprefix("http://")
    run(api, receiver, {"webhook_headers": own, "webhook_url": f"http://me:p%40ss@{address}/x?y=1"})
    for told in receiver.told:
        assert told.path == "/x?y=1"
        assert (told.headers["content-type"], told.headers["x-own"]) == ("application/json", "kept")
        assert told.headers["x-webhook-event-id"] == told.json["event_id"]
        assert told.headers["user-agent"] == "llamaindex-webhook-service/1.0"
        assert told.headers["authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()
        assert told.headers["host"] == address


def test_webhook_masks(idle: Api) -> None:
    secrets = {"webhook_headers": {"Authorization": "Bearer k3y"}, "webhook_signing_secret": "s3cret"}
    made = idle.ok("POST", CONFIGS, json={"webhook_url": "https://me:pass@example.com/x"} | secrets)
    assert made["webhook_url"] == "https://****:****@example.com/x"
    assert made["webhook_headers"] == {"Authorization": "****"}
    assert made["has_secret"] is True
    assert "webhook_signing_secret" not in made
    again = idle.ok("PUT", f"{CONFIGS}/{made['id']}", json={"webhook_headers": made["webhook_headers"]})
    assert again["webhook_headers"] == {"Authorization": "****"}
    with idle.engine.store.read() as db:
        assert "k3y" not in db.execute("SELECT endpoint FROM webhook_configurations").fetchone()[0]
    shown = [made, *idle.ok("GET", CONFIGS), *idle.ok("GET", "/api/v2/webhook-configs")["items"]]
    assert not any(word in json.dumps(shown) for word in ("k3y", "s3cret", "pass"))


def test_webhook_update(idle: Api) -> None:
    made = idle.ok(
        "POST",
        CONFIGS,
        json={
            "webhook_url": "https://example.com/x",
            "webhook_events": ["batch.success"],
            "webhook_headers": {"a": "b"},
            "webhook_output_format": "json",
            "webhook_signing_secret": "s3cret",
        },
    )
    path = f"{CONFIGS}/{made['id']}"
    changed = idle.ok("PUT", path, json={"webhook_url": "https://example.com/y"})
    assert changed == made | {"webhook_url": "https://example.com/y", "updated_at": changed["updated_at"]}
    gone = ("webhook_events", "webhook_headers", "webhook_output_format")
    cleared = idle.ok("PUT", path, json=dict.fromkeys((*gone, "webhook_signing_secret")))
    assert cleared == changed | dict.fromkeys(gone) | {"has_secret": False, "updated_at": cleared["updated_at"]}
    idle.refused(422, "PUT", path, json={})
    idle.refused(422, "PUT", path, json={"webhook_events": []})
    (problem,) = idle.refused(422, "PUT", path, json={"webhook_url": None})
    assert problem["loc"] == ["body", "webhook_url"]
    assert idle.ok("GET", path) == cleared


def test_webhook_at_close(make_api: MakeApi, receiver: Receiver) -> None:
    hold = threading.Event()
    first = threading.Event()

    def answer(_: Any) -> int:
        first.set()
        hold.wait()
        return 200

    receiver.answer = answer
    try:
        with ThreadPoolExecutor(1) as executor:
            api = make_api(executor=executor)
            body = create_body(api.directory({"a.pdf": pdf("alpha")}))
            events = {"webhook_url": receiver.url, "webhook_events": ["batch.pending", "batch.success"]}
            batch = api.ok("POST", BATCHES, json=body | {"webhook_configurations": [events]})
            api.finished(batch["id"])
            first.wait()
            api.engine.close()
            hold.set()
            receiver.answer = lambda _: 200
            make_api()
            wait_for(lambda: "batch.success" in receiver.events())
        # The one in the middle of which the engine was closed comes again.
        assert receiver.events(batch["id"]) == ["batch.pending", "batch.pending", "batch.success"]
    finally:
        hold.set()
