"""A folder of one markdown file a document."""

from __future__ import annotations

import json
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamabatch_nb import frames
from llamabatch_nb.errors import ExportError
from llamabatch_nb.frames.export.paths import paths
from tests.frames.exports import extracted, parsed
from tests.frames.test_export import disk_that_ends_at

ODD = [
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\x",
    "a/../../b",
    "..",
    ".",
    "",
    "/",
    "con",
    "NUL.txt",
    "aux /x",
    "com¹.pdf",
    "a.md",
    "a.md/b",
    "A",
    "a",
    "a.",
    "a ",
    ".hidden",
    "n" * 300,
    "n" * 299 + "m",
    "\N{GRINNING FACE}" * 90 + ".pdf",
    "/".join(["deep"] * 100),
    "x\u202efdp.exe",
    "Straße",
    "STRASSE",
    "e\u0301",
    "\u00e9",
    "a\x00b",
    "\udcff",
    "manifest.json",
    'a<b>:"|?*',
]


def is_safe(found: list[str]) -> None:
    assert len({path.casefold() for path in found}) == len(found)
    files = {path.casefold() for path in found}
    for path in found:
        parts = path.split("/")
        assert path.endswith(".md")
        assert not PureWindowsPath(path).is_absolute()
        assert len(path) <= 250
        for part in parts:
            assert part not in {"", ".", ".."}
            assert not set(part) & set('<>:"|?*\\\x00')
            assert part == part.rstrip(". ")
            assert not part.startswith(".")
            assert len(part.encode()) <= 143
            assert part.split(".")[0].rstrip().casefold() not in {"con", "nul", "aux", "com1", "com¹"}
        assert not files & {"/".join(parts[:depth]).casefold() for depth in range(1, len(parts))}


def test_odd_names_stay_in_the_folder_and_apart(tmp_path: Path) -> None:
    found = paths(ODD * 2)
    is_safe(found)
    for path in found:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        with (tmp_path / path).open("x"):
            pass
        assert (tmp_path / path).resolve().is_relative_to(tmp_path.resolve())


@given(st.lists(st.text(st.characters() | st.sampled_from("./\\ aA"), max_size=12) | st.sampled_from(ODD), max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_names_do(names: list[str]) -> None:
    is_safe(paths(names))


def test_a_plain_name_keeps_its_folders_and_its_suffix() -> None:
    assert paths(["2026/Q3/März №1.pdf", "b.docx", "b.pdf"]) == ["2026/Q3/März №1.pdf.md", "b.docx.md", "b.pdf.md"]
    assert paths(["a", "A", "a"]) == ["a.md", "A (2).md", "a (3).md"]


def test_a_document_is_its_pages(tmp_path: Path) -> None:
    taken, made = parsed()
    folder = frames.export_all(made, f"{tmp_path}/out.d/", about=taken)
    assert folder == tmp_path / "out.d"
    assert (folder / "sub" / "a.pdf.md").read_text() == (
        "<!-- page 1 -->\n\n# sub/a.pdf\n\n=1+1\n\n"
        "<!-- page 2 -->\n\n*Not read: No text on it \\<script\\>alert(1)\\</script\\>*\n\n"
        "<!-- page 3 -->\n\n````text\na   b\n```\nc\n````\n"
    )
    said = json.loads((folder / "manifest.json").read_text())
    assert said["complete"] is True
    assert said["about"]["run"] == "Q3"
    documents = {one["name"]: one for one in said["documents"]}
    assert documents["sub/a.pdf"]["document"] == "sub/a.pdf.md"
    assert documents["locked.pdf"]["document"] is None
    assert documents["locked.pdf"]["error"].startswith("It needs a password")
    assert said["files"] == sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))


def test_a_document_is_its_values(tmp_path: Path) -> None:
    taken, made = extracted()
    folder = frames.export_all(made, tmp_path / "values", about=taken)
    text = (folder / "sub" / "a.pdf.md").read_text()
    assert "| total | 12.5 |" in text
    assert "| day | 2026-10-01 |" in text
    assert "| vendor.name | Müller \\<script\\>alert(1)\\</script\\> |" in text
    assert "## lines\n\n| amount |\n| --- |\n| 10.0 |\n| 2.5 |" in text
    assert "| p\\|1 |" in text
    assert not list(folder.rglob("locked*"))


def test_a_partial_folder_says_so(tmp_path: Path) -> None:
    taken, made = parsed(running=True)
    folder = frames.export_all(made, tmp_path / "out", about=taken)
    assert json.loads((folder / "manifest.json").read_text())["complete"] is False


def test_a_folder_is_replaced_only_if_an_export_made_it(tmp_path: Path) -> None:
    taken, made = parsed()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="exists already: pass overwrite=True"):
        frames.export_all(made, mine, about=taken)
    with pytest.raises(ExportError, match="was not made by an export"):
        frames.export_all(made, mine, about=taken, overwrite=True)
    assert (mine / "notes.txt").read_text() == "mine"
    (mine / "notes.txt").rename(tmp_path / "notes.txt")
    frames.export_all(made, mine, about=taken)  # into a folder that is empty
    (mine / "sub" / "a.pdf.md").write_text("old")
    with pytest.raises(ExportError, match="exists already"):
        frames.export_all(made, mine, about=taken)
    frames.export_all(made, mine, about=taken, overwrite=True)
    assert "=1+1" in (mine / "sub" / "a.pdf.md").read_text()
    (tmp_path / "notes.txt").rename(mine / "notes.txt")
    with pytest.raises(ExportError, match=r"holds notes\.txt, which no export wrote"):
        frames.export_all(made, mine, about=taken, overwrite=True)
    (tmp_path / "link").symlink_to(mine)
    with pytest.raises(ExportError, match="is a link"):
        frames.export_all(made, tmp_path / "link", about=taken, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "mine"]


def test_a_folder_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    taken, made = parsed()
    folder = frames.export_all(made, tmp_path / "out", about=taken)
    before = (folder / "manifest.json").read_text()
    with disk_that_ends_at(16), pytest.raises(ExportError, match="was not written"):
        frames.export_all(made, folder, about=taken, overwrite=True)
    assert (folder / "manifest.json").read_text() == before
    assert list(tmp_path.iterdir()) == [folder]


def test_there_has_to_be_something_to_write(tmp_path: Path) -> None:
    taken, made = parsed()
    with pytest.raises(ExportError, match="of pages or of records"):
        frames.export_all({"files": made["files"]}, tmp_path / "out", about=taken)
    assert not list(tmp_path.iterdir())


def test_a_document_is_known_by_its_id_where_frames_differ_in_its_name(tmp_path: Path) -> None:
    files = frames.FILES.frame([{"file_id": "dfl-1", "status": "completed"}, {"job_id": "pjb-2"}, {"job_id": "pjb-3"}])
    pages = frames.PAGES.frame(
        [
            {"file_id": "dfl-1", "name": "a.pdf", "page": 1, "markdown": "one"},
            {"job_id": "pjb-2", "page": 1, "markdown": "two"},
            {"job_id": "pjb-3", "page": 1, "markdown": "three"},
            {"file_id": "dfl-4", "name": "late.pdf", "page": 1, "markdown": "four"},
        ]
    )
    folder = frames.export_all({"files": files, "pages": pages}, f"{tmp_path}/out.csv/")
    told = {one.name: one.read_text().split("\n")[-2] for one in folder.glob("*.md")}
    assert told == {"a.pdf.md": "one", "pjb-2.md": "two", "pjb-3.md": "three", "late.pdf.md": "four"}
