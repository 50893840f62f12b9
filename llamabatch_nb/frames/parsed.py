"""What the frames of a parse batch begin with: each file beside what was read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import pandas as pd

from llamabatch_nb.contract.parse import ItemsPage, ParseResult
from llamabatch_nb.frames.attrs import stamp
from llamabatch_nb.frames.inputs import Job, Unfit, complete, ids, jobs_of, snapshot_of
from llamabatch_nb.frames.schema import Schema
from llamabatch_nb.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Parsed:
    """A run, and the results of its jobs by job id. Those of extract jobs are passed over."""

    snapshot: Snapshot
    jobs: Mapping[str, Job]

    @classmethod
    def of(cls, of: object, jobs: object) -> Self:
        """From whatever `snapshot_of` and `jobs_of` take. The jobs go first: asking a run for them may renew it."""
        found = jobs_of(of, jobs)
        return cls(snapshot_of(of, found), found)

    def files(self) -> Iterator[tuple[dict[str, object], ParseResult | Unfit]]:
        """The columns that name a file, and its result; in the order of the directory, only files that have one."""
        for file in self.snapshot.files:
            job = self.jobs.get(file.job_id) if file.job_id is not None else None
            if isinstance(job, ParseResult) or (isinstance(job, Unfit) and file.job_type != "extract_v2"):
                yield ids(self.snapshot, file), job

    def stamp(self, frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
        """The same frame, its attrs set."""
        return stamp(frame, self.snapshot, schema, complete=complete(self.snapshot, self.jobs))


def item_pages(result: ParseResult) -> list[ItemsPage]:
    """The pages whose items were expanded, by number."""
    pages = {page.page_number: page for page in result.items.pages} if result.items else {}
    return [pages[number] for number in sorted(pages)]
