from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.errors import FileReadError, SourceError
from llamabatch_nb.follow.sources.selection import matches
from llamabatch_nb.follow.sources.source import Source, read_source, sample


@pytest.fixture
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "spool"


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def names(source: Source) -> list[str]:
    return [file.name for file in source.files]


def test_files_are_named_by_their_path_in_sorted_order(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, b="2", a="1", sub__deep__c="3")
    source = read_source(tmp_path, spool=spool)
    assert [(file.name, file.size) for file in source.files] == [("a", 1), ("b", 1), ("sub/deep/c", 1)]
    assert source.files[2].sha256 == hashlib.sha256(b"3").hexdigest()
    assert source.files[2].path == tmp_path / "sub" / "deep" / "c"
    assert not spool.exists()


def test_hidden_files_litter_pipes_and_dangling_links_are_no_documents(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, a="1", git__x="2")
    write(tmp_path / ".hidden", b="3")
    write(tmp_path / "__MACOSX", **{"b.pdf": "3"})
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "~$a.docx"):
        (tmp_path / name).write_text("x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert names(read_source(tmp_path, spool=spool)) == ["a", "git/x"]


def test_linked_files_are_followed_and_linked_folders_are_not(tmp_path: Path, spool: Path) -> None:
    write(tmp_path / "there", a="1")
    folder = write(tmp_path / "here", b="2")
    (folder / "loop").symlink_to(folder)
    (folder / "linked").symlink_to(tmp_path / "there" / "a")
    assert names(read_source(folder, spool=spool)) == ["b", "linked"]


def test_more_files_than_a_batch_takes(tmp_path: Path, spool: Path) -> None:
    for number in range(1001):
        (tmp_path / f"{number}.txt").write_text(str(number))
    assert len(read_source(tmp_path, spool=spool).files) == 1001


def test_a_source_is_known_again_and_read_again(tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "in [2024]", **{"a.pdf": "1", "sub__b.PDF": "2", "c.txt": "3"})
    monkeypatch.chdir(tmp_path)
    for given, options, found in (
        ("in [2024]", {"include": ["*.pdf"]}, ["a.pdf", "sub/b.PDF"]),
        ("in [2024]/", {"exclude": ["sub/"], "recursive": False}, ["a.pdf", "c.txt"]),
        ("in [2024]/a.pdf", {}, ["a.pdf"]),
        ("in [2024]/**/*.pdf", {"exclude": ["b.*"]}, ["a.pdf"]),
    ):
        taken: dict[str, Any] = options
        source = read_source(given, spool=spool, **taken)
        assert names(source) == found
        assert (source.label, source.kind) == (given, "path")
        assert json.loads(json.dumps(source.options)) == options
        monkeypatch.chdir("/")
        assert source.key is not None
        assert read_source(source.key, spool=spool, **source.options).files == source.files
        monkeypatch.chdir(tmp_path)


def test_a_linked_file_keeps_its_own_name(tmp_path: Path, spool: Path) -> None:
    (write(tmp_path, **{"a.pdf": "1"}) / "b.pdf").symlink_to(tmp_path / "a.pdf")
    source = read_source(tmp_path / "b.pdf", spool=spool)
    assert (source.key, names(source)) == (str(tmp_path / "b.pdf"), ["b.pdf"])


def test_what_cannot_be_submitted_is_named(tmp_path: Path, spool: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no folder '.*nowhere'"):
        read_source(tmp_path / "nowhere", spool=spool)
    with pytest.raises(SourceError, match="holds no files"):
        read_source(tmp_path, spool=spool)
    with pytest.raises(SourceError, match=r"The pattern '.*\*\.pdf' finds no files"):
        read_source(tmp_path / "*.pdf", spool=spool)
    with pytest.raises(SourceError, match=r"There is no folder '.*none' for the pattern"):
        read_source(f"{tmp_path}/none/*.pdf", spool=spool)
    with pytest.raises(SourceError, match="cannot be looked at"):
        read_source("x" * 5000, spool=spool)
    for nothing in ("", "  ", None, 5, b"folder", {"a": 1}, {}):
        with pytest.raises(SourceError, match="submitted"):
            read_source(nothing, spool=spool)


def test_a_name_that_is_not_text_is_named(tmp_path: Path, spool: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("x")
    with pytest.raises(SourceError, match="rename it"):
        read_source(tmp_path, spool=spool)


@pytest.mark.parametrize("given", ["{}", "{}/a", "{}/*", "."])
def test_a_folder_whose_name_is_not_text_is_named(
    given: str, tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "fold\udcff", a="1")
    monkeypatch.chdir(folder)
    for source in (given.format(folder), [folder / "a"]):
        with pytest.raises(SourceError, match=r"The path '.*fold\\udcff.*' is no valid text.*: rename that folder"):
            read_source(source, spool=spool)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, spool: Path) -> None:
    (write(tmp_path, a="1") / "a").chmod(0)
    with pytest.raises(FileReadError, match=r"'a' cannot be read \(Permission denied\)"):
        read_source(tmp_path, spool=spool)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file of Linux")
def test_a_file_that_cannot_be_read_is_named(spool: Path) -> None:
    # Its first read fails, for root too: nothing is mapped at the start of a process.
    with pytest.raises(FileReadError, match="'mem' cannot be read") as caught:
        read_source("/proc/self/mem", spool=spool)
    assert caught.value.file_name == "mem"


def test_the_fingerprint_is_of_contents_names_configuration_and_service(tmp_path: Path, spool: Path) -> None:
    one = read_source(write(tmp_path / "one", a="1", b="2"), spool=spool)
    copy = read_source(write(tmp_path / "copy", a="1", b="2"), spool=spool)
    turned = read_source([tmp_path / "copy" / "b", tmp_path / "copy" / "a"], spool=spool)
    renamed = read_source(write(tmp_path / "renamed", a="1", c="2"), spool=spool)
    changed = read_source(write(tmp_path / "changed", a="1", b="3"), spool=spool)
    prints = [source.fingerprint("cfg", "url") for source in (one, copy, turned, renamed, changed)]
    assert prints[0] == prints[1] == prints[2]
    assert len({*prints, one.fingerprint("other", "url"), one.fingerprint("cfg", "other")}) == 5


def test_identical_files_are_copies_of_the_first(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, **{"b.pdf": "1", "a.pdf": "1", "sub__c.PDF": "1", "a.txt": "1", "e.pdf": "", "f.pdf": ""})
    copies = {file.name: file.copy_of for file in read_source(tmp_path, spool=spool).files}
    assert copies == {
        "a.pdf": None,
        "a.txt": None,
        "b.pdf": "a.pdf",
        "e.pdf": None,
        "f.pdf": "e.pdf",
        "sub/c.PDF": "a.pdf",
    }


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("a.pdf", "*.PDF", True),
        ("sub/a.pdf", "*.pdf", False),
        ("sub/a.pdf", "**/*.pdf", True),
        ("a.pdf", "**/*.pdf", True),
        ("x/y/a.pdf", "x/**", True),
        ("x", "x/**/x", False),
        ("x/x", "x/**/x", True),
        ("x/y/a.pdf", "x/", True),
        ("x/y/a.pdf", "**/y/*", True),
        ("a1.pdf", "a[0-9].pdf", True),
        ("a1.pdf", "a[!0-9].pdf", False),
        ("ab.pdf", "a?.pdf", True),
        ("a.pdf", "./a.pdf", True),
        ("a/b", "a?b", False),
        ("a" * 60, "*a" * 30 + "b", False),
        ("/".join("a" * 60), "**/a/" * 30 + "b", False),
    ],
)
def test_patterns(name: str, pattern: str, fits: bool) -> None:
    assert matches(name, pattern) is fits


