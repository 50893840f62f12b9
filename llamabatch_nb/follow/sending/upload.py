"""The files of one part on their way into its directory: each noted as soon as it is there, none sent twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.directories import DirectoryFile
from llamabatch_nb.errors import ConflictError, InputError, InvalidRequestError, NotFoundError
from llamabatch_nb.follow.journal.journal import Journal
from llamabatch_nb.follow.sending.patience import UNCERTAIN, Patience, patiently
from llamabatch_nb.follow.state.part import Part
from llamabatch_nb.follow.state.tracked import Tracked, metadata_of

#: Files handed to the client at once; its limits, which adapt, decide how many are really under way.
CONCURRENT = 64
#: Up to here the bytes that were hashed are the bytes that are sent; a larger file is hashed, then streamed. Bytes.
SMALL = 1 << 20


class Uploads:
    """What the uploads of one part share. `failure` is not of one file: the next would fare no better."""

    def __init__(self, core: Core, journal: Journal, part: Part, on_progress: Callable[[], None]) -> None:
        self._core = core
        self._journal = journal
        self._part = part
        self._on_progress = on_progress
        self._limit = anyio.CapacityLimiter(CONCURRENT)
        self._doubtful = part.resumed  # whether a file may have come twice
        self.failure: Exception | None = None

    async def send(self) -> None:
        """All that are not there yet. A file that is refused is noted, and stops no other.

        Raises:
            LlamaBatchError: what is not of one file: a refused key, no credits, the role.

        """
        async with anyio.create_task_group() as group:
            for file in self._part.sent:
                if file.file_id is None and (file.upload_error is None or self._part.resumed):
                    group.start_soon(self._one, file)
        if self.failure is not None:
            raise self.failure
        if self._doubtful and not self._part.stopped:
            await patiently(self._core, self._part, self._remove_doubles)

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

    async def _remove_doubles(self) -> None:
        """An upload that was looked up too early was sent again, and a batch bills each file of its directory.

        What a `unique_id` that is there already leads to is undocumented (contract.md section 2).
        """
        assert self._part.directory_id is not None
        directory_id, files = self._part.directory_id, self._core.directories.files
        names = {file.name for file in self._part.sent}
        noted = {file.file_id for file in self._part.sent}
        listed = [file async for file in files.list(directory_id, page_size=1000)]
        for file in listed:
            if file.id not in noted and (file.unique_id in names or file.display_name in names):
                with suppress(NotFoundError):
                    await files.delete(file.id, directory_id=directory_id)

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
                if self._core.http.closed:  # in the middle of the uploads, which is no file's fault
                    self.failure = error
                else:
                    self._refused(file, str(error))
            except Exception as error:
                if not self._part.stopped:
                    self.failure = error
            self._on_progress()

    async def _surely(self, file: Tracked) -> DirectoryFile:
        """What may have happened is looked up by its name before it is sent again, however long there is no answer."""
        assert self._part.directory_id is not None
        directory_id, files = self._part.directory_id, self._core.directories.files
        patience = Patience(self._core, self._part)
        doubt: Exception | None = None
        while True:
            try:
                if doubt is not None:
                    there = await files.list(directory_id, unique_id=file.name).first()
                    if there is not None:
                        return there
                    if isinstance(doubt, ConflictError) or self._part.stopped:
                        raise doubt
                return await self._once(file, directory_id)
            except ConflictError as error:
                if doubt is error:
                    raise
                doubt = error
            except UNCERTAIN as error:
                self._doubtful = True
                await patience.wait(error)
                doubt = error

    async def _once(self, file: Tracked, directory_id: str) -> DirectoryFile:
        files = self._core.directories.files
        if file.source_file_id is not None:
            try:
                return await files.add(
                    directory_id, file_id=file.source_file_id, display_name=file.name, unique_id=file.name
                )
            except NotFoundError:  # uploads are not kept for ever: directory files unpublished, parse sources 48 h
                if file.path is None or not file.path.is_file():
                    raise InputError(
                        "Neither the service nor this machine has it any more: run.retry({name: path}) sends it from "
                        "where you have it."
                    ) from None
        if file.path is None:
            raise InputError("Its bytes are not on this machine any more: run.retry({name: path}) sends it.")
        content, digest = await anyio.to_thread.run_sync(_read, file.path)
        # What is sent has to be what the journal says was sent: by that it is known again, and not paid twice.
        if file.sha256 and digest != file.sha256:
            raise InputError("It has changed since it was submitted: submit its folder again, and send it as the rest.")
        return await files.upload(
            directory_id,
            upload_file=file.path if content is None else (file.path.name, content),
            display_name=file.name,
            unique_id=file.name,
        )

    def _sent(self, file: Tracked, there: DirectoryFile) -> None:
        file.file_id, file.service_file_id, file.upload_error = there.id, there.file_id, None
        file.unique_id, file.metadata = there.unique_id, metadata_of(there) or file.metadata
        if self._journal.file_uploaded(
            self._part.id, file.name, there.id, there.file_id, unique_id=there.unique_id, metadata=file.metadata
        ):
            self._part.stopped = True  # in another kernel

    def _refused(self, file: Tracked, why: str) -> None:
        file.upload_error = why
        self._journal.file_refused(self._part.id, file.name, why)


def _read(path: Path) -> tuple[bytes | None, str]:
    """A file's bytes, if they are few, and their hash."""
    with path.open("rb") as file:
        content = file.read(SMALL + 1)
        if len(content) <= SMALL:
            return content, hashlib.sha256(content).hexdigest()
        file.seek(0)
        return None, hashlib.file_digest(file, "sha256").hexdigest()
