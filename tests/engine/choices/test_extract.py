"""Extract jobs (contract.md section 6). Each choice is shown by the test of its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.extractors import Box, Citation, Extraction, Extractor, Page
from tests.engine.extract.support import EXTRACT, TOTAL, ended, extracted, extracting, stored, totals
from tests.engine.support import Api, Json, pdf

PARSE = "/api/v2/parse"
ASKED: Json = {"cite_sources": True, "confidence_scores": True}
DOCUMENT = pdf("Total 5", "nothing", "Total 7")


def rows(pages: Sequence[Page], schema: Mapping[str, Any]) -> Json:
    """A row a line; under another target how many pages there were."""
    if "rows" not in schema["properties"]:
        return {"total": len(pages)}
    return {"rows": [{"total": float(line.text.split()[-1])} for page in pages for line in page.lines]}


def recognised(pages: Sequence[Page], _: Mapping[str, Any]) -> Extraction:
    (line, *_rest) = pages[0].lines
    box = line.box or Box(0, 0, 1, 1)
    return Extraction({"total": 5}, {"/total": [Citation(1, line.text, [box])]}, {"/total": 0.5})


def wrong(_: Sequence[Page], __: Mapping[str, Any]) -> Json:
    return {"total": "many"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One engine for all of them; it works in a thread."""
    extractors: dict[str | None, Extractor] = {None: totals, "rows": rows, "recognised": recognised, "wrong": wrong}
    folder: Path = tmp_path_factory.mktemp("engine")
    with (
        ThreadPoolExecutor(1) as executor,
        Engine(folder, workers=1, executor=executor, credits_per_page=2, extractors=extractors) as engine,
    ):
        executor.submit(int).result()  # its thread is there before any test, and after it
        yield Api(engine)


def test_extract_file_input(api: Api, idle: Api) -> None:
    uploaded = api.upload(api.directory({}), "a.pdf", DOCUMENT)
    job = ended(api, extracting(api, uploaded["file_id"])["id"], expand="extract_metadata")
    assert (job["file_input"], job["extract_result"]) == (uploaded["file_id"], {"total": 5})
    parse_job = job["extract_metadata"]["parse_job_id"]
    again = ended(api, extracting(api, parse_job, target_pages="3")["id"], expand="extract_metadata")
    assert (again["file_input"], again["extract_result"]) == (parse_job, {"total": 7})
    assert again["extract_metadata"]["parse_job_id"] == parse_job
    for unknown, said in {
        "dfl-none": "'dfl-none' not found",
        "pjb-none": "'pjb-none' not found",
        uploaded["id"]: f"{uploaded['id']!r} is a directory file: give its file_id, {uploaded['file_id']!r}",
    }.items():
        body = {"file_input": unknown, "configuration": {"data_schema": TOTAL}}
        assert api.refused(404, "POST", EXTRACT, json=body).endswith(said)
    extracting(idle, stored(idle, "a.pdf", DOCUMENT))
    (waiting,) = idle.ok("GET", PARSE)["items"]
    body = {"file_input": waiting["id"], "configuration": {"data_schema": TOTAL}}
    (problem,) = idle.refused(422, "POST", EXTRACT, json=body)
    assert problem["loc"] == ["body", "file_input"]
    assert "is PENDING and not COMPLETED: wait for its end" in problem["msg"]


def test_extract_cancel(idle: Api, api: Api) -> None:
    job = extracting(idle, stored(idle, "a.pdf", DOCUMENT))
    assert idle.ok("POST", f"{EXTRACT}/{job['id']}/cancel")["status"] == "CANCELLED"
    assert [one["status"] for one in idle.ok("GET", PARSE)["items"]] == ["CANCELLED"]
    answer = idle.raw("POST", f"{EXTRACT}/{job['id']}/cancel")
    assert (answer.status_code, answer.headers["x-should-retry"]) == (409, "false")
    idle.refused(404, "POST", f"{EXTRACT}/ext-none/cancel")
    done = extracted(api, "a.pdf", DOCUMENT)
    api.refused(409, "POST", f"{EXTRACT}/{done['id']}/cancel")
    assert api.ok("GET", f"{PARSE}/{done['extract_metadata']['parse_job_id']}")["job"]["status"] == "COMPLETED"


