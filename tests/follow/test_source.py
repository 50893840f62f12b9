from __future__ import annotations

import os
from pathlib import Path

import pytest

from llamabatch_nb.errors import SourceError
from llamabatch_nb.follow.source import read_source


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_files_are_named_by_their_path_in_sorted_order(tmp_path: Path) -> None:
    write(tmp_path, b="2", a="1", sub__deep__c="3")
    source = read_source(tmp_path)
    assert [(file.name, file.size) for file in source.files] == [("a", 1), ("b", 1), ("sub/deep/c", 1)]


def test_hidden_files_pipes_and_dangling_links_are_no_documents(tmp_path: Path) -> None:
    write(tmp_path, a="1", git__x="2")
    write(tmp_path / ".hidden", b="3")
    (tmp_path / ".DS_Store").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert [file.name for file in read_source(tmp_path).files] == ["a", "git/x"]


def test_one_file_is_a_source(tmp_path: Path) -> None:
    write(tmp_path, **{"a.pdf": "1"})
    assert [file.name for file in read_source(tmp_path / "a.pdf").files] == ["a.pdf"]


def test_what_cannot_be_submitted_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no folder '.*nowhere'"):
        read_source(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="holds no files"):
        read_source(tmp_path)
    for number in range(1001):
        (tmp_path / str(number)).touch()
    with pytest.raises(SourceError, match="1,001 files and a batch takes at most 1,000"):
        read_source(tmp_path)


def test_a_name_that_is_not_text_is_named(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("x")
    with pytest.raises(SourceError, match="rename it"):
        read_source(tmp_path)


def test_the_fingerprint_is_of_contents_names_configuration_and_service(tmp_path: Path) -> None:
    one = read_source(write(tmp_path / "one", a="1", b="2"))
    copy = read_source(write(tmp_path / "copy", a="1", b="2"))
    renamed = read_source(write(tmp_path / "renamed", a="1", c="2"))
    changed = read_source(write(tmp_path / "changed", a="1", b="3"))
    prints = [source.fingerprint("cfg", "url") for source in (one, copy, renamed, changed)]
    assert prints[0] == prints[1]
    assert len({*prints, one.fingerprint("other", "url"), one.fingerprint("cfg", "other")}) == 5
