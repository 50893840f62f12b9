"""A frame as a folder of Parquet parts: one schema, bounded parts, and what was written is not written again."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import duckdb
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from llamabatch_nb import frames
from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames import chunks
from llamabatch_nb.frames.chunks import Read
from llamabatch_nb.frames.declared import PAGES
from llamabatch_nb.frames.partitions import LOCK, MANIFEST, Partitions
from llamabatch_nb.snapshot import BatchState, FileState, Snapshot
from tests.frames.test_frames import snapshot


def parsed(job_id: str, pages: int) -> ParseResult:
    numbers = range(1, pages + 1)
    return ParseResult.model_validate(
        {
            "job": {"id": job_id, "project_id": "p", "status": "COMPLETED"},
            "text": {"pages": [{"page_number": n, "text": f"{job_id} page {n} Grüße"} for n in numbers]},
            "metadata": {"pages": [{"page_number": n, "confidence": None} for n in numbers]},
        }
    )


def run_of(pages: list[int], **said: Any) -> tuple[Snapshot, dict[str, ParseResult]]:
    """A run whose files have so many pages each, and their results by job id; 0: no result."""
    states = [
        FileState(
            name=f"{n}.pdf",
            status="completed" if count else "failed",
            file_id=f"dfl-{n}",
            job_id=f"pjb-{n}",
            job_type="parse_v2",
            batch_id="bat-1",
        )
        for n, count in enumerate(pages)
    ]
    batch = BatchState(batch_id="bat-1", directory_id="dir-1", phase="COMPLETED", files=len(states), ended=True)
    results = {f"pjb-{n}": parsed(f"pjb-{n}", count) for n, count in enumerate(pages) if count}
    return snapshot(*states, **({"batches": (batch,)} | said)), results


class Reader:
    """Reads results as a run does, and remembers how many at once."""

    def __init__(self, results: Mapping[str, ParseResult]) -> None:
        self.asked: list[list[str]] = []
        self._results = results

    def __call__(self, some: Snapshot) -> Mapping[str, ParseResult]:
        self.asked.append([file.name for file in some.files])
        return {str(file.job_id): self._results[str(file.job_id)] for file in some.files if file.status == "completed"}


def written(folder: Path, run: Snapshot, read: Read, *, documents: int = 2, stop: int | None = None, **how: Any) -> int:
    """Export, or only the first `stop` parts as if it was killed then; how many parts were written."""
    parts, count = Partitions(folder, PAGES, run, **how), 0
    if parts.empty or parts.done < len(run.files):
        for chunk in chunks.chunks(frames.pages, PAGES, run, read, start=parts.done, documents=documents):
            parts.add(chunk)
            count += 1
            if count == stop:
                return count
    assert parts.finish() == folder
    return count


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def manifest(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    return read


def queried(query: str) -> list[Any]:
    return duckdb.connect().execute(query).fetchall()


def test_parts_hold_what_the_whole_frame_holds(tmp_path: Path) -> None:
    run, results = run_of([1, 3, 0, 2, 5, 1, 0])
    assert written(tmp_path / "out", run, Reader(results)) == 4
    assert names(tmp_path / "out") == [MANIFEST, *(f"part-{n:05}.parquet" for n in range(4))]
    parts = [frames.read_parquet(tmp_path / "out" / f"part-{n:05}.parquet") for n in range(4)]
    whole = frames.pages(run, results)
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, check_flags=False)
    assert all(part.attrs == whole.attrs for part in parts)
    said = manifest(tmp_path / "out")
    assert (said["finished"], said["complete"], said["rows"], said["files"]) == (True, True, len(whole), 7)
    assert [part["rows"] for part in said["parts"]] == [4, 2, 6, 0]


def test_every_part_has_one_schema_also_where_it_has_no_rows(tmp_path: Path) -> None:
    run, results = run_of([0, 0, 1, 1])
    written(tmp_path / "out", run, Reader(results))
    schemas = [pq.read_schema(path).remove_metadata() for path in sorted((tmp_path / "out").glob("*.parquet"))]
    assert len(schemas) == 2
    assert schemas[0] == schemas[1]
    plain = {str(field.type) for field in schemas[0]}
    assert plain <= {"large_string", "string", "int64", "double", "bool", "timestamp[us, tz=UTC]"}, plain


def test_a_run_without_files_or_rows_is_a_folder_that_can_be_read(tmp_path: Path) -> None:
    for pages in ([], [0, 0]):
        run, results = run_of(pages)
        folder = tmp_path / str(len(pages))
        written(folder, run, Reader(results))
        written(folder, run, Reader(results))
        assert queried(f"SELECT count(*) FROM read_parquet('{folder}/*.parquet')") == [(0,)]
        assert list(pd.read_parquet(folder).columns) == [column.name for column in PAGES.columns]


@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame")  # Dask 2026.8 over pandas 3.1
def test_duckdb_dask_and_arrow_read_it_at_once(tmp_path: Path) -> None:
    run, results = run_of([2, 1, 0, 4, 1])
    folder = tmp_path / "out"
    written(folder, run, Reader(results))
    query = f"SELECT name, max(page), min(text) FROM read_parquet('{folder}/*.parquet') GROUP BY name ORDER BY name"
    assert queried(query) == [
        ("0.pdf", 2, "pjb-0 page 1 Grüße"),
        ("1.pdf", 1, "pjb-1 page 1 Grüße"),
        ("3.pdf", 4, "pjb-3 page 1 Grüße"),
        ("4.pdf", 1, "pjb-4 page 1 Grüße"),
    ]
    whole = frames.pages(run, results)
    lazy = dd.read_parquet(str(folder))
    assert lazy.npartitions > 1
    assert list(lazy["text"].compute(scheduler="synchronous")) == list(whole["text"])
    assert list(dd.read_parquet(f"{folder}/*.parquet")["page"].compute(scheduler="synchronous")) == list(whole["page"])
    table = ds.dataset(folder, format="parquet").to_table()
    assert table["text"].to_pylist() == list(whole["text"])
    assert list(pd.read_parquet(folder)["name"]) == list(whole["name"])


def test_what_is_held_at_once_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "WINDOW", 3)
    monkeypatch.setattr(chunks, "ROWS", 10)
    run, results = run_of([1] * 8 + [9, 9, 40] + [1] * 5)
    read = Reader(results)
    found = list(chunks.chunks(frames.pages, PAGES, run, read, documents=7))
    assert max(map(len, read.asked)) == 3
    assert list(chain.from_iterable(read.asked)) == [file.name for file in run.files]
    # Seven documents; then as soon as there are ten rows after a window; then the rest.
    assert [(chunk.start, chunk.stop, len(chunk.frame)) for chunk in found] == [
        (0, 7, 7),
        (7, 10, 19),
        (10, 13, 42),
        (13, 16, 3),
    ]
    assert all(list(chunk.frame.index) == list(range(len(chunk.frame))) for chunk in found)
    assert all((chunk.frame.dtypes == PAGES.empty().dtypes).all() for chunk in found)


def test_an_export_that_was_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    run, results = run_of([1] * 9)
    folder = tmp_path / "out"
    written(folder, run, Reader(results), stop=2)
    assert (manifest(folder)["finished"], manifest(folder)["complete"]) == (False, False)
    before = {path.name: path.stat().st_ino for path in folder.glob("*.parquet")}
    read = Reader(results)
    assert written(folder, run, read) == 3
    assert list(chain.from_iterable(read.asked)) == [f"{n}.pdf" for n in range(4, 9)]
    assert {name: (folder / name).stat().st_ino for name in before} == before
    assert manifest(folder)["complete"]
    assert list(pd.read_parquet(folder)["name"]) == [f"{n}.pdf" for n in range(9)]

    again = Reader(results)
    assert written(folder, run, again) == 0
    assert not again.asked


def test_a_part_written_right_before_the_end_is_written_again(tmp_path: Path) -> None:
    """Killed between a part and its entry in the manifest; and one whose bytes were cut."""
    run, results = run_of([1] * 6)
    folder = tmp_path / "out"
    written(folder, run, Reader(results), stop=1)
    (folder / "part-00001.parquet").write_bytes(b"half")
    assert written(folder, run, Reader(results)) == 2
    assert list(pd.read_parquet(folder)["page"]) == [1] * 6
    os.truncate(folder / "part-00001.parquet", 10)
    assert written(folder, run, Reader(results)) == 2
    (folder / "part-00002.parquet").unlink()
    assert written(folder, run, Reader(results)) == 1
    assert list(pd.read_parquet(folder)["page"]) == [1] * 6


def killed(folder: Path, run: Snapshot, read: Read, *, parts: int) -> None:
    """An export of a part a file, which ends between the last of `parts` parts and its entry in the manifest."""
    written(folder, run, read, documents=1, stop=parts)
    said = manifest(folder)
    del said["parts"][-1]
    (folder / MANIFEST).write_text(json.dumps(said))


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("parts", [1, 3])
def test_a_part_that_was_not_recorded_is_not_left_beside_fewer_and_larger_ones(
    tmp_path: Path, parts: int, overwrite: bool
) -> None:
    run, results = run_of([1] * 5)
    folder = tmp_path / "out"
    killed(folder, run, Reader(results), parts=parts)
    if not overwrite:  # going on from a part that is of no use any more
        run = replace(run, files=(replace(run.files[0], error="changed"), *run.files[1:]))
    written(folder, run, Reader(results), documents=1000, overwrite=overwrite)
    assert names(folder) == [MANIFEST, "part-00000.parquet"]
    assert list(pd.read_parquet(folder)["name"]) == [f"{n}.pdf" for n in range(5)]


def test_a_part_that_was_not_recorded_is_gone_before_the_next_is_written(tmp_path: Path) -> None:
    run, results = run_of([1] * 5)
    killed(tmp_path, run, Reader(results), parts=3)
    Partitions(tmp_path, PAGES, run).__exit__()
    assert names(tmp_path) == [MANIFEST, "part-00000.parquet", "part-00001.parquet"]


def test_what_changed_since_is_written_again_and_nothing_else(tmp_path: Path) -> None:
    run, results = run_of([1] * 8)
    folder = tmp_path / "out"
    written(folder, run, Reader(results))
    retried = replace(run.files[5], job_id="pjb-50", attempt=2)
    newer = replace(run, files=(*run.files[:5], retried, *run.files[6:]))
    assert written(folder, newer, Reader(results | {"pjb-50": parsed("pjb-50", 3)})) == 2
    assert list(pd.read_parquet(folder)["job_id"]) == [
        "pjb-0",
        "pjb-1",
        "pjb-2",
        "pjb-3",
        "pjb-4",
        *["pjb-50"] * 3,
        "pjb-6",
        "pjb-7",
    ]
    # With larger parts, so that the last of the old ones is of no use.
    assert (
        written(
            folder,
            replace(newer, files=newer.files[::-1]),
            Reader(results | {"pjb-50": parsed("pjb-50", 3)}),
            documents=8,
        )
        == 1
    )
    assert names(folder) == [MANIFEST, "part-00000.parquet"]


def test_a_run_that_goes_on_is_marked_and_its_parts_are_no_end(tmp_path: Path) -> None:
    run, results = run_of([1] * 4)
    open_batch = replace(run.batches[0], phase="RUNNING", ended=False)
    running = replace(run, phase="RUNNING", batches=(open_batch,))
    folder = tmp_path / "out"
    written(folder, running, Reader(results))
    said = manifest(folder)
    assert (said["finished"], said["complete"]) == (True, False)
    assert frames.read_parquet(folder / "part-00000.parquet").attrs["complete"] == "false"
    assert written(folder, run, Reader(results)) == 2
    assert manifest(folder)["complete"]
    assert frames.read_parquet(folder / "part-00001.parquet").attrs["complete"] == "true"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"batch_id": "bat-2"}, "batch_id 'bat-1'"),
        ({"service": "elsewhere"}, "service 'http://engine'"),
    ],
)
def test_parts_of_another_export_are_refused(tmp_path: Path, other: dict[str, Any], said: str) -> None:
    run, results = run_of([1] * 4)
    folder = tmp_path / "out"
    written(folder, run, Reader(results))
    if "service" in other:
        other = {"service": replace(run.service, base_url="http://elsewhere")}
    another = replace(run, **other)
    with pytest.raises(ExportError, match=said):
        Partitions(folder, PAGES, another)
    assert len(pd.read_parquet(folder)) == 4
    assert written(folder, another, Reader(results), documents=4, overwrite=True) == 1
    assert names(folder) == [MANIFEST, "part-00000.parquet"]


def test_another_frame_or_schema_is_refused(tmp_path: Path) -> None:
    run, results = run_of([1] * 2)
    written(tmp_path / "out", run, Reader(results))
    with pytest.raises(ExportError, match="frame 'pages'"):
        Partitions(tmp_path / "out", replace(PAGES, name="items"), run)
    with pytest.raises(ExportError, match="schema_version"):
        Partitions(tmp_path / "out", replace(PAGES, version=99), run)
    with pytest.raises(ExportError, match="other columns"):
        Partitions(tmp_path / "out", replace(PAGES, columns=PAGES.columns[:-1]), run)


def test_files_of_others_are_neither_mixed_in_nor_removed(tmp_path: Path) -> None:
    run, results = run_of([1] * 2)
    folder = tmp_path / "out"
    folder.mkdir()
    theirs = folder / "part-00000.parquet"
    theirs.write_bytes(b"theirs")
    for overwrite in (False, True):
        with pytest.raises(ExportError, match=r"part-00000\.parquet"):
            Partitions(folder, PAGES, run, overwrite=overwrite)
    theirs.rename(folder / "notes.txt")
    written(folder, run, Reader(results))
    (folder / "part-00007.parquet").write_bytes(b"theirs")
    with pytest.raises(ExportError, match=r"part-00007\.parquet"):
        Partitions(folder, PAGES, run, overwrite=True)
    assert (folder / "notes.txt").read_bytes() == b"theirs"


def test_two_exports_into_one_folder_exclude_each_other(tmp_path: Path) -> None:
    run, results = run_of([1] * 4)
    folder = tmp_path / "out"
    with Partitions(folder, PAGES, run) as parts:
        found = chunks.chunks(frames.pages, PAGES, run, Reader(results), documents=2)
        parts.add(next(found))
        for overwrite in (False, True):
            with pytest.raises(ExportError, match="Another export is writing"):
                Partitions(folder, PAGES, run, overwrite=overwrite)
        parts.add(next(found))
        parts.finish()
        assert names(folder) == [MANIFEST, "part-00000.parquet", "part-00001.parquet"]
        assert written(folder, run, Reader(results), documents=4, overwrite=True) == 1
    assert len(pd.read_parquet(folder)) == 4


def test_a_folder_is_free_again_however_its_export_ended(tmp_path: Path) -> None:
    run, results = run_of([1] * 4)
    with pytest.raises(ZeroDivisionError), Partitions(tmp_path, PAGES, run) as kept:
        raise ZeroDivisionError
    assert names(tmp_path) == [MANIFEST]
    # Held by the exception, and refused.
    written(tmp_path, run, Reader(results))
    with pytest.raises(ExportError, match="another export") as refused:
        Partitions(tmp_path, replace(PAGES, version=99), run)
    assert written(tmp_path, run, Reader(results)) == 0
    assert kept.empty
    assert refused.tb


def test_a_process_that_is_killed_leaves_its_folder_to_others(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from tests.frames.test_partitions import *; "
        "parts = Partitions(pathlib.Path(sys.argv[1]), PAGES, run_of([1] * 4)[0]); print(flush=True); input()"
    )
    run, results = run_of([1] * 4)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline()
        try:
            with pytest.raises(ExportError, match="Another export is writing"):
                written(tmp_path, run, Reader(results))
        finally:
            other.kill()
    assert LOCK in names(tmp_path)
    assert written(tmp_path, run, Reader(results)) == 2
    assert LOCK not in names(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="locks are others there")
@pytest.mark.parametrize(("number", "works"), [(errno.ENOTSUP, True), (errno.ENOLCK, True), (errno.EIO, False)])
def test_a_disk_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, works: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    run, results = run_of([1] * 4)
    if works:
        assert written(tmp_path, run, Reader(results)) == 2
    else:
        with pytest.raises(ExportError, match="cannot be written to"):
            Partitions(tmp_path, PAGES, run)


@pytest.mark.parametrize("key", ["name", "files", "rows", "bytes", "complete", "of"])
@pytest.mark.parametrize("how", ["missing", "null"])
def test_a_part_of_which_the_manifest_says_too_little(tmp_path: Path, key: str, how: str) -> None:
    run, results = run_of([1] * 4)
    written(tmp_path, run, Reader(results))
    said = manifest(tmp_path)
    part = said["parts"][1]
    if how == "null":
        part[key] = None
    else:
        del part[key]
    (tmp_path / MANIFEST).write_text(json.dumps(said))
    for overwrite in (False, True):
        with pytest.raises(ExportError, match="damaged"):
            Partitions(tmp_path, PAGES, run, overwrite=overwrite)
    assert len(pd.read_parquet(tmp_path)) == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"parts": [{"name": "../../x.parquet", "files": [0, 1], "rows": 1, "bytes": 1, "complete": true, "of": ""}]}',
        '{"parts": 1}',
        '{"parts": [1]}',
    ],
)
def test_a_damaged_manifest_is_said_and_nothing_is_removed(tmp_path: Path, text: str) -> None:
    outside = tmp_path / "x.parquet"
    outside.touch()
    folder = tmp_path / "a" / "out"
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text(text)
    with pytest.raises(ExportError, match="damaged"):
        Partitions(folder, PAGES, run_of([1])[0], overwrite=True)
    assert outside.exists()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    run, _ = run_of([1])
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written to"):
        Partitions(tmp_path / "file", PAGES, run)
    with pytest.raises(ExportError, match="the folder above it exists"):
        Partitions(tmp_path / "missing" / "out", PAGES, run)
