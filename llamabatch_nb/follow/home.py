"""The one state folder: journal, archive, and the local engine's data (design.md, decision 6)."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from llamabatch_nb.errors import InputError

VARIABLE = "LLAMABATCH_HOME"


def home() -> Path:
    """`LLAMABATCH_HOME`, else the platform's user data folder; made if it is not there.

    Raises:
        InputError: it cannot be made or written to.

    """
    folder = Path(os.environ.get(VARIABLE) or user_data_path("llamabatch-nb", appauthor=False)).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(folder, "it is not writable")
    return folder


def _unusable(folder: Path, why: str) -> InputError:
    return InputError(f"The state folder {folder} cannot be used ({why}): set {VARIABLE} to a folder that can.")
