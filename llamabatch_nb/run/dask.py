"""`run.to_dask`: a frame whose partitions are read by Dask's workers, each one a batch.

The graph carries the address of the service and, of each batch, names and ids; never a key. A worker connects from its
own environment.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from llamabatch_nb.client.clients import Client
from llamabatch_nb.client.core import Core
from llamabatch_nb.client.settings import HEADERS_VARIABLE, KEY_VARIABLES
from llamabatch_nb.errors import EngineError, InputError, NoKeyError
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.watching.archive import Archive, JobResult
from llamabatch_nb.follow.watching.each import each
from llamabatch_nb.follow.watching.follower import Follower
from llamabatch_nb.follow.watching.results import CONCURRENT, fetch
from llamabatch_nb.run.large import LargeFrame, made
from llamabatch_nb.snapshot import FileState, Snapshot

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd

    from llamabatch_nb.frames.chunks import Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """What the graph carries of one batch. `journal`: where the results of the local engine are kept; else None."""

    frame: str
    part: Snapshot
    organization_id: str | None
    project_id: str | None
    journal: str | None


def to_dask(follower: Follower, *, frame: LargeFrame | None = None) -> dd.DataFrame:
    """A frame as a Dask DataFrame; see `Run.to_dask`."""
    if find_spec("dask") is None or find_spec("dask.dataframe") is None:
        raise InputError("Dask is not installed: pip install 'llamabatch-nb[dask]'.")
    import dask.dataframe as dd

    snapshot, settings = follower.snapshot, follower.core.settings
    _, schema = made(frame, snapshot.job_type)
    partitions = [
        Partition(
            frame=schema.name,
            part=part,
            organization_id=settings.organization_id,
            project_id=settings.project_id,
            journal=str(follower.journal.path.absolute()) if snapshot.service.local else None,
        )
        for part in _batches(snapshot)
    ]
    found: dd.DataFrame = dd.from_map(read, partitions, meta=schema.empty(), label=f"llamabatch-{schema.name}")  # type: ignore[no-untyped-call]
    return found


def read(partition: Partition) -> pd.DataFrame:
    """The rows of one batch. Called in a worker.

    Raises:
        NoKeyError: there is no key where this runs.
        EngineError: what the local engine made is not on this machine.
        NotFoundError: the service has a result no more; what the run's own machine has kept is with `Run.to_parquet`.
        LlamaBatchError: a result could not be fetched.

    """
    if partition.journal is not None:
        return _kept(partition, Path(partition.journal))
    with _client(partition) as client:
        return _frame(partition, lambda some: client.core.loop.run(partial(_fetched, client.core, some)))


def _frame(partition: Partition, results: Read) -> pd.DataFrame:
    from llamabatch_nb.frames.chunks import chunks, joined

    make, schema = made(partition.frame, partition.part.job_type)
    return joined([chunk.frame for chunk in chunks(make, schema, partition.part, results)], schema)


def _client(partition: Partition) -> Client:
    """A client from this process's environment, for the address of the graph."""
    service = partition.part.service
    if not any(os.environ.get(name) for name in (*KEY_VARIABLES, HEADERS_VARIABLE)):
        raise NoKeyError(
            f"The Dask worker in process {os.getpid()} on {socket.gethostname()} has no API key for {service.label}: "
            f"set {KEY_VARIABLES[0]} in the environment that the workers are started in. A key is never sent to them."
        )
    return Client(base_url=service.base_url, organization_id=partition.organization_id, project_id=partition.project_id)


async def _fetched(core: Core, some: Snapshot) -> Mapping[str, JobResult]:
    found: dict[str, JobResult] = {}

    async def one(job: tuple[str, str | None]) -> None:
        found[job[0]] = await fetch(core, *job)

    await each(_finished(some), one, at_once=CONCURRENT)
    return found


def _kept(partition: Partition, path: Path) -> pd.DataFrame:
    """From the archive of the machine that the run is on: the local engine listens on no address."""
    where = f"process {os.getpid()} on {socket.gethostname()}"
    if not path.exists():
        raise EngineError(
            f"The Dask worker in {where} does not see {path}, where the local engine's results are kept: start the "
            "workers on the run's machine, or serve the engine (llamabatch-nb serve) and connect to its address."
        )
    journal = Journal(path)
    try:
        archive = Archive(journal, partition.part.service.base_url)

        def results(some: Snapshot) -> Mapping[str, JobResult]:
            found = {job_id: archive.read(job_id, job_type) for job_id, job_type in _finished(some)}
            missing = [job_id for job_id, result in found.items() if result is None]
            if missing:
                raise EngineError(
                    f"The results of {len(missing)} jobs ({missing[0]} is the first) are not in the archive that the "
                    f"Dask worker in {where} reads: call run.wait(), or run.pages(), which fetch them."
                )
            return {job_id: result for job_id, result in found.items() if result is not None}

        return _frame(partition, results)
    finally:
        journal.close()


def _finished(some: Snapshot) -> list[tuple[str, str | None]]:
    """Completed jobs, each once: copies share one."""
    jobs = {file.job_id: file.job_type for file in some.files if file.status == "completed" and file.job_id is not None}
    return list(jobs.items())


def _batches(snapshot: Snapshot) -> list[Snapshot]:
    """The files that each batch has the best attempt of; one without files where there is no batch yet."""
    files: dict[str, list[FileState]] = {batch.batch_id: [] for batch in snapshot.batches if batch.batch_id is not None}
    for file in snapshot.files:
        if file.batch_id is not None:
            files.setdefault(file.batch_id, []).append(_slim(file))
    bare = replace(snapshot, files=(), trouble=None)
    return [replace(bare, files=tuple(some)) for some in files.values() if some] or [bare]


def _slim(file: FileState) -> FileState:
    """What a frame of results is made of: a graph of 100,000 files is sent to the scheduler in one message."""
    return FileState(
        name=file.name,
        status=file.status,
        file_id=file.file_id,
        job_id=file.job_id,
        job_type=file.job_type,
        error=file.error,
        batch_id=file.batch_id,
        attempt=file.attempt,
    )
