"""Pictures of a run: what is drawn is what the frames say, and the same for the same run."""

from __future__ import annotations

import base64
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import matplotlib as mpl
import nbformat
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_cloud.types import BatchGetResponse, ParsingGetResponse
from nbconvert.preprocessors import ExecutePreprocessor

import llamabatch_nb as lb
from llamabatch_nb import frames
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.plot import Kind
from llamabatch_nb.snapshot import BatchState, FileState, Service, Snapshot
from tests.frames.pictures import assert_golden, svg, texts
from tests.run.support import Line, engine, remote
from tests.run.support import texts as documents

START = datetime(2026, 11, 24, 13, tzinfo=UTC)
REASONS = (
    ("It took longer than {} s.", True),
    ("Needs a password: save a copy without one and retry it.", False),
    ("{name}: Damaged on page {}.", False),
    ("HTTP 503", True),
    (None, None),
)


def file(number: int) -> FileState:
    """One of a run: every fifth has failed, and each took its own time."""
    name = f"invoices/invoice-{number:03}.pdf"
    seconds = 2 + (number * 7) % 23 / 4
    reason, again = REASONS[number // 5 % len(REASONS)]
    failed = number % 5 == 4
    return FileState(
        name=name,
        status="failed" if failed else "completed",
        file_id=f"dfl-{number}",
        job_id=f"pjb-{number}",
        job_type="parse_v2",
        error=reason.format(60 + number % 2, name=name) if failed and reason else None,
        error_source="job" if failed else None,
        retryable=again if failed else None,
        created_at=START + timedelta(seconds=number),
        updated_at=START + timedelta(seconds=number + seconds),
    )


def snapshot(*files: FileState, **said: Any) -> Snapshot:
    known: dict[str, Any] = {
        "name": "Q3",
        "source": "invoices/",
        "service": Service(label="LlamaCloud NA", base_url="https://example.com", local=False),
        "configuration_id": "cfg-PARSE_AGENTIC",
        "job_type": "parse_v2",
        "phase": "COMPLETED",
        "taken_at": START + timedelta(minutes=5),
        "batch_id": "bat-1",
        "created_at": START,
        "updated_at": START + timedelta(minutes=4),
        "files": files,
    }
    return Snapshot(**(known | said))


RUN = snapshot(*map(file, range(120)))
RUNNING = replace(RUN, phase="RUNNING", files=(*RUN.files, *(FileState(name=f"{n}", status="waiting") for n in "abc")))


def result(job_id: str, *confidences: float | None) -> ParseResult:
    pages = [{"page_number": number, "confidence": sure} for number, sure in enumerate(confidences, 1)]
    job = {"id": job_id, "project_id": "prj", "status": "COMPLETED"}
    return ParseResult.model_validate({"job": job, "metadata": {"pages": pages}})


RESULTS = {
    one.job_id: result(one.job_id, 1 - number % 17 / 60, None, 0.99)
    for number, one in enumerate(RUN.files)
    if one.job_id is not None and one.status == "completed"
}


def extraction() -> tuple[Snapshot, ExtractJob]:
    one = FileState(name="a.pdf", status="completed", job_id="ext-1", job_type="extract_v2")
    said = {"total": {"confidence": 0.95}, "date": {"confidence": 0.4}, "tax": {"confidence": 0.0}}
    job = ExtractJob.model_validate(
        {
            "id": "ext-1",
            "file_input": "dfl-1",
            "project_id": "prj",
            "status": "COMPLETED",
            "created_at": START,
            "updated_at": START,
            "extract_result": {"total": 3.5, "date": "2026-01-31", "tax": None},
            "extract_metadata": {"field_metadata": {"document_metadata": said}},
        }
    )
    return snapshot(one, job_type="extract_v2"), job


@dataclass
class OneThatFetches:
    """A run as `plot` takes it."""

    snapshot: Snapshot = RUN
    fetched: list[str] = field(default_factory=list)

    def job_results(self) -> Mapping[str, ParseResult]:
        self.fetched.append("all")
        return RESULTS


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_kind_is_drawn_as_somebody_found_it_good(kind: Kind) -> None:
    assert_golden(kind, frames.plot(RUN, RESULTS, kind))


def test_all_that_there_is_to_see_is_beside_each_other() -> None:
    figure = frames.plot(RUNNING, RESULTS)
    assert_golden("all", figure)
    assert svg(frames.plot(RUNNING, RESULTS)) == svg(frames.plot(RUNNING, RESULTS))  # to the byte, on one machine
    assert repr(figure).splitlines() == [
        "120 of 123 files ended in 5 min, 24 failed",
        "Median 4.8 s of 120 jobs, waiting included",
        "24 files failed, 10 worth a retry",
        "23 of 192 pages are doubtful",
    ]
    assert "Q3 · invoices/ · LlamaCloud NA" in texts(figure)


def test_kinds_with_nothing_to_see_are_left_out_and_drawn_empty_when_asked_for() -> None:
    good = snapshot(*(one for one in RUN.files if one.status == "completed"))
    assert len(frames.plot(good).axes) == 2
    assert len(frames.plot(good, RESULTS).axes) == 3
    assert repr(frames.plot(good, kind="failures")) == "No file has failed."
    assert repr(frames.plot(good, kind="confidence")) == "No page has a confidence."
    none = snapshot(phase="UPLOADING")
    said = "No file has ended yet, or none says when."
    assert repr(frames.plot(none)) == repr(frames.plot(none, kind="progress")) == said
    assert repr(frames.plot(none, kind="durations")) == "No job has ended yet, or none says how long it took."
    assert said in texts(frames.plot(none))


def test_a_run_is_asked_for_results_only_where_they_are_drawn() -> None:
    run = OneThatFetches()
    for kind in ("progress", "durations", "failures"):
        frames.plot(run, kind=kind)
    assert run.fetched == []
    assert repr(frames.plot(run)) == repr(frames.plot(RUN, RESULTS))
    assert run.fetched == ["all"]


def test_a_run_draws_itself(tmp_path: Path) -> None:
    with engine(tmp_path / "engine") as made, remote(Line(made)) as client:
        run = lb.submit(documents(tmp_path / "in", a="one", b="two"), client=client).wait()
        assert repr(run.plot("failures")) == "No file has failed."
        assert repr(run.plot()).startswith("All 2 files ended in ")


def test_a_null_was_not_found_and_is_said_apart() -> None:
    taken, job = extraction()
    assert repr(frames.plot(taken, [job], "confidence")) == "1 of 3 values not found, 1 doubtful"


def test_objects_of_the_sdk_are_drawn_like_ours() -> None:
    ids = ["pjb-1", "pjb-2"]
    batch = {
        "id": "bat-1",
        "config": {"job": {"configuration_id": "cfg-1", "type": "parse_v2"}},
        "project_id": "prj",
        "source_directory_id": "dir-1",
        "status": "COMPLETED",
        "created_at": START,
        "updated_at": START,
        "results": [
            {"source_directory_file_id": f"dfl-{n}", "job_reference": {"id": n, "type": "parse_v2"}} for n in ids
        ],
    }
    answers = [
        {
            "job": {
                "id": one,
                "project_id": "prj",
                "status": status,
                "error_message": "HTTP 503" if status == "FAILED" else None,
                "created_at": START,
                "updated_at": START + timedelta(seconds=2),
            },
            "metadata": {"pages": [{"page_number": 1, "confidence": 0.5, "success": True}]},
        }
        for one, status in zip(ids, ("COMPLETED", "FAILED"), strict=True)
    ]
    figure = frames.plot(BatchGetResponse.model_validate(batch), map(ParsingGetResponse.model_validate, answers))
    assert repr(figure).splitlines() == [
        "All 2 files ended in 2.0 s, 1 failed",
        "Each of 2 jobs took 2.0 s, waiting included",
        "1 file failed, not worth a retry unchanged",
        "2 of 2 pages are doubtful",
    ]
    assert svg(figure) == svg(frames.plot(batch, answers))


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        (["It took longer than 60 s.", "It took longer than 120.5 s."], {"It took longer than … s": 2}),
        (["HTTP 503 of pjb-0a1b2c3d", "HTTP 503 of pjb-9f8e7d6c", "HTTP 429"], {"HTTP 503 of …": 2, "HTTP 429": 1}),
        (["a/0.pdf: No text.", "1.pdf has no text", "no text"], {"No text": 2, "… has no text": 1}),
        ([None, " ", "No reason given."], {"No reason given": 3}),
        (["Page 3 of 7 is damaged."], {"Page 3 of 7 is damaged": 1}),
        (["Needs a password"] * 3 + ["Empty"], {"Needs a password": 3, "Empty": 1}),
        (["well-known trouble"], {"Well-known trouble": 1}),
    ],
)
def test_reasons_that_differ_in_names_and_numbers_are_one(said: list[str | None], reasons: dict[str, int]) -> None:
    files = [FileState(name=f"a/{n}.pdf", status="failed", error=error) for n, error in enumerate(said)]
    figure = frames.plot(snapshot(*files), kind="failures")
    drawn = texts(figure)
    for reason, count in reasons.items():
        assert drawn[drawn.index(reason) + 1].strip() == str(count)
    assert len(drawn) == 2 * len(reasons) + 1


