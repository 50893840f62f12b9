from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from llamabatch_nb.engine import Engine, EngineError
from llamabatch_nb.engine.store.database import Store
from llamabatch_nb.engine.store.schema import MIGRATIONS
from tests.engine.conftest import MakeApi
from tests.engine.support import Api, files_of, pdf, statuses, wait_for


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    Engine(tmp_path).close()
    db = sqlite3.connect(tmp_path / "engine.db")
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    known = len(MIGRATIONS)
    with pytest.raises(EngineError, match=rf"version {known + 1}, and this package knows {known} at most\. Upgrade"):
        Engine(tmp_path)


def test_a_store_of_the_first_version_goes_on(tmp_path: Path) -> None:
    """Its files, which knew nothing of the Files API, are in it; what was not finished ends."""
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "a.txt").write_bytes(b"alpha")
    db = sqlite3.connect(tmp_path / "engine.db")
    db.executescript(MIGRATIONS[0])
    db.executescript("""
        INSERT INTO projects VALUES ('p', 'o', 'Default', 1, '2026-01-01T00:00:00.000000Z');
        INSERT INTO directories (id, project_id, name, type, created_at, updated_at)
            VALUES ('dir-1', 'p', 'old', 'user', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z');
        INSERT INTO directory_files (id, directory_id, display_name, unique_id, blob, size, created_at, updated_at)
            SELECT 'dfl-' || letter, 'dir-1', letter || '.txt', letter, 'a.txt', 5, created_at, created_at
            FROM directories, (SELECT 'a' AS letter UNION SELECT 'b');
        INSERT INTO batches (id, project_id, source_directory_id, type, configuration_id, parameters, status,
            created_at, updated_at) SELECT 'bat-1', 'p', 'dir-1', 'parse_v2', 'cfg-PARSE_FAST', '{"tier": "fast"}',
            'RUNNING', created_at, created_at FROM directories;
        INSERT INTO batch_files VALUES ('bat-1', 0, 'dfl-a', 'pjb-1', NULL);
        INSERT INTO parse_jobs (id, project_id, batch_id, name, tier, blob, size, status, created_at, updated_at)
            SELECT 'pjb-1', 'p', 'bat-1', 'a.txt', 'fast', 'a.txt', 5, 'PENDING', created_at, created_at
            FROM directories;
        PRAGMA user_version = 1;
    """)
    db.close()
    with ThreadPoolExecutor(1) as executor, Engine(tmp_path, executor=executor) as engine:
        api = Api(engine)
        (job,) = api.jobs(api.finished("bat-1"))
        assert job["status"] == "COMPLETED"
        files = api.ok("GET", files_of("dir-1"))["items"]
        assert len({file["file_id"] for file in files} - {None, "dfl-a", "dfl-b"}) == 2
        other = api.directory({})
        body = {"file_id": files[1]["file_id"]}
        assert api.ok("POST", files_of(other), json=body)["display_name"] == "b.txt"


MOMENT = "2026-01-01T00:00:00.000000Z"
#: Of each batch: its status, whether its cancel was asked for, and the statuses of its jobs.
OLD: dict[str, tuple[str, int, list[str | None]]] = {
    "bat-waits": ("PENDING", 0, [None, None]),
    "bat-runs": ("RUNNING", 0, ["COMPLETED", "FAILED", "RUNNING", "PENDING", None]),
    "bat-stops": ("RUNNING", 1, ["COMPLETED", "RUNNING", "CANCELLED"]),
    "bat-never": ("PENDING", 1, [None]),
    "bat-done": ("COMPLETED", 0, ["COMPLETED"]),
    "bat-gone": ("CANCELLED", 1, ["CANCELLED", "COMPLETED"]),
    "bat-bad": ("FAILED", 0, [None]),
}


