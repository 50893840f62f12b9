"""What `import llamabatch_nb` loads: nothing heavy. Libraries are imported when they are first used."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "pandas",
    "numpy",
    "pyarrow",
    "ipywidgets",
    "anywidget",
    "IPython",
    "fastapi",
    "uvicorn",
    "httpx",
    "pydantic",
    "dask",
    "matplotlib",
    "xlsxwriter",
    "llamabatch_nb.engine",
    "llamabatch_nb.client",
)


def loaded(code: str) -> set[str]:
    """Of the heavy ones, in a new interpreter."""
    said = f"{code}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_import_alone_loads_none_of_them() -> None:
    assert loaded("import llamabatch_nb as lb\ndir(lb), lb.__version__") == set()


def test_what_runs_are_made_with_loads_neither_frames_nor_widgets_nor_the_engine() -> None:
    found = loaded("import llamabatch_nb as lb\nlb.submit, lb.open, lb.Run, lb.Client, lb.connect, lb.Snapshot")
    assert found == {"httpx", "pydantic", "llamabatch_nb.client"}
