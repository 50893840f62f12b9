"""Runs of extract jobs, which the local engine does not have yet: a double stands in front of it.

The double says what contract.md sections 1 and 6 say, and every body it sends is read by the official SDK's own models
first.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse
from llama_cloud.types import BatchGetResponse, ConfigurationResponse, ExtractV2Job
from pydantic import BaseModel

import llamabatch_nb as lb
from llamabatch_nb.client.inprocess import in_process
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.engine import Engine
from llamabatch_nb.errors import BatchCancelledError, InputError
from tests.run.support import CREATE, Line, engine, remote, texts

JOBS = "/api/v2/extract"
CONFIGURATION = "cfg-extract"
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}
Json = dict[str, Any]
Words = Annotated[list[str], Query()]


def checked(model: type[BaseModel], body: Json) -> Json:
    """As the official SDK reads it: every field is one of its own, of the right type."""
    model.model_validate(body)
    assert body.keys() <= model.model_fields.keys()
    return body


class Double:
    """Extract batches over the engine's directories. Jobs end when they are told to."""

    def __init__(self, inner: Engine, *, results_while_running: bool = False) -> None:
        self.results_while_running = results_while_running
        self.batches: dict[str, Json] = {}
        self.files: dict[str, list[Json]] = {}  # by batch
        self.jobs: dict[str, Json] = {}
        self.names: dict[str, str] = {}  # job ids
        self.parse_jobs: dict[str, str] = {}  # by file name: a parse job that several share
        self.unmapped: dict[str, str] = {}  # by file name: why there is no job
        self.running = False
        self._inner = httpx.AsyncClient(
            transport=in_process(inner.app), base_url="http://inner", headers={"authorization": "Bearer k"}
        )
        self._now = datetime(2026, 1, 5, 9, tzinfo=UTC)
        self.app = self._made()

    def now(self) -> str:
        self._now += timedelta(seconds=1)
        return self._now.isoformat()

    def end(self, name: str, status: str = "COMPLETED", error: str | None = None) -> None:
        """Every job of that file that has not ended."""
        for job_id in (job_id for job_id, of in self.names.items() if of == name):
            job = self.jobs[job_id]
            if job["status"] not in {"COMPLETED", "FAILED", "CANCELLED"}:
                job |= {"status": status, "error_message": error, "updated_at": self.now()}
                if status == "COMPLETED":
                    job["extract_result"] = {"total": len(name)}

    def end_all(self) -> None:
        for name in set(self.names.values()):
            self.end(name)

    def _made(self) -> FastAPI:  # noqa: C901 - one route after the other
        app = FastAPI()

        @app.get(f"/api/v1/beta/configurations/{CONFIGURATION}")
        async def configuration() -> Json:
            parameters = {"product_type": "extract_v2", "tier": "agentic", "parse_tier": "fast", "data_schema": SCHEMA}
            return checked(
                ConfigurationResponse,
                {
                    "id": CONFIGURATION,
                    "name": "totals",
                    "product_type": "extract_v2",
                    "version": self.now(),
                    "parameters": parameters,
                },
            )

        @app.post("/api/v2/batches")
        async def create(body: Json) -> Json:
            directory = body["source_directory_id"]
            assert body["config"] == {"job": {"type": "extract_v2", "configuration_id": CONFIGURATION}}
            listed = await self._inner.get(f"/api/v1/beta/directories/{quote(directory)}/files?page_size=1000")
            batch_id = f"bat-{len(self.batches)}"
            self.files[batch_id] = listed.json()["items"]
            self.batches[batch_id] = {
                "id": batch_id,
                "config": body["config"],
                "project_id": "prj-1",
                "source_directory_id": directory,
                "status": "RUNNING",
                "created_at": self.now(),
                "updated_at": self.now(),
            }
            for number, file in enumerate(self.files[batch_id]):
                if file["display_name"] not in self.unmapped:
                    self._job(f"ext-{batch_id}-{number}", file)
            return self._batch(batch_id, expanded=False)

        @app.get("/api/v2/batches")
        async def batches(source_directory_id: str | None = None) -> Json:
            wanted = (None, *self.batches) if source_directory_id is None else (source_directory_id,)
            items = [
                self._batch(batch_id, expanded=False)
                for batch_id, batch in self.batches.items()
                if source_directory_id is None or batch["source_directory_id"] in wanted
            ]
            return {"items": items, "next_page_token": None, "total_size": None}

        @app.get("/api/v2/batches/{batch_id}")
        async def batch(batch_id: str, expand: Words = []) -> Json:  # noqa: B006 - FastAPI copies it
            return self._batch(batch_id, expanded="results" in expand)

        @app.post("/api/v2/batches/{batch_id}/cancel")
        async def cancel_batch(batch_id: str) -> Json:
            for job in self._jobs_of(batch_id):
                if job["status"] == "RUNNING":
                    self.end(self.names[job["id"]], "CANCELLED")
            self.batches[batch_id]["status"] = "CANCELLED"
            return self._batch(batch_id, expanded=False)

        @app.get(JOBS)
        async def jobs(
            job_ids: Words = [],  # noqa: B006
            status: str | None = None,
            created_at_on_or_after: datetime | None = None,
            page_size: int = 50,
        ) -> Json:
            found = [
                job
                for job in reversed(self.jobs.values())  # newest first
                if (not job_ids or job["id"] in job_ids)
                and (status is None or job["status"] == status)
                and (
                    created_at_on_or_after is None
                    or datetime.fromisoformat(job["created_at"]) >= created_at_on_or_after
                )
            ]
            items = [self._shown(job["id"], []) for job in found[:page_size]]
            return {"items": items, "next_page_token": None, "total_size": None}

        @app.get(f"{JOBS}/{{job_id}}")
        async def job(job_id: str, expand: Words = []) -> Json:  # noqa: B006
            return self._shown(job_id, expand)

        @app.post(f"{JOBS}/{{job_id}}/cancel")
        async def cancel_job(job_id: str) -> Any:
            if self.jobs[job_id]["status"] != "RUNNING":
                return JSONResponse({"detail": "it has ended"}, 409, headers={"x-should-retry": "false"})
            self.end(self.names[job_id], "CANCELLED")
            return self._shown(job_id, [])

        @app.api_route("/{path:path}", methods=["GET", "POST", "DELETE"])
        async def the_engine(request: Request) -> Any:
            answer = await self._inner.request(
                request.method,
                request.url.path + (f"?{request.url.query}" if request.url.query else ""),
                content=await request.body(),
                headers={"content-type": request.headers.get("content-type", "application/json")},
            )
            return JSONResponse(json.loads(answer.content or "null"), answer.status_code)

        return app

    def _job(self, job_id: str, file: Json) -> None:
        self.names[job_id] = file["display_name"]
        self.jobs[job_id] = {
            "id": job_id,
            "file_input": file["file_id"],
            "project_id": "prj-1",
            "status": "RUNNING",
            "created_at": self.now(),
            "updated_at": self.now(),
            "configuration_id": CONFIGURATION,
        }

    def _jobs_of(self, batch_id: str) -> list[Json]:
        return [job for job_id, job in self.jobs.items() if job_id.startswith(f"ext-{batch_id}-")]

    def _batch(self, batch_id: str, *, expanded: bool) -> Json:
        batch = self.batches[batch_id]
        mapped = self._jobs_of(batch_id)
        over = all(job["status"] != "RUNNING" for job in mapped)
        if batch["status"] == "RUNNING" and over and not self.running:
            batch |= {"status": "COMPLETED", "updated_at": self.now()}
        results = None
        if expanded and (self.results_while_running or batch["status"] != "RUNNING"):
            results = [
                {
                    "source_directory_file_id": file["id"],
                    "error_message": self.unmapped.get(file["display_name"]),
                    "job_reference": {"id": f"ext-{batch_id}-{number}", "type": "extract_v2"}
                    if f"ext-{batch_id}-{number}" in self.jobs
                    else None,
                }
                for number, file in enumerate(self.files[batch_id])
            ]
        return checked(BatchGetResponse, batch | {"results": results})

    def _shown(self, job_id: str, expand: list[str]) -> Json:
        job, name = self.jobs[job_id], self.names[job_id]
        body = {**job, "metadata": {"usage": {"num_pages_extracted": 2, "num_pages_billed": 2}}}
        if job["status"] == "COMPLETED" and "usage" in expand:
            body["usage"] = {"credits": 32.0, "extract_credits": 30.0, "parse_credits": 2.0}
        if job["status"] == "COMPLETED" and "extract_metadata" in expand:
            parse_job = self.parse_jobs.get(name, f"pjb-{job_id}")
            fields = {"document_metadata": {"total": {"confidence": 0.9}}}
            body["extract_metadata"] = {"parse_job_id": parse_job, "parse_tier": "fast", "field_metadata": fields}
        return checked(ExtractV2Job, body)