def test_many_reasons_share_the_last_bar() -> None:
    words = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")
    files = [FileState(name=f"{word}.pdf", status="failed", error=word, retryable=True) for word in words]
    drawn = texts(frames.plot(snapshot(*files, *files[:1]), kind="failures"))
    assert drawn[:2] == ["Alpha", " 2 worth a retry"]
    assert drawn[-3:] == ["3 other reasons", " 3 worth a retry", "11 files failed, all worth a retry"]


def test_what_comes_from_outside_is_text_and_nothing_else() -> None:
    hostile = "$\\frac{ <script>alert(1)</script> & \x07\u202e\ud800 $"
    files = [FileState(name="x", status="failed", error=hostile, updated_at=START, batch_id="bat-1")]
    figure = frames.plot(snapshot(*files, name=hostile, source="$x$"))
    drawn = "\n".join(texts(figure))
    assert "$\\frac{ <script>alert(1)</script> & \\x07\\u202e\\ud800 $" in drawn
    assert "$x$" in drawn
    assert "<script" not in svg(figure)


def test_files_that_end_without_a_job_end_with_their_batch() -> None:
    batch = BatchState(
        batch_id="bat-1",
        directory_id="dir-1",
        phase="CANCELLED",
        files=3,
        created_at=START,
        updated_at=START + timedelta(seconds=9),
        ended=True,
    )
    files = (
        replace(file(0), batch_id="bat-1"),
        FileState(name="b", status="failed", batch_id="bat-1", error_source="mapping"),
        FileState(name="c", status="cancelled", batch_id="bat-1"),
    )
    drawn = texts(frames.plot(snapshot(*files, phase="CANCELLED", batches=(batch,)), kind="progress"))
    assert {"1 completed", "1 failed", "1 cancelled"} <= set(drawn)
    assert drawn[-1] == "All 3 files ended in 9.0 s, 1 failed"


