"""The journal's tables, and how an older journal becomes this one."""

from __future__ import annotations

import sqlite3

VERSION = 3
_SCHEMA = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    name TEXT,
    label TEXT NOT NULL,             -- the source as people read it
    source TEXT,                     -- by which it is known again: an absolute path, a directory's id; NULL: open files
    kind TEXT NOT NULL,              -- of source: path, list, contents or directory
    options TEXT NOT NULL,           -- how the source was read, JSON
    service TEXT NOT NULL,           -- the base URL, never a key
    owner TEXT NOT NULL,             -- organization and project, as far as they were given
    fingerprint TEXT NOT NULL,       -- of contents, names, configuration and service
    configuration_id TEXT NOT NULL,
    job_type TEXT NOT NULL,
    parent INTEGER REFERENCES run (id), -- the run whose files these are, for another configuration
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX run_by_name ON run (name);
CREATE INDEX run_by_source ON run (source);
CREATE INDEX run_by_fingerprint ON run (fingerprint);
CREATE TABLE part (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id),
    relation TEXT NOT NULL,          -- first, rest or retry
    directory_name TEXT,             -- by which a directory is found whose create was not answered; NULL: not ours
    directory_type TEXT NOT NULL DEFAULT 'ephemeral',
    directory_id TEXT,               -- NULL until it exists
    batch_id TEXT,                   -- NULL until it is known
    listed TEXT,                     -- the directory's batches before ours was created, JSON
    stopped INTEGER NOT NULL DEFAULT 0, -- cancelled, or refused as a whole, before there was a batch
    phase TEXT,                      -- the batch's status when it was last seen
    batch_created_at TEXT,           -- by the server's clock
    batch_updated_at TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX part_by_run ON part (run);
CREATE INDEX part_by_batch ON part (batch_id);
CREATE TABLE file (
    part INTEGER NOT NULL REFERENCES part (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER,                    -- NULL where the bytes were never here
    sha256 TEXT NOT NULL,            -- of the content; of a directory's file its id
    path TEXT,                       -- where its bytes were on this machine
    source_file_id TEXT,             -- the service's file that is added instead of an upload
    copy_of TEXT,                    -- name of the identical file that is sent in its place
    file_id TEXT,                    -- in the directory; NULL until it is there
    service_file_id TEXT,            -- the service's file behind it
    error TEXT,                      -- why it could not be sent
    job_id TEXT,                     -- what the batch made of it, once that was seen
    job_type TEXT,
    mapping_error TEXT,
    unique_id TEXT,                  -- its name in the directory; NULL until it is there
    metadata TEXT,                   -- what users attached to it, JSON
    PRIMARY KEY (part, name)
);
CREATE TABLE job (
    service TEXT NOT NULL,
    job_id TEXT NOT NULL,
    ended TEXT,                      -- the job as the service last gave it, JSON, once it was terminal
    archived INTEGER NOT NULL DEFAULT 0,
    pages INTEGER,
    pages_failed INTEGER,
    characters INTEGER,              -- of the text of all pages
    confidence REAL,                 -- the lowest of the pages, or of the values
    PRIMARY KEY (service, job_id)
);
CREATE TABLE counted (sha256 TEXT PRIMARY KEY, pages INTEGER); -- pages counted on this machine
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

#: Version 1 had one directory and one batch a run, in the run's own row.
_FROM_1 = """
ALTER TABLE run RENAME TO run_1;
ALTER TABLE file RENAME TO file_1;
ALTER TABLE job RENAME TO job_1;
DROP INDEX run_by_name;
DROP INDEX run_by_batch;
DROP INDEX run_by_fingerprint;
{schema}
INSERT INTO run (id, name, label, source, kind, options, service, owner, fingerprint, configuration_id, job_type,
    created_at) SELECT id, name, source, source, 'path', '{{}}', service, 'None None', fingerprint,
    configuration_id, job_type, created_at FROM run_1;
INSERT INTO part (id, run, relation, directory_name, directory_id, batch_id, listed, created_at)
    SELECT id, id, 'first', 'as ' || directory_id, directory_id, batch_id, '[]', created_at FROM run_1;
INSERT INTO file (part, position, name, size, sha256, path, file_id, error, unique_id)
    SELECT run, position, file_1.name, size, sha256, run_1.source || '/' || file_1.name, file_id, error,
    CASE WHEN file_id IS NOT NULL THEN file_1.name END
    FROM file_1 JOIN run_1 ON run_1.id = run;
INSERT INTO job (service, job_id, ended, archived, pages, pages_failed) SELECT * FROM job_1;
DROP TABLE file_1;
DROP TABLE run_1;
DROP TABLE job_1
"""

#: Version 2 did not keep how many characters a result has, nor its confidence, nor a file's unique id and metadata.
_FROM_2 = """
ALTER TABLE job ADD COLUMN characters INTEGER;
ALTER TABLE job ADD COLUMN confidence REAL;
ALTER TABLE file ADD COLUMN unique_id TEXT;
ALTER TABLE file ADD COLUMN metadata TEXT;
UPDATE file SET unique_id = name WHERE file_id IS NOT NULL
    AND part IN (SELECT id FROM part WHERE directory_name IS NOT NULL)
"""


def prepare(db: sqlite3.Connection) -> int:
    """Make the tables, or those of an older journal into these. Call it inside a transaction.

    Returns the version that was found; a newer one than ours is left as it is.
    """
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    if found >= VERSION:
        return found
    script = {0: _SCHEMA, 1: _FROM_1.format(schema=_SCHEMA), 2: _FROM_2}[found]
    # Not executescript, which would commit the transaction that keeps a second process out.
    for statement in _statements(script):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")
    return found


def _statements(script: str) -> list[str]:
    statements, rest = [], ""
    for line in script.splitlines():
        rest += line.split("--", 1)[0] + "\n"
        if sqlite3.complete_statement(rest):
            statements.append(rest)
            rest = ""
    return [*statements, rest] if rest.strip() else statements
