from __future__ import annotations

import asyncio
from pathlib import Path

import pandas as pd
import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import BatchCancelledError, DeadlineError, ExportError, InputError, RunError, SourceError
from tests.run.conftest import pdf

NAMES = ["empty.pdf", "locked.pdf", "note.txt", "one.pdf", "sub/two.pdf", "truncated.pdf"]


@pytest.mark.usefixtures("client")
def test_a_folder_becomes_frames_and_a_file(documents: Path, tmp_path: Path) -> None:
    run = lb.submit(documents, name="first")
    files = run.wait().files()
    assert run.id is not None
    assert run.id.startswith("bat-")
    assert files["name"].tolist() == NAMES
    assert dict(zip(files["name"], files["status"], strict=True)) == {
        "empty.pdf": "failed",
        "locked.pdf": "failed",
        "note.txt": "completed",
        "one.pdf": "completed",
        "sub/two.pdf": "completed",
        "truncated.pdf": "failed",
    }
    reasons = files.set_index("name")["error"]
    assert "Empty" in reasons["empty.pdf"]
    assert "password" in reasons["locked.pdf"]
    assert reasons["truncated.pdf"]
    assert files["pages"].tolist() == [pd.NA, pd.NA, 1, 1, 2, pd.NA]
    pages = run.pages()
    assert pages["name"].tolist() == ["note.txt", "one.pdf", "sub/two.pdf", "sub/two.pdf"]
    assert pages["text"].str.strip().tolist() == [
        "Grüße aus München",
        "First page of one",
        "First page of two",
        "Second page of two",
    ]
    assert pages.attrs["complete"] == "true"
    path = run.export(tmp_path / "pages.parquet")
    assert pd.read_parquet(path)["page"].tolist() == [1, 1, 1, 2]
    assert repr(run) == "Run('first')"
    with pytest.raises(ExportError, match="overwrite=True"):
        run.export(path)
    with pytest.raises(ExportError, match=r"no frame 'records'.*pages, tables, items"):
        run.export(tmp_path / "records.csv", frame="records")
    with pytest.raises(ExportError, match="leave frame= out"):
        run.export(tmp_path / "out", frame="pages")
    folder = run.export(f"{tmp_path}/out/")
    assert "First page of two" in (folder / "sub" / "two.pdf.md").read_text()
    assert "password" in run.export(tmp_path / "report.html").read_text()
    assert run.export(tmp_path / "pages.jsonl").read_text().count("\n") == 4
    with pytest.raises(RunError, match="COMPLETED already"):
        run.cancel()


