"""The archive as people manage it: list, move, clear."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import llamabatch_nb as lb
from llamabatch_nb.contract.parse import ParseJob, ParseResult, Usage
from llamabatch_nb.errors import InputError
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.watching.archive import Archive, path_of
from llamabatch_nb.run.registry import journal_of
from tests.run.support import Line, engine, remote, texts


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with engine(tmp_path / "data", results_while_running=True) as made:
        yield Line(made)


@pytest.fixture
def client(line: Line) -> Iterator[lb.Client]:
    with remote(line) as client:
        yield client


@pytest.fixture
def run(client: lb.Client, tmp_path: Path) -> lb.Run:
    return lb.submit(texts(tmp_path / "in", a="alpha", b="beta", empty=""), name="mine", client=client).wait()


def fetched(line: Line) -> int:
    return line.count("GET /api/v2/parse/")


def test_it_lists_what_is_kept(client: lb.Client, run: lb.Run, tmp_path: Path) -> None:
    kept = list(lb.archive())
    assert [(one.run, one.file, one.pages, one.batch_id) for one in kept] == [
        ("mine", "a.txt", 1, run.id),
        ("mine", "b.txt", 1, run.id),
    ]
    assert all(one.bytes > 100 for one in kept)
    assert {one.job_id for one in kept} == set(run.files()["job_id"].iloc[:2])
    other = lb.submit(texts(tmp_path / "other", c="gamma"), client=client).wait()
    assert {one.run for one in lb.archive()} == {"mine", other.snapshot.source}
    assert repr(lb.archive()).startswith("<Archive: 3 results, ")


def test_after_a_move_frames_are_the_same_and_nothing_is_fetched(
    client: lb.Client, line: Line, run: lb.Run, tmp_path: Path, own_home: Path
) -> None:
    pages, before = run.pages(), fetched(line)
    new = tmp_path / "elsewhere" / "archive"
    assert lb.archive().move(new) == new
    assert lb.archive().folder == new
    assert not (own_home / "archive").exists()
    assert len(list(new.rglob("*.json.gz"))) == 2
    assert run.pages().equals(pages)
    with remote(line) as other:
        assert lb.open("mine", client=other).wait().pages().equals(pages)
    assert fetched(line) == before
    lb.submit(texts(tmp_path / "more", c="gamma"), client=client).wait()  # what comes now goes there too
    assert len(list(new.rglob("*.json.gz"))) == 3
    assert lb.archive().move(new) == new  # twice is once


def test_where_it_cannot_move(run: lb.Run, tmp_path: Path, own_home: Path) -> None:
    texts(tmp_path / "full", a="here")
    with pytest.raises(InputError, match="is not empty"):
        lb.archive().move(tmp_path / "full")
    with pytest.raises(InputError, match="is inside the archive"):
        lb.archive().move(own_home / "archive" / "sub")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be moved"):
        lb.archive().move(tmp_path / "file")
    assert lb.archive().folder == own_home / "archive"
    assert len(run.pages()) == len(list(lb.archive())) == 2


def test_after_a_clear_results_are_fetched_again(
    client: lb.Client, line: Line, run: lb.Run, own_home: Path, tmp_path: Path
) -> None:
    other = lb.submit(texts(tmp_path / "other", c="gamma"), client=client).wait()
    pages, before, size = run.pages(), fetched(line), sum(one.bytes for one in lb.archive() if one.run == "mine")
    archive = lb.archive()
    assert archive.clear(run="nobody") == archive.clear(older_than=timedelta(days=1)) == 0
    assert archive.clear(run="mine") == size
    assert [one.run for one in archive] == [other.snapshot.source]
    assert run.pages().equals(pages)
    assert fetched(line) == before + 2
    assert len(list(archive)) == 3
    assert archive.clear(older_than=timedelta(0)) > size
    assert list((own_home / "archive").rglob("*.json.gz")) == []
    with remote(line) as again:
        opened = lb.open("mine", client=again).wait()
        assert opened.files()["pages"].tolist()[:2] == [1, 1]
        assert opened.pages().equals(pages)


def test_there_is_nothing_before_anything_ran() -> None:
    assert list(lb.archive()) == []
    assert lb.archive().clear() == 0


@pytest.mark.parametrize("before", [True, False])
def test_what_is_written_while_it_moves_moves_too(
    client: lb.Client, run: lb.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    """By its writer, who had asked where to before the archive was moved, and writes after."""
    result = run.results_of("a.txt")
    assert result is not None
    new, real, moved = tmp_path / "moved", tempfile.mkstemp, list[Path]()

    def meanwhile(**options: Any) -> tuple[int, str]:
        if before and not moved:
            moved.append(lb.archive().move(new))
        made = real(**options)
        if not moved:
            moved.append(lb.archive().move(new))
        return made

    monkeypatch.setattr(tempfile, "mkstemp", meanwhile)
    journal, service = journal_of(client.core), client.core.settings.base_url
    archive = Archive(journal, service)
    archive.add({"pjb-late": result})
    assert moved == [new]
    assert archive.read("pjb-late", "parse_v2") is not None
    assert path_of(journal, service, "pjb-late").is_file()
    assert path_of(journal, service, "pjb-late").is_relative_to(new)


@pytest.mark.usefixtures("run")
def test_a_move_that_was_cut_off_loses_nothing_and_goes_on(
    client: lb.Client, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = sorted(one.job_id for one in lb.archive())
    archive, jobs = Archive(journal_of(client.core), client.core.settings.base_url), list(kept)
    real, left = Path.replace, [1]

    def killed(path: Path, to: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(path, to)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        lb.archive().move(tmp_path / "moved")
    monkeypatch.setattr(Path, "replace", real)
    assert len(jobs) > 1
    assert all(archive.read(job_id, "parse_v2") is not None for job_id in jobs)
    assert sorted(one.job_id for one in lb.archive()) == kept
    assert lb.archive().move(tmp_path / "moved") == tmp_path / "moved"
    assert not (own_home / "archive").exists()
    assert all(archive.read(job_id, "parse_v2") is not None for job_id in jobs)


@pytest.mark.usefixtures("run")
def test_a_move_that_fails_leaves_it_where_it_was(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [one.job_id for one in lb.archive()]
    real, left = Path.replace, [1]

    def full(path: Path, to: Path) -> Path:
        left[0] -= 1
        if left[0] == -1:
            raise OSError(28, "No space left on device")
        return real(path, to)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match=r"No space left on device.*It is still in"):
        lb.archive().move(tmp_path / "moved")
    assert lb.archive().folder == own_home / "archive"
    assert [one.job_id for one in lb.archive()] == kept


def test_a_result_and_its_credits_are_noted_together(tmp_path: Path) -> None:
    """A process killed right after must not leave an archived result whose credits nobody asks for again."""
    journal = Journal(tmp_path / "journal.db")
    job = ParseJob(id="pjb-1", project_id="p", status="COMPLETED", usage=Usage(credits=2))
    Archive(journal, "http://x").add({"pjb-1": ParseResult(job=job)})
    noted = journal.jobs("http://x", ["pjb-1"])
    journal.close()
    assert ParseJob.model_validate_json(noted["pjb-1"]).usage == Usage(credits=2)
