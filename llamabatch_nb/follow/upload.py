"""The files of one part on their way into its directory: each noted as soon as it is there, none sent twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.directories import DirectoryFile
from llamabatch_nb.errors import (
    ConflictError,
    InputError,
    InvalidRequestError,
    NotFoundError,
    ServerError,
    UnexpectedAnswerError,
    UnreachableError,
)
from llamabatch_nb.follow.journal import Journal
from llamabatch_nb.follow.part import Part
from llamabatch_nb.follow.tracked import Tracked

#: Files handed to the client at once; its limits, which adapt, decide how many are really under way.
CONCURRENT = 64
#: Waits, in seconds, before what may have been done is looked up and, if it was not, sent again.
PAUSES = (1.0, 4.0, 15.0)
#: What leaves open whether a request was done.
UNCERTAIN = (UnreachableError, ServerError, UnexpectedAnswerError)


class Uploads:
    """What the uploads of one part share. `failure` is not of one file: the next would fare no better."""

    def __init__(self, core: Core, journal: Journal, part: Part, on_progress: Callable[[], None]) -> None:
        self._core = core
        self._journal = journal
        self._part = part
        self._on_progress = on_progress
        self._limit = anyio.CapacityLimiter(CONCURRENT)
        self.failure: Exception | None = None

    async def send(self) -> None:
        """All that are not there yet. A file that is refused is noted, and stops no other.

        Raises:
            LlamaBatchError: what is not of one file: key, credits, role, or a service that cannot be reached.

        """
        async with anyio.create_task_group() as group:
            for file in self._part.sent:
                if file.file_id is None and (file.upload_error is None or self._part.resumed):
                    group.start_soon(self._one, file)
        if self.failure is not None:
            raise self.failure

    async def look_for_sent(self) -> None:
        """The listing knows of uploads that were done and not yet noted when the process was killed.

        Raises:
            NotFoundError: the directory has expired.

        """
        assert self._part.directory_id is not None
        directory_id = self._part.directory_id
        there = {file.unique_id: file async for file in self._core.directories.files.list(directory_id, page_size=1000)}
        for file in self._part.sent:
            found = there.get(file.name)
            if found is not None and file.file_id is None:
                self._sent(file, found)

    async def _one(self, file: Tracked) -> None:
        async with self._limit:
            if self.failure is not None or self._part.stopped:
                return
            file.upload_error = None
            try:
                self._sent(file, await self._surely(file))
            except InvalidRequestError as error:
                self._refused(file, f"The service refused it: {error.detail}")
            except OSError as error:  # before InputError: a FileReadError is both
                self._refused(
                    file,
                    f"It could not be read ({error.strerror}): restore it, and run.retry_failed(all=True) sends it.",
                )
            except InputError as error:
                self._refused(file, str(error))
            except Exception as error:
                self.failure = error
            self._on_progress()

    async def _surely(self, file: Tracked) -> DirectoryFile:
        """What may have happened, or another process has done, is looked up by its name before it is sent again."""
        assert self._part.directory_id is not None
        files = self._core.directories.files
        for pause in (*PAUSES, None):
            try:
                return await self._once(file, self._part.directory_id)
            except (ConflictError, *UNCERTAIN) as error:
                if pause is None:
                    raise
                there = await files.list(self._part.directory_id, unique_id=file.name).first()
                if there is not None:
                    return there
                if isinstance(error, ConflictError):
                    raise
                await self._core.http.sleep(pause)
        raise AssertionError

    async def _once(self, file: Tracked, directory_id: str) -> DirectoryFile:
        files = self._core.directories.files
        here = file.path is not None and file.path.is_file()
        if file.source_file_id is not None:
            try:
                return await files.add(
                    directory_id, file_id=file.source_file_id, display_name=file.name, unique_id=file.name
                )
            except NotFoundError:  # uploads are not kept for ever: directory files unpublished, parse sources 48 h
                if not here:
                    raise InputError(
                        "Neither the service nor this machine has it any more: run.retry({name: path}) sends it from "
                        "where you have it."
                    ) from None
        if file.path is None:
            raise InputError("Its bytes are not on this machine any more: run.retry({name: path}) sends it.")
        # Read long ago: by another process, or for an attempt before this one.
        read_before = self._part.resumed or self._part.relation == "retry" or file.source_file_id is not None
        changed = here and file.size is not None and file.path.stat().st_size != file.size
        if changed or (read_before and here and await anyio.to_thread.run_sync(_sha256, file.path) != file.sha256):
            raise InputError("It has changed since it was submitted: submit its folder again, and send it as the rest.")
        return await files.upload(directory_id, upload_file=file.path, display_name=file.name, unique_id=file.name)

    def _sent(self, file: Tracked, there: DirectoryFile) -> None:
        file.file_id, file.service_file_id, file.upload_error = there.id, there.file_id, None
        self._journal.file_uploaded(self._part.id, file.name, there.id, there.file_id)

    def _refused(self, file: Tracked, why: str) -> None:
        file.upload_error = why
        self._journal.file_refused(self._part.id, file.name, why)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
