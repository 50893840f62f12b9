"""Everything a frame is made of: whatever has the API's fields gives the same, and nothing of it breaks a frame."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from llama_cloud.types import BatchGetResponse, ExtractV2Job, ParsingGetResponse

from llamabatch_nb import frames
from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.contract.extract import ExtractJob
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.foreign import mapped
from llamabatch_nb.frames.inputs import Unfit, jobs_of, snapshot_of
from tests.frames import payloads
from tests.frames.payloads import Json

examples = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
IDS = ["pjb-1", "pjb-2", "ejb-3"]
NUMBERED = "The job does not read as the service describes it: {}.pages: a page_number is beyond 64 bits."

BATCH: Json = {
    "id": "bat-1",
    "project_id": "prj-1",
    "source_directory_id": "dir-1",
    "status": "COMPLETED",
    "config": {"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}},
    "created_at": "2026-11-24T09:00:00Z",
    "updated_at": "2026-11-24T09:05:00Z",
    "results": [
        {"source_directory_file_id": "dfl-1", "job_reference": {"id": "pjb-1", "type": "parse_v2"}},
        {"source_directory_file_id": "dfl-2", "error_message": "no such file", "job_reference": None},
        {"source_directory_file_id": "dfl-3", "job_reference": {"id": "pjb-3", "type": "parse_v2"}},
    ],
}
JOB: Json = {
    "job": {
        "id": "pjb-1",
        "project_id": "prj-1",
        "status": "COMPLETED",
        "name": "invoice.pdf",
        "usage": {"credits": 20},
        "created_at": "2026-11-24T09:00:01Z",
        "updated_at": "2026-11-24T09:00:03.5Z",
    },
    "text": {"pages": [{"page_number": 1, "text": "Größe"}, {"page_number": 2, "text": None}]},
    "markdown": {
        "pages": [
            {"page_number": 1, "success": True, "markdown": "# Größe"},
            {"page_number": 2, "success": False, "error": "timed out"},
        ]
    },
    "metadata": {"pages": [{"page_number": 1, "confidence": 0.75}, {"page_number": 2, "confidence": 0.5}]},
}
EXTRACTED: Json = {
    "id": "ejb-3",
    "file_input": "dfl-3",
    "project_id": "prj-1",
    "status": "FAILED",
    "error_message": "no schema",
    "created_at": "2026-11-24T09:00:01Z",
    "updated_at": "2026-11-24T09:00:02Z",
    "extract_result": {"confidence": "high", "vendor": {"city": "Ulm"}, "lines": [{"amount": 3}]},
    "extract_metadata": {
        "parse_job_id": "pjb-9",
        "field_metadata": {
            "document_metadata": {
                "confidence": {"confidence": 0.9, "citation": []},
                "vendor": {"city": {"confidence": 0.25}},
                "lines": [{"amount": {"confidence": 0.5}}],
            }
        },
    },
    "metadata": {"usage": {"num_pages_extracted": 7}},
    "usage": {"credits": 15, "extract_credits": 10, "parse_credits": 5},
}


def sdk_batch(body: Json) -> BatchGetResponse:
    """As the SDK makes it of an answer: without a check."""
    return BatchGetResponse.construct(**body)


def sdk_job(body: Json) -> ParsingGetResponse | ExtractV2Job:
    made: ParsingGetResponse | ExtractV2Job = (
        ExtractV2Job.construct(**body) if "file_input" in body else ParsingGetResponse.construct(**body)
    )
    return made


def every_frame(of: object, jobs: object) -> Iterable[pd.DataFrame]:
    yield frames.results(of)
    yield frames.files(of, jobs)
    yield frames.events(of, jobs)
    yield frames.pages(of, jobs)


def equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert one.dtypes.equals(other.dtypes)
    assert one.attrs == other.attrs


@given(payloads.batches(IDS).filter(lambda body: body["created_at"] or body["updated_at"]), payloads.jobs(IDS))
@examples
def test_any_answer_makes_frames_with_a_row_a_file_and_the_sdks_objects_the_same(
    body: Json, jobs: dict[str, Json]
) -> None:
    rows = len(body["results"] or [])
    assert len(frames.results(body)) == rows
    assert len(frames.files(body, jobs)) == rows
    fitting = {job_id: job for job_id, job in jobs.items() if isinstance(job, dict)}
    theirs = {job_id: sdk_job(job) for job_id, job in fitting.items()}
    for frame, other in zip(every_frame(body, fitting), every_frame(sdk_batch(body), theirs), strict=True):
        assert frame.dtypes.equals(other.dtypes)
        equal(frame, other)


@given(payloads.batches(IDS, damaged=False), payloads.jobs(IDS, damaged=False))
@examples
def test_our_models_of_a_sound_answer_make_the_same_frames(body: Json, jobs: dict[str, Json]) -> None:
    body["updated_at"] = "2026-11-24T09:05:00Z"
    ours = {
        job_id: job
        for job_id, one in jobs.items()
        if not isinstance(job := jobs_of(None, {job_id: one})[job_id], Unfit)
    }
    assert ours.keys() == jobs.keys()
    assert all(isinstance(job, (ParseResult, ExtractJob)) for job in ours.values())
    for frame, other in zip(every_frame(body, jobs), every_frame(Batch.model_validate(body), ours), strict=True):
        equal(frame, other)


def test_a_batch_and_its_jobs_say_together_what_a_run_knows() -> None:
    for batch in (BATCH, json.dumps(BATCH), json.dumps(BATCH).encode(), Batch.model_validate(BATCH), sdk_batch(BATCH)):
        for jobs in ([JOB], [sdk_job(JOB)], {"pjb-1": JOB}, iter([JOB, None]), sdk_job(JOB)):
            frame = frames.files(batch, jobs)
            assert frame["file_id"].tolist() == ["dfl-1", "dfl-2", "dfl-3"]
            assert frame["name"].tolist() == ["invoice.pdf", pd.NA, pd.NA]
            assert frame["status"].tolist() == ["completed", "failed", "submitted"]
            assert frame["error"].tolist() == [pd.NA, "no such file", pd.NA]
            assert frame["error_source"].tolist() == [pd.NA, "mapping", pd.NA]
            known = frame.iloc[0][["pages", "pages_failed", "characters", "confidence", "credits", "duration"]]
            assert known.tolist() == [2, 1, 5, 0.5, 20, 2.5]
            assert frame.attrs["batch_id"] == "bat-1"
            assert frame.attrs["taken_at"] == "2026-11-24T09:05:00+00:00"
            assert frame.attrs["complete"] == "false"


def test_an_extract_job_tells_of_its_parse_job_and_its_least_sure_value() -> None:
    batch = BATCH | {
        "results": [{"source_directory_file_id": "dfl-3", "job_reference": {"id": "ejb-3", "type": "extract_v2"}}]
    }
    for job in (EXTRACTED, sdk_job(EXTRACTED), ExtractJob.model_validate(EXTRACTED)):
        frame = frames.files(batch, [job])
        row = frame.iloc[0]
        assert (row["status"], row["error"], row["error_source"]) == ("failed", "no schema", "job")
        assert (row["parse_job_id"], row["credits"], row["pages"], row["confidence"]) == ("pjb-9", 15, 7, 0.25)
        assert snapshot_of(batch, jobs_of(None, [job])).files[0].parse_credits == 5
        assert frame.attrs["complete"] == "true"


def test_what_a_snapshot_knows_is_not_overwritten_by_a_job() -> None:
    whole = snapshot_of(BATCH, jobs_of(None, [JOB]))
    older = JOB | {"job": JOB["job"] | {"status": "RUNNING", "usage": None, "updated_at": None}, "text": None}
    assert snapshot_of(whole, jobs_of(None, [older])) == whole


def test_a_job_of_a_list_has_a_status_and_no_result() -> None:
    frame = frames.files(BATCH, [JOB["job"]])
    assert frame["status"].tolist() == ["completed", "failed", "submitted"]
    assert frame["pages"].isna().all()


@dataclass
class Reference:
    id: str
    type: str


@dataclass(slots=True)
class Entry:
    source_directory_file_id: str
    job_reference: Reference
    error_message: str | None = None


def test_objects_of_any_other_package_will_do() -> None:
    other = SimpleNamespace(**BATCH | {"results": [Entry("dfl-1", Reference("pjb-1", "parse_v2"))]})
    equal(frames.results(other), frames.results(BATCH | {"results": BATCH["results"][:1]}))
    job = SimpleNamespace(job=SimpleNamespace(**JOB["job"]), text=SimpleNamespace(**JOB["text"]))
    assert frames.files(other, [job])["characters"].tolist() == [5]


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"job": {"id": "pjb-1", "status": "COMPLETED"}}, r"job\.project_id: Field required\."),
        (JOB | {"text": {"pages": [{"page_number": "one"}, {}]}}, r"text\.pages\.0\.page_number: .* \(and 1 more\)\."),
        (JOB | {"markdown": 5}, r"markdown: "),
        ({}, "job: Field required"),
        ("a job", "no object but of type str"),
        (EXTRACTED | {"id": "pjb-1", "created_at": "yesterday"}, "created_at: "),
    ],
)
def test_a_job_that_cannot_be_read_is_an_error_in_its_files_row(job: Any, said: str) -> None:
    found = jobs_of(None, {"pjb-1": job})
    assert isinstance(found["pjb-1"], Unfit)
    frame = frames.files(BATCH, {"pjb-1": job})
    assert frame["error_source"].tolist() == ["job", "mapping", pd.NA]
    assert pd.Series(frame["error"][0]).str.contains(said).all(), frame["error"][0]
    assert len(frame) == 3


def test_a_null_where_the_contract_has_a_default_costs_nothing_else() -> None:
    job = JOB | {"items": {"pages": None}, "text": {"pages": [{"page_number": 1, "text": None, "new": 1}]}}
    read = jobs_of(None, [job])["pjb-1"]
    assert isinstance(read, ParseResult)
    assert read.text is not None
    assert (read.text.pages[0].text, read.text.pages[0].model_extra) == ("", {"new": 1})
    assert read.markdown is not None
    assert JOB["text"]["pages"][1]["text"] is None  # what was passed is left as it is


def test_an_object_that_contains_itself_is_an_unfit_job_and_no_batch() -> None:
    loop: Json = {"job": {}}
    loop["job"]["self"] = loop
    assert isinstance(jobs_of(None, {"pjb-1": loop})["pjb-1"], Unfit)
    around = SimpleNamespace(results=[])
    around.me = around
    with pytest.raises(InputError, match="this is of type SimpleNamespace"):
        frames.files(around)


@pytest.mark.parametrize("of", [None, 5, {}, {"items": []}, object(), Batch, "no JSON", b"[1]", "null", []])
def test_what_is_no_batch_is_said(of: object) -> None:
    for make in (frames.files, frames.results, frames.events, frames.pages):
        with pytest.raises(InputError, match=r"pass what the API answered|made of a run, a Snapshot or a batch"):
            make(of)


@pytest.mark.parametrize("jobs", [5, "pjb-1", b"{}", object()])
def test_what_are_no_jobs_is_said(jobs: object) -> None:
    with pytest.raises(InputError, match="a mapping by id or a list of job objects"):
        frames.files(BATCH, jobs)


def test_an_entry_without_a_job_is_cancelled_with_its_batch_and_waits_else() -> None:
    entry = {"source_directory_file_id": "dfl-1", "job_reference": None, "error_message": None}
    for status, word in (("CANCELLED", "cancelled"), ("RUNNING", "submitted"), ("FAILED", "submitted")):
        assert frames.files(BATCH | {"status": status, "results": [entry]})["status"].tolist() == [word]


def test_a_batch_without_times_was_taken_now() -> None:
    before = datetime.now(UTC)
    taken = snapshot_of(BATCH | {"created_at": None, "updated_at": "soon"}).taken_at
    assert before <= taken <= datetime.now(UTC)


def test_an_entry_that_is_half_right_keeps_that_half() -> None:
    half = mapped({"source_directory_file_id": "dfl-1", "job_reference": {"id": 7, "type": "parse_v2"}})
    assert (half.file_id, half.job_id, half.job_type) == ("dfl-1", None, "parse_v2")
    assert half.error == "The service's entry for this file cannot be read: see its job_reference."


@pytest.mark.parametrize("part", ["text", "markdown", "items", "metadata"])
def test_a_page_number_beyond_64_bits_is_an_error_in_its_files_row(part: str) -> None:
    job = {"job": JOB["job"], part: {"pages": [{"page_number": 2**70}]}}
    for one in (job, ParseResult.model_validate(job)):
        assert frames.files(BATCH, [one])["error"].tolist() == [NUMBERED.format(part), "no such file", pd.NA]
        for make in (frames.pages, frames.items):
            assert make(BATCH, [one])["error"].tolist() == [NUMBERED.format(part)]


def test_pages_extracted_beyond_64_bits_are_not_known() -> None:
    entries = [{"source_directory_file_id": "dfl-3", "job_reference": {"id": "ejb-3", "type": "extract_v2"}}]
    job = EXTRACTED | {"metadata": {"usage": {"num_pages_extracted": 2**70}}}
    snapshot = snapshot_of(BATCH | {"results": entries}, jobs_of(None, [job]))
    assert snapshot.files[0].pages is None
    told = replace(snapshot, files=(replace(snapshot.files[0], pages=2**70, size=2**70),))
    assert frames.files(told)[["pages", "size"]].isna().all(axis=None)


def test_times_without_a_zone_are_utc_beside_others_with_one() -> None:
    job = JOB | {"job": JOB["job"] | {"created_at": "2026-11-24T09:00:01"}}
    batch = BATCH | {"created_at": "2026-11-24T09:00:00"}
    equal(frames.files(batch, [job]), frames.files(BATCH, [JOB]))
    equal(frames.events(batch, [job]), frames.events(BATCH, [JOB]))
    snapshot = snapshot_of(batch, jobs_of(None, [job]))
    assert snapshot == snapshot_of(BATCH, jobs_of(None, [JOB]))
    # What a run read itself may have none either.
    assert snapshot.created_at is not None
    naive = snapshot.created_at.replace(tzinfo=None)
    older = replace(snapshot, created_at=naive, files=(replace(snapshot.files[0], created_at=naive),))
    assert older.elapsed == timedelta(minutes=5)
    assert older.files[0].duration == timedelta(seconds=3.5)
