"""The pages frame takes what other frames take. What it holds of a page is tested in test_frames."""

from __future__ import annotations

import pandas as pd
from llama_cloud.types import BatchGetResponse, ParsingGetResponse

from llamabatch_nb import frames
from llamabatch_nb.frames.inputs import Unfit
from llamabatch_nb.snapshot import FileState
from tests.frames.real import samples
from tests.frames.test_frames import as_declared, snapshot


def test_a_result_that_cannot_be_read_is_a_row_with_an_error() -> None:
    taken = snapshot(
        FileState(name="a.pdf", file_id="dfl-1", status="completed", job_id="pjb-1"),
        FileState(name="b.pdf", file_id="dfl-2", status="completed", job_id="pjb-2"),
        FileState(name="c.pdf", file_id="dfl-3", status="completed", job_id="ext-3", job_type="extract_v2"),
    )
    good = {
        "job": {"id": "pjb-2", "project_id": "prj", "status": "COMPLETED"},
        "text": {"pages": [{"page_number": 1, "text": "b"}]},
    }
    bad = {"job": {"id": "pjb-1", "project_id": "prj", "status": "COMPLETED"}, "text": {"pages": "no list"}}
    frame = frames.pages(taken, {"pjb-1": bad, "pjb-2": good, "ext-3": Unfit("ext-3", "odd")})
    as_declared(frame, frames.PAGES)
    assert frame["name"].tolist() == ["a.pdf", "b.pdf"]
    assert frame["page"].tolist() == [pd.NA, 1]
    assert frame["text"].tolist() == [pd.NA, "b"]
    assert "text.pages" in frame["error"][0]
    assert frame["error"][1] is pd.NA
    assert frame.attrs["complete"] == "true"


def test_the_sdks_batch_and_jobs_give_the_pages_of_the_run() -> None:
    read = samples()
    entries = [
        {
            "source_directory_file_id": file.file_id,
            "job_reference": {"id": file.job_id, "type": "parse_v2"},
            "error_message": None,
        }
        for file in read.snapshot.files
    ]
    batch = BatchGetResponse.construct(
        id=read.snapshot.batch_id,
        project_id="prj",
        source_directory_id="dir-1",
        status="COMPLETED",
        config={"job": {"type": "parse_v2", "configuration_id": read.snapshot.configuration_id}},
        results=entries,
    )
    jobs = [ParsingGetResponse.construct(**job) for job in reversed(read.jobs.values())]
    frame = frames.pages(batch, jobs)
    expected = frames.pages(read.snapshot, read.jobs)
    pd.testing.assert_frame_equal(frame, expected)
    assert frame.attrs["batch_id"] == read.snapshot.batch_id
