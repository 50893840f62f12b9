"""Each choice of the table (`engine.choices`), shown by the test of its name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from llamabatch_nb.engine.choices import CHOICES, markdown
from llamabatch_nb.engine.faults import Fault, Faults
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, create_body, files_of, pdf, wait_for

BATCHES = "/api/v2/batches"
DIRECTORIES = "/api/v1/beta/directories"
PARSE = "/api/v2/parse"


def final(answer: Any) -> bool:
    return bool(answer.headers.get("x-should-retry") == "false")


def test_every_choice_has_its_test() -> None:
    keys = [choice.key for choice in CHOICES]
    assert len(set(keys)) == len(keys)
    assert [key for key in keys if f"test_{key}" not in globals()] == []
    table = markdown()
    assert all(choice.topic in table and choice.engine in table for choice in CHOICES)


def test_results_at_the_end(make_api: MakeApi) -> None:
    seen: dict[bool, set[tuple[str, bool]]] = {}
    for early in (False, True):
        api = make_api(f"early-{early}", seconds_per_file=0.1, results_while_running=early)
        batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(8)}))
        seen[early] = set()
        ended = False
        while not ended:
            shown = api.get(batch["id"], expand="results")
            seen[early].add((shown["status"], shown["results"] is not None))
            ended = shown["status"] == "COMPLETED"
    assert seen[False] - {("PENDING", False)} == {("RUNNING", False), ("COMPLETED", True)}
    assert seen[True] - {("PENDING", False)} == {("RUNNING", True), ("COMPLETED", True)}
    with api.engine.store.write() as db:  # nothing here lets a batch fail, so the store has to say it
        db.execute("UPDATE batches SET status = 'FAILED'")
    assert api.get(batch["id"], expand="results")["results"] is None


def test_files_at_create(idle: Api) -> None:
    directory_id = idle.directory({"b.pdf": pdf("beta"), "a.pdf": pdf("alpha")})
    batch = idle.batch(directory_id)
    first, second = (file["id"] for file in idle.ok("GET", files_of(directory_id))["items"])
    idle.upload(directory_id, "late.pdf", pdf("late"))
    idle.engine.start()
    results = idle.finished(batch["id"])["results"]
    assert [result["source_directory_file_id"] for result in results] == [first, second]


def test_empty_directory(idle: Api) -> None:
    assert "no files" in idle.refused(422, "POST", BATCHES, json=create_body(idle.directory({})))


def test_too_many_files(idle: Api) -> None:
    directory_id = idle.directory({"0": b"x"})
    with idle.engine.store.write() as db:
        db.executemany(
            "INSERT INTO directory_files "
            "(id, directory_id, display_name, unique_id, blob, size, created_at, updated_at) "
            "SELECT 'dfl-' || ?1, directory_id, ?1, ?1, blob, size, created_at, updated_at FROM directory_files "
            "WHERE unique_id = '0'",
            ((str(n),) for n in range(1, 1001)),
        )
    assert "1000" in idle.refused(422, "POST", BATCHES, json=create_body(directory_id))
    with idle.engine.store.write() as db:
        db.execute("DELETE FROM directory_files WHERE unique_id = '1000'")
    idle.batch(directory_id)


def test_unknown_configuration(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    assert "cfg-none" in idle.refused(404, "POST", BATCHES, json=create_body(directory_id, "cfg-none"))
    assert "dir-none" in idle.refused(404, "POST", BATCHES, json=create_body("dir-none"))


def test_product_mismatch(idle: Api) -> None:
    body = create_body(idle.directory({"a.pdf": pdf("alpha")}), kind="extract_v2")
    assert "extract_v2" in idle.refused(422, "POST", BATCHES, json=body)


def test_webhooks(idle: Api) -> None:
    body = create_body(idle.directory({"a.pdf": pdf("alpha")}))
    assert "webhooks" in idle.refused(422, "POST", BATCHES, json=body | {"webhook_configuration_ids": ["whc-1"]})
    idle.refused(422, "POST", BATCHES, json=body | {"webhook_configurations": [{"webhook_url": "http://x"}]})
    idle.ok("POST", BATCHES, json=body | {"webhook_configuration_ids": [], "webhook_configurations": None})


def test_throttled(make_api: MakeApi) -> None:
    asked = make_api("asked", faults=Faults([Fault("throttled", times=2)]))
    throttled = asked.batch(asked.directory({"a.pdf": pdf("alpha")}))
    assert [asked.get(throttled["id"])["status"] == "THROTTLED" for _ in range(3)] == [True, True, False]
    asked.engine.close()
    api = make_api(seconds_per_file=0.1)
    batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(10)}))
    wait_for(lambda: api.get(batch["id"])["status"] == "RUNNING")
    statuses = {job["status"] for job in api.ok("GET", PARSE)["items"]}
    assert "PENDING" in statuses
    assert api.ok("GET", BATCHES, params={"status": "THROTTLED"})["items"] == []


def test_failed_batch(make_api: MakeApi) -> None:
    api = make_api(faults=Faults([Fault("failed")]))
    directory_id = api.directory({"a.pdf": pdf("alpha")})
    ended = [api.finished(api.batch(directory_id)["id"]) for _ in range(2)]
    assert [(batch["status"], batch["results"] is None) for batch in ended] == [("FAILED", True), ("COMPLETED", False)]


def test_cancel_running(make_api: MakeApi) -> None:
    api = make_api(seconds_per_file=1)
    batch = api.batch(api.directory({f"{n}.pdf": pdf(str(n)) for n in range(4)}))
    wait_for(lambda: api.ok("GET", PARSE, params={"status": "RUNNING"})["items"])
    cancel = f"{BATCHES}/{batch['id']}/cancel"
    assert [api.ok("POST", cancel)["status"] for _ in range(2)] == ["RUNNING", "RUNNING"]
    assert sorted(job["status"] for job in api.ok("GET", PARSE)["items"]) == ["CANCELLED"] * 3 + ["RUNNING"]
    ended = api.finished(batch["id"])
    assert [job["status"] for job in api.jobs(ended)] == ["COMPLETED", *["CANCELLED"] * 3]
    assert ended["status"] == "CANCELLED"


def test_cancel_terminal(api: Api) -> None:
    batch = api.batch(api.directory({"a.pdf": pdf("alpha")}))
    api.finished(batch["id"])
    answer = api.raw("POST", f"{BATCHES}/{batch['id']}/cancel")
    assert (answer.status_code, final(answer)) == (409, True)


def test_directory_name_taken(idle: Api) -> None:
    first = idle.directory({})
    answer = idle.raw("POST", DIRECTORIES, json={"name": "documents"})
    assert (answer.status_code, final(answer)) == (409, True)
    assert answer.json()["detail"]["directory_id"] == first
    assert "documents" in answer.json()["detail"]["message"]


def test_unique_id_taken(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    answer = idle.raw("POST", files_of(directory_id) + "/upload", files={"upload_file": ("a.pdf", b"other")})
    assert (answer.status_code, final(answer)) == (409, True)
    idle.directory({"a.pdf": pdf("alpha")}, "elsewhere")


def test_names_by_default(idle: Api) -> None:
    directory_id = idle.directory({})

    def names(**form: str) -> tuple[str, str]:
        file = idle.upload(directory_id, "C:\\docs\\a.pdf", b"x", **form)
        return file["display_name"], file["unique_id"]

    assert names() == ("a.pdf", "a.pdf")
    assert names(display_name="b") == ("b", "b")
    assert names(external_file_id="e") == ("a.pdf", "e")
    assert names(external_file_id="f", unique_id="u") == ("a.pdf", "u")


def test_directory_type(idle: Api) -> None:
    assert idle.ok("POST", DIRECTORIES, json={"name": "a"})["type"] == "user"


def test_ephemeral_lifetime(idle: Api) -> None:
    made = idle.ok("POST", DIRECTORIES, json={"name": "a", "type": "ephemeral"})
    expires, created = (datetime.fromisoformat(made[name]) for name in ("expires_at", "created_at"))
    assert expires - created == timedelta(days=2)


def test_uploads_are_files(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha")})
    (file,) = idle.ok("GET", files_of(directory_id), params={"expand": "download_url"})["items"]
    assert file["download_url"] is None
    assert idle.raw("DELETE", f"{DIRECTORIES}/{directory_id}").status_code == 204
    other = idle.directory({}, "other")
    assert idle.ok("POST", files_of(other), json={"file_id": file["file_id"]})["file_id"] == file["file_id"]
    assert len(list((idle.engine.data / "blobs").iterdir())) == 1


def test_unknown_file_id(idle: Api) -> None:
    first = idle.directory({"a.pdf": pdf("alpha")})
    (file,) = idle.ok("GET", files_of(first))["items"]
    other = files_of(idle.directory({}, "other"))
    assert file["id"] in idle.refused(404, "POST", other, json={"file_id": file["id"]})  # not the id it has there
    path = f"/api/v1/beta/files/{file['file_id']}"
    assert idle.raw("DELETE", path).status_code == 204
    idle.refused(404, "DELETE", path)
    assert file["file_id"] in idle.refused(404, "POST", other, json={"file_id": file["file_id"]})
    assert idle.ok("GET", files_of(first))["items"] == [file]


def test_deleted_directory(idle: Api) -> None:
    directory_id = idle.directory({"a.pdf": pdf("alpha"), "b.pdf": pdf("beta")})
    batch = idle.batch(directory_id)
    (file, _) = idle.ok("GET", files_of(directory_id))["items"]
    assert idle.raw("DELETE", f"{files_of(directory_id)}/{file['id']}").status_code == 204
    assert idle.raw("DELETE", f"{DIRECTORIES}/{directory_id}").status_code == 204
    assert len(idle.ok("GET", DIRECTORIES, params={"include_deleted": True})["items"]) == 1
    idle.directory({})
    idle.engine.start()
    assert [job["status"] for job in idle.jobs(idle.finished(batch["id"]))] == ["COMPLETED"] * 2


def test_empty_file(api: Api) -> None:
    (job,) = api.run({"a.pdf": b""})
    assert job["status"] == "FAILED"
    assert job["error_message"]


def test_presets(idle: Api) -> None:
    presets = idle.ok("GET", "/api/v1/beta/configurations")["items"]
    assert {preset["id"]: preset["parameters"]["tier"] for preset in presets} == {
        "cfg-PARSE_FAST": "fast",
        "cfg-PARSE_COST_EFFECTIVE": "cost_effective",
        "cfg-PARSE_AGENTIC": "agentic",
        "cfg-PARSE_AGENTIC_PLUS": "agentic_plus",
    }
    for preset in presets:
        assert preset["product_type"] == preset["parameters"]["product_type"] == "parse_v2"
        assert idle.ok("GET", f"/api/v1/beta/configurations/{preset['id']}") == preset
    idle.refused(404, "GET", "/api/v1/beta/configurations/cfg-none")
    listed = "/api/v1/beta/configurations"
    page = idle.ok("GET", listed, params={"page_size": 3})
    rest = idle.ok("GET", listed, params={"page_size": 3, "page_token": page["next_page_token"]})
    assert (page["items"] + rest["items"], rest["next_page_token"]) == (presets, None)
    assert idle.ok("GET", listed, params={"name": "PARSE_FAST"})["items"] == presets[:1]
    assert idle.ok("GET", listed, params={"product_type": ["extract_v2", "split_v1"]})["items"] == []


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


def test_upload_limit(make_api: MakeApi) -> None:
    api = make_api(uploads_per_second=0.4)
    directory_id = api.directory({"a.txt": b"a", "b.txt": b"b"})
    answer = api.raw("POST", files_of(directory_id) + "/upload", files={"upload_file": ("c.txt", b"c")})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) in range(1, 6)


def test_usage_is_zero(api: Api) -> None:
    good, bad = api.run({"a.pdf": pdf("alpha"), "b.pdf": b""})
    assert api.ok("GET", f"{PARSE}/{good['id']}", params={"expand": "usage"})["job"]["usage"] == {"credits": 0}
    assert api.ok("GET", f"{PARSE}/{bad['id']}", params={"expand": "usage"})["job"]["usage"] is None


def test_foreign_project(idle: Api) -> None:
    for name in ("project_id", "organization_id"):
        assert "other" in idle.refused(403, "GET", BATCHES, params={name: "other"})
        idle.refused(403, "POST", DIRECTORIES, params={name: "other"}, json={"name": "a"})


def test_list_order(make_api: MakeApi) -> None:
    # A clock that stands still: all files are of one moment.
    with ThreadPoolExecutor(1) as executor:
        api = make_api(seed="s", executor=executor)
        first = api.directory({"c.pdf": pdf("c"), "a.pdf": pdf("a"), "b.pdf": pdf("b")})
        second = api.directory({}, "second")
        files = api.ok("GET", files_of(first))["items"]
        assert [file["display_name"] for file in files] == ["a.pdf", "b.pdf", "c.pdf"]
        assert [directory["id"] for directory in api.ok("GET", DIRECTORIES)["items"]] == [second, first]
        batches = [api.finished(api.batch(first)["id"])["id"] for _ in range(2)]
        assert [batch["id"] for batch in api.ok("GET", BATCHES)["items"]] == batches[::-1]
        assert [job["name"] for job in api.ok("GET", PARSE)["items"]] == ["c.pdf", "b.pdf", "a.pdf"] * 2
        api.engine.close()
    moving = make_api("moving")
    later = moving.directory({"c.pdf": pdf("c"), "a.pdf": pdf("a")})
    assert [file["display_name"] for file in moving.ok("GET", files_of(later))["items"]] == ["c.pdf", "a.pdf"]


def test_any_key(idle: Api) -> None:
    directory_id = idle.directory({})
    for headers in ({"authorization": "Bearer other"}, {"cookie": "session=s"}):
        assert Api(idle.engine, headers).ok("GET", f"{DIRECTORIES}/{directory_id}")["id"] == directory_id
    Api(idle.engine, {}).refused(401, "GET", f"{DIRECTORIES}/{directory_id}")


@pytest.mark.parametrize("path", [BATCHES, DIRECTORIES, PARSE, "/api/v1/beta/configurations"])
def test_page_sizes(idle: Api, path: str) -> None:
    for size in ("0", "1001", "x"):
        idle.refused(422, "GET", path, params={"page_size": size})
    idle.ok("GET", path, params={"page_size": 1000})
    for token in ("x", "!", "WyJhIl0", "bnVsbA"):
        idle.refused(422, "GET", path, params={"page_token": token})
    for n in range(51):
        idle.ok("POST", DIRECTORIES, json={"name": str(n)})
    assert len(idle.ok("GET", DIRECTORIES)["items"]) == 50


def test_total_size(idle: Api) -> None:
    idle.directory({"a.pdf": pdf("alpha")})
    assert idle.ok("GET", DIRECTORIES, params={"include_total": "true"})["total_size"] is None


def test_unknown_body_field(idle: Api) -> None:
    (problem,) = idle.refused(422, "POST", DIRECTORIES, json={"name": "a", "expires_at": "2026-01-01T00:00:00Z"})
    assert problem["loc"] == ["body", "expires_at"]
    directory_id = idle.directory({})
    form = {"data": {"nonsense": "1"}, "files": {"upload_file": ("a", b"x")}}
    (problem,) = idle.refused(422, "POST", files_of(directory_id) + "/upload", **form)
    assert problem["loc"] == ["body", "nonsense"]
    idle.ok("GET", DIRECTORIES, params={"nonsense": "1"})


def test_naive_times(idle: Api) -> None:
    batch = idle.batch(idle.directory({"a.pdf": pdf("alpha")}))
    created = datetime.fromisoformat(batch["created_at"]).replace(tzinfo=None)
    hour = timedelta(hours=1)

    def found(after: datetime) -> int:
        return len(idle.ok("GET", BATCHES, params={"created_at_on_or_after": after.isoformat()})["items"])

    assert (found(created), found(created + hour)) == (1, 0)


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
