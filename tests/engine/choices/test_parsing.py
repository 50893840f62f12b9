"""Parse jobs (contract.md section 5). Each choice is shown by the test of its name."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.engine.conftest import MakeApi
from tests.engine.lone import PARSE, linked, parsed, shown, uploaded
from tests.engine.support import Api, Json, pdf, wait_for

CONFIGURATIONS = "/api/v1/beta/configurations"
LATEST = {"tier": "agentic", "version": "latest"}
TABLE = b"name;price\n=1+1;3.50\nnut;0.25\n"


def final(answer: Any) -> bool:
    return bool(answer.headers.get("x-should-retry") == "false")


def test_one_source(idle: Api) -> None:
    nothing, both = (
        idle.refused(422, "POST", PARSE, json=LATEST | named) for named in ({}, {"file_id": "a", "source_url": "b"})
    )
    assert nothing == both == [{"type": "one_of", "loc": ["body"], "msg": "Give exactly one of file_id and source_url"}]
    url = LATEST | {"source_url": "https://example.com/a.pdf", "http_proxy": "http://proxy"}
    (problem,) = idle.refused(422, "POST", PARSE, json=url)
    assert problem["loc"] == ["body", "source_url"]
    assert "fetches nothing" in problem["msg"]
    assert "'dfl-none' not found" in idle.refused(404, "POST", PARSE, json=LATEST | {"file_id": "dfl-none"})
    placed = idle.upload(idle.directory({}), "a.txt", b"words")
    said = idle.refused(404, "POST", PARSE, json=LATEST | {"file_id": placed["id"]})
    assert said == f"File {placed['id']!r} is a directory file: give its file_id, {placed['file_id']!r}"
    for named in ({"file_id": "dfl-none"}, {"source_url": "https://example.com"}):
        form = {"data": {"configuration": json.dumps(LATEST | named)}, "files": {"file": ("a.txt", b"words")}}
        (problem,) = idle.refused(422, "POST", f"{PARSE}/upload", **form)
        assert problem["loc"] == ["body", "configuration", *named]


def test_options_beside_a_configuration(idle: Api) -> None:
    saved = {"product_type": "parse_v2", "tier": "fast", "version": "2026-06-15", "page_ranges": {"max_pages": 3}}
    saved_id = idle.ok("POST", CONFIGURATIONS, json={"name": "a", "parameters": saved})["id"]
    other = {"product_type": "split_v1"}
    other_id = idle.ok("POST", CONFIGURATIONS, json={"name": "a", "parameters": other})["id"]
    file_id = idle.upload(idle.directory({}), "a.txt", b"words")["file_id"]

    def told(**options: Any) -> Any:
        job = idle.ok("POST", PARSE, json={"file_id": file_id, "configuration_id": saved_id} | options)
        with idle.engine.store.read() as db:
            row = db.execute(
                "SELECT parameters, configuration_id FROM jobs JOIN snapshots ON snapshots.id = snapshot_id "
                "WHERE jobs.id = ?",
                (job["id"],),
            ).fetchone()
        assert row["configuration_id"] == saved_id
        assert job["tier"] == json.loads(row["parameters"])["tier"]
        return json.loads(row["parameters"])

    assert told() == told(tier="configured", version="configured") == told(tier=None, page_ranges=None) == saved
    assert told(page_ranges={"target_pages": "2"}) == saved | {"page_ranges": {"target_pages": "2"}}
    assert told(tier="agentic", version="latest") == saved | LATEST
    body: dict[str, Any] = {"file_id": file_id, "configuration_id": saved_id, "tier": "agentic"}
    (problem,) = idle.refused(422, "POST", PARSE, json=body)  # of which fast's version is none
    assert problem["loc"] == ["body", "version"]
    (problem,) = idle.refused(422, "POST", PARSE, json=body | {"configuration_id": other_id})
    assert (problem["loc"], "split_v1" in problem["msg"]) == (["body", "configuration_id"], True)
    idle.refused(404, "POST", PARSE, json=body | {"configuration_id": "cfg-none"})
    (problem,) = idle.refused(422, "POST", PARSE, json=body | {"tier": "gold"})
    assert (problem["type"], problem["loc"]) == ("literal_error", ["body", "tier"])
    problems = idle.refused(422, "POST", PARSE, json={"file_id": file_id, "tier": "configured"})
    assert [problem["loc"] for problem in problems] == [["body", "tier"], ["body", "version"]]


def test_upload_is_no_file(api: Api) -> None:
    before = api.ok("GET", "/api/v1/beta/files")["items"]
    job = parsed(api, b"words", "a.txt")
    assert (job["status"], job["name"]) == ("COMPLETED", "a.txt")
    assert api.ok("GET", "/api/v1/beta/files")["items"] == before
    with api.engine.store.read() as db:
        (blob,) = db.execute("SELECT blob FROM jobs WHERE id = ?", (job["id"],)).fetchone()
    assert api.engine.blobs.path(blob).read_bytes() == b"words"


def test_user_metadata_bounds(idle: Api) -> None:
    most = {f"{number:0100}": "v" * 1000 for number in range(50)}
    assert uploaded(idle, b"words", "a.txt", user_metadata=most)["user_metadata"] == most
    for metadata in (most | {"one": "more"}, {"k" * 101: ""}, {"k": "v" * 1001}):
        configuration = json.dumps(LATEST | {"user_metadata": metadata})
        form = {"data": {"configuration": configuration}, "files": {"file": ("a.txt", b"words")}}
        (problem,) = idle.refused(422, "POST", f"{PARSE}/upload", **form)
        assert problem["loc"] == ["body", "configuration", "user_metadata"]


def test_cancel_job(make_api: MakeApi) -> None:
    api = make_api(seconds_per_file=1)
    batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(3)}))
    wait_for(lambda: api.ok("GET", PARSE, params={"status": "RUNNING"})["items"])
    third, second, first = api.ok("GET", PARSE)["items"]
    assert [job["status"] for job in (first, second, third)] == ["RUNNING", "PENDING", "PENDING"]
    answers = {job["id"]: api.ok("POST", f"{PARSE}/{job['id']}/cancel") for job in (first, second)}
    assert [answer["status"] for answer in answers.values()] == ["RUNNING", "CANCELLED"]
    assert api.ok("POST", f"{PARSE}/{first['id']}/cancel")["status"] == "RUNNING"
    ended = api.finished(batch["id"])
    assert ended["status"] == "COMPLETED"
    assert [job["status"] for job in api.jobs(ended)] == ["COMPLETED", "CANCELLED", "COMPLETED"]
    for job in (first, second):
        answer = api.raw("POST", f"{PARSE}/{job['id']}/cancel")
        assert (answer.status_code, final(answer)) == (409, True)
    api.refused(404, "POST", f"{PARSE}/pjb-none/cancel")


def test_delete_job(api: Api, idle: Api) -> None:
    batch = api.finished(api.batch(api.directory({"a.pdf": pdf("alpha")}))["id"])
    (job,) = api.jobs(batch)
    lone = parsed(api, pdf("alpha"), output_options={"images_to_save": ["screenshot"]})
    assert [path.name for path in (api.engine.images / lone["id"]).iterdir()] == ["page_1.jpg"]
    (image,) = shown(api, lone, "images_content_metadata")["images_content_metadata"]["images"]
    links = [image, *shown(api, lone, "text_content_metadata")["result_content_metadata"].values()]
    for one in (job, lone):
        assert api.ok("DELETE", f"{PARSE}/{one['id']}") == {"id": one["id"], "project_id": api.engine.project.id}
        for method in ("GET", "DELETE"):
            api.refused(404, method, f"{PARSE}/{one['id']}")
    assert api.ok("GET", PARSE)["items"] == []
    assert not (api.engine.images / lone["id"]).exists()
    for link in links:
        api.refused(404, "GET", link["presigned_url"])
    assert api.get(batch["id"], expand="results") == batch
    waiting = uploaded(idle, pdf("alpha"))
    answer = idle.raw("DELETE", f"{PARSE}/{waiting['id']}")
    assert (answer.status_code, final(answer)) == (409, True)
    assert idle.ok("POST", f"{PARSE}/{waiting['id']}/cancel")["status"] == "CANCELLED"
    idle.ok("DELETE", f"{PARSE}/{waiting['id']}")


def test_no_cache(make_api: MakeApi) -> None:
    api = make_api(credits_per_page=3)
    jobs = [parsed(api, pdf("alpha"), disable_cache=False) for _ in range(2)]
    assert len({job["id"] for job in jobs}) == 2
    assert [shown(api, job, "usage")["job"]["usage"] for job in jobs] == [{"credits": 3}] * 2


def test_ignored_parameters(api: Api) -> None:
    options: Json = {
        "agentic_options": {"custom_prompt": "be good"},
        "client_name": "me",
        "http_proxy": "http://proxy",
        "page_ranges": {"max_pages": 1},
        "processing_control": {"timeouts": {"base_in_seconds": 7200}},
    }
    job = parsed(api, pdf("alpha", "beta"), **options)
    metadata = shown(api, job, "job_metadata")["job_metadata"]
    assert metadata["pages"] == 1
    assert metadata["ignored_parameters"] == [
        "agentic_options.custom_prompt",
        "http_proxy",
        "processing_control.timeouts.base_in_seconds",
    ]


def test_ocr_when_asked(make_api: MakeApi) -> None:
    api = make_api()
    scan = picture("Hello from a picture")
    assert parsed(api, scan, "a.png")["status"] == "FAILED"
    asked = parsed(api, scan, "a.png", processing_options={"ocr_parameters": {}})
    assert asked["status"] == "COMPLETED", asked["error_message"]
    assert "Hello" in shown(api, asked, "text_full")["text_full"]
    job = parsed(make_api("other", ocr=True), scan, "a.png")
    assert job["status"] == "COMPLETED"


def test_page_failure_ratio(api: Api) -> None:
    assert parsed(api, half_scanned())["status"] == "COMPLETED"
    for ratio, status in ((0.5, "COMPLETED"), (0.49, "FAILED"), (0, "FAILED")):
        conditions = {"job_failure_conditions": {"allowed_page_failure_ratio": ratio}}
        job = parsed(api, half_scanned(), processing_control=conditions)
        assert job["status"] == status
        assert ("1 of 2 pages failed" in (job["error_message"] or "")) == (status == "FAILED")
    assert shown(api, job, "text")["text"] is None


def test_unknown_expand(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha")})
    result = api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": "nonsense,job"})
    assert {name for name, value in result.items() if value is not None} == {"job"}


def test_fast_has_no_markdown(api: Api) -> None:
    job = parsed(api, pdf("alpha"), tier="fast", processing_options={"forms": "enrich"})
    words = ("markdown", "markdown_full", "items", "forms")
    result = shown(api, job, "text_full", *words)
    assert job["tier"] == "fast"
    assert result["text_full"].strip() == "alpha"
    assert [result[word] for word in words] == [None] * 4
    assert set(linked(api, job, "text", "text_full", "metadata", *words)) == {"text", "text_full", "metadata"}


def test_failed_pages(api: Api) -> None:
    (job,) = api.run({"a.pdf": half_scanned()})
    assert job["status"] == "COMPLETED"
    result = api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": "text,markdown,items,job_metadata"})
    for view in ("markdown", "items"):
        good, failed = result[view]["pages"]
        assert good["success"] is True
        assert failed == {"page_number": 2, "success": False, "error": failed["error"]}
        assert failed["error"]
    assert [page["page_number"] for page in result["text"]["pages"]] == [1]
    assert result["job_metadata"]["pages_failed"] == 1


def test_full_joins_pages(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha", "beta")})
    result = api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": "text,text_full,markdown,markdown_full"})
    assert result["text_full"] == "\n\n".join(page["text"] for page in result["text"]["pages"])
    assert result["markdown_full"] == "\n\n".join(page["markdown"] for page in result["markdown"]["pages"])


def test_sizes_of_items(api: Api) -> None:
    sizes = []
    for name, content in {"a.pdf": pdf("alpha"), "b.txt": b"alpha"}.items():
        (page,) = shown(api, parsed(api, content, name), "items")["items"]["pages"]
        assert "alpha" in page["items"][0]["md"]
        sizes.append((page["page_width"], page["page_height"]))
    a4 = (pytest.approx(595.28, abs=0.01), pytest.approx(841.89, abs=0.01))
    assert sizes == [a4, (612, 792)]


def test_document_confidence(make_api: MakeApi) -> None:
    api = make_api(ocr=True)
    read = shown(api, parsed(api, pdf("alpha")), "metadata")["metadata"]
    assert read == {"pages": [{"page_number": 1}], "document": None}
    scanned = shown(api, parsed(api, half_scanned("Hello from a picture")), "metadata")["metadata"]
    first, second = scanned["pages"]
    scores = [page["confidence"] for page in (first, second) if "confidence" in page]
    assert second["confidence"] in scores
    assert all(0 < score <= 1 for score in scores)
    assert scanned["document"] == {
        "confidence": pytest.approx(sum(scores) / len(scores)),
        "confidence_breakdown": {"min_page_score": min(scores), "scored_pages": len(scores), "total_pages": 2},
    }


def test_forms_are_not_found(api: Api) -> None:
    assert shown(api, parsed(api, pdf("alpha")), "forms")["forms"] is None
    job = parsed(api, half_scanned(), processing_options={"forms": "enrich"})
    good, failed = shown(api, job, "forms")["forms"]["pages"]
    size = {"page_width": 595, "page_height": 842}
    assert good == {"page_number": 1, "success": True, "forms": [], "detected_form_types": None, **size}
    assert failed == {"page_number": 2, "success": False, "error": failed["error"]}


def test_raw_parameters(api: Api) -> None:
    webhook = {"webhook_url": "http://127.0.0.1:9/", "webhook_signing_secret": "hush"}
    options: Json = {"page_ranges": {"target_pages": "1"}, "webhook_configurations": [webhook]}
    job = parsed(api, pdf("alpha"), **options, user_metadata={"a": "b"}, http_proxy="u:swordfish@proxy:3128")
    assert shown(api, job, "job_metadata")["raw_parameters"] is None
    told = shown(api, job, "raw_parameters")["raw_parameters"]
    expected = {**LATEST, "page_ranges": {"target_pages": "1"}}
    assert told == expected | {"http_proxy": "****"}
    with api.engine.store.read() as db:
        assert "swordfish" not in "\n".join(db.iterdump())
    parameters = {"product_type": "parse_v2", **LATEST, **options}
    saved = api.ok("POST", CONFIGURATIONS, json={"name": "a", "parameters": parameters})
    (of_a_batch,) = api.run({"a.pdf": pdf("alpha")}, saved["id"])
    assert shown(api, of_a_batch, "raw_parameters")["raw_parameters"] == expected


def test_linked_results(api: Api) -> None:
    job = parsed(api, half_scanned(), processing_options={"forms": "enrich"})
    words = ("text", "markdown", "items", "metadata", "forms", "text_full", "markdown_full")
    inline = shown(api, job, *words)
    files = linked(api, job, *words, "xlsx", "nonsense")
    assert set(files) == set(words)
    for word in words:
        assert (files[word].decode() if word.endswith("_full") else json.loads(files[word])) == inline[word]
    assert shown(api, job, "xlsx_content_metadata")["result_content_metadata"] == {}
    assert shown(api, job, "text")["result_content_metadata"] is None
    api.refused(403, "GET", f"/links/jobs/{job['id']}/results/text")


def test_results_on_request(api: Api) -> None:
    output = {
        "tables_as_spreadsheet": {"enable": True},
        "save_output_pdf": True,
        "additional_outputs": ["stripped_md", "concatenated_stripped_txt", "word_bbox"],
    }
    keys = ("xlsx", "output_pdf", "stripped_markdown", "concatenated_stripped_markdown", "raw_words", "grounded_items")
    document = pdf("alpha", "beta")
    assert linked(api, parsed(api, document), *keys) == {}
    files = linked(api, parsed(api, document, output_options=output), *keys)
    assert set(files) == {*keys} - {"xlsx", "grounded_items"}
    assert files["output_pdf"] == document
    assert files["concatenated_stripped_markdown"] == b"alpha\n\n---\n\nbeta"
    assert json.loads(files["stripped_markdown"])["pages"][1] == {"page_number": 2, "text": "beta"}
    files = linked(api, parsed(api, TABLE, "a.csv", output_options=output), *keys)
    assert "output_pdf" not in files
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    assert book.sheetnames == ["Table_1"]
    rows = [[str(cell.value) for cell in row] for row in book["Table_1"]]
    assert rows == [["name", "price"], ["=1+1", "3.50"], ["nut", "0.25"]]
    assert book["Table_1"]["A2"].data_type == "s"
    book.close()


def test_raw_words(api: Api) -> None:
    output = {"additional_outputs": ["word_bbox"]}
    lines = linked(api, parsed(api, pdf("alpha beta"), output_options=output), "raw_words")["raw_words"].splitlines()
    first, second = map(json.loads, lines)
    assert [word["text"] for word in (first, second)] == ["alpha", "beta"]
    assert first.keys() == {"page", "text", "x", "y", "w", "h"}
    assert first["x"] == pytest.approx(72, abs=1)
    assert first["x"] + first["w"] < second["x"]
    assert 842 - 720 - 20 < first["y"] < first["y"] + first["h"] < 842 - 720 + 10
    assert second["page"] == 1


def test_image_names(api: Api) -> None:
    job = parsed(api, pdf("alpha", "beta", "gamma"), output_options={"images_to_save": ["screenshot"]})

    def names(**query: Any) -> list[str]:
        images = shown(api, job, "images_content_metadata", **query)["images_content_metadata"]
        assert images["total_count"] == 3
        return [image["filename"] for image in images["images"]]

    assert names() == ["page_1.jpg", "page_2.jpg", "page_3.jpg"]
    assert names(image_filenames="page_3.jpg, page_1.jpg,page_9.jpg") == ["page_1.jpg", "page_3.jpg"]
    (without,) = api.run({"a.pdf": pdf("alpha")})
    images = shown(api, without, "images_content_metadata")["images_content_metadata"]
    assert images == {"total_count": 0, "images": []}


def test_usage_is_zero(api: Api) -> None:
    good, bad = api.run({"a.pdf": pdf("alpha"), "b.pdf": b""})
    assert api.ok("GET", f"{PARSE}/{good['id']}", params={"expand": "usage"})["job"]["usage"] == {"credits": 0}
    assert api.ok("GET", f"{PARSE}/{bad['id']}", params={"expand": "usage"})["job"]["usage"] is None


def picture(text: str = "") -> bytes:
    """A grey page, or a white one with these words."""
    image = Image.new("L", (1190, 1684), 255 if text else 128)
    ImageDraw.Draw(image).text((100, 200), text, fill=0, font=ImageFont.load_default(60))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def half_scanned(text: str = "") -> bytes:
    """A page of text and a page that is a picture, with these words on it."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=1)
    canvas.drawString(72, 720, "This page has enough text to be read as such.")
    canvas.showPage()
    canvas.drawImage(ImageReader(io.BytesIO(picture(text))), 0, 0, 595, 842)
    canvas.showPage()
    canvas.save()
    return out.getvalue()