def test_extract_delete(idle: Api, api: Api) -> None:
    job = extracting(idle, stored(idle, "a.pdf", DOCUMENT))
    for query in ({}, {"force": "false"}):
        answer = idle.raw("DELETE", f"{EXTRACT}/{job['id']}", params=query)
        assert (answer.status_code, answer.headers["x-should-retry"]) == (409, "false")
    gone = idle.ok("DELETE", f"{EXTRACT}/{job['id']}", params={"force": "true"})
    assert gone == {"id": job["id"], "project_id": job["project_id"]}
    idle.refused(404, "GET", f"{EXTRACT}/{job['id']}")
    idle.refused(404, "DELETE", f"{EXTRACT}/{job['id']}")
    done = extracted(api, "a.pdf", DOCUMENT)
    api.ok("DELETE", f"{EXTRACT}/{done['id']}")
    assert api.ok("GET", f"{PARSE}/{done['extract_metadata']['parse_job_id']}")["job"]["status"] == "COMPLETED"


def test_extract_lists(api: Api) -> None:
    plain, cited = (extracted(api, "a.pdf", DOCUMENT, **asked) for asked in ({}, ASKED))
    query = {"job_ids": [plain["id"], cited["id"]], "expand": "usage,configuration"}
    newest, oldest = api.ok("GET", EXTRACT, params=query)["items"]
    assert (newest["id"], oldest["id"]) == (cited["id"], plain["id"])
    assert newest["extract_result"] == oldest["extract_result"] == {"total": 5}
    assert oldest["extract_metadata"] is None
    assert newest["extract_metadata"]["field_metadata"]["document_metadata"]["total"]["citation"]
    assert newest["usage"] is None
    assert newest["configuration"]["data_schema"] == TOTAL


def test_extract_usage(api: Api) -> None:
    job = extracted(api, "a.pdf", DOCUMENT)
    assert job["usage"] == {"credits": 12.0, "extract_credits": 6.0, "parse_credits": 6.0}
    assert job["metadata"] == {"usage": {"num_pages_extracted": 3, "num_pages_billed": 3}}
    assert api.ok("GET", f"{EXTRACT}/{job['id']}")["usage"] is None
    shared = extracting(api, job["extract_metadata"]["parse_job_id"], max_pages=1)
    assert ended(api, shared["id"], expand="usage")["usage"] == {
        "credits": 8.0,
        "extract_credits": 2.0,
        "parse_credits": 6.0,
    }


def test_extraction_targets(api: Api) -> None:
    lines = pdf("Total 5", "Total 7")
    for tier in ("turbo", "agentic_plus"):
        told: Json = {"tier": tier, "version": "2.5", "extractor": "rows"}
        assert extracted(api, "a.pdf", lines, extraction_target="per_doc", **told)["extract_result"] == {"total": 2}
        pages = extracted(api, "a.pdf", lines, extraction_target="per_page", **told)
        assert pages["extract_result"] == [{"total": 1}] * 2
        of_rows = extracted(api, "a.pdf", lines, extraction_target="per_table_row", **told)
        assert of_rows["extract_result"] == [{"total": 5}, {"total": 7}]


def test_schema_limits(api: Api) -> None:
    path = EXTRACT + "/schema/validation"
    good = {"title": "T", **TOTAL, "x-own": [1, None]}
    assert api.ok("POST", path, json={"data_schema": good}) == {"data_schema": good}
    bad = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "strin"}}}
    (problem,) = api.refused(422, "POST", path, json={"data_schema": bad})
    assert problem["loc"] == ["body", "data_schema"]
    assert problem["msg"].startswith("/$defs/a/type: 'strin'")
    file_id = stored(api, "a.pdf", DOCUMENT)
    body = {"file_input": file_id, "configuration": {"data_schema": bad}}
    (problem,) = api.refused(422, "POST", EXTRACT, json=body)
    assert problem["loc"][:3] == ["body", "configuration", "data_schema"]
    assert "/$defs/a/type" in problem["msg"]


def test_generate_schema(api: Api) -> None:
    path = EXTRACT + "/schema/generate"
    file_id = stored(api, "a.pdf", DOCUMENT)
    body = {"data_schema": {"title": "My bill!", **TOTAL}, "prompt": "bills", "file_id": file_id}
    made = api.ok("POST", path, json=body)
    assert made["parameters"] == {"product_type": "extract_v2", "data_schema": body["data_schema"]}
    assert made["name"].startswith("My-bill-")
    assert api.ok("POST", path, json=body) == made
    assert api.ok("POST", path, json={**body, "name": "mine"})["name"] == "mine"
    assert api.ok("POST", "/api/v1/beta/configurations", json=made)["product_type"] == "extract_v2"
    for alone in ({"prompt": "bills"}, {"file_id": file_id}, {}):
        (problem,) = api.refused(422, "POST", path, json=alone)
        assert "no language model" in problem["msg"]
    api.refused(404, "POST", path, json={**body, "file_id": "dfl-none"})
    api.refused(422, "POST", path, json={"data_schema": {"type": "array"}})


