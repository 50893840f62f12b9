"""A request as it goes out, for every attempt: a small document is read once, a large one streamed and opened anew."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import httpx

from llamabatch_nb.errors import FileReadError

#: Up to here a document is read whole, and request and document are one write. Bytes.
SMALL = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """The file part of a multipart request: its field, the name it is sent under, a path or the bytes themselves.

    A path is read when its turn comes: up to a mebibyte once, a larger file streamed, opened anew for every attempt.
    """

    field: str
    name: str
    content: Path | bytes = dataclasses.field(repr=False)


class Outgoing:
    """`build` makes the request of the files that it is given. `name` is how errors call the document."""

    def __init__(self, build: Callable[..., httpx.Request], upload: Upload | None, name: str) -> None:
        self._build = build
        self._upload = upload
        self._name = name
        self._request = build() if upload is None else None
        self._size: int | None = None
        self._stream: Stream | None = None

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[httpx.Request]:
        """The request of the next attempt.

        Raises:
            FileReadError: the document is gone, cannot be read, or has another size than at the first attempt.

        """
        try:
            yield self._request or await self._read(self._upload)
        finally:
            if self._stream is not None:
                self._stream.close()

    async def _read(self, upload: Upload | None) -> httpx.Request:
        assert upload is not None
        content: bytes | Stream
        if isinstance(upload.content, bytes):
            content = upload.content
        else:
            # In a thread, since a folder may be far away; the panels live on this loop.
            content = await anyio.to_thread.run_sync(self._open, upload.content)
        request = self._build(files={upload.field: (upload.name, content, "application/octet-stream")})
        if isinstance(content, bytes):
            # One piece, sent with one write, where httpx writes each piece of a form on its own.
            request.read()
            self._request = request
        return request

    def _open(self, path: Path) -> bytes | Stream:
        reason = ""
        try:
            # Kept, so that it is closed even if the request is cancelled while this thread is opening it.
            self._stream = stream = Stream(path, self._name)
            if self._size is None:
                self._size = stream.size
            if stream.size != self._size:
                raise changed(self._name, self._size, stream.size)
            return stream if self._size > SMALL else b"".join(iter(lambda: stream.read(SMALL), b""))
        except FileReadError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
        raise FileReadError(
            f"{self._name!r} cannot be read ({reason}): restore it and submit again.",
            file_name=self._name,
            reason=reason,
        )


class Stream(io.FileIO):
    """An open file that notices when it has another length than when it was opened, which has been announced."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(path, "rb")
        self._of = name
        self.size = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size) or b""
        position = self.tell()
        if position > self.size or (not chunk and position < self.size):
            raise changed(self._of, self.size, os.fstat(self.fileno()).st_size)
        return chunk


def changed(name: str, before: int, now: int) -> FileReadError:
    reason = f"it changed while it was sent, from {before:,} to {now:,} bytes"
    return FileReadError(
        f"{name!r} cannot be sent: {reason}; submit again when nothing writes to it.", file_name=name, reason=reason
    )
