"""What there is to submit: files of folders, patterns, lists and open files, with names and contents' hashes."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from llamabatch_nb.errors import FileReadError, SourceError
from llamabatch_nb.follow.sources.selection import matches, patterns, select, walk
from llamabatch_nb.follow.sources.spool import is_content, name_of, spooled

#: Files that are hashed at once: 1,000 small ones take 0.17 s, and 0.32 s one by one; 8 gain no more (2 cores).
_AT_ONCE = 4
_MAGIC = frozenset("*?[")
#: Characters of `Source.label`: it stands in sentences.
_SHORT = 100

#: What a source is: a folder, file or pattern; a list of paths; open files; a directory of the service. The first and
#: the last can be read anew another day.
Kind = Literal["path", "list", "contents", "directory"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file. `name` is its path relative to the source, with forward slashes, and the API's ``unique_id``.

    `size` is in bytes, None where they were never here, `sha256` of the content ("" where the bytes are not here),
    `path` where they are on this machine. `file_id`: the service has it already, and it is added instead of uploaded.
    `copy_of`: the name of the identical file that is sent in its place.
    """

    name: str
    size: int | None
    sha256: str
    path: Path | None = None
    file_id: str | None = None
    copy_of: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Files to submit, and how people call them.

    `label` is the source as it was given, short. `key` is by which it is known again another day: the absolute path of
    the folder, file or pattern, the common parent of a list; None for open files. `files` are sorted by name, those of
    lists as given. `options` are its `recursive`, `include` and `exclude` where they are not the default, as JSON has
    them: ``read_source(key, **options)`` reads a folder, file or pattern anew.
    """

    label: str
    key: str | None
    files: tuple[SourceFile, ...]
    kind: Kind
    options: dict[str, Any] = field(default_factory=dict)

    def fingerprint(self, configuration_id: str, service: str) -> str:
        """The same names and contents, in any order, with the same configuration on the same service: the same run."""
        digest = hashlib.sha256(f"{service}\n{configuration_id}\n".encode())
        for file in sorted(self.files, key=lambda file: file.name):
            digest.update(f"{file.name}\0{file.sha256 or file.file_id}\n".encode())
        return digest.hexdigest()


def read_source(
    source: object,
    *,
    spool: Path,
    recursive: bool = True,
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
) -> Source:
    """The files of `source`, each hashed once, with identical ones marked as copies of the first.

    `source` is a folder, a file, or a pattern such as ``invoices/**/*.pdf`` (names are relative to its fixed part); a
    list of paths (names are relative to their common parent; one that comes twice counts once); an open binary file,
    read from where it stands; a ``(name, file)`` or ``(name, bytes)`` pair; or a list of those. Contents of open files
    and bytes are kept in the folder `spool`, so that an upload that is cut off can go on another day.

    `recursive` is of folders: with False their sub-folders are left out. `include` and `exclude` are shell patterns for
    the relative path or the name alone, whatever the case, and `exclude` wins; see `selection.matches`. Hidden files,
    lock files of Office and litter such as ``Thumbs.db`` are left out of folders and patterns, not of lists.

    Raises:
        SourceError: no such folder, nothing in it, everything left out, a name that is ambiguous or not text.
        FileReadError: a file that cannot be read.

    """
    chosen = {"include": patterns(include, "include"), "exclude": patterns(exclude, "exclude")}
    options: dict[str, Any] = {word: list(given) for word, given in chosen.items() if given}
    if not recursive:
        options["recursive"] = False
    if isinstance(source, (str, os.PathLike)):
        label, key, paths = _one(source, recursive=recursive)
        kind: Kind = "path"
    elif is_content(source):
        return _contents([source], spool, chosen, options)
    elif isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray, Mapping)):
        given = list(source)
        if any(is_content(one) for one in given):
            return _contents(given, spool, chosen, options)
        label, key, paths = _listed(given)
        kind = "list"
    else:
        raise SourceError(
            f"Folders, files, patterns, open files or lists of them are submitted, not {source!r:.80}; '.' is the "
            "current folder."
        )
    for path in (label, key):
        if path is not None and not _is_text(path):
            raise SourceError(
                f"The path {path!r:.200} is no valid text, so that it cannot be remembered: rename that folder or file."
            )
    names = select(list(paths), where=label, **chosen)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="llamabatch-hash") as threads:
        files = list(threads.map(lambda name: _file(paths[name], name), names))
    return Source(label, key, _marked(files), kind, options)


def sample(source: Source, count: int) -> Source:
    """`count` files of `source`, or all where it has no more; identical copies come along with theirs, uncounted.

    Which ones depends on the names alone: not on order, nor on chance, and a larger sample has all of a smaller one.

    Raises:
        SourceError: a count below one.

    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise SourceError(f"sample= is a number of files, at least 1, not {count!r}. Nothing was sent.")
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for file in source.files:
        groups[file.copy_of or file.name].append(file.name)
    # A group goes by the least of its names, as which of them is the copy depends on order.
    ranks = {sent: min(hashlib.sha256(name.encode()).digest() for name in names) for sent, names in groups.items()}
    taken = set(sorted(ranks, key=ranks.__getitem__)[:count])
    return replace(source, files=tuple(file for file in source.files if (file.copy_of or file.name) in taken))


_Found = tuple[str, str | None, dict[str, Path]]  # label, key, absolute paths by name


