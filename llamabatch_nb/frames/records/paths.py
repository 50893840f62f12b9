"""Where a value stands in a result: ``vendor.address.city``, ``line_items[0].amount``, ``["a.b"]``."""

from __future__ import annotations

import json
import re

from llamabatch_nb.frames.schema import storable

#: The way to a value: a name in an object, a position in an array, None for any position.
Steps = tuple[str | int | None, ...]
_PLAIN = re.compile(r"""[^.\[\]"'\\\s]+""")


def path_of(steps: Steps) -> str:
    """The steps as text, which no other steps have: names that would not read back are JSON strings in brackets."""
    text = ""
    for step in steps:
        if step is None:
            text += "[]"
        elif isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return storable(text)
