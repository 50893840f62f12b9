"""What the options of `Engine` may be, checked before anything is made. Light: nothing of the engine is imported."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, NamedTuple, get_args

from llamabatch_nb.engine.faults.plan import Faults, Time


class _Rule(NamedTuple):
    """`words` say what `allows` takes. `none`: None, too, which is left out."""

    words: str
    allows: Callable[[Any], bool]
    none: bool = False


def _number(least: float) -> Callable[[Any], bool]:
    def allows(value: Any) -> bool:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(value) and value >= least

    return allows


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _of(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _named(value: Any) -> bool:
    return isinstance(value, Mapping) and all(name is None or (isinstance(name, str) and name) for name in value)


_FLAG = _Rule("True or False", _of(bool))
#: Below these a timeout or limit would stop everything.
_SOME = 0.001
_RULES: dict[str, _Rule] = {
    "workers": _Rule("a whole number from 1 on", _whole, none=True),
    "executor": _Rule("a concurrent.futures.Executor", _of(Executor), none=True),
    "seed": _Rule("a text", _of(str), none=True),
    "clock": _Rule("a function that returns an aware datetime", callable, none=True),
    "seconds_per_file": _Rule("a number of seconds from 0 on", _number(0)),
    "time": _Rule(f"one of {', '.join(get_args(Time))}", lambda value: value in get_args(Time)),
    "file_timeout": _Rule(f"a number of seconds from {_SOME} on", _number(_SOME)),
    "results_while_running": _FLAG,
    "latency": _Rule("a number of seconds from 0 on", _number(0)),
    "uploads_per_second": _Rule(f"a number from {_SOME} on", _number(_SOME), none=True),
    "max_file_bytes": _Rule("a whole number from 1 on", _whole),
    "credits_per_page": _Rule("a number from 0 on", _number(0), none=True),
    "credits_late": _FLAG,
    "faults": _Rule("what llamabatch_nb.engine.faults.Faults makes", _of(Faults), none=True),
    "ocr": _FLAG,
    "webhooks_anywhere": _FLAG,
    "extractors": _Rule('functions by name, {"mine": function}', _named, none=True),
}


def check(given: Mapping[str, Any]) -> None:
    """Raises ValueError with a sentence that names the option, and what is allowed."""
    for name, value in given.items():
        rule = _RULES.get(name)
        if rule is None:
            raise ValueError(f"There is no option {name!r} of an engine; there are {', '.join(_RULES)}.")
        if not ((rule.none and value is None) or rule.allows(value)):
            raise ValueError(f"{name} takes {rule.words}, not {value!r}.")


def read(name: str, text: str) -> Any:
    """An option from a word of an environment variable, to be checked: where it may be a number, it is one."""
    rule = _RULES.get(name)
    if rule is _FLAG:
        return {"1": True, "true": True, "0": False, "false": False}.get(text.lower(), text)
    if name not in {"seed", "time"}:
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
    return text