@pytest.fixture
def inner(tmp_path: Path) -> Iterator[Engine]:
    with engine(tmp_path / "data") as made:
        yield made


class _App:
    """What a `Line` takes for an engine."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app


def line_to(double: Double) -> Line:
    return Line(_App(double.app))  # type: ignore[arg-type]


@pytest.fixture
def double(inner: Engine) -> Double:
    return Double(inner, results_while_running=True)


@pytest.fixture
def line(double: Double) -> Line:
    return line_to(double)


@pytest.fixture
def client(line: Line) -> Iterator[lb.Client]:
    with remote(line) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="alpha", b="beta", c="gamma", d="alpha")


def submit(folder: Path, client: lb.Client, **options: Any) -> lb.Run:
    run: lb.Run = lb.submit(folder, configuration=CONFIGURATION, client=client, **options)
    return run


def mapped(run: lb.Run) -> None:
    for snapshot in run.watch():
        if all(file.job_id for file in snapshot.files):
            return


def test_each_file_s_state_and_reason(client: lb.Client, double: Double, folder: Path) -> None:
    double.unmapped["b.txt"] = "no capacity to create a job"
    run = submit(folder, client)
    for snapshot in run.watch():
        if snapshot.files[0].job_id:
            break
    double.end("c.txt", "FAILED", "NO_DATA_FOUND_IN_FILE: nothing in it")
    assert run.refresh().files[2].status == "failed"
    assert run.snapshot.files[0].status == "running"
    double.end("a.txt")
    run.wait()
    assert [(file.name, file.status, file.error_source, file.retryable) for file in run.snapshot.files] == [
        ("a.txt", "completed", None, None),
        ("b.txt", "failed", "mapping", True),
        ("c.txt", "failed", "job", False),
        ("d.txt", "completed", None, None),  # a copy of a.txt
    ]
    assert run.snapshot.job_type == "extract_v2"
    assert set(run.files()["job_type"].dropna()) == {"extract_v2"}


def test_estimates_while_the_service_tells_nothing(inner: Engine, folder: Path) -> None:
    """By the file that a job is of, not by its name: an extract job has none."""
    double = Double(inner)
    with remote(line_to(double)) as client:
        run = submit(folder, client)
        for snapshot in run.watch():
            if snapshot.batch_id:
                break
        double.running = True
        seen = []
        for name in ("a.txt", "b.txt", "c.txt"):
            double.end(name)
            last = run.refresh()
            seen.append((last.estimated_done, last.counts))
        assert seen == [(number, {"submitted": 4}) for number in (1, 2, 3)]
        double.running = False
        assert run.wait().snapshot.counts == {"completed": 4}
        assert run.snapshot.estimated_done is None


def test_results_are_archived_and_read_from_there(
    client: lb.Client, line: Line, double: Double, folder: Path, own_home: Path
) -> None:
    run = submit(folder, client, name="totals")
    mapped(run)
    double.end_all()
    run.wait()
    assert len(list((own_home / "archive").rglob("*.json.gz"))) == 3
    assert run.files()["pages"].tolist() == [2, 2, 2, 2]
    sent = len(line.requests)
    result = run.results_of("b.txt")
    assert isinstance(result, ExtractJob)
    assert result.extract_result == {"total": 5}
    assert result.extract_metadata is not None
    assert result.extract_metadata.field_metadata is not None
    assert result.extract_metadata.field_metadata.document_metadata == {"total": {"confidence": 0.9}}
    assert len(run.pages()) == 0  # there are no pages to read in an extract job
    assert len(line.requests) == sent
    with remote(line) as other:
        found = lb.open("totals", client=other).wait()
        assert found.files().equals(run.files())
        again = found.results_of("d.txt")
        assert isinstance(again, ExtractJob)
        assert again.extract_result == {"total": 5}
    assert not any(JOBS in request for request in line.requests[sent:])
    assert [one.file for one in lb.archive()] == ["a.txt", "b.txt", "c.txt"]


def test_a_parse_cost_that_jobs_share_counts_once(client: lb.Client, double: Double, folder: Path) -> None:
    double.parse_jobs = {"a.txt": "pjb-shared", "b.txt": "pjb-shared"}
    run = submit(folder, client)
    mapped(run)
    double.end_all()
    run.wait()
    assert run.files()["credits"].tolist() == [32, 32, 32, 32]
    assert run.snapshot.credits == 3 * 30 + 2 * 2
    assert {file.parse_job_id for file in run.snapshot.files[:2]} == {"pjb-shared"}


def test_credits_that_come_late_keep_the_parse_job(client: lb.Client, double: Double, folder: Path) -> None:
    real = double._shown

    def no_usage(job_id: str, expand: list[str]) -> Json:
        return real(job_id, [word for word in expand if word != "usage"])

    double._shown = no_usage  # type: ignore[method-assign]
    double.parse_jobs = dict.fromkeys(["a.txt", "b.txt", "c.txt"], "pjb-shared")
    run = submit(folder, client)
    mapped(run)
    double.end_all()
    run.wait()
    assert (run.snapshot.credits, run.snapshot.credits_missing) == (None, 4)
    double._shown = real  # type: ignore[method-assign]
    assert run.refresh(credits=True).credits == 3 * 30 + 2


def test_one_job_is_cancelled_and_the_rest_goes_on(client: lb.Client, line: Line, double: Double, folder: Path) -> None:
    run = submit(folder, client)
    mapped(run)
    run.cancel("b.txt")
    assert run.refresh().files[1].status == "cancelled"
    with pytest.raises(InputError, match="is cancelled: there is no job of it to cancel"):
        run.cancel("b.txt")
    double.end_all()
    run.wait()
    assert run.snapshot.counts == {"completed": 3, "cancelled": 1}
    assert line.count(f"POST {JOBS}/", "/cancel") == 1


def test_a_batch_is_cancelled(client: lb.Client, double: Double, folder: Path) -> None:
    run = submit(folder, client)
    mapped(run)
    double.end("a.txt")
    run.refresh()
    run.cancel()
    with pytest.raises(BatchCancelledError):
        run.wait()
    assert run.snapshot.counts == {"completed": 2, "cancelled": 2}
    assert run.results_of("a.txt") is not None


def test_failures_are_retried_as_extract_jobs(client: lb.Client, line: Line, double: Double, folder: Path) -> None:
    run = submit(folder, client)
    mapped(run)
    double.end("b.txt", "FAILED", "TIMEOUT")
    double.end_all()
    run.wait()
    run.retry_failed()
    for snapshot in run.watch():
        if snapshot.files[1].attempt == 2 and snapshot.files[1].job_id:
            break
    double.end_all()
    run.wait()
    assert run.snapshot.counts == {"completed": 4}
    assert (run.snapshot.files[1].attempt, line.uploads, line.added, line.count(CREATE)) == (2, 3, 1, 2)


def test_what_it_costs_is_said_with_the_parsing(client: lb.Client, folder: Path) -> None:
    found = lb.submit(folder, configuration=CONFIGURATION, client=client, dry_run=True)
    assert "agentic over fast parsing, 16 a page" in str(found)
    assert found.credits == 3 * 16
