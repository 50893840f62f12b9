"""What `submit` takes, what it sends of it, and what it says of the rest."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import llamabatch_nb as lb
from llamabatch_nb.contract import batches as contract
from llamabatch_nb.errors import CostError, InputError, SourceError
from llamabatch_nb.follow.sending import orders
from llamabatch_nb.follow.sending import submit as submitting
from llamabatch_nb.follow.sources.estimate import Estimate
from tests.run.conftest import pdf
from tests.run.support import AGENTIC, CREATE, Line, once, remote, texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return texts(tmp_path / "in", a="alpha", b="beta", sub__c="gamma")


def names(run: lb.Run) -> list[str]:
    return run.files()["name"].tolist()


def by_name(run: lb.Run, column: str) -> dict[str, Any]:
    files = run.files()
    return dict(zip(files["name"], files[column], strict=True))


Given = Callable[[Path], Any]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (lambda folder: folder, ["a.txt", "b.txt", "sub/c.txt"]),
        (lambda folder: str(folder / "**" / "*.txt"), ["a.txt", "b.txt", "sub/c.txt"]),
        (lambda folder: str(folder / "*.txt"), ["a.txt", "b.txt"]),
        (lambda folder: folder / "a.txt", ["a.txt"]),
        (lambda folder: [folder / "sub" / "c.txt", str(folder / "a.txt")], ["sub/c.txt", "a.txt"]),
        (lambda folder: (path for path in [folder / "a.txt"]), ["a.txt"]),
        (lambda _: [("x.txt", b"xi"), ("y.txt", b"upsilon")], ["x.txt", "y.txt"]),
        (lambda _: ("x.txt", io.BytesIO(b"xi")), ["x.txt"]),
        (lambda folder: [(folder / "a.txt").open("rb"), (folder / "b.txt").open("rb")], ["a.txt", "b.txt"]),
    ],
    ids=["folder", "deep glob", "glob", "file", "list", "generator", "bytes", "object", "open files"],
)
def test_every_kind_of_source(client: lb.Client, line: Line, folder: Path, given: Given, found: list[str]) -> None:
    source = given(folder)
    try:
        run = lb.submit(source, client=client).wait()
    finally:
        for one in source if isinstance(source, list) else []:
            if hasattr(one, "close"):
                one.close()
    assert names(run) == found
    assert by_name(run, "status") == dict.fromkeys(found, "completed")
    assert run.pages()["name"].tolist() == found
    assert (line.uploads, line.count(CREATE)) == (len(found), 1)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"recursive": False}, ["a.txt", "b.txt"]),
        ({"include": "b*"}, ["b.txt"]),
        ({"exclude": ["b.txt", "sub/*"]}, ["a.txt"]),
        ({"include": "*.TXT", "exclude": "a*"}, ["b.txt", "sub/c.txt"]),
    ],
)
def test_include_exclude_and_recursive(
    client: lb.Client, folder: Path, options: dict[str, Any], found: list[str]
) -> None:
    assert names(lb.submit(folder, client=client, **options).wait()) == found


def test_a_directory_that_was_filled_by_hand(client: lb.Client, line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    directory = client.directories.create(name="by hand")
    for name in ("b.txt", "a.txt"):
        client.directories.files.upload(directory.id, upload_file=(name, f"text of {name}".encode()))
    sent = len(line.requests)
    run = lb.submit(directory.id, client=client).wait()
    assert run.snapshot.directory_id == directory.id
    assert run.pages()["text"].tolist() == ["text of b.txt", "text of a.txt"]
    assert not any("upload" in request for request in line.requests[sent:])
    assert lb.submit(directory.id, client=client).id == run.id
    assert "nothing was sent" in capsys.readouterr().out
    # What comes into it later is the rest, which goes into a directory of our own: a batch takes a whole directory.
    client.directories.files.upload(directory.id, upload_file=("c.txt", b"text of c.txt"))
    again = lb.submit(directory.id, client=client)
    assert (again.id, again.snapshot.rest) == (run.id, 1)
    assert again.rest().wait().pages()["text"].tolist() == ["text of b.txt", "text of a.txt", "text of c.txt"]
    assert line.count(CREATE) == 2
    with pytest.raises(SourceError, match="no directory 'dir-nope'"):
        lb.submit("dir-nope", client=client)
    empty = client.directories.create(name="empty")
    with pytest.raises(SourceError, match="holds no files"):
        lb.submit(empty.id, client=client)


def test_a_sample_of_a_directory_pays_for_the_sample_alone(client: lb.Client) -> None:
    directory = client.directories.create(name="by hand")
    for number in range(6):
        client.directories.files.upload(directory.id, upload_file=(f"{number}.txt", f"text {number}".encode()))
    run = lb.submit(directory.id, sample=2, client=client).wait()
    assert (len(run.files()), run.snapshot.rest) == (2, 4)
    assert len(list(client.parsing.list())) == 2
    run.rest().wait()
    assert sorted(run.pages()["text"]) == [f"text {number}" for number in range(6)]
    assert len(list(client.parsing.list())) == 6


def test_a_batch_of_others_is_not_paid_again_by_its_directory(client: lb.Client, line: Line) -> None:
    directory = client.directories.create(name="by hand")
    client.directories.files.upload(directory.id, upload_file=("a.txt", b"alpha"))
    batch = client.batches.create(
        config={"job": {"type": "parse_v2", "configuration_id": AGENTIC}}, source_directory_id=directory.id
    )
    lb.open(batch.id, client=client).wait()
    assert lb.submit(directory.id, client=client).id == batch.id
    assert line.count(CREATE) == 1


def test_identical_files_are_sent_once_and_billed_once(client: lb.Client, line: Line, tmp_path: Path) -> None:
    folder = texts(tmp_path / "in", a="the same", b="the same", sub__c="the same", d="another")
    run = lb.submit(folder, client=client).wait()
    assert line.uploads == 2
    files = run.files().set_index("name")
    assert files["status"].tolist() == ["completed"] * 4
    assert files["job_id"].nunique() == 2
    assert [file.copy_of for file in run.snapshot.files] == [None, "a.txt", None, "a.txt"]
    pages = run.pages()
    assert pages["name"].tolist() == ["a.txt", "b.txt", "d.txt", "sub/c.txt"]
    assert pages["text"].tolist() == ["the same", "the same", "another", "the same"]
    assert run.snapshot.credits == 20


def test_a_copy_that_comes_later_is_not_sent(
    client: lb.Client, line: Line, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lb.submit(folder, client=client).wait()
    texts(folder, A_copy="alpha")
    run = lb.submit(folder, client=client)
    assert run.snapshot.rest == 1
    capsys.readouterr()
    run.rest().wait()
    assert "Nothing is sent: it has identical files already." in capsys.readouterr().out
    assert by_name(run, "status")["A_copy.txt"] == "completed"
    assert run.pages()["text"].tolist().count("alpha") == 2
    assert (line.uploads, line.count(CREATE), run.snapshot.phase) == (3, 1, "COMPLETED")
    assert len(list(client.directories.list())) == 1
    again = lb.submit(folder, client=client)
    assert "These 4 files were submitted before" in capsys.readouterr().out
    assert (again.snapshot.rest, again.finished) == (0, True)


def test_a_sample_and_then_the_rest(
    client: lb.Client, line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = texts(tmp_path / "in", **{f"f{number}": f"text {number}" for number in range(7)})
    run = lb.submit(folder, sample=2, name="try", client=client).wait()
    assert "A sample of 2 of 7 files; run.rest() sends the others." in capsys.readouterr().out
    sampled = names(run)
    assert (len(sampled), run.snapshot.rest) == (2, 5)
    again = lb.submit(folder, sample=2, client=client)
    said = capsys.readouterr().out
    assert said.startswith(
        "5 of these 7 files are not in this run (new, changed, or left out of a sample) and not sent: "
    )
    assert "2 of these 7 files were submitted before" in said
    assert (again.id, line.uploads) == (run.id, 2)
    assert again.rest() is again
    assert "5 files are sent" in capsys.readouterr().out
    assert names(run.wait()) == [f"f{number}.txt" for number in range(7)]  # the one that was there first sees it too
    assert by_name(run, "status") == dict.fromkeys(names(run), "completed")
    assert (line.uploads, line.count(CREATE), run.snapshot.rest) == (7, 2, 0)
    assert [batch.files for batch in run.snapshot.batches] == [2, 5]
    run.rest()
    assert "Nothing to send: all 7 files are in this run." in capsys.readouterr().out
    assert len(lb.open("try", client=client).files()) == 7


def test_changed_and_new_files_are_the_rest(
    client: lb.Client, line: Line, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = lb.submit(folder, client=client).wait()
    texts(folder, b="beta, corrected", d="delta")
    capsys.readouterr()
    run = lb.submit(folder, client=client)
    said = capsys.readouterr().out
    assert run.id == first.id
    assert said.startswith(
        "2 of these 4 files are not in this run (new, changed, or left out of a sample) and not sent: "
    )
    assert "2 of these 4 files were submitted before" in said
    assert "not among them" not in said  # a file that has changed is still there
    assert (run.snapshot.rest, first.snapshot.rest, line.uploads) == (2, 2, 3)
    run.rest().wait()
    assert line.uploads == 5
    assert names(run) == ["a.txt", "b.txt", "d.txt", "sub/c.txt"]
    assert run.pages()["text"].tolist() == ["alpha", "beta, corrected", "delta", "gamma"]
    assert by_name(run, "attempt") == dict.fromkeys(names(run), 1)
    # And once more, all of it is known.
    lb.submit(folder, client=client)
    assert "These 4 files were submitted before" in capsys.readouterr().out
    assert line.count(CREATE) == 2


def test_files_that_are_gone_are_said_and_kept(
    client: lb.Client, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = lb.submit(folder, client=client).wait()
    (folder / "a.txt").unlink()
    run = lb.submit(folder, client=client)
    said = capsys.readouterr().out
    assert "These 2 files were submitted before" in said
    assert "1 file of the run is not among them." in said
    assert run.id == first.id
    assert names(run) == ["a.txt", "b.txt", "sub/c.txt"]


def test_the_rest_is_read_as_it_was_given_last(client: lb.Client, folder: Path) -> None:
    """The first submit took only a.txt; the rest is that of the second, which takes all."""
    first = lb.submit(folder, include="a*", client=client).wait()
    run = lb.submit(folder, client=client)
    assert (run.id, run.snapshot.rest) == (first.id, 2)
    assert names(run.rest().wait()) == ["a.txt", "b.txt", "sub/c.txt"]


def test_the_rest_of_a_run_that_was_opened(client: lb.Client, folder: Path) -> None:
    lb.submit(folder, include="a*", name="mine", client=client).wait()
    texts(folder, also="new")
    assert names(lb.open("mine", client=client).rest().wait()) == ["a.txt", "also.txt"]
    lb.submit([("x.txt", b"xi")], name="bytes", client=client).wait()
    with pytest.raises(InputError, match="cannot be read again from here"):
        lb.open("bytes", client=client).rest()


def test_opening_a_run_does_not_forget_its_rest(client: lb.Client, folder: Path) -> None:
    lb.submit(folder, name="mine", client=client).wait()
    texts(folder, d="delta")
    run = lb.submit(folder, client=client)
    assert lb.open("mine", client=client).snapshot.rest == run.snapshot.rest == 1


def test_new_starts_afresh_and_the_name_is_the_newest_s(client: lb.Client, folder: Path) -> None:
    first = lb.submit(folder, name="mine", client=client).wait()
    second = lb.submit(folder, name="mine", new=True, client=client).wait()
    assert first.id != second.id
    assert lb.open("mine", client=client).id == second.id
    assert lb.submit(folder, client=client).id == second.id


def test_a_name_with_quotes_can_be_pasted(client: lb.Client, folder: Path) -> None:
    run = lb.submit(folder, name='it\'s "Q3"', client=client).wait()
    hint = run.how_to_come_back().removesuffix(" brings it back.")
    assert eval(hint.replace("lb.open(", "str(")) == run.name


def test_what_has_no_name_comes_back_by_its_directory(client: lb.Client, line: Line) -> None:
    """Open files cannot be named in a sentence, and a long list is shortened: the directory can always be pasted."""
    line.before = once("POST", "/files/upload", SystemError("killed here"), times=99)
    run = lb.submit([(f"it's {number}.txt", b"%d" % number) for number in range(3)], client=client)
    with pytest.raises(SystemError):
        run.wait()
    directory = run.snapshot.directory_id
    hint = run.how_to_come_back()
    assert hint == f"lb.open({directory!r}) goes on with the uploads."
    line.before = lambda _: None
    found = lb.open(str(directory), client=client).wait()
    assert by_name(found, "status") == {f"it's {number}.txt": "completed" for number in range(3)}
    assert run.wait().id == found.id  # the run that had failed sees it too: there is one watcher
    assert line.count(CREATE) == 1


def test_dry_run_counts_and_sends_nothing(client: lb.Client, line: Line, folder: Path) -> None:
    pdf(folder / "two.pdf", "one", "two")
    found = lb.submit(folder, dry_run=True, client=client)
    assert isinstance(found, Estimate)
    assert (found.files, found.pages, found.uncounted, found.credits) == (4, 2, 3, 50)
    assert "agentic, 10 a page" in str(found)
    assert lb.submit(folder, dry_run=True, sample=1, client=client).files == 1
    assert line.count("POST") == 0
    assert len(lb.history(client=client)) == 0


def test_max_credits_refuses_beyond_it(
    client: lb.Client, line: Line, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CostError, match="max_credits=29") as caught:
        lb.submit(folder, max_credits=29, client=client)
    assert isinstance(caught.value.estimate, Estimate)
    assert line.count("POST") == 0
    capsys.readouterr()
    run = lb.submit(folder, max_credits=30, client=client).wait()
    assert "at least 30 credits" in capsys.readouterr().out  # said before it is paid
    texts(folder, d="delta")
    with pytest.raises(CostError):
        lb.submit(folder, client=client).rest(max_credits=9)
    assert line.uploads == 3
    assert len(run.rest(max_credits=10).wait().files()) == 4


def test_the_directory_is_ephemeral_and_says_whose_it_is(client: lb.Client, folder: Path) -> None:
    run = lb.submit(folder, name="mine", client=client).wait()
    directory = client.directories.get(str(run.snapshot.directory_id))
    assert (directory.type, directory.description) == ("ephemeral", "Made by llamabatch-nb for mine; part 1 of 1.")
    kept = lb.submit(folder, new=True, directory_type="user", client=client).wait()
    assert client.directories.get(str(kept.snapshot.directory_id)).type == "user"
    other = run.rerun(configuration="cfg-PARSE_FAST").wait()
    description = client.directories.get(str(other.snapshot.directory_id)).description
    assert f"the files of {run.id} with another configuration" in str(description)


def test_more_files_than_a_batch_takes_are_one_run(
    client: lb.Client, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MAX_FILES", 4)
    folder = texts(tmp_path / "in", **{f"f{number:02}": f"text {number}" for number in range(10)}, z_copy="text 0")
    run = lb.submit(folder, name="many", client=client).wait()
    expected = [*(f"f{number:02}.txt" for number in range(10)), "z_copy.txt"]
    assert names(run) == expected
    assert by_name(run, "status") == dict.fromkeys(expected, "completed")
    assert [batch.files for batch in run.snapshot.batches] == [4, 4, 2]
    assert len({batch.batch_id for batch in run.snapshot.batches}) == 3
    assert run.pages()["text"].tolist() == [*(f"text {number}" for number in range(10)), "text 0"]
    assert (line.uploads, line.count(CREATE), run.snapshot.credits) == (10, 3, 100)
    for batch in run.snapshot.batches:  # any of its batches is the run
        assert lb.open(str(batch.batch_id), client=client).name == "many"
    assert lb.submit(folder, client=client).id == run.id
    assert line.count(CREATE) == 3
    with remote(line) as other:  # another day
        found = lb.open("many", client=other).wait()
        assert found.pages().equals(run.pages())
        assert [batch.batch_id for batch in found.snapshot.batches] == [
            batch.batch_id for batch in run.snapshot.batches
        ]


def test_several_parts_resume_as_a_whole(
    client: lb.Client, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MAX_FILES", 3)
    folder = texts(tmp_path / "in", **{f"f{number}": f"text {number}" for number in range(8)})
    sent = [0]

    def die(request: Any) -> Exception | None:
        sent[0] += request.url.path.endswith("/files/upload")
        return SystemError("killed here") if sent[0] > 5 else None

    line.before = die
    run = lb.submit(folder, name="many", client=client)
    with pytest.raises(SystemError):
        run.wait()
    client.close()
    line.before = lambda _: None
    done = line.uploads
    with remote(line) as other:
        again = lb.submit(folder, name="many", client=other).wait()
        assert by_name(again, "status") == {f"f{number}.txt": "completed" for number in range(8)}
        assert (len(list(other.batches.list())), len(list(other.directories.list()))) == (3, 3)
        assert len(list(other.parsing.list())) == 8
    assert line.uploads - done <= 8 - 4  # what had arrived is not uploaded again


def test_a_directory_of_more_files_than_a_batch_takes(
    client: lb.Client, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MAX_FILES", 2)
    monkeypatch.setattr(submitting, "MAX_FILES", 2)
    directory = client.directories.create(name="by hand")
    for number in range(5):
        client.directories.files.upload(directory.id, upload_file=(f"{number}.txt", f"text {number}".encode()))
    uploads = line.uploads
    run = lb.submit(directory.id, client=client).wait()
    assert run.pages()["text"].tolist() == [f"text {number}" for number in range(5)]
    assert (line.uploads, line.count(CREATE)) == (uploads, 3)


def test_1005_files_are_two_batches(client: lb.Client, line: Line, tmp_path: Path) -> None:
    assert contract.MAX_FILES == 1000
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(1005):
        (folder / f"{number:04}.txt").write_text(f"text {number}")
    run = lb.submit(folder, client=client).wait()
    assert [(batch.files, batch.phase) for batch in run.snapshot.batches] == [(1000, "COMPLETED"), (5, "COMPLETED")]
    assert run.snapshot.counts == {"completed": 1005}
    assert run.pages()["text"].tolist() == [f"text {number}" for number in range(1005)]
    assert (line.uploads, line.count(CREATE)) == (1005, 2)


def test_the_same_files_submitted_by_two_threads_are_one_run(client: lb.Client, line: Line, folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda _: lb.submit(folder, client=client), range(4)))
    assert len({run.wait().id for run in runs}) == 1
    assert (line.uploads, line.count(CREATE)) == (3, 1)