def old_store(data: Path, version: int) -> None:
    """As a process of that version left it when it was killed in the middle of its work."""
    (data / "blobs").mkdir()
    (data / "blobs" / "a.txt").write_bytes(b"alpha")
    db = sqlite3.connect(data / "engine.db")
    for script in MIGRATIONS[:version]:
        db.executescript(script)
    db.execute("INSERT INTO projects VALUES ('p', 'o', 'Default', 1, ?)", (MOMENT,))
    db.execute(
        "INSERT INTO directories (id, project_id, name, type, created_at, updated_at) "
        "VALUES ('dir-1', 'p', 'old', 'user', ?, ?)",
        (MOMENT, MOMENT),
    )
    for n in range(5):
        db.execute(
            "INSERT INTO directory_files (id, directory_id, display_name, unique_id, blob, size, created_at, "
            "updated_at) VALUES (?, 'dir-1', ?, ?, 'a.txt', 5, ?, ?)",
            (f"dfl-{n}", f"{n}.txt", str(n), MOMENT, MOMENT),
        )
    for batch, (status, cancelled, jobs) in OLD.items():
        db.execute(
            "INSERT INTO batches (id, project_id, source_directory_id, type, configuration_id, parameters, status, "
            "cancel_requested, created_at, updated_at) VALUES (?, 'p', 'dir-1', 'parse_v2', 'cfg-PARSE_FAST', "
            """'{"product_type": "parse_v2", "tier": "fast", "version": "latest"}', ?, ?, ?, ?)""",
            (batch, status, cancelled, MOMENT, MOMENT),
        )
        for n, job in enumerate(jobs):
            job_id = None if job is None else f"pjb-{batch}-{n}"
            error = "refused" if job is None and status == "RUNNING" else None
            db.execute("INSERT INTO batch_files VALUES (?, ?, ?, ?, ?)", (batch, n, f"dfl-{n}", job_id, error))
            if job is not None:
                db.execute(
                    "INSERT INTO parse_jobs (id, project_id, batch_id, name, tier, blob, size, status, owner, fence, "
                    "created_at, updated_at) VALUES (?, 'p', ?, ?, 'fast', 'a.txt', 5, ?, ?, 1, ?, ?)",
                    (job_id, batch, f"{n}.txt", job, "own-dead" if job == "RUNNING" else None, MOMENT, MOMENT),
                )
                if job == "COMPLETED":
                    db.execute("INSERT INTO parse_results VALUES (?, x'00')", (job_id,))
    db.execute("INSERT INTO owners VALUES ('own-dead', 9e9)")
    db.execute(f"PRAGMA user_version = {version}")
    db.commit()
    db.close()


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_store_with_batches_in_every_state_goes_on(tmp_path: Path, version: int) -> None:
    old_store(tmp_path, version)
    with ThreadPoolExecutor(1) as executor, Engine(tmp_path, executor=executor) as engine:
        api = Api(engine)
        states = {batch: api.finished(batch)["status"] for batch in OLD}
        assert states == {
            "bat-waits": "COMPLETED",
            "bat-runs": "COMPLETED",
            "bat-stops": "CANCELLED",
            "bat-never": "CANCELLED",
            "bat-done": "COMPLETED",
            "bat-gone": "CANCELLED",
            "bat-bad": "FAILED",
        }
        results = api.get("bat-runs", expand="results")["results"]
        assert [result["error_message"] for result in results] == [None] * 4 + ["refused"]
        with engine.store.read() as db:
            assert db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            after = {
                batch: [
                    row[0] for row in db.execute("SELECT status FROM jobs WHERE batch_id = ? ORDER BY seq", (batch,))
                ]
                for batch in OLD
            }
            kept = db.execute("SELECT count(*) FROM results WHERE payload = x'00'").fetchone()[0]
        assert after == {
            "bat-waits": ["COMPLETED"] * 2,
            "bat-runs": ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"],
            "bat-stops": ["COMPLETED", "CANCELLED", "CANCELLED"],
            "bat-never": [],
            "bat-done": ["COMPLETED"],
            "bat-gone": ["CANCELLED", "COMPLETED"],
            "bat-bad": [],
        }
        assert kept == 4  # what had been read was not read again
        with engine.store.read() as db:
            (job_id,) = db.execute("SELECT id FROM jobs WHERE batch_id = 'bat-waits' ORDER BY seq LIMIT 1").fetchone()
        assert api.ok("GET", f"/api/v2/parse/{job_id}", params={"expand": "text_full"})["text_full"] == "alpha"


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    old_store(tmp_path, 2)
    db = sqlite3.connect(tmp_path / "engine.db")
    db.execute("CREATE TABLE snapshots (in_the_way)")
    db.commit()
    with pytest.raises(EngineError, match=r"engine\.db cannot be used: table snapshots already exists"):
        Engine(tmp_path)
    assert db.execute("PRAGMA user_version").fetchone()[0] == 2
    db.execute("DROP TABLE snapshots")
    db.commit()
    db.close()
    Engine(tmp_path).close()