def test_extractor_plugins(api: Api) -> None:
    assert extracted(api, "a.pdf", DOCUMENT, extractor="rows")["extract_result"] == {"total": 3}
    body = {"file_input": "dfl-none", "configuration": {"data_schema": TOTAL, "extractor": "none"}}
    (problem,) = api.refused(422, "POST", EXTRACT, json=body)
    assert "'none'" in problem["msg"]
    failed = extracted(api, "a.pdf", DOCUMENT, extractor="wrong")
    assert (failed["status"], failed["extract_result"], failed["usage"]) == ("FAILED", None, None)
    assert "at /total: 'many' is not of type 'number'" in failed["error_message"]


def test_null_values(api: Api) -> None:
    schema = {"type": "object", "properties": {**TOTAL["properties"], "more": {"type": "string"}}, "required": ["more"]}
    job = extracted(api, "a.pdf", pdf("nothing"), data_schema=schema)
    assert job["status"] == "COMPLETED"
    assert job["extract_result"] == {"total": None, "more": None}
    lines, rates = {"type": "array", "items": TOTAL}, {"type": "object", "additionalProperties": {"type": "number"}}
    more = {"currency": {"type": "string", "default": "EUR"}, "lines": lines, "rates": rates, "inner": TOTAL}
    schema = {"type": "object", "properties": {**more, "null": {"type": ["array", "null"]}}}
    job = extracted(api, "a.pdf", pdf("nothing"), data_schema=schema, **ASKED)
    assert job["extract_result"] == {
        "total": None,  # the plug-in's own
        "currency": "EUR",
        "lines": [],
        "rates": {},
        "inner": {"total": None},
        "null": None,
    }
    about = job["extract_metadata"]["field_metadata"]["document_metadata"]
    assert (about["currency"]["confidence"], about["lines"], about["rates"]) == (0, [], {})


def test_unasked_metadata(api: Api) -> None:
    job = extracted(api, "a.pdf", DOCUMENT, parse_tier="fast")
    assert job["extract_metadata"] == {
        "field_metadata": None,
        "parse_job_id": job["extract_metadata"]["parse_job_id"],
        "parse_tier": "fast",
    }
    assert api.ok("GET", f"{EXTRACT}/{job['id']}")["extract_metadata"] is None
    cited = extracted(api, "a.pdf", DOCUMENT, cite_sources=True)
    assert api.ok("GET", f"{EXTRACT}/{cited['id']}")["extract_metadata"] == cited["extract_metadata"]
    entry = cited["extract_metadata"]["field_metadata"]["document_metadata"]["total"]
    assert entry.keys() == {"citation"}


def test_confidence_parts(api: Api) -> None:
    job = extracted(api, "a.pdf", DOCUMENT, extractor="recognised", **ASKED)
    entry = job["extract_metadata"]["field_metadata"]["document_metadata"]["total"]
    assert {name: value for name, value in entry.items() if name != "citation"} == {
        "confidence": 0.5,
        "parsing_confidence": 1.0,
        "extraction_confidence": 0.5,
    }


def test_turbo_citations(api: Api) -> None:
    boxes = {}
    for tier in ("turbo", "agentic"):
        job = extracted(api, "a.pdf", DOCUMENT, tier=tier, **ASKED)
        (citation,) = job["extract_metadata"]["field_metadata"]["document_metadata"]["total"]["citation"]
        boxes[tier] = len(citation["bounding_boxes"])
        assert job["extract_metadata"]["parse_tier"] == "agentic"
    assert boxes == {"turbo": 0, "agentic": 1}


def test_extract_words_without_effect(api: Api) -> None:
    told = {
        "system_prompt": "Say nothing.",
        "version": "2.5",
        "advanced_citations": True,
        "disable_cache": True,
        "spreadsheet_mode": True,
        "sheet_names": ["none"],
    }
    job = extracted(api, "a.pdf", DOCUMENT, **told)
    assert job["extract_result"] == {"total": 5}
    assert told.items() <= job["configuration"].items()
    for version in ("latest", "9.9", "2026-01-31"):
        assert extracting(api, job["file_input"], version=version)["status"] == "PENDING"
    for wrong in ({"nonsense": 1}, {"version": "newest"}, {"system_prompt": 1}):
        body = {"file_input": job["file_input"], "configuration": {"data_schema": TOTAL, **wrong}}
        (problem,) = api.refused(422, "POST", EXTRACT, json=body)
        assert problem["loc"][-1] in wrong