def _one(source: str | os.PathLike[str], *, recursive: bool) -> _Found:
    given = os.fspath(source)
    if not isinstance(given, str) or not given.strip():
        raise SourceError(f"A folder or a file is submitted by its path, not by {source!r}; '.' is the current folder.")
    try:
        root = Path(given).expanduser()
        if root.is_dir():
            return _folder(given, root, recursive=recursive)
        if root.is_file():
            path = _absolute(root)
            return given, str(path), {path.name: path}
        if _MAGIC & set(given):
            return _pattern(given, root)
    except (OSError, RuntimeError) as error:  # a name that is too long, a user that is not known
        raise SourceError(f"The folder {given!r:.200} cannot be looked at ({error}): check the path.") from None
    raise SourceError(f"There is no folder {given!r:.200} (looked in {Path.cwd()}): check the path.")


def _folder(given: str, root: Path, *, recursive: bool) -> _Found:
    names = sorted(walk(root, recursive=recursive))
    if not names:
        below = "" if recursive else ", sub-folders left out"
        raise SourceError(
            f"The folder {given!r} holds no files to submit (hidden ones do not count{below}): put documents into it."
        )
    root = root.resolve()
    return given, str(root), {name: root / name for name in names}


def _pattern(given: str, whole: Path) -> _Found:
    """A folder whose own name has a bracket in it is a folder, not a pattern."""
    root, parts = Path(whole.anchor), list(whole.parts[bool(whole.anchor) :])
    while len(parts) > 1 and (not _MAGIC & set(parts[0]) or (root / parts[0]).is_dir()):
        root /= parts.pop(0)
    pattern = "/".join(parts) + "/" * given.endswith("/")
    if not root.is_dir():
        raise SourceError(f"There is no folder {str(root)!r} for the pattern {given!r} (looked in {Path.cwd()}).")
    names = sorted(name for name in walk(root, recursive="/" in pattern or pattern == "**") if matches(name, pattern))
    if not names:
        raise SourceError(
            f"The pattern {given!r} finds no files (hidden ones do not count): '**/*.pdf' looks into sub-folders too."
        )
    root = root.resolve()
    return given, str(root / pattern) + "/" * pattern.endswith("/"), {name: root / name for name in names}


def _listed(given: list[object]) -> _Found:
    if not given:
        raise SourceError("The list of files is empty: there is nothing to submit.")
    paths: dict[Path, None] = {}  # in the order given, each once
    for one in given:
        if not isinstance(one, (str, os.PathLike)):
            raise SourceError(f"A list to submit has paths, or open files and (name, bytes) pairs, not {one!r:.80}.")
        path = Path(os.fsdecode(one)).expanduser()
        if path.is_dir():
            raise SourceError(f"{str(one)!r} in the list is a folder: submit it on its own, or list its files.")
        if not path.is_file():
            raise SourceError(f"There is no file {str(one)!r} (looked in {Path.cwd()}): check the path.")
        paths[_absolute(path)] = None
    try:
        root = Path(os.path.commonpath([path.parent for path in paths]))
    except ValueError:
        raise SourceError("The files are on different drives: submit those of each drive on their own.") from None
    label = next(iter(paths)).name if len(paths) == 1 else f"{len(paths):,} files in {root.name or root}"
    return label, str(root), {path.relative_to(root).as_posix(): path for path in paths}


def _contents(given: list[object], spool: Path, chosen: dict[str, tuple[str, ...]], options: dict[str, Any]) -> Source:
    """Open files, and pairs of a name and a content."""
    named = [(name_of(one), one) for one in given]
    twice = [name for name, times in Counter(name for name, _ in named).items() if times > 1]
    if twice:
        raise SourceError(
            f"The name {twice[0]!r} is there more than once: give each a name of its own, as in ('a.pdf', file)."
        )
    label = named[0][0] if len(named) == 1 else f"{len(named):,} open files"
    kept = set(select([name for name, _ in named], where=label, **chosen))
    files: list[SourceFile] = []
    for name, one in named:
        if name in kept:
            _checked(name)
            path, size, sha256 = spooled(one, name, spool)
            files.append(SourceFile(name, size, sha256, path))
    return Source(label[:_SHORT], None, _marked(files), "contents", options)


def _file(path: Path, name: str) -> SourceFile:
    _checked(name)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return SourceFile(name, file.tell(), digest.hexdigest(), path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileReadError(
            f"The file {name!r} cannot be read ({reason}): check its permissions, or leave it out (exclude=).",
            file_name=name,
            reason=reason,
        ) from None


def _checked(name: str) -> None:
    if not _is_text(name):
        raise SourceError(f"The name of {name!r} is no valid text, which no service takes: rename it, or exclude= it.")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _absolute(path: Path) -> Path:
    """With links in folders resolved, and a linked file under its own name."""
    return path.parent.resolve() / path.name


def _marked(files: list[SourceFile]) -> tuple[SourceFile, ...]:
    """Identical contents with the same suffix are sent once. Another suffix may be read in another way."""
    first: dict[tuple[str, str], str] = {}
    marked = []
    for file in files:
        sent = first.setdefault((file.sha256, PurePosixPath(file.name).suffix.lower()), file.name)
        marked.append(file if sent == file.name else replace(file, copy_of=sent))
    return tuple(marked)