def test_the_same_files_are_the_same_run(
    client: lb.Client, documents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = lb.submit(documents).wait()
    requests = client.core.http.requests
    again = lb.submit(documents).wait()
    assert again.id == first.id
    assert "nothing was sent" in capsys.readouterr().out
    # The configuration, the batch twice; no upload, no job list of what has ended, no result again.
    assert client.core.http.requests - requests <= 4
    assert again.files()["pages"].tolist() == first.files()["pages"].tolist()
    assert lb.submit(documents, new=True).wait().id != first.id
    pdf(documents / "one.pdf", "Another text")
    assert lb.submit(documents).wait().id != first.id


def test_a_run_is_found_again_by_name_or_id_from_a_new_client(documents: Path) -> None:
    with lb.connect():
        run = lb.submit(documents, name="Q3").wait()
        batch_id, pages = run.id, run.pages()
    assert batch_id is not None
    with lb.connect():
        for key in ("Q3", batch_id):
            found = lb.open(key)  # and at once, without wait(): an opened run has been looked at
            assert (found.id, found.name) == (batch_id, "Q3")
            pd.testing.assert_frame_equal(found.pages(), pages)
        with pytest.raises(InputError, match="no run or batch 'Q4'"):
            lb.open("Q4")


def test_a_batch_made_by_others_is_opened_by_its_id(client: lb.Client) -> None:
    directory = client.directories.create(name="by hand")
    for name in ("b.txt", "a.txt"):
        client.directories.files.upload(directory.id, upload_file=(name, f"text of {name}".encode()))
    batch = client.batches.create(
        config={"job": {"type": "parse_v2", "configuration_id": "cfg-PARSE_AGENTIC"}},
        source_directory_id=directory.id,
    )
    run = lb.open(batch.id).wait()
    assert run.pages()["text"].tolist() == ["text of b.txt", "text of a.txt"]


def test_wait_has_a_deadline_and_the_run_goes_on(documents: Path) -> None:
    with lb.connect(engine={"workers": 1, "seconds_per_file": 0.3}):
        run = lb.submit(documents, name="slow")
        with pytest.raises(DeadlineError, match=r"lb\.(open|submit)") as caught:
            run.wait(timeout=0.01)
        assert caught.value.run_name == "slow"
        assert len(run.wait().pages()) == 4


def test_cancel_keeps_what_was_done(documents: Path) -> None:
    for number in range(30):
        (documents / f"more-{number:02}.txt").write_text(f"text {number}")
    with lb.connect(engine={"workers": 1, "seconds_per_file": 0.1}):
        run = lb.submit(documents)
        for snapshot in run.watch():
            if snapshot.done >= 2:
                run.cancel()
                break
        with pytest.raises(BatchCancelledError, match="which are kept"):
            run.wait()
        statuses = run.files()["status"].value_counts().to_dict()
        assert statuses["cancelled"] > 0
        assert statuses["completed"] > 0
        assert run.snapshot.phase == "CANCELLED"
        assert len(run.pages()) >= statuses["completed"]


def test_awaiting_is_the_same(documents: Path) -> None:
    async def cell() -> list[str]:
        async with lb.connect_async() as client:
            run = lb.submit(documents, client=client)
            await run.wait_async()
            return [job.status async for job in client.parsing.list(page_size=2)]

    assert sorted(asyncio.run(cell())) == ["COMPLETED"] * 3 + ["FAILED"] * 3


def test_files_are_addressed_by_path_or_by_a_name_that_is_clear(client: lb.Client, documents: Path) -> None:
    (documents / "sub" / "one.pdf").write_bytes((documents / "one.pdf").read_bytes())
    (documents / "sub" / "deep.txt").write_text("deep")
    run = lb.submit(documents).wait()
    loop = client.core.loop
    result = loop.run(lambda: run.document("deep.txt"))
    assert result is not None
    assert result.text is not None
    assert result.text.pages[0].text == "deep"
    assert loop.run(lambda: run.document("one.pdf")) is not None  # the path, though sub/one.pdf has the name too
    assert loop.run(lambda: run.document("locked.pdf")) is None
    with pytest.raises(SourceError, match=r"no file 'three\.pdf'"):
        loop.run(lambda: run.document("three.pdf"))


def test_every_panel_of_a_run_shares_one_watcher(documents: Path) -> None:
    with lb.connect(engine={"workers": 1, "seconds_per_file": 0.05}) as client:
        run = lb.submit(documents)
        seen: list[int] = []
        for _ in range(5):
            run.subscribe(lambda snapshot: seen.append(snapshot.done))
        run.wait()
        news = len(seen) / 5
        # A look is a batch and one list of jobs: what five watchers would cost is five times as much.
        assert client.core.http.requests <= 2 * news + 2 * len(NAMES) + 10


@pytest.mark.parametrize("again", ["open", "submit"])
def test_an_interrupted_upload_goes_on_where_it_stopped(
    documents: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    from llamabatch_nb.client.resources.directory_files import DirectoryFiles

    real = DirectoryFiles.upload
    sent: list[object] = []

    async def upload(self: DirectoryFiles, directory_id: str, **options: object) -> object:
        if len(sent) == 3:
            raise SystemError("the kernel was killed here")
        sent.append(options["unique_id"])
        return await real(self, directory_id, **options)  # type: ignore[arg-type]

    with lb.connect():
        monkeypatch.setattr(DirectoryFiles, "upload", upload)
        with pytest.raises(SystemError):
            lb.submit(documents, name="killed").wait()
        monkeypatch.setattr(DirectoryFiles, "upload", real)
    with lb.connect() as client:
        run = lb.open("killed") if again == "open" else lb.submit(documents, name="killed")
        assert len(run.wait().files()) == len(NAMES)
        listed = {file.unique_id for file in client.directories.files.list(str(run.snapshot.directory_id))}
        assert listed == set(NAMES)
        assert len(list(client.batches.list())) == 1
        assert len(list(client.directories.list())) == 1