def test_exclude_wins_over_include(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, **{"a.pdf": "1", "drafts__b.pdf": "2", "c.txt": "3", "old__drafts__d.pdf": "4"})
    source = read_source(tmp_path, spool=spool, include=["*.pdf", "*.docx"], exclude="drafts/")
    assert names(source) == ["a.pdf", "old/drafts/d.pdf"]


def test_everything_left_out_says_by_which_pattern(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, **{"a.pdf": "1", "b.pdf": "2", "c.txt": "3"})
    with pytest.raises(SourceError, match=r"of 3 files 2 by exclude='\*\.pdf', 1 by include='\*\.docx' left out"):
        read_source(tmp_path, spool=spool, include="*.docx", exclude="*.pdf")
    for wrong in ("", [""], [5], 5):
        bad: Any = wrong
        with pytest.raises(SourceError, match="include= takes a pattern"):
            read_source(tmp_path, spool=spool, include=bad)


def test_a_pattern_names_files_from_its_fixed_part(tmp_path: Path, spool: Path) -> None:
    write(tmp_path / "in", **{"a.pdf": "1", "sub__b.pdf": "2", "sub__c.txt": "3", ".x__d.pdf": "4"})
    for pattern, found in {
        "in/**/*.pdf": ["a.pdf", "sub/b.pdf"],
        "in/*.pdf": ["a.pdf"],
        "i*/*": ["in/a.pdf"],
        "in/sub/?.*": ["b.pdf", "c.txt"],
        "in/**": ["a.pdf", "sub/b.pdf", "sub/c.txt"],
    }.items():
        assert names(read_source(tmp_path / pattern, spool=spool)) == found


