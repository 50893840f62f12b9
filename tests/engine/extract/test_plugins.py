"""Plug-ins: functions of a notebook, functions by a name, entry points; and what is refused."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import llamabatch_nb as lb
from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.extractors import Extractor, Page, Unextractable
from llamabatch_nb.engine.extractors.plugins import GROUP, carried
from llamabatch_nb.errors import EngineError, InputError
from tests.engine.conftest import MakeApi
from tests.engine.extract.support import EXTRACT, TOTAL, ended, extracted, extracting, stored, totals
from tests.engine.support import Api, create_body, pdf, statuses

CONFIGURATIONS = "/api/v1/beta/configurations"


def seven(_: Sequence[Page], __: Mapping[str, Any]) -> dict[str, Any]:
    return {"total": 7}


@pytest.fixture
def plugged(threaded: MakeApi) -> Api:
    return threaded(extractors={None: totals, "seven": seven})


def test_the_docstring_s_example(threaded: MakeApi) -> None:
    """It is what people copy."""
    text = textwrap.dedent((Extractor.__doc__ or "").partition("::\n")[2].partition("lb.connect")[0])
    assert len(text.strip().splitlines()) < 10
    scope: dict[str, Any] = {}
    exec("from llamabatch_nb.engine.extractors import Citation, Extraction\n" + text, scope)
    api = threaded(extractors={"totals": scope["totals"]})
    configuration = {"extractor": "totals", "cite_sources": True, "confidence_scores": True}
    job = extracted(api, "a.pdf", pdf("Total: 1,234.50"), **configuration)
    assert job["extract_result"] == {"total": 1234.5}
    about = job["extract_metadata"]["field_metadata"]["document_metadata"]["total"]
    assert about["confidence"] == 0.99
    assert about["citation"][0]["matching_text"].strip() == "Total: 1,234.50"


def test_by_a_name_and_by_none(plugged: Api) -> None:
    assert extracted(plugged, "a.pdf", pdf("Total 5"))["extract_result"] == {"total": 5}
    assert extracted(plugged, "b.pdf", pdf("Total 5"), extractor="seven")["extract_result"] == {"total": 7}


def test_a_name_that_nobody_has_is_refused(plugged: Api) -> None:
    for name in ("eight", "os:system", "os", "/bin/sh", "llamabatch_nb.engine.extractors.shipped:extract"):
        body = {"file_input": "dfl-x", "configuration": {"data_schema": TOTAL, "extractor": name}}
        (problem,) = plugged.refused(422, "POST", EXTRACT, json=body)
        assert problem["loc"] == ["body", "configuration", "extractor"]
        assert name in problem["msg"]
        assert "this engine has seven" in problem["msg"]
    parameters = {"product_type": "extract_v2", "data_schema": TOTAL, "extractor": "eight"}
    (problem,) = plugged.refused(422, "POST", CONFIGURATIONS, json={"name": "c", "parameters": parameters})
    assert problem["loc"] == ["body", "parameters", "extract_v2", "extractor"]


def test_a_finding_in_no_letters_stops_nothing(threaded: MakeApi) -> None:
    def odd(*_: Any) -> Any:
        raise Unextractable("half \ud800", "No total \ud800.")

    api = threaded(extractors={"odd": odd, "seven": seven})
    failed = extracted(api, "a.txt", b"x", extractor="odd")
    assert (failed["status"], failed["error_message"]) == ("FAILED", "No total ?.")
    assert extracted(api, "a.txt", b"x", extractor="seven")["extract_result"] == {"total": 7}


def test_an_engine_without_the_extractor_says_so(threaded: MakeApi, tmp_path: Path) -> None:
    """Another process over the same folder that was not given it."""
    asked = Engine(tmp_path / "engine", extractors={"seven": seven})  # never started
    api = Api(asked)
    job = extracting(api, stored(api, "a.pdf", pdf("x")), extractor="seven")
    asked.close()
    found = ended(threaded(), job["id"])
    assert found["status"] == "FAILED"
    assert "There is no extractor 'seven' here" in found["error_message"]


def test_a_failing_extractor_fails_its_files_alone(threaded: MakeApi) -> None:
    def picky(pages: Sequence[Page], _: Mapping[str, Any]) -> dict[str, Any]:
        text = pages[0].text.strip()
        return {"total": int(text)}

    api = threaded(extractors={None: picky})
    parameters = {"product_type": "extract_v2", "data_schema": TOTAL}
    saved = api.ok("POST", CONFIGURATIONS, json={"name": "c", "parameters": parameters})
    directory = api.directory({"1.pdf": pdf("1"), "2.pdf": pdf("two"), "3.pdf": pdf("3")})
    batch = api.ok("POST", "/api/v2/batches", json=create_body(directory, saved["id"], "extract_v2"))
    ended_batch = api.finished(batch["id"])
    assert ended_batch["status"] == "COMPLETED"
    jobs = [api.ok("GET", f"{EXTRACT}/{one['job_reference']['id']}") for one in ended_batch["results"]]
    assert statuses(jobs) == ["COMPLETED", "FAILED", "COMPLETED"]
    assert [job["extract_result"] for job in jobs] == [{"total": 1}, None, {"total": 3}]
    assert "ValueError: invalid literal for int() with base 10: 'two'" in jobs[1]["error_message"]


def test_a_failure_names_the_extractor_as_it_is_called(threaded: MakeApi) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("no total")

    failed = extracted(threaded(extractors={"My Totals": broken}), "a.txt", b"x", extractor="My Totals")
    assert failed["error_message"].startswith("The extractor 'My Totals' failed: ValueError: no total")


def test_what_cannot_travel_is_refused_by_the_engine(tmp_path: Path) -> None:
    lock = threading.Lock()

    def locked(_: Sequence[Page], __: Mapping[str, Any]) -> dict[str, Any]:
        with lock:
            return {}

    for extractors, words in (
        ({"mine": locked}, "'mine' cannot be sent to a worker process"),
        ({None: "package:function"}, "for configurations that name none cannot be called"),
    ):
        with pytest.raises(EngineError, match=words):
            Engine(tmp_path / "engine", extractors=extractors)  # type: ignore[arg-type]


def test_the_same_code_has_the_same_digest() -> None:
    def made(limit: int) -> Extractor:
        def extractor(_: Sequence[Page], __: Mapping[str, Any]) -> dict[str, Any]:
            return {"total": limit}

        return extractor

    first, again, other = (carried({"x": made(limit)})["x"].digest for limit in (1, 1, 2))
    assert first == again != other
    assert "data" not in repr(carried({"x": made(1)})["x"])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with entry points, as pip would leave it."""
    site = tmp_path / "site"
    info = site / "plug-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "plug.py").write_text("def nine(pages, schema):\n    return {'total': 9}\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nnine = plug:nine\nbroken = plug:none\n")
    monkeypatch.syspath_prepend(str(site))
    yield
    sys.modules.pop("plug", None)


