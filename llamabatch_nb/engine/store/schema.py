"""The tables of ``engine.db``, and their version.

`seq` is SQLite's rowid: the order in which things came. Times are texts made by `clock.stamp`. A job carries the name,
blob and size of its file, so that it can be run whatever happens to the directory afterwards.
"""

from __future__ import annotations

import sqlite3

from llamabatch_nb.engine.errors import EngineError

#: Each entry takes the store from the version before it to the next; ``PRAGMA user_version`` counts the applied ones.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE projects (
        id TEXT PRIMARY KEY, organization_id TEXT NOT NULL, name TEXT NOT NULL, is_default INTEGER NOT NULL,
        created_at TEXT NOT NULL
    ) STRICT;

    CREATE TABLE directories (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL REFERENCES projects (id),
        name TEXT NOT NULL, type TEXT NOT NULL, description TEXT, system_metadata TEXT, connector_subscription_id TEXT,
        expires_at TEXT, deleted_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX directory_names ON directories (project_id, name) WHERE deleted_at IS NULL;
    CREATE UNIQUE INDEX directory_subscriptions ON directories (connector_subscription_id) WHERE deleted_at IS NULL;

    CREATE TABLE directory_files (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, directory_id TEXT NOT NULL REFERENCES directories (id),
        display_name TEXT NOT NULL, unique_id TEXT NOT NULL, metadata TEXT, blob TEXT NOT NULL, size INTEGER NOT NULL,
        deleted_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX directory_file_names ON directory_files (directory_id, unique_id) WHERE deleted_at IS NULL;
    CREATE INDEX directory_file_order ON directory_files (directory_id, created_at, unique_id);

    CREATE TABLE batches (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL REFERENCES projects (id),
        source_directory_id TEXT NOT NULL REFERENCES directories (id), type TEXT NOT NULL,
        configuration_id TEXT NOT NULL, parameters TEXT NOT NULL, status TEXT NOT NULL,
        cancel_requested INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX open_batches ON batches (seq) WHERE status IN ('PENDING', 'THROTTLED', 'RUNNING');

    -- The three shapes of a result: a job, a mapping error, or neither yet.
    CREATE TABLE batch_files (
        batch_id TEXT NOT NULL REFERENCES batches (id), position INTEGER NOT NULL,
        directory_file_id TEXT NOT NULL REFERENCES directory_files (id), job_id TEXT, error_message TEXT,
        PRIMARY KEY (batch_id, position)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE parse_jobs (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL,
        batch_id TEXT REFERENCES batches (id), name TEXT NOT NULL, tier TEXT, blob TEXT NOT NULL, size INTEGER NOT NULL,
        status TEXT NOT NULL, error_message TEXT, reason TEXT, pages INTEGER, pages_failed INTEGER, characters INTEGER,
        owner TEXT, fence INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX parse_jobs_of_batch ON parse_jobs (batch_id, status);
    CREATE INDEX parse_jobs_of_owner ON parse_jobs (owner) WHERE owner IS NOT NULL;

    -- What a worker packed, unopened; apart from the jobs, so that listing them never reads it.
    CREATE TABLE parse_results (job_id TEXT PRIMARY KEY REFERENCES parse_jobs (id), payload BLOB NOT NULL) STRICT;

    CREATE TABLE owners (id TEXT PRIMARY KEY, lease_until REAL NOT NULL) STRICT;
    """,
    """
    -- The Files API. What was uploaded into a directory is a file of its own, which outlives the directory.
    CREATE TABLE files (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL REFERENCES projects (id),
        name TEXT NOT NULL, external_file_id TEXT, blob TEXT NOT NULL, size INTEGER NOT NULL, deleted_at TEXT,
        created_at TEXT NOT NULL
    ) STRICT;
    ALTER TABLE directory_files ADD COLUMN file_id TEXT;
    UPDATE directory_files SET file_id = 'dfl-' || lower(hex(randomblob(14)));
    INSERT INTO files (id, project_id, name, blob, size, created_at)
        SELECT file_id, project_id, display_name, blob, size, directory_files.created_at
        FROM directory_files JOIN directories ON directories.id = directory_id;
    CREATE INDEX directory_files_of_file ON directory_files (file_id);

    ALTER TABLE parse_jobs ADD COLUMN cancel_requested INTEGER NOT NULL DEFAULT 0;
    """,
)


def migrate(db: sqlite3.Connection) -> None:
    """Bring the store up to this code's version, in one transaction; several processes may try at once.

    Raises EngineError if the store was written by a newer version of this package.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == len(MIGRATIONS):
        return
    if version > len(MIGRATIONS):
        raise EngineError(
            f"The engine's data has version {version}, and this package knows {len(MIGRATIONS)} at most. "
            "Upgrade llamabatch-nb, or choose another data folder."
        )
    db.execute("BEGIN IMMEDIATE")
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        for script in MIGRATIONS[version:]:
            for statement in script.split(";\n"):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