def test_a_list_is_named_from_its_common_parent(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, **{"a.pdf": "1", "sub__b.pdf": "2", "c.pdf": "3"})
    given = [tmp_path / "sub" / "b.pdf", f"{tmp_path}/a.pdf", tmp_path / "sub" / ".." / "a.pdf"]
    for source in (read_source(given, spool=spool), read_source((path for path in given), spool=spool)):
        assert names(source) == ["sub/b.pdf", "a.pdf"]
        assert source.key == str(tmp_path)
        assert source.label == f"2 files in {tmp_path.name}"
        assert source.kind == "list"


def test_a_wrong_list_says_why(tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, **{"0.pdf": "0"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="is a folder: submit it on its own"):
        read_source(["0.pdf", tmp_path], spool=spool)
    with pytest.raises(SourceError, match=r"There is no file 'nowhere\.pdf'"):
        read_source(["nowhere.pdf"], spool=spool)
    with pytest.raises(SourceError, match="empty"):
        read_source([], spool=spool)
    with pytest.raises(SourceError, match="not 5"):
        read_source(["0.pdf", 5], spool=spool)
    with pytest.raises(SourceError, match="either paths or open files"):
        read_source(["0.pdf", ("a.pdf", b"1")], spool=spool)


def test_open_files_and_bytes_are_kept_for_the_upload(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, **{"a.pdf": "skipped, read"})
    with (tmp_path / "a.pdf").open("rb") as file:
        file.seek(9)
        source = read_source(
            [file, ("sub/b.PDF", io.BytesIO(b"two")), ("c", bytearray(b"three")), ("d", b"two")],
            spool=spool,
        )
    assert [(kept.name, kept.size) for kept in source.files] == [("a.pdf", 4), ("sub/b.PDF", 3), ("c", 5), ("d", 3)]
    assert (source.key, source.options) == (None, {})
    kept = source.files[1]
    assert kept.path == spool / f"{hashlib.sha256(b'two').hexdigest()}.pdf"
    assert [file.path.read_bytes() for file in source.files if file.path] == [b"read", b"two", b"three", b"two"]
    assert sorted(path.name for path in spool.iterdir()) == sorted(
        {file.path.name for file in source.files if file.path}
    )


def test_one_open_file_or_pair_is_a_source(spool: Path) -> None:
    source = read_source(("a.pdf", b"1"), spool=spool)
    assert (source.label, names(source), source.kind) == ("a.pdf", ["a.pdf"], "contents")
    named = io.BytesIO(b"1")
    named.name = "C:\\papers\\b.pdf"
    assert names(read_source(named, spool=spool)) == ["b.pdf"]
    assert names(read_source([("a.pdf", b"1"), ("b.txt", b"2")], spool=spool, include="*.txt")) == ["b.txt"]


def test_open_files_that_cannot_be_taken(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, **{"a.pdf": "1"})
    with (tmp_path / "a.pdf").open() as text, pytest.raises(SourceError, match="open as text"):
        read_source(text, spool=spool)
    with pytest.raises(SourceError, match="open as text"):
        read_source(("a.txt", io.StringIO("1")), spool=spool)
    with pytest.raises(SourceError, match=r"submitted as \('a\.pdf', file\)"):
        read_source(io.BytesIO(b"1"), spool=spool)
    for name in ("", "/etc/passwd", "../a.pdf", "a//b", "a\0b"):
        with pytest.raises(SourceError, match="without a usable name"):
            read_source((name, b"1"), spool=spool)
    with pytest.raises(SourceError, match=r"'a\.pdf' is there more than once"):
        read_source([("a.pdf", b"1"), ("a.pdf", b"2")], spool=spool)
    with (tmp_path / "a.pdf").open("rb") as closed:
        pass
    with pytest.raises(FileReadError, match=r"'a\.pdf' cannot be read .*closed"):
        read_source(closed, spool=spool)
    assert list(spool.iterdir()) == []


def test_a_spool_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="make room there"):
        read_source(("a.pdf", b"1"), spool=tmp_path / "file" / "spool")


def test_a_sample_depends_on_names_alone(tmp_path: Path, spool: Path) -> None:
    write(tmp_path, **{f"{number}.pdf": str(number % 15) for number in range(20)})
    paths = sorted(tmp_path.iterdir())
    whole = read_source(paths, spool=spool)
    turned = read_source(paths[::-1], spool=spool)
    five = sample(whole, 5)
    assert set(names(five)) == set(names(sample(turned, 5)))
    assert set(names(five)) < set(names(sample(whole, 8)))
    assert sum(file.copy_of is None for file in five.files) == 5
    taken = {file.name for file in five.files}
    assert all((file.copy_of in taken) is (file.name in taken) for file in whole.files if file.copy_of)
    assert sample(whole, 15).files == sample(whole, 100).files == whole.files
    assert five.key == whole.key
    for wrong in (0, -1, 1.5, True):
        count: Any = wrong
        with pytest.raises(SourceError, match="sample="):
            sample(whole, count)
