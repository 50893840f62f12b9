"""The tables of ``engine.db``, and their version.

`seq` is SQLite's rowid: the order in which things came. Times are texts made by `clock.stamp`. A job carries the name,
blob and size of its file and what it was told, so that it can be run whatever happens to directory and configuration
afterwards.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

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
    """
    -- What jobs were told, each content once: a batch of 1,000 files would repeat a JSON Schema 1,000 times.
    CREATE TABLE snapshots (id TEXT PRIMARY KEY, parameters TEXT NOT NULL) STRICT;
    INSERT INTO snapshots SELECT id, parameters FROM batches;
    ALTER TABLE batches ADD COLUMN snapshot_id TEXT REFERENCES snapshots (id);
    UPDATE batches SET snapshot_id = id;
    ALTER TABLE batches DROP COLUMN parameters;
    -- How the documents of an extract batch are read.
    ALTER TABLE batches ADD COLUMN parse_snapshot_id TEXT REFERENCES snapshots (id);
    ALTER TABLE batches ADD COLUMN webhooks TEXT;
    -- The digest of the plug-in that was there at create: engines with another one, or with none, leave it alone.
    ALTER TABLE batches ADD COLUMN extractor TEXT;

    -- Parse and extract jobs are claimed and settled alike, with a batch or alone. An extract job is not `ready` before
    -- its parse job is COMPLETED.
    ALTER TABLE parse_jobs RENAME TO jobs;
    ALTER TABLE jobs ADD COLUMN type TEXT NOT NULL DEFAULT 'parse_v2';
    ALTER TABLE jobs ADD COLUMN ready INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE jobs ADD COLUMN snapshot_id TEXT REFERENCES snapshots (id);
    ALTER TABLE jobs ADD COLUMN configuration_id TEXT;
    ALTER TABLE jobs ADD COLUMN file_input TEXT;
    ALTER TABLE jobs ADD COLUMN parse_job_id TEXT;
    ALTER TABLE jobs ADD COLUMN user_metadata TEXT;
    ALTER TABLE jobs ADD COLUMN webhooks TEXT;
    ALTER TABLE jobs ADD COLUMN extractor TEXT;
    UPDATE jobs SET snapshot_id = batch_id,
        configuration_id = (SELECT batches.configuration_id FROM batches WHERE batches.id = batch_id);
    DROP INDEX parse_jobs_of_batch;
    DROP INDEX parse_jobs_of_owner;
    CREATE INDEX jobs_to_do ON jobs (batch_id, status, ready, type);
    CREATE INDEX jobs_of_owner ON jobs (owner) WHERE owner IS NOT NULL;
    CREATE INDEX jobs_of_extractor ON jobs (extractor) WHERE extractor IS NOT NULL AND status = 'PENDING';
    CREATE INDEX jobs_of_parse_job ON jobs (parse_job_id) WHERE parse_job_id IS NOT NULL;
    ALTER TABLE parse_results RENAME TO results;
    -- A JSON list of the digests of the plug-ins that this engine has.
    ALTER TABLE owners ADD COLUMN extractors TEXT NOT NULL DEFAULT '[]';

    ALTER TABLE files ADD COLUMN purpose TEXT;
    ALTER TABLE files ADD COLUMN expires_at TEXT;

    -- A row a version; of an id the newest one is `latest`.
    CREATE TABLE configurations (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL, project_id TEXT NOT NULL REFERENCES projects (id),
        name TEXT NOT NULL, product_type TEXT NOT NULL, version TEXT NOT NULL, parameters TEXT NOT NULL,
        latest INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX configuration_names ON configurations (project_id, product_type, name) WHERE latest;
    CREATE UNIQUE INDEX configuration_versions ON configurations (id, version);

    CREATE TABLE webhook_configurations (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL REFERENCES projects (id),
        endpoint TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    ) STRICT;

    -- JSON lists of webhook endpoints, secrets and all, by their hash: what `webhooks` of batches, jobs and events and
    -- `endpoint_id` of deliveries refer to.
    CREATE TABLE endpoint_lists (id TEXT PRIMARY KEY, endpoints TEXT NOT NULL) STRICT;

    -- What webhooks are to be told of, written by whatever changes a status, in the same transaction: no way to a
    -- status can forget it, and one without webhooks costs nothing. With the last event the batch or job forgets whom
    -- to tell.
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY, type TEXT NOT NULL, subject TEXT NOT NULL, status TEXT NOT NULL,
        webhooks TEXT NOT NULL, created_at TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER batch_created AFTER INSERT ON batches WHEN NEW.webhooks IS NOT NULL BEGIN
        INSERT INTO events (type, subject, status, webhooks, created_at)
        VALUES ('batch.pending', NEW.id, NEW.status, NEW.webhooks, NEW.updated_at); END;
    CREATE TRIGGER batch_changed AFTER UPDATE OF status ON batches
    WHEN NEW.webhooks IS NOT NULL AND NEW.status <> OLD.status BEGIN
        INSERT INTO events (type, subject, status, webhooks, created_at)
        VALUES (CASE NEW.status WHEN 'RUNNING' THEN 'batch.running' WHEN 'COMPLETED' THEN 'batch.success'
        WHEN 'FAILED' THEN 'batch.error' WHEN 'CANCELLED' THEN 'batch.cancelled' ELSE 'batch.pending' END,
        NEW.id, NEW.status, NEW.webhooks, NEW.updated_at);
        UPDATE batches SET webhooks = NULL
        WHERE seq = NEW.seq AND NEW.status IN ('COMPLETED', 'FAILED', 'CANCELLED'); END;
    CREATE TRIGGER job_created AFTER INSERT ON jobs WHEN NEW.webhooks IS NOT NULL BEGIN
        INSERT INTO events (type, subject, status, webhooks, created_at)
        VALUES (replace(NEW.type, '_v2', '.pending'), NEW.id, NEW.status, NEW.webhooks, NEW.updated_at); END;
    CREATE TRIGGER job_changed AFTER UPDATE OF status ON jobs
    WHEN NEW.webhooks IS NOT NULL AND NEW.status <> OLD.status AND NEW.status <> 'PENDING'
    AND (NEW.type = 'parse_v2' OR NEW.status <> 'RUNNING') BEGIN
        INSERT INTO events (type, subject, status, webhooks, created_at)
        VALUES (replace(NEW.type, '_v2', CASE NEW.status WHEN 'RUNNING' THEN '.running'
        WHEN 'FAILED' THEN '.error' WHEN 'CANCELLED' THEN '.cancelled'
        ELSE iif(NEW.pages_failed > 0, '.partial_success', '.success') END),
        NEW.id, NEW.status, NEW.webhooks, NEW.updated_at);
        UPDATE jobs SET webhooks = NULL
        WHERE seq = NEW.seq AND NEW.status IN ('COMPLETED', 'FAILED', 'CANCELLED'); END;

    -- An event on its way to one endpoint (a list of one): gone when it has arrived, or is given up. Whoever sends it
    -- has `claimed` it and moved `due` (seconds since 1970) on for as long as it may take, so that nobody else sends it
    -- or what comes after it, and somebody does if the sender dies. A `seq` never comes again: whoever was stopped for
    -- long would else take another delivery for its own.
    CREATE TABLE deliveries (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
        endpoint_id TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, claimed INTEGER NOT NULL DEFAULT 0,
        due REAL NOT NULL
    ) STRICT;
    CREATE INDEX deliveries_due ON deliveries (endpoint_id, due, claimed);

    -- A list of endpoints goes with the last row that refers to it. A batch or job that comes to its end leaves it to
    -- its last event, so only a job that is deleted before has to be looked at.
    CREATE INDEX batches_that_tell ON batches (webhooks) WHERE webhooks IS NOT NULL;
    CREATE INDEX jobs_that_tell ON jobs (webhooks) WHERE webhooks IS NOT NULL;
    CREATE INDEX events_to_tell ON events (webhooks);
    CREATE VIEW referred_endpoint_lists AS
        SELECT webhooks AS id FROM batches UNION ALL SELECT webhooks FROM jobs
        UNION ALL SELECT webhooks FROM events UNION ALL SELECT endpoint_id FROM deliveries;
    CREATE TRIGGER job_deleted AFTER DELETE ON jobs WHEN OLD.webhooks IS NOT NULL BEGIN
        DELETE FROM endpoint_lists WHERE id = OLD.webhooks
        AND NOT EXISTS (SELECT 1 FROM referred_endpoint_lists WHERE id = OLD.webhooks); END;
    CREATE TRIGGER event_deleted AFTER DELETE ON events BEGIN
        DELETE FROM endpoint_lists WHERE id = OLD.webhooks
        AND NOT EXISTS (SELECT 1 FROM referred_endpoint_lists WHERE id = OLD.webhooks); END;
    CREATE TRIGGER delivery_deleted AFTER DELETE ON deliveries BEGIN
        DELETE FROM endpoint_lists WHERE id = OLD.endpoint_id
        AND NOT EXISTS (SELECT 1 FROM referred_endpoint_lists WHERE id = OLD.endpoint_id); END;

    -- What the engines of a folder share and nobody else may know: the key that signs links.
    CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

    -- What may lie on the disk for nothing, a blob, or the page images of a job: written by whatever takes a name away,
    -- in the same transaction. `resources.leftovers` looks whether another one is left.
    CREATE TABLE leftovers (seq INTEGER PRIMARY KEY, blob TEXT, job_id TEXT) STRICT;
    CREATE TRIGGER file_gone AFTER UPDATE OF deleted_at ON files WHEN NEW.deleted_at IS NOT NULL BEGIN
        INSERT INTO leftovers (blob) VALUES (NEW.blob); END;
    CREATE TRIGGER directory_file_gone AFTER UPDATE OF deleted_at ON directory_files
    WHEN NEW.deleted_at IS NOT NULL BEGIN INSERT INTO leftovers (blob) VALUES (NEW.blob); END;
    CREATE TRIGGER job_gone AFTER DELETE ON jobs BEGIN
        INSERT INTO leftovers (blob, job_id) VALUES (OLD.blob, OLD.id); END;
    -- Of a batch that ends before its files are mapped, or of a file that was not, no job has the blob.
    CREATE TRIGGER batch_over AFTER UPDATE OF status ON batches
    WHEN NEW.status <> OLD.status AND NEW.status IN ('COMPLETED', 'FAILED', 'CANCELLED') BEGIN
        INSERT INTO leftovers (blob) SELECT place.blob FROM batch_files
        JOIN directory_files AS place ON place.id = directory_file_id
        WHERE batch_id = NEW.id AND job_id IS NULL AND place.deleted_at IS NOT NULL; END;
    CREATE INDEX files_of_blob ON files (blob);
    CREATE INDEX jobs_of_blob ON jobs (blob);
    CREATE INDEX files_to_expire ON files (expires_at) WHERE deleted_at IS NULL AND expires_at IS NOT NULL;
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
            for statement in _statements(script):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script: a trigger has semicolons inside, so a line that ends in one may not end it."""
    text = ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""
