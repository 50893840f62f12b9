"""The resources over the real engine, through both faces; and what is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from llamabatch_nb.client.clients import AsyncClient, Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.faces import SyncPages
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.contract.webhooks import WebhookParam
from llamabatch_nb.engine import Engine
from llamabatch_nb.errors import ConflictError, FileReadError, InputError, NotFoundError
from tests.contract.wire import SERVICE, our_core, our_method
from tests.engine.support import pdf, wait_for

PRESET = "cfg-PARSE_AGENTIC"
CONFIG = {"job": {"type": "parse_v2", "configuration_id": PRESET}}
#: Calls a method by its name; a list is read to its end.
Call = Callable[..., Any]


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with ThreadPoolExecutor(1) as executor, Engine(tmp_path / "engine", executor=executor) as engine:
        core = Core(Settings.read(api_key="any", base_url=SERVICE), transport=in_process(engine.app), timeout=None)
        yield core
        core.close()


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest, core: Core) -> Call:
    if request.param == "sync":

        def blocking(name: str, /, *ids: str, **arguments: Any) -> Any:
            result = our_method(Client(core=core), name)(*ids, **arguments)
            return list(result) if isinstance(result, SyncPages) else result

        return blocking

    def awaiting(name: str, /, *ids: str, **arguments: Any) -> Any:
        async def wait() -> Any:
            result = our_method(AsyncClient(core=core), name)(*ids, **arguments)
            return [item async for item in result] if isinstance(result, Pages) else await result

        return anyio.run(wait)

    return awaiting


def test_from_a_directory_to_the_text(call: Call, tmp_path: Path) -> None:
    directory = call("directories.create", name="Q3", description="bills", type="ephemeral")
    assert call("directories.get", directory.id) == directory
    assert call("directories.list", name="Q3", types=["ephemeral"], page_size=1) == [directory]
    assert call("directories.list", type="user") == []

    path = tmp_path / "bill.pdf"
    path.write_bytes(pdf("alpha", "beta"))
    bill = call("directories.files.upload", directory.id, upload_file=path, metadata={"team": "ü", "n": ["a"]})
    note = call("directories.files.upload", directory.id, upload_file=("note.txt", b"words"), unique_id="a/note.txt")
    assert (bill.display_name, bill.unique_id, bill.metadata) == ("bill.pdf", "bill.pdf", {"team": "ü", "n": ["a"]})
    assert call("directories.files.list", directory.id, page_size=1) == [bill, note]
    assert call("directories.files.list", directory.id, unique_id="a/note.txt") == [note]
    assert call("directories.files.list", directory.id, updated_at_on_or_before=datetime(2020, 1, 1, tzinfo=UTC)) == []
    assert call("directories.files.get", note.id, directory_id=directory.id) == note

    batch = call("batches.create", config=CONFIG, source_directory_id=directory.id)
    wait_for(lambda: call("batches.get", batch.id).status == "COMPLETED")
    batch = call("batches.get", batch.id, expand=["results"])
    assert [result.source_directory_file_id for result in batch.results] == [bill.id, note.id]
    assert [one.id for one in call("batches.list", status="COMPLETED", source_directory_id=directory.id)] == [batch.id]
    with pytest.raises(ConflictError):
        call("batches.cancel", batch.id)

    jobs = [result.job_reference.id for result in batch.results]
    assert {job.id for job in call("parsing.list", job_ids=jobs, status="COMPLETED", page_size=1)} == set(jobs)
    read = call("parsing.get", jobs[0], expand=["text", "markdown", "items", "metadata", "usage"])
    assert [page.text.strip() for page in read.text.pages] == ["alpha", "beta"]
    assert [page.markdown.strip() for page in read.markdown.pages] == ["alpha", "beta"]
    assert [page.page_number for page in read.metadata.pages] == [1, 2]
    assert read.job.status == "COMPLETED"


def test_files_are_added_and_deleted(call: Call) -> None:
    first, second = (call("directories.create", name=name) for name in ("first", "second"))
    file = call("directories.files.upload", first.id, upload_file=("a.txt", b"alpha"))
    again = call(
        "directories.files.add", second.id, file_id=file.file_id, metadata={"attempt": 2, "of": ["x"], "n": None}
    )
    assert (again.display_name, again.file_id, again.directory_id) == ("a.txt", file.file_id, second.id)
    assert again.metadata == {"attempt": 2, "of": ["x"], "n": None}
    assert call("directories.files.delete", again.id, directory_id=second.id) is None
    assert call("directories.files.list", second.id) == []
    assert call("files.delete", file.file_id) is None
    with pytest.raises(NotFoundError):
        call("directories.files.add", second.id, file_id=file.file_id)
    assert call("directories.delete", first.id) is None
    with pytest.raises(NotFoundError):
        call("directories.get", first.id)


def test_configurations_and_projects(call: Call) -> None:
    preset = call("configurations.get", PRESET)
    assert (preset.id, preset.product_type, preset.parameters["tier"]) == (PRESET, "parse_v2", "agentic")
    assert preset in call("configurations.list", product_type=["parse_v2"], page_size=1)
    (project,) = call("projects.list")
    assert call("projects.list", project_name=project.name) == [project]
    assert call("directories.create", name="mine", project_id=project.id).project_id == project.id


def test_a_list_asks_for_nothing_before_it_is_read_and_for_no_page_too_many(core: Core) -> None:
    client = Client(core=core)
    for name in "abc":
        client.directories.create(name=name)
    before = core.http.requests
    listed = client.directories.list(page_size=2)
    assert core.http.requests == before
    first = listed.first()
    assert first is not None
    assert core.http.requests == before + 1
    assert [[item.name for item in page.items] for page in listed.pages()] == [["c", "b"], ["a"]]
    assert core.http.requests == before + 3
    assert client.directories.list(name="none").first() is None


WEBHOOK = {"webhook_url": "https://example.com/hook"}


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("batches.get", {"batch_id": ""}, "batch_id is ''"),
        ("batches.get", {"batch_id": "  "}, "batch_id is '  '"),
        ("batches.cancel", {"batch_id": ".."}, "batch_id is '..'"),
        ("directories.delete", {"directory_id": "."}, "directory_id is '.'"),
        ("directories.delete", {"directory_id": None}, "directory_id has to be a string, not NoneType"),
        ("directories.files.list", {"directory_id": ""}, "directory_id is ''"),
        ("directories.files.delete", {"directory_file_id": "", "directory_id": "d"}, "directory_file_id is ''"),
        ("parsing.get", {"job_id": ""}, "job_id is ''"),
        ("extract.delete", {"job_id": ""}, "job_id is ''"),
        ("files.content", {"file_id": ""}, "file_id is ''"),
        ("configurations.delete", {"config_id": ""}, "config_id is ''"),
        ("webhook_configurations.get", {"config_id": ""}, "config_id is ''"),
        ("projects.get", {"project_id": ""}, "project_id is ''"),
        ("v2_projects.get", {"project_id": ""}, "project_id is ''"),
        ("batches.get", {"batch_id": "b", "project_id": ""}, "project_id: String should have at least 1"),
        ("batches.get", {"batch_id": "b", "expand": ["result"]}, "expand.0: Input should be 'results'"),
        ("batches.list", {"status": "DONE"}, "status: Input should be 'PENDING'"),
        ("batches.list", {"source_directory_id": ""}, "source_directory_id: String should have at least 1"),
        ("batches.list", {"page_size": 0}, "page_size: Input should be greater than or equal to 1"),
        ("batches.list", {"page_size": 1001}, "page_size: Input should be less than or equal to 1000"),
        (
            "batches.list",
            {"created_at_on_or_after": "soon"},
            "created_at_on_or_after: Input should be a valid datetime",
        ),
        ("batches.create", {"config": CONFIG, "source_directory_id": ""}, "source_directory_id: String should have"),
        ("batches.create", {"config": {"job": {}}, "source_directory_id": "d"}, "config.job.type: Field required"),
        ("directories.create", {"name": ""}, "name: String should have at least 1"),
        ("directories.create", {"name": "n", "type": "index"}, "type: Input should be 'user' or 'ephemeral'"),
        ("directories.create", {"name": "n", "system_metadata": {"x": float("nan")}}, "JSON has no NaN"),
        ("directories.update", {"directory_id": "d"}, "nothing to change"),
        ("directories.list", {"types": ["users"]}, "types.0: Input should be"),
        ("directories.files.add", {"directory_id": "d", "file_id": ""}, "file_id: String should have at least 1"),
        ("directories.files.add", {"directory_id": "d", "file_id": "f", "metadata": {"a": {}}}, "metadata.a"),
        ("directories.files.add", {"directory_id": "d", "file_id": "f", "metadata": {"a": float("inf")}}, "metadata.a"),
        ("directories.files.upload", {"directory_id": "d", "upload_file": ("", b"x")}, "the name of the file is empty"),
        ("directories.files.upload", {"directory_id": "d", "upload_file": "a.pdf"}, "has to be a pathlib.Path or"),
        (
            "directories.files.upload",
            {"directory_id": "d", "upload_file": ("a", b""), "metadata": {"at": datetime(2026, 1, 1, tzinfo=UTC)}},
            "metadata: at",
        ),
        ("files.create", {"file": ("a", b""), "purpose": "fun"}, "purpose: Input should be 'user_data'"),
        ("files.create", {"file": ("a", "text"), "purpose": "parse"}, "has to be a pathlib.Path or"),
        ("files.content", {"file_id": "f", "expires_at_seconds": 0}, "expires_at_seconds: Input should be greater"),
        ("files.list", {"order_by": "size"}, "order_by: Input should be 'name'"),
        ("configurations.create", {"name": "n", "parameters": {"tier": "fast"}}, "product_type has to be one of parse"),
        ("configurations.list", {"product_type": ["parse"]}, "product_type.0: Input should be"),
        ("extract.get", {"job_id": "j", "expand": ["results"]}, "expand.0: Input should be 'configuration'"),
        ("extract.list", {"expand": ["usage"]}, "expand.0: Input should be 'configuration'"),
        ("extract.list", {"status": "DONE"}, "status: Input should be 'PENDING', 'THROTTLED'"),
        ("parsing.list", {"job_ids": [""]}, "job_ids names nothing"),
        ("files.list", {"file_ids": ""}, "file_ids names nothing"),
        ("parsing.list", {"status": "THROTTLED"}, "status: Input should be 'PENDING'"),
        ("webhook_configurations.create", WEBHOOK | {"webhook_events": []}, "webhook_events: List should have"),
        ("webhook_configurations.create", WEBHOOK | {"webhook_events": ["batch.done"]}, "webhook_events.0: Input"),
        ("webhook_configurations.create", WEBHOOK | {"webhook_output_format": "xml"}, "Input should be 'string' or"),
    ],
)
def test_it_is_refused_before_anything_is_sent(name: str, arguments: dict[str, Any], words: str) -> None:
    with our_core(lambda request: pytest.fail(f"{request.url} was sent")) as core:
        with pytest.raises(InputError) as caught:
            our_method(Client(core=core), name)(**arguments)
        assert words in str(caught.value)
        assert str(caught.value).endswith("; nothing was sent.")
        assert core.http.requests == 0


def test_a_file_that_is_not_there(core: Core, tmp_path: Path) -> None:
    client = Client(core=core)
    directory = client.directories.create(name="d")
    with pytest.raises(FileReadError, match=r"gone\.pdf"):
        client.directories.files.upload(directory.id, upload_file=tmp_path / "gone.pdf")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(204),
        httpx.Response(200),
        httpx.Response(200, json={"deleted": True}),
        httpx.Response(200, html="<p>gone</p>"),
    ],
)
def test_a_deletion_reads_nothing(answer: httpx.Response) -> None:
    with our_core(lambda _: httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)) as core:
        assert Client(core=core).directories.delete("dir-1") is None
        assert Client(core=core).extract.delete("ext-1", force=True) is None


def test_webhooks_go_with_a_batch_and_their_secrets_into_no_text() -> None:
    sent: list[httpx.Request] = []

    def service(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        batch = Batch.model_validate(
            {"id": "b", "config": CONFIG, "project_id": "p", "source_directory_id": "d", "status": "PENDING"}
        )
        return httpx.Response(200, content=batch.model_dump_json(), headers={"content-type": "application/json"})

    secrets = {"webhook_headers": {"X-Token": "hidden-token"}, "webhook_signing_secret": "hidden-secret"}
    with our_core(service) as core:
        client = Client(core=core)
        webhook = WebhookParam.model_validate(WEBHOOK | secrets | {"webhook_events": ["batch.success"]})
        client.batches.create(
            config=CONFIG,
            source_directory_id="d",
            webhook_configuration_ids=["whc-1"],
            webhook_configurations=[webhook, WEBHOOK],
        )
        body = httpx.Response(200, content=sent[0].content).json()
        assert body["webhook_configuration_ids"] == ["whc-1"]
        assert body["webhook_configurations"] == [WEBHOOK | secrets | {"webhook_events": ["batch.success"]}, WEBHOOK]
        assert "hidden" not in repr(webhook)
        with pytest.raises(InputError) as caught:
            client.webhook_configurations.create(
                webhook_url="",
                webhook_headers={"X": "hidden"},
                webhook_signing_secret=["hidden"],  # type: ignore[arg-type]
            )
        assert "hidden" not in str(caught.value)
