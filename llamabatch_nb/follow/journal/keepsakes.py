"""What the journal keeps beside the runs: jobs that have ended, what is in the archive, pages counted, settings."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple

from llamabatch_nb.contract.counts import Counts
from llamabatch_nb.follow.journal.database import Database

#: Bound variables of one statement; SQLite's oldest limit is 999.
_MANY = 500


class Keepsakes(Database):
    """Of every run, by job id or content: what was seen once is not asked for, or counted, again."""

    def jobs_ended(self, service: str, jobs: Mapping[str, str]) -> None:
        """Terminal jobs, by id, as JSON: they are never asked for again, and outlive the service's memory of them."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO job (service, job_id, ended) VALUES (?, ?, ?)"
                " ON CONFLICT (service, job_id) DO UPDATE SET ended = excluded.ended",
                [(service, job_id, text) for job_id, text in jobs.items()],
            )

    def results_archived(self, service: str, results: Mapping[str, tuple[str, Counts]]) -> None:
        """Jobs, by id, whose results are in the archive now: the job as JSON, with the credits that came with it."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO job (service, job_id, ended, archived, pages, pages_failed, characters, confidence)"
                " VALUES (?, ?, ?, 1, ?, ?, ?, ?)"
                " ON CONFLICT (service, job_id) DO UPDATE SET ended = excluded.ended, archived = 1,"
                " pages = excluded.pages, pages_failed = excluded.pages_failed, characters = excluded.characters,"
                " confidence = excluded.confidence",
                [(service, job_id, job, *astuple(counts)) for job_id, (job, counts) in results.items()],
            )

    def results_cleared(self, service: str, job_ids: Iterable[str]) -> None:
        with self._transaction() as db:
            db.executemany(
                "UPDATE job SET archived = 0 WHERE service = ? AND job_id = ?",
                [(service, job_id) for job_id in job_ids],
            )

    def pages_counted(self, pages: Mapping[str, int | None]) -> None:
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO counted (sha256, pages) VALUES (?, ?)", list(pages.items()))

    def change_setting(self, name: str, value: str) -> None:
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    def jobs(self, service: str, job_ids: Iterable[str]) -> dict[str, str]:
        """Those of the jobs that were seen to end, as JSON."""
        return {row["job_id"]: row["ended"] for row in self._jobs(service, job_ids) if row["ended"] is not None}

    def results(self, service: str, job_ids: Iterable[str]) -> dict[str, Counts]:
        """Those of the jobs whose results are in the archive."""
        return {
            row["job_id"]: Counts(row["pages"], row["pages_failed"], row["characters"], row["confidence"])
            for row in self._jobs(service, job_ids)
            if row["archived"]
        }

    def archived(self) -> list[sqlite3.Row]:
        """Each archived result: service, job_id, pages, and the run and file it is of, where that is known."""
        return self._all(
            "SELECT job.service, job.job_id, job.pages, run.name AS run, run.label AS source, file.name AS file,"
            " part.batch_id FROM job LEFT JOIN file ON file.job_id = job.job_id LEFT JOIN part ON part.id = file.part"
            " LEFT JOIN run ON run.id = part.run WHERE job.archived GROUP BY job.service, job.job_id"
            " ORDER BY run.id, file.position"
        )

    def counted(self, sha256: Iterable[str]) -> dict[str, int | None]:
        """Pages of those contents that were counted before."""
        found: dict[str, int | None] = {}
        for some in _by(_MANY, sha256):
            marks = ", ".join("?" * len(some))
            rows = self._all(f"SELECT sha256, pages FROM counted WHERE sha256 IN ({marks})", *some)  # noqa: S608
            found |= {row["sha256"]: row["pages"] for row in rows}
        return found

    def setting(self, name: str) -> str | None:
        row = self._one("SELECT value FROM setting WHERE name = ?", name)
        return None if row is None else row["value"]

    def _jobs(self, service: str, job_ids: Iterable[str]) -> list[sqlite3.Row]:
        rows: list[sqlite3.Row] = []
        for some in _by(_MANY, job_ids):
            marks = ", ".join("?" * len(some))
            rows += self._all(
                f"SELECT * FROM job WHERE service = ? AND job_id IN ({marks})",  # noqa: S608
                service,
                *some,
            )
        return rows


def _by(size: int, values: Iterable[str]) -> Iterator[list[str]]:
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