outcomes = st.sampled_from(["completed", "failed", "cancelled", "running", "ODD"])
moments = st.none() | st.integers(0, 10**7).map(lambda seconds: START + timedelta(seconds=seconds))
states = st.builds(
    FileState,
    name=st.text(max_size=6),
    status=outcomes,
    job_id=st.none() | st.sampled_from(["pjb-1", "pjb-2", "pjb-3"]),
    error=st.none() | st.text(max_size=30),
    retryable=st.none() | st.booleans(),
    created_at=moments,
    updated_at=moments,
)
sure = st.none() | st.floats()


@given(st.lists(states, max_size=6), st.lists(sure, max_size=4), st.sampled_from(["RUNNING", "COMPLETED"]))
@settings(deadline=None, max_examples=10)
def test_any_run_can_be_drawn(files: list[FileState], confidences: list[float | None], phase: str) -> None:
    taken = snapshot(*files, phase=phase)
    figure = frames.plot(taken, {"pjb-1": result("pjb-1", *confidences)})
    assert [text for text in texts(figure) if "nan" in text.lower()] == []
    failed = sum(one.status == "failed" for one in files)
    assert repr(frames.plot(taken, kind="failures")).startswith(f"{failed:,} file" if failed else "No file has failed.")


def test_a_large_run_is_no_large_picture() -> None:
    many = tuple(
        FileState(
            name=f"{n}.pdf",
            status="failed" if n % 7 == 0 else "completed",
            job_id=f"pjb-{n}",
            created_at=START,
            updated_at=START + timedelta(milliseconds=37 * n),
        )
        for n in range(20_000)
    )
    figure = frames.plot(snapshot(*many), kind="progress")
    assert repr(figure) == "All 20,000 files ended in 12 min, 2,858 failed"
    assert len(svg(figure)) < 100_000  # a point an event would be a megabyte and more


