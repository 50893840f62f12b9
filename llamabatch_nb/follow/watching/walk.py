"""A run's results, some files at a time: `Follower.all_results` holds all of them at once."""

from __future__ import annotations

from collections.abc import Mapping

from llamabatch_nb.follow.watching.archive import JobResult
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.snapshot import Snapshot


class Walk:
    """The files of a run as they are now, in `snapshot`. Made, and asked, on the loop thread."""

    def __init__(self, follower: Follower) -> None:
        self.snapshot = follower.snapshot
        self._follower = follower
        self._by_job = {file.job_id: file for part in follower.state.parts for file in part.sent}

    async def results(self, some: Snapshot) -> Mapping[str, JobResult]:
        """The results of the files in `some`, a part of `snapshot`, by job id: from the archive, else fetched.

        Raises:
            LlamaBatchError: one of them could not be fetched. One that has expired costs nobody the others.

        """
        job_ids = dict.fromkeys(file.job_id for file in some.files if file.job_id is not None)  # copies share one
        return await self._follower.results_for(self._by_job[job_id] for job_id in job_ids if job_id in self._by_job)
