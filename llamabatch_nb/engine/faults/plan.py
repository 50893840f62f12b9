"""What is to go wrong: descriptions only, frozen, whose repr makes them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Refusing = Literal[
    "too_many", "too_many_bare", "server_error", "unavailable", "unauthorized", "out_of_credits", "not_found"
]
Breaking = Literal["drop_before", "drop_after", "error_after", "truncated"]
Changing = Literal["slow", "extra_fields"]
Veiling = Literal["not_yet", "throttled", "unknown_status", "no_results", "partial_results"]
Working = Literal["failed", "mapping_error"]
Kind = Literal[Refusing, Breaking, Changing, Veiling, Working]
#: How batches and jobs get on for those who look: as their work does, a step a look, or at once.
Time = Literal["timed", "per_read", "immediate"]

REFUSING: frozenset[str] = frozenset(get_args(Refusing))
VEILING: tuple[Veiling, ...] = get_args(Veiling)
#: Those of a random schedule.
DRAWN_VEILS: tuple[Veiling, ...] = ("not_yet", "throttled", "unknown_status", "no_results")
WORKING: frozenset[str] = frozenset(get_args(Working))
#: Kinds after which a client has no answer that it could use.
FAILING: frozenset[str] = REFUSING | frozenset(get_args(Breaking))
#: What may befall any request of a random schedule: whatever passes by itself.
PASSING: tuple[Kind, ...] = (
    *("too_many", "too_many_bare", "server_error", "unavailable"),
    *get_args(Breaking),
    *get_args(Changing),
)
_KEYS: dict[str, Callable[[str], Any]] = {
    "method": str,
    "path": str,
    "times": int,
    "after": int,
    "seconds": float,
    "name": str,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, `times` times, after `after` times without it.

    Args:
        kind: Instead of an answer of the engine, which does nothing:

            - ``too_many``: 429 with ``Retry-After`` (`seconds`); ``too_many_bare``: 429 without;
            - ``server_error``: 500; ``unavailable``: 503;
            - ``unauthorized``: 401; ``out_of_credits``: 402; ``not_found``: 404;
            - ``drop_before``: the connection ends, without an answer.

            After the engine has done what was asked:

            - ``drop_after``: the connection ends, without an answer; ``error_after``: 500;
            - ``truncated``: the headers and half of the body, then the connection ends;
            - ``slow``: the answer comes `seconds` later;
            - ``extra_fields``: its objects have a field that nobody knows.

            At the first `times` looks at each thing (a GET, alone or in a list), of those under `path`:

            - ``not_yet``: 404 for a batch or job that was just created, when asked for alone;
            - ``throttled``: a batch is THROTTLED, without results;
            - ``unknown_status``: a batch's or job's status is a word that nobody knows;
            - ``no_results``: a COMPLETED batch has null for the results that were asked for;
            - ``partial_results``: of the results that are shown every other one has neither job nor error yet.

            In the work itself, for all who look and for ever; `method` and `path` mean nothing here:

            - ``failed``: a batch becomes FAILED when its files should be mapped to jobs;
            - ``mapping_error``: the file called `name` gets an error message instead of a job.
        method: ``"POST"``, or ``"*"`` for any.
        path: A shell pattern for the path, in which ``{id}`` is any id: ``"/api/v2/batches/{id}"``, ``"*/upload"``.
        times: Of those requests, looks at one thing, batches or mappings of the file that come after the first `after`.
        after: How many of them go well at first.
        seconds: Of ``slow`` and ``too_many``.
        name: Of ``mapping_error``: the file's display name or unique_id.

    Raises:
        ValueError: an unknown kind, a count or time below zero, or a mapping error for nobody.

    """

    kind: Kind
    method: str = "*"
    path: str = "*"
    times: int = 1
    after: int = 0
    seconds: float = 0.05
    name: str | None = None

    @classmethod
    def read(cls, text: str) -> Fault:
        """From the words of a command: ``KIND`` or ``KIND:key=value,…`` with the keys of the arguments above.

        >>> Fault.read("too_many:method=POST,path=*/upload,times=2")
        Fault(kind='too_many', method='POST', path='*/upload', times=2, after=0, seconds=0.05, name=None)

        Raises ValueError.
        """
        kind, _, rest = text.partition(":")
        given: dict[str, Any] = {}
        for part in filter(None, rest.split(",")):
            key, equals, value = part.partition("=")
            if not equals or key not in _KEYS:
                raise ValueError(f"{part!r} of the fault {kind!r} is not key=value with a key of {', '.join(_KEYS)}.")
            try:
                given[key] = _KEYS[key](value)
            except ValueError:
                raise ValueError(f"{key} of the fault {kind!r} is a number, not {value!r}.") from None
        return cls(kind, **given)  # type: ignore[arg-type]  # what it may be is said by the constructor

    def __post_init__(self) -> None:
        known = FAILING | {*PASSING, *VEILING} | WORKING
        if self.kind not in known:
            raise ValueError(f"There is no fault {self.kind!r}; there are {', '.join(sorted(known))}.")
        if self.times < 0 or self.after < 0:
            raise ValueError(f"times and after of the fault {self.kind!r} cannot be below zero.")
        if not 0 <= self.seconds < float("inf"):
            raise ValueError(f"seconds of the fault {self.kind!r} is a number from 0 on, not {self.seconds}.")
        if (self.kind == "mapping_error") != (self.name is not None):
            raise ValueError("A mapping_error, and no other fault, takes name=, the file that it befalls.")


@dataclass(frozen=True)
class Faults:
    """All that is to go wrong. `repr` is the expression that makes it again.

    Args:
        script: What goes wrong for certain. Of the faults that a request meets, the first one that is due befalls it.
        seed: Draws further faults; None: no further ones.
        rate: How likely a drawn fault is: for each request, for each veil on each batch, and for each job's status.

    """

    script: Sequence[Fault] = ()
    seed: int | str | None = None
    rate: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "script", tuple(self.script))

    @classmethod
    def random(cls, seed: int | str, rate: float = 0.1) -> Faults:
        """A schedule that a patient client survives: nothing for ever, nothing more than three times in a row.

        What befalls a request depends on the seed, on its method and path (any id being like any other), and on how
        many of its kind came before: not on when it comes among requests of other kinds. There is no FAILED batch,
        mapping error, 401 or 402 in it.
        """
        return cls(seed=seed, rate=rate)
