"""The `results` frame: the API's own mapping, from an answer's bytes as from objects."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from llama_cloud.types import BatchGetResponse

from llamabatch_nb import frames
from llamabatch_nb.contract.batches import Batch
from llamabatch_nb.snapshot import BatchState, FileState
from tests.frames import payloads
from tests.frames.payloads import Json
from tests.frames.test_frames import as_declared, snapshot

BATCH: Json = {
    "id": "bat-1",
    "source_directory_id": "dir-1",
    "status": "COMPLETED",
    "updated_at": "2026-11-24T09:05:00Z",
    "results": [
        {"source_directory_file_id": "dfl-2", "job_reference": {"id": "pjb-2", "type": "parse_v2"}, "new": [1]},
        {"source_directory_file_id": "dfl-1", "error_message": "no such file", "job_reference": None},
        {"source_directory_file_id": "dfl-3", "job_reference": {"id": "sht-3", "type": "sheets_v9", "new": {}}},
        {"source_directory_file_id": "dfl-4"},
    ],
}
ROWS = [
    ["bat-1", "dfl-2", "pjb-2", "parse_v2", pd.NA],
    ["bat-1", "dfl-1", pd.NA, pd.NA, "no such file"],
    ["bat-1", "dfl-3", "sht-3", "sheets_v9", pd.NA],
    ["bat-1", "dfl-4", pd.NA, pd.NA, pd.NA],
]


def raw(body: Json) -> bytes:
    return json.dumps(body).encode()


def rows(frame: pd.DataFrame) -> list[list[Any]]:
    found: list[list[Any]] = frame.to_numpy().tolist()
    return found


def test_a_row_is_an_entry_of_the_batch_under_the_names_of_the_api() -> None:
    whole = BATCH | {"project_id": "prj", "config": {"job": {"type": "parse_v2", "configuration_id": "cfg"}}}
    for of in (
        BATCH,
        raw(BATCH),
        bytearray(raw(BATCH)),
        raw(BATCH).decode(),
        BatchGetResponse.construct(**BATCH),
        Batch.model_validate(whole),
    ):
        frame = frames.results(of)
        as_declared(frame, frames.RESULTS)
        assert rows(frame) == ROWS
        assert (frame.attrs["batch_id"], frame.attrs["schema"]) == ("bat-1", "results")
        assert frame.attrs["complete"] == "true"


@pytest.mark.parametrize(
    ("fields", "complete"),
    [
        ({"status": "RUNNING", "results": None}, "false"),
        ({"status": "RUNNING", "results": []}, "false"),
        ({"status": "COMPLETED", "results": None}, "false"),  # ask again
        ({"status": "COMPLETED", "results": []}, "true"),
    ],
)
def test_without_results_there_are_no_rows_and_all_columns(fields: Json, complete: str) -> None:
    for of in (BATCH | fields, raw(BATCH | fields)):
        frame = frames.results(of)
        as_declared(frame, frames.RESULTS)
        assert (len(frame), frame.attrs["complete"]) == (0, complete)


@given(payloads.batches(["pjb-1", "pjb-2"]).filter(lambda body: body["created_at"] or body["updated_at"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_bytes_dict_and_the_rows_one_by_one_are_the_same(body: Json) -> None:
    frame = frames.results(body)
    as_declared(frame, frames.RESULTS)
    read = frames.results(raw(body))
    pd.testing.assert_frame_equal(read, frame)
    assert read.attrs == frame.attrs
    assert len(frame) == len(body["results"] or [])
    for n, entry in enumerate(body["results"] or []):
        if isinstance(entry, dict) and isinstance(entry.get("source_directory_file_id"), str):
            assert frame["source_directory_file_id"][n] == entry["source_directory_file_id"]
        if isinstance(entry, dict) and isinstance(entry.get("error_message"), str):
            assert frame["error_message"][n] == entry["error_message"]


def test_the_bulk_is_what_sound_batches_go_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow way gives the same, so that only this notices when all batches go there."""
    expected = frames.results(BATCH)
    monkeypatch.setattr(import_module("llamabatch_nb.frames.results"), "mapped", None)
    pd.testing.assert_frame_equal(frames.results(raw(BATCH)), expected)
    pd.testing.assert_frame_equal(frames.results(BatchGetResponse.construct(**BATCH)), expected)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (5, "no object"),
        ([], "no object"),
        ({}, "see its source_directory_file_id"),
        ({"source_directory_file_id": None}, "see its source_directory_file_id"),
        ({"source_directory_file_id": 7, "job_reference": "pjb"}, "see its source_directory_file_id and job_reference"),
        ({"source_directory_file_id": "dfl-9", "job_reference": {}}, "see its job_reference"),
        ({"source_directory_file_id": "dfl-9", "job_reference": {"id": None, "type": "x"}}, "see its job_reference"),
        ({"source_directory_file_id": "dfl-9", "error_message": {"detail": "x"}}, "see its error_message"),
    ],
)
def test_an_entry_that_cannot_be_read_is_a_row_that_says_so_and_costs_no_other(entry: object, said: str) -> None:
    body = BATCH | {"results": [*BATCH["results"], entry]}
    for of in (body, raw(body), BatchGetResponse.construct(**body)):
        frame = frames.results(of)
        as_declared(frame, frames.RESULTS)
        assert rows(frame)[:4] == ROWS
        assert said in frame["error_message"][4]


def test_half_a_character_is_kept_as_in_every_frame() -> None:
    body = BATCH | {"results": [{"source_directory_file_id": "dfl-\ud800", "error_message": "\udcff"}]}
    for of in (body, raw(body)):
        assert rows(frames.results(of)) == [["bat-1", "dfl-\\ud800", pd.NA, pd.NA, "\\udcff"]]


def test_a_run_of_several_batches_has_a_row_a_file() -> None:
    states = (
        FileState(name="a", file_id="dfl-1", status="completed", job_id="pjb-1", job_type="parse_v2", batch_id="bat-1"),
        FileState(name="b", file_id="dfl-2", status="failed", error="no", error_source="mapping", batch_id="bat-2"),
        FileState(name="c", status="failed", error="too large", error_source="upload"),
        FileState(name="d", file_id="dfl-4", status="failed", job_id="pjb-4", error="locked", error_source="job"),
    )
    batches = tuple(
        BatchState(batch_id=f"bat-{n}", directory_id=None, phase=phase, files=1)
        for n, phase in ((1, "COMPLETED"), (2, "RUNNING"))
    )
    run = snapshot(*states, batches=batches)
    frame = frames.results(run)
    as_declared(frame, frames.RESULTS)
    assert rows(frame) == [
        ["bat-1", "dfl-1", "pjb-1", "parse_v2", pd.NA],
        ["bat-2", "dfl-2", pd.NA, pd.NA, "no"],
        [pd.NA, pd.NA, pd.NA, pd.NA, pd.NA],
        [pd.NA, "dfl-4", "pjb-4", pd.NA, pd.NA],  # how a job ended is not the mapping's to say
    ]
    assert frame.attrs["complete"] == "false"
    assert frames.results(snapshot(*states)).attrs["complete"] == "true"


def test_what_came_in_bulk_goes_to_parquet_and_back(tmp_path: Path) -> None:
    frame = frames.results(raw(BATCH))
    again = frames.read_parquet(frames.export(frame, tmp_path / "results.parquet"))
    pd.testing.assert_frame_equal(again, frame)
    assert again.dtypes.equals(frame.dtypes)
    assert again.attrs == frame.attrs
    frame.loc[0, "error_message"] = "mine"  # it is an ordinary frame, which can be written to
    assert frame["error_message"][0] == "mine"
