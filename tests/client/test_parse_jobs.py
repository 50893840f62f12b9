"""Single parses over the real engine, through both faces."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest

from llamabatch_nb.client.clients import AsyncClient, Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.client.settings import Settings
from llamabatch_nb.contract.parse import CreateParseJob, UploadParseForm
from llamabatch_nb.engine import Engine
from llamabatch_nb.errors import InputError, InvalidRequestError
from tests.contract.wire import SERVICE
from tests.engine.support import pdf, wait_for


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with ThreadPoolExecutor(1) as executor, Engine(tmp_path / "engine", executor=executor) as engine:
        core = Core(Settings.read(api_key="any", base_url=SERVICE), transport=in_process(engine.app), timeout=None)
        yield core
        core.close()


def test_upload_and_create(core: Core, tmp_path: Path) -> None:
    client = Client(core=core)
    path = tmp_path / "bill.pdf"
    path.write_bytes(pdf("alpha", "beta"))
    job = client.parsing.upload(
        file=path, tier="agentic", version="latest", page_ranges={"target_pages": "2"}, user_metadata={"team": "ü"}
    )
    assert (job.status, job.name, job.user_metadata) == ("PENDING", "bill.pdf", {"team": "ü"})
    wait_for(lambda: client.parsing.get(job.id).job.status == "COMPLETED")
    result = client.parsing.get(job.id, expand=["text", "text_content_metadata", "raw_parameters"])
    assert result.text is not None
    assert [(page.page_number, page.text.strip()) for page in result.text.pages] == [(2, "beta")]
    assert result.result_content_metadata is not None
    assert result.result_content_metadata["text"].exists is True
    assert result.raw_parameters is not None
    assert result.raw_parameters["page_ranges"] == {"target_pages": "2"}
    file = client.files.create(file=("note.txt", b"words"), purpose="parse")
    other = client.parsing.create(file_id=file.id, configuration_id="cfg-PARSE_FAST")
    assert (other.name, other.tier) == ("note.txt", "fast")
    assert client.parsing.list_versions().latest.fast == client.parsing.list_versions().fast[0]


def test_the_asynchronous_face(core: Core) -> None:
    async def upload() -> str:
        job = await AsyncClient(core=core).parsing.upload(
            file=("note.txt", b"words"), configuration_id="cfg-PARSE_AGENTIC"
        )
        assert (job.name, job.tier) == ("note.txt", "agentic")
        return job.id

    job_id = anyio.run(upload)
    wait_for(lambda: Client(core=core).parsing.get(job_id).job.status == "COMPLETED")

    async def create() -> None:
        client = AsyncClient(core=core)
        assert (await client.parsing.delete(job_id)).id == job_id
        file = await client.files.create(file=("note.txt", b"words"), purpose="parse")
        created = await client.parsing.create(file_id=file.id, tier="fast", version="latest")
        assert [found.id async for found in client.parsing.list()] == [created.id]

    anyio.run(create)


def test_refusals(core: Core) -> None:
    parsing = Client(core=core).parsing
    with pytest.raises(InvalidRequestError, match=r"body\.configuration\.page_ranges\.max_page: Extra inputs"):
        parsing.upload(file=("a.txt", b"x"), tier="fast", version="latest", page_ranges={"max_page": 3})
    with pytest.raises(InvalidRequestError, match="fetches nothing from the network"):
        parsing.create(source_url="https://example.com/a.pdf", tier="fast", version="latest")
    requests = core.http.requests
    with pytest.raises(InputError, match="file_id"):
        parsing.create(file_id="", tier="fast", version="latest")
    with pytest.raises(InputError, match="file has to be a"):
        parsing.upload(file="a.pdf", tier="fast", version="latest")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="user_metadata"):
        parsing.upload(file=("a", b""), tier="fast", version="latest", user_metadata={"n": 1})  # type: ignore[dict-item]
    assert core.http.requests == requests


def test_secrets_are_in_no_repr() -> None:
    hook = {"webhook_url": "http://127.0.0.1/", "webhook_signing_secret": "hush"}
    body = CreateParseJob(webhook_configurations=[hook], http_proxy="http://me:hush@proxy")
    form = UploadParseForm(configuration=body.model_dump_json())
    assert "hush" in form.configuration
    assert "hush" not in repr((body, form))
