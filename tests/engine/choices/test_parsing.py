"""Parse jobs (contract.md section 5). Each choice is shown by the test of its name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.conftest import MakeApi
from tests.engine.support import Api, pdf, wait_for

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
PARSE = "/api/v2/parse"


def final(answer: Any) -> bool:
    return bool(answer.headers.get("x-should-retry") == "false")


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


def test_unknown_expand(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha")})
    result = api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": "nonsense,job"})
    assert {name for name, value in result.items() if value is not None} == {"job"}


def test_fast_has_no_markdown(api: Api) -> None:
    (job,) = api.run({"a.pdf": pdf("alpha")}, "cfg-PARSE_FAST")
    result = api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": "text_full,markdown,markdown_full,items"})
    assert job["tier"] == "fast"
    assert result["text_full"].strip() == "alpha"
    assert (result["markdown"], result["markdown_full"], result["items"]) == (None, None, None)


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


def test_items_are_text(api: Api) -> None:
    widths = []
    for job in api.run({"a.pdf": pdf("alpha"), "b.txt": b"alpha"}):
        (page,) = api.ok("GET", f"{PARSE}/{job['id']}", params={"expand": "items"})["items"]["pages"]
        (item,) = page["items"]
        assert (item["type"], item["value"].strip()) == ("text", "alpha")
        assert "alpha" in item["md"]
        widths.append(page["page_width"])
    assert widths == [pytest.approx(595.28, abs=0.01), None]


def test_usage_is_zero(api: Api) -> None:
    good, bad = api.run({"a.pdf": pdf("alpha"), "b.pdf": b""})
    assert api.ok("GET", f"{PARSE}/{good['id']}", params={"expand": "usage"})["job"]["usage"] == {"credits": 0}
    assert api.ok("GET", f"{PARSE}/{bad['id']}", params={"expand": "usage"})["job"]["usage"] is None


def half_scanned() -> bytes:
    """A page of text and a page that is a picture."""
    import io

    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=1)
    canvas.drawString(72, 720, "This page has enough text to be read as such.")
    canvas.showPage()
    canvas.drawImage(ImageReader(Image.new("L", (595, 842), 128)), 0, 0, 595, 842)
    canvas.showPage()
    canvas.save()
    return out.getvalue()