def test_a_long_tail_gets_an_axis_of_powers() -> None:
    took = [0, 1, 1.2, 1.4, 2, 3, 4000]
    files = [replace(file(0), job_id=f"{s}", updated_at=START + timedelta(seconds=s)) for s in took]
    drawn = texts(frames.plot(snapshot(*files), kind="durations"))
    assert [tick for tick in drawn if tick in {"1 s", "10 s", "1 min", "10 min", "1 h"}] == [
        *("1 s", "10 s", "1 min", "10 min", "1 h")
    ]
    assert drawn[-1] == "Median 1.4 s of 7 jobs, waiting included"


def test_copies_of_a_file_are_one_job() -> None:
    first = file(0)
    copies = (first, replace(first, name="copy.pdf", copy_of=first.name))
    assert repr(frames.plot(snapshot(*copies), kind="durations")) == "The only job took 2.0 s, waiting included"
    assert repr(frames.plot(snapshot(*copies), kind="progress")).startswith("All 2 files ended")


def test_settings_of_the_notebook_are_neither_followed_nor_changed() -> None:
    plain = svg(frames.plot(RUN, RESULTS))
    with mpl.rc_context({"axes.facecolor": "black", "text.color": "white", "axes.grid": True, "lines.linewidth": 9}):
        before = dict(mpl.rcParams)
        assert svg(frames.plot(RUN, RESULTS)) == plain
        assert dict(mpl.rcParams) == before


def test_a_figure_survives_pickle() -> None:
    figure = frames.plot(RUN, kind="failures")
    assert texts(pickle.loads(pickle.dumps(figure))) == texts(figure)


def test_a_kind_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(InputError, match=r"no picture 'pie': kind= is one of progress, durations, failures, conf"):
        frames.plot(RUN, kind="pie")  # type: ignore[arg-type]


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r'pip install "llamabatch-nb\[plot\]"'):
        frames.plot(RUN)


CELL = """
import sys
from datetime import datetime, timedelta, UTC
from llamabatch_nb import frames
batch = {"id": "bat-1", "source_directory_id": "dir-1", "status": "COMPLETED", "created_at": "2026-11-24T13:00:00Z",
         "results": [{"source_directory_file_id": "dfl-1", "error_message": "HTTP 503"}]}
assert "matplotlib" not in sys.modules, "matplotlib was imported before anything was drawn"
frames.plot(batch, kind="failures")
"""
AGAIN = """
assert "matplotlib.pyplot" not in sys.modules
import matplotlib.pyplot as plt
shown = frames.plot(batch, kind="failures")
assert plt.get_fignums() == []
shown
"""


def test_a_notebook_shows_it_once_with_and_without_pyplot() -> None:
    make: Any = nbformat.v4
    run: Any = ExecutePreprocessor
    notebook = make.new_notebook(cells=[make.new_code_cell(cell) for cell in (CELL, AGAIN)])
    run(timeout=120, kernel_name="python3").preprocess(notebook)
    for cell in notebook.cells:
        assert [output.output_type for output in cell.outputs] == ["execute_result"]
        assert base64.b64decode(cell.outputs[0].data["image/png"]).startswith(b"\x89PNG")
    first = notebook.cells[0].outputs[0]
    assert first.data["text/plain"] == "1 file failed, not worth a retry unchanged"
    assert first.metadata["image/png"] == {"width": 720, "height": 360}


def test_a_batch_says_when_nothing_is_known_of_its_files() -> None:
    batch = {"id": "bat-1", "source_directory_id": "dir-1", "status": "RUNNING", "results": None}
    assert repr(frames.plot(batch)) == "No file has ended yet, or none says when."
    assert pd.api.types.is_integer_dtype(frames.events(batch)["ended"].dtype)
