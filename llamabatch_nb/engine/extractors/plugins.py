"""Plug-ins: extractors that an engine was given, or that are installed as entry points, by their names.

A configuration can name one and nothing else: no name leads to a module or a file.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from llamabatch_nb.engine.errors import ApiError, EngineError
from llamabatch_nb.engine.extractors.base import Extraction, Extractor, Page, Unextractable

#: Where packages announce theirs: ``[project.entry-points."llamabatch_nb.extractors"]``, ``mine = "package:function"``.
GROUP = "llamabatch_nb.extractors"


@dataclass(frozen=True, slots=True)
class Carried:
    """A plug-in as it travels to a worker: its bytes, which are opened there.

    Opened too early, by the pool itself, one that needs a module which the worker does not have would break the pool.
    """

    name: str | None
    data: bytes = field(repr=False)

    def __call__(self, pages: Sequence[Page], schema: Mapping[str, Any], /) -> Extraction | Mapping[str, Any]:
        return _opened(self.data)(pages, schema)

    @property
    def digest(self) -> str:
        """The same for the same code: a cell that is run again makes no other plug-in."""
        return hashlib.sha256(self.data).hexdigest()


def carried(extractors: Mapping[str | None, Extractor] | None) -> dict[str | None, Carried]:
    """What an engine was given, ready for its workers.

    Raises EngineError for what is not callable, or cannot be sent to another process.
    """
    import cloudpickle  # type: ignore[import-untyped] # it comes with loky

    made: dict[str | None, Carried] = {}
    for name, extractor in (extractors or {}).items():
        if isinstance(extractor, Carried):
            made[name] = extractor
            continue
        called = f"The extractor {name!r}" if name is not None else "The extractor for configurations that name none"
        if not callable(extractor):
            raise EngineError(f"{called} cannot be called: give a function of (pages, schema).")
        try:
            made[name] = Carried(name, cloudpickle.dumps(extractor))
        except (pickle.PicklingError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise EngineError(
                f"{called} cannot be sent to a worker process ({error}): let it open what it needs when it is called."
            ) from error
    return made


def check_name(parameters: Mapping[str, Any], given: Mapping[str | None, Extractor], at: Sequence[str]) -> None:
    """Raises ApiError 422 if a configuration names an extractor that nobody has. `at`: where it is in the request."""
    name = parameters.get("extractor")
    if name is None or name in given or _installed(name) is not None:
        return
    known = sorted({*(key for key in given if key is not None), *(point.name for point in entry_points(group=GROUP))})
    message = f"There is no extractor {str(name)[:80]!r}: this engine has {', '.join(known) or 'none by a name'}"
    raise ApiError(422, [{"type": "unknown_extractor", "loc": [*at, "extractor"], "msg": message}])


def resolved(extractor: Extractor | str | None) -> tuple[Extractor, str | None]:
    """What to call, and how people call it; None for the shipped one.

    Raises Unextractable for a name that is not installed here.
    """
    if extractor is None:
        from llamabatch_nb.engine.extractors.shipped import extract

        return extract, None
    called = called_by(extractor)
    if not isinstance(extractor, str):
        return extractor, called
    try:
        loaded = _loaded(extractor)
    except Exception as error:
        raise Unextractable("extractor", f"{begun(called)} cannot be loaded: {told(error)}") from error
    if loaded is None:
        raise Unextractable(
            "extractor",
            f"There is no {called.removeprefix('the ')} where it was read: give it to every engine over this folder, "
            "or install it, and retry it.",
        )
    return loaded, called


def called_by(extractor: Extractor | str) -> str:
    """How people call it, in the middle of a sentence."""
    name = extractor if isinstance(extractor, str) else extractor.name if isinstance(extractor, Carried) else None
    return "the engine's extractor" if name is None else f"the extractor {name[:80]!r}"


def begun(words: str) -> str:
    """As the beginning of a sentence. `str.capitalize` would make "mine" of a plug-in that is called "Mine"."""
    return words[:1].upper() + words[1:]


def told(error: BaseException) -> str:
    """An error of somebody else's code in one line."""
    try:
        said = str(error)[:2000]
    except Exception:  # its words are somebody else's code, too
        said = ""
    text = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


@lru_cache(maxsize=16)
def _opened(data: bytes) -> Extractor:
    loaded: Extractor = pickle.loads(data)  # noqa: S301 - made by `carried`, in the process of whoever made the engine
    return loaded


@lru_cache(maxsize=16)
def _loaded(name: str) -> Extractor | None:
    """Cached, for to look through all that is installed takes as long as to read a document."""
    point = _installed(name)
    return None if point is None else point.load()


def _installed(name: object) -> EntryPoint | None:
    return next(iter(entry_points(group=GROUP, name=name)), None) if isinstance(name, str) else None
