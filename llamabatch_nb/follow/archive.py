"""Results on this machine, as soon as they exist: the service promises no lifetime for them (design.md, decision 6)."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from llamabatch_nb.contract.parse import ParseResult
from llamabatch_nb.follow.journal import Journal, Pages

#: What is asked of a finished parse job. Presigned URLs are not: they expire and are never kept.
EXPAND = ("text", "markdown", "items", "metadata", "job_metadata")
#: Without markdown: `markdown` and `items` are not available on tier `fast` (contract.md section 5).
EXPAND_FAST = ("text", "metadata", "job_metadata")


class Archive:
    """One gzip of JSON a job, in a folder a service. Ids are opaque strings, so a file's name is made safe."""

    def __init__(self, folder: Path, journal: Journal, service: str) -> None:
        self._folder = folder / hashlib.sha256(service.encode()).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        self._journal = journal
        self._service = service

    def add(self, job_id: str, result: ParseResult) -> Pages:
        """Write it whole or not at all, then note its pages in the journal."""
        data = gzip.compress(result.model_dump_json().encode(), compresslevel=1)
        handle, temporary = tempfile.mkstemp(dir=self._folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(self._path(job_id))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        pages = counted(result)
        self._journal.result_archived(self._service, job_id, pages)
        return pages

    def known(self, job_ids: Iterable[str]) -> dict[str, Pages]:
        return self._journal.results(self._service, job_ids)

    def read(self, job_id: str) -> ParseResult | None:
        """None when it is not there, or was damaged: it is fetched again then."""
        try:
            return ParseResult.model_validate_json(gzip.decompress(self._path(job_id).read_bytes()))
        except (OSError, EOFError, ValueError):
            return None

    def _path(self, job_id: str) -> Path:
        plain = re.fullmatch(r"[A-Za-z0-9_-]{1,80}", job_id)
        return self._folder / f"{job_id if plain else hashlib.sha256(job_id.encode()).hexdigest()}.json.gz"


def counted(result: ParseResult) -> Pages:
    """Pages and failed pages, from whichever expansion is there."""
    if result.markdown is not None:
        return Pages(len(result.markdown.pages), sum(not page.success for page in result.markdown.pages))
    if result.text is not None:
        return Pages(len(result.text.pages), None)
    return Pages(None, None)
