"""What was submitted, on disk before anything waits on it (design.md, decision 6).

One SQLite file. A run and its parts are written before anything is sent, a file as soon as it is uploaded, a batch's id
as soon as there is one, what became of a file as soon as it is seen: a kernel killed at any moment can go on where it
stopped, and what the service forgets is remembered here. Never a key in here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from llamabatch_nb.follow.journal.keepsakes import Keepsakes
from llamabatch_nb.follow.journal.rows import FileRow, NewPart, PartRow, RunRow
from llamabatch_nb.follow.sources.source import Kind

_RUN = "id, name, label, source, kind, options, service, configuration_id, job_type, parent, created_at"
_PART = ", ".join(PartRow.__slots__)
_FILE = ", ".join(FileRow.__slots__)


class Journal(Keepsakes):
    """Runs, their parts and files. Every method is a transaction of its own."""

    # Written while a run is sent.

    def add_run(
        self,
        *,
        name: str | None,
        label: str,
        source: str | None,
        kind: Kind,
        options: Mapping[str, Any],
        service: str,
        owner: str,
        fingerprint: str,
        configuration_id: str,
        job_type: str,
        parent: int | None,
        parts: Iterable[NewPart],
        new: bool,
    ) -> int:
        """A run and its parts. Unless it is `new`, a run of that fingerprint which is there already is given back."""
        with self._transaction() as db:
            known = None if new else self._same(db, service, fingerprint)
            if known is not None:  # another process was faster by a moment
                return known
            cursor = db.execute(
                "INSERT INTO run (name, label, source, kind, options, service, owner, fingerprint, configuration_id,"
                " job_type, parent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    name,
                    label,
                    source,
                    kind,
                    json.dumps(options),
                    service,
                    owner,
                    fingerprint,
                    configuration_id,
                    job_type,
                    parent,
                ),
            )
            assert cursor.lastrowid is not None
            self._add_parts(db, cursor.lastrowid, parts)
            return cursor.lastrowid

    def add_parts(self, run: int, parts: Iterable[NewPart], *, known: int) -> bool:
        """Add parts to a run that has `known` so far. False: somebody else has added some meanwhile, and nothing is."""
        with self._transaction() as db:
            if db.execute("SELECT count(*) FROM part WHERE run = ?", (run,)).fetchone()[0] != known:
                return False
            self._add_parts(db, run, parts)
            return True

    def directory_made(self, part: int, directory_id: str) -> str:
        """Note it, unless somebody else was faster. Returns the one that holds for all."""
        with self._transaction() as db:
            db.execute("UPDATE part SET directory_id = coalesce(directory_id, ?) WHERE id = ?", (directory_id, part))
            made: str = db.execute("SELECT directory_id FROM part WHERE id = ?", (part,)).fetchone()["directory_id"]
            return made

    def file_uploaded(
        self,
        part: int,
        name: str,
        file_id: str,
        service_file_id: str | None,
        *,
        unique_id: str | None = None,
        metadata: str | None = None,
    ) -> bool:
        """Returns whether the part has been stopped meanwhile, here or in another kernel."""
        with self._transaction() as db:
            db.execute(
                "UPDATE file SET file_id = ?, service_file_id = ?, unique_id = ?, metadata = ?, error = NULL"
                " WHERE part = ? AND name = ?",
                (file_id, service_file_id, unique_id, metadata, part, name),
            )
            return _stopped(db, part)

    def file_refused(self, part: int, name: str, error: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE file SET error = ? WHERE part = ? AND name = ?", (error, part, name))

    def listed_before(self, part: int, batch_ids: Iterable[str]) -> frozenset[str]:
        """Note the directory's batches before ours is created; what was noted the first time holds."""
        with self._transaction() as db:
            db.execute("UPDATE part SET listed = coalesce(listed, ?) WHERE id = ?", (json.dumps([*batch_ids]), part))
            row = db.execute("SELECT listed FROM part WHERE id = ?", (part,)).fetchone()
            return frozenset(json.loads(row["listed"]))

    def batch_created(self, part: int, batch_id: str) -> bool:
        """Returns whether the part has been stopped meanwhile: then its batch is to be cancelled."""
        with self._transaction() as db:
            db.execute("UPDATE part SET batch_id = ? WHERE id = ?", (batch_id, part))
            return _stopped(db, part)

    def others(self, part: int, batch_ids: Iterable[str]) -> frozenset[str]:
        """Those of the batches that are known to be another part's."""
        row = self._all(
            "SELECT batch_id FROM part WHERE id != ? AND batch_id IN (SELECT value FROM json_each(?))",
            part,
            json.dumps([*batch_ids]),
        )
        return frozenset(found["batch_id"] for found in row)

    def part_stopped(self, part: int, *, stopped: bool = True) -> None:
        with self._transaction() as db:
            db.execute("UPDATE part SET stopped = ? WHERE id = ?", (stopped, part))

    def directory_gone(self, part: int, new_name: str) -> None:
        """Its directory has expired before there was a batch: another is made, and all files are sent again."""
        with self._transaction() as db:
            db.execute(
                "UPDATE part SET directory_id = NULL, listed = NULL, directory_name = ? WHERE id = ?", (new_name, part)
            )
            db.execute("UPDATE file SET file_id = NULL, error = NULL WHERE part = ?", (part,))

    def renamed(self, run: int, name: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE run SET name = ? WHERE id = ?", (name, run))

    # Written while it is watched.

    def batch_seen(self, part: int, phase: str, created_at: str | None, updated_at: str | None) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE part SET phase = ?, batch_created_at = ?, batch_updated_at = ? WHERE id = ?",
                (phase, created_at, updated_at, part),
            )

    def files_mapped(self, part: int, files: Iterable[FileRow]) -> None:
        """What the batch made of files; of those that the directory's listing did not have, that there are such."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO file (part, position, name, sha256, file_id, job_id, job_type, mapping_error)"
                " SELECT ?, count(*), ?, ?, ?, ?, ?, ? FROM file WHERE part = ?"
                " ON CONFLICT (part, name) DO UPDATE SET job_id = excluded.job_id, job_type = excluded.job_type,"
                " mapping_error = excluded.mapping_error",
                (
                    (part, one.name, one.sha256, one.file_id, one.job_id, one.job_type, one.mapping_error, part)
                    for one in files
                ),
            )

    def files_dropped(self, part: int, names: Iterable[str]) -> None:
        """They came into the directory after its batch was made."""
        with self._transaction() as db:
            db.executemany("DELETE FROM file WHERE part = ? AND name = ?", [(part, name) for name in names])

    # Read.

    def run(self, run: int) -> RunRow:
        row = self._one(f"SELECT {_RUN} FROM run WHERE id = ?", run)  # noqa: S608 - columns of this module
        assert row is not None
        return _run(row)

    def find(self, *, service: str, name_or_id: str, owner: str | None = None) -> RunRow | None:
        """The newest run of that name, or the run of that batch or directory, on that service.

        `owner`: only its runs, and those of which none is known.
        """
        whose = "service = ? AND (owner = coalesce(?, owner) OR owner = 'None None')"
        row = self._one(
            f"SELECT {_RUN} FROM run WHERE {whose} AND name = ? ORDER BY id DESC LIMIT 1",  # noqa: S608
            service,
            owner,
            name_or_id,
        ) or self._one(
            f"SELECT {_RUN} FROM run WHERE {whose} AND id IN"  # noqa: S608
            " (SELECT run FROM part WHERE batch_id = ? OR directory_id = ?) ORDER BY id DESC LIMIT 1",
            service,
            owner,
            name_or_id,
            name_or_id,
        )
        return None if row is None else _run(row)

    def called(self, run: int) -> str:
        """How people know a run: by its first batch, else its name, else its source."""
        row = self._one(
            "SELECT coalesce((SELECT batch_id FROM part WHERE part.run = run.id AND batch_id IS NOT NULL"
            " ORDER BY part.id LIMIT 1), name, label) AS called FROM run WHERE id = ?",
            run,
        )
        assert row is not None
        called: str = row["called"]
        return called

    def candidates(
        self, *, service: str, owner: str, configuration_id: str, source: str | None, variant: str
    ) -> list[RunRow]:
        """Runs of the same source with the same configuration, newest first; `variant`: how their fingerprints end."""
        if source is None:
            return []
        rows = self._all(
            f"SELECT {_RUN} FROM run WHERE service = ? AND owner = ? AND configuration_id = ? AND source = ?"  # noqa: S608
            " AND substr(fingerprint, 65) = ? ORDER BY id DESC LIMIT 50",
            service,
            owner,
            configuration_id,
            source,
            variant,
        )
        return [_run(row) for row in rows]

    def same(self, *, service: str, fingerprint: str) -> RunRow | None:
        """The newest run of the same files and configuration on the same service."""
        with self._lock:
            found = self._same(self._db, service, fingerprint)
        return None if found is None else self.run(found)

    def runs(self, service: str) -> list[RunRow]:
        """All runs on that service, newest first."""
        rows = self._all(f"SELECT {_RUN} FROM run WHERE service = ? ORDER BY id DESC", service)  # noqa: S608
        return [_run(row) for row in rows]

    def parts(self, run: int) -> list[PartRow]:
        """In the order they were made."""
        rows = self._all(f"SELECT {_PART} FROM part WHERE run = ? ORDER BY id", run)  # noqa: S608
        return [_part(row) for row in rows]

    def part(self, part: int) -> PartRow:
        """As it is now: another kernel may have written it."""
        row = self._one(f"SELECT {_PART} FROM part WHERE id = ?", part)  # noqa: S608
        assert row is not None
        return _part(row)

    def may_have_batch(self, part: int) -> bool:
        """Whether its batches were listed, which is done right before one is created."""
        row = self._one("SELECT listed IS NOT NULL FROM part WHERE id = ?", part)
        return row is not None and bool(row[0])

    def files(self, part: int) -> list[FileRow]:
        rows = self._all(f"SELECT {_FILE} FROM file WHERE part = ? ORDER BY position", part)  # noqa: S608
        return [FileRow(**dict(row)) for row in rows]

    def contents(self, run: int) -> set[tuple[str, str]]:
        """Name and content of every file of a run."""
        rows = self._all(
            "SELECT name, sha256 FROM file JOIN part ON part.id = file.part WHERE run = ? AND relation != 'retry'", run
        )
        return {(row["name"], row["sha256"]) for row in rows}

    @staticmethod
    def _add_parts(db: sqlite3.Connection, run: int, parts: Iterable[NewPart]) -> None:
        for part in parts:
            cursor = db.execute(
                "INSERT INTO part (run, relation, directory_name, directory_type, directory_id, batch_id)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    run,
                    part.relation,
                    part.directory_name,
                    part.directory_type,
                    part.directory_id,
                    part.batch_id,
                ),
            )
            marks = ", ".join("?" * len(FileRow.__slots__))
            db.executemany(
                f"INSERT INTO file (part, position, {_FILE}) VALUES (?, ?, {marks})",  # noqa: S608
                [
                    (cursor.lastrowid, n, *(getattr(file, column) for column in FileRow.__slots__))
                    for n, file in enumerate(part.files)
                ],
            )

    @staticmethod
    def _same(db: sqlite3.Connection, service: str, fingerprint: str) -> int | None:
        row = db.execute(
            "SELECT id FROM run WHERE service = ? AND fingerprint = ? ORDER BY id DESC LIMIT 1", (service, fingerprint)
        ).fetchone()
        return None if row is None else row["id"]


def _run(row: sqlite3.Row) -> RunRow:
    return RunRow(**{**dict(row), "options": json.loads(row["options"])})


def _part(row: sqlite3.Row) -> PartRow:
    return PartRow(**{**dict(row), "stopped": bool(row["stopped"])})


def _stopped(db: sqlite3.Connection, part: int) -> bool:
    return bool(db.execute("SELECT stopped FROM part WHERE id = ?", (part,)).fetchone()["stopped"])
