"""Golden files: what a renderer gave when somebody last looked at it and found it good.

Run a test with LLAMABATCH_GOLDEN=write to write them anew, and look at the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_golden(name: str, text: str) -> None:
    path = FOLDER / name
    if os.environ.get("LLAMABATCH_GOLDEN") == "write":
        path.write_text(text + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text + "\n"
