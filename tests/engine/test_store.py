from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llamabatch_nb.engine import Engine, EngineError
from llamabatch_nb.engine.store.database import Store
from llamabatch_nb.engine.store.schema import MIGRATIONS
from tests.engine.support import Api, files_of


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
            db.execute("INSERT INTO owners VALUES ('a', 0)")
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
    Api(engine).refused(500, "GET", "/api/v2/batches")
