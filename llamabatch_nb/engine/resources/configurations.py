"""Product configurations: the built-in presets (contract.md section 4)."""

from __future__ import annotations

from llamabatch_nb.contract.configurations import Configuration
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.resources.presets import PRESETS
from llamabatch_nb.engine.store.database import Db


def get(_db: Db, config_id: str) -> Configuration:
    """The newest version of a configuration, or a preset. Raises ApiError 404."""
    try:
        return PRESETS[config_id]
    except KeyError:
        raise ApiError(404, f"Configuration {config_id!r} not found") from None
