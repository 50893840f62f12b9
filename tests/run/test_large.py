"""Runs that do not fit in memory: pages a few documents at a time, and a folder of Parquet parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import ExportError, InputError, ServerError
from llamabatch_nb.follow.watching.results import Results
from llamabatch_nb.frames import chunks
from tests.run.support import Line, answering, engine, no_fault, remote, texts

FILES = 7


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with engine(tmp_path / "data") as made:
        yield Line(made)


@pytest.fixture
def run(line: Line, tmp_path: Path) -> Iterator[lb.Run]:
    """Seven files, of which two are the same and one cannot be read."""
    written = {f"file{number}": f"text {number}" for number in range(FILES - 2)}
    documents = texts(tmp_path / "documents", **written, file5="text 1")
    (documents / "file6.pdf").touch()
    with remote(line) as client:
        yield lb.submit(documents, client=client).wait()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many results were asked for in one go, each time."""
    monkeypatch.setattr(chunks, "WINDOW", 2)
    asked: list[int] = []
    real = Results.all

    async def counted(results: Results, files: Any) -> Any:
        files = list(files)
        asked.append(len(files))
        return await real(results, files)

    monkeypatch.setattr(Results, "all", counted)
    return asked


def names(frames: Iterator[pd.DataFrame]) -> list[list[str]]:
    return [list(frame["name"]) for frame in frames]


def test_pages_come_some_documents_at_a_time(run: lb.Run, at_once: list[int]) -> None:
    found = list(run.iter_pages(documents=3))
    assert names(iter(found)) == [
        ["file0.txt", "file1.txt", "file2.txt"],
        ["file3.txt", "file4.txt", "file5.txt"],
        [],
    ]
    assert max(at_once) == 2
    whole = run.pages()
    together = pd.concat(found, ignore_index=True)
    pd.testing.assert_frame_equal(together, whole, check_flags=False)
    assert list(together["text"].str.strip()) == [f"text {number}" for number in (0, 1, 2, 3, 4, 1)]
    assert [frame.attrs["complete"] for frame in found] == ["true"] * 3
    assert len(list(run.iter_pages())) == 1


def test_what_is_not_on_this_machine_is_fetched_as_it_is_needed(run: lb.Run, line: Line, at_once: list[int]) -> None:
    lb.archive().clear()
    before = line.count("GET /api/v2/parse/")
    pages = run.iter_pages(documents=2)
    assert list(next(pages)["name"]) == ["file0.txt", "file1.txt"]
    assert line.count("GET /api/v2/parse/") - before == 2
    assert sum(map(len, names(pages))) == 4
    assert len(list(lb.archive())) == 5
    assert max(at_once) == 2


def test_a_folder_of_parts_that_goes_on_where_it_stopped(run: lb.Run, line: Line, tmp_path: Path) -> None:
    lb.archive().clear()
    told: list[tuple[int, int]] = []
    lost = {file.job_id for file in run.snapshot.files if file.name == "file4.txt"}
    line.before = answering(f"/api/v2/parse/{lost.pop()}", httpx.Response(500))
    with pytest.raises(ServerError):
        run.to_parquet(tmp_path / "pages", documents=2, progress=lambda *done: told.append(done))
    assert told == [(2, FILES), (4, FILES)]
    kept = (tmp_path / "pages" / "part-00000.parquet").stat().st_ino
    line.before = no_fault
    assert (
        run.to_parquet(tmp_path / "pages", documents=2, progress=lambda *done: told.append(done)) == tmp_path / "pages"
    )
    assert told[2:] == [(6, FILES), (7, FILES)]
    assert (tmp_path / "pages" / "part-00000.parquet").stat().st_ino == kept
    whole = run.pages()
    pd.testing.assert_frame_equal(
        pd.concat(map(lb.frames.read_parquet, sorted((tmp_path / "pages").glob("*.parquet"))), ignore_index=True),
        whole,
        check_flags=False,
    )
    assert json.loads((tmp_path / "pages" / "_manifest.json").read_text())["complete"] is True
    assert not {path.name for path in (tmp_path / "pages").iterdir()} - {
        "_manifest.json",
        *(f"part-{n:05}.parquet" for n in range(4)),
    }


def test_another_frame_has_a_folder_of_its_own(run: lb.Run, tmp_path: Path) -> None:
    run.to_parquet(tmp_path / "items", frame="items")
    pd.testing.assert_frame_equal(
        lb.frames.read_parquet(tmp_path / "items" / "part-00000.parquet"), run.items(), check_flags=False
    )
    with pytest.raises(ExportError, match="frame 'items'"):
        run.to_parquet(tmp_path / "items")
    run.to_parquet(tmp_path / "items", overwrite=True)
    assert list(pd.read_parquet(tmp_path / "items")["name"]) == list(run.pages()["name"])


def test_two_exports_into_one_folder_leave_no_row_twice(run: lb.Run, tmp_path: Path) -> None:
    folder = tmp_path / "pages"

    def second(*_: int) -> None:
        with pytest.raises(ExportError, match="Another export is writing"):
            run.to_parquet(folder, documents=1, overwrite=True)

    run.to_parquet(folder, documents=3, progress=second)
    assert list(pd.read_parquet(folder)["name"]) == list(run.pages()["name"])
    # What stopped one export, and is held on to, keeps the folder from no other.
    with pytest.raises(ZeroDivisionError) as stopped:
        run.to_parquet(folder, documents=1, overwrite=True, progress=lambda *_: 1 // 0)  # type: ignore[arg-type]
    run.to_parquet(folder)
    assert stopped.tb
    assert list(pd.read_parquet(folder)["name"]) == list(run.pages()["name"])


def test_what_cannot_be_asked_for_writes_nothing(run: lb.Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'pages', 'items', 'evidence'"):
        run.to_parquet(tmp_path / "out", frame="tables")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="frame='pages' or 'items'"):
        run.to_parquet(tmp_path / "out", frame="evidence")
    for documents in (0, -1, 2.5, True):
        with pytest.raises(InputError, match="documents="):
            run.to_parquet(tmp_path / "out", documents=documents)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="documents="):
            run.iter_pages(documents=documents)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_what_was_extracted(line: Line, tmp_path: Path) -> None:
    documents = texts(tmp_path / "documents", a="Invoice number: INV-1\n", b="Invoice number: INV-2\n")
    schema = {"type": "object", "properties": {"invoice_number": {"type": "string"}}}
    with remote(line) as client:
        run = lb.submit(documents, schema=schema, client=client).wait()
        with pytest.raises(InputError, match=r'run\.records\(\), .*run\.to_parquet\(folder, frame="evidence"\)'):
            run.iter_pages()
        with pytest.raises(InputError, match="frame='evidence'"):
            run.to_parquet(tmp_path / "pages", frame="pages")
        folder = run.to_parquet(tmp_path / "evidence", documents=1)
        assert run.to_parquet(folder, frame="evidence", documents=1) == folder
        whole = run.evidence()
        assert len(whole) == 2
        parts = map(lb.frames.read_parquet, sorted(folder.glob("*.parquet")))
        pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, check_flags=False)
        lazy: Any = run.to_dask()
        pd.testing.assert_series_equal(lazy.dtypes, whole.dtypes)
