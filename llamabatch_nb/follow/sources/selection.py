"""Which files of a folder are submitted: shell patterns, and what lies in folders without being a document."""

from __future__ import annotations

import fnmatch
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from llamabatch_nb.errors import SourceError

#: What macOS and Windows leave in folders and archives, in lower case.
_LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
#: Word, Excel and PowerPoint keep ``~$name`` beside a document while it is open.
_LOCK = "~$"


def walk(root: Path, *, recursive: bool = True) -> Iterator[str]:
    """The files below `root`, as paths relative to it with forward slashes, in no order.

    Hidden ones, litter and lock files are left out, also below hidden folders. Linked files are followed; linked
    folders are not, because they can be loops. Sockets, pipes and dangling links are no documents.

    Raises:
        SourceError: a folder that cannot be read, which is named.

    """

    def refuse(error: OSError) -> None:
        raise SourceError(f"The folder {error.filename} cannot be read ({error.strerror}): check its permissions.")

    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if recursive and not _is_litter(name)]
        below = Path(folder).relative_to(root).as_posix()
        for name in names:
            if not _is_litter(name) and Path(folder, name).is_file():
                yield name if below == "." else f"{below}/{name}"


def _is_litter(name: str) -> bool:
    return name.startswith((".", _LOCK)) or name.lower() in _LITTER


def patterns(given: object, word: str) -> tuple[str, ...]:
    """`include` or `exclude` as it was given: None, a pattern, or several. `word` names the argument in errors."""
    if given is None:
        return ()
    several = [given] if isinstance(given, str) else list(given) if isinstance(given, Sequence) else [None]
    if not all(isinstance(pattern, str) and pattern.strip() for pattern in several):
        raise SourceError(
            f"{word}= takes a pattern such as '*.pdf', or a list of them, not {given!r}. Nothing was sent."
        )
    return tuple(several)


def matches(name: str, pattern: str) -> bool:
    """Whether a relative path fits a shell pattern as a whole, whatever the case: ``*.PDF`` finds ``a.pdf``.

    ``*`` and ``?`` stop at a slash, ``**`` is any number of folders, a slash at the end means all that is below.
    """
    return _fits(tuple(name.split("/")), _segments(pattern))


def _fits(names: tuple[str, ...], segments: tuple[re.Pattern[str] | None, ...]) -> bool:
    # How many names the segments so far may have taken: linear, where a regular expression of many stars is not.
    taken = {0}
    for segment in segments:
        if segment is None:
            taken = set(range(min(taken), len(names) + 1))
        else:
            taken = {at + 1 for at in taken if at < len(names) and segment.match(names[at])}
        if not taken:
            return False
    return len(names) in taken


@lru_cache(maxsize=256)
def _segments(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    """One regular expression a folder or name, None for ``**``."""
    whole = pattern + "**" if pattern.endswith("/") else pattern
    return tuple(
        None if part == "**" else re.compile(fnmatch.translate(part), re.IGNORECASE)
        for part in whole.removeprefix("./").split("/")
    )


def select(names: Sequence[str], *, include: tuple[str, ...], exclude: tuple[str, ...], where: str) -> list[str]:
    """Those of `names` that fit one of `include` (if there are any) and none of `exclude`, in their order.

    A pattern is compared with the whole relative path and with the name alone. `where` names the source in the error.

    Raises:
        SourceError: nothing is left; it says how many were left out by which pattern.

    """
    kept: list[str] = []
    left_out: Counter[str] = Counter()
    for name in names:
        hit = next((pattern for pattern in exclude if _either(name, pattern)), None)
        if hit is not None:
            left_out[f"exclude={hit!r}"] += 1
        elif include and not any(_either(name, pattern) for pattern in include):
            left_out[f"include={include[0]!r}" if len(include) == 1 else f"include={list(include)!r}"] += 1
        else:
            kept.append(name)
    if names and not kept:
        reasons = ", ".join(f"{count:,} by {pattern}" for pattern, count in left_out.most_common())
        raise SourceError(
            f"Nothing of {where} is left to submit, of {len(names):,} files {reasons} left out: change the patterns."
        )
    return kept


def _either(name: str, pattern: str) -> bool:
    return matches(name, pattern) or matches(name.rpartition("/")[2], pattern)
