"""What lies on the disk for nothing: blobs that nothing needs any more, and page images of jobs that are gone.

Triggers (`store.schema`) write down whatever may be left over, in the transaction that leaves it, so that a process
that is killed before it clears up forgets nothing. Clearing up looks once more, in a write transaction of its own: an
upload puts its blob into place inside one too (`Incoming.keep`), and SQLite lets them through one after the other,
whichever process they are of. No row changes there that names a blob, so a commit that fails cannot leave a living row
without its bytes.
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
from pathlib import Path

from llamabatch_nb.engine.resources import directories
from llamabatch_nb.engine.store.blobs import Blobs
from llamabatch_nb.engine.store.database import Store, trouble

log = logging.getLogger(__name__)

#: Entries a transaction: nobody waits for long behind a batch of 1,000 jobs that expires.
_CHUNK = 100
#: Jobs need their blob at any time: a finished one for ``output_pdf``, and for what is extracted from it later. Files
#: of a batch that is not mapped yet are needed although the directory may have lost them. A directory file is found by
#: its file, which has the same blob: an index less for every upload to keep.
_NEEDLESS = """
    SELECT DISTINCT blob FROM leftovers WHERE seq BETWEEN ? AND ? AND blob IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.blob = leftovers.blob)
    AND NOT EXISTS (SELECT 1 FROM files WHERE files.blob = leftovers.blob AND deleted_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM files JOIN directory_files AS place ON place.file_id = files.id
        WHERE files.blob = leftovers.blob AND place.deleted_at IS NULL)
    AND blob NOT IN (SELECT place.blob FROM batches JOIN batch_files ON batch_id = batches.id
        JOIN directory_files AS place ON place.id = directory_file_id
        WHERE status IN ('PENDING', 'THROTTLED', 'RUNNING') AND job_id IS NULL AND error_message IS NULL)
"""
_NAMED = """
    SELECT blob FROM files WHERE deleted_at IS NULL UNION SELECT blob FROM jobs
    UNION SELECT blob FROM directory_files WHERE deleted_at IS NULL
"""


def sweep(store: Store, blobs: Blobs, images: Path, now: str) -> None:
    """Clear up what has expired, and what a process left that was killed between the disk and its commit."""
    try:
        lying, drawn = blobs.names(), [path.name for path in images.iterdir()]
        with store.read() as db:
            strays = lying.difference(name for (name,) in db.execute(_NAMED)) if lying else lying
            ownerless = db.execute(
                "SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE id = value)",
                (json.dumps(drawn),),
            ).fetchall()
        with store.write() as db:
            directories.end_expired(db, now)
            db.executemany("INSERT INTO leftovers (blob) VALUES (?)", ((name,) for name in strays))
            db.executemany("INSERT INTO leftovers (job_id) VALUES (?)", ownerless)
    except (sqlite3.Error, OSError) as error:
        _excuse(error)
    else:
        clear(store, blobs, images)


def clear(store: Store, blobs: Blobs, images: Path) -> None:
    """Remove what is written down and needed by nothing. What cannot be removed now is tried again the next time."""
    try:
        with store.read() as db:
            last = db.execute("SELECT max(seq) FROM leftovers").fetchone()[0] or 0
        done = 0
        while done < last:
            done = _clear(store, blobs, images, done + 1, last)
    except (sqlite3.Error, OSError) as error:
        _excuse(error)


def _clear(store: Store, blobs: Blobs, images: Path, first: int, last: int) -> int:
    """One transaction's share of the entries `first` to `last`. Returns the last one that was looked at."""
    with store.write() as db:
        rows = db.execute(
            "SELECT seq, blob, job_id, EXISTS (SELECT 1 FROM jobs WHERE id = job_id) AS alive FROM leftovers "
            "WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
            (first, last, _CHUNK),
        ).fetchall()
        if not rows:
            return last
        end: int = rows[-1]["seq"]
        needless = {name for (name,) in db.execute(_NEEDLESS, (first, end))}
        kept = {name for name in needless if not blobs.remove(name)}
        for row in rows:
            # A seeded engine may give the id of a deleted job again.
            if row["job_id"] is not None and not row["alive"]:
                shutil.rmtree(images / row["job_id"], ignore_errors=True)
        db.executemany(
            "DELETE FROM leftovers WHERE seq = ?", ((row["seq"],) for row in rows if row["blob"] not in kept)
        )
    return end


def _excuse(error: Exception) -> None:
    """Nothing is lost: entries stay written down, and whoever asked for a deletion has got it."""
    known = trouble(error)
    if known is None:
        raise error
    log.warning("Deleted files could not be removed from the disk yet: %s", known.sentence)
