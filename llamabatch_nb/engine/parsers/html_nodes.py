"""What an element of a web page says of how it is shown."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def is_hidden(node: LexborNode) -> bool:
    """Whether the element itself says that it is not shown: a preheader of an e-mail, a row that a program shows."""
    if not node.is_element_node:
        return False
    said = node.attributes
    return "hidden" in said or ("style" in said and _HIDING.search(said["style"] or "") is not None)


def tick_box(node: LexborNode) -> str:
    """A box to tick, as a sign; empty for all else."""
    kind = (node.attributes.get("type") or "").lower() if node.tag == "input" else ""
    if kind not in {"checkbox", "radio"} or is_hidden(node):
        return ""
    return "☒ " if "checked" in node.attributes else "☐ "