@pytest.mark.usefixtures("installed")
def test_an_entry_point(threaded: MakeApi) -> None:
    api = threaded()
    assert extracted(api, "a.pdf", pdf("x"), extractor="nine")["extract_result"] == {"total": 9}
    broken = extracted(api, "b.pdf", pdf("x"), extractor="broken")
    assert broken["status"] == "FAILED"
    assert "'broken' cannot be loaded: AttributeError" in broken["error_message"]


NOTEBOOK = """
import sys, time, types
from pathlib import Path
import llamabatch_nb as lb

RATE = 2

def twice(number):
    return RATE * number

def doubled(pages, schema):
    return {"total": twice(float(pages[0].text))}

only_here = types.ModuleType("only_here")
exec("def lost(pages, schema): return {}", only_here.__dict__)
sys.modules["only_here"] = only_here
only_here.lost.__module__ = "only_here"

schema = {"title": "T", "type": "object", "properties": {"total": {"type": "number"}}}
extractors = {None: doubled, "lost": only_here.lost}
with lb.connect(engine={"workers": 1, "extractors": extractors}) as client:
    run = lb.submit(Path(sys.argv[1]), schema=schema).wait()
    print(run.results_of("a.txt").extract_result)
    file = client.files.create(file=("b.txt", b"x"), purpose="extract")
    job = client.extract.create(file_input=file.id, configuration={"data_schema": schema, "extractor": "lost"})
    while job.status not in {"COMPLETED", "FAILED"}:
        time.sleep(0.05)
        job = client.extract.get(job.id)
    print(job.status, job.error_message)
"""


def test_a_notebook_s_function_in_a_worker_process(tmp_path: Path, own_home: Path) -> None:
    """It is of ``__main__``, which workers never see; one that they cannot open harms nothing but its file."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("21")
    command = [sys.executable, "-W", "error", "-", str(folder)]
    done = subprocess.run(command, input=NOTEBOOK, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "{'total': 42.0}" in said[1], said
    (lost,) = [line for line in said if line.startswith(("FAILED", "COMPLETED"))]
    assert lost.startswith("FAILED The extractor 'lost' failed: ModuleNotFoundError: No module named 'only_here'")
    assert own_home.is_dir()


def test_connect_tells_functions_apart(tmp_path: Path) -> None:
    def made(limit: int) -> Extractor:
        def extractor(_: Sequence[Page], __: Mapping[str, Any]) -> dict[str, Any]:
            return {"total": limit}

        return extractor

    def connected(**engine: Any) -> lb.Client:
        return lb.connect(data=tmp_path / "data", engine={"workers": 1} | engine)

    with connected(extractors={"mine": made(1)}) as client:
        assert connected(extractors={"mine": made(1)}) is client  # a cell that is run again
    for wrong, kind in ((made(1), InputError), ({"mine": 5}, EngineError)):
        with pytest.raises(kind, match="extractor"):
            connected(extractors=wrong)
