"""What there is to submit: the files of a folder, by relative path, with their contents' hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llamabatch_nb.contract.batches import MAX_FILES
from llamabatch_nb.errors import SourceError


@dataclass(frozen=True, slots=True)
class SourceFile:
    path: Path
    name: str  # relative to the folder, with forward slashes
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """`label` is what people read, the folder as it was given; `root` is its absolute path."""

    label: str
    root: Path
    files: tuple[SourceFile, ...]

    def fingerprint(self, configuration_id: str, service: str) -> str:
        """The same files by content, with the same configuration on the same service, are the same run."""
        digest = hashlib.sha256(f"{service}\n{configuration_id}\n".encode())
        for file in self.files:
            digest.update(f"{file.name}\0{file.sha256}\n".encode(errors="surrogateescape"))
        return digest.hexdigest()


def read_source(source: str | os.PathLike[str]) -> Source:
    """The files of a folder and its sub-folders (or one file), sorted by path; hidden ones are left out.

    Raises:
        SourceError: no such folder, nothing in it, more files than a batch takes, a file that cannot be read.

    """
    if not isinstance(source, (str, os.PathLike)) or not str(source).strip():
        raise SourceError(f"A folder or a file is submitted by its path, not by {source!r}; '.' is the current folder.")
    root = Path(source).expanduser()
    if not root.exists():
        raise SourceError(f"There is no folder {str(source)!r} (looked in {Path.cwd()}): check the path.")
    if root.is_file():
        return Source(str(source), root.resolve(), (_file(root, root.name),))
    paths = sorted(_walk(root))
    if not paths:
        raise SourceError(
            f"The folder {str(source)!r} holds no files to submit (hidden ones do not count): put documents into it."
        )
    if len(paths) > MAX_FILES:
        raise SourceError(
            f"The folder {str(source)!r} holds {len(paths):,} files and a batch takes at most {MAX_FILES:,}: "
            "submit its sub-folders one by one."
        )
    return Source(str(source), root.resolve(), tuple(_file(path, path.relative_to(root).as_posix()) for path in paths))


def _walk(root: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise SourceError(f"The folder {error.filename} cannot be read ({error.strerror}): check its permissions.")

    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file():  # sockets, pipes and dangling links are no documents
                yield path


def _file(path: Path, name: str) -> SourceFile:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SourceError(f"The name of {name!r} is not valid text, so no service could take it: rename it.") from None
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return SourceFile(path, name, file.tell(), digest.hexdigest())
    except OSError as error:
        raise SourceError(
            f"The file {name!r} cannot be read ({error.strerror}): check its permissions, or move it out of the folder."
        ) from None
