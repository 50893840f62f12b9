"""The journal: what an older one becomes, and what two processes do to one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import llamabatch_nb as lb
from llamabatch_nb.errors import InputError, StateError
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.journal.rows import FileRow, NewPart
from llamabatch_nb.follow.journal.tables import VERSION
from tests.run.support import AGENTIC, URL, Line, engine, remote, texts

#: The tables of version 1, as released.
VERSION_1 = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    name TEXT,
    source TEXT NOT NULL,
    service TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    configuration_id TEXT NOT NULL,
    job_type TEXT NOT NULL,
    directory_id TEXT NOT NULL,
    batch_id TEXT,
    creating INTEGER,
    creating_since REAL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX run_by_name ON run (name);
CREATE INDEX run_by_batch ON run (batch_id);
CREATE INDEX run_by_fingerprint ON run (fingerprint);
CREATE TABLE file (
    run INTEGER NOT NULL REFERENCES run (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    file_id TEXT,
    error TEXT,
    PRIMARY KEY (run, name)
);
CREATE TABLE job (
    service TEXT NOT NULL,
    job_id TEXT NOT NULL,
    ended TEXT,
    archived INTEGER NOT NULL DEFAULT 0,
    pages INTEGER,
    pages_failed INTEGER,
    PRIMARY KEY (service, job_id)
);
PRAGMA user_version = 1;
"""


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with engine(tmp_path / "data", results_while_running=True) as made:
        yield Line(made)


def downgraded(home: Path) -> None:
    """The journal of this version made into one of version 1, with what that one had."""
    new, old = home / "journal.db", home / "old.db"
    db = sqlite3.connect(old, isolation_level=None)
    db.executescript(VERSION_1)
    db.execute("ATTACH ? AS new", (str(new),))
    db.execute(
        "INSERT INTO run (id, name, source, service, fingerprint, configuration_id, job_type, directory_id, batch_id,"
        " created_at) SELECT run.id, name, source, service, fingerprint, configuration_id, job_type, directory_id,"
        " batch_id, run.created_at FROM new.run JOIN new.part ON part.run = run.id"
    )
    db.execute(
        "INSERT INTO file SELECT run, position, name, size, sha256, file_id, error FROM new.file JOIN new.part"
        " ON part.id = file.part"
    )
    db.execute("INSERT INTO job SELECT service, job_id, ended, archived, pages, pages_failed FROM new.job")
    db.close()
    for path in home.glob("journal.db*"):
        path.unlink()
    old.rename(new)


def test_a_run_of_a_version_1_journal_opens_with_all_its_rows(line: Line, tmp_path: Path, own_home: Path) -> None:
    folder = texts(tmp_path / "it's", a="alpha", sub__b="beta", empty="")
    with remote(line) as client:
        before = lb.submit(folder, name="old", client=client).wait()
        pages = before.pages()
    downgraded(own_home)
    sent = len(line.requests)
    with remote(line) as client:
        run = lb.open("old", client=client).wait()
        assert run.id == before.id
        assert run.files()["name"].tolist() == ["a.txt", "empty.txt", "sub/b.txt"]
        columns = ["status", "error", "job_id", "pages", "batch_id", "size", "unique_id"]
        assert run.files()[columns].equals(before.files()[columns])
        assert run.pages().equals(pages)
        # What was archived is not fetched again, and what had ended is not asked for.
        assert not any("/api/v2/parse" in request for request in line.requests[sent:])
        assert lb.submit(folder, client=client).id == run.id
        assert line.uploads == 3
        texts(folder, new="new")
        assert len(lb.open("old", client=client).rest().wait().files()) == 4
        lb.open("old", client=client).retry_failed(all=True).wait()
        assert len(lb.history(client=client)) == 1


def test_a_journal_of_version_2_learns_what_it_did_not_keep(line: Line, tmp_path: Path, own_home: Path) -> None:
    folder = texts(tmp_path / "in", a="alpha", sub__b="be")
    with remote(line) as client:
        lb.submit(folder, name="old", client=client).wait()
    db = sqlite3.connect(own_home / "journal.db", isolation_level=None)
    for table, column in (("job", "characters"), ("job", "confidence"), ("file", "unique_id"), ("file", "metadata")):
        db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    db.execute("PRAGMA user_version = 2")
    db.close()
    sent = len(line.requests)
    with remote(line) as client:
        run = lb.open("old", client=client).wait()
        frame = run.files()
        assert frame["unique_id"].tolist() == ["a.txt", "sub/b.txt"]
        assert frame["pages"].tolist() == [1, 1]
        assert frame["characters"].isna().all()
        run.pages()
        assert run.files()["characters"].tolist() == [5, 2]
        assert run.files()["source"].tolist() == ["archive", "archive"]
        assert not any("/api/v2/parse" in request for request in line.requests[sent:])


