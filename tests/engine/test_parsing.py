from __future__ import annotations

import io
import json
import zlib
from typing import Any

import openpyxl
import pytest

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.parsers import ParseOptions, read_payload
from llamabatch_nb.engine.resources.parameters import parse_options, recognising
from llamabatch_nb.engine.resources.workbook import workbook
from llamabatch_nb.engine.store import endpoint_lists
from tests.engine.conftest import MakeApi
from tests.engine.lone import PARSE, ended, parsed, shown, uploaded
from tests.engine.support import PATIENCE, Api, Json, pdf, wait_for


def test_what_a_result_holds(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha", "beta")})
    path = f"{PARSE}/{job['id']}"
    words = "text,text_full,markdown,markdown_full,items,metadata,job_metadata,usage"
    result = api.ok("GET", path, params={"expand": words})
    assert result.keys() == {
        *("job", "text", "text_full", "markdown", "markdown_full", "items", "metadata", "job_metadata", "forms"),
        *("images_content_metadata", "result_content_metadata", "raw_parameters"),
    }
    assert result == api.ok("GET", path, params={"expand": words.split(",")})
    assert [page["page_number"] for page in result["text"]["pages"]] == [1, 2]
    assert [page["text"].strip() for page in result["text"]["pages"]] == ["alpha", "beta"]
    assert [page["markdown"].strip() for page in result["markdown"]["pages"]] == ["alpha", "beta"]
    assert [page["success"] for page in result["markdown"]["pages"]] == [True, True]
    assert result["text_full"].split() == ["alpha", "beta"]
    assert result["markdown_full"].split() == ["alpha", "beta"]
    assert [page["page_number"] for page in result["metadata"]["pages"]] == [1, 2]
    assert (result["job_metadata"]["pages"], result["job_metadata"]["tier"]) == (2, "agentic")
    first = result["items"]["pages"][0]
    assert (round(first["page_width"]), round(first["page_height"])) == (595, 842)
    assert [item["value"].strip() for item in first["items"]] == ["alpha"]


def test_nothing_is_expanded_unasked(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha")})
    result = api.ok("GET", f"{PARSE}/{job['id']}")
    assert result.pop("job") == job
    assert set(result.values()) == {None}
    assert job["usage"] is None
    only = api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": ["text"]})
    assert [name for name, value in only.items() if value is not None] == ["job", "text"]


def test_a_job_without_a_result_has_none(api: Api, idle: Api) -> None:
    (failed,) = api.run({"a.pdf": b"%PDF-1.7 and no more"})
    result = api.ok("GET", f"{PARSE}/{failed['id']}", params={"expand": "text,usage"})
    assert result["job"]["status"] == "FAILED"
    assert (result["text"], result["job"]["usage"]) == (None, None)
    idle.refused(404, "GET", f"{PARSE}/pjb-none")


def test_jobs_are_filtered_and_paged(api: Api) -> None:
    made = api.run({"a.pdf": pdf("alpha"), "b.pdf": b"", "c.pdf": pdf("gamma")})
    ids = [job["id"] for job in made]

    def listed(**query: Any) -> list[str]:
        return [job["id"] for job in api.ok("GET", PARSE, params=query)["items"]]

    assert listed() == ids[::-1]
    assert listed(status="FAILED") == [ids[1]]
    assert listed(job_ids=[ids[0], ids[2], "pjb-none"]) == [ids[2], ids[0]]
    assert listed(created_at_on_or_after=made[0]["created_at"]) == ids[::-1]
    assert listed(created_at_on_or_after="2999-01-01T00:00:00Z") == []
    assert listed(created_at_on_or_before="2000-01-01T00:00:00Z") == []
    page = api.ok("GET", PARSE, params={"page_size": 2})
    rest = api.ok("GET", PARSE, params={"page_size": 2, "page_token": page["next_page_token"]})
    assert [job["id"] for job in page["items"] + rest["items"]] == ids[::-1]
    api.refused(422, "GET", PARSE, params={"status": "THROTTLED"})


def test_a_job_has_every_field(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha")})
    assert job["id"].startswith("pjb-")
    assert job == {
        "id": job["id"],
        "project_id": api.engine.project.id,
        "status": "COMPLETED",
        "error_message": None,
        "name": "a.pdf",
        "tier": "agentic",
        "usage": None,
        "user_metadata": None,
        "created_at": job["created_at"],
        "updated_at": job["updated_at"],
    }


def test_a_running_job_that_is_cancelled_and_given_back_is_cancelled(make_api: MakeApi) -> None:
    api = make_api(seconds_per_file=PATIENCE)
    batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
    (job,) = wait_for(lambda: api.ok("GET", PARSE, params={"status": "RUNNING"})["items"])
    assert api.ok("POST", f"{PARSE}/{job['id']}/cancel")["status"] == "RUNNING"
    api.engine.close()
    later = Engine(api.engine.data)
    assert Api(later).ok("GET", f"{PARSE}/{job['id']}")["job"]["status"] == "CANCELLED"
    assert Api(later).get(batch["id"])["status"] == "COMPLETED"
    later.close()


def test_a_single_parse_of_a_file(api: Api) -> None:
    file_id = api.upload(api.directory({}), "a.pdf", pdf("alpha", "beta", "gamma"))["file_id"]
    body = {"file_id": file_id, "tier": "cost_effective", "version": "latest", "user_metadata": {"team": "x"}}
    job = api.ok("POST", PARSE, json=body | {"page_ranges": {"max_pages": 1, "target_pages": "2-3"}})
    assert job == {
        "id": job["id"],
        "project_id": api.engine.project.id,
        "status": "PENDING",
        "error_message": None,
        "name": "a.pdf",
        "tier": "cost_effective",
        "usage": None,
        "user_metadata": {"team": "x"},
        "created_at": job["created_at"],
        "updated_at": job["updated_at"],
    }
    done = ended(api, job["id"])
    assert done == job | {"status": "COMPLETED", "updated_at": done["updated_at"]}
    assert [page["page_number"] for page in shown(api, job, "text")["text"]["pages"]] == [2, 3]
    assert api.ok("GET", PARSE)["items"] == [done]


def test_single_parses_go_beside_batches(api: Api) -> None:
    batch = api.batch(api.directory({f"{n}.txt": b"words" for n in range(30)}))
    lone = [parsed(api, b"words", f"{n}.txt")["id"] for n in range(3)]
    assert len(api.jobs(api.finished(batch["id"]))) == 30
    everything = api.ok("GET", PARSE, params={"page_size": 100})["items"]
    assert len(everything) == 33
    assert {job["status"] for job in everything} == {"COMPLETED"}
    assert set(lone) < {job["id"] for job in everything}


def test_a_single_parse_is_done_by_whoever_comes_next(idle: Api, make_api: MakeApi) -> None:
    job = uploaded(idle, b"words", "a.txt")
    later = make_api("idle")
    assert ended(later, job["id"])["status"] == "COMPLETED"
    assert shown(later, job, "text_full")["text_full"].strip() == "words"


def test_an_upload_that_is_refused_keeps_nothing(idle: Api) -> None:
    def refused(configuration: str, place: list[str]) -> None:
        form = {"data": {"configuration": configuration}, "files": {"file": ("a.txt", b"words")}}
        (problem,) = idle.refused(422, "POST", f"{PARSE}/upload", **form)
        assert problem["loc"] == ["body", "configuration", *place]

    refused("no JSON", [])
    refused("[]", [])
    refused('{"tier": "fast", "version": "latest", "tires": 4}', ["tires"])
    refused('{"version": "latest"}', ["tier"])
    refused('{"tier": "fast", "version": "2020-01-01"}', ["version"])
    refused(r'{"tier": "fast", "version": "latest", "client_name": "\ud800"}', [])
    refused(
        '{"tier": "fast", "version": "latest", "page_ranges": {"target_pages": "0"}}', ["page_ranges", "target_pages"]
    )
    files = {"file": ("a.txt", b"words")}
    (problem,) = idle.refused(422, "POST", f"{PARSE}/upload", files=files)
    assert problem["loc"] == ["body", "configuration"]
    hook = {"webhook_configurations": [{"webhook_url": "https://example.com/"}]}
    idle.refused(
        422,
        "POST",
        f"{PARSE}/upload",
        data={"configuration": json.dumps({"tier": "fast", "version": "latest"} | hook)},
        files=files,
    )
    unknown = json.dumps({"tier": "fast", "version": "latest", "webhook_configuration_ids": ["whc-none"]})
    idle.refused(404, "POST", f"{PARSE}/upload", data={"configuration": unknown}, files=files)
    assert idle.ok("GET", PARSE)["items"] == []
    assert list(idle.engine.blobs.folder.iterdir()) == []


def test_webhooks_of_a_single_parse(idle: Api) -> None:
    hook = {"webhook_url": "http://127.0.0.1:9/", "webhook_signing_secret": "hush", "webhook_events": ["parse.success"]}
    saved = idle.ok("POST", "/api/v1/beta/webhook-configs", json={"webhook_url": "http://127.0.0.1:10/"})
    job = uploaded(idle, b"words", "a.txt", webhook_configurations=[hook], webhook_configuration_ids=[saved["id"]])
    with idle.engine.store.read() as db:
        row = db.execute(
            "SELECT webhooks, parameters FROM jobs JOIN snapshots ON snapshots.id = snapshot_id WHERE jobs.id = ?",
            (job["id"],),
        ).fetchone()
        told = json.loads(endpoint_lists.load(db, row["webhooks"]))
    assert {one["webhook_url"] for one in told} == {"http://127.0.0.1:9/", "http://127.0.0.1:10/"}
    assert "hush" not in row["parameters"]
    assert "127.0.0.1" not in row["parameters"]


def test_what_expires_has_no_images(api: Api) -> None:
    told = {"tier": "fast", "version": "latest", "output_options": {"images_to_save": ["screenshot"]}}
    body = {"name": "a", "parameters": told | {"product_type": "parse_v2"}}
    saved = api.ok("POST", "/api/v1/beta/configurations", json=body)
    batch = api.finished(api.batch(api.directory({"a.pdf": pdf("alpha")}), saved["id"])["id"])
    (job,) = api.jobs(batch)
    (image,) = shown(api, job, "images_content_metadata")["images_content_metadata"]["images"]
    assert api.raw("GET", image["presigned_url"]).status_code == 200
    api.engine.expire(batch["id"])
    api.refused(404, "GET", image["presigned_url"])
    assert list(api.engine.images.iterdir()) == []


def test_links_end_with_their_time_and_fit_one_thing(api: Api) -> None:
    job = parsed(api, pdf("alpha"))
    (link,) = shown(api, job, "text_full_content_metadata")["result_content_metadata"].values()
    url = link["presigned_url"]
    stranger = Api(api.engine, headers={})
    answer = stranger.raw("GET", url)
    assert answer.text.strip() == "alpha"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'attachment; filename="text_full.txt"'
    assert stranger.raw("HEAD", url).status_code == 200
    stranger.refused(403, "GET", url.replace("text_full?", "markdown_full?"))
    stranger.refused(403, "GET", url.replace(job["id"], "pjb-other"))
    none = api.engine.links.url("http://engine", f"/jobs/{job['id']}/results/nonsense", api.engine.clock()).url
    stranger.refused(404, "GET", none)


def test_a_result_of_an_earlier_version_is_shown(api: Api) -> None:
    """Version 1 of the store knew neither items nor places nor images (`parsers.payload`)."""
    job = parsed(api, pdf("alpha"))
    page = {
        "page_number": 1,
        "success": True,
        "text": "alpha",
        "markdown": "*alpha*",
        "page_width": 1,
        "page_height": 2,
    }
    old = {"pages": [page | {"error": None}], "facts": {"engine": "old"}}
    with api.engine.store.write() as db:
        payload = zlib.compress(json.dumps(old).encode())
        db.execute("UPDATE results SET payload = ? WHERE job_id = ?", (payload, job["id"]))
    result = shown(api, job, "text", "items", "metadata", "job_metadata", "images_content_metadata")
    (shown_page,) = result["items"]["pages"]
    assert shown_page["items"] == [{"type": "text", "md": "*alpha*", "value": "alpha"}]
    assert result["metadata"]["pages"] == [{"page_number": 1}]
    assert result["job_metadata"]["engine"] == "old"
    assert result["images_content_metadata"] == {"total_count": 0, "images": []}


def test_results_are_made_once_and_only_as_far_as_they_are_shown(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []

    def counting(payload: bytes, *, items: bool) -> Json:
        made.append(items)
        return read(payload, items=items)

    read = read_payload
    monkeypatch.setattr("llamabatch_nb.engine.resources.views.read_payload", counting)
    job = parsed(api, pdf("alpha"))
    shown(api, job, "usage", "raw_parameters", "nonsense")
    assert made == []
    shown(api, job, "text", "text_full", "markdown", "metadata", "job_metadata", "markdown_full_content_metadata")
    assert made == [False]
    shown(api, job, "text", "items", "items_content_metadata")
    assert made == [False, True]


@pytest.mark.parametrize(
    ("parameters", "options"),
    [
        ({}, {}),
        ({"page_ranges": None, "output_options": None, "processing_options": {"ocr_parameters": None}}, {}),
        ({"page_ranges": {"max_pages": 3}}, {"max_pages": 3}),
        ({"page_ranges": {"max_pages": 3, "target_pages": "5"}}, {"target_pages": "5"}),
        ({"output_options": {"images_to_save": ["embedded", "screenshot"]}}, {"screenshots": True}),
        ({"output_options": {"images_to_save": ["layout"]}}, {}),
        ({"output_options": {"granular_bboxes": ["cell"]}}, {}),
        ({"output_options": {"granular_bboxes": ["line"]}}, {"positions": True}),
        ({"output_options": {"granular_bboxes": ["cell", "word"]}}, {"positions": True}),
        ({"output_options": {"additional_outputs": ["word_bbox"]}}, {"positions": True}),
        ({"processing_options": {"ocr_parameters": {}}}, {"ocr": True}),
        (
            {"processing_options": {"ocr_parameters": {"languages": ["de", "en"]}}},
            {"ocr": True, "languages": ("de", "en")},
        ),
        (
            {"processing_control": {"job_failure_conditions": {"allowed_page_failure_ratio": 0.0}}},
            {"allowed_page_failure_ratio": 0.0},
        ),
    ],
)
def test_what_parameters_mean(parameters: Json, options: dict[str, Any]) -> None:
    told = {"product_type": "parse_v2", "tier": "fast", "version": "latest"} | parameters
    assert parse_options(told) == ParseOptions("fast", **options)
    assert parse_options(recognising(told)) == ParseOptions("fast", **options | {"ocr": True})


def test_names_of_sheets() -> None:
    headings = ["Prices", "prices", "a/b:c*" + "x" * 40, "History", "", "Table_7"]
    pages: list[list[Json]] = [
        [{"type": "heading", "value": heading}, {"type": "table", "rows": [["\x01=A1", 2.5, None]]}]
        for heading in headings
    ]
    pages[0].append({"type": "table", "rows": []})
    content = workbook([*pages, [{"type": "table", "rows": [["x"]]}]], guess_names=True)
    assert content is not None
    book = openpyxl.load_workbook(io.BytesIO(content))
    names = ["Prices", "Table_2", "a b c " + "x" * 25, "Table_4", "Table_5", "Table_7", "Table_7_"]
    assert book.sheetnames == names
    assert [cell.value for cell in book["Prices"][1]] == ["=A1", 2.5]
    assert book["Prices"]["A1"].data_type == "s"
    book.close()
    assert workbook([[{"type": "text"}]], guess_names=True) is None