@contextmanager
def somebody_else() -> Iterator[None]:
    """Rights mean nothing to root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others may look into, as pytest's own are not, with a store in it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    Engine(folder).close()
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written(shared: Path) -> None:
    for folder in (shared, shared / "blobs"):
        folder.chmod(0o555)
    with somebody_else(), pytest.raises(EngineError, match=r"cannot be written \(Permission denied\)\. Choose another"):
        Engine(shared)
    (shared / "blobs").chmod(0o755)


def test_a_store_that_cannot_be_written(shared: Path) -> None:
    (shared / "engine.db").chmod(0o444)
    for folder in (shared, shared / "blobs", shared / "images", shared / "owners"):
        folder.chmod(0o777)
    with somebody_else(), pytest.raises(EngineError, match=r"cannot be (used|written)"):
        Engine(shared)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for data in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(EngineError, match=r"cannot be written .* Choose another one"):
            Engine(data)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes: the system refuses such writes as it does those to a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_nothing(make_api: MakeApi, caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor(1) as executor:
        api = make_api(executor=executor, seconds_per_file=0.02)
        directory_id = api.directory({f"{n}.pdf": pdf(str(n)) for n in range(30)})
        batch = api.batch(directory_id)
        wait_for(lambda: api.ok("GET", "/api/v2/parse", params={"status": "COMPLETED"})["items"])
        # The log grows with every transaction, so none more can be written.
        with full_disk((api.engine.data / "engine.db-wal").stat().st_size):
            wait_for(lambda: "could not go on" in caplog.text)
            assert "disk of this engine is full" in api.refused(
                507, "POST", "/api/v1/beta/directories", json={"name": "more"}
            )
            content = {"files": {"upload_file": ("big.txt", b"text" * 200_000)}}
            assert "disk of this engine is full" in api.refused(
                507, "POST", files_of(directory_id) + "/upload", **content
            )
            assert api.get(batch["id"])["status"] == "RUNNING"  # what is there can be read
            wait_for(lambda: caplog.text.count("could not go on"))
        assert caplog.text.count("could not go on") == 1  # it is not said every second
        jobs = api.jobs(api.finished(batch["id"]))
        assert statuses(jobs) == ["COMPLETED"] * 30
        assert not list(api.engine.blobs.folder.glob(".*"))
        with api.engine.store.read() as db:
            assert db.execute("SELECT count(*) FROM results").fetchone()[0] == 30
        api.upload(directory_id, "big.txt", b"text" * 200_000)
        api.engine.close()


def test_something_else_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "engine.db").write_bytes(b"this is not a database, and long enough to be seen as none" * 10)
    with pytest.raises(EngineError, match=r"engine\.db cannot be used: .* Choose another data folder"):
        Engine(tmp_path)


def test_the_store_is_kept_and_in_wal(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    directory_id = Api(engine).directory({})
    with engine.store.read() as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    engine.close()
    engine = Engine(tmp_path)
    assert [found["id"] for found in Api(engine).ok("GET", "/api/v1/beta/directories")["items"]] == [directory_id]
    engine.close()


def test_many_processes_may_open_a_new_folder_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from llamabatch_nb.engine import Engine; sys.stdin.read(); "
        f"engine = Engine({str(tmp_path)!r}); print(engine.project.id); engine.close()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    printed = [process.communicate(timeout=60)[0] for process in processes]
    assert len(set(printed)) == 1
    assert printed[0].strip()


def test_writers_of_many_threads_wait_for_each_other(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write() as db:
        db.execute("CREATE TABLE counts (n INTEGER)")
        db.execute("INSERT INTO counts VALUES (0)")

    def add(_: int) -> None:
        with store.write() as db:
            (n,) = db.execute("SELECT n FROM counts").fetchone()
            db.execute("UPDATE counts SET n = ?", (n + 1,))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(200)))
    with store.read() as db:
        assert db.execute("SELECT n FROM counts").fetchone()[0] == 200
    store.close()


def test_an_error_rolls_back(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail() -> None:
        with store.write() as db:
            db.execute("INSERT INTO owners (id, lease_until) VALUES ('a', 0)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.write() as db:
        assert db.execute("SELECT count(*) FROM owners").fetchone()[0] == 0
    store.close()


def test_a_closed_engine_says_so(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.start()
    with pytest.raises(EngineError, match="closed"), engine.store.read():
        pass
    Api(engine).refused(503, "GET", "/api/v2/batches")
