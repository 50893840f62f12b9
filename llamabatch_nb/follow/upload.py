"""The uploads of one run: several at once, each noted as soon as it is done, none done twice."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.directories import DirectoryFile
from llamabatch_nb.errors import ConflictError, InvalidRequestError, ServerError, UnreachableError
from llamabatch_nb.follow.journal import Journal
from llamabatch_nb.follow.source import Source, SourceFile
from llamabatch_nb.follow.state import RunState, Tracked

#: Uploads under way at once. Directory uploads have no published limit; parse uploads have 50 in 10 s (contract.md 8).
CONCURRENT = 8
#: Waits, in seconds, before what may have been done is looked up and, if it was not, sent again.
PAUSES = (1.0, 4.0, 15.0)


class Uploads:
    """What the uploads of one run share. `failure` is not of one file: the next would fare no better."""

    def __init__(
        self, core: Core, journal: Journal, run: int, state: RunState, on_progress: Callable[[], None]
    ) -> None:
        self._core = core
        self._journal = journal
        self._run = run
        self._state = state
        self._on_progress = on_progress
        self._limit = anyio.CapacityLimiter(CONCURRENT)
        self.failure: Exception | None = None

    async def send(self, source: Source) -> None:
        """All that have no file id yet. A file that is refused is noted, and stops no other.

        Raises:
            LlamaBatchError: what is not of one file: key, credits, role, or a service that cannot be reached.

        """
        async with anyio.create_task_group() as group:
            for file, tracked in zip(source.files, self._state.files, strict=True):
                if tracked.file_id is None:
                    group.start_soon(self._one, file, tracked)
        if self.failure is not None:
            raise self.failure

    async def _one(self, file: SourceFile, tracked: Tracked) -> None:
        async with self._limit:
            if self.failure is not None or self._state.stopped:
                return
            try:
                uploaded = await self._surely(file)
            except InvalidRequestError as error:
                self._refused(tracked, f"The service refused it: {error.detail}")
            except OSError as error:
                self._refused(tracked, f"It could not be read ({error.strerror}): restore it and submit again.")
            except Exception as error:
                self.failure = error
            else:
                tracked.file_id = uploaded.id
                self._journal.file_uploaded(self._run, file.name, uploaded.id)
            self._on_progress()

    async def _surely(self, file: SourceFile) -> DirectoryFile:
        """An upload that may have happened, or that another process has done, is looked up by its name."""
        assert self._state.directory_id is not None
        directory_id = self._state.directory_id
        files = self._core.directories.files
        for pause in (*PAUSES, None):
            try:
                return await files.upload(
                    directory_id, upload_file=file.path, display_name=file.name, unique_id=file.name
                )
            except (ConflictError, ServerError, UnreachableError) as error:
                if pause is None:
                    raise
                there = await files.list(directory_id, unique_id=file.name).first()
                if there is not None:
                    return there
                if isinstance(error, ConflictError):
                    raise
                await self._core.http.sleep(pause)
        raise AssertionError

    def _refused(self, tracked: Tracked, why: str) -> None:
        tracked.upload_error = why
        self._journal.file_refused(self._run, tracked.name, why)
