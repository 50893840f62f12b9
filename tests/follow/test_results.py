"""Results that come together are written together: each whole, all noted, and one failure is not everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import llamabatch_nb as lb
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.watching.archive import Archive, JobResult, path_of
from llamabatch_nb.follow.watching.results import CONCURRENT
from tests.engine.support import wait_for
from tests.run.support import Line, engine, remote, texts


def parsed(job_id: str) -> ParseResult:
    body = {"job": {"id": job_id, "project_id": "p", "status": "COMPLETED"}, "text": {"pages": [{"page_number": 1}]}}
    return ParseResult.model_validate(body)


def test_one_that_cannot_be_written_costs_the_others_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    archive = Archive(journal, "service")
    in_the_way = path_of(journal, "service", "b") / "in the way"
    in_the_way.mkdir(parents=True)
    results = {job_id: parsed(job_id) for job_id in "abc"}
    with pytest.raises(OSError, match="irectory"):
        archive.add(results)
    assert set(archive.known("abc")) == {"a", "c"}
    assert [archive.read(job_id, "parse_v2") for job_id in "abc"] == [results["a"], None, results["c"]]
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    assert not list(tmp_path.rglob("*.part"))
    archive.add(results)
    assert set(archive.known("abc")) == {"a", "b", "c"}
    journal.close()


def test_what_comes_while_others_are_written_is_written_in_one_go(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = CONCURRENT + 3
    sizes: list[int] = []
    started: list[lb.Run] = []
    add = Archive.add

    def slow(archive: Archive, results: Mapping[str, JobResult]) -> None:
        """The first one takes until as many have been fetched as are fetched at once."""
        sizes.append(len(results))
        if len(sizes) == 1:
            wait_for(lambda: started)
            fetched = started[0]._follower.state.parts[0].files
            wait_for(lambda: sum(file.counts is not None for file in fetched) == CONCURRENT)
        add(archive, results)

    monkeypatch.setattr(Archive, "add", slow)
    documents = texts(tmp_path / "documents", **{f"file{number:02}": f"text {number}" for number in range(files)})
    with engine(tmp_path / "data") as made, remote(Line(made)) as client:
        started.append(lb.submit(documents, client=client))
        run = started[0].wait()
        assert sum(sizes[:2]) >= CONCURRENT
        assert sum(sizes) == files
        assert list(run.files()["pages"]) == [1] * files
        assert len(list((own_home / "archive").rglob("*.json.gz"))) == files
        assert len(list(lb.archive())) == files
