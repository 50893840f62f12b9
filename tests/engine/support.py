"""What the engine's tests share: small real files, and calls to an engine without a socket."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import httpx
from reportlab.pdfgen.canvas import Canvas

from llamabatch_nb.engine import Engine

Json = dict[str, Any]
#: Seconds after which a test gives up waiting; nothing is measured.
PATIENCE = 60


def pdf(*pages: str) -> bytes:
    """A PDF whose pages say these texts."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for text in pages:
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def wait_for(what: Callable[[], Any]) -> Any:
    """The first true value of `what()`."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


class Api:
    """The API of an engine: each call is one ASGI request. `headers` replaces the bearer key."""

    def __init__(self, engine: Engine, headers: dict[str, str] | None = None) -> None:
        self.engine = engine
        self.headers = {"authorization": "Bearer any"} if headers is None else headers

    def raw(self, method: str, path: str, **content: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.engine.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://engine", headers=self.headers) as client:
                return await client.request(method, path, **content)

        return anyio.run(send)

    def ok(self, method: str, path: str, **content: Any) -> Any:
        answer = self.raw(method, path, **content)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    def refused(self, status: int, method: str, path: str, **content: Any) -> Any:
        """The `detail` of an answer that has to have this status."""
        answer = self.raw(method, path, **content)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()["detail"]

    def directory(self, files: dict[str, bytes], name: str = "documents") -> str:
        """A new directory with these files, and its id."""
        made = self.ok("POST", "/api/v1/beta/directories", json={"name": name})
        for file, data in files.items():
            self.upload(made["id"], file, data)
        return str(made["id"])

    def upload(self, directory_id: str, name: str, data: bytes, **form: str) -> Json:
        content = {"data": form, "files": {"upload_file": (name, data)}}
        return dict(self.ok("POST", files_of(directory_id) + "/upload", **content))

    def batch(self, directory_id: str, configuration_id: str = "cfg-PARSE_AGENTIC") -> Json:
        return dict(self.ok("POST", "/api/v2/batches", json=create_body(directory_id, configuration_id)))

    def get(self, batch_id: str, **query: Any) -> Json:
        return dict(self.ok("GET", f"/api/v2/batches/{batch_id}", params=query))

    def finished(self, batch_id: str) -> Json:
        """The batch with its results, once it is terminal."""
        wait_for(lambda: self.get(batch_id)["status"] in {"COMPLETED", "FAILED", "CANCELLED"})
        return self.get(batch_id, expand="results")

    def jobs(self, batch: Json) -> list[Json]:
        """The jobs of a finished batch, in the order of its files."""
        ids = [result["job_reference"]["id"] for result in batch["results"]]
        found = self.ok("GET", "/api/v2/parse", params={"job_ids": ids, "page_size": 1000})["items"]
        return sorted(found, key=lambda job: ids.index(job["id"]))

    def run(self, files: dict[str, bytes], configuration_id: str = "cfg-PARSE_AGENTIC") -> list[Json]:
        """The jobs that became of these files."""
        batch = self.finished(self.batch(self.directory(files), configuration_id)["id"])
        assert batch["status"] == "COMPLETED"
        return self.jobs(batch)


def create_body(directory_id: str, configuration_id: str = "cfg-PARSE_AGENTIC", kind: str = "parse_v2") -> Json:
    return {
        "source_directory_id": directory_id,
        "config": {"job": {"type": kind, "configuration_id": configuration_id}},
    }


def files_of(directory_id: str) -> str:
    return f"/api/v1/beta/directories/{directory_id}/files"


def statuses(jobs: Sequence[Json]) -> list[str]:
    return [job["status"] for job in jobs]