def test_uploads_of_a_version_1_journal_go_on(line: Line, tmp_path: Path, own_home: Path) -> None:
    folder = texts(tmp_path / "in", a="alpha", b="beta")
    left = [1]

    def die(request: object) -> Exception | None:
        if str(getattr(request, "url", "")).endswith("/files/upload"):
            left[0] -= 1
            return SystemError("killed here") if left[0] < 0 else None
        return None

    line.before = die
    with remote(line) as client:
        run = lb.submit(folder, name="old", client=client)
        with pytest.raises(SystemError):
            run.wait()
    line.before = lambda _: None
    downgraded(own_home)
    with remote(line) as client:
        assert set(lb.open("old", client=client).wait().files()["status"]) == {"completed"}
        assert (len(list(client.batches.list())), len(list(client.directories.list()))) == (1, 1)


def test_the_source_of_an_old_run_can_be_pasted(own_home: Path) -> None:
    """A folder with quotes in its name is one, too."""
    db = sqlite3.connect(own_home / "journal.db", isolation_level=None)
    db.executescript(VERSION_1)
    path = '/docs/it\'s "Q3" \\ more'
    db.execute(
        "INSERT INTO run (source, service, fingerprint, configuration_id, job_type, directory_id, batch_id)"
        " VALUES (?, ?, 'f', ?, 'parse_v2', 'dir-1', 'bat-1')",
        (path, URL, AGENTIC),
    )
    db.close()
    journal = Journal(own_home / "journal.db")
    row = journal.find(service=URL, name_or_id="bat-1")
    journal.close()
    assert row is not None
    assert (row.label, row.source, row.kind) == (path, path, "path")


def test_a_newer_journal_is_left_alone(own_home: Path) -> None:
    Journal(own_home / "journal.db").close()
    db = sqlite3.connect(own_home / "journal.db")
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(InputError, match="update this package"):
        Journal(own_home / "journal.db")


def test_a_damaged_journal_is_named(own_home: Path) -> None:
    (own_home / "journal.db").write_bytes(b"no database " * 100)
    with pytest.raises(InputError, match="is damaged"):
        Journal(own_home / "journal.db")


@pytest.fixture
def journal(own_home: Path) -> Iterator[Journal]:
    journal = Journal(own_home / "journal.db")
    yield journal
    journal.close()


def add(journal: Journal, fingerprint: str = "f", *, new: bool = False, name: str | None = None) -> int:
    return journal.add_run(
        name=name,
        label="in",
        source="/in",
        kind="path",
        options={},
        service=URL,
        owner="None None",
        fingerprint=fingerprint,
        configuration_id=AGENTIC,
        job_type="parse_v2",
        parent=None,
        parts=[NewPart(relation="first", files=[FileRow(name="a", size=1, sha256="x")], directory_name="in 1")],
        new=new,
    )


def test_two_that_submit_the_same_at_once_have_one_run(journal: Journal, own_home: Path) -> None:
    other = Journal(own_home / "journal.db")
    first = add(journal)
    assert add(other) == first
    assert add(other, new=True) != first
    assert len(journal.parts(first)) == 1
    other.close()


def test_who_sends_is_told_that_another_kernel_has_stopped_it(journal: Journal) -> None:
    [part] = journal.parts(add(journal))
    assert not journal.file_uploaded(part.id, "a", "dfl-1", None)
    assert not journal.batch_created(part.id, "bat-1")
    journal.part_stopped(part.id)
    assert journal.file_uploaded(part.id, "a", "dfl-1", None)
    assert journal.batch_created(part.id, "bat-1")
    assert (journal.part(part.id).stopped, journal.part(part.id).batch_id) == (True, "bat-1")


def test_a_new_directory_has_had_no_batches_yet(journal: Journal) -> None:
    [part] = journal.parts(add(journal))
    journal.directory_made(part.id, "dir-1")
    assert not journal.may_have_batch(part.id)
    journal.listed_before(part.id, ["bat-1"])
    assert journal.may_have_batch(part.id)
    assert journal.listed_before(part.id, ["bat-1", "bat-2"]) == {"bat-1"}
    journal.directory_gone(part.id, "in 2")
    assert not journal.may_have_batch(part.id)
    assert (journal.part(part.id).directory_id, journal.part(part.id).directory_name) == (None, "in 2")


def test_a_run_is_found_by_its_name_its_batches_and_its_directories(journal: Journal) -> None:
    old, new = add(journal, name="mine"), add(journal, "g", name="mine")
    [part] = journal.parts(old)
    journal.directory_made(part.id, "dir-1")
    journal.batch_created(part.id, "bat-1")
    found = {key: journal.find(service=URL, name_or_id=key) for key in ("mine", "bat-1", "dir-1", "in", "dir-2")}
    assert {key: row and row.id for key, row in found.items()} == {
        "mine": new,
        "bat-1": old,
        "dir-1": old,
        "in": None,
        "dir-2": None,
    }
    assert journal.find(service="http://elsewhere", name_or_id="mine") is None


def test_a_full_disk_is_an_error_of_ours_and_passes(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal._db.execute("PRAGMA max_page_count = 1")  # SQLite takes the pages there are, and no more
    many = {f"{number:064}": number for number in range(5000)}
    with pytest.raises(StateError, match=r"disk is full.*has room"):
        journal.pages_counted(many)
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.pages_counted(many)
    assert len(journal.counted(many)) == 5000
    journal.close()
