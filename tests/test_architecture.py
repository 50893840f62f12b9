"""The import arrows of the house (design.md), as pyproject.toml states them for import-linter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """`lint-imports` over the package in `folder`, which it looks for before any installed one."""
    linter = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", linter, "--no-cache", "--no-logo", "--config", str(folder / "pyproject.toml")]
    wide = os.environ | {"COLUMNS": "200"}  # it breaks lines in the middle of a name
    return subprocess.run(command, cwd=folder, env=wide, capture_output=True, text=True, check=False)


def test_the_arrows_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_arrow_is_seen(tmp_path: Path) -> None:
    """Every one of them, in one look: the linter reads the whole package each time."""
    wrong = (
        (
            "follow/watch.py",
            "import llamabatch_nb.engine.store.database",
            "follow is not allowed to import llamabatch_nb.engine",
        ),
        ("frames/files.py", "import llamabatch_nb.follow", "frames is not allowed to import llamabatch_nb.follow"),
        ("client/core.py", "def late():\n    import pandas", "client is not allowed to import pandas"),
        ("follow/watch.py", "import httpx", "follow is not allowed to import httpx"),
        ("render/html.py", "import ipywidgets", "render is not allowed to import ipywidgets"),
        ("panels/panel.py", "import llamabatch_nb.connect", "panels is not allowed to import llamabatch_nb.connect"),
        ("contract/base.py", "import llamabatch_nb", "contract.base is not allowed to import llamabatch_nb:"),
        ("unplaced.py", "import json", "llamabatch_nb.unplaced"),
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "llamabatch_nb", tmp_path / "llamabatch_nb", ignore=shutil.ignore_patterns("__pycache__"))
    for module, forbidden, _ in wrong:
        with (tmp_path / "llamabatch_nb" / module).open("a") as file:
            file.write(f"\n{forbidden}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    told = " ".join(done.stdout.split())
    assert [said for _, _, said in wrong if said not in told] == []
