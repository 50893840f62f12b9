"""The engine's options as flags of a command. Light: no part of the engine is imported before it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, get_args

from llamabatch_nb.engine.faults.plan import Fault, Faults, Time

#: How much goes wrong with ``--faults``.
_RATE = 0.1


def add(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each option of `Engine` that can be said in words."""
    work = parser.add_argument_group("work")
    work.add_argument("--workers", type=_whole(1), metavar="N", help="processes that read files (default: processors)")
    work.add_argument(
        "--seconds-per-file",
        type=_number(0),
        metavar="SECONDS",
        help="the least that a file takes, so that one can watch",
    )
    work.add_argument(
        "--file-timeout", type=_number(0.001), metavar="SECONDS", help="a file that takes longer is given up (600)"
    )
    work.add_argument("--ocr", action="store_true", help="recognise text in scans and pictures (extra 'ocr')")
    work.add_argument("--seed", metavar="TEXT", help="the same ids for each TEXT, and a clock that stands still")

    shown = parser.add_argument_group("what is shown of it")
    shown.add_argument(
        "--time",
        choices=get_args(Time),
        help="timed: as the work gets on (default); per_read: one step each time that somebody looks; immediate: "
        "whoever looks waits for the end",
    )
    shown.add_argument("--results-while-running", action="store_true", help="results before the end of a batch")
    shown.add_argument(
        "--credits-per-page", type=_number(0), metavar="N", help="what a page is said to have cost (default: nothing)"
    )
    shown.add_argument("--credits-late", action="store_true", help="say so only when asked for the second time")

    line = parser.add_argument_group("the way to it")
    line.add_argument("--latency", type=_number(0), metavar="SECONDS", help="added to every answer")
    line.add_argument(
        "--uploads-per-second",
        type=_number(0.001),
        metavar="N",
        help="answer 429 to more (LlamaCloud: 50; default: any number)",
    )
    line.add_argument(
        "--max-file-bytes", type=_whole(1), metavar="BYTES", help="answer 413 to a larger file (default: 512 MB)"
    )
    line.add_argument("--faults", metavar="SEED", help="let one request in ten go wrong, the same ones for each SEED")
    line.add_argument(
        "--fault",
        type=_fault,
        action="append",
        metavar="KIND[:KEY=VALUE,…]",
        help="let this go wrong; may be repeated. For example throttled:times=3, failed, mapping_error:name=a.pdf, "
        "too_many:method=POST,path=*/upload,times=2,seconds=1, no_results, not_yet:times=2, slow:seconds=5.",
    )

    out = parser.add_argument_group("webhooks")
    out.add_argument("--webhooks-anywhere", action="store_true", help="send events to other machines than this one too")


def options(given: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of `Engine` that were given."""
    names = (
        *("workers", "seconds_per_file", "file_timeout", "ocr", "seed", "time", "results_while_running"),
        *("credits_per_page", "credits_late", "latency", "uploads_per_second", "max_file_bytes", "webhooks_anywhere"),
    )
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) not in {None, False}}
    if given.faults is not None or given.fault:
        rate = 0.0 if given.faults is None else _RATE
        chosen["faults"] = Faults(given.fault or (), seed=given.faults, rate=rate)
    return chosen


def _fault(text: str) -> Fault:
    try:
        return Fault.read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _number(least: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least:g} on")
        return value

    return read


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return read
