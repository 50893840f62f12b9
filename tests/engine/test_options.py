from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine import Engine, options
from llamabatch_nb.engine.faults import Fault, Faults

WRONG: list[tuple[str, Any]] = [
    *[("workers", wrong) for wrong in (0, -1, "four", 1.5, True)],
    *[(name, wrong) for name in ("seconds_per_file", "latency") for wrong in (-0.1, "1", float("nan"), None)],
    *[(name, wrong) for name in ("file_timeout", "uploads_per_second") for wrong in (0, -1, float("inf"), "x")],
    *[("max_file_bytes", wrong) for wrong in (0, 1.5, "big", None)],
    *[("credits_per_page", wrong) for wrong in (-1, "1")],
    *[(name, 1) for name in ("results_while_running", "credits_late", "ocr", "webhooks_anywhere", "executor", "clock")],
    *[("faults", wrong) for wrong in ("throttled", [Fault("throttled")], Fault("throttled"))],
    *[("time", wrong) for wrong in ("later", 5, ["timed"])],
    *[("seed", 7), ("extractors", len), ("extractors", {1: len}), ("extractors", {"": len})],
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_an_option_cannot_be(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} takes .*, not .*\.$"):
        Engine(tmp_path / "data", **{name: value})
    assert not (tmp_path / "data").exists()


def test_every_option_has_a_rule_that_its_default_follows() -> None:
    known = {
        name: parameter.default
        for name, parameter in inspect.signature(Engine).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    options.check(known)
    options.check({"workers": 2, "faults": Faults.random(1), "credits_per_page": 3, "seed": "s", "file_timeout": 1})
    assert set(options._RULES) == set(known)
    with pytest.raises(ValueError, match=r"no option 'nosuch' of an engine; there are workers, .*extractors\."):
        options.check({"nosuch": 1})


def test_help_is_complete_in_itself() -> None:
    for described in (Engine, Engine.expire):
        assert described.__doc__
        assert "contract.md" not in described.__doc__
